#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Debian in guests on x86-64: the systems of boards/pc, as a user starts them, on SVM and on VMX.

Each guest reaches its shell through its serial port, restarts by the registers of its own machine,
and switches itself off. The other guest and the terminal continue.

Each kernel also boots on the bare emulator. In a guest it must not report a problem that it does
not report there, except for the lines of REVIEWED.
"""

import re
import time

import network
import realtime
import storage
import virtio
from bochs import BochsVmx
from harness import (BUILD, LOGS, ONE_THREAD, ROOT, SHELL_PROMPT, TERMINAL_PROMPT, Machine, Suite,
		     Test)
from systems import HOST, KERNELS, X86_64, check_profile, check_restart, execute, need

FETCHED = BUILD / "debian-amd64"
WORK = LOGS / "x86_debian"
CLOCK_SECONDS = 60	# within which a guest knows the time
BOOT_SECONDS = 240	# on a busy machine
BOCHS_SECONDS = 900
PORTS = {"linux1": "2", "linux2": "3"}	# keys of the console
CLOCK_SOURCE = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
BY_THE_CPU = r"RETBleed: WARNING"	# Intel's CPU, and a guest has no IBRS
SVM = "max,+svm,+npt"
# Of the bare Bochs. On its Ice Lake the bare 6.1 stops before its first program.
BARE_MODEL = "corei7_skylake_x"
OFFLINE = "/sys/devices/system/cpu/cpu1/online"
SWITCHES = 20	# of a CPU, off and on
# Lines that a kernel may report in a guest and not on the bare emulator.
REVIEWED = (
	r"fail to add MMCONFIG information, can't access extended (PCI )?configuration space",
)
# On the testing machine's clock as well. A read of a timer is a round trip to the vmm, and the
# emulator's delays there exceed the limits of a calibration.
DELAYED = (
	r"tsc: Unable to calibrate against PIT",
	r"tsc: HPET/PMTIMER calibration failed",
	r"APIC calibration not consistent with PM-Timer",
	r"APIC frequency too slow, disabling apic timer",
	r"hrtimer: interrupt took N ns",
	r"Unstable clock detected, switching default tracing clock",
	r"If you want to keep using the local clock, then add:",
	r"\"trace_clock=local\"",
	r"on the kernel command line",
	r"clocksource: .*(skew|unstable|watchdog|[Rr]ead-back delay)",
)
RESETS = {"ACPI": "a", "keyboard controller": "k", "0xcf9": "p"}	# reboot= of the kernel


def setup():
	WORK.mkdir(parents=True, exist_ok=True)
	need(X86_64 / "mullion.elf", "make ARCH=x86_64")
	need(HOST / "tools/pack", "make ARCH=host tools")
	need(ROOT / "build/emulators/qemu/root", "scripts/unpack qemu")
	need(FETCHED / "initrd.cpio", "scripts/fetch --arch amd64")


def bundle(test, board, changes="", kernel="6.1", directory=None):
	"""A system of boards/pc with changes, as the bundle for the core's loader.

	directory: files of the system that come before fetched ones.
	"""
	directory = directory or test.directory()
	system = directory / "system.dts"
	system.write_text(f'/include/ "{ROOT}/boards/pc/{board}"\n{changes}\n')
	output = directory / "bundle.cpio"
	images = [directory, FETCHED, FETCHED / f"linux-{kernel}", X86_64 / "components",
		  ROOT / "boards/common"]
	command = [HOST / "tools/pack", "--bundle-only", "-o", output]
	for image in images:
		command += ["-i", image]
	execute([*command, system])
	return output


def start(test, initrd, more=(), **options):
	"""A machine with the console and the terminal, at the terminal's prompt.

	more: arguments of QEMU.
	"""
	machine = test.console(X86_64 / "mullion.elf", machine="q35-svm", memory=1024,
			       initrd=initrd, timeout=BOOT_SECONDS, args=[*ONE_THREAD, *more],
			       **options)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	return machine


def boot(test, bootargs="console=ttyS0"):
	"""The board's two guests, with other arguments for their kernels, at their shells."""
	changes = f'/ {{ templates {{ debian {{ bootargs = "{bootargs}"; }}; }}; }};'
	machine = start(test, bundle(test, "two-linux.dts", changes))
	for name in PORTS:
		show(machine, name)
		machine.shell()
	return machine


def bochs(test, kind, image, archive):
	"""Options of a machine in Bochs, which starts from a CD of a kind of scripts/grub-image."""
	for name in ("grub", "bochs"):
		if not (ROOT / f"build/emulators/{name}/root").exists():
			test.skip(f"scripts/unpack {name} has not run")
	iso = test.directory() / f"{kind}.iso"
	execute([ROOT / "scripts/grub-image", kind, iso, image, archive])
	return {"image": iso, "machine": BochsVmx.name, "boot": "grub", "timeout": BOCHS_SECONDS}


def boot_vmx(test, cpus):
	"""The same in Bochs."""
	machine = test.console(memory=1024, cpus=cpus, **bochs(
		test, "iso", X86_64 / "mullion.bin", bundle(test, "two-linux.dts")))
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
	bad = machine.run("dmesg | grep -E 'WARNING|Call Trace|BUG|stall|ACPI Error|PCI: Fatal'")
	bad = [line for line in bad.splitlines() if not re.search(BY_THE_CPU, line)]
	test.equal(bad, [], "complaints of the kernel")


def check_clock(test, machine):
	seconds = int(machine.run("date -u +%s")) - time.time()
	test.check(-CLOCK_SECONDS < seconds < CLOCK_SECONDS, f"its clock is {seconds} s ahead")


def complaints(machine):
	"""What the kernel says at the level of warnings or above, without times and numbers."""
	lines = machine.run("dmesg -r | grep '^<[0-4]>'").splitlines()
	return {re.sub(r"\d+", "N", re.sub(r"^<\d>\[ *[\d.]+\] *", "", line)) for line in lines}


def bare_qemu(kernel, **options):
	"""Options of the bare machine with a kernel in QEMU."""
	return {"image": FETCHED / f"bzImage-{kernel}", "machine": "q35-svm",
		"initrd": FETCHED / "initrd.cpio", "append": "console=ttyS0",
		"timeout": BOOT_SECONDS, **options}


def bare_complaints(test, options):
	"""Those of the same kernel on the bare emulator."""
	with Machine(test.log, **options) as bare:
		bare.shell()
		bare.run("dmesg -n 1")
		return complaints(bare)


def check_complaints(test, machine, expected, reviewed):
	new = [line for line in complaints(machine) - expected
	       if not any(re.search(known, line) for known in reviewed)]
	test.equal(new, [], f"complaints of the kernel; the bare machine has {expected}")


def check_switches(test, machine):
	"""A CPU goes off and comes back by INIT and SIPI, and takes interrupts each time."""
	machine.run(f"n=0; while [ $n -lt {SWITCHES} ] && echo 0 >{OFFLINE} && "
		    f"echo 1 >{OFFLINE} && taskset 2 sleep 0.1; do n=$((n + 1)); done; "
		    "echo $n >/tmp/switches")
	test.equal(machine.run("cat /tmp/switches").strip(), str(SWITCHES), "switches of CPU 1")
	came = machine.run("dmesg | grep -c 'Booting Node 0 Processor 1'").strip()
	test.equal(came, str(SWITCHES), "starts of CPU 1")
	test.equal(machine.run("nproc").strip(), "2", "nproc")


def uptime(machine):
	"""Seconds of the guest's clock and of this machine's."""
	seconds = float(machine.run("cat /proc/uptime").split()[0])
	return seconds, time.monotonic()


def check_clock_source(test, machine, since):
	"""The TSC where Linux could calibrate it, and otherwise the PM timer. Time passes right."""
	source = machine.run(f"cat {CLOCK_SOURCE}").strip()
	tsc = machine.run("dmesg | grep -E 'tsc: (Detected|Marking TSC unstable)'")
	print(f"# clock source {source}; {tsc.strip()}", flush=True)
	test.contains(source, "^(tsc|acpi_pm)$", "clock source")
	if "Detected" in tsc and "unstable" not in tsc:
		test.equal(source, "tsc", "clock source")
	guest, here = (now - before for now, before in zip(uptime(machine), since))
	test.check(abs(guest - here) < 1 + here / 50, f"{guest:.1f} s in the guest are {here:.1f}")


def linux_bundle(test, kernel, vcpus):
	"""boards/pc/linux.dts, whose guest has the machine's serial port."""
	changes = f"/ {{ guests {{ linux {{ vcpus {{ count = <{vcpus}>; }}; }}; }}; }};"
	return bundle(test, "linux.dts", changes, kernel)


def check_tsc(test, machine):
	"""Linux measures the rate again for a second, and takes "tsc-early" meanwhile."""
	machine.run("n=0; while [ $n -lt 100 ] && grep -q tsc-early "
		    f"{CLOCK_SOURCE}; do sleep 0.1; n=$((n + 1)); done")
	test.equal(machine.run(f"cat {CLOCK_SOURCE}").strip(), "tsc", "clock source")


def start_linux(test, kernel, vcpus, **options):
	"""It in QEMU."""
	return test.machine(X86_64 / "mullion.elf", machine="q35-svm", memory=512,
			    initrd=linux_bundle(test, kernel, vcpus),
			    timeout=BOOT_SECONDS, args=ONE_THREAD, **options)


def check_linux(test, machine, kernel, vcpus):
	machine.run("dmesg -n 1")	# its lines would be among the output
	test.contains(machine.run("uname -r"), rf"^{re.escape(kernel)}\.", "uname -r")
	test.equal(machine.run("nproc").strip(), str(vcpus), "nproc")
	test.contains(machine.run("cat /proc/interrupts"), r"IO-APIC +4-edge +ttyS0",
		      "/proc/interrupts")
	for name in ("acpi/devices/PNP0501:00", "acpi/devices/PNP0A03:00",
		     f"acpi/devices/ACPI0007:{vcpus - 1:02}", "pci/devices/0000:00:00.0"):
		machine.run(f"test -e /sys/bus/{name}")
		test.equal(machine.status, 0, f"{name} (0: there)")


def two_vcpus(test, kernel):
	expected = bare_complaints(test, bare_qemu(kernel, cpu="max", cpus=2))
	machine = start_linux(test, kernel, 2)
	machine.shell()
	since = uptime(machine)
	check_linux(test, machine, kernel, 2)
	check_switches(test, machine)
	check_clock_source(test, machine, since)
	check_complaints(test, machine, expected, REVIEWED + DELAYED)
	check_restart(test, machine, 2)


def counted(test, kernel):
	"""With instructions counted nothing delays a calibration: the clock source is the TSC."""
	options = {"icount": True, "cpus": 1}
	expected = bare_complaints(test, bare_qemu(kernel, cpu="max,-x2apic", **options))
	machine = start_linux(test, kernel, 1, cpu=f"{SVM},-x2apic", **options)
	rate = float(machine.expect(r"time-stamp counter: ([\d.]+) MHz").group(1))
	machine.shell()
	check_linux(test, machine, kernel, 1)
	found = machine.run("dmesg | grep 'tsc: .*MHz'")
	detected = float(test.contains(found, r"tsc: Detected ([\d.]+) MHz", "dmesg").group(1))
	test.check(abs(detected / rate - 1) < 0.001, f"{detected} MHz; the core has {rate}")
	check_tsc(test, machine)
	check_complaints(test, machine, expected, REVIEWED)
	check_restart(test, machine, 1)


def on_vmx(test, kernel, vcpus):
	"""In Bochs, with as many CPUs. CPUID has the TSC's rate."""
	bare = bochs(test, "linux", FETCHED / f"bzImage-{kernel}", FETCHED / "initrd.cpio")
	expected = bare_complaints(test, {**bare, "memory": 512, "cpus": vcpus,
					  "cpu": BARE_MODEL})
	machine = test.machine(memory=512, cpus=vcpus, **bochs(
		test, "iso", X86_64 / "mullion.bin", linux_bundle(test, kernel, vcpus)))
	machine.expect(r"virtualisation: VMX")
	machine.shell()
	check_linux(test, machine, kernel, vcpus)
	if vcpus > 1:
		check_switches(test, machine)
	check_tsc(test, machine)
	check_complaints(test, machine, expected, (*REVIEWED, BY_THE_CPU))
	check_restart(test, machine, vcpus, last="mullion: no")	# Bochs loses the rest


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
	check_profile(test, machine, PORTS["linux2"], "linux2", {"port", "MSR"})
	machine.sendline("poweroff -f")
	machine.expect(r"reboot: Power down", absent=r"mullion: panic")
	show(machine, "linux1")
	test.equal(machine.run("echo alive").strip(), "alive", "the other guest")
	machine.terminal()
	states = {guest["name"]: guest["state"] for guest in machine.json("guest list")}
	test.equal(states, {"linux1": "running", "linux2": "stopped"}, "states")


@suite.case("two guests on VMX, 1 CPU: shells, power-off", cpus=1)
@suite.case("two guests on VMX, 2 CPUs: shells, power-off", cpus=2, long=True)
def two_guests_on_vmx(test, cpus):
	machine = boot_vmx(test, cpus)
	for name in PORTS:
		show(machine, name)
		machine.shell()
		check_guest(test, machine)
		test.equal(machine.run(f"cat {CLOCK_SOURCE}").strip(), "tsc", "clock source")
	check_profile(test, machine, PORTS["linux2"], "linux2", {"port", "MSR"})
	machine.sendline("poweroff -f")
	machine.expect(r"reboot: Power down", absent=r"mullion: panic")
	show(machine, "linux1")
	test.equal(machine.run("echo alive").strip(), "alive", "the other guest")


for way, letter in RESETS.items():
	@suite.case(f"reset by {way}", long=letter != "a", letter=letter)
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


for kernel in KERNELS:
	suite.add(f"Debian {kernel}, 2 vCPUs", two_vcpus, long=kernel != KERNELS[0],
		  kernel=kernel)
	suite.add(f"Debian {kernel}, instructions counted", counted, kernel=kernel)
	for vcpus in (1, 2):
		suite.add(f"Debian {kernel} on VMX, vCPUs: {vcpus}", on_vmx, long=True,
			  kernel=kernel, vcpus=vcpus)


@suite.case("a virtio console")
def virtio_console(test):
	"""boards/pc/virtio-disk.dts: found by ACPI; Debian's drivers; both ways; a disk."""
	machine = start(test, bundle(test, "virtio-disk.dts"))
	virtio.await_shells(machine)
	machine.look("2", "linux")
	virtio.check_file(machine, virtio.check_disk(machine))
	virtio.check_random(machine)
	machine.look("3", "linux-hvc")
	test.equal(machine.run("tty").strip(), "/dev/hvc0", "tty of the port")
	test.contains(machine.run("ls -l /sys/bus/virtio/devices/virtio0"),
		      "/LNRO0005:00/virtio0$", "the device")
	before = virtio.interrupts(machine)
	virtio.check_output(machine)
	virtio.check_pasted(machine, virtio.paste(machine, 100))
	virtio.check_both(machine)
	test.check(virtio.interrupts(machine) > before, "no interrupt came")


@suite.case("a network between two guests", long=True)
def networks(test):
	"""boards/pc/network.dts: TCP while the switch and vmms are killed."""
	changes = network.CHANGES.replace("CONSOLE", "ttyS0")
	machine = start(test, bundle(test, "network.dts", changes), icount=True, cpus=1,
			cpu=f"{SVM},-x2apic")
	network.await_shells(machine)
	network.check(machine, 3)


@suite.case("a disk, its driver, service and vmm killed", long=True)
def disk(test):
	"""boards/pc/storage.dts: a virtio disk on PCI; the guest verifies what it writes."""
	directory, modules = test.directory(), FETCHED / "linux-6.1/modules"
	parts = {"start": ROOT / "boards/common/start-virtio",
		 "bin/blocks": X86_64 / "guests/linux/blocks",
		 **{f"lib/{file.name}": file for file in modules.iterdir()}}
	command = [ROOT / "scripts/initrd", "--busybox", FETCHED / "busybox",
		   "--init", ROOT / "boards/common/init"]
	for name, path in parts.items():
		command += ["--add", f"{name}={path}"]
	execute([*command, directory / "initrd-virtio.cpio"])
	image = storage.make_image(test)
	machine = start(test, bundle(test, "storage.dts", storage.ALWAYS, directory=directory),
			more=storage.pci_disk(image))
	storage.await_shell(machine)
	storage.check(machine, image, 12)


@suite.case("lifecycle.dts", long=True)
def lifecycle(test):
	"""The terminal's script has made a second guest; a third one comes and goes."""
	machine = start(test, bundle(test, "lifecycle.dts"))
	machine.expect(r"^small-1 +running .*" + TERMINAL_PROMPT)
	for key, name in (("2", "linux"), ("3", "small-1")):
		machine.look(key, name)
		machine.shell()
	machine.terminal()
	for _ in range(3):
		for act in ("create", "start"):
			machine.do(f"guest {act} small-2")
		machine.look("4", "small-2")
		machine.expect("Linux version")
		machine.terminal()
		machine.do("guest destroy small-2 --yes")
	states = {guest["name"]: guest["state"] for guest in machine.json("guest")}
	Test.equal(states, {"linux": "running", "small-1": "running", "small-2": "absent"},
		   "states")


@suite.case("PREEMPT_RT beside a busy guest", long=True)
def preempt_rt(test):
	"""boards/pc/linux-rt.dts with instructions counted, as realtime.py has it for arm64."""
	initrd = bundle(test, "linux-rt.dts", realtime.ONE_CPU)
	machine = test.machine(X86_64 / "mullion.elf", machine="q35-svm", memory=1024, cpus=1,
			       initrd=initrd, icount=True, cpu=f"{SVM},-x2apic")
	realtime.check_priority(test, machine, realtime.PRIORITY_BOUND)


if __name__ == "__main__":
	suite.main()
