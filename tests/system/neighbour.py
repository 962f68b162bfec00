#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How late is a guest beside a hostile one on the same CPU?

The guest under attack (tests/guests/spin) has the higher priority and sleeps until each
millisecond. The hostile guest (tests/guests/hostile, time.c) spends all of its time on what costs
the core or a component the most. The emulator counts an instruction as a nanosecond, so that a run
repeats. What a hostile guest may add to the lateness beside an idle one is one bounded step.
"""

import re

from harness import Suite
import systems
import guests

TICK_NS = 16		# of the counter
STEP_NS = 20000		# limit of a step of the core without a check for a more urgent thread
ROUNDS = 150		# of a millisecond each
LIMIT = 150		# seconds
MEMORY = 0x10000000	# bytes of the hostile guest: sweeps are long

suite = Suite("neighbour", setup=lambda: (systems.prepare(), systems.guest("spin"),
					  systems.guest("hostile")))

SYSTEM = systems.description(
	systems.guest_node(
		"victim", 'autostart; priority = <220>; bootargs = '
		f'"rounds={ROUNDS} period-us=1000 burst-us=100 work=16";', kernel="spin",
		vcpus="vcpu0 { cpu = <0>; };") +
	systems.guest_node(
		"hostile",
		'autostart; priority = <100>; bootargs = "case=%s"; initrd = "initrd.bin";',
		vcpus="vcpu0 { cpu = <0>; }; vcpu1 { cpu = <0>; };", memory=MEMORY))

# name: (with a vmm that emulates a UART, with a virtio console)
ATTACKS = {
	"setway": (False, False),
	"controller": (False, False),
	"interrupts": (False, False),
	"timer": (False, False),
	"calls": (False, False),
	"log": (False, False),
	"faults": (False, False),
	"registers": (False, False),
	"cpus": (False, False),
	"reset": (False, False),
	"reset-vmm": (True, False),
	"uart": (True, False),
	"emulated": (True, False),
	"doorbells": (True, True),
}


def lateness(test, attack, gic, vmm=False, virtio=False):
	"""How late the victim was at most beside that attack, in ns."""
	directory = test.directory()
	initrd = directory / "initrd.bin"
	with open(initrd, "wb") as file:
		file.truncate(MEMORY // 4)
	dts = SYSTEM % f"time-{attack.removesuffix('-vmm')}"
	dts += guests.emulated("hostile") if vmm else ""
	dts += guests.VIRTIO if virtio else ""
	image = systems.pack(directory, dts, [("spin.img", systems.guest("spin")),
					      ("hostile.img", systems.guest("hostile"))])
	machine = test.machine(image, gic=gic, cpus=1, memory=1024, icount=True)
	match = machine.expect(r"\[victim\] spin: 0 late-max (\d+)\r*$", LIMIT,
			       absent=r"mullion: panic|FAILED|hostile: no case")
	return int(match.group(1)) * TICK_NS


def check(test, attack, gic, vmm, virtio):
	idle = lateness(test, "idle" + ("-vmm" if vmm else ""), gic, vmm, virtio)
	late = lateness(test, attack, gic, vmm, virtio)
	print(f"# {attack}, GICv{gic}: {late} ns late, {idle} ns beside an idle guest", flush=True)
	test.check(late <= idle + STEP_NS,
		   f"{late} ns late, {idle} ns beside an idle guest: more than {STEP_NS} added")


GICV2 = ("controller", "interrupts", "timer", "cpus")	# those that differ there

for GIC, NAMES in ((3, ATTACKS), (2, GICV2)):
	for NAME in NAMES:
		suite.add(f"{NAME} on GICv{GIC}", check, attack=NAME, gic=GIC,
			  vmm=ATTACKS[NAME][0], virtio=ATTACKS[NAME][1])


if __name__ == "__main__":
	suite.main()
