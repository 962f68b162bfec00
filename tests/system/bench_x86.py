#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Mullion costs on x86-64, in instructions: on SVM in QEMU, and on VMX in Bochs.

In both emulators the time-stamp counter counts instructions. QEMU's CPU does not report the next
instruction. So the core decodes its length: that has a row of its own, and others are without it.
`bench_x86.py --profile` prints the functions in which the instructions of each operation are.
"""

import os
import pathlib
import re
import sys
import tempfile

import accepted
from bochs import BochsVmx
from harness import BUILD, ROOT, STAMP, TURNS, Failure, QemuQ35, parallel
import profile_x86
import systems
from systems import X86_64

JOBS = int(os.environ.get("MULLION_JOBS", "2"))
BOARD = ROOT / "boards/pc"
FETCHED = BUILD / "debian-amd64"
CPU = "max,+svm,+npt,-x2apic"	# QEMU's x2APIC timer does not work with -icount
RAM = 16 << 20			# of the benchmark guest
OTHER_RAM = 4 << 20		# of each guest beside it
BALLAST = 1 << 20		# bytes
SIZES = (128 << 20, 256 << 20)	# of RAM, for what grows with it
CLOCKS = 40_000_000		# instructions: two waits of 20 ms at boot, to measure rates
MEMORY = 512			# MiB
# The curves: so many in all, of the most that a core can be built for.
LARGE = {"GUESTS": 64, "REGIONS": 256, "COMPONENTS": 128}
CURVES = {"guests": (1, 64), "regions": (4, 256), "ports": (8, 20)}

SYSTEM = """/dts-v1/;
{include}
/ {{
	compatible = "mullion,system", "mullion,x86-64";
	guests {{ bench {{
		autostart;
		kernel = "{kernel}";
		kernel-type = "raw";
		bootargs = "{what}";
		vcpus {{ count = <{vcpus}>; }};
		aspace {{
			ram {{ type = "ram"; guest-address = <0>; size = <{ram:#x}>; }};
		}};
	}}; }};
}};
"""
UART = """uart {
	type = "virtual";
	device = "ns16550";
	guest-address = <0x80000000 0x3f8>;
	size = <8>;
	interrupts = <4 0>;
};"""
HVC = """hvc {
	type = "virtual";
	device = "virtio-console";
	guest-address = <0xd0000000>;
	size = <0x1000>;
	interrupts = <16 2>;
};"""
CONSOLE = f'/include/ "{BOARD}/console.dtsi"'
# The console displays the guest's port, which costs most.
DEVICES = systems.emulated("bench", UART + HVC) + systems.changes(
	components='console { arguments = "focus=bench"; };', channels=systems.line("bench", "hvc"))

SVM = accepted.Rows(QemuQ35.name, ("floor", "KVM with kvmtool", "Xen 4.20"), "SVM: ")
VMX = accepted.Rows(BochsVmx.name, ("floor", "KVM with kvmtool"), "VMX: ")
# Profiles: the guest's argument, the operations, the system, the row after which they begin.
PROFILES = {
	"exits": ("profile", ("hypercall", "cpuid", "rdmsr", "x2apic_read", "x2apic_write",
			      "no_port", "self_ipi", "timer"), {}, "boot"),
	"devices": ("profile", ("port", "mmio", "uart"),
		    {"changes": DEVICES, "include": CONSOLE}, "boot"),
	"resets": ("resets", ("reset",), {}, "boot"),
	"two": ("two, profile", ("ping",), {"vcpus": 2}, "ping-pong"),
}
BAD = r"mullion: panic|nothing is started|bench: exception"
DECODER = "decode_next"
TRACE_MORE = 20	# instructions: a trace has the operation's call as well


def bundle(directory, what, changes="", include="", vcpus=1, ram=RAM, kernel="bench.img",
	   check=True):
	"""The benchmark guest's system."""
	dts = SYSTEM.format(include=include, what=what, vcpus=vcpus, ram=ram, kernel=kernel)
	return systems.pack(directory, dts + changes,
			    [("bench.img", X86_64 / "guests/bench.img")], bundle_only=True,
			    built=X86_64, check=check)


def q35(name, image, cpus=1, memory=MEMORY, **options):
	return accepted.machine(name, image, machine=QemuQ35.name, cpu=CPU, cpus=cpus,
				memory=memory, icount=True, **options)


def rows_of(said):
	return {row: float(figure) for row, figure in
		re.findall(STAMP + r"\[bench\] bench: (\S+) ([0-9.]+)\s*$", said, re.M)}


def run_svm(directory, name, what, cpus=1, core=X86_64 / "mullion.elf", **options):
	"""Rows that the benchmark guest counts, as {row: figure}, and all output."""
	place = directory / name
	place.mkdir()
	args = TURNS if cpus > 1 else []
	with q35(f"svm-{name}", core, cpus=cpus, args=args,
		 initrd=bundle(place, what, vcpus=cpus, **options)) as run:
		run.expect(r"\[bench\] bench: done", absent=BAD)
		said = run.before()
	return rows_of(said), said


def bare_start():
	"""Instructions before the first one of a program that QEMU starts."""
	with q35("svm-bare", X86_64 / "guests/bench.elf") as run:
		return int(run.expect(r"bench: boot (\d+)\.\d").group(1))


def created_ns(said):
	"""How long the creation of the guest took, in ns."""
	ms = re.search(r"mullion: guest 'bench' created in ([0-9.]+) ms", said)
	return float(ms.group(1)) * 1e6


def measure_boot(directory, boot):
	"""From the core's first instruction to the guest's: RAM's share, and the rest."""
	less, more = (run_svm(directory, f"boot-{size >> 20}", "boot", ram=size) for size in SIZES)
	rate = (more[0]["boot"] - less[0]["boot"]) / (SIZES[1] - SIZES[0])
	image = (X86_64 / "guests/bench.img").stat().st_size
	SVM.measured["zero"] = round(rate, 4)
	SVM.measured["create"] = round(2 * created_ns(less[1]) - created_ns(more[1]))
	SVM.measured["boot"] = round(boot - bare_start() - CLOCKS - rate * RAM -
				     SVM.measured["copy"] * image)


def measure_copy(directory, reset):
	"""A reset with a larger image."""
	image = directory / "large.img"
	data = (X86_64 / "guests/bench.img").read_bytes()
	image.write_bytes(data + bytes(BALLAST))
	place = directory / "large"
	place.mkdir()
	(place / "large.img").symlink_to(image)
	with q35("svm-large", X86_64 / "mullion.elf",
		 initrd=bundle(place, "exits", kernel="large.img")) as run:
		run.expect(r"\[bench\] bench: done", absent=BAD)
		rows = rows_of(run.before())
	rate = (rows["reset"] - reset) / BALLAST
	SVM.measured["copy"] = round(rate, 4)
	SVM.measured["reset"] = round(reset - rate * len(data))


def trace(directory, name):
	"""The traces of a profile's operations, as {operation: functions' names in order}."""
	what, operations, options, ready = PROFILES[name]
	place = directory / f"profile-{name}"
	place.mkdir()
	socket = place / "monitor"
	cpus = options.get("vcpus", 1)
	args = profile_x86.monitor(socket) + (TURNS if cpus > 1 else [])
	with q35(f"svm-profile-{name}", X86_64 / "mullion.elf", cpus=cpus, args=args,
		 initrd=bundle(place, what, **options)) as run:
		run.expect(rf"\[bench\] bench: {ready} ", absent=BAD)
		addresses = profile_x86.record(socket)
	symbols = profile_x86.Symbols(X86_64 / "mullion.elf", X86_64 / "guests/bench.elf")
	return {operation: profile_x86.Piece(piece, symbols) for operation, piece in
		profile_x86.pieces(addresses, symbols).items() if operation in operations}


def decoding(piece):
	"""Instructions of an operation that decode others."""
	count = piece.within(DECODER)
	if count == 0:
		raise Failure(f"a trace has no {DECODER}()")
	return count


def measure_svm(directory):
	rows, said = run_svm(directory, "exits", "exits")
	measured = SVM.measured
	measured.update(rows)
	measured.update(run_svm(directory, "devices", "devices", changes=DEVICES,
				include=CONSOLE)[0])
	measured.update(run_svm(directory, "two", "two", cpus=2)[0])
	for operation, piece in trace(directory, "exits").items():
		row = operation.replace("_", "-")
		if row == "timer":	# its trace begins with the wait for the deadline
			continue
		if abs(len(piece) - measured[row]) > TRACE_MORE:
			raise Failure(f"{operation} has {len(piece)} instructions in its trace, "
				      f"and {measured[row]:g} as the guest counts them")
		if row != "no-port":
			measured[row] -= decoding(piece)
		if row == "hypercall":	# which has one exit
			measured["length"] = decoding(piece)
	# The instructions of both CPUs, not the time: in a part of it neither works.
	ping = trace(directory, "two")["ping"]
	measured["ping-pong"] = len(ping) - decoding(ping)
	measure_copy(directory, rows["reset"])
	measure_boot(directory, rows["boot"])
	memory = re.search(STAMP + r"mullion: core: .*memory (\d+) KiB", said, re.M)
	measured["memory"] = float(memory.group(1))
	measure_text()


def many(what, count):
	"""Changes: so many guests, or regions or ports of the benchmark guest, in all."""
	if what == "guests":
		return systems.changes("".join(f"""
			other{i} {{
				kernel = "bench.img";
				kernel-type = "raw";
				aspace {{ ram {{
					type = "ram";
					guest-address = <0>;
					size = <{OTHER_RAM:#x}>;
				}}; }};
			}};""" for i in range(1, count)))
	if what == "regions":	# beside RAM and two devices
		regions = "".join(f"""
			more{i} {{
				type = "alias";
				alias-of = "ram";
				guest-address = <{0x40000000 + 0x2000 * i:#x}>;
				size = <0x1000>;
			}};""" for i in range(count - 3))
	else:	# beside the UART's; a vmm can have no more grants
		regions = "".join(f"""
			more{i} {{
				type = "virtual";
				device = "debug-port";
				guest-address = <0x80000000 {0x2000 + 2 * i:#x}>;
				size = <1>;
			}};""" for i in range(count - 8))
	return systems.changes("bench { aspace {" + regions + " }; };")


def measure_curves(directory):
	"""The exit through a component with more guests, regions and ports."""
	core = systems.large_core("x86_64", LARGE, "mullion.elf")
	for what, counts in CURVES.items():
		found = []
		for count in counts:
			rows, _ = run_svm(directory, f"{what}-{count}", "devices", core=core,
					  changes=DEVICES + many(what, count), include=CONSOLE,
					  check=False)
			found.append(rows["port"])
		SVM.measured[f"flat-{what}"] = round(found[1] / found[0], 3)


DEBIAN = """/dts-v1/;
/include/ "{board}/two-linux.dts"
/ {{
	components {{ console {{ arguments = "focus=linux1"; }}; }};
	templates {{ debian {{
		bootargs = "console=ttyS0 quiet";
		initrd = "job.cpio";
		vcpus {{ count = <1>; }};
	}}; }};
	guests {{ /delete-node/ linux2; }};
}};
"""
DEBIAN_RAM = 192	# MiB, of the board's guests
JOB_BEGIN = r"job: begins at (\d+) ns"
JOB_END = r"job: (\d+) ns, idle"


def measure_debian(directory):
	"""The same kernel and job in a guest and on the bare machine; both boots apart."""
	initrd, script = directory / "job.cpio", directory / "job"
	script.write_text("#!/bin/sh\n"
			  "awk '/^now at/ { print \"job: begins at \" $3 \" ns\" }' "
			  "/proc/timer_list\n" + (ROOT / "tests/bench/job").read_text())
	script.chmod(0o755)
	systems.execute([ROOT / "scripts/initrd", "--busybox", FETCHED / "busybox",
			 "--init", ROOT / "boards/common/init", "--add", f"job={script}", initrd])
	place = directory / "debian"
	place.mkdir()
	kernel = FETCHED / "linux-6.1/bzImage"
	system = systems.pack(place, DEBIAN.format(board=BOARD),
			      [("bzImage", kernel), ("job.cpio", initrd)], bundle_only=True,
			      built=X86_64)

	def job_ns(run):
		begin, end = (int(run.expect(mark).group(1)) for mark in (JOB_BEGIN, JOB_END))
		return end - begin
	with q35("svm-debian", X86_64 / "mullion.elf", initrd=system) as run:
		guest = job_ns(run)
	with q35("svm-debian-bare", kernel, initrd=initrd, memory=DEBIAN_RAM,
		 append="console=ttyS0 quiet") as run:
		SVM.measured["debian"] = round(guest / job_ns(run), 5)


def measure_text():
	said = systems.execute(["nm", X86_64 / "mullion.elf"])
	at = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (_\w+)$", said, re.M)}
	SVM.measured["text"] = at["_text_used"] - at["_boot_end"]


def measure_vmx(directory):
	"""One CPU, from a CD; no figure is without the firmware's share."""
	for what, options in (("exits", {}), ("devices", {"changes": DEVICES, "include": CONSOLE})):
		place = directory / f"vmx-{what}"
		place.mkdir()
		iso = place / "bench.iso"
		systems.execute([ROOT / "scripts/grub-image", "iso", iso, X86_64 / "mullion.bin",
				 bundle(place, what, **options)])
		with accepted.machine(f"vmx-{what}", iso, machine=BochsVmx.name,
				      boot="grub") as run:
			run.expect(r"\[bench\] bench: done", absent=BAD)
			VMX.measured.update(rows_of(run.before()))


STEPS = (measure_debian, measure_svm, measure_curves, measure_vmx)	# the longest first


def run_step(index):
	"""In a worker: what it has measured, by machine."""
	with tempfile.TemporaryDirectory(prefix="mullion-bench-") as name:
		STEPS[index](pathlib.Path(name))
	return SVM.measured, VMX.measured


def measure():
	for path, maker in (("mullion.elf", "all components"), ("guests/bench.img", "guests")):
		systems.need(X86_64 / path, f"make ARCH=x86_64 {maker}")
	for tools in ("qemu", "bochs", "grub"):
		systems.need(BUILD / f"emulators/{tools}/root", f"scripts/unpack {tools}")
	systems.need(FETCHED / "linux-6.1/bzImage", "scripts/fetch --arch amd64")
	systems.need(systems.HOST / "tools/pack", "make ARCH=host tools")
	for svm, vmx in parallel(run_step, STEPS, JOBS):
		SVM.measured.update(svm)
		VMX.measured.update(vmx)


def print_profiles():
	with tempfile.TemporaryDirectory(prefix="mullion-bench-") as name:
		for profile in PROFILES:
			for operation, piece in trace(pathlib.Path(name), profile).items():
				print(f"{operation}: {len(piece)} instructions, "
				      f"{piece.within(DECODER)} of them below {DECODER}()")
				for function, count in piece.functions():
					print(f"  {count:5} {function}")


if __name__ == "__main__":
	if sys.argv[1:] == ["--profile"]:
		print_profiles()
	else:
		accepted.main("bench_x86", measure, [SVM, VMX])
