#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Virtio devices and Debian's own drivers of them: boards' virtio-disk.dts.

The guest has a UART and /dev/hvc0, and each is a port of the console. Everything is typed at the
machine's serial line and read from it.
"""

import functools
import hashlib
import random

from console import check_same, count_to, digits, kill_soon, poll
from harness import SHELL_PROMPT, TERMINAL_PROMPT, Suite, Test
import systems

BAD = r"mullion: panic|Kernel panic|BUG:|rcu: INFO"
OUT_KIB = 96		# that the guest sends in one go
IN_LINES = 512		# of 80 bytes, that are typed in one go
BOTH_BYTES = 32768	# that go in and come out at the same time
INDIRECT, EVENT_INDEX, VERSION_1 = 28, 29, 32	# feature bits
COUNT = 8000
KILLS = 3

# A second disk: a file of the bundle.
DISK = systems.changes("linux { vmm { aspace { vdb { type = \"file\"; file = \"disk.img\"; }; }; };"
		       "aspace {" + systems.virtual("vdb", "virtio-blk", 0x0a003000, 19) + "}; };")
PATTERN = bytes((i >> 9) + i & 0xff for i in range(256 << 10))
DISK_KIB = 2048		# that are copied to a file on the first disk

suite = Suite("virtio", setup=functools.partial(systems.prepare, ["6.1"]))


def start(test, gic):
	"""The guest at its two shells. The ports are mterm, linux, linux-hvc."""
	files = [("Image", systems.kernel("6.1")),
		 ("initrd-virtio.cpio", systems.initrd("-virtio"))]
	dts = systems.overlay("virtio-disk.dts", DISK)
	image = test.directory() / "disk.img"
	image.write_bytes(PATTERN)
	files.append(("disk.img", image))
	machine = test.console(systems.pack(test.directory(), dts, files), gic=gic)
	machine.expect(TERMINAL_PROMPT, absent=BAD)
	await_shells(machine)
	return machine


def await_shells(machine):
	"""After a start of the guest, display the UART's shell first, and then hvc0's.

	A port shows its present line, which may be an old prompt. A new shell is recognised by its
	first output.
	"""
	for key, name in (("2", "linux"), ("3", "linux-hvc")):
		machine.look(key, name)
		machine.expect(r"built-in shell \(ash\)", absent=BAD)
		machine.expect(SHELL_PROMPT, absent=BAD)
		# A slow machine makes the kernel complain in the middle of what is compared.
		machine.run("dmesg -n 1")


def letters(seed, count):
	source = random.Random(seed)
	return "".join(source.choices("abcdefghijklmnopqrstuvwxyz 0123456789", k=count))


# --- The device ---------------------------------------------------------------------------------

def check_device(machine):
	"""What the guest's kernel found, and that its driver sleeps for interrupts."""
	machine.look("2", "linux")
	node = "/proc/device-tree/hvc@a000000"
	Test.equal(machine.run(f"tr '\\0' ' ' <{node}/compatible").strip(), "virtio,mmio",
		   "compatible")
	Test.equal(machine.run(f"od -An -tx1 {node}/interrupts").split(),
		   "00 00 00 00 00 00 00 10 00 00 00 04".split(), "interrupts")
	driver = "/sys/bus/virtio/devices/virtio0"
	Test.contains(machine.run(f"cat {driver}/device {driver}/vendor {driver}/status"),
		      "^0x0003\n0x4e4c554d\n0x0000000f$", "device, vendor, status")
	features = machine.run(f"cat {driver}/features").strip()
	Test.equal([bit for bit, is_set in enumerate(features) if is_set == "1"],
		   [INDIRECT, EVENT_INDEX, VERSION_1], "features that the driver took")
	machine.look("3", "linux-hvc")
	Test.equal(machine.run("tty").strip(), "/dev/hvc0", "tty of the port")
	before = interrupts(machine)
	machine.run("echo typed")
	Test.check(interrupts(machine) > before, "no interrupt came with what was typed")


def interrupts(machine):
	return sum(map(int, Test.contains(machine.run("grep virtio0 /proc/interrupts"),
					  r":((?: +\d+)+) ", "interrupts").group(1).split()))


def check_output(machine):
	"""All that is sent arrives, once and in order."""
	machine.run(f"dd if=/dev/urandom bs=1k count={OUT_KIB * 3 // 4} 2>/dev/null | "
		    "base64 >/tmp/x")
	size = int(machine.run("wc -c </tmp/x"))
	Test.check(size > OUT_KIB << 10, f"{size} bytes to send")
	wanted = machine.run("md5sum </tmp/x").split()[0]
	text = machine.run("cat /tmp/x")
	Test.equal(len(text), size, "bytes that came")
	Test.equal(hashlib.md5(text.encode()).hexdigest(), wanted, "md5sum of what came")


def paste(machine, seed, meanwhile=None):
	"""Type many lines into a file; return what it must have."""
	lines = [letters(seed + i, 79) for i in range(IN_LINES)]
	machine.sendline("stty -echo; echo ready; cat >/tmp/x; stty echo; echo pasted")
	machine.expect(r"\nready\r*\n")
	if meanwhile is not None:
		meanwhile(machine)
	machine.paste("".join(line + "\r" for line in lines) + "\x04")
	machine.expect(r"pasted\r*\n", absent=BAD)
	machine.expect(SHELL_PROMPT)
	return "".join(line + "\n" for line in lines)


def check_pasted(machine, text):
	check_same(machine.run("cat /tmp/x"), text, "pasted")


def check_both(machine):
	"""What is typed comes back while more of it is typed."""
	text = letters(1, BOTH_BYTES)
	machine.sendline(f"stty raw -echo; echo ready; head -c {BOTH_BYTES}; stty sane; echo; "
			 "echo 'e''nd'")
	machine.expect(r"\nready\r*\n")
	machine.paste(text)
	machine.expect(r"\r*\nend\r*\n", absent=BAD)
	check_same(machine.before(), text, "what came back")
	machine.expect(SHELL_PROMPT)


def check_rebind(machine):
	"""The driver gives the device up and takes it again; it resets it then."""
	machine.look("2", "linux")
	driver = "/sys/bus/platform/drivers/virtio-mmio"
	machine.run(f"echo a000000.hvc >{driver}/unbind")
	Test.equal(machine.status, 0, "status of unbind")
	machine.run(f"echo a000000.hvc >{driver}/bind")
	Test.equal(machine.status, 0, "status of bind")
	machine.look("3", "linux-hvc")
	machine.expect(SHELL_PROMPT, absent=BAD)
	Test.equal(machine.run("tty").strip(), "/dev/hvc0", "tty of the port")


def console(test, gic):
	machine = start(test, gic)
	machine.look("2", "linux")
	check_file_disk(machine)
	check_file(machine, check_disk(machine))
	check_random(machine)
	check_device(machine)
	check_output(machine)
	check_pasted(machine, paste(machine, 100))
	check_both(machine)
	check_rebind(machine)
	check_output(machine)


# --- Disks and random numbers --------------------------------------------------------------------

def check_file_disk(machine):
	"""The second disk is the file, and read-only."""
	Test.equal(machine.run("cat /sys/block/vdb/size /sys/block/vdb/ro").split(),
		   [str(len(PATTERN) // 512), "1"], "size and ro")
	Test.equal(machine.run("md5sum </dev/vdb").split()[0],
		   hashlib.md5(PATTERN).hexdigest(), "contents of the file")
	machine.run("dd if=/dev/zero of=/dev/vdb bs=512 count=1")
	Test.check(machine.status != 0, "the read-only disk was written")


def check_disk(machine):
	"""A new file system on the first disk; return the checksum of a file there."""
	Test.equal(machine.run("cat /sys/block/vda/size /sys/block/vda/ro").split(),
		   ["32768", "0"], "size and ro")
	Test.equal(machine.run("cat /sys/block/vda/serial; echo").split(), ["vda"], "serial")
	machine.run("mke2fs /dev/vda && mkdir -p /mnt && mount -t ext4 /dev/vda /mnt")
	Test.equal(machine.status, 0, "status of mount")
	wanted = write_file(machine)
	machine.run("fstrim /mnt; umount /mnt; blkdiscard -o 16773120 -l 4096 /dev/vda")
	return wanted


def write_file(machine):
	"""A file on the mounted disk; return its checksum."""
	machine.run(f"dd if=/dev/urandom of=/tmp/f bs=1k count={DISK_KIB} 2>/dev/null; "
		    "cp /tmp/f /mnt/f; sync")
	Test.equal(machine.status, 0, "status of cp")
	return machine.run("md5sum </tmp/f").split()[0]


def check_file(machine, wanted):
	"""The disk has the file, read from the device, and the kernel reports no error."""
	machine.run("mkdir -p /mnt; mount -t ext4 /dev/vda /mnt && "
		    "echo 3 >/proc/sys/vm/drop_caches")
	Test.equal(machine.status, 0, "status of mount")
	Test.equal(machine.run("md5sum </mnt/f").split()[0], wanted, "md5sum of the file")
	machine.run("umount /mnt")
	Test.equal(machine.run("dmesg | grep -iE 'I/O error|ext4-fs error|ext4-fs warning'"), "",
		   "errors of the disk")


def check_random(machine):
	Test.contains(machine.run("cat /sys/class/misc/hw_random/rng_current"), "^virtio_rng",
		      "source of random numbers")
	Test.equal(machine.run("dd if=/dev/hwrng bs=64 count=4 2>/dev/null | wc -c").strip(), "256",
		   "random bytes")


# --- Its vmm is killed, its guest comes and goes ------------------------------------------------

def kill_vmm(machine):
	"""Let the terminal kill the vmm some times, while the port of hvc0 has the focus."""
	kill_soon(machine, "vmm-linux", KILLS, 400)
	machine.look("3", "linux-hvc")


def check_restarts(machine, number):
	"""Without Ctrl-C at the terminal, which would end what it still has to do."""
	machine.look("m", "mterm")
	vmm = poll(machine, "component show vmm-linux", lambda vmm: vmm["restarts"] >= number)
	Test.equal((vmm["restarts"], vmm["state"]), (number, "running"), "restarts of the vmm")


def check_killed_sending(machine):
	"""Every number comes, and comes once."""
	kill_vmm(machine)
	machine.sendline(f"clear; seq 1 {COUNT}; echo 'e''nd'")
	machine.expect(r"\x1b\[J")
	machine.expect(r"end\r*\n", absent=BAD)
	text = machine.before()
	Test.check("mullion: " in text, "no kill came while the guest printed")
	check_same(digits(text), count_to(COUNT), "numbers")
	machine.expect(SHELL_PROMPT)
	check_restarts(machine, KILLS)


def check_killed_receiving(machine):
	machine.look("3", "linux-hvc")
	text = paste(machine, 200, kill_vmm)
	# The file is shown when nothing else is said any more.
	check_restarts(machine, 2 * KILLS)
	machine.look("3", "linux-hvc")
	check_pasted(machine, text)


def gone(machine):
	"""The guest that answers is a new one."""
	Test.equal(machine.run("tty").strip(), "/dev/hvc0", "tty of the port")
	machine.run("cat /tmp/old")
	Test.check(machine.status != 0, "a file of before is still there")


def check_reset(machine):
	"""A guest that is reset finds a device in its initial state."""
	machine.look("3", "linux-hvc")
	machine.run("echo old >/tmp/old")
	machine.sendline("while :; do seq 1 1000; done")
	machine.expect(r"\b1000\r*\n")
	machine.terminal()
	machine.do("guest reset linux --yes")
	await_shells(machine)
	gone(machine)


def check_destroyed(machine):
	"""Nor does one that is made anew, and its vmm lives on meanwhile."""
	machine.run("echo old >/tmp/old")
	machine.sendline("while :; do seq 1 1000; done")
	machine.expect(r"\b1000\r*\n")
	machine.terminal()
	machine.do("guest destroy linux --yes")
	poll(machine, "guest show linux", lambda guest: guest["state"] == "absent")
	machine.look("3", "linux-hvc")
	machine.send("input without a guest\r")
	machine.terminal()
	machine.do("guest create linux")
	machine.do("guest start linux")
	await_shells(machine)
	gone(machine)
	check_restarts(machine, 2 * KILLS)


def killed(test, gic):
	machine = start(test, gic)
	check_killed_sending(machine)
	check_killed_receiving(machine)
	check_reset(machine)
	check_destroyed(machine)


for gic in (2, 3):
	suite.add(f"Debian's driver, GICv{gic}", console, long=gic == 2, gic=gic)
	suite.add(f"vmm killed, guest reset and destroyed, GICv{gic}", killed, long=gic == 2,
		  gic=gic)

if __name__ == "__main__":
	suite.main()
