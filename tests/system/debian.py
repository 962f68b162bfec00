#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian's own kernels in a guest: kernels x interrupt controllers x CPU models x vCPUs.

Each case boots to the shell, checks the guest's view, restarts it and powers it off. Others run a
debugger in the guest: hardware breakpoints, watchpoints and single steps.
"""

import functools
import itertools

from harness import Suite, Test
import systems

CHIPS = {2: "GIC-0", 3: "GICv3"}	# names of the controllers' drivers
DEBUG_ROUNDS = 200
MODELS = {"a57": "cortex-a57", "max": "max"}


def guest_overlay(kernel, vcpus):
	"""The board's Debian guest with another kernel and count of vCPUs."""
	return systems.overlay("linux.dts", f"""
/ {{
	guests {{
		linux {{
			kernel = "Image-{kernel}";
			vcpus {{
				count = <{vcpus}>;
			}};
		}};
	}};
}};""")


def image(test, kernel, vcpus):
	return systems.pack(test.directory(), guest_overlay(kernel, vcpus),
			    [(f"Image-{kernel}", systems.kernel(kernel)),
			     ("initrd.cpio", systems.initrd())])


def ticks(machine, vcpus):
	"""Counts of the virtual timer's interrupt per vCPU, out of /proc/interrupts."""
	table = machine.run("cat /proc/interrupts")
	line = Test.contains(table, r"^ *\d+:((?: +\d+){%d}) +\S+ +27 Level +arch_timer" % vcpus,
			     "/proc/interrupts").group(1)
	return [int(count) for count in line.split()]


def check_guest(test, machine, kernel, gic, vcpus):
	"""The shell is there: does the guest see what its description gives it?"""
	test.contains(machine.run("uname -r"), rf"^{kernel}\.", "uname -r")
	test.equal(machine.run("nproc").strip(), str(vcpus), "nproc")
	before = ticks(machine, vcpus)
	machine.run("sleep 1")
	after = ticks(machine, vcpus)
	spin = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done"
	for index in range(vcpus):
		machine.run(f"taskset {1 << index:x} sh -c '{spin}'")
	final = ticks(machine, vcpus)
	test.check(after > before and all(b > a for a, b in zip(before, final)),
		   f"timer interrupts must go on: {before}, {after}, {final}")
	test.contains(machine.run("cat /proc/interrupts"), rf"{CHIPS[gic]} +33 Level +uart-pl011",
		      "/proc/interrupts")
	test.contains(machine.run("dmesg"), r"psci: PSCIv1\.1 detected in firmware", "dmesg")
	bad = machine.run("dmesg | grep -E "
			  "'WARNING|Call trace|Unable to handle|stall|Internal error'")
	test.equal(bad.strip(), "", "complaints of the kernel")


def boot_and_stop(test, kernel, gic, model, vcpus):
	machine = test.machine(image(test, kernel, vcpus), gic=gic, cpu=MODELS[model], cpus=vcpus)
	machine.shell()
	check_guest(test, machine, kernel, gic, vcpus)
	systems.check_restart(test, machine, vcpus)


def debug(test, gic, model):
	"""Two debuggers in the guest, with points at other places, on two vCPUs of one CPU."""
	dts = systems.overlay("linux.dts", """
/ {
	guests {
		linux {
			vcpus {
				vcpu0 {
					cpu = <0>;
				};
				vcpu1 {
					cpu = <0>;
				};
			};
		};
	};
};""")
	directory = test.directory()
	initrd = systems.make_initrd(directory / "initrd.cpio",
				     [("bin/hwdebug", systems.linux_program("hwdebug"))])
	files = [("Image", systems.kernel("6.1")), ("initrd.cpio", initrd)]
	machine = test.machine(systems.pack(directory, dts, files), gic=gic, cpu=MODELS[model])
	machine.shell()
	machine.run("dmesg -n 1")	# its lines would be among the output
	answer = machine.run(f"taskset 2 hwdebug {DEBUG_ROUNDS} 1 >/tmp/second & "
			     f"taskset 1 hwdebug {DEBUG_ROUNDS} 0; wait; cat /tmp/second")
	test.equal(answer.split("\n"), ["hwdebug: passed"] * 2 + [""], "what hwdebug reports")


suite = Suite("debian", setup=functools.partial(systems.prepare, systems.KERNELS))
# Half of the cases have each combination of any three values. The others are in the nightly set.
VALUES = (systems.KERNELS, (2, 3), list(MODELS), (1, 2))
for case in itertools.product(*VALUES):
	kernel, gic, model, vcpus = case
	odd = sum(values.index(value) for values, value in zip(VALUES, case)) % 2
	suite.add(f"Debian {kernel}, GICv{gic}, {model}, {vcpus} vCPU{'s'[:vcpus - 1]}",
		  boot_and_stop, long=bool(odd), kernel=kernel, gic=gic, model=model, vcpus=vcpus)
for gic, model in itertools.product((2, 3), MODELS):
	suite.add(f"a debugger in Debian 6.1, GICv{gic}, {model}", debug, gic=gic, model=model)

if __name__ == "__main__":
	suite.main()
