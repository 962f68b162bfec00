#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: each function of a public header has a comment, which stands before it or names it."""

import re

from text import Finding, read, rule, tree

# A declaration or an inline definition begins in the first column and has its name before "(".
DECLARATION = re.compile(r"^(?!typedef|#|struct \w+ \{|enum|union|extern const|return|"
			 r"static_assert|_Static_assert|__asm|asm|\w+\()"
			 r"(?:[A-Za-z_][\w ]*[ *]+)\*?(\w+)\((?!\*)", re.M)


def check(paths):
	for path in paths:
		text = read(path)
		named = set()
		for comment in re.findall(r"/\*\*.*?\*/", text, re.S):
			named.update(re.findall(r"\b(\w+)\(\)", comment))
		for match in DECLARATION.finditer(text):
			before = text[:match.start()].rstrip("\n")
			name = match.group(1)
			own = before.endswith("*/") and text[len(before):match.start()] == "\n"
			if not own and name not in named:
				yield Finding(path, text.count("\n", 0, match.start()) + 1,
					      f"{name}() has no comment",
					      "write /** name() - action, units, errors */")


def files():
	return tree("include/mullion/*.h", "include/abi/*.h", "include/lib/*.h",
		    "arch/common/*.h", "arch/include/arch/*.h", "components/lib/*.h",
		    "config/*.h", "drivers/*.h", "lib/*.h")


if __name__ == "__main__":
	rule("comments", check, files)
