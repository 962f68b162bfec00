#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Components that misbehave, beside a witness guest that must not notice.

The hostile component (tests/components/hostile) makes every system call with every bad
argument, and at each later start tries one thing that must end it. The description's restart policy
decides what follows.
"""

import re

from harness import STAMP, Suite, Test
import systems

BAD = r"mullion: panic|not stopped|failed: |witness: FAILED|guest 'witness' stopped"
BEAT = r"\[witness\] witness: beat \d+"
SETTLE = 3	# seconds in which nothing more may come
# All of 256 MiB at 0x40000000 but the image's place and, at its half, the tree's.
DIRTY_BYTES = 0x7000000
DIRTY_AT = (0x41000000, 0x49000000)

suite = Suite("components", setup=lambda: (systems.prepare(), systems.guest("witness"),
					   systems.guest("spin")))

# The witness alone on the last CPU, the component on the first.
def system(properties="", cpus="0", witness=1, program="hostile"):
	return systems.description(
		systems.guest_node("witness", vcpus=f"vcpu0 {{ cpu = <{witness}>; }};"),
		components=f'bad {{ program = "{program}.elf"; cpus = <{cpus}>; {properties} }};',
		vmm="stay;")


def start(test, properties, cpus="0", witness=1, gic=3, cpu="cortex-a57"):
	dts = system(properties, cpus, witness)
	image = systems.pack(test.directory(), dts, [("witness.img", systems.guest("witness"))])
	return test.machine(image, gic=gic, cpu=cpu, memory=256)


def beats(machine, count=3):
	for _ in range(count):
		machine.expect(BEAT, absent=BAD)


def hostile(test, gic, cpu, witness):
	"""Everything it tries ends it, and the guest beside it, or under it, goes on."""
	machine = start(test, 'restart = "always"; watchdog-ms = <400>;', gic=gic, cpu=cpu,
			witness=witness)
	machine.expect(r"\[bad\] system calls: all answered", absent=BAD)
	said = machine.before()
	machine.expect(r"\[bad\] all attacks were stopped", absent=BAD)
	said += machine.before()
	wanted = systems.attacks("arm64")
	test.equal(len(re.findall(r"\[bad\] attack: ", said)), wanted, "attacks")
	test.contains(said, rf"component 'bad' is restarted \({wanted}\)", "the log")
	# An address only where the syndrome has one.
	for report in ("read, syndrome [0-9a-f]{8}, address 0{14}10",
		       "BRK, syndrome f200[0-9a-f]{4}",
		       "undefined instruction, syndrome [0-9a-f]{8}"):
		test.contains(said, STAMP + rf"mullion:   {report}\s*$", "the reports")
	beats(machine)


for gic in (2, 3):
	for cpu in ("cortex-a57", "max"):
		suite.add(f"hostile, GICv{gic}, {cpu}, a guest beside it", hostile, gic=gic,
			  cpu=cpu, witness=1)
	suite.add(f"hostile, GICv{gic}, cortex-a57, a guest on its CPU", hostile, gic=gic,
		  cpu="cortex-a57", witness=0)

def dirty_memory(test, cpu):
	"""RAM holds a pattern at power-on: neither a guest nor a component sees any of it."""
	pattern = test.directory() / "pattern"
	pattern.write_bytes(b"SECRET01" * (DIRTY_BYTES // 8))
	dts = system('restart = "always"; watchdog-ms = <400>;')
	dts += systems.changes('witness { bootargs = "fresh=1"; };')
	image = systems.pack(test.directory(), dts, [("witness.img", systems.guest("witness"))])
	machine = test.machine(image, cpu=cpu, memory=256, args=[
		arg for at in DIRTY_AT for arg in
		("-device", f"loader,file={pattern},addr={at:#x},force-raw=on")])
	machine.expect(r"witness: fresh memory is zero", absent=BAD)
	machine.expect(r"\[bad\] attack: ", absent=BAD)
	beats(machine, 1)


# DC ZVA zeroes 64 bytes on one and 512 on the other.
for cpu in ("cortex-a57", "max"):
	suite.add(f"memory is zeroed for its first owner, {cpu}", dirty_memory, cpu=cpu)

# --- Policies -----------------------------------------------------------------------------------

# Its first start makes the system calls, and the first attack ends it. The next attack ends the
# next start.


@suite.case("policy never")
def never(test):
	machine = start(test, 'restart = "never"; watchdog-ms = <400>;')
	machine.expect(r"\[bad\] attack: read nothing", absent=BAD)
	machine.expect(r"component 'bad' faulted", absent=BAD)
	machine.expect_quiet(SETTLE, r"restarted|attack: |" + BAD)
	beats(machine)


@suite.case("policy limited")
def limited(test):
	machine = start(test, 'restart = "limited"; restart-limit = <3>;'
			' restart-period-ms = <600000>; watchdog-ms = <400>;')
	machine.expect(r"component 'bad' is restarted \(3\)", absent=BAD)
	machine.expect(r"\[bad\] attack: ", absent=BAD)
	machine.expect_quiet(SETTLE, r"is restarted|" + BAD)
	test.equal(len(re.findall(r"\[bad\] attack: ", test.log.read_text(errors="replace"))), 4,
		   "starts")
	beats(machine)


@suite.case("watchdog")
def watchdog(test):
	"""Shorter than what the first start takes between two waits: it never gets any further."""
	machine = start(test, 'restart = "limited"; restart-limit = <2>;'
			' restart-period-ms = <600000>; watchdog-ms = <1>;')
	machine.expect(r"component 'bad' did not wait in time", absent=BAD)
	machine.expect(r"component 'bad' is restarted \(1\)", absent=BAD)
	beats(machine)


# --- A guest's memory ---------------------------------------------------------------------------

@suite.case("a vmm loses the RAM of a guest that is destroyed")
def held_memory(test):
	"""A vmm reads the RAM without a pause, on its own CPU, while the guest is destroyed."""
	dts = systems.description(
		systems.guest_node("spin", 'autostart; bootargs = "idle=1";',
				   vcpus="vcpu0 { cpu = <0>; };",
				   vmm='program = "holder.elf"; restart = "never"; cpus = <1>;'),
		vmm="stay;") + systems.CONSOLE + systems.changes(
		components="console { cpus = <0>; }; mterm { cpus = <0>; };")
	image = systems.pack(test.directory(), dts, [("spin.img", systems.guest("spin"))])
	machine = test.console(image, memory=256)
	machine.expect(r"\[vmm-spin\] holds", absent=BAD + "|no such RAM")
	machine.terminal()
	machine.sendline("guest destroy spin --yes")
	machine.expect(r"component 'vmm-spin' faulted.*read, syndrome \w+, address 0*8040000000\b",
		       20, absent="panic")


# --- The machine's end --------------------------------------------------------------------------

def last_words(test, priority):
	"""Nothing that a guest wrote before it powered the machine off is lost, on one CPU."""
	dts = systems.description(systems.guest_node("bench")) + systems.CONSOLE + \
		systems.emulated("bench", systems.UART, 'bootargs = "last-words";') + \
		systems.changes(components=f'console {{ arguments = "focus=bench"; {priority} }};')
	image = systems.pack(test.directory(), dts, [("bench.img", systems.guest("bench"))])
	said = test.machine(image, cpus=1, memory=256, icount=True).expect_end(60)
	test.contains(said, r"^bench: a line\n", "the whole line")
	test.contains(said, r"^bench: last words", "the line without an end")
	test.contains(said, r"mullion: no guest is running", "the log's end")


for priority in ("", "priority = <200>;", "priority = <50>;"):
	suite.add(f"last words, console with {priority or 'its own priority'}", last_words,
		  priority=priority)

# --- Mistakes -----------------------------------------------------------------------------------

@suite.case("refused: a program that is missing")
def missing(test):
	dts = system(program="absent")
	files = [("witness.img", systems.guest("witness"))]
	try:
		systems.pack(test.directory(), dts, files)
	except systems.Failure as why:
		test.contains(str(why), r"/components/bad: program = .absent\.elf.",
			      "pack's answer")
	else:
		raise systems.Failure("pack takes a system whose program is missing")


@suite.case("refused: a program that is none")
def no_program(test):
	directory = test.directory()
	(directory / "text.elf").write_text("no program at all\n" * 100)
	dts = system(program="text")
	image = systems.pack(directory, dts, [("witness.img", systems.guest("witness"))],
			     check=False)
	machine = test.machine(image, memory=256)
	machine.expect(r"mullion: .*(/components/bad.*text\.elf|component 'bad')",
		       absent=r"mullion: panic")
	machine.expect_quiet(1, r"mullion: panic")


if __name__ == "__main__":
	suite.main()
