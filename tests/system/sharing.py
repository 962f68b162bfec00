#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How CPUs are shared, as guests see it: fairness, priorities, windows, and WFI.

The guest tests/guests/spin works in bursts and reads its counter all the while. The emulator
counts an instruction as a nanosecond, so that a run repeats. Equal shares are measured over ten
minutes, of a machine whose instructions take a microsecond each, and with slices that are longer
accordingly.
"""

import re

from harness import STAMP, Suite
import systems

TICK_NS = 16
FAIR = 0.02		# of the mean
WINDOW_NS = 20000	# how far off a window may open or close,
EXIT_NS = 5000		# beside one exit of a guest
LIMIT = 170		# seconds for a case
SLOW = 10		# an instruction takes 2^10 ns
FAIR_S = 600		# of virtual time, all of which all vCPUs compete for
SETTLE_US = 2000000	# until all guests have started
SLICE_US = 100000	# as many instructions as 100 us have otherwise

suite = Suite("sharing", setup=lambda: (systems.prepare(), systems.guest("spin"),
						 systems.guest("flood"), systems.guest("rtos"),
						 systems.guest("ticks")))
TICKS_MS = 200		# for which a guest counts ticks
STEP_NS = 20000		# nothing that a guest causes takes longer

def guest(name, cpus, properties="", kernel="spin", **arguments):
	"""DTS text of a guest with a vCPU on each of these CPUs; of "spin", unless said."""
	text = " ".join(f"{key.replace('_', '-')}={value}" for key, value in arguments.items())
	bootargs = f'bootargs = "{text}";' if text else ""
	return systems.guest_node(name, f"autostart; {bootargs} {properties}", kernel=kernel,
				  vcpus=" ".join(f"vcpu{index} {{ cpu = <{cpu}>; }};"
						 for index, cpu in enumerate(cpus)))


def run(test, guests, cpus, more="", end=None, shift=0, files=()):
	"""Run them to their end (or until the line `end`); {guest/vCPU: {figure: ticks}}."""
	dts = systems.description("".join(guests)) + more
	image = systems.pack(test.directory(), dts,
			     [("spin.img", systems.guest("spin")),
			      ("rtos.img", systems.guest("rtos")), *files])
	machine = test.machine(image, cpus=cpus, memory=256, icount=True, shift=shift)
	if end is None:
		said = machine.expect_end(LIMIT)
	else:
		machine.expect(end, LIMIT, absent=r"mullion: panic")
		said = machine.before()
	test.check("mullion: panic" not in said and "FAILED" not in said, said[-1000:])
	shares = {}
	for name, index, figure, value in re.findall(
			STAMP + r"\[(\S+)\] spin: (\d+) (\S+) (\d+)$", said, re.M):
		shares.setdefault(f"{name}/{index}", {})[figure] = int(value)
	return shares


def ns(ticks):
	return ticks * TICK_NS


def report(test, text):
	with open(test.log, "a", encoding="ascii") as log:
		log.write(f"{text}\n")


@suite.case("four guests, eight vCPUs, two CPUs: equal shares of ten minutes")
def fairness(test):
	names = ("one", "two", "three", "four")
	# Only the middle half of a burst is evaluated.
	guests = [guest(name, (0, 1), f"slice-us = <{SLICE_US}>;", rounds=1, period_us=1,
			burst_us=2 * FAIR_S * 1000000, work=200, gap_us=20000,
			settle_us=SETTLE_US)
		  for name in names]
	shares = run(test, guests, 2, shift=SLOW)
	test.equal(len(shares), 8, "vCPUs that reported")
	mean = sum(share["count"] for share in shares.values()) / len(shares)
	# Off once for each slice of its own: three slices of the others'.
	turns = 2 * FAIR_S * 1000000 / (len(names) * SLICE_US)
	for name, share in sorted(shares.items()):
		of_mean = share["count"] / mean
		report(test, f"{name}: {of_mean:.4f} of the mean, off its CPU {share['gaps']} "
		       "times")
		test.check(abs(of_mean - 1) <= FAIR, f"{name} has {of_mean:.4f} of the mean")
		test.check(abs(share["gaps"] / turns - 1) <= FAIR,
			   f"{name} was off its CPU {share['gaps']} times, not {turns:.0f}")
		# Three slices; a switch between them takes some 2 ms here.
		test.check(ns(share["off-max"]) <= 1.1 * (len(names) - 1) * SLICE_US * 1000,
			   f"{name} was off its CPU for {ns(share['off-max'])} ns")


@suite.case("the higher priority preempts")
def priorities(test):
	"""One that wakes each 10 ms for 1 ms, over one that always works."""
	high = guest("high", (0,), "priority = <220>;", rounds=110, period_us=10000, burst_us=1000,
		     work=100)
	low = guest("low", (0,), "", rounds=1, period_us=1000000, burst_us=1000000, work=100)
	shares = run(test, (high, low), 1)
	first, second = shares["high/0"], shares["low/0"]
	test.equal(first["gaps"], 0, "times that the higher one was off its CPU in a burst")
	test.check(ns(first["late-max"]) < WINDOW_NS,
		   f"the higher one started {ns(first['late-max'])} ns late")
	test.check(95 <= second["gaps"] <= 105, f"the lower one made way {second['gaps']} times")
	test.check(1000000 <= ns(second["off-max"]) < 1000000 + WINDOW_NS,
		   f"the lower one was off for {ns(second['off-max'])} ns")


SCHEDULE = """
/ {
	schedule {
		cpu0 {
			strategy = "windows";
			cycle-us = <10000>;
			window0 { offset-us = <0>; length-us = <2000>; partition = "a"; };
			window1 { offset-us = <2000>; length-us = <5000>; partition = "b"; };
			window2 { offset-us = <8000>; length-us = <1000>; partition = "a"; };
		};
	};
};"""


@suite.case("windows are kept")
def windows(test):
	"""a has two windows of a cycle, b one; 2 ms have no owner."""
	how = {"rounds": 1, "period_us": 1000000, "burst_us": 1000000, "work": 50,
	       "cycle_us": 10000}
	shares = run(test, (guest("one", (0,), 'partition = "a";', **how),
			    guest("two", (0,), 'partition = "b";', **how)), 1, SCHEDULE)
	one, two = shares["one/0"], shares["two/0"]
	slack = WINDOW_NS + EXIT_NS
	for what, got, wanted in (("a's short window", one["on-min"], 1000000),
				  ("a's long window", one["on-max"], 2000000),
				  ("b's shortest window", two["on-min"], 5000000),
				  ("b's longest window", two["on-max"], 5000000),
				  ("a's longest pause", one["off-max"], 6000000),
				  ("b's longest pause", two["off-max"], 5000000)):
		test.check(abs(ns(got) - wanted) <= slack, f"{what}: {ns(got)} ns, not {wanted}")
	phase = ns(two["phase-max"] - two["phase-min"])
	test.check(phase <= slack or phase >= 10000000 - slack,
		   f"b's window opens at times {phase} ns apart")
	test.check(198 <= one["gaps"] <= 202 and 98 <= two["gaps"] <= 102,
		   f"{one['gaps']} and {two['gaps']} windows in 100 cycles")


@suite.case("WFI costs others nothing")
def wfi(test):
	"""One that sleeps for ever, beside one that works."""
	worker = guest("worker", (0,), "", rounds=1, period_us=1000000, burst_us=1000000, work=200)
	alone = run(test, (worker,), 1)["worker/0"]
	beside = run(test, (worker, guest("idle", (0,), "", idle=1)), 1,
		     end=r"guest 'worker' powered off")["worker/0"]
	test.check(beside["gaps"] <= alone["gaps"] + 1, f"{beside['gaps']} times off its CPU")
	share = beside["count"] / alone["count"]
	report(test, f"beside one that sleeps: {share:.5f} of its work alone")
	test.check(share > 0.999, f"{share:.5f} of its work alone")


@suite.case("WFI behind an interrupt that was deasserted starves no other guest")
def stale(test):
	"""A sleeps with a line that fell, masked, before it was taken, over one that works."""
	worker = guest("worker", (0,), "", rounds=1, period_us=100000, burst_us=100000, work=200)
	shares = run(test, (worker, guest("stale", (0,), "priority = <220>;", stale=1)), 1,
		     end=r"guest 'worker' powered off")["worker/0"]
	test.check(ns(shares["off-max"]) < 12000000,
		   f"the worker was off its CPU for {ns(shares['off-max'])} ns")


@suite.case("two vCPUs of a guest wake each other on one CPU")
def wakes(test):
	"""Each sends the other an SGI and sleeps; no other interrupt would end that."""
	pair = guest("pair", (0, 0), 'bootargs = "hand-over";')
	image = systems.pack(test.directory(), systems.description(pair),
			     [("spin.img", systems.guest("bench"))])
	said = test.machine(image, cpus=1, memory=256, icount=True).expect_end(LIMIT)
	test.contains(said, r"\[pair\] bench: hand-over [0-9.]+", "the end of it")


def flood(what, properties, memory):
	return systems.CONSOLE + systems.changes(
		systems.guest_node("flood", f'autostart; bootargs = "flood={what}"; {properties}',
				   systems.UART + systems.HVC, vcpus="vcpu0 { cpu = <0>; };",
				   memory=memory, vmm='console = "console";'),
		'console { arguments = "focus=flood"; };')


# Of the flooding guest: a chain of three components in place of its devices.
NESTED = systems.relays("flood") + systems.changes("""
		flood { vmm { /delete-property/ console; }; aspace { /delete-node/ hvc; }; };""",
		"/delete-node/ console; /delete-node/ mterm;")
BURST = {"rounds": 1, "period_us": 200000, "burst_us": 200000, "work": 200}
BURST_SLICE_US = 2000


def beside(test, what, victim="", properties="", memory=16 << 20, files=()):
	"""The figures of a spinning guest beside one that floods, on one CPU."""
	both = f"slice-us = <{BURST_SLICE_US}>;"
	more = flood(what, properties + both, memory)
	if what == "nested":
		more += NESTED
	return run(test, (guest("victim", (0,), victim + both, **BURST),), 1,
		   end=r"guest 'victim' powered off", more=more,
		   files=[("flood.img", systems.guest("flood")), *files])["victim/0"]


@suite.case("what a guest causes is its own time: half of the CPU is left to an equal")
def floods(test):
	"""Doorbells, registers, characters, log lines, chained calls, beside one that computes."""
	base = beside(test, "spin")["count"]
	for what in ("doorbell", "register", "uart", "log", "nested"):
		share = beside(test, what)
		of_base = share["count"] / base
		report(test, f"{what}: {of_base:.4f} of its share, off its CPU for at most "
		       f"{ns(share['off-max'])} ns")
		test.check(of_base >= 1 - FAIR, f"{what}: it has {of_base:.4f} of its share")
		test.check(ns(share["off-max"]) <= BURST_SLICE_US * 1000 + 2 * WINDOW_NS,
			   f"{what}: it was off its CPU for {ns(share['off-max'])} ns")


@suite.case("a budget bounds a guest that never sleeps, above one that works")
def budget(test):
	"""A higher priority in a loop, with 40 % of the CPU: 60 % are left."""
	alone = run(test, (guest("victim", (0,), **BURST),), 1)["victim/0"]
	share = beside(test, "spin", properties="priority = <220>; cpu-budget-us = <4000>; "
						"cpu-period-us = <10000>;")
	of_alone = share["count"] / alone["count"]
	report(test, f"{of_alone:.4f} of what it has alone")
	test.check(abs(of_alone - 0.6) <= FAIR, f"{of_alone:.4f} of what it has alone, not 0.6")
	test.check(ns(share["off-max"]) <= 4000000 + 2 * WINDOW_NS,
		   f"it was off its CPU for {ns(share['off-max'])} ns")


@suite.case("a guest that resets in a loop takes nothing from a higher priority")
def resets(test):
	"""Its images are large; one bounded step of the copy is all that can be in the way."""
	large = test.directory() / "initrd.bin"
	with open(large, "wb") as file:
		file.truncate(32 << 20)
	share = beside(test, "reset", victim="priority = <205>;",
		       properties='initrd = "initrd.bin";', memory=64 << 20,
		       files=[("initrd.bin", large)])
	report(test, f"off its CPU for at most {ns(share['off-max'])} ns, {share['gaps']} times")
	test.check(ns(share["off-max"]) <= 2 * WINDOW_NS,
		   f"it was off its CPU for {ns(share['off-max'])} ns")


def rtos(test, how, end, cpus=(0, 0, 0, 0)):
	"""What the guest rtos says with that argument, up to the line `end`."""
	dts = systems.description(guest("rtos", cpus, kernel="rtos", how=how))
	image = systems.pack(test.directory(), dts, [("rtos.img", systems.guest("rtos"))])
	machine = test.machine(image, cpus=1, memory=256, icount=True)
	machine.expect(end, LIMIT, absent=r"mullion: panic|FAILED")
	return machine.before()


@suite.case("vCPUs that never exit stop with their guest: off")
def never_exit_off(test):
	"""The timer is set to the end of time as well, which must not stop the emulator."""
	said = rtos(test, "off", "no guest is running")
	test.contains(said, "rtos: 4 CPUs are up", "all CPUs")
	test.contains(said, "memory is the same with caches off", "memory")
	figures = r"rtos: (\d+) operations by set and way in (\d+) ticks, again in (\d+)"
	count, first, again = map(int, re.search(figures, said).groups())
	test.equal(count, 33280, "sets and ways of a Cortex-A57")
	report(test, f"an operation: {ns(again) / count:.1f} instructions, "
	       f"{ns(first) / count:.1f} with the first one's sweep")
	# With the guest's own loop.
	test.check(ns(again) <= 60 * count, f"{ns(again) / count:.1f} instructions for each")


@suite.case("vCPUs that never exit stop with their guest: reset")
def never_exit_reset(test):
	said = rtos(test, "reset", "no guest is running")
	test.contains(said, r"rtos: life 3", "the third life")


@suite.case("vCPUs that never exit stop with their guest: crash")
def never_exit_crash(test):
	said = rtos(test, "crash", "no guest is running")
	test.contains(said, "an exception that it has no handler for", "the reason")


@suite.case("a neighbour that causes much work with one instruction delays no other guest")
def steps(test):
	"""It sweeps its caches or loads images for ever; one above it wakes each millisecond."""
	high = guest("high", (0,), "priority = <220>;", rounds=200, period_us=1000, burst_us=50,
		     work=20)
	initrd = test.directory() / "initrd.bin"
	with open(initrd, "wb") as file:
		file.truncate(64 << 20)
	late = {}
	for how in ("spin", "sweep", "resets"):
		low = guest("low", (0,), 'initrd = "initrd.bin"; priority = <100>;', kernel="rtos",
			    how=how).replace("0x1000000", "0x6000000")
		shares = run(test, (high, low), 1, end=r"guest 'high' powered off",
			     files=[("initrd.bin", initrd)])
		late[how] = ns(shares["high/0"]["late-max"])
		report(test, f"beside one that does {how}: {late[how]} ns late")
	for how in ("sweep", "resets"):
		test.check(late[how] <= late["spin"] + STEP_NS,
			   f"{how}: {late[how]} ns late, {late['spin']} beside one that spins")


def ticks(test, policy):
	"""A guest that counts 1,000 ticks a second beside one that works.

	Returns ticks counted, ticks due, and the longest time to catch up in us.
	"""
	timer = systems.virtual("timer", "sp804", 0x0b000000, 20)
	text = "".join((
		systems.guest_node("ticks",
				   f'autostart; slice-us = <10000>; '
				   f'bootargs = "ms={TICKS_MS}";',
				   timer, vcpus="vcpu0 { cpu = <0>; };",
				   vmm=f'arguments = "missed-ticks={policy}";'),
		guest("busy", (0,), "slice-us = <10000>;", rounds=1, period_us=1,
		      burst_us=4 * TICKS_MS * 1000, work=200)))
	image = systems.pack(test.directory(), systems.description(text),
			     [(f"{name}.img", systems.guest(name)) for name in ("spin", "ticks")])
	machine = test.machine(image, cpus=1, memory=256, icount=True)
	match = machine.expect(r"ticks: counted (\d+) of (\d+), slowest (\d+) us", LIMIT,
			       absent=r"mullion: panic|FAILED")
	return [int(match.group(i)) for i in (1, 2, 3)]


@suite.case("ticks that a guest missed: dropped, slewed, in a burst")
def missed_ticks(test):
	counted, due, slowest = ticks(test, "slew")
	test.check(due - 1 <= counted <= due, f"slew: {counted} ticks of {due}")
	# Ten are missed in a slice of the other. Three more than usual come in a period.
	test.check(2500 <= slowest <= 4500, f"slew: {slowest} us to catch up")
	counted, due, slowest = ticks(test, "burst")
	test.check(due - 1 <= counted <= due, f"burst: {counted} ticks of {due}")
	test.check(slowest <= 1000, f"burst: {slowest} us to catch up")
	counted, due, slowest = ticks(test, "drop")
	# Of each 20 periods: those of its own slice, and one for all others.
	test.check(0.45 <= counted / due <= 0.65, f"drop: {counted} ticks of {due}")


if __name__ == "__main__":
	suite.main()
