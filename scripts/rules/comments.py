#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: each function of a header has a comment, which stands before it or names it.

The functions of asm/ have theirs in the contract: arch/include/arch and arch/common.
"""

import re

from text import Finding, read, rule, tree

# A declaration or an inline definition begins in the first column and has its name before "(".
DECLARATION = re.compile(r"^(?!typedef|#|struct \w+ \{|enum|union|extern const|return|"
			 r"static_assert|_Static_assert|__asm|asm|\w+\()"
			 r"(?:[A-Za-z_][\w ]*[ *]+)\*?(\w+)\((?!\*)", re.M)
ATTRIBUTE = re.compile(r"__attribute__\(\(\w+\)\)\s*")
COMMENT = re.compile(r"/\*.*?\*/", re.S)
NAME = re.compile(r"\b(\w+)\(\)")


def names(text, mark="/**"):
	"""Functions that comments name which begin with the mark."""
	return {name for comment in COMMENT.findall(text) if comment.startswith(mark)
		for name in NAME.findall(comment)}


def check(paths):
	contract = set()
	for path in tree("arch/include/arch/*.h", "arch/common/*.h"):
		contract |= names(read(path), "/*")
	for path in paths:
		text = ATTRIBUTE.sub("", read(path))
		named = names(text) | (contract if "/include/asm/" in path else set())
		for match in DECLARATION.finditer(text):
			before = text[:match.start()].rstrip("\n")
			name = match.group(1)
			own = before.endswith("*/") and text[len(before):match.start()] == "\n"
			if not own and name not in named:
				yield Finding(path, text.count("\n", 0, match.start()) + 1,
					      f"{name}() has no comment",
					      "write /** name() - action, units, errors */")


def files():
	return [path for path in tree("*.h") if not path.startswith("tests/")]


if __name__ == "__main__":
	rule("comments", check, files)
