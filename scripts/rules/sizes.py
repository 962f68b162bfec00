#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: a function has at most 60 lines, and a source file at most 600."""

from text import Finding, functions, read, rule, tree

MAX_FUNCTION = 60
MAX_FILE = 600


def check(paths):
	for path in paths:
		length = read(path).count("\n")
		if length > MAX_FILE:
			yield Finding(path, MAX_FILE + 1, f"file of {length} lines",
				      f"divide it; at most {MAX_FILE}")
		if not path.endswith((".c", ".h")):
			continue
		for name, _, brace, last in functions(path):
			if last - brace > MAX_FUNCTION:
				yield Finding(path, brace, f"{name}() has {last - brace} lines",
					      f"divide it; at most {MAX_FUNCTION}")


def files():
	return tree("*.c", "*.h", "*.S", "*.py")


if __name__ == "__main__":
	rule("sizes", check, files)
