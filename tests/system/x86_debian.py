#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian in guests on x86-64: boards/pc/two-linux.dts, as a user starts it, on SVM and on VMX.

Each guest reaches its shell through its vmm's serial port, restarts by the registers of its own
machine, and switches itself off. The other guest and the terminal continue.
"""

import os
import pathlib
import re
import time

from bochs import BochsVmx
from harness import BUILD, LOGS, ROOT, SHELL_PROMPT, TERMINAL_PROMPT, Suite
from systems import HOST, execute, need

X86_64 = pathlib.Path(os.environ.get("MULLION_X86_64", BUILD / "x86_64"))	# O= of the core
FETCHED = BUILD / "debian-amd64"
WORK = LOGS / "x86_debian"
CLOCK_SECONDS = 60	# within which a guest knows the time
BOOT_SECONDS = 240	# on a busy machine
PORTS = {"linux1": "2", "linux2": "3"}	# keys of the console
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
BY_THE_CPU = r"RETBleed: WARNING"	# Bochs's CPU has no IBRS
RESETS = {"ACPI": "a", "keyboard controller": "k", "0xcf9": "p"}	# reboot= of the kernel


def setup():
	WORK.mkdir(parents=True, exist_ok=True)
	need(X86_64 / "mullion.elf", "make ARCH=x86_64")
	need(HOST / "tools/pack", "make ARCH=host tools")
	need(ROOT / "build/emulators/qemu/root", "scripts/unpack qemu")
	need(FETCHED / "initrd.cpio", "scripts/fetch --arch amd64")


def bundle(test, bootargs="console=ttyS0"):
	"""The board's two guests, with other arguments for their kernels."""
	directory = test.directory()
	system = directory / "system.dts"
	system.write_text(f"""/dts-v1/;
/include/ "{ROOT}/boards/pc/two-linux.dts"
/ {{ templates {{ debian {{ bootargs = "{bootargs}"; }}; }}; }};
""")
	output = directory / "bundle.cpio"
	images = [FETCHED, FETCHED / "linux-6.1", X86_64 / "components"]
	command = [HOST / "tools/pack", "--bundle-only", "-o", output]
	for image in images:
		command += ["-i", image]
	execute([*command, system])
	return output


def boot(test, **options):
	"""Both guests at their shells; the focus is on the terminal."""
	machine = test.console(X86_64 / "mullion.elf", machine="q35-svm", cpus=2, memory=1024,
			       initrd=bundle(test, **options), timeout=BOOT_SECONDS)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	for name in PORTS:
		show(machine, name)
		machine.shell()
	return machine


def boot_vmx(test):
	"""The same in Bochs, which has one CPU and starts from a CD."""
	for name in ("grub", "bochs"):
		if not (ROOT / f"build/emulators/{name}/root").exists():
			test.skip(f"scripts/unpack {name} has not run")
	iso = test.directory() / "debian.iso"
	execute([ROOT / "scripts/grub-image", "iso", iso, X86_64 / "mullion.bin", bundle(test)])
	machine = test.console(iso, machine=BochsVmx.name, boot="grub", memory=1024,
			       timeout=BOOT_SECONDS)
	machine.expect(r"virtualisation: VMX")
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	return machine


def show(machine, name):
	machine.look(PORTS[name], name)


def check_guest(test, machine):
	"""Its view is that of the description, and its kernel has nothing to complain about."""
	test.equal(machine.run("nproc").strip(), "2", "nproc")
	test.contains(machine.run("cat /proc/interrupts"), r"IO-APIC +4-edge +ttyS0",
		      "/proc/interrupts")
	memory = machine.run("dmesg | grep -E 'BIOS-e820:.*usable'")
	test.contains(memory, r"mem 0x00000000000a0000-0x000000000bffffff\] usable", "the E820 map")
	test.contains(machine.run("dmesg"), r"ACPI: .*RSDP 0x000000000009FC10", "dmesg")
	bad = machine.run("dmesg | grep -E 'WARNING|Call Trace|BUG|stall|ACPI Error'")
	bad = [line for line in bad.splitlines() if not re.search(BY_THE_CPU, line)]
	test.equal(bad, [], "complaints of the kernel")


def check_clock(test, machine):
	seconds = int(machine.run("date -u +%s")) - time.time()
	test.check(-CLOCK_SECONDS < seconds < CLOCK_SECONDS, f"its clock is {seconds} s ahead")


suite = Suite("x86_debian", setup)


@suite.case("two guests: shells, power-off")
def two_guests(test):
	machine = boot(test)
	for name in PORTS:
		show(machine, name)
		machine.sendline("")
		machine.expect(SHELL_PROMPT)
		check_guest(test, machine)
		check_clock(test, machine)
	machine.sendline("poweroff -f")
	machine.expect(r"reboot: Power down", absent=r"mullion: panic")
	show(machine, "linux1")
	test.equal(machine.run("echo alive").strip(), "alive", "the other guest")
	machine.terminal()
	states = {guest["name"]: guest["state"] for guest in machine.json("guest list")}
	test.equal(states, {"linux1": "running", "linux2": "stopped"}, "states")


@suite.case("two guests on VMX: shells, power-off")
def two_guests_on_vmx(test):
	machine = boot_vmx(test)
	for name in PORTS:
		show(machine, name)
		machine.shell()
		check_guest(test, machine)
		test.equal(machine.run(f"cat {CLOCK_SOURCE}").strip(), "tsc", "clock source")
	machine.sendline("poweroff -f")
	machine.expect(r"reboot: Power down", absent=r"mullion: panic")
	show(machine, "linux1")
	test.equal(machine.run("echo alive").strip(), "alive", "the other guest")


for way, letter in RESETS.items():
	@suite.case(f"reset by {way}", letter=letter)
	def reset(test, letter):
		machine = boot(test, bootargs=f"console=ttyS0 reboot={letter}")
		show(machine, "linux1")
		machine.run("touch /tmp/before-reboot")
		machine.sendline("reboot -f")
		machine.shell()
		machine.run("test -e /tmp/before-reboot")
		test.equal(machine.status, 1, "a file of before the restart (0: still there)")
		show(machine, "linux2")
		test.equal(machine.run("echo alive").strip(), "alive", "the other guest")


@suite.case("a vmm is restarted")
def restart(test):
	machine = boot(test)
	machine.terminal()
	machine.sendline("component kill vmm-linux1")
	machine.expect(r"\[y/N\] ")
	machine.sendline("y")
	machine.expect(TERMINAL_PROMPT)
	show(machine, "linux1")
	test.equal(machine.run("echo alive").strip(), "alive", "the guest of the vmm")
	test.contains(machine.run("date +%Y"), r"\d{4}", "its clock")


if __name__ == "__main__":
	suite.main()
