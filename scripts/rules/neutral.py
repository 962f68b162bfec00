#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: neutral rooms have no word of one architecture, its firmware or its devices.

In components/vmm, components/console and drivers a device may be named: their files are about
devices.
"""

import re

from text import Finding, pieces, rule, tree

WORD = re.compile(r"(?<![A-Za-z])(?:v?GIC(?:[DRCHV]_\w+|v\d)?|INTID\w*|PSCI|PL011|EL[0-3]|virtio)s?"
		  r"(?![A-Za-z])", re.I)
IMAGE = re.compile(r"\bImages?\b(?! (?:of|is|has)\b)")
DEVICES = re.compile(r"(?:pl011|virtio)s?$", re.I)
ARCHITECTURES = {"arm64", "x86_64", "riscv64", "x86", "riscv"}
DEVICE_ROOMS = ("components/vmm/", "components/console/", "components/virtio_blk/")


def is_neutral(path):
	parts = path.split("/")
	if parts[0] == "components":
		return not ARCHITECTURES.intersection(parts)
	return parts[0] in ("core", "config", "lib") or path.startswith("include/mullion/")


def check(paths):
	for path in paths:
		if re.search(r"/(pl011|pl031|sp804|virt)\w*\.[ch]$", path):
			continue
		for piece in pieces(path):
			matches = list(WORD.finditer(piece.text))
			if piece.kind != "identifier":
				matches += [m for m in IMAGE.finditer(piece.text) if m.start() > 1]
			for match in matches:
				if path.startswith(DEVICE_ROOMS) and DEVICES.match(match.group()):
					continue
				line = piece.line + piece.text.count("\n", 0, match.start())
				context = " ".join(piece.text[:40].split())
				yield Finding(path, line,
					      f"'{match.group()}' in {piece.kind} '{context}'",
					      "use a neutral term, or move this to arch/")


def files():
	return [p for p in tree("*.c", "*.h") if is_neutral(p)]


if __name__ == "__main__":
	rule("neutral", check, files)
