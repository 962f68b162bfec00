#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""x86-64: the core on a PC, with the console and the terminal, and the flat guest."""

import re
import struct
import subprocess
import zlib

import profile_x86
import storage
from bochs import BochsVmx
from harness import LOGS, ROOT, TERMINAL_PROMPT, TURNS, Suite
from systems import HOST, X86_64, attacks, need

BOARD = ROOT / "boards/pc"
WORK = LOGS / "x86"
BUNDLE = WORK / "terminal.cpio"
FLAT = WORK / "flat.cpio"
FLAT_CHECKS = 71
FLAT_GOOD = rf"\[flat\] 1\.\.{FLAT_CHECKS}, all good"
DEVICES = WORK / "devices.cpio"
DEVICE_CHECKS = 54
DEVICES_GOOD = rf"\[devices\] 1\.\.{DEVICE_CHECKS}, all good"
HOSTILE = WORK / "hostile.cpio"
HOSTILE_COMPONENT = WORK / "hostile-component.cpio"
IMAGE = WORK / "terminal.img"	# core and bundle
MIB = 1 << 20
GRUB_IMAGE = ROOT / "scripts/grub-image"
GRUB_KINDS = {"grub": "iso", "grub-efi": "efi"}


def run(command):
	result = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL,
				stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
	if result.returncode != 0:
		raise SystemExit(f"{command[0]} failed:\n{result.stdout}")


def pack(output, system, *options):
	run([HOST / "tools/pack", *options, "-I", X86_64 / "components", "-I", X86_64 / "guests",
	     "-I", BOARD, "-o", output, system])


def setup():
	WORK.mkdir(parents=True, exist_ok=True)
	need(X86_64 / "mullion.elf", "make ARCH=x86_64")
	need(HOST / "tools/pack", "make ARCH=host tools")
	need(ROOT / "build/emulators/qemu/root", "scripts/unpack qemu")
	need(X86_64 / "guests/flat-main.img", "make ARCH=x86_64 guests")
	pack(BUNDLE, BOARD / "terminal.dts", "--bundle-only")
	pack(IMAGE, BOARD / "terminal.dts", "--core", X86_64 / "mullion.bin")
	pack(FLAT, ROOT / "tests/system/dts/flat.dts", "--bundle-only")
	pack(DEVICES, ROOT / "tests/system/dts/devices-x86.dts", "--bundle-only")
	pack(HOSTILE, ROOT / "tests/system/dts/hostile-x86.dts", "--bundle-only")
	pack(HOSTILE_COMPONENT, ROOT / "tests/system/dts/hostile-component.dts", "--bundle-only")


suite = Suite("x86", setup)


def boot(test, **options):
	"""A PC with the terminal at its prompt."""
	options = {"machine": "q35-svm", "image": X86_64 / "mullion.elf", "initrd": BUNDLE,
		   **options}
	machine = test.console(**options)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	return machine


@suite.case("terminal, 1 CPU", cpus=1)
@suite.case("terminal, 2 CPUs", cpus=2)
@suite.case("terminal, 8 CPUs", cpus=8)
@suite.case("terminal, 128 MiB", memory=128)
@suite.case("terminal, 6 GiB", memory=6144)
@suite.case("terminal, xAPIC", cpu="max,+svm,+npt,-x2apic")
@suite.case("terminal, without SMAP, SMEP and UMIP", cpu="max,-smap,-smep,-umip")
# QEMU's x2APIC timer does not work with -icount ("Bad icount read").
@suite.case("terminal, instructions counted", icount=True, cpus=1, cpu="max,+svm,+npt,-x2apic")
def terminal(test, cpus=2, **options):
	machine = boot(test, cpus=cpus, **options)
	online = [cpu["online"] for cpu in machine.json("cpu list")]
	test.equal(online, [True] * cpus, "CPUs online")
	test.contains(machine.do("irq list"), r"^ *4 +console .* edge", "the UART's interrupt")
	machine.sendline("host poweroff")
	machine.expect(r"\[y/N\] ")
	machine.sendline("y")
	machine.expect_end()


# IA32_MCi_STATUS: valid, not corrected, enabled; address and form of address; signaled.
MC_SCRUBBED = 0xbd000000000000c0
MC_CORRUPT = 1 << 57


@suite.case("machine checks")
def machine_checks(test):
	"""In the core: an error that was not used is reported, and a grave one stops it. Intel's
	CPUs report the difference."""
	monitor = test.directory() / "monitor"
	machine = boot(test, cpus=1, cpu="max,vendor=GenuineIntel",
		       args=profile_x86.monitor(monitor))
	with profile_x86.commands(monitor) as say:
		say(f"mce 0 4 {MC_SCRUBBED:#x} 0x5 0x1234000 0x80".encode())
		machine.expect(r"machine check on CPU 0: not corrected, and not used yet; 1 banks")
		machine.expect("bank 4: status 0xbd000000000000c0 address 0x1234000 misc 0x80",
			       absent="panic")
		for _ in range(2):
			machine.do("cpu list")	# a check during a check is a shutdown of the CPU
			say(f"mce 0 4 {MC_SCRUBBED:#x} 0x5 0x1234000 0x80".encode())
		machine.do("cpu list")
		say(f"mce 0 4 {MC_SCRUBBED | MC_CORRUPT:#x} 0x5 0x1234000 0x80".encode())
	machine.expect("panic: machine check in the core on CPU 0")
	machine.expect("machine check on CPU 0: not corrected, and the CPU's state may be wrong")
	machine.expect("bank 4: status 0xbf000000000000c0 address 0x1234000 misc 0x80")


@suite.case("reboot")
def reboot(test):
	machine = boot(test)
	machine.sendline("host reboot")
	machine.expect(r"\[y/N\] ")
	machine.sendline("y")
	machine.expect_end()	# -no-reboot: QEMU ends instead


@suite.case("no ACPI", board="microvm,acpi=off", text=r"no ACPI tables with a MADT: switch ACPI on")
@suite.case("no long mode", cpu="qemu32", text=r"this CPU has no long mode: the core needs")
@suite.case("no NX", cpu="max,-nx", text=r"this CPU has no NX bit: switch 'execute disable' on")
@suite.case("no bundle", initrd=None, text=r"no system: neither a bundle behind the image")
def refused(test, text, **options):
	options = {"machine": "q35-svm", "initrd": BUNDLE, **options}
	test.machine(X86_64 / "mullion.elf", **options).expect(text)


@suite.case("a component is restarted")
def restart(test):
	machine = boot(test)
	machine.sendline("component kill console")
	machine.expect(r"\[y/N\] ")
	machine.sendline("y")
	machine.expect(r"component 'console'")
	machine.terminal()
	machine.do("cpu list")


# One CPU: the two vCPUs share it.
@suite.case("flat guest, 1 CPU", cpus=1)
@suite.case("flat guest, 2 CPUs", cpus=2)
@suite.case("flat guest, xAPIC", cpu="max,+svm,+npt,-x2apic")
# QEMU's own loop ends each 20 us, also in the handler of an interrupt.
@suite.case("flat guest, instructions counted", cpus=1, cpu="max,+svm,+npt,-x2apic", icount=True,
	    args=TURNS)
def flat(test, **options):
	machine = test.machine(X86_64 / "mullion.elf", machine="q35-svm", initrd=FLAT, **options)
	machine.expect(FLAT_GOOD, absent=r"not ok|mullion: panic|stopped:")


def changed(test, name, old, new, core=X86_64, host=HOST):
	"""The bundle of a description with another text in the place of one."""
	source = ROOT / "tests/system/dts" / name
	dts, bundle = test.directory() / name, test.directory() / "bundle.cpio"
	test.equal(source.read_text().count(old), 1, old)
	dts.write_text(source.read_text().replace(old, new))
	run([host / "tools/pack", "--bundle-only", "-I", core / "components", "-I", core / "guests",
	     "-I", BOARD, "-I", source.parent, "-o", bundle, dts])
	return bundle


def build_for_32():
	"""A core and the tools for as many CPUs as Kconfig permits, in directories of their own.
	Returns both."""
	built = []
	for arch, targets in (("x86_64", ("all", "components", "guests")), ("host", ("tools",))):
		out = ROOT / f"build/{arch}-cpus32"
		out.mkdir(parents=True, exist_ok=True)
		if not (out / ".config").exists():
			(out / ".config").write_text("CONFIG_MAX_CPUS=32\n")
		run(["make", "-s", "-C", ROOT, f"ARCH={arch}", f"O={out}", *targets])
		built.append(out)
	return built


@suite.case("a core for 32 CPUs", cpus=8, long=True)
@suite.case("a core for 32 CPUs, on 32 CPUs", cpus=32, long=True)
def for_32_cpus(test, cpus):
	"""The guest has the last two CPUs: their windows, stacks and views lie highest."""
	core, host = build_for_32()
	places = f"vcpu0 {{ cpu = <{cpus - 2}>; }}; vcpu1 {{ cpu = <{cpus - 1}>; }};"
	bundle = changed(test, "flat.dts", "count = <2>;", "count = <2>; " + places, core, host)
	machine = test.machine(core / "mullion.elf", machine="q35-svm", initrd=bundle, cpus=cpus)
	machine.expect(rf"stage 1, host: {cpus} of {cpus} CPUs")
	machine.expect(FLAT_GOOD, absent=r"not ok|mullion: panic|stopped:")


@suite.case("devices of a PC, their vmm on another CPU", cpus=2)
@suite.case("devices of a PC, 1 CPU", cpus=1)
def devices(test, cpus):
	bundle, options = DEVICES, {}
	if cpus == 2:
		bundle = changed(test, "devices-x86.dts", "\tvmm {\n\t\t\t}",
				 "\tvmm { cpus = <1>; }")
		options = {"icount": True, "cpu": "max,+svm,+npt,-x2apic", "args": TURNS}
	machine = test.machine(X86_64 / "mullion.elf", machine="q35-svm", initrd=bundle, cpus=cpus,
			       **options)
	machine.expect(DEVICES_GOOD, absent=r"not ok|mullion: panic|stopped:")


def empty_table(sectors):
	"""The start of a disk of so many sectors, with a GPT that has no partitions."""
	entries = bytes(4 * 128)

	def header(checksum):
		return struct.pack("<8sIIIIQQQQ16sQIII", b"EFI PART", 0x10000, 92, checksum, 0, 1,
				   sectors - 1, 34, sectors - 34, bytes(16), 2, 4, 128,
				   zlib.crc32(entries))
	return bytes(512) + header(zlib.crc32(header(0))).ljust(512, b"\0") + entries


@suite.case("a disk on PCI")
def pci_disk(test):
	"""The service reads an empty partition table; also after driver and service were killed."""
	image, bundle = test.directory() / "disk.img", test.directory() / "bundle.cpio"
	image.write_bytes(empty_table(2048).ljust(2048 * 512, b"\0"))
	pack(bundle, ROOT / "tests/system/dts/disk-x86.dts", "--bundle-only")
	wanted = r"disk of 'wanted': the disk has no such partition"
	bad = r"mullion: panic|no virtio disk|no usable partition table"
	machine = test.console(X86_64 / "mullion.elf", machine="q35-svm", initrd=bundle,
			       args=storage.pci_disk(image))
	machine.expect(wanted, absent=bad)
	machine.terminal()
	for component in "disk", "blk":
		machine.sendline(f"component kill {component} --yes")
		machine.expect(rf"component '{component}' is restarted \(1\)", absent=bad)
	machine.expect(wanted, absent=bad)
	machine.terminal()
	interrupts = machine.do("irq list")
	test.contains(interrupts, r"^ *20 +disk .* level", "the function's interrupt")


@suite.case("blocks of RAM, 256 MiB", memory=256, ram=[(MIB, 0xffe0000)])
@suite.case("blocks of RAM, 6 GiB", memory=6144, cpus=4,
	    ram=[(MIB, 0x7ffe0000), (4096 * MIB, 8192 * MIB)])
def ram_blocks(test, ram, cpus=2, **options):
	"""The six stages; each printed block lies in the machine's RAM, and no two overlap."""
	machine = test.console(X86_64 / "mullion.elf", machine="q35-svm", initrd=FLAT, cpus=cpus,
			       **options)
	top = int(machine.expect(r"hand-over by PVH: .* RAM to (0x\w+),").group(1), 16)
	test.equal(top, ram[-1][1], "the top of RAM")
	stages = {"host": rf"1, host: {cpus} of {cpus} CPUs", "": "2, virtualisation: SVM",
		  "modules": "3, modules: bundle", "components": "3, modules: 3 components",
		  "guests": "4, guests: 1", "vCPUs": "5, vCPUs: 2", "launch": "6, launch: "}
	blocks = []
	for owner, stage in stages.items():
		line = machine.expect(rf"stage {stage}([^\n]*)\n").group(1).decode()
		found = [(int(a, 16), int(b, 16) + 1)
			 for a, b in re.findall(r"(0x\w+)-(0x\w+)", line)]
		test.equal(bool(found), owner in ("host", "modules", "components", "guests"),
			   f"blocks of {owner}")
		if owner == "guests":
			test.equal(sum(b - a for a, b in found), 16 * MIB, "the guest's RAM")
		blocks += found
	for start, end in blocks:
		test.equal(any(a <= start < end <= b for a, b in ram), True,
			   f"0x{start:x}-0x{end:x} is RAM")
	blocks.sort()
	for (_, end), (start, _) in zip(blocks, blocks[1:]):
		test.equal(end <= start, True, f"0x{start:x} is no block's")


# Lines that the hostile guest ends with.
HOSTILE_ENDS = ("a triple fault", "INIT", "a stack that is not there",
		"a table of interrupts that is not there", "a table of interrupts in the IOAPIC",
		"page tables that are not there", "a task switch")
# The witness is more urgent. It may be late by one bounded step of the core, and its own handler.
LATE_NS = 25000
LONG = 150		# seconds


@suite.case("hostile guest beside a witness")
def hostile(test):
	machine = test.machine(X86_64 / "mullion.elf", machine="q35-svm", initrd=HOSTILE, cpus=1,
			       icount=True, cpu="max,+svm,+npt,-x2apic")
	late(test, all_ends(test, machine), LATE_NS, 8)


def all_ends(test, machine):
	"""The hostile guest has done everything. Returns the log."""
	bad = r"mullion: panic|foreign|did not cause|WRONG|has not run"
	said = ""
	for end in HOSTILE_ENDS:
		machine.expect(f"hostile: ends by {end}", LONG, absent=bad)
		said += machine.before()
	for _ in range(2):
		machine.expect(r"witness: late \d+", LONG, absent=bad)
		said += machine.before()
	test.contains(said, "witness: registers as after a reset", "the witness")
	return said


def late(test, said, limit, least):
	"""The witness's lines: it was never late by more than @limit of its counter."""
	ticks = [int(n) for n in re.findall(r"witness: late (\d+)", said)]
	print(f"# the witness is late by {max(ticks)} at most", flush=True)
	test.check(len(ticks) >= least, f"only {len(ticks)} lines of the witness")
	test.check(max(ticks) <= limit, f"late by {max(ticks)}")


@suite.case("hostile component beside a witness")
def hostile_component(test):
	machine = test.machine(X86_64 / "mullion.elf", machine="q35-svm", initrd=HOSTILE_COMPONENT,
			       cpus=1, icount=True, cpu="max,+svm,+npt,-x2apic")
	said = all_attacks(test, machine)
	late(test, said, LATE_NS, 8)


def all_attacks(test, machine):
	"""Each attack ends the component, and nothing else. Returns the log."""
	bad = r"mullion: panic|not stopped|\[bad\] failed: |witness: (an exception|foreign)"
	said = ""
	for line in (r"\[bad\] system calls: all answered", r"\[bad\] all attacks were stopped",
		     r"witness: late \d+"):
		machine.expect(line, LONG, absent=bad)
		said += machine.before()
	wanted = attacks("x86_64")
	test.equal(len(re.findall(r"\[bad\] attack: ", said)), wanted, "attacks")
	test.contains(said, rf"component 'bad' is restarted \({wanted}\)", "the log")
	test.contains(said, "witness: registers as after a reset", "the witness")
	return said


@suite.case("no SVM", cpu="max,-svm", text=r"the CPU has no SVM: use a CPU with AMD-V")
@suite.case("no nested paging", cpu="max,+svm,-npt", text=r"SVM has no nested paging")
def no_guests(test, text, **options):
	machine = test.console(X86_64 / "mullion.elf", machine="q35-svm", initrd=FLAT, **options)
	machine.expect(text)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")


def need_unpacked(test, *names):
	for name in names:
		if not (ROOT / f"build/emulators/{name}/root").exists():
			test.skip(f"scripts/unpack {name} has not run")


@suite.case("image, as a Linux kernel", boot="kernel")
@suite.case("image, as a Linux kernel, 8 CPUs and 6 GiB", boot="kernel", cpus=8, memory=6144)
@suite.case("image, GRUB on BIOS", boot="grub")
@suite.case("image, GRUB on UEFI", boot="grub-efi")
@suite.case("image, UEFI, 6 GiB", boot="efi", memory=6144)
def image(test, boot, cpus=2, **options):
	start = IMAGE
	if boot in GRUB_KINDS:
		need_unpacked(test, "grub")
		start = test.directory() / "boot"
		run([GRUB_IMAGE, GRUB_KINDS[boot], start, IMAGE])
	machine = test.console(start, machine="q35-svm", boot=boot, cpus=cpus, **options)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	test.equal(len(machine.json("cpu list")), cpus, "CPUs")


@suite.case("core and initrd, as a Linux kernel")
def linux_initrd(test):
	boot(test, image=X86_64 / "mullion.bin", append="a=b")


def bochs_iso(test, bundle):
	need_unpacked(test, "grub", "bochs")
	iso = test.directory() / "system.iso"
	run([GRUB_IMAGE, "iso", iso, X86_64 / "mullion.bin", bundle])
	return iso


@suite.case("Bochs, 8 CPUs")
def bochs(test):
	machine = test.console(bochs_iso(test, BUNDLE), machine=BochsVmx.name, boot="grub", cpus=8)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	online = [cpu["online"] for cpu in machine.json("cpu list")]
	test.equal(online, [True] * 8, "CPUs online")


@suite.case("no VMX", cpu="p4_prescott_celeron_336",
	    text=r"the CPU has no VMX: use a CPU with VT-x")
@suite.case("VMX without EPT", cpu="core2_penryn_t9600",
	    text=r"VMX has no extended page tables of 4 levels with 2 MiB pages: use a newer CPU")
@suite.case("VMX without XSAVE", cpu="corei5_lynnfield_750",
	    text=r"the CPU has no XSAVE: use a newer CPU")
def no_guests_on_vmx(test, cpu, text):
	machine = test.console(bochs_iso(test, FLAT), machine=BochsVmx.name, boot="grub", cpu=cpu)
	machine.expect(text)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")


@suite.case("flat guest on VMX, 1 CPU", cpus=1)
@suite.case("flat guest on VMX, 2 CPUs", cpus=2)
def flat_on_vmx(test, **options):
	machine = test.machine(bochs_iso(test, FLAT), machine=BochsVmx.name, boot="grub", **options)
	machine.expect(r"virtualisation: VMX")
	machine.expect(FLAT_GOOD, absent=r"not ok|mullion: panic|stopped:")


# Bochs's VMRUN ignores V_IRQ if it loads IF: the interrupt comes when the guest sets IF again.
VIRQ_LATE = {
	"TPR falls",
	"an interrupt behind MOV SS and WRMSR",
	"an interrupt behind the WRMSR that sends it",
	"and behind that of the ICR",
}


@suite.case("flat guest on SVM with next-RIP and decode assists, in Bochs")
def flat_on_assists(test):
	machine = test.machine(bochs_iso(test, FLAT), machine=BochsVmx.name, boot="grub",
			       cpu="ryzen", cpus=2)
	machine.expect(r"virtualisation: SVM")
	machine.expect(rf"\[flat\] 1\.\.{FLAT_CHECKS}, failures", absent=r"mullion: panic|stopped:")
	same_answers(test, machine.before(), FLAT_CHECKS, VIRQ_LATE)


def same_answers(test, said, checks, known):
	"""The answers of all checks are right but the known ones."""
	test.equal(set(re.findall(r"not ok \d+ - (.*?)\r?\n", said)), set(known), "failures")
	test.equal(len(re.findall(r"^(?:\[.*\] )?ok \d+ - ", said, re.M)), checks - len(known),
		   "the others")


# Of the flat guest's checks, those that an emulator itself does not pass, and why.
BARE = {
	"signature": "there is no hypervisor",
	"VM_HSAVE_PA": "the emulators have no unknown MSR",
	"VMX_BASIC": "hidden from guests, or no unknown MSR",
	"MONITOR": "hidden from guests",
	"CR4.VMXE": "hidden from guests; QEMU repeats the instruction",
	"a barrier if it is offered": "the emulators have no unknown MSR",
	"deadline": "Bochs keeps the value; it is 0 then by SDM vol. 3, 10.5.4.1",
}
BARE_BOCHS = {
	**BARE,
	"no VMX or SMX": "hidden from guests",
	"IOAPIC version": "Bochs has an older one",
	"CR4 shows no VMXE": "an earlier check has set it",
}
BARE_QEMU = {	# a CPU without SVM
	**BARE,
	"leaf of SVM": "a leaf that is not there has values",
	"EFER.SVME": "a reserved bit of EFER is ignored",
	"EOI of 1": "the value of an EOI is ignored",
	"PRED_CMD of 2": "QEMU has no unknown MSR",
	"deadline reads back": "the timer has no deadline",
	"deadline": "the timer has no deadline",
	"a deadline of 0 disarms": "the timer has no deadline",
	"TSC_ADJUST is offered": "QEMU's CPU has none",
	"the counter follows TSC_ADJUST": "QEMU's CPU has none",
	"PAT of type 2": "QEMU checks no memory type",
	"MTRR of type 2": "QEMU checks no memory type",
	"reserved bit of an MTRR": "QEMU checks none",
	"absent memory": "it reads as zeros",
}


# The same of flat-devices.
BARE_DEVICES = {
	"fw_cfg's map of memory": "QEMU has another file there",
	"MOVZX and MOVSX": "absent memory reads as zeros",
	"MOV of immediates": "absent memory reads as zeros",
	"OR, CMP and XCHG": "absent memory reads as zeros",
	"other instructions get #GP": "a CPU executes them",
	"CONFIG_ADDRESS is a double word": "QEMU reads bytes of it",
	"beyond the ports": "QEMU reads the next function",
	"LINT0 is a virtual wire": "it is, but of trigger mode level",
	"ticks by the IOAPIC": "QEMU's 8259s are not at pin 0",
	"missed ticks come later, by LINT0": "a timer keeps no ticks",
	"missed ticks come later, by the IOAPIC": "a timer keeps no ticks",
}


@suite.case("flat guest without the core, in Bochs", machine=BochsVmx.name, known=BARE_BOCHS)
@suite.case("flat guest without the core, in QEMU", known=BARE_QEMU)
@suite.case("devices of a PC without the core, in QEMU", program="flat-devices",
	    checks=DEVICE_CHECKS, known=BARE_DEVICES, cpus=1, args=("-debugcon", "null"))
def flat_on_bare(test, known, machine="q35-svm", program="flat", checks=FLAT_CHECKS, cpus=2,
		 **options):
	"""The same program on the bare machine: all answers but the listed ones are the same."""
	if machine == BochsVmx.name:
		need_unpacked(test, "grub", "bochs")
		iso = test.directory() / "flat.iso"
		run([GRUB_IMAGE, "iso", iso, X86_64 / f"guests/{program}-multiboot2.elf"])
		options = {"image": iso, "boot": "grub"}
	else:
		options["image"] = X86_64 / f"guests/{program}-multiboot.elf"
		options["cpu"] = "max,-svm"
	bare = test.machine(machine=machine, cpus=cpus, **options)
	bare.expect(rf"1\.\.{checks}, failures")
	same_answers(test, bare.before(), checks, known)


# Fields of which Bochs does not check the reserved bits, as SDM vol. 3, 27.3.1, asks.
BOCHS_ENTERS = {"2802": "DEBUGCTL", "681e": "RIP"}


@suite.case("entry checks of VMX, in Bochs")
def entry_checks(test):
	"""One corrupted field at a time: the CPU refuses just what pure/entry*.c names."""
	need_unpacked(test, "grub", "bochs")
	iso = test.directory() / "entry.iso"
	run([GRUB_IMAGE, "iso", iso, X86_64 / "guests/entry.elf"])
	machine = test.machine(iso, machine=BochsVmx.name, boot="grub")
	end = machine.expect(r"entry: tried, refused, differences: 0x(\w+) 0x(\w+) 0x(\w+) ",
			     absent="the good state is refused")
	tried, refused, differences = (int(n, 16) for n in end.groups())
	found = re.findall(r"entry: (refused|entered) 0x0*(\w+) 0x(\w+) ([^\r\n]*)",
			   machine.before())
	print(f"# {tried} tried, {refused} refused, {differences} differ", flush=True)
	test.equal(len(found), differences, "differences in the log")
	test.check(tried >= 400 and refused >= 200, f"only {tried} tried, {refused} refused")
	for what, field, value, rule in found:
		test.check(what == "entered" and field in BOCHS_ENTERS,
			   f"field 0x{field} = 0x{value}: {what}, and by the checker: {rule}")


# In Bochs a vCPU that masks interrupts leaves by the preemption timer alone, after 65536.
LATE_VMX = 90000


@suite.case("hostile guest beside a witness, on VMX", long=True)
def hostile_on_vmx(test):
	machine = test.machine(bochs_iso(test, HOSTILE), machine=BochsVmx.name, boot="grub")
	late(test, all_ends(test, machine), LATE_VMX, 8)


@suite.case("hostile component beside a witness, on VMX")
def hostile_component_on_vmx(test):
	machine = test.machine(bochs_iso(test, HOSTILE_COMPONENT), machine=BochsVmx.name,
			       boot="grub")
	late(test, all_attacks(test, machine), LATE_NS, 8)


@suite.case("devices of a PC on VMX")
def devices_on_vmx(test):
	machine = test.machine(bochs_iso(test, DEVICES), machine=BochsVmx.name, boot="grub")
	machine.expect(DEVICES_GOOD, absent=r"not ok|mullion: panic|stopped:")


if __name__ == "__main__":
	suite.main()
