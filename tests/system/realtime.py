#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The real-time example: how late is a thread of a PREEMPT_RT guest beside a busy guest?

The emulator counts one nanosecond for each instruction. A latency is thus a count of instructions,
which the load of the testing machine does not change. The system runs unchanged on two CPUs. It
then runs on one, because emulated CPUs alternate with that clock: with a priority, without, and
with windows. The bound of the latency must follow from the description.
"""

import functools
import re

from harness import TURNS, Suite, Test
import systems

LINE = (r"rt\| latency \d+: (\d+) wake-ups late by (\d+) us at least, (\d+) on average, "
	r"99 % by up to (\d+), (\d+) at most")
LOAD = r"load\| load: CPU 0, round \d+"
LINES = 2		# that are read while the other guest is busy
LINES_MAX = 8		# how many may come until it is
WAKE_UPS = 990		# in a line's second, if none is missed
SLICE = 9000		# us; nearly a slice, which is 10 ms
PRIORITY_BOUND = 100	# us; a wake-up of the RT kernel and the core's switch, several times
TURNS_BOUND = 200	# us; the same with turns of 20 us, of which some may be in the way
WINDOWS_BOUND = 1700	# us; RT is out of its window for 1500
TIMEOUT = 240

ONE_CPU = "/ { templates { debian { vcpus { count = <1>; }; }; }; };"
EQUALS = "/ { guests { rt { priority = <200>; }; }; };"
LOWER = "/ { guests { rt { priority = <150>; }; }; };"
WINDOWS = """
/ {
	guests {
		rt {
			priority = <200>;
			partition = "rt";
		};
		load {
			partition = "load";
		};
	};

	schedule {
		cpu0 {
			strategy = "windows";
			cycle-us = <2500>;
			background = <255>;

			window0 {
				offset-us = <0>;
				length-us = <1000>;
				partition = "rt";
			};
			window1 {
				offset-us = <1000>;
				length-us = <1000>;
				partition = "load";
			};
		};
	};
};
"""


def start(test, changes, cpus):
	"""The board's linux-rt with changes, on a machine that counts instructions."""
	files = [("Image-rt", systems.kernel("rt")), ("initrd-rt.cpio", systems.initrd("-rt")),
		 ("Image", systems.kernel("6.1")), ("initrd-load.cpio", systems.initrd("-load"))]
	image = systems.pack(test.directory(), systems.overlay("linux-rt.dts", changes), files)
	return test.machine(image, cpus=cpus, icount=True, args=TURNS if cpus > 1 else [])


def read_line(machine):
	"""The next second's figures: (wake-ups, greatest latency in us), and what came before."""
	match = machine.expect(LINE, TIMEOUT, absent="panic")
	wake_ups, least, average, within, most = map(int, match.groups())
	Test.check(least <= average <= most and within <= most, "figures that cannot be")
	return wake_ups, most, machine.before()


def measure(test, machine):
	"""(fewest wake-ups, greatest latency in us) of some seconds with the load running."""
	_, _, before = read_line(machine)
	test.contains(before, r"rt\| #1 SMP PREEMPT_RT ", "uname -v")
	for _ in range(LINES_MAX):
		if re.search(LOAD, before):
			break
		_, _, before = read_line(machine)
	seconds = [read_line(machine) for _ in range(LINES)]
	# A round takes about a second, so that one may end before it and the next behind it.
	for (_, _, one), (_, _, other) in zip(seconds, seconds[1:]):
		test.contains(one + other, LOAD, "the load")
	return min(s[0] for s in seconds), max(s[1] for s in seconds)


def check_priority(test, machine, bound):
	"""With the higher priority: a bounded latency, and no missed wake-up."""
	wake_ups, most = measure(test, machine)
	test.check(most <= bound, f"{most} us late, more than {bound}")
	test.check(wake_ups >= WAKE_UPS, f"only {wake_ups} wake-ups in a second")


suite = Suite("realtime", setup=functools.partial(systems.prepare, ["6.1", "rt"]))


@suite.case("as it is, on two CPUs")
def two_cpus(test):
	check_priority(test, start(test, "", 2), TURNS_BOUND)


@suite.case("with the higher priority nothing delays the RT guest")
def priority(test):
	check_priority(test, start(test, ONE_CPU, 1), PRIORITY_BOUND)


@suite.case("with equal priorities the RT guest waits for the other's slice")
def equals(test):
	wake_ups, most = measure(test, start(test, ONE_CPU + EQUALS, 1))
	test.check(most >= SLICE, f"only {most} us late; was there a load?")
	test.check(wake_ups < WAKE_UPS, f"{wake_ups} wake-ups in a second; was there a load?")


@suite.case("with windows the RT guest waits for its window at most")
def windows(test):
	_, most = measure(test, start(test, ONE_CPU + WINDOWS, 1))
	test.check(PRIORITY_BOUND < most <= WINDOWS_BOUND, f"{most} us late")


@suite.case("with the lower priority the RT guest has what the other leaves")
def lower(test):
	machine = start(test, ONE_CPU + LOWER, 1)
	machine.expect(LOAD, TIMEOUT, absent="panic")
	machine.expect(r"load\| load: CPU 0, round 12\r*$", TIMEOUT, absent=LINE)


if __name__ == "__main__":
	suite.main()
