#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A guest's disk behind a service and a driver: boards' storage.dts.

The guest writes and verifies blocks of generations (tests/linux/blocks.c) while driver,
service and vmm are killed. Then the image file is read from outside.
"""

import functools
import re
import struct
import time

from harness import SHELL_PROMPT, TERMINAL_PROMPT, Suite, Test
import systems

BAD = r"mullion: panic|Kernel panic|BUG:|rcu: INFO|I/O error|reset limit"
DISK_MIB = 16
WORKERS = 3
BLOCK, BLOCKS = 4096, 64	# bytes; of each worker
COMPONENTS = ("disk", "blk", "vmm-linux")
MODULES = ("virtio", "virtio_ring", "virtio_mmio", "virtio_console", "virtio_blk", "virtio-rng")
PAUSE_S = 0.2	# between two kills
MASK = (1 << 64) - 1

# A vmm is restarted as often as it is killed.
ALWAYS = systems.changes("linux { vmm { restart = \"always\"; }; };")

suite = Suite("storage", setup=functools.partial(systems.prepare, ["6.1"]))


def qemu_disk(image):
	"""QEMU's arguments for a virtio disk of version 2."""
	return ["-global", "virtio-mmio.force-legacy=false",
		"-drive", f"file={image},format=raw,if=none,id=storage",
		"-device", "virtio-blk-device,drive=storage"]


def pci_disk(image):
	"""The same as device 4 of PCI bus 0."""
	return ["-drive", f"file={image},format=raw,if=none,id=storage",
		"-device", "virtio-blk-pci,drive=storage,addr=4"]


# The disk of storage.dts behind PCI, on arm64.
ON_PCI = systems.changes(components="""
		disk {
			arguments = "";
			aspace {
				function {
					type = "pci";
					pci = <0 0 4 0>;
					interrupts = <0 3 4>;
				};
				registers {
					host-address = <0x20000000>;
					size = <0x8000>;
					/delete-property/ interrupts;
					/delete-property/ compatible;
				};
			};
		};""")


def start(test, image, changes="", args=None, **options):
	"""The guest at its shell."""
	directory = test.directory()
	modules = systems.FETCHED / "linux-6.1/modules"
	initrd = systems.make_initrd(directory / "initrd.cpio", [
		("start", systems.ROOT / "boards/common/start-virtio"),
		*((f"lib/{name}.ko", modules / f"{name}.ko") for name in MODULES),
		("bin/blocks", systems.linux_program("blocks"))])
	files = [("Image", systems.kernel("6.1")), ("initrd-virtio.cpio", initrd)]
	dts = systems.overlay("storage.dts", ALWAYS + changes)
	packed = systems.pack(directory, dts, files)
	machine = test.console(packed, args=args or qemu_disk(image), **options)
	machine.expect(TERMINAL_PROMPT, absent=BAD)
	await_shell(machine)
	return machine


def await_shell(machine):
	"""From the terminal to the shell of the guest's UART."""
	machine.look("2", "linux")
	machine.expect(r"built-in shell \(ash\)", absent=BAD)
	machine.expect(SHELL_PROMPT, absent=BAD)
	machine.run("dmesg -n 1")


def make_image(test):
	image = test.directory() / "disk.img"
	image.write_bytes(bytes(DISK_MIB << 20))
	return image


def kill_all(machine, kills):
	"""Kill the components one after the other, from the terminal."""
	machine.terminal()
	for number in range(kills):
		component = COMPONENTS[number % len(COMPONENTS)]
		machine.sendline(f"component kill {component} --yes")
		restarts = number // len(COMPONENTS) + 1
		machine.expect(rf"component '{component}' is restarted \({restarts}\)", absent=BAD)
		time.sleep(PAUSE_S)
	machine.send("\r")
	for component in COMPONENTS:
		Test.equal(machine.json(f"component show {component}")["state"], "running",
			   f"state of {component}")


def rounds_of(report):
	"""The last round of each worker, as blocks reports them."""
	ends = re.findall(r"^blocks: worker (\d+) ended with blocks from (\d+) round (\d+)$",
			  report, re.M)
	Test.equal(sorted(int(worker) for worker, _, _ in ends), list(range(WORKERS)),
		   f"workers that ended, in {report!r}")
	Test.check(report.endswith("blocks: passed\n"), f"blocks reports {report!r}")
	return {int(first): int(number) for _, first, number in ends}


def block_of(number, generation):
	first = number << 32 | generation
	words = ((first + i * 0x9e3779b97f4a7c15) & MASK for i in range(BLOCK // 8))
	return struct.pack(f"<{BLOCK // 8}Q", *words)


def check_image(image, rounds):
	"""The file has each block of its worker's last round."""
	with open(image, "rb") as file:
		for first, generation in rounds.items():
			file.seek(first * BLOCK)
			for number in range(first, first + BLOCKS):
				Test.check(file.read(BLOCK) == block_of(number, generation),
					   f"block {number} is not that of round {generation}")


def killed(test, gic, kills):
	image = make_image(test)
	check(start(test, image, gic=gic), image, kills)


@suite.case("driver, service and vmm killed, a disk on PCI", long=True)
def killed_on_pci(test):
	image = make_image(test)
	check(start(test, image, ON_PCI, pci_disk(image), gic=3), image, 12)


def check(machine, image, kills):
	"""Kill the components under load. The guest's shell is displayed, and image is its disk."""
	Test.equal(machine.run("cat /sys/block/vda/size /sys/block/vda/ro /sys/block/vdb/size "
			       "/sys/block/vdb/ro /sys/block/vda/serial; echo").split(),
		   ["30720", "0", "2048", "1", "vda"], "sizes, read-only, serial number")
	machine.run(f"blocks /dev/vda {WORKERS} /tmp/stop >/tmp/report 2>&1 & true")
	kill_all(machine, kills)
	machine.look("2", "linux")
	machine.run("true")
	machine.run("touch /tmp/stop; wait")
	rounds = rounds_of(machine.run("cat /tmp/report"))
	Test.check(min(rounds.values()) > 1, f"rounds of the workers: {rounds}")
	Test.equal(machine.run("dmesg | grep -iE 'error|vd[ab].*fail|timeout|hung'"), "",
		   "complaints")
	check_image(image, rounds)


suite.add("driver, service and vmm killed under load, GICv3", killed, gic=3, kills=12)
for version in (2, 3):
	suite.add(f"driver, service and vmm killed 120 times, GICv{version}", killed, long=True,
		  gic=version, kills=120)

if __name__ == "__main__":
	suite.main()
