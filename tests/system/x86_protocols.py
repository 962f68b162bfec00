#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""x86-64: guests by each boot protocol, and the ACPI tables that a guest finds.

PVH starts Debian's own vmlinux, which is taken out of its bzImage here. Multiboot and the reset
vector start programs of tests/guests.
"""

import gzip
import os
import pathlib
import re
import shutil
import struct
import subprocess

from harness import BUILD, LOGS, ONE_THREAD, ROOT, TERMINAL_PROMPT, Suite
from systems import HOST, X86_64, execute, need

FETCHED = BUILD / "debian-amd64"
WORK = LOGS / "x86_protocols"
LZ4_LEGACY = 0x184c2102
PAYLOAD = 0x248	# its offset and length, in a bzImage's header
SECONDS = 240	# on a busy machine
FLAT = """/dts-v1/;
/include/ "console.dtsi"
/ {{
	compatible = "mullion,system", "mullion,x86-64";
	vmm {{ stay; }};
	guests {{ guest {{
		autostart;
		kernel = "{kernel}";
		{more}
		vcpus {{ count = <2>; }};
		aspace {{
			ram {{ type = "ram"; guest-address = <0>; size = <0x01000000>; }};
			{regions}
		}};
	}}; }};
}};
"""
DEBIAN = """/dts-v1/;
/include/ "two-linux.dts"
/ {{
	templates {{ debian {{ kernel = "{kernel}"; }}; }};
	guests {{ /delete-node/ linux2; }};
}};
"""
CLOCK = """clock {
	type = "device";
	compatible = "motorola,mc146818";
	guest-address = <0x80000000 0x70>;
	host-address = <0x80000000 0x70>;
	size = <2>;
};"""
RESET = ('/include/ "devices.dtsi" '
	 'rom { type = "ram"; guest-address = <0xfffff000>; size = <0x1000>; };')


def lz4_block(data):
	"""One block of LZ4."""
	out, at = bytearray(), 0

	def length(first):
		nonlocal at
		more = first == 15
		while more:
			more = data[at] == 255
			first += data[at]
			at += 1
		return first

	while at < len(data):
		token = data[at]
		at += 1
		literals = length(token >> 4)
		out += data[at:at + literals]
		at += literals
		if at >= len(data):
			break
		distance = data[at] | data[at + 1] << 8
		at += 2
		count = length(token & 15) + 4
		start = len(out) - distance
		if distance >= count:
			out += out[start:start + count]
		else:
			piece = bytes(out[start:])
			out += (piece * (count // distance + 1))[:count]
	return bytes(out)


def vmlinux(image):
	"""The ELF file inside a bzImage that was compressed with LZ4."""
	setup = (image[0x1f1] + 1) * 512
	offset, size = struct.unpack_from("<II", image, PAYLOAD)
	data = image[setup + offset:setup + offset + size]
	if struct.unpack_from("<I", data)[0] != LZ4_LEGACY:
		raise SystemExit("Debian's kernel is no longer compressed with LZ4")
	out, at = [], 4
	while at + 4 <= len(data) - 4:	# the last word is the file's size
		size = struct.unpack_from("<I", data, at)[0]
		out.append(lz4_block(data[at + 4:at + 4 + size]))
		at += 4 + size
	return b"".join(out)


def setup():
	WORK.mkdir(parents=True, exist_ok=True)
	need(X86_64 / "mullion.elf", "make ARCH=x86_64")
	need(X86_64 / "guests/reset.img", "make ARCH=x86_64 guests")
	need(HOST / "tools/pack", "make ARCH=host tools")
	need(ROOT / "build/emulators/qemu/root", "scripts/unpack qemu")


def start(test, system, **options):
	"""A machine with a system that is given as text."""
	directory = test.directory()
	(directory / "system.dts").write_text(system)
	output = directory / "bundle.cpio"
	command = [HOST / "tools/pack", "--bundle-only", "-o", output]
	for images in (ROOT / "boards/pc", X86_64 / "components", X86_64 / "guests", FETCHED, WORK):
		command += ["-I", images]
	execute([*command, directory / "system.dts"])
	return test.console(X86_64 / "mullion.elf", machine="q35-svm", initrd=output, **options)


def debian(test, kernel):
	"""The shell of a Debian guest with this kernel."""
	machine = start(test, DEBIAN.format(kernel=kernel), memory=1024, timeout=SECONDS,
			args=ONE_THREAD)
	machine.expect(TERMINAL_PROMPT, absent=r"mullion: panic")
	machine.look("2", "linux1")
	machine.shell()
	return machine


suite = Suite("x86_protocols", setup)


@suite.case("Multiboot", kernel="flat-multiboot.elf", text=r"by Multiboot: 1\.\.\d+, all good")
@suite.case("Multiboot2", kernel="flat-multiboot2.elf", text=r"by Multiboot2: 1\.\.\d+, all good")
def multiboot(test, kernel, text):
	machine = start(test, FLAT.format(kernel=kernel, more="vmm { };", regions=CLOCK))
	machine.expect(text, absent=r"not ok|mullion: panic|stopped:")


@suite.case("reset vector")
def reset_vector(test):
	more = 'kernel-type = "raw"; load-address = <0xfffff000>; vmm { };'
	machine = start(test, FLAT.format(kernel="reset.img", more=more, regions=RESET))
	machine.expect(r"\[reset\] vector\.", absent=r"mullion: panic|stopped:")
	machine.expect(r"\[reset\] served\.", absent=r"mullion: panic|stopped:")
	machine.expect(r"\[reset\] ticking", absent=r"mullion: panic|stopped:")


@suite.case("PVH, Debian's vmlinux, gzip'd")
def pvh(test):
	image = need(FETCHED / "linux-6.1/bzImage", "scripts/fetch --arch amd64")
	(WORK / "vmlinux.gz").write_bytes(gzip.compress(vmlinux(image.read_bytes()), 1))
	machine = debian(test, "vmlinux.gz")
	test.contains(machine.run("dmesg"), r"Booting paravirtualized kernel|Linux version 6\.1",
		      "dmesg")
	test.equal(machine.run("nproc").strip(), "2", "nproc")


@suite.case("ACPI tables by iasl")
def acpi(test):
	iasl = shutil.which("iasl")
	if iasl is None:
		test.skip("iasl is not installed; scripts/setup installs acpica-tools")
	need(FETCHED / "linux-6.1/bzImage", "scripts/fetch --arch amd64")
	machine = debian(test, "linux-6.1/bzImage")
	names = machine.run("ls /sys/firmware/acpi/tables").split()
	directory = test.directory()
	for name in ("APIC", "DSDT", "FACP"):
		test.equal(name in names, True, f"the table {name}")
		text = machine.run(f"base64 /sys/firmware/acpi/tables/{name}")
		table = directory / f"{name}.dat"
		subprocess.run(["base64", "-d"], input=re.sub(r"\s", "", text).encode(), check=True,
			       stdout=table.open("wb"))
		output = subprocess.run([iasl, "-d", table], stdout=subprocess.PIPE,
					stderr=subprocess.STDOUT, text=True, check=False)
		test.equal(output.returncode, 0, output.stdout)
		test.equal(re.findall(r".*(?:[Ww]arning|[Ee]rror|Invalid).*", output.stdout), [],
			   f"complaints about {name}")
		if name == "DSDT":
			output = subprocess.run([iasl, "-oa", table.with_suffix(".dsl")],
						stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
						text=True, check=False)
			test.contains(output.stdout, r" 0 Errors", "compiling the DSDT again")


if __name__ == "__main__":
	suite.main()
