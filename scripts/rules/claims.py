#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Gate: files and functions that the documentation names exist in the tree.

A function that is named together with a file, as in `f()` (`file.c`), exists in that file.
"""

import fnmatch
import pathlib
import re

from text import ROOT, Finding, read, rule, tree, without_blocks

FILE = re.compile(r"[\w./*{},<>-]+\.(?:c|h|S|py|mk|dts|dtsi|md|toml|json|lds\.S)$")
GENERATED = {"compile_commands.json"}
CALL = re.compile(r"(\w+)\(\)$")
TOGETHER = re.compile(r"`(\w+)\(\)`\s+(?:\(|in\s+)`([\w./-]+\.[chS])`")


def check(paths):
	known = tree()
	names = {pathlib.Path(p).name for p in known}
	code = {p: read(p) for p in known if p.endswith((".c", ".h", ".S", ".py"))}
	words = set()
	for text in code.values():
		words.update(re.findall(r"\b(\w+)\(", text))
	for path in paths:
		# A page may make files of its own in a block of commands.
		text = read(path)
		blocks = "".join(re.findall(r"^```.*?^```", text, re.M | re.S))
		made = GENERATED | set(re.findall(r"[\w./-]+\.\w+", blocks))
		own = set(re.findall(r"\b(\w+)\(", blocks))
		bare = without_blocks(text)
		for match in re.finditer(r"`([^`\n]+)`", bare):
			line = bare.count("\n", 0, match.start()) + 1
			for word in match.group(1).split():
				word = word.strip(",;:")
				if FILE.match(word) and not exists(word, path, known, names, made):
					yield Finding(path, line, f"'{word}' does not exist",
						      "name the file where it is now")
			call = CALL.match(match.group(1))
			if call and call.group(1) not in words | own:
				yield Finding(path, line, f"'{match.group(1)}' does not exist",
					      "name the function as it is called now")
		for match in TOGETHER.finditer(bare):
			name, file = match.groups()
			where = [t for p, t in code.items() if p.endswith("/" + file) or p == file]
			if where and not any(re.search(rf"\b{name}\b", t) for t in where):
				yield Finding(path, bare.count("\n", 0, match.start()) + 1,
					      f"'{name}()' is not in {file}",
					      "name the file where it is now")


def exists(word, page, known, names, made):
	if re.search(r"<|NAME", word) or word.startswith(("build/", "/")) or word in made:
		return True
	if "*" in word:
		end = word.split("*")[-1]
		return any(fnmatch.fnmatch(p, word) or p.endswith(end) for p in known)
	if "{" in word:
		head, inner, tail = re.match(r"(.*)\{(.*)\}(.*)", word).groups()
		return all(exists(head + part + tail, page, known, names, made)
			   for part in inner.split(","))
	if "/" not in word:
		return word in names
	return (ROOT / word).exists() or ((ROOT / page).parent / word).exists() or \
		any(p.endswith("/" + word) for p in known)


def files():
	return tree("*.md")


if __name__ == "__main__":
	rule("claims", check, files)
