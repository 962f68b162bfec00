#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Networks between guests, with Debian's own driver: boards' network.dts.

Everything is typed at the machine's serial line and read from it.
"""

import functools
import time

from harness import SHELL_PROMPT, TERMINAL_PROMPT, Suite, Test
import systems

BAD = r"mullion: panic|Kernel panic|BUG:|rcu: INFO|NETDEV WATCHDOG"
PORTS = {"linux1": "2", "linux2": "3"}	# keys of the console
ADDRESSES = {"linux1": "10.0.0.1", "linux2": "10.0.0.2"}
FILE_KIB = 1024
PATIENCE = 240		# seconds, for some transfers on a busy machine
KILLED = ("net", "vmm-linux1", "vmm-linux2")

suite = Suite("network", setup=functools.partial(systems.prepare, ["6.1"]))


# The kernel's messages come in the middle of what is compared.
CHANGES = """
/ {
	templates {
		debian {
			bootargs = "console=CONSOLE loglevel=2";
			vcpus { count = <1>; };
		};
	};
};"""


def start(test, **options):
	"""The guests at their shells."""
	files = [("Image", systems.kernel("6.1")),
		 ("initrd-virtio.cpio", systems.initrd("-virtio"))]
	dts = systems.overlay("network.dts", CHANGES.replace("CONSOLE", "ttyAMA0"))
	machine = test.console(systems.pack(test.directory(), dts, files), **options)
	machine.expect(TERMINAL_PROMPT, absent=BAD)
	await_shells(machine)
	return machine


def await_shells(machine):
	for name, key in PORTS.items():
		machine.look(key, name)
		machine.expect(SHELL_PROMPT, absent=BAD, timeout=PATIENCE)


def at(machine, name, command):
	"""What a command in a guest prints."""
	machine.look(PORTS[name], name)
	return machine.run(command)


def check_device(machine):
	"""What the guest's kernel found, and what it took."""
	said = at(machine, "linux1", "cat /sys/class/net/eth0/address /sys/class/net/eth0/mtu "
		  "/sys/class/net/eth0/carrier")
	Test.equal(said.split(), ["02:00:00:00:00:01", "1500", "1"], "address, mtu, carrier")
	features = machine.run("cat /sys/class/net/eth0/device/features").strip()
	Test.equal([bit for bit, is_set in enumerate(features) if is_set == "1"],
		   [0, 1, 3, 5, 7, 8, 11, 12, 15, 16, 17, 18, 23, 28, 29, 32],
		   "features that the driver took")


def check_ping(machine, name="linux1", to="linux2"):
	said = at(machine, name, f"ping -c 3 -W 5 {ADDRESSES[to]}")
	Test.contains(said, r"3 packets transmitted, 3 packets received", "ping")


def serve_file(machine):
	"""linux2 serves a file of random bytes; return its checksum."""
	at(machine, "linux2", "mkdir /tmp/www; dd if=/dev/urandom of=/tmp/www/f bs=1k "
	   f"count={FILE_KIB} 2>/dev/null; httpd -h /tmp/www")
	return machine.run("md5sum </tmp/www/f").split()[0]


def wait_transfers(machine, least):
	"""Wait until so many transfers have ended in linux1."""
	end = time.monotonic() + PATIENCE
	while (done := int(at(machine, "linux1", "wc -l </tmp/sums"))) < least:
		Test.check(time.monotonic() < end, f"{done} transfers have ended, not {least}")
		time.sleep(0.2)
	return done


def check_killed(machine, wanted, rounds):
	"""linux1 fetches the file by TCP again and again, while components are killed."""
	at(machine, "linux1", "while [ ! -e /tmp/stop ]; do wget -q -O - http://10.0.0.2/f | "
	   "md5sum; done >/tmp/sums 2>/dev/null & true")
	done = wait_transfers(machine, 1)
	for name in KILLED * rounds:
		machine.terminal()
		machine.do(f"component kill {name} --yes")
		done = wait_transfers(machine, done + 2)
	said = at(machine, "linux1", "touch /tmp/stop; wait; sort /tmp/sums | uniq -c").split()
	Test.equal(said[1:], [wanted, "-"], "checksums of the transfers")
	machine.terminal()
	for name in KILLED:
		shown = machine.json(f"component show {name}")
		Test.equal((shown["state"], shown["restarts"]), ("running", rounds),
			   f"state and restarts of {name}")


def check_address(machine):
	"""A guest gets no other address than that of the description."""
	at(machine, "linux1", "ip link set eth0 address 02:00:00:00:00:02")
	Test.check(machine.status != 0, "the guest has taken another's address")
	check_ping(machine)


def check(machine, rounds):
	check_device(machine)
	check_ping(machine)
	check_ping(machine, "linux2", "linux1")
	check_address(machine)
	check_killed(machine, serve_file(machine), rounds)
	check_ping(machine)


def network(test, rounds, **options):
	check(start(test, **options), rounds)


# With a clock of instructions, so that a busy machine breaks no timeout of TCP.
suite.add("TCP while switch and vmms are killed, GICv3", network, rounds=1,
	  icount=True, cpus=1)
suite.add("TCP while switch and vmms are killed, GICv2, 2 CPUs", network, rounds=5,
	  gic=2, long=True)

if __name__ == "__main__":
	suite.main()
