# SPDX-License-Identifier: Apache-2.0
"""Text of the tree for the rules of this directory: files, comments, strings, prose, functions.

A rule reports findings, each with its place. A file that does not yet follow a rule has a line
with its number of findings in RULE.todo. The number may fall but not grow, so new text is clean.
Lines of files that are gone count for files without a line, so that a file can be moved.
"""

import argparse
import collections
import io
import pathlib
import re
import subprocess
import sys
import tokenize

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent

Finding = collections.namedtuple("Finding", "path line found cure")
# kind: comment, string, identifier, prose or heading.
Piece = collections.namedtuple("Piece", "line kind text")

C_TOKEN = re.compile(
	r"""(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<string>"(?:\\.|[^"\\\n])*")|'(?:\\.|[^'\\\n])*'|"""
	r"""(?P<include>\#\s*include[^\n]*)|(?P<identifier>[A-Za-z_]\w*)""", re.S)


def tree(*patterns):
	"""Files that git knows or would add, without links, by path relative to the root."""
	command = ["git", "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns]
	out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.decode()
	paths = sorted(set(filter(None, out.split("\0"))))
	return [p for p in paths if (ROOT / p).is_file() and not (ROOT / p).is_symlink()]


def read(path):
	return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def strip_comment(text):
	"""The text of a C comment, line by line, with its indentation behind the star."""
	if text.startswith("//"):
		return text[2:]
	lines = text[2:-2].lstrip("*").split("\n")
	return "\n".join([lines[0]] + [re.sub(r"^\s*\*? ?", "", s, count=1) if re.match(r"\s*\*", s)
				      else s.strip() for s in lines[1:]])


def c_pieces(text):
	line, at = 1, 0
	string, string_line, string_end = None, 0, 0
	for match in C_TOKEN.finditer(text):
		line += text.count("\n", at, match.start())
		at = match.start()
		kind = match.lastgroup
		if string is not None and (kind != "string" or text[string_end:at].strip()):
			yield Piece(string_line, "string", string)
			string = None
		if kind == "string":
			body = match.group()[1:-1].replace("\\n", "\n").replace("\\t", " ")
			if string is None:
				string, string_line = "", line
			string, string_end = string + body, match.end()
		elif kind == "comment":
			yield Piece(line, "comment", strip_comment(match.group()))
		elif kind == "identifier":
			yield Piece(line, "identifier", match.group())
	if string is not None:
		yield Piece(string_line, "string", string)


def python_pieces(text):
	comments = []
	try:
		tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
	except (tokenize.TokenError, IndentationError):
		return
	for token in tokens:
		if token.type == tokenize.COMMENT and not token.string.startswith("#!"):
			number, body = token.start[0], token.string[1:].strip()
			alone = token.line.lstrip().startswith("#")
			if comments and alone and comments[-1][1] == number - 1:
				first, _, before = comments.pop()
				comments.append((first, number, before + "\n" + body))
			else:
				comments.append((number, number if alone else 0, body))
		elif token.type == tokenize.STRING:
			body = re.sub(r"^[rbfuRBFU]*('''|\"\"\"|'|\")", "", token.string)
			yield Piece(token.start[0], "string",
				    re.sub(r"('''|\"\"\"|'|\")$", "", body).replace("\\n", "\n"))
	for line, _, body in comments:
		yield Piece(line, "comment", body)


def hash_pieces(text):
	"""Shell, make, Kconfig: blocks of comments, and all other lines as strings."""
	block, start = [], 0
	for number, line in enumerate(text.split("\n") + [""], 1):
		match = re.match(r"\s*# ?(.*)", line)
		if match and not line.startswith("#!"):
			if not block:
				start = number
			block.append(match.group(1))
			continue
		if block:
			yield Piece(start, "comment", "\n".join(block))
			block = []
		code, _, behind = line.partition("\t# ")
		if behind:
			yield Piece(number, "comment", behind)
		if code.strip():
			yield Piece(number, "string", code)


def without_blocks(text):
	"""Markdown without its fenced blocks; lines keep their numbers."""
	return re.sub(r"^```.*?^```$", lambda m: "\n" * m.group().count("\n"), text,
		      flags=re.M | re.S)


def markdown_pieces(text):
	"""Paragraphs, list items, cells of tables and headings, without code."""
	text = without_blocks(text)
	text = re.sub(r"`[^`\n]*`", "`x`", text)
	text = re.sub(r"\[([^\]]*)\]\([^)\s]*\)", r"\1", text)
	block, start = [], 0
	for number, line in enumerate(text.split("\n") + [""], 1):
		bare = line.strip()
		begins = re.match(r"([-*]|\d+\.) ", bare)
		if block and (not bare or begins or bare[0] in "|#"):
			yield Piece(start, "prose", " ".join(block))
			block = []
		if not bare:
			continue
		if bare[0] == "#":
			yield Piece(number, "heading", bare.lstrip("# "))
		elif bare[0] == "|":
			for cell in re.split(r"(?<!\\)\|", bare.strip("|")):
				if cell.strip(" -:"):
					yield Piece(number, "prose", cell.strip())
		else:
			if not block:
				start = number
			block.append(bare[begins.end():] if begins else bare)


def pieces(path):
	text = read(path)
	if path.endswith((".dts", ".dtsi")):
		return (p for p in c_pieces(text) if p.kind == "comment")
	if path.endswith((".c", ".h", ".S")):
		return (p for p in c_pieces(text) if p.kind != "string" or "{ " not in p.text)
	if path.endswith(".md"):
		return markdown_pieces(text)
	if path.endswith(".py") or text.startswith("#!/usr/bin/python3"):
		return python_pieces(text)
	return hash_pieces(text)


def paragraphs(piece):
	"""(line, text, is prose) of a piece: what is indented or tabulated is no prose."""
	if piece.kind in ("prose", "heading"):
		yield piece.line, piece.text, piece.kind == "prose"
		return
	block, start = [], 0
	for number, line in enumerate(piece.text.split("\n") + [""], piece.line):
		bare = line.strip()
		table = number > piece.line and bool(re.match(r"\t|  ", line)) or \
			bool(re.search(r"\S(\t|   )\s*\S", line))
		item = re.match(r"([-*]|@\w+:|\d+\.) ", bare)
		if block and (not bare or table or item):
			yield start, " ".join(block), True
			block = []
		if not bare:
			continue
		if table:
			yield number, bare, False
			continue
		if not block:
			start = number
		block.append(bare[item.end():] if item else bare)


def sentences(text):
	text = re.sub(r"^(\w+\(\)(, )?)+ - ", "", text)
	return [s for s in re.split(r"(?<!e\.g)(?<!i\.e)(?<!vol)(?<=[.!?])[\"')]*\s+", text) if s]


def functions(path):
	"""(name, first line, line of the brace, last line) of each C function that has a body."""
	lines = read(path).split("\n")
	brace = None
	for number, line in enumerate(lines):
		if line.startswith("{"):
			brace = number
		elif line.startswith("}") and brace is not None:
			first = brace
			while first > 0 and lines[first - 1] and \
					not re.match(r"[}#/]| \*|.*[;}]$|.*\*/$", lines[first - 1]):
				first -= 1
			head = " ".join(lines[first:brace])
			name = re.search(r"(\w+)\s*\((?!\()", re.sub(r"__\w+\(.*?\)+ ", "", head))
			if name and "=" not in head and not line.startswith("};"):
				yield name.group(1), first + 1, brace + 1, number + 1
			brace = None


def rule(name, check, files):
	"""Run a rule: `check(paths)` yields findings. A file that is named has no budget."""
	parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__.split("\n")[0])
	parser.add_argument("file", nargs="*", help="show all findings in these files")
	parser.add_argument("--update", action="store_true", help="rewrite the list of open files")
	arguments = parser.parse_args()
	todo = HERE / f"{name}.todo"
	if arguments.file:
		wanted = [str(pathlib.Path(f).resolve().relative_to(ROOT)) for f in arguments.file]
		found = [f for f in check(files()) if f.path in wanted]
		show(found)
		sys.exit(1 if found else 0)
	by_path = collections.defaultdict(list)
	for finding in check(files()):
		by_path[finding.path].append(finding)
	if arguments.update:
		lines = [f"{path} {len(found)}\n" for path, found in sorted(by_path.items())]
		todo.unlink(missing_ok=True)
		if lines:
			todo.write_text("# SPDX-License-Identifier: Apache-2.0\n" + "".join(lines))
		return
	budget = {}
	if todo.exists():
		for line in todo.read_text().splitlines():
			if not line.startswith("#"):
				path, number = line.rsplit(" ", 1)
				budget[path] = int(number)
	# Files that were moved or divided leave their budget to the files that are not listed.
	pool = sum(number for path, number in budget.items() if not (ROOT / path).exists())
	unlisted = [f for path, found in by_path.items() if path not in budget for f in found]
	status = 0
	if len(unlisted) > pool:
		status = 1
		show(unlisted)
	for path, found in sorted(by_path.items()):
		if path in budget and len(found) > budget[path]:
			status = 1
			print(f"{path}: {len(found)} findings, {budget[path]} are allowed by "
			      f"{todo.relative_to(ROOT)}")
			show(found)
	sys.exit(status)


def show(found):
	for f in found:
		print(f"{f.path}:{f.line}: {f.found}: {f.cure}")
