# SPDX-License-Identifier: Apache-2.0
"""The images that system tests boot: Debian's kernels, initrds, and packed systems.

A test's system is a board's DTS with changes laid over it as DTS text. A test thus covers the
system that a user gets from boards/, except for the change.
"""

import os
import pathlib
import re
import subprocess

from harness import BUILD, ROOT, Failure

BOARD = ROOT / "boards/qemu-virt"
ARM64 = pathlib.Path(os.environ.get("MULLION_ARM64", BUILD / "arm64"))	# O= of the core
X86_64 = pathlib.Path(os.environ.get("MULLION_X86_64", BUILD / "x86_64"))	# the same
HOST = pathlib.Path(os.environ.get("MULLION_HOST", BUILD / "host"))	# O= of the host programs
FETCHED = BUILD / "debian"	# what scripts/fetch unpacked
KERNELS = ("6.1", "6.12")


def need(path, maker):
	"""path, or an error that says which command makes it."""
	if not path.exists():
		raise SystemExit(f"{path} is missing: run {maker}")
	return path


def kernel(version):
	"""The plain arm64 Image of Debian's kernel of that version."""
	return need(FETCHED / f"Image-{version}", "scripts/fetch")


def busybox():
	return need(FETCHED / "busybox", "scripts/fetch")


def initrd(kind=""):
	"""The initrd with the Debian guest's shell; "-rt" with cyclictest, "-load" with a load."""
	return need(FETCHED / f"initrd{kind}.cpio", "scripts/fetch")


def prepare(kernels=()):
	"""Before a suite's cases: stop with a hint at the command when something is not built."""
	need(ARM64 / "mullion.bin", "make ARCH=arm64")
	need(HOST / "tools/pack", "make ARCH=host tools")
	for version in kernels:
		kernel(version)
	if kernels:
		initrd()


def make_initrd(output, add=()):
	"""An initrd of busybox and boards/common/init, with more executables as (name, path)."""
	command = [ROOT / "scripts/initrd", "--busybox", busybox(),
		   "--init", ROOT / "boards/common/init"]
	for item, path in add:
		command += ["--add", f"{item}={path}"]
	execute([*command, output])
	return output


def guest(name):
	"""The Image of a test guest (tests/guests)."""
	return need(ARM64 / f"guests/{name}.img", "make ARCH=arm64 guests")


def linux_program(name):
	"""A program of tests/linux, for Linux in a guest."""
	return need(ARM64 / f"guests/linux/{name}", "make ARCH=arm64 guests")


def execute(command):
	result = subprocess.run([str(c) for c in command], stdin=subprocess.DEVNULL,
				stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
	if result.returncode != 0:
		raise Failure(f"{' '.join(str(c) for c in command)} failed:\n{result.stdout}")
	return result.stdout


# --- Descriptions as DTS text ---------------------------------------------------------------------

# The components console and mterm on the machine's UART.
CONSOLE = f'\n/include/ "{BOARD}/console.dtsi"\n'


def ram(size):
	return f"""
				ram {{
					type = "ram";
					guest-address = <0x40000000>;
					size = <{size:#x}>;
				}};"""


def virtual(name, device, address, interrupt):
	"""A region that the guest's vmm emulates, with that shared interrupt."""
	return f"""
				{name} {{
					type = "virtual";
					device = "{device}";
					guest-address = <{address:#x}>;
					size = <0x1000>;
					interrupts = <0 {interrupt} 4>;
				}};"""


UART = virtual("uart", "pl011", 0x09000000, 1)
HVC = virtual("hvc", "virtio-console", 0x0a000000, 16)


def guest_node(name, properties="autostart;", regions="", kernel=None, vcpus="count = <1>;",
	       memory=16 << 20, vmm=None):
	"""A guest that runs an image of tests/guests; without the nodes that are None."""
	nodes = "".join(f"{node} {{ {text} }};" for node, text in (("vcpus", vcpus), ("vmm", vmm))
			if text is not None)
	return f"""
		{name} {{
			kernel = "{kernel or name}.img";
			{properties}
			{nodes}
			aspace {{{ram(memory)}{regions}
			}};
		}};"""


def changes(guests="", components="", channels="", vmm=""):
	"""DTS text to lay over a description: the contents of these nodes."""
	nodes = (("vmm", vmm), ("components", components), ("guests", guests),
		 ("channels", channels))
	return "\n/ {" + "".join(f"\n\t{name} {{ {text} }};" for name, text in nodes if text) + \
		"\n};\n"


def description(guests, **nodes):
	"""DTS text of a whole system that takes nothing from a board."""
	return '/dts-v1/;\n/ { compatible = "mullion,system"; };' + changes(guests, **nodes)


def emulated(guest, regions, properties=""):
	"""Changes: the guest's vmm emulates these regions and has a line to the console."""
	return changes(f"""
		{guest} {{
			{properties}
			vmm {{ console = "console"; }};
			aspace {{{regions}
			}};
		}};""")


def line(guest, region):
	"""The channel of a guest's virtio console."""
	return f"""
		{guest}-{region} {{
			between = "console", "vmm-{guest}";
			size = <0x2000>;
		}};"""


def relays(guest):
	"""Changes: a chain of three relays (tests/components/relay); the first is the vmm."""
	return changes(f'{guest} {{ vmm {{ program = "relay.elf"; }}; }};', """
		service { program = "relay.elf"; };
		driver { program = "relay.elf"; };""", f"""
		first {{
			between = "vmm-{guest}", "service";
			size = <0x1000>;
		}};
		second {{
			between = "service", "driver";
			size = <0x1000>;
		}};""")


def overlay(base, changes):
	"""DTS text: the board file base (or a path) with the nodes in changes laid over it."""
	path = base if os.path.isabs(base) else BOARD / base
	return f'/include/ "{path}"\n{changes}\n'


def debian_files(version):
	"""The files that boards/qemu-virt/linux.dts names, for pack()."""
	return [("Image", kernel(version)), ("initrd.cpio", initrd())]


def pack(directory, dts, files=(), check=True, bundle_only=False, core=None, built=ARM64):
	"""Pack a system: DTS text and its image files -> the path of a mullion.img in directory.

	files: pairs (name that the tree uses, path). check=False packs a wrong description, too.
	bundle_only=True makes the bundle apart, for a boot loader's initrd. built: where the core
	and the components are.
	"""
	source = directory / "system.dts"
	source.write_text(dts)
	for name, path in files:
		link = directory / name
		if not link.exists():
			link.symlink_to(pathlib.Path(path).resolve())
	output = directory / "mullion.img"
	command = [HOST / "tools/pack", "--core", core or built / "mullion.bin", "-I", directory,
		   "-I", built / "components", "-o", output]
	if not check:
		command.append("--no-check")
	if bundle_only:
		command.append("--bundle-only")
	execute([*command, source])
	return output


def attacks(arch):
	"""How many attacks the hostile component has: the names in its source."""
	directory = ROOT / "tests/components/hostile"
	raw = (directory / arch / "attacks.h").read_text()
	raw = re.search(r"#define RAW\(X\)(.*?)\n/\*", raw, re.S).group(1)
	table = (directory / "main.c").read_text()
	table = re.search(r"attacks\[\] = \{(.*?)\n\};", table, re.S).group(1)
	return len(re.findall(r'\{ "', table)) + len(re.findall(r"X\(\w+\)", raw))


def check_profile(test, machine, key, guest, reasons):
	"""The terminal records what a shell's command in the guest at a port's key causes."""
	machine.terminal()
	test.equal(machine.json(f"profile on {guest}"), {"done": "on", "name": guest}, "profile on")
	machine.look(key, guest)
	machine.run("echo profiled")
	machine.terminal()
	machine.json(f"profile off {guest}")
	said = machine.json(f"profile show {guest}")
	found = {reason["reason"]: reason for reason in said["reasons"]}
	test.check(not said["on"] and reasons <= found.keys(), f"{said!r} without {reasons}")
	for reason in said["reasons"]:
		mean = reason["total_ns"] / reason["count"]
		test.check(0 < reason["min_ns"] <= mean <= reason["max_ns"], f"times: {reason!r}")
	last = machine.json(f"profile exits {guest}")["exits"]
	test.check(len(last) >= 20 and last[0]["exit_ns"] >= said["since_ns"],
		   f"{len(last)} exits since {said['since_ns']}: {last[0]!r}")
	for one, other in zip(last, last[1:]):
		test.check(one["vcpu"] < other["vcpu"] or
			   one["exit_ns"] < one["entry_ns"] < other["exit_ns"],
			   f"{one!r} comes before {other!r}")
		test.check(one["reason"] in found, f"no such reason: {one!r}")
	test.equal(machine.json(f"profile show {guest}"), said, "recorded after the end")
	machine.look(key, guest)


def check_restart(test, machine, vcpus, last="mullion: no guest is running"):
	"""The guest 'linux' at its shell reboots into a new system, and powers the machine off.

	last: of the core's last line, the part that the emulator writes before it ends.
	"""
	machine.run("touch /tmp/before-reboot")
	machine.sendline("reboot -f")
	machine.expect(r"mullion: guest 'linux' reset \(1\)")
	machine.shell()
	machine.run("test -e /tmp/before-reboot")
	test.equal(machine.status, 1, "a file of before the restart (0: still there)")
	test.equal(machine.run("nproc").strip(), str(vcpus), "nproc after the restart")
	machine.sendline("poweroff -f")
	machine.expect("mullion: guest 'linux' powered off")
	machine.expect(last)
	machine.expect_end(20)


def large_core(arch, limits, name):
	"""The file `name` of a core that is built for more guests and regions than usual."""
	return core_with(arch, "large", [f"CONFIG_MAX_{what}={count}" for what, count in
					 limits.items()], name)


def core_with(arch, tag, options, name):
	"""The file `name` of a core with other options: lines of a .config."""
	place = BUILD / f"{tag}-{arch}"
	place.mkdir(parents=True, exist_ok=True)
	config = "".join(line + "\n" for line in options)
	if not (place / ".config").exists() or config not in (place / ".config").read_text():
		(place / ".config").write_text(config)
	relative = place.relative_to(ROOT)
	execute(["make", "-s", "-j2", "-C", ROOT, f"ARCH={arch}", f"O={relative}",
		 relative / name])
	return place / name
