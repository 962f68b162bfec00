#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The contract with guests, checked by test guests that run under Mullion.

The contract guest (tests/guests/contract) runs on every kind of machine and reports each of its
tests by name. The hostile guest (tests/guests/hostile) runs each of its cases beside a witness in a
second guest, on other CPUs and on the same one. The witness must not notice, and the vmm must live.
`guests.py --filter bare` runs the contract guest on the bare machine alone: that shows whether the
tests are right about the architecture.
"""

import collections
import re
import subprocess
import time
import traceback

import harness
import systems
from debugger import Debugger, PC
from harness import Failure, ROOT, STAMP, Suite, Test

DTS = ROOT / "tests/system/dts"
CONTRACT_LIMIT = 150	# seconds
HOSTILE_LIMIT = 90
CALLS = 4		# of each guest, until its VMID is known
BEATS = 3		# of the witness, after the hostile guest's end
MACHINES = [(gic, cpu, cpus) for gic in (2, 3) for cpu in ("cortex-a57", "max") for cpus in (1, 2)]
BROKEN = (r"mullion: panic|witness: FAILED|guest 'witness' stopped|hostile: FAILED[^\n]*\n|"
	  r"component '[\w-]+' (?:faulted|is restarted|did not)")

# name: (what must come, the least number of faults that its vectors must have taken)
DONE, STOPPED, GOES_ON, OFF = "done", "stopped", "goes on", "off"
HOSTILE = {
	"unmapped": (DONE, 2000),
	"permission": (DONE, 9),
	"walks": (DONE, 900),
	"forms": (DONE, 1000),
	"misaligned": (DONE, 100),
	"jump": (STOPPED, 0),
	"no-vectors": (STOPPED, 0),
	"vector-loop": (GOES_ON, 0),
	"bad-tables": (STOPPED, 0),
	"controller": (DONE, 0),
	"storm": (DONE, 0),
	"interface": (DONE, 0),
	"line": (DONE, 0),
	"sleep-masked": (GOES_ON, 0),
	"calls": (DONE, 0),
	"cpu-nonsense": (DONE, 0),
	"cpu-zeros": (STOPPED, 0),
	"all-off": (OFF, 0),
	"reset-often": (DONE, 0),
	"log-noise": (DONE, 0),
	"registers": (DONE, 100000),
	"instructions": (DONE, 50000),
}

# With a virtio console beside the UART.
VIRTIO_HOSTILE = {
	"virtio-chains": (DONE, 0),
	"virtio-queues": (DONE, 0),
	"virtio-registers": (DONE, 50),
	"virtio-status": (DONE, 0),
	"virtio-doorbells": (DONE, 0),
	"virtio-changes": (DONE, 0),
	"virtio-tables": (DONE, 0),
	"virtio-events": (DONE, 0),
}
TYPED = 1500		# bytes that wait for a driver that takes them

UART_HOSTILE = ("unmapped", "forms", "storm", "reset-often")

# Cases that run beside the witness on one CPU with every controller and CPU model. The others run
# there once.
SHARED_HOSTILE = ("controller", "storm", "interface", "reset-often", "registers", "instructions")


class GuestSuite(Suite):
	"""A suite whose cases return many results: a list of (name, None or why it failed)."""

	def _run(self, chosen, jobs):
		failed = number = 0
		for results, seconds in harness.parallel(_run_case, chosen, jobs):
			for name, comment in results:
				number += 1
				failed += not (comment or "SKIP").startswith("SKIP")
				self._say(number, name, comment)
			print(f"# {seconds:.1f} s", flush=True)
		print(f"1..{number}")
		return failed

	@staticmethod
	def _say(number, name, comment):
		if comment is None:
			print(f"ok {number} - {name}")
		elif comment.startswith("SKIP"):
			print(f"ok {number} - {name} # {comment}")
		else:
			print(f"not ok {number} - {name}")
			for line in comment.rstrip().splitlines():
				print(f"# {line}")

	def main(self):
		options = self._options()
		chosen = [c for c in self.cases if re.search(options.filter or "", c[1])]
		if options.list:
			print("\n".join(c[1] for c in chosen))
			return 0
		if not chosen:
			raise SystemExit(f"no case of {self.name} matches {options.filter!r}")
		self.setup()
		return 1 if self._run(chosen, max(1, options.jobs)) else 0


def _run_case(index):
	"""In a worker: run one case. Returns (results, seconds)."""
	suite, name, function, arguments = harness._chosen[index]
	started = time.monotonic()
	test = Test(suite, name)
	try:
		results = function(test, **arguments)
	except (Failure, SystemExit) as why:
		results = [(name, str(why))]
	except Exception:
		results = [(name, traceback.format_exc())]
	finally:
		test.close()
	return results, time.monotonic() - started


def pattern_file(directory):
	"""The initrd that the contract guest knows: 4099 bytes of a pattern."""
	path = directory / "pattern.bin"
	path.write_bytes(bytes(i * 7 % 256 for i in range(4099)))
	return path


def overlay(file, changes):
	return systems.overlay(str(DTS / file), changes)


# ---------------------------------------------------------------------------------------------
# The contract guest
# ---------------------------------------------------------------------------------------------

LINE = re.compile("(?:" + STAMP[1:] + r"\[contract\] )?"
		  r"(ok|not ok|skip) (\d+) (\S+?)(?::? (.*))?$")
TOTALS = r"tests: (\d+) passed, (\d+) failed, (\d+) skipped"


def read_results(case, text):
	"""The guest's lines -> results. A result that is missing is one that failed."""
	results, seen = [], {"ok": 0, "not ok": 0, "skip": 0}
	for line in text.splitlines():
		match = LINE.match(line.strip())
		if match is None:
			continue
		verdict, number, name, why = match.groups()
		seen[verdict] += 1
		if int(number) != sum(seen.values()):
			results.append((f"{case}: results in order",
					f"{name} has number {number}, not {sum(seen.values())}"))
			return results
		if verdict == "ok":
			results.append((f"{case}: {name}", None))
		elif verdict == "not ok":
			results.append((f"{case}: {name}", why or "no reason given"))
		elif not why.startswith("needs "):
			results.append((f"{case}: {name}", f"SKIP {why}"))
	totals = re.search(TOTALS, text)
	if totals is None:
		last = "\n".join(text.rstrip().splitlines()[-12:])
		results.append((f"{case}: ends with a summary",
				f"no summary; last words:\n{last}"))
	elif [int(n) for n in totals.groups()] != list(seen.values()):
		results.append((f"{case}: all results seen",
				f"{totals.group()}, but {seen} came"))
	return results


def run_contract(test, machine, end):
	"""Wait for the guest's end; the results, whether it came or not."""
	try:
		machine.expect(end, CONTRACT_LIMIT,
			       absent=r"mullion: panic|guest 'contract' stopped|witness: FAILED")
		late = None
	except Failure as why:
		late = str(why)
	text = test.log.read_text(errors="replace").replace("\r", "")
	results = read_results(test.name, text)
	if late is not None:
		results.append((f"{test.name}: ends in time", late))
	return results


def emulated(guest):
	"""Laid over a guest, with console and terminal: its vmm emulates its UART."""
	return systems.CONSOLE + \
		systems.emulated(guest, systems.UART, 'console = "uart";') + \
		systems.changes(f"{guest} {{ aspace {{ uart {{ /delete-property/ host-address; "
				"/delete-property/ compatible; }; }; };")


SHARED = systems.changes("contract { vcpus { vcpu0 { cpu = <0>; }; vcpu1 { cpu = <0>; }; }; };")

# A second guest whose vCPU alternates with the first's.
NEIGHBOUR = systems.changes(systems.guest_node(
	"witness", vcpus="count = <1>; vcpu0 { cpu = <0>; };", memory=32 << 20))


def contract(test, gic, cpu, cpus, virtual=False, shared=False, neighbour=False):
	directory = test.directory()
	changes = f"""
/ {{ guests {{ contract {{ vcpus {{ count = <{cpus}>; }}; }}; }}; }};
"""
	if shared:
		changes += SHARED
	if neighbour:
		changes += NEIGHBOUR
	if virtual:
		changes += emulated("contract") + """
/ { guests { contract {
	bootargs = "point=26 rom=0x0a000000 alias=0x80000000 uart=emulated";
}; }; };
"""
	dts = overlay("contract.dts", changes)
	image = systems.pack(directory, dts, [("contract.img", systems.guest("contract")),
					      ("witness.img", systems.guest("witness")),
					      ("pattern.bin", pattern_file(directory))])
	machine = test.machine(image, gic=gic, cpu=cpu, cpus=1 if shared else cpus, memory=512)
	end = "guest 'contract' powered off" if neighbour else "mullion: no guest is running"
	results = run_contract(test, machine, end)
	text = test.log.read_text(errors="replace")
	if re.search(TOTALS, text) is not None:
		off = re.search(r"guest 'contract' powered off", text)
		results.append((f"{test.name}: 7.system-off", None if off else "no message of it"))
	return results


# The guest's call of no function: there a system error comes instead of the call's answer.
ERROR_CALL = 0x8400ff5e


def core_addresses(*names):
	listing = subprocess.run(["aarch64-linux-gnu-nm", systems.ARM64 / "mullion.elf"],
				 check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				 text=True).stdout
	found = {line.split()[2]: int(line.split()[0], 16) for line in listing.splitlines()
		 if len(line.split()) == 3}
	return [found[name] for name in names]


def system_error(test, gic, cpu):
	"""System errors while a guest runs. The emulator has no device that causes one, so a
	debugger continues in the core's handler of one.
	"""
	calls, errors = core_addresses("exit_hvc", "exit_serror")
	dts = overlay("contract.dts", f"""
/ {{ guests {{ contract {{
	bootargs = "point=26 only=22.system serror={cpu}";
	vcpus {{ count = <1>; }};
}}; }}; }};
""")
	directory = test.directory()
	image = systems.pack(directory, dts, [("contract.img", systems.guest("contract")),
					      ("pattern.bin", pattern_file(directory))])
	debugger = Debugger(directory)
	machine = test.machine(image, gic=gic, cpu=cpu, cpus=1, memory=512, args=debugger.args)
	try:
		debugger.connect()
		debugger.stop_at(calls)
		while debugger.run():
			if debugger.word(debugger.register(0)) == ERROR_CALL:
				debugger.set_register(PC, errors)
			else:
				debugger.step()
	finally:
		debugger.close()
	return run_contract(test, machine, "mullion: no guest is running")


# Two guests that share a CPU. Each beat of theirs is a call of the core.
PAIR = systems.description("".join(
	systems.guest_node(name, "autostart;", kernel="witness",
			   vcpus="count = <1>; vcpu0 { cpu = <0>; };",
			   memory=32 << 20) for name in ("one", "two")))


def vmids(test, gic):
	"""The machine's own VTTBR_EL2 while guests call: a VMID and tables for each guest."""
	calls, = core_addresses("exit_hvc")
	image = systems.pack(test.directory(), PAIR, [("witness.img", systems.guest("witness"))])
	debugger = Debugger(test.directory())
	test.machine(image, gic=gic, cpu="cortex-a57", cpus=1, memory=512, args=debugger.args)
	seen = {}	# of each vCPU: the values of VTTBR_EL2
	calls_of = collections.Counter()
	try:
		debugger.connect()
		vttbr = debugger.system_registers()["VTTBR_EL2"]
		debugger.stop_at(calls)
		while len(calls_of) < 2 or min(calls_of.values()) < CALLS:
			test.check(debugger.run(), "the machine has ended")
			vcpu = debugger.register(0)
			calls_of[vcpu] += 1
			seen.setdefault(vcpu, set()).add(debugger.register(vttbr))
			debugger.step()
	finally:
		debugger.close()
	for values in seen.values():
		test.equal(len(values), 1, "values of VTTBR_EL2 for one vCPU")
	values = [next(iter(v)) for v in seen.values()]
	test.equal(len({v >> 48 for v in values}), 2, "VMIDs of two guests")
	test.check(all(v >> 48 for v in values), "a guest has the VMID of no guest")
	test.equal(len({v & (1 << 48) - 2 for v in values}), 2, "tables of two guests")
	return [(test.name, None)]


def bare(test, gic, cpu, cpus):
	machine = test.machine(systems.guest("contract"), el2=False, gic=gic, cpu=cpu, cpus=cpus,
			       memory=128, append="point=26",
			       initrd=pattern_file(test.directory()),
			       args=["-action", "reboot=reset"])
	return run_contract(test, machine, TOTALS)


# ---------------------------------------------------------------------------------------------
# The hostile guest and the witness
# ---------------------------------------------------------------------------------------------

def expect_end(machine, name, end, least):
	"""The hostile guest comes to the end that its case must have."""
	def expect(pattern):
		return machine.expect(pattern, HOSTILE_LIMIT, absent=BROKEN)

	if end == DONE:
		match = expect(rf"\[hostile\] hostile: {name} done: (\d+) faults")
		Test.check(int(match.group(1)) >= least,
			   f"{match.group(1)} faults, at least {least} expected")
		expect(r"guest 'hostile' powered off")
	elif end == STOPPED:
		expect(r"guest 'hostile' stopped: ")
		expect(r"mullion:   x0 .*mullion:   pc .*instruction at pc")
	else:
		expect(rf"\[hostile\] hostile: {name} goes on")
		if end == OFF:
			expect(r"guest 'hostile' powered off")


def expect_beats(machine):
	for _ in range(BEATS):
		machine.expect(r"\[witness\] witness: beat \d+", HOSTILE_LIMIT, absent=BROKEN)


# Every vCPU of both guests on one CPU, taking turns.
ONE_CPU = """
/ {
	guests {
		hostile { vcpus { vcpu0 { cpu = <0>; }; vcpu1 { cpu = <0>; }; }; };
		witness { vcpus { vcpu0 { cpu = <0>; }; }; };
	};
};
"""


def hostile(test, attack, gic, cpu, virtual=False, shared=False):
	directory = test.directory()
	dts = overlay("hostile.dts", f"""
/ {{ guests {{ hostile {{ bootargs = "case={attack}"; }}; }}; }};
""" + (emulated("hostile") if virtual else "") + (ONE_CPU if shared else ""))
	image = systems.pack(directory, dts, [("hostile.img", systems.guest("hostile")),
					      ("witness.img", systems.guest("witness"))])
	machine = test.machine(image, gic=gic, cpu=cpu, cpus=1 if shared else 3, memory=512)
	expect_end(machine, attack, *HOSTILE[attack])
	expect_beats(machine)
	return [(test.name, None)]


# The console and the vmm share the CPU of the vCPU that attacks. Both run before it, and must leave
# it enough time for its attacks.
VIRTIO = systems.changes("hostile { aspace {" + systems.HVC + "}; };",
			 'console { arguments = "all focus=hostile-hvc"; cpus = <0>; };',
			 systems.line("hostile", "hvc"))


def hostile_virtio(test, attack, gic):
	"""An attack on the guest's virtio console. Something is typed there, so that it could
	receive; in the end a new driver finds it in order.
	"""
	dts = overlay("hostile.dts", f"""
/ {{ guests {{ hostile {{ bootargs = "case={attack}"; }}; }}; }};
""" + emulated("hostile") + VIRTIO)
	image = systems.pack(test.directory(), dts, [("hostile.img", systems.guest("hostile")),
						     ("witness.img", systems.guest("witness"))])
	machine = test.machine(image, gic=gic, cpu="cortex-a57", cpus=3, memory=512)
	machine.expect(r"\[hostile\] hostile: waits for what is typed", absent=BROKEN)
	machine.send("x" * TYPED)
	expect_end(machine, attack, *VIRTIO_HOSTILE[attack])
	expect_beats(machine)
	Test.contains(test.log.read_text(errors="replace"),
		      r"^hostile-hvc\| hostile: the console still sends", "the console's output")
	return [(test.name, None)]


# Two guests on one CPU, with slices that end often.
SCAN = systems.description("".join(
	systems.guest_node(name, f'autostart; bootargs = "role={role}";', kernel="scan",
			   vcpus="count = <1>; vcpu0 { cpu = <0>; slice-us = <1000>; };",
			   memory=32 << 20)
	for name, role in (("reader", "read"), ("writer", "write"))))


def scan(test, gic, cpu):
	"""Every readable system register of a guest, against its reset value and against what a
	neighbour on the same CPU writes. The neighbour must have come to all of them.
	"""
	image = systems.pack(test.directory(), SCAN, [("scan.img", systems.guest("scan"))])
	machine = test.machine(image, gic=gic, cpu=cpu, cpus=1, memory=512)
	machine.expect(r"scan: done: 0 failures", CONTRACT_LIMIT,
		       absent=r"mullion: panic|scan: FAILED[^\n]*|guest '\w+' stopped")
	text = test.log.read_text(errors="replace")
	Test.contains(text, r"scan: the writer has been everywhere", "the writer's passes")
	Test.contains(text, r"scan: life 2: \d{2,} registers answer", "the second life")
	return [(test.name, None)]


def no_translation(test):
	"""The core has no AT instruction: executed speculatively while VTTBR_EL2 is exchanged, one
	puts wrong translations into the TLB of several cores.
	"""
	code = subprocess.run(["aarch64-linux-gnu-objdump", "-d", systems.ARM64 / "mullion.elf"],
			      check=True, stdout=subprocess.PIPE, text=True).stdout
	Test.contains(code, r"\teret", "the core's code")
	Test.equal(re.findall(r"\tat\t.*", code), [], "AT instructions")
	return [(test.name, None)]


def setup():
	systems.need(systems.ARM64 / "mullion.bin", "make ARCH=arm64")
	systems.need(systems.HOST / "tools/pack", "make ARCH=host tools")
	for name in ("contract", "hostile", "witness", "scan"):
		systems.guest(name)


def make_suite():
	suite = GuestSuite("guests", setup)
	for gic, cpu, cpus in [*MACHINES, (3, "cortex-a57", 4)]:
		suite.add(f"contract gicv{gic} {cpu} {cpus} vcpus", contract, gic=gic, cpu=cpu,
			  cpus=cpus)
	suite.add("VMIDs of two guests on one CPU", vmids, gic=3)
	for gic, cpu in ((2, "cortex-a57"), (3, "max")):
		suite.add(f"system error gicv{gic} {cpu}", system_error, gic=gic, cpu=cpu)
	suite.add("the core has no AT instruction", no_translation)
	for gic, cpu in ((3, "cortex-a57"), (2, "cortex-a57"), (3, "neoverse-n1"), (3, "max")):
		suite.add(f"scan gicv{gic} {cpu}", scan, gic=gic, cpu=cpu)
	for gic in (2, 3):
		suite.add(f"contract gicv{gic} 2 vcpus on one CPU", contract, gic=gic,
			  cpu="cortex-a57", cpus=2, shared=True)
		suite.add(f"contract gicv{gic} max 2 vcpus on one CPU with a witness", contract,
			  gic=gic, cpu="max", cpus=2, shared=True, neighbour=True)
		for cpus in (1, 2):
			suite.add(f"contract gicv{gic} uart emulated {cpus} vcpus", contract,
				  gic=gic, cpu="cortex-a57", cpus=cpus, virtual=True)
		for name in UART_HOSTILE:
			suite.add(f"hostile {name} gicv{gic} uart emulated", hostile, attack=name,
				  gic=gic, cpu="cortex-a57", virtual=True)
		for name in VIRTIO_HOSTILE:
			suite.add(f"hostile {name} gicv{gic}", hostile_virtio, attack=name, gic=gic)
		suite.add(f"bare gicv{gic} max 2 cpus", bare, gic=gic, cpu="max", cpus=2)
		for name in HOSTILE:
			suite.add(f"hostile {name} gicv{gic}", hostile, attack=name, gic=gic,
				  cpu="cortex-a57")
		for name in ("registers", "instructions"):
			suite.add(f"hostile {name} gicv{gic} max", hostile, attack=name, gic=gic,
				  cpu="max")
	for gic, cpu in ((2, "cortex-a57"), (3, "cortex-a57"), (3, "max")):
		for name in HOSTILE if (gic, cpu) == (3, "cortex-a57") else SHARED_HOSTILE:
			suite.add(f"hostile {name} gicv{gic} {cpu} on the witness's CPU", hostile,
				  attack=name, gic=gic, cpu=cpu, shared=True)
	return suite


if __name__ == "__main__":
	raise SystemExit(make_suite().main())
