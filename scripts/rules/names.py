#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: two functions of one program have different names, so that a backtrace is unambiguous.

The core with one architecture is a program, and so is each component with its library.
"""

import collections
import os
import re

from text import ROOT, Finding, functions, rule, tree


OPTION = re.compile(r"^obj-\$\(CONFIG_ARCH_(\w+)\) \+= (.+)$", re.M)


def drivers(arch, paths):
	"""The drivers, without those that objects.mk gives to another architecture."""
	others = set()
	for path in ROOT.glob("drivers/**/objects.mk"):
		for name, objects in OPTION.findall(path.read_text()):
			if name.lower() != arch:
				room = path.parent.relative_to(ROOT)
				others.update(f"{room}/{o[:-2]}.c" for o in objects.split())
	return [p for p in paths if p.startswith("drivers/") and p not in others]


def programs(paths):
	"""Lists of the files that may be linked together."""
	makefiles = {p.parent.name: p.read_text() for p in sorted(ROOT.glob("arch/*/arch.mk"))}
	rooms = ("core/", "config/", "lib/", "include/", "arch/include/")
	neutral = [p for p in paths if p.startswith(rooms)]
	# components/lib/host.c has the system calls in place of an architecture's.
	libraries = [p for p in paths if p.startswith(("lib/", "include/", "components/lib/")) and
		     p != "components/lib/host.c"]
	for arch, makefile in makefiles.items():
		own = [f"arch/{arch}/"] + ["arch/common/"] * ("arch/common" in makefile)
		yield neutral + drivers(arch, paths) + [p for p in paths if
							p.startswith(tuple(own))]
	for name in sorted(os.listdir(ROOT / "components")):
		if name == "lib" or not (ROOT / "components" / name).is_dir():
			continue
		program = libraries + [p for p in paths if p.startswith(f"components/{name}/")]
		for arch in makefiles:
			others = [f"/{a}/" for a in makefiles if a != arch]
			yield [p for p in program if not any(other in p for other in others)]


def check(paths):
	defined = {path: [(name, line) for name, line, _, _ in functions(path)] for path in paths}
	seen = set()
	for program in programs(paths):
		places = collections.defaultdict(list)
		for path in program:
			for name, line in defined[path]:
				places[name].append((path, line))
		for name, found in sorted(places.items()):
			others = sorted({path for path, _ in found})
			for path, line in found if len(others) > 1 else []:
				if (path, line) not in seen:
					seen.add((path, line))
					other = next(o for o in others if o != path)
					yield Finding(path, line, f"{name}() is also in {other}",
						      "give each a name of its own: room_verb_noun")


def files():
	rooms = ("core/", "config/", "lib/", "drivers/", "arch/", "include/", "components/")
	return [p for p in tree("*.c", "*.h") if p.startswith(rooms)]


if __name__ == "__main__":
	rule("names", check, files)
