#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""How long a CPU takes no interrupts, whatever guests do.

The contract and the hostile guests run on a core that measures it (CONFIG_STEPS, include/mullion/
steps.h). All vCPUs run on one CPU of an emulator that counts an instruction as a nanosecond. The
core logs each new longest stretch. One above the budget fails, and so does one that has grown by
more than a quarter over the figure of its case in tests/bench/steps.json.
"""

import functools
import json
import os
import pathlib
import re
import subprocess

import harness
from harness import ROOT, Suite

O = ROOT / "build/steps"
os.environ["MULLION_ARM64"] = str(O)

import guests	# pylint: disable=wrong-import-position
import systems

TABLE = json.loads((ROOT / "tests/bench/steps.json").read_text())	# instructions
BUDGET = TABLE["budget"]
GROWTH = 1.25
STRETCH = (r"steps: CPU \d+: (\d+) ns masked after (0x[0-9a-f]+) "
	   r"up to 0x[0-9a-f]*?([0-9a-f]{8})\r?\n")
guests.CONTRACT_LIMIT = 1200	# seconds: the emulator is slower when it counts
guests.HOSTILE_LIMIT = 300


def build():
	"""A core with the measurement in a directory of its own."""
	O.mkdir(parents=True, exist_ok=True)
	config = O / ".config"
	if not config.exists() or "CONFIG_STEPS=y" not in config.read_text():
		config.write_text("CONFIG_STEPS=y\n")
	subprocess.run(["make", "-s", "-C", ROOT, "ARCH=arm64", f"O={O}", "all", "components",
			"guests"],
		       check=True, stdin=subprocess.DEVNULL)


def symbol(address):
	"""The function of the core that holds that address, by its low 32 bits."""
	best = (0, "?")
	listing = subprocess.run(["aarch64-linux-gnu-nm", O / "mullion.elf"], check=True,
				 capture_output=True, text=True).stdout
	for line in listing.splitlines():
		value, kind, name = line.split()
		low = int(value, 16) & 0xffffffff
		if kind in "tT" and best[0] < low <= address:
			best = (low, name)
	return best[1]


def longest(text):
	"""(instructions, how it began, function where it ended) of the longest stretch in a log."""
	found = [(int(ns), cause, int(end, 16)) for ns, cause, end in re.findall(STRETCH, text)]
	ns, cause, end = max(found, default=(0, "0x0", 0))
	return ns, cause, symbol(end) if found else "none"


class Counted(harness.Test):
	"""Its machines count instructions."""

	def machine(self, image, kind=harness.Machine, **options):
		options["icount"] = True
		return super().machine(image, kind, **options)


def check(test, run, **arguments):
	counted = Counted(test.suite, test.name)
	try:
		results = run(counted, **arguments)
	finally:
		counted.close()
	ns, cause, end = longest(counted.log.read_text(errors="replace"))
	with open(counted.log, "a", encoding="ascii") as log:
		log.write(f"longest stretch: {ns} instructions after {cause}, up to {end}\n")
	failed = [name for name, why in results or () if why is not None and
		  not why.startswith("SKIP")]
	test.check(not failed, f"failed: {failed}")
	said = f"{ns} instructions after {cause}, up to {end}"
	test.check(0 < ns <= BUDGET, said)
	accepted = TABLE["measured"].get(test.name, BUDGET)
	test.check(ns <= accepted * GROWTH, f"{said}; the table has {accepted}")


suite = Suite("steps", setup=lambda: (build(), systems.prepare()))

for gic in (3, 2):
	suite.add(f"the contract, GICv{gic}", functools.partial(check, run=guests.contract),
		  gic=gic, cpu="cortex-a57", cpus=1, shared=False)
for attack in guests.HOSTILE:
	suite.add(f"hostile: {attack}", functools.partial(check, run=guests.hostile),
		  attack=attack, gic=3, cpu="cortex-a57", shared=True)


if __name__ == "__main__":
	suite.main()
