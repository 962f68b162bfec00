# SPDX-License-Identifier: Apache-2.0
"""The kind of machine bochs-vmx. Its import adds it to the harness's kinds."""

import pathlib

from harness import MACHINES, ROOT

BOCHS = (
	"config_interface: textconfig",
	'display_library: rfb, options="timeout=0"',
	"plugin_ctrl: unmapped=1, iodebug=1, speaker=0",
	'cpu: model={cpu}, count=1, ips=50000000, ignore_bad_msrs=1, msrs="/dev/null"',
	"memory: guest={memory}, host={memory}",
	"romimage: file={root}/usr/share/bochs/BIOS-bochs-latest",
	"vgaromimage: file={root}/usr/share/bochs/VGABIOS-lgpl-latest",
	"ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14",
	"ata0-master: type=cdrom, path={image}, status=inserted",
	"boot: cdrom",
	"com1: enabled=1, mode=term, dev=/dev/tty",
	"log: {work}/log",
	"panic: action=fatal",
	"error: action=report",
	"info: action=ignore",
	"debug: action=ignore",
	"clock: sync=none, time0=1700000000",
)


class BochsVmx:
	"""Bochs, which has VMX. Its serial port is the terminal that the harness gave it."""
	name = "bochs-vmx"
	boot_paths = ("grub",)

	@staticmethod
	def command(image=None, cpu="corei7_icelake_u", memory=256, boot="grub", disk=None):
		"""The emulator's command line for one machine with one CPU. image: an ISO file."""
		if boot != "grub" or disk is not None:
			raise ValueError("bochs-vmx starts from an ISO file alone")
		work = pathlib.Path(f"{image}.bochs")
		work.mkdir(exist_ok=True)
		root = ROOT / "build/emulators/bochs/root"
		lines = "\n".join((*BOCHS, ""))
		values = {"cpu": cpu, "memory": memory, "root": root, "image": image, "work": work}
		(work / "rc").write_text(lines.format(**values))
		(work / "commands").write_text("c\n")
		# The terminal stays open from the start: its end would be the machine's.
		run = (f"exec 3>&1; exec {ROOT}/scripts/unpacked bochs bochs-bin -q -f {work}/rc "
		       f"-rc {work}/commands </dev/null >{work}/output 2>&1")
		return ["/bin/sh", "-c", run]

	@staticmethod
	def start(machine):
		"""Firmware and GRUB need no answer."""


MACHINES[BochsVmx.name] = BochsVmx()
