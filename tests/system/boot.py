#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Ways to start Mullion, machines it must run on, and machines and systems it must refuse.

Also guests that are no Linux (U-Boot), and two guests of which one stops.
"""

import functools
import gzip
import struct
import subprocess

from harness import ROOT, STAMP, Failure, Suite, Test, UBOOT, machine_tree
import systems

MODELS = ("cortex-a53", "cortex-a57", "cortex-a72", "neoverse-n1", "max")
IMAGE_AT = 0x44000000	# where the stub starts the image
TREE_AT = 0x43000000
STUB_AT = 0x42000000

NOT_WELL = "FAILED|mullion: guest 'witness'|mullion: panic"
NOT_REFUSED = "Booting Linux|mullion: panic|mullion: guest '"

suite = Suite("boot", setup=functools.partial(systems.prepare, ["6.1"]))


def debian(test, changes=""):
	"""A packed image of the board's Debian guest, 6.1, with changes."""
	text = systems.overlay("linux.dts", changes)
	return systems.pack(test.directory(), text, systems.debian_files("6.1"))


def reaches_shell(test, machine, vcpus=2):
	machine.shell()
	test.equal(machine.run("nproc").strip(), str(vcpus), "nproc")
	machine.sendline("poweroff -f")
	machine.expect("mullion: guest 'linux' powered off")
	machine.expect_end(20)


# --- Boot paths ---------------------------------------------------------------------------------

def boot_path(test, boot, gic):
	reaches_shell(test, test.machine(debian(test), boot=boot, gic=gic))


for boot in ("uboot-booti", "uboot-bootefi", "edk2"):
	for gic in (2, 3):
		suite.add(f"{boot}, GICv{gic}", boot_path, boot=boot, gic=gic)


@suite.case("bundle as the boot loader's initrd")
def bundle_as_initrd(test):
	"""The image holds one system, the initrd another, which wins."""
	image = debian(test, """
/ { guests { linux { bootargs = "console=ttyAMA0 from-image"; }; }; };""")
	bundle = systems.pack(test.directory(),
			      systems.overlay("linux.dts", """
/ { guests { linux { bootargs = "console=ttyAMA0 from-initrd"; vcpus { count = <1>; }; }; }; };"""),
			      systems.debian_files("6.1"), bundle_only=True)
	machine = test.machine(image, initrd=bundle)
	machine.shell()
	test.contains(machine.run("cat /proc/cmdline"), "from-initrd", "the guest's command line")
	test.equal(machine.run("nproc").strip(), "1", "nproc")


# --- Machines -----------------------------------------------------------------------------------

def machine_kind(test, model, cpus, vcpus):
	changes = f"/ {{ guests {{ linux {{ vcpus {{ count = <{vcpus}>; }}; }}; }}; }};"
	machine = test.machine(debian(test, changes), cpu=model, cpus=cpus)
	reaches_shell(test, machine, vcpus)


for model in MODELS:
	suite.add(f"machine with {model}", machine_kind, model=model, cpus=2, vcpus=2)
suite.add("machine with 1 CPU", machine_kind, model="cortex-a57", cpus=1, vcpus=1)
suite.add("machine with 8 CPUs", machine_kind, model="cortex-a57", cpus=8, vcpus=8)


# --- Machines that are not enough ---------------------------------------------------------------

def is_refused(machine, pattern):
	"""The machine must say why, and then stay still: no guest, no panic."""
	machine.expect(pattern, absent=NOT_REFUSED)
	machine.expect_quiet(2, NOT_REFUSED)


@suite.case("refused: started at EL1")
def started_at_el1(test):
	for gic in (2, 3):
		is_refused(test.machine(debian(test), el2=False, gic=gic), r"mullion: .*EL1")


def edited_tree(test, edit, **options):
	"""QEMU's tree for the machine, with nodes (paths) or properties (pairs) taken out."""
	path = test.directory() / "host.dtb"
	machine_tree(path, **options)
	for item in edit:
		command = ["fdtput", "-r", path, item] if isinstance(item, str) else \
			  ["fdtput", "-d", path, *item]
		subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	return path


def start_with_tree(test, image, tree=None):
	"""Start the image as a boot loader would, with exactly this tree (QEMU's -dtb adds memory).

	A stub of five instructions sets x0 and jumps.
	"""
	stub = test.directory() / "stub.bin"
	stub.write_bytes(struct.pack("<6I2Q",
				     0x580000c0,	# ldr x0, TREE_AT
				     0xaa1f03e1,	# mov x1, xzr
				     0xaa1f03e2,	# mov x2, xzr
				     0xaa1f03e3,	# mov x3, xzr
				     0x58000090,	# ldr x16, IMAGE_AT
				     0xd61f0200,	# br x16
				     TREE_AT if tree else 0, IMAGE_AT))
	args = ["-device", f"loader,file={image},addr={IMAGE_AT:#x},force-raw=on",
		"-device", f"loader,file={stub},addr={STUB_AT:#x},force-raw=on",
		"-device", f"loader,addr={STUB_AT:#x},cpu-num=0"]
	if tree is not None:
		args += ["-device", f"loader,file={tree},addr={TREE_AT:#x},force-raw=on"]
	return test.machine(args=args)


def lacks(test, edit, pattern):
	tree = edited_tree(test, edit)
	is_refused(start_with_tree(test, debian(test), tree), pattern)


suite.add("refused: no interrupt controller", lacks, edit=["/intc@8000000"],
	  pattern="mullion: .*interrupt controller")
suite.add("refused: no memory", lacks, edit=["/memory@40000000"], pattern="mullion: .*memory")


@suite.case("refused: no device tree")
def no_tree(test):
	is_refused(start_with_tree(test, debian(test)), "mullion: .*device tree")


@suite.case("no UART in the machine's tree")
def no_uart(test):
	"""The core has no console then, but guests run; this one brings its own UART."""
	tree = edited_tree(test, ["/pl011@9000000"])
	machine = start_with_tree(test, debian(test), tree)
	machine.shell()
	test.equal(machine.run("nproc").strip(), "2", "nproc")


@suite.case("starts from a loader that gives only x0")
def plain_start(test):
	reaches_shell(test, start_with_tree(test, debian(test), edited_tree(test, [])))


@suite.case("refused: a description with mistakes")
def bad_description(test):
	"""Every mistake is printed, with path and value, and nothing is started."""
	changes = """
/ {
	guests {
		linux {
			bootarg = "quiet";
			vcpus { count = <99>; };
			aspace {
				ram2 {
					type = "ram";
					guest-address = <0x40001000>;
					size = <0x1000>;
				};
				odd {
					type = "ram";
					guest-address = <0x80000123>;
					size = <0x1000>;
				};
			};
		};
	};
};"""
	image = systems.pack(test.directory(), systems.overlay("linux.dts", changes),
			     systems.debian_files("6.1"), check=False)
	machine = test.machine(image)
	machine.expect(r"mullion: the description has \d mistakes; nothing is started",
		       absent=NOT_REFUSED)
	said = machine.before()
	for path, words in (("/guests/linux", "bootarg.*bootargs"), ("/guests/linux/vcpus", "99"),
			    ("/guests/linux/aspace/ram2", "overlap"),
			    ("/guests/linux/aspace/odd", "0x80000123")):
		test.contains(said, f"{path}.*({words})", "the list of mistakes")


def with_virtio(test, trust):
	"""linux.dts with virtio transports of the machine, packed without a check."""
	changes = f"""
/ {{ guests {{ linux {{ {trust} aspace {{ virtio {{
	type = "device";
	guest-address = <0x0a003000>;
	host-address = <0x0a003000>;
	size = <0x1000>;
	compatible = "arm,pl011"; /* which is not so */
}}; }}; }}; }}; }};"""
	return systems.pack(test.directory(), systems.overlay("linux.dts", changes),
			    systems.debian_files("6.1"), check=False)


@suite.case("refused: a device that does DMA, of a guest that is not trusted with it")
def dma_refused(test):
	machine = test.machine(with_virtio(test, ""))
	is_refused(machine, r"error: /guests/linux/aspace/virtio: .*virtio_mmio@a003000 "
			    r".*trusted-dma.*\n.*1 mistake; nothing is started")


@suite.case("a device that does DMA, of a guest that is trusted with it: the log says so")
def dma_trusted(test):
	machine = test.machine(with_virtio(test, "trusted-dma;"))
	machine.expect(r"warning: /guests/linux/aspace/virtio: .*'linux' is trusted with")
	reaches_shell(test, machine)


# --- Guests -------------------------------------------------------------------------------------

def uboot_guest(test, gic):
	image = systems.pack(test.directory(), systems.overlay("u-boot.dts", ""),
			     [("u-boot.bin", UBOOT)])
	machine = test.machine(image, gic=gic, cpus=1)
	machine.expect(r"U-Boot \d{4}\.\d\d")
	machine.expect("DRAM: +128 MiB")
	machine.expect("Hit any key to stop autoboot")
	machine.send("\n")
	machine.expect("=> ")
	machine.command_uboot("echo $((1 + 2)) ok", "ok")
	machine.command_uboot("md.l 40000000 1", "40000000: edfe0dd0")
	machine.sendline("poweroff")
	machine.expect("mullion: guest 'uboot' powered off")
	machine.expect_end(20)


for gic in (2, 3):
	suite.add(f"U-Boot as a guest, GICv{gic}", uboot_guest, gic=gic)

WITNESS = systems.changes("linux { vcpus { count = <1>; }; };" + systems.guest_node("witness"))


def two_guests(test, gic):
	"""Debian is restarted and powered off; the guest beside it does not notice."""
	files = [*systems.debian_files("6.1"), ("witness.img", systems.guest("witness"))]
	image = systems.pack(test.directory(), systems.overlay("linux.dts", WITNESS), files)
	machine = test.machine(image, gic=gic)
	beat = STAMP + r"\[witness\] witness: beat"
	machine.expect(beat)
	machine.shell()
	machine.sendline("reboot -f")
	machine.expect(r"mullion: guest 'linux' reset \(1\)", absent=NOT_WELL)
	machine.expect(beat, absent=NOT_WELL)
	machine.expect("/root # ", absent=NOT_WELL)
	machine.sendline("poweroff -f")
	machine.expect("mullion: guest 'linux' powered off", absent=NOT_WELL)
	for _ in range(3):
		machine.expect(beat, absent=NOT_WELL + "|no guest is running")


for gic in (2, 3):
	suite.add(f"two guests, one of them stopped, GICv{gic}", two_guests, gic=gic)


@suite.case("an ELF guest, and bytes with an entry behind their start")
def elf_guest(test):
	"""The second one's file is the first one's Image behind 4 KiB that are not executed."""
	directory = test.directory()
	(directory / "late.bin").write_bytes(bytes(4096) + systems.guest("rtos").read_bytes())
	rtos = 'autostart; bootargs = "how=reset"; '
	guests = systems.guest_node("elf", rtos + 'kernel-type = "elf";', kernel="rtos-fixed") + \
		systems.guest_node("late", rtos + 'kernel-type = "raw"; '
				   "load-address = <0x401ff000>; entry = <0x40200000>;")
	dts = systems.description(guests).replace("rtos-fixed.img", "rtos-fixed.elf") \
		.replace("late.img", "late.bin")
	elf = systems.need(systems.ARM64 / "guests/rtos-fixed.elf", "make ARCH=arm64 guests")
	machine = test.machine(systems.pack(directory, dts, [("rtos-fixed.elf", elf)]), memory=256)
	seen = {"elf": [], "late": []}
	while sum(map(len, seen.values())) < 8:
		match = machine.expect(r"\[(elf|late)\] rtos: (life \d)|"
				       r"guest '(elf|late)' (powered off)",
				       absent=NOT_WELL + "|FAILED")
		name, line = (group.decode() for group in match.groups() if group)
		seen[name].append(line)
	for name, lines in seen.items():
		test.equal(lines, ["life 1", "life 2", "life 3", "powered off"], name)

OFF = "# CONFIG_{} is not set"
OPTIONS = {
	"round-robin": [OFF.format("SCHED_PRIORITY"), OFF.format("SCHED_WINDOWS"),
			"CONFIG_LOCK_RANKS=y", "CONFIG_STACK_16K=y"],
	"priorities": [OFF.format("SCHED_WINDOWS"), "CONFIG_LOCK_RANKS=y", "CONFIG_LOG_DEBUG=y"],
	"windows": [OFF.format("SCHED_PRIORITY"), "CONFIG_LOCK_RANKS=y",
		    OFF.format("STACK_PROTECTOR"), OFF.format("BRANCH_PROTECTION")],
}
# No strategy of the description: each core has its own default.
ALONE = """
/ {
	vmm { strategy = "round-robin"; };
};
"""


def other_options(test, tag):
	"""A core with other options runs Debian beside a witness; every lock is checked."""
	core = systems.core_with("arm64", f"boot-{tag}", OPTIONS[tag], "mullion.bin")
	files = [*systems.debian_files("6.1"), ("witness.img", systems.guest("witness"))]
	changes = WITNESS + (ALONE if "SCHED_PRIORITY" in OPTIONS[tag][0] else "")
	image = systems.pack(test.directory(), systems.overlay("linux.dts", changes), files,
			     core=core)
	machine = test.machine(image, gic=3)
	machine.expect(STAMP + r"\[witness\] witness: beat")
	machine.shell()
	machine.sendline("poweroff -f")
	machine.expect("mullion: guest 'linux' powered off", absent=NOT_WELL)


for tag in OPTIONS:
	suite.add(f"a core with other options: {tag}", other_options, tag=tag, long=True)

ITS = """/dts-v1/;
/ {
	description = "a guest in one piece";
	images {
		kernel-1 {
			data = /incbin/("rtos.gz");
			type = "kernel";
			arch = "arm64";
			os = "linux";
			compression = "gzip";
			load = <0>;
			entry = <0>;
			hash-1 { algo = "crc32"; };
			hash-2 { algo = "md5"; };
			hash-3 { algo = "sha1"; };
			hash-4 { algo = "sha256"; };
		};
		ramdisk-1 {
			data = /incbin/("disk");
			type = "ramdisk";
			arch = "arm64";
			os = "linux";
			compression = "none";
			hash-1 { algo = "sha256"; };
		};
	};
	configurations {
		default = "conf-1";
		conf-1 { kernel = "kernel-1"; };
		conf-2 { kernel = "kernel-1"; ramdisk = "ramdisk-1"; };
	};
};
"""


@suite.case("FIT images as guests, and an Image with a tree behind it")
def fit_guest(test):
	directory = test.directory()
	rtos = systems.guest("rtos").read_bytes()
	(directory / "rtos.gz").write_bytes(gzip.compress(rtos, mtime=0))
	(directory / "disk").write_bytes(b"disk" * 5000)
	(directory / "rtos.its").write_text(ITS)
	for name, external in (("inside", []), ("behind", ["-E"])):
		systems.execute(["mkimage", *external, "-f", directory / "rtos.its",
				 directory / f"{name}.itb"])
	guests = "".join(systems.guest_node(name, 'autostart; kernel-type = "fit";', kernel=name)
			 for name in ("inside", "behind"))
	dts = systems.description(guests).replace("inside.img", "inside.itb") \
		.replace("behind.img", "behind.itb#conf-2")
	image = systems.pack(directory, dts)
	machine = test.machine(image, memory=256)
	seen = set()
	while len(seen) < 2:
		match = machine.expect(r"guest '(\w+)' powered off", absent=NOT_WELL + "|FAILED")
		seen.add(match.group(1))
	test.equal(seen, {b"inside", b"behind"}, "guests that ran to their end")

	damaged = bytearray((directory / "inside.itb").read_bytes())
	damaged[damaged.index(b"\x1f\x8b") + 100] ^= 1
	(directory / "inside.itb").write_bytes(damaged)
	text = subprocess.run([systems.HOST / "tools/check", "-i", directory, "system.dts"],
			      cwd=directory, stdout=subprocess.PIPE, text=True, check=False).stdout
	test.check('error: /guests/inside: kernel = "inside.itb": is damaged: the crc32 of '
		   "/images/kernel-1/hash-1 is that of other data" in text, text)

	tree = directory / "tree.dtb"
	systems.execute(["dtc", "-q", "-O", "dtb", "-o", tree,
			 ROOT / "tests/unit/config/trees/guest.dts"])
	(directory / "appended").write_bytes(rtos + tree.read_bytes())
	dts = systems.description(systems.guest_node("linux", "", kernel="appended"))
	(directory / "appended.dts").write_text(dts.replace("appended.img", "appended"))
	text = subprocess.run([systems.HOST / "tools/check", "-i", directory, "-H",
			       ROOT / "tests/unit/config/host.dts", "appended.dts"],
			      cwd=directory, stdout=subprocess.PIPE, text=True, check=False).stdout
	test.check('device-tree = "appended.fdt": ' in text, text)


if __name__ == "__main__":
	suite.main()
