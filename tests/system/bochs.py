# SPDX-License-Identifier: Apache-2.0
"""The kind of machine bochs-vmx. Its import adds it to the harness's kinds."""

import pathlib

from harness import MACHINES, ROOT


class BochsVmx:
	"""Bochs, which has VMX. Its serial port is the terminal that the harness gave it."""
	name = "bochs-vmx"
	boot_paths = ("grub",)

	@staticmethod
	def command(image=None, cpu="corei7_icelake_u", cpus=1, memory=256, boot="grub", disk=None):
		"""The emulator's command line for one machine. image: an ISO file."""
		if boot != "grub" or disk is not None:
			raise ValueError("bochs-vmx starts from an ISO file alone")
		return [f"{ROOT}/scripts/bochs", "--model", cpu, "--cpus", f"{cpus}",
			f"{image}", f"{memory}", f"{image}.bochs"]

	@staticmethod
	def start(machine):
		"""Firmware and GRUB need no answer."""

	@staticmethod
	def messages(image):
		"""The end of the emulator's own messages about the machine started from image."""
		said = pathlib.Path(f"{image}.bochs/output")
		return said.read_text(errors="replace")[-600:] if said.exists() else ""


MACHINES[BochsVmx.name] = BochsVmx()
