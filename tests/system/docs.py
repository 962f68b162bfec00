#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Test README and docs/: type the commands of their blocks, in a copy of the tree.

A block fenced as ```sh is run by bash as written, all blocks of a file in order and in one copy. Of
the blocks that follow it,
  ```output  lists lines that its output must have, in this order; "..." stands for anything,
             within a line and as a line;
  ```session is a session at the console: what follows a prompt (a guest's shell's, the terminal's,
             U-Boot's, a question's) is typed, "^] 2" is Ctrl-] and then 2, "^C" is Ctrl-C, and the
             other lines are what comes back. Where the prompt may have come before (behind Ctrl-]
             and lines of the core's log) Enter requests another one. The machine is left
             with Ctrl-A x.
A block whose last command is an interactive ./run or QEMU is driven as a terminal. Other fences are
not run. Links to files and headings of the tree must lead somewhere.
"""

import os
import pathlib
import re
import shutil
import subprocess

import pexpect

from harness import BUILD, DEFAULT_TIMEOUT, ROOT, Failure, Suite

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.M | re.S)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
PROMPT = re.compile(r"/root # |mullion> |=> |really .*\? \[y/N\] ")
QUESTION = "really "
KEYS = re.compile(r"\^] (\S)$")
CTRL_C, CTRL_ESCAPE = "\x03", "\x1d"
BUILD_TIMEOUT = 10 * DEFAULT_TIMEOUT
FETCHED, BUILT = ("debian", "debian-amd64", "emulators"), ("arm64", "x86_64", "host")
# Their commands build from nothing, as a newcomer's do.
FROM_NOTHING = ("README.md", "build.md")

# Git names the surrounding repository to hooks and tests in these; a copy has none.
ENVIRONMENT = {k: v for k, v in os.environ.items()
	       if not k.startswith(("GIT_", "MULLION_", "MAKE"))} | {"TERM": "dumb"}


def blocks(page):
	"""(line number, kind, text) of each fenced block."""
	text = page.read_text()
	return [(text.count("\n", 0, m.start()) + 2, m.group(1), m.group(2))
		for m in FENCE.finditer(text)]


def copy_tree(directory, built):
	"""What a clone would have, and what scripts/fetch and scripts/unpack have made already.

	`built`: also what ./test has built, so that make has nothing to compile.
	"""
	names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT,
			       check=True, stdout=subprocess.PIPE).stdout.decode().split("\0")
	for name in filter(None, names):
		source = ROOT / name
		if source.is_file():
			target = directory / name
			target.parent.mkdir(parents=True, exist_ok=True)
			shutil.copy2(source, target, follow_symlinks=False)
	for name in FETCHED + (BUILT if built else ()):
		if (BUILD / name).is_dir():
			shutil.copytree(BUILD / name, directory / "build" / name, symlinks=True)


def line_pattern(line):
	return r"[^\n]*?".join(re.escape(part) for part in line.rstrip().split("..."))


def is_interactive(script):
	last = script.replace("\\\n", " ").strip().splitlines()[-1]
	return "qemu-system" in last.split(" -")[0] or (last.startswith("./run") and
		not re.search(r"--(help|print|build-only)|[|>]", last))


def compare(output, wanted, where):
	"""Each line of wanted must be in output, in order."""
	at = 0
	for line in wanted.splitlines():
		if line.strip() in ("", "..."):
			continue
		match = re.compile(rf"^{line_pattern(line)}\s*$", re.M).search(output, at)
		if match is None:
			raise Failure(f"{where}: the page promises\n  {line}\n"
				      f"but the command said\n{output[at:][-3000:]}")
		at = match.end()


def run_plain(script, directory, where, log):
	result = subprocess.run(["bash", "-c", script], cwd=directory, env=ENVIRONMENT, text=True,
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				stderr=subprocess.STDOUT, timeout=BUILD_TIMEOUT, errors="replace")
	log.write(f"--- {where}\n{script}{result.stdout}[status {result.returncode}]\n")
	return result.stdout, result.returncode


class Session:
	"""An interactive ./run on a terminal of its own."""

	def __init__(self, script, directory, where, log):
		self.where = where
		log.write(f"--- {where}\n{script}")
		log.flush()
		self.child = pexpect.spawn("bash", ["-c", script], cwd=directory, env=ENVIRONMENT,
					   timeout=BUILD_TIMEOUT, encoding="utf-8",
					   codec_errors="replace", dimensions=(50, 160))
		self.child.logfile_read = log
		self.prompt_gone = False

	def wait(self, pattern, timeout=BUILD_TIMEOUT):
		which = self.child.expect([re.compile(pattern, re.M), pexpect.EOF, pexpect.TIMEOUT],
					  timeout=timeout)
		if which != 0:
			raise Failure(f"{self.where}: {pattern!r} did not come; last words:\n"
				      f"{self.child.before[-1500:]}")

	def output(self, wanted):
		for line in wanted.splitlines():
			if line.strip() not in ("", "..."):
				self.wait(line_pattern(line))

	def converse(self, session):
		"""Type the commands of a ```session block and look for their answers."""
		for line in session.splitlines():
			prompt, keys = PROMPT.match(line), KEYS.match(line)
			if prompt is not None:
				self.command(prompt.group(), line[prompt.end():])
			elif keys is not None:
				self.child.send(CTRL_ESCAPE + keys.group(1))
				self.prompt_gone = True
			elif line == "^C":
				self.child.send(CTRL_C)
			elif line.strip() not in ("", "..."):
				self.wait(line_pattern(line), DEFAULT_TIMEOUT)
				self.prompt_gone |= "mullion: " in line

	def command(self, prompt, text):
		"""Type text behind the prompt. The answer to a question may end the echo, too."""
		if self.prompt_gone and not prompt.startswith(QUESTION):
			self.child.send("\r")
		self.prompt_gone = False
		self.wait(re.escape(prompt))
		self.child.send(text + "\r")
		if not prompt.startswith(QUESTION):
			self.wait(re.escape(text) + r"\r*\n", DEFAULT_TIMEOUT)

	def leave(self):
		"""End the emulator as the pages say: Ctrl-A x (or it has ended itself)."""
		try:
			self.child.send("\x01x")
			if self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=20) != 0:
				raise Failure(f"{self.where}: Ctrl-A x did not end ./run")
		except OSError:
			pass
		finally:
			self.child.close(force=True)


class Page:
	"""Runs one page's blocks."""

	def __init__(self, page, directory, log):
		self.name = page.relative_to(ROOT)
		self.directory = directory
		self.log = log
		self.session = None
		self.plain = None
		self.stated = False

	def finish_block(self):
		"""A command that failed must have been shown to fail, by an ```output."""
		if self.session is not None:
			self.session.leave()
			self.session = None
		if self.plain is not None and self.plain[1] != 0 and not self.stated:
			output, status, where = self.plain
			raise Failure(f"{where}: status {status}\n{output[-3000:]}")
		self.plain = None
		self.stated = False

	def block(self, line, kind, text):
		where = f"{self.name}:{line}"
		if kind == "sh":
			self.finish_block()
			if is_interactive(text):
				self.session = Session(text, self.directory, where, self.log)
			else:
				result = run_plain(text, self.directory, where, self.log)
				self.plain = (*result, where)
		elif kind == "output":
			self.stated = True
			if self.session is not None:
				self.session.output(text)
			elif self.plain is not None:
				compare(self.plain[0], text, where)
			else:
				raise Failure(f"{where}: output of no command")
		elif kind == "session":
			if self.session is None:
				raise Failure(f"{where}: no machine runs here")
			self.session.converse(text)
		elif kind == "":
			raise Failure(f"{where}: fence without a kind (sh, output, text, ...)")


def check_page(test, page):
	directory = test.directory() / "mullion"
	directory.mkdir()
	copy_tree(directory, built=page.name not in FROM_NOTHING)
	with open(test.log, "a", encoding="utf-8") as log:
		runner = Page(page, directory, log)
		try:
			for block in blocks(page):
				runner.block(*block)
			runner.finish_block()
		finally:
			if runner.session is not None:
				runner.session.child.close(force=True)


def anchors(page):
	"""The anchors of a page's headings, as web front-ends name them."""
	text = FENCE.sub("", page.read_text())
	heads = re.findall(r"^#+ +(.*)$", text, re.M)
	return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


def check_links(test, page):
	dead = []
	for link in LINK.findall(FENCE.sub("", page.read_text())):
		if re.match(r"[a-z]+:", link):
			continue
		path, _, anchor = link.partition("#")
		target = (page.parent / path).resolve() if path else page
		if not target.exists() or ROOT not in (target, *target.parents):
			dead.append(f"{link} (no such file)")
		elif anchor and target.suffix == ".md" and anchor not in anchors(target):
			dead.append(f"{link} (no such heading)")
	test.equal(dead, [], f"dead links of {page.name}")


suite = Suite("docs")
for page in PAGES:
	name = page.relative_to(ROOT)
	suite.add(f"links of {name}", check_links, page=page)
	if any(kind == "sh" for _, kind, _ in blocks(page)):
		suite.add(f"commands of {name}", check_page, page=page)

if __name__ == "__main__":
	suite.main()
