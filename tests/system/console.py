#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Two Debian guests and the terminal on one UART, as a user has them: boards' two-linux.dts.

Everything is typed at the machine's serial line and read from it.
"""

import functools
import hashlib
import random
import re
import time

from harness import ROOT, SHELL_PROMPT, STAMP, Failure, Suite, TERMINAL_PROMPT, Test
import systems

KEPT = 16384		# bytes of unseen output that the console keeps for a port
BAD = r"mullion: panic|Kernel panic"
PASTE_LINES = 1280	# of 80 bytes
CLOCK_SLACK = 60	# seconds between two reads of a clock, on a busy machine

suite = Suite("console", setup=functools.partial(systems.prepare, ["6.1"]))


# Further regions of both guests: memory that they share, a part of it to read, the clock once more.
REGIONS = """
/ {
	shared { mailbox { size = <0x2000>; }; };
	templates { debian { aspace {
		mailbox { type = "shared"; shared = "mailbox"; guest-address = <0x50000000>; };
		part { type = "alias"; alias-of = "mailbox"; offset = <0x1000>; access = "r";
		       guest-address = <0x50010000>; };
		again { type = "alias"; alias-of = "clock"; guest-address = <0x50020000>; };
	}; }; };
};
"""


def start(test, gic, boot="kernel"):
	"""Two guests at their shells. The ports are mterm, linux1, linux2."""
	image = systems.pack(test.directory(), systems.overlay("two-linux.dts", REGIONS),
			     systems.debian_files("6.1"))
	machine = test.console(image, gic=gic, boot=boot)
	for line in ("Mullion [0-9.]+", "guest 'linux1' created", "guest 'linux2' created"):
		machine.expect(f"{STAMP}mullion: {line}")
	machine.expect(TERMINAL_PROMPT)
	for key, name in (("2", "linux1"), ("3", "linux2")):
		machine.look(key, name)
		machine.expect(SHELL_PROMPT, absent=BAD)
		machine.run(f"echo {name} >/tmp/name")
		# A slow machine makes the kernel complain in the middle of what is compared.
		machine.run("dmesg -n 1")
	return machine


def check_name(machine, name):
	Test.equal(machine.run("cat /tmp/name").strip(), name, "the guest that answers")


def digits(text):
	"""All numbers in a row. The log may come in the middle of a line of the guest's."""
	return re.sub(r"\s", "", re.sub(r"\n?" + STAMP[1:] + r"mullion: [^\n]*\n", "", text))


def count_to(number):
	return "".join(str(i) for i in range(1, number + 1))


def first_difference(got, wanted):
	"""Where two texts part, in words."""
	at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
		  min(len(got), len(wanted)))
	return (f"{len(got)} bytes, not {len(wanted)}; at {at} comes {got[at:at + 40]!r}, "
		f"not {wanted[at:at + 40]!r}")


def check_same(got, wanted, what):
	Test.check(got == wanted, f"{what}: {first_difference(got, wanted)}")


def poll(machine, command, wanted, timeout=20):
	"""Repeat a terminal command with --json until wanted(answer)."""
	end = time.monotonic() + timeout
	while not wanted(answer := machine.json(command)):
		if time.monotonic() > end:
			raise Failure(f"{command}: still {answer!r}")
		time.sleep(0.2)
	return answer


# --- The console --------------------------------------------------------------------------------

def check_time(machine):
	"""The guests' emulated clocks and the terminal show the machine's time."""
	now = time.time()
	Test.check(abs(int(machine.run("date +%s")) - now) < CLOCK_SLACK, "linux2's time is wrong")
	machine.terminal()
	said = machine.json("time")["since_1970_ns"] / 1e9
	Test.check(abs(said - now) < CLOCK_SLACK, "the terminal's time is wrong")
	machine.look("3", "linux2")



def check_keys(machine):
	"""Every key behind Ctrl-]. linux2 is displayed before and afterwards."""
	machine.look("n", "mterm")
	machine.look("p", "linux2")
	check_name(machine, "linux2")
	machine.look("m", "mterm")
	machine.look("n", "linux1")
	check_name(machine, "linux1")
	machine.look("1", "mterm")
	machine.look("3", "linux2")
	machine.key("l", r"^  1 mterm.*^  2 linux1.*^\* 3 linux2")
	machine.key("?", r"keys behind Ctrl-\].*n  p    next port, previous port")
	machine.key("9", r"no such port")
	machine.key("0", r"^\* 3 linux2.*number, then Enter: ")
	machine.send("2\r")
	machine.expect(r"\[console: linux1\]\r*\n")
	check_name(machine, "linux1")
	machine.look("3", "linux2")
	machine.key("x", r"no such key")
	machine.sendline("stty raw -echo; echo ready; dd bs=1 count=1 2>/dev/null | od -An -tx1; "
			 "stty sane")
	machine.expect(r"\nready")
	machine.key("\x1d", r"\n *1d\r*\n")
	machine.expect(SHELL_PROMPT)
	check_name(machine, "linux2")


def check_switching(machine):
	"""The line that a port was at is shown again, and no escape sequence is sent for that."""
	machine.terminal()
	machine.send("guest li")
	machine.expect(r"guest li")
	machine.look("3", "linux2")
	check_name(machine, "linux2")
	machine.expect(re.escape("\x1b[6n"))	# the shell queries the cursor's position
	machine.send("\x1dm")
	machine.expect(r"\[console: mterm\]\r*\nmullion> guest li")
	said = machine.child.before + machine.child.after
	Test.check(b"\x1b" not in said, f"an escape sequence comes with a switch: {said!r}")
	machine.sendline("st")
	machine.expect(r"linux1 +running.*" + TERMINAL_PROMPT)
	machine.look("3", "linux2")


KEY_SEQUENCES = ("\x1b[27;5;93~", "\x1b[93;5u")


def check_key_modes(machine):
	"""A guest has keys sent as sequences: the console's key is known, and the modes end."""
	for sequence in KEY_SEQUENCES:
		machine.run(r"printf '\033[>4;2m\033[>1u\033[?1h\033=\033[?5h\033[?1004h'")
		machine.send(sequence + "1")
		machine.expect(r"\[console: mterm\]\r*\n")
		said = machine.child.before
		for reset in ("[>4m", "[<u", "[?1l", ">", "[?1004l"):
			Test.check(f"\x1b{reset}".encode() in said, f"ESC {reset} is missing")
		machine.look("3", "linux2")
		check_name(machine, "linux2")


def unseen_output(machine, command, least):
	"""linux1 prints while linux2 is displayed; return the terminal's output."""
	machine.look("2", "linux1")
	machine.sendline(f"(sleep 1; {command}) &")
	machine.expect(SHELL_PROMPT)
	machine.look("3", "linux2")
	machine.wait_unseen("linux1", least)
	machine.run("echo meanwhile >/tmp/x")
	text = machine.before()
	machine.run("cat /tmp/x")
	return text


def check_kept(machine):
	"""Unseen output is kept: all of it, or its last 16 KiB and a note of the loss."""
	unseen_output(machine, "seq 1 2000", len(count_to(2000)) + 4000)
	machine.look("2", "linux1")
	machine.expect(r"\b2000\r*\n")
	Test.contains(digits(machine.before()) + "2000", count_to(2000) + "$", "the numbers")
	machine.look("3", "linux2")
	unseen_output(machine, "seq 1 5000", len(count_to(5000)) + 10000)
	machine.send("\x1d2")
	lost = int(machine.expect(r"\[console: linux1\]\r*\n\[(\d+) bytes lost\]\r*\n").group(1))
	machine.expect(r"\b5000\r*\n")
	kept = len(machine.before().replace("\n", "\r\n")) + 6
	said = len(count_to(5000)) + 10000
	Test.equal(kept, KEPT, "bytes that are kept")
	# The shell queries the cursor's position, in four bytes, after its prompt.
	Test.check(0 <= kept + lost - said <= 4, f"{lost} of {said} bytes are lost")
	Test.check(count_to(4999).endswith(digits(machine.before())), "the last numbers")


def check_hostile(machine):
	"""Escape sequences of a guest do nothing to what another shows."""
	hostile = r"\033[2J\033[H\033]0;owned\007\033[?1049h\033[31mEVIL\n\033]0;open"
	machine.look("2", "linux1")
	machine.sendline(f"(sleep 1; printf '{hostile}') &")
	machine.expect(SHELL_PROMPT)
	machine.look("3", "linux2")
	machine.wait_unseen("linux1", 40)
	machine.run("echo still here")
	said = machine.child.before
	machine.send("\x1d2")
	machine.expect(r"\[console: linux1\]")
	said += machine.child.before
	for bad in (b"EVIL", b"owned", b"\x1b[2J", b"\x1b[?1049h", b"\x1b[31m"):
		Test.check(bad not in said, f"{bad!r} reached the terminal")
	machine.expect(r"EVIL\r*\n\x1b\]0;open")
	machine.send("\x1d3")
	machine.expect(r"\[console: linux2\]")
	leaving = machine.child.before
	Test.check(leaving.startswith(b"\x18"), "the open sequence is not ended first")
	for reset in (b"\x1b[?1049l", b"\x1b[0m"):
		Test.check(reset in leaving, f"{reset!r} is missing when the port is left")
	machine.sendline("")
	machine.expect(SHELL_PROMPT)


def check_paste(machine):
	"""100 KB typed at once arrive as they were."""
	source = random.Random(1)
	lines = ["".join(source.choices("abcdefghijklmnopqrstuvwxyz 0123456789", k=79))
		 for _ in range(PASTE_LINES)]
	machine.sendline("stty -echo; echo ready; cat >/tmp/x; stty echo; echo pasted")
	machine.expect(r"\nready\r*\n")
	machine.paste("".join(line + "\r" for line in lines) + "\x04")
	machine.expect(r"pasted\r*\n")
	machine.expect(SHELL_PROMPT)
	Test.equal(machine.run("wc -c </tmp/x").strip(), str(80 * PASTE_LINES), "bytes pasted")
	text = "".join(line + "\n" for line in lines).encode()
	Test.contains(machine.run("md5sum /tmp/x"), hashlib.md5(text).hexdigest(), "md5sum")


def console(test, gic):
	machine = start(test, gic)
	check_keys(machine)
	check_switching(machine)
	check_key_modes(machine)
	check_time(machine)
	systems.check_profile(Test, machine, "3", "linux2", {"data abort", "interrupt"})
	check_kept(machine)
	check_hostile(machine)
	check_paste(machine)


# --- Idle and busy -------------------------------------------------------------------------------

# linux1 has CPU 1 for itself: its WFI is not trapped there, unless the terminal looks.
ALONE = """
/ {
	components { console { cpus = <0>; }; mterm { cpus = <0>; }; };
	guests {
		linux1 { vcpus { count = <1>; vcpu0 { cpu = <1>; }; }; };
		linux2 { vcpus { count = <1>; vcpu0 { cpu = <0>; }; }; };
	};
};
"""


def use_of(machine, wanted):
	"""Shares that `guest` and `top` show for linux1, in percent. The testing machine runs
	other programs, too: a figure out of bounds is read again.
	"""
	for _ in range(10):
		table = machine.do("guest")
		row = Test.contains(table, r"^linux1 +running .* ([0-9.]+) +[0-9.]+ s$", "guest")
		listed = float(row.group(1))
		top = machine.json("top --once")
		used = [v["use_permille"] / 10 for v in top["vcpus"] if v["name"] == "linux1/0"]
		if wanted(listed) and wanted(used[0]):
			break
	return listed, used[0]


def idle_and_busy(test):
	image = systems.pack(test.directory(), systems.overlay("two-linux.dts", ALONE),
			     systems.debian_files("6.1"))
	machine = test.console(image)
	machine.expect(TERMINAL_PROMPT)
	machine.look("2", "linux1")
	machine.expect(SHELL_PROMPT, absent=BAD)
	machine.terminal()
	figures = use_of(machine, lambda use: use < 10)
	Test.check(max(figures) < 10, f"an idle guest uses {figures} %")
	Test.contains(machine.do("vcpu"), r"^linux1/0 +1 +paused +wfi ", "vcpu of an idle guest")
	machine.look("2", "linux1")
	machine.sendline("while :; do :; done")
	machine.terminal()
	figures = use_of(machine, lambda use: use > 85)
	Test.check(min(figures) > 85, f"a busy guest uses {figures} %")


suite.add("an idle and a busy guest show different shares", idle_and_busy)


# --- The terminal -------------------------------------------------------------------------------

def check_show(machine):
	"""Commands that only look."""
	text = machine.do("guest list")
	for name in ("linux1", "linux2"):
		Test.contains(text, rf"^{name} +running +2 +192 MiB +vmm-{name} ", "guest list")
	guests = machine.json("guest list")
	Test.equal([(g["name"], g["state"]) for g in guests],
		   [("linux1", "running"), ("linux2", "running")], "guest list --json")
	Test.contains(machine.do("guest show linux1"), r"^template +debian$", "guest show")
	Test.equal(machine.json("guest show linux2")["ram_bytes"], 192 << 20, "RAM of linux2")
	names = [c["name"] for c in machine.json("component")]
	Test.equal(names, ["console", "mterm", "vmm-linux1", "vmm-linux2"], "components")
	table = machine.do("top --once")
	for row in (r"^CPU +CPU +USE %", r"^0 +0 +\d+\.\d", r"^linux2/1 +1 ", r"^vmm-linux1 "):
		Test.contains(table, row, "top --once")
	tree = machine.do("tree")
	for line in ('restart = "always";', "manages;", 'template = "debian";'):
		Test.check(line in tree, f"tree: no {line!r}")
	Test.contains(machine.do("log show"), STAMP + r"mullion: guest 'linux1' created", "the log")
	for command in ("vcpu", "cpu", "sched", "timer", "irq", "mem", "host", "time", "tree",
			"top --once"):
		machine.json(command)
	Test.contains(machine.do("gest list"), r"no command 'gest'; did you mean 'guest'\?",
		      "an unknown command")
	Test.contains(machine.do("guest show linus1"), r"did you mean 'linux1'\?",
		      "an unknown guest")


def check_pause(machine):
	"""A guest that is paused stands still, and then goes on where it was."""
	machine.look("2", "linux1")
	machine.sendline("i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); echo at $i; usleep 50000; "
			 "done")
	machine.expect(r"^at 5\r*\n")
	machine.terminal()
	time.sleep(0.5)
	machine.do("guest pause linux1")
	Test.equal(machine.json("guest show linux1")["state"], "paused", "state")
	Test.equal(machine.json("guest show linux2")["state"], "running", "the other's state")
	machine.look("2", "linux1")
	machine.expect_quiet(0.5, "never")		# what it said before
	said = machine.peek()
	last = int(re.findall(r"^at (\d+)\n", said, re.M)[-1])
	machine.expect_quiet(1.5, "never")
	Test.equal(machine.peek(), said, "what a guest that is paused has said")
	machine.terminal()
	machine.do("guest resume linux1")
	machine.look("2", "linux1")
	# A line that the pause has cut, or the last one, is shown again.
	numbers = machine.expect(rf"at (?!{last}\b)(\d+)\r*\nat \d+\r*\n")
	Test.equal(int(numbers.group(1)), last + 1, "the number behind the pause")
	machine.send("\x03")
	machine.expect(SHELL_PROMPT)


def check_one_vcpu(machine):
	"""A vCPU that is held stands still, and then continues."""
	machine.terminal()
	machine.do("vcpu pause linux1/1")
	vcpu = machine.json("vcpu show linux1/1")
	Test.equal((vcpu["state"], vcpu["held"]), ("paused", True), "the vCPU that is held")
	Test.equal(vcpu["node"], "/templates/debian/vcpus", "its node of the description")
	Test.check(machine.json("vcpu show linux1/0")["held"] is False, "the other vCPU is held")
	machine.do("vcpu resume linux1/1")
	machine.look("2", "linux1")
	Test.equal(machine.run("taskset 2 echo two").strip(), "two", "the vCPU once more")


def peek(machine, address):
	return int(machine.run(f"devmem {address:#x}").strip(), 16)


def check_regions(machine):
	"""Memory of both guests, and aliases of a part and of an emulated device."""
	machine.look("2", "linux1")
	machine.run("devmem 0x50000000 32 0x12345678; devmem 0x50001004 32 0xabcdef")
	machine.look("3", "linux2")
	Test.equal(peek(machine, 0x50000000), 0x12345678, "what the other guest has written")
	Test.equal(peek(machine, 0x50010004), 0xabcdef, "the same in the alias")
	machine.run("devmem 0x50010004 32 1")
	Test.check(machine.status != 0, "a write to what can only be read")
	Test.equal(peek(machine, 0x50010004), 0xabcdef, "the memory afterwards")
	now = int(machine.run("date +%s").strip())
	Test.check(abs(peek(machine, 0x50020000) - now) <= CLOCK_SLACK, "the clock, once more")


def check_reset(machine):
	machine.terminal()
	machine.sendline("guest reset linux1")
	machine.expect(r"mullion: guest 'linux1' reset \(1\)")
	machine.look("2", "linux1")
	machine.expect(r"Run /init.*" + SHELL_PROMPT, absent=BAD)
	machine.run("cat /tmp/name")
	Test.check(machine.status != 0, "a file of before the reset is still there")
	machine.look("3", "linux2")
	check_name(machine, "linux2")


def check_questions(machine):
	"""What hurts asks first, and nothing is done then."""
	machine.terminal()
	machine.sendline("guest destroy linux2")
	machine.expect(r"really destroy guest 'linux2'\? \[y/N\] ")
	machine.sendline("n")
	machine.expect(r"nothing was done\r*\n.*" + TERMINAL_PROMPT)
	machine.sendline("host poweroff")
	machine.expect(r"\[y/N\] ")
	machine.sendline("")
	machine.expect(r"nothing was done\r*\n.*" + TERMINAL_PROMPT)
	Test.check("error" in machine.json("guest destroy linux2"), "--json alone destroys")
	Test.equal(machine.json("guest show linux2")["state"], "running", "state")


def check_destroy(machine):
	machine.terminal()
	free = machine.json("host")["ram_free_bytes"]
	Test.equal(machine.json("guest destroy linux2 --yes"),
		   {"done": "destroy", "name": "linux2"}, "destroy")
	poll(machine, "guest show linux2", lambda guest: guest["state"] == "absent")
	machine.look("3", "linux2")
	machine.expect(r"^\[vmm: guest 'linux2' was destroyed\]")
	machine.terminal()
	Test.check("error" in machine.json("guest start linux2"), "an absent guest was started")
	poll(machine, "host", lambda host: host["ram_free_bytes"] >= free + (192 << 20))
	machine.do("guest create linux2")
	Test.equal(machine.json("guest show linux2")["state"], "created", "state")
	machine.do("guest start linux2")
	machine.look("3", "linux2")
	machine.expect(r"Run /init.*" + SHELL_PROMPT, absent=BAD)
	machine.run("cat /tmp/name")
	Test.check(machine.status != 0, "a file of the destroyed guest is still there")


def terminal(test, gic):
	machine = start(test, gic)
	machine.terminal()
	check_show(machine)
	check_pause(machine)
	check_one_vcpu(machine)
	check_regions(machine)
	check_reset(machine)
	check_questions(machine)
	check_destroy(machine)
	machine.terminal()
	machine.sendline("host poweroff --yes")
	machine.expect_end(20)


# --- Components that die ------------------------------------------------------------------------

COUNT = 8000
KILLS = 3


def kill_soon(machine, component, kills, pause_ms):
	"""Let the terminal kill a component so many times, while another port has the focus."""
	machine.terminal()
	for _ in range(kills):
		machine.sendline(f"sleep {pause_ms}")
		machine.sendline(f"component kill {component} --yes")


def check_vmm(machine):
	"""A vmm is killed while its guest prints: no character is lost, and none comes twice."""
	kill_soon(machine, "vmm-linux1", KILLS, 1000)
	machine.look("2", "linux1")
	machine.sendline(f"clear; seq 1 {COUNT}; echo 'e''nd'")
	machine.expect(r"\x1b\[J")
	machine.expect(r"end\r*\n", absent=BAD)
	text = machine.before()
	Test.check("mullion: " in text, "no kill came while the guest printed")
	check_same(digits(text), count_to(COUNT), "numbers")
	machine.expect(SHELL_PROMPT)
	machine.terminal()
	poll(machine, "component show vmm-linux1", lambda vmm: vmm["restarts"] == KILLS)
	Test.equal(machine.json("component show vmm-linux2")["restarts"], 0, "the other's restarts")


def check_console(machine):
	machine.sendline("component kill console --yes")
	machine.expect(r"\[console: restarted\]\r*\n\[console: mterm\]", absent=BAD)
	machine.expect(r"component 'console' is restarted \(1\)", absent=BAD)
	machine.terminal()
	Test.equal(machine.json("component show console")["restarts"], 1, "restarts")
	machine.look("2", "linux1")
	check_name(machine, "linux1")


def check_mterm(machine):
	machine.terminal()
	machine.sendline("component kill mterm")
	machine.expect(r"\[y/N\] ")
	machine.sendline("y")
	machine.expect(r"Mullion's terminal.*" + TERMINAL_PROMPT, absent=BAD)
	Test.equal(machine.json("component show mterm")["restarts"], 1, "restarts")
	machine.look("3", "linux2")
	check_name(machine, "linux2")


def killed(test, gic):
	machine = start(test, gic)
	check_vmm(machine)
	check_console(machine)
	check_mterm(machine)


# --- Guests that come and go --------------------------------------------------------------------

CYCLES = 20


def memory(machine):
	"""What must be as before when a guest is gone, and all memory is scrubbed."""
	host = poll(machine, "host", lambda host: host["ram_dirty_bytes"] == 0)
	figures = {key: host[key] for key in ("ram_free_bytes", "heap_pages", "heap_free_pages")}
	return figures, machine.json("mem")


@suite.case("lifecycle.dts")
def lifecycle(test):
	"""Its script has run at boot; then an instance is made and destroyed again and again."""
	image = systems.pack(test.directory(), systems.overlay("lifecycle.dts", ""),
			     [*systems.debian_files("6.1"),
			      ("mterm.script", ROOT / "boards/common/mterm.script")])
	machine = test.console(image)
	for line in ("list", "create small-1", "start small-1", "list"):
		machine.expect(rf"^mullion> guest {line}\r*\n")
	machine.expect(r"^small-1 +running .*" + TERMINAL_PROMPT)
	for key, name in (("2", "linux"), ("3", "small-1")):
		machine.look(key, name)
		machine.expect(SHELL_PROMPT, absent=BAD)
	machine.terminal()
	states = {guest["name"]: guest["state"] for guest in machine.json("guest")}
	expected = {"linux": "running", "small-1": "running", "small-2": "absent"}
	test.equal(states, expected, "states")
	before = None
	for cycle in range(1 + CYCLES):
		for act in ("create", "start", "destroy"):
			machine.do(f"guest {act} small-2 --yes")
		poll(machine, "guest show small-2", lambda guest: guest["state"] == "absent")
		if cycle == 0:	# the first time the scrubber's own memory is taken
			before = memory(machine)
	test.equal(memory(machine), before, "memory")


@suite.case("acts on a guest that cannot run")
def locked_out(test):
	"""One of a higher priority spins on its CPU, for ever."""
	guests = "".join(
		systems.guest_node(
			name, f'autostart; bootargs = "how=spin"; priority = <{priority}>;',
			kernel="rtos", vcpus="vcpu0 { cpu = <0>; };", memory=32 << 20)
		for name, priority in (("hog", 200), ("low", 100)))
	dts = systems.description(guests, vmm="stay;") + systems.CONSOLE
	image = systems.pack(test.directory(), dts, [("rtos.img", systems.guest("rtos"))])
	machine = test.console(image, cpus=1, memory=256)
	machine.expect(TERMINAL_PROMPT)
	machine.terminal()
	machine.do("guest pause low", 10)
	Test.equal(machine.json("guest show low")["state"], "paused", "state")
	machine.do("guest resume low", 10)
	machine.do("guest reset low", 10)
	machine.do("guest destroy low --yes", 10)
	poll(machine, "guest show low", lambda guest: guest["state"] == "absent")
	Test.equal(machine.json("guest show hog")["state"], "running", "state")
	machine.do("guest create low", 10)
	machine.do("guest start low", 10)
	machine.do("guest stop low", 10)
	machine.do("guest destroy low --yes", 10)
	machine.do("guest destroy hog --yes", 10)
	poll(machine, "guest show hog", lambda guest: guest["state"] == "absent")


# --- Boot paths ---------------------------------------------------------------------------------

def boot_path(test, boot):
	machine = start(test, 3, boot)
	check_name(machine, "linux2")


for boot in ("uboot-booti", "edk2"):
	suite.add(f"two guests, {boot}", boot_path, boot=boot)

for gic in (2, 3):
	suite.add(f"the console, GICv{gic}", console, long=gic == 2, gic=gic)
	suite.add(f"the terminal, GICv{gic}", terminal, gic=gic)
	suite.add(f"components killed, GICv{gic}", killed, gic=gic)

if __name__ == "__main__":
	suite.main()
