#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""What Mullion costs, in instructions, against the budgets and against the last accepted figures.

The emulator counts one nanosecond for each instruction and repeats to the byte, so a figure is the
same on every machine. These are the rows of arm64; bench_x86.py has those of x86-64.
"""

import base64
import functools
import pathlib
import re
import subprocess
import tempfile

import accepted
from harness import DEFAULT_MACHINE, ROOT, STAMP, TURNS
import systems

SYMBOLS = "aarch64-linux-gnu-nm"
BALLAST = 4 << 20	# bytes
RAM = 16 << 20		# of the benchmark guest
OTHER_RAM = 1 << 20	# of each guest beside it
DEBIAN_RAM = 256 << 20

# Ends at once, with so much more RAM.
BOOT = """
/ {{ guests {{ bench {{
	bootargs = "boot";
	aspace {{ ram {{ size = <{size:#x}>; }}; }};
}}; }}; }};
"""
SHARED = systems.changes("""
		bench {
			bootargs = "WHAT";
			vcpus {
				vcpu0 { cpu = <0>; slice-us = <200>; };
				vcpu1 { cpu = <0>; slice-us = <200>; };
			};
		};""")
# The console displays the guest's port, which costs most.
UART = systems.CONSOLE + systems.emulated("bench", systems.UART, 'bootargs = "uart";') + \
	systems.changes(components='console { arguments = "focus=bench"; };')
VIRTIO = systems.CONSOLE + \
	systems.emulated("bench", systems.UART + systems.HVC, 'bootargs = "virtio";') + \
	systems.changes(components='console { arguments = "focus=bench-hvc"; };',
			channels=systems.line("bench", "hvc"))
# A chain of relays, the first of which is the vmm. Each access to its device is a call.
NESTED = systems.changes("bench { bootargs = \"nested\"; aspace {" + systems.UART + "}; };") + \
	systems.relays("bench")
# The curves: so many in all, of the most that a core can be built for.
LARGE = {"GUESTS": 64, "REGIONS": 256, "COMPONENTS": 128}
GUESTS = (1, 8, 32, 64)
REGIONS = (2, 16, 64, 256)


def many_guests(count):
	"""Others beside the benchmark guest: created, not started."""
	return systems.changes("".join(
		systems.guest_node(f"other{i}", "", systems.UART, "bench", vcpus=None,
				   memory=OTHER_RAM, vmm="")
		for i in range(1, count)))


def many_regions(count):
	"""Beside the benchmark guest's RAM and UART."""
	regions = "".join(f"""
		more{i} {{
			type = "alias";
			alias-of = "ram";
			guest-address = <{0x60000000 + 0x2000 * i:#x}>;
			size = <0x1000>;
		}};"""
		for i in range(count - 2))
	return systems.changes("bench { aspace {" + regions + " }; };")


MORE = 'trap-wfi; initrd = "ballast"; initrd-address = <0x40400000>;'
DEBIAN_QUIET = "console=ttyAMA0 quiet"
DEBIAN_LOUD = "console=ttyAMA0"
LOUD_LINES = 700	# beside what the kernel prints:
LOUD_BYTES = 15000	# at least
JOB_DONE = r"job: (\d+) ns, idle ([0-9.]+) s"
# With a UART that its vmm emulates, on the port that has the focus.
DEBIAN_CONSOLE = """
/ {
	components {
		console { arguments = "focus=linux"; };
	};
	vmm { /delete-property/ stay; };
	guests {
		linux {
			bootargs = "BOOTARGS";
			initrd = "job.cpio";
			vcpus { count = <1>; };
		};
	};
};
"""
DEBIAN_GUEST = """
/ {
	guests {
		linux {
			bootargs = "BOOTARGS";
			initrd = "job.cpio";
			vcpus { count = <1>; };
		};
	};
};
"""

CORE = systems.ARM64 / "mullion.bin"

zeroing = {}	# "rate": instructions for a byte of RAM, not rounded
ROWS = accepted.Rows(DEFAULT_MACHINE, ("best peer", "Xvisor", "Xen 4.20", "KVM"))
measured = ROWS.measured
# (count, figure of the row "component", instructions from reset to the guest's first)
curves = {"guests": [], "regions": []}


machine = functools.partial(accepted.machine, icount=True)


def run_guest(directory, name, vcpus, more="", overlay="", cpus=None, core=CORE, **options):
	"""Rows that the benchmark guest counts, as {row: figure}, and its whole output."""
	files = [("bench.img", systems.guest("bench")), ("ballast", directory / "ballast")]
	dts = systems.description(systems.guest_node("bench", f"autostart; {more}",
						     vcpus=f"count = <{vcpus}>;", memory=RAM))
	image = systems.pack(directory, dts + overlay, files, core=core, check=core == CORE)
	cpus = cpus or vcpus
	args = TURNS if cpus > 1 else []
	with machine(name, image, cpus=cpus, args=args, **options) as run:
		said = run.expect_end()
	rows = re.findall(STAMP + r"\[bench\] bench: (\S+) ([0-9.]+)\s*$", said, re.M)
	return {row: float(figure) for row, figure in rows}, said


def measure_guest(directory):
	"""One vCPU, two, and one again that gives its CPU away in WFI and has more to copy."""
	(directory / "ballast").write_bytes(bytes(BALLAST))
	one, said = run_guest(directory, "guest-1", 1)
	two, _ = run_guest(directory, "guest-2", 2)
	heavy, _ = run_guest(directory, "guest-more", 1, MORE)
	shared = {}
	for what in ("switches", "hand-over"):
		shared.update(run_guest(directory, f"guest-{what}", 2, cpus=1,
					overlay=SHARED.replace("WHAT", what))[0])
	uart, _ = run_guest(directory, "guest-uart", 1, overlay=UART)
	measured.update(shared)
	virtio, _ = run_guest(directory, "guest-virtio", 1, overlay=VIRTIO)
	measured.update(uart)
	measured.update(virtio)
	measured.update(two)
	measured.update(one)
	measured["wfi"] = heavy["wfi"]
	for vcpus in (1, 2):
		rows, _ = run_guest(directory, f"guest-gicv2-{vcpus}", vcpus, gic=2)
		measured.update({f"gicv2-{row}": figure for row, figure in rows.items()})
	measure_nested(directory)
	measured["copy"] = round((heavy["reset"] - one["reset"]) / BALLAST, 4)
	measure_boot(directory, one["boot"])
	memory = re.search(STAMP + r"mullion: core: .*memory (\d+) KiB", said, re.M)
	measured["memory"] = float(memory.group(1))


def measure_nested(directory):
	"""An access that 1, 2, 3 components have a part in, and what the last one costs."""
	for gic, prefix in ((3, ""), (2, "gicv2-")):
		rows, said = run_guest(directory, f"guest-nested-gicv{gic}", 1, overlay=NESTED,
				       gic=gic)
		if "wrong answer" in said:
			raise systems.Failure(f"a relay's answer is wrong: {said[-1000:]}")
		measured.update({prefix + row: rows[row] for row in ("nest-1", "nest-2", "nest-3")})
		measured[f"{prefix}nest-hop"] = round(rows["nest-3"] - rows["nest-2"], 1)


# Rows that are counted on -cpu max as well, where pointer authentication and RAS state cost
# something: "max-" before the name.
ON_MAX = ("psci-version", "gicd-typer", "sgi-self", "ping-pong", "component", "uart", "switch",
	  "hand-over")


def measure_max(directory):
	(directory / "ballast").write_bytes(b"")
	found = {}
	for name, vcpus, cpus, overlay in (
			("1", 1, 1, ""), ("2", 2, 2, ""), ("uart", 1, 1, UART),
			("switches", 2, 1, SHARED.replace("WHAT", "switches")),
			("hand-over", 2, 1, SHARED.replace("WHAT", "hand-over"))):
		found.update(run_guest(directory, f"max-{name}", vcpus, overlay=overlay, cpus=cpus,
				       cpu="max")[0])
	measured.update({f"max-{row}": found[row] for row in ON_MAX})


def measure_boot(directory, boot):
	"""From reset to the guest's first instruction: what depends on RAM's size, and the rest."""
	larger, _ = run_guest(directory, "guest-boot", 1, overlay=BOOT.format(size=2 * RAM))
	zeroing["rate"] = (larger["boot"] - boot) / RAM
	measured["zero"] = round(zeroing["rate"], 4)
	measured["boot"] = boot_apart(boot, RAM)


def boot_apart(boot, ram):
	"""Without the zeroing of guests' RAM and the copy of one benchmark guest's image."""
	image = systems.guest("bench").stat().st_size
	return round(boot - zeroing["rate"] * ram - measured["copy"] * image)


def measure_curves(directory):
	"""The exit through a component with more and more guests, and more and more regions."""
	core = systems.large_core("arm64", LARGE, "mullion.bin")
	for what, counts, overlay in (("guests", GUESTS, many_guests),
				      ("regions", REGIONS, many_regions)):
		for count in counts:
			place = directory / f"{what}-{count}"
			place.mkdir()
			rows, _ = run_guest(place, f"{what}-{count}", 1,
					    overlay=UART + overlay(count), core=core)
			others = (count - 1) * OTHER_RAM if what == "guests" else 0
			curves[what].append((count, rows["component"],
					     boot_apart(rows["boot"], RAM + others)))
		first, last = curves[what][0], curves[what][-1]
		measured[f"flat-{what}"] = round(last[1] / first[1], 3)
		measured[f"boot-{what}"] = last[2]


def measure_text():
	elf = systems.need(systems.ARM64 / "mullion.elf", "make ARCH=arm64")
	said = subprocess.run([SYMBOLS, elf], check=True, stdout=subprocess.PIPE, text=True).stdout
	at = {name: int(value, 16) for value, name in re.findall(r"^(\w+) \w (_\w+)$", said, re.M)}
	measured["text"] = at["_text_used"] - at["_boot_end"]
	measured["text-boot"] = at["_boot_text_used"] - at["_boot_begin"]


def measure_debian(directory):
	"""The same kernel, initrd and job, once in a guest and once on the bare machine.

	The bare machine gets the tree that the guest got, so that it is the same machine: a kernel
	on QEMU's own tree would find more devices, and do more work.
	"""
	job = directory / "job.cpio"
	systems.make_initrd(job, [("job", ROOT / "tests/bench/job")])
	said, figure = debian_ratio(directory, "debian", job,
				    systems.overlay("linux.dts", DEBIAN_GUEST), DEBIAN_QUIET, 256)
	measured["debian"] = figure
	# With twice the RAM it takes as much longer as that takes to be zeroed.
	half = created_ns(directory, job, DEBIAN_RAM // 2)
	measured["create"] = round(2 * half - read_created(said))


def read_created(said):
	"""How long the creation of the guest took, in ns."""
	created = re.search(r"mullion: guest 'linux' created in ([0-9.]+) ([um])s", said)
	thousandths = int(created.group(1).replace(".", ""))
	return thousandths * (1 if created.group(2) == "u" else 1000)


def created_ns(directory, job, ram):
	"""The same of a system with less RAM, which is ended then."""
	place = directory / "half"
	place.mkdir()
	dts = DEBIAN_GUEST.replace("BOOTARGS", DEBIAN_QUIET) + f"""
/ {{ guests {{ linux {{ aspace {{ ram {{ size = <{ram:#x}>; }}; }}; }}; }}; }};
"""
	image = systems.pack(place, systems.overlay("linux.dts", dts),
			     [("Image", systems.kernel("6.1")), ("job.cpio", job)])
	with machine("debian-half", image, cpus=1) as run:
		run.expect(r"guest 'linux' created in [0-9.]+ [um]s")
		return read_created(run.before() + run.child.after.decode())


def measure_debian_console(directory):
	"""The same where kernel and job print 15 KB on an emulated UART."""
	job, loud = directory / "job.cpio", directory / "job"
	loud.write_text(f"#!/bin/sh\nseq {LOUD_LINES}\n" + (ROOT / "tests/bench/job").read_text())
	loud.chmod(0o755)
	systems.make_initrd(job, [("job", loud)])
	said, measured["debian-console"] = debian_ratio(
		directory, "debian-console", job,
		systems.overlay("virtio-console.dts", DEBIAN_CONSOLE), DEBIAN_LOUD, 192)
	printed = said[said.index("Booting Linux"):]
	printed = len(printed) + printed.count("\n")
	if printed < LOUD_BYTES:
		raise systems.Failure(f"Debian printed {printed} bytes, not {LOUD_BYTES}")


def debian_ratio(directory, name, job, dts, append, memory):
	"""What the guest's machine said, and its job's time over that of the bare machine."""
	dts = dts.replace("BOOTARGS", append)
	files = [("Image", systems.kernel("6.1")), ("job.cpio", job)]
	image = systems.pack(directory, dts, files)
	tree = guest_tree(directory, dts)
	with machine(f"{name}-guest", image, cpus=1) as run:
		match = run.expect(JOB_DONE)
		said = run.before()
		run.expect_end()
	with machine(f"{name}-bare", systems.kernel("6.1"), cpus=1, memory=memory, el2=False,
		     initrd=job, dtb=tree, append=append) as run:
		bare = int(run.expect(JOB_DONE).group(1))
		run.expect_end()
	return said, round(int(match.group(1)) / bare, 5)


def guest_tree(directory, dts):
	"""The tree that Debian sees in the guest of this system."""
	dump = directory / "dump"
	dump.write_text("#!/bin/sh\necho begin\nbase64 /sys/firmware/fdt\necho end\n")
	dump.chmod(0o755)
	place = directory / "tree"
	place.mkdir()
	job = directory / "dump.cpio"
	systems.make_initrd(job, [("job", dump)])
	image = systems.pack(place, dts, [("Image", systems.kernel("6.1")), ("job.cpio", job)])
	with machine("debian-tree", image, cpus=1) as run:
		run.expect(r"^begin\r*$")
		run.expect(r"^end\r*$")
		text = run.before()
	path = directory / "guest.dtb"
	path.write_bytes(base64.b64decode(text))
	# Linux wipes the seeds that it has used, and does more work when it gets none.
	for name, cells in (("rng-seed", 16), ("kaslr-seed", 2)):
		subprocess.run(["fdtput", "-t", "x", path, "/chosen", name, *["12345678"] * cells],
			       check=True)
	return path


def measure():
	systems.prepare(["6.1"])
	with tempfile.TemporaryDirectory(prefix="mullion-bench-") as directory:
		for name, step in (("guest", measure_guest), ("max", measure_max),
				   ("curves", measure_curves), ("debian", measure_debian),
				   ("debian-console", measure_debian_console)):
			place = pathlib.Path(directory) / name
			place.mkdir()
			step(place)
	measure_text()


def render_curves():
	lines = ["| | exit through a component | "
		 "from reset to the first guest's first instruction |",
		 "|---|--:|--:|"]
	for what, points in curves.items():
		lines += [f"| {count} {what[:-1] if count == 1 else what} "
			  f"| {accepted.number(figure)} "
			  f"| {accepted.number(boot)} |" for count, figure, boot in points]
	return "\n".join(lines) + "\n"


if __name__ == "__main__":
	accepted.main("bench", measure, [ROWS], lambda: {"curves": render_curves()})
