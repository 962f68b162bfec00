#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Systems of seL4's Microkit: the translation of both forms, each message, files of chance. ./run,
check and pack with such files; the guide's example as a running Debian.
"""

import functools
import importlib.machinery
import importlib.util
import itertools
import os
import random
import re
import subprocess

import systems
from harness import ROOT, Suite, qemu_command
from systems import ARM64, BOARD, HOST

suite = Suite("from_microkit", setup=functools.partial(systems.prepare, []))

DATA = ROOT / "tests/microkit"
TREE = ROOT / "tests/unit/config/host.dts"
PROGRAM = ROOT / "tools/from-microkit"
MESSAGE = re.compile(r"x\.system:\d+:\d+: (error|warning): .+[;:,] .+")
ROUNDS = int(os.environ.get("MULLION_ROUNDS", "1500"))


def load():
	"""The program as a module."""
	loader = importlib.machinery.SourceFileLoader("from_microkit_program", str(PROGRAM))
	module = importlib.util.module_from_spec(
		importlib.util.spec_from_loader(loader.name, loader))
	loader.exec_module(module)
	return module


def run(command, *arguments, cwd=ROOT):
	"""(exit status, standard output, standard error)"""
	result = subprocess.run([str(command), *map(str, arguments)], cwd=cwd, timeout=300,
				stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				stderr=subprocess.PIPE, text=True, check=False)
	return result.returncode, result.stdout, result.stderr


def check(*arguments, cwd=ROOT):
	return run(HOST / "tools/check", *arguments, cwd=cwd)


def examples():
	"""(name, text, expected messages) of each block of bad.txt."""
	for block in re.split(r"^--- ", (DATA / "bad.txt").read_text(), flags=re.M)[1:]:
		name, _, rest = block.partition("\n")
		lines = rest.splitlines(keepends=True)
		yield (name, "".join(line for line in lines if not line.startswith("=> ")),
		       [line[3:].rstrip("\n") for line in lines if line.startswith("=> ")])


class Converter:
	"""Conversions in this process, of a file x.system in a directory."""

	def __init__(self, directory, guest=""):
		self.program = load()
		self.machine = self.program.read_machine(str(TREE))
		self.directory = directory
		(directory / "x.guest").write_text(guest)

	def convert(self, text):
		"""(DTS text or None, messages)"""
		data = text if isinstance(text, bytes) else text.encode()
		(self.directory / "x.system").write_bytes(data)
		mistakes = self.program.document.Mistakes("x.system")
		directory = os.getcwd()
		os.chdir(self.directory)
		try:
			return (self.program.convert("x.system", self.machine, False, mistakes),
				mistakes.lines())
		finally:
			os.chdir(directory)


@suite.case("each message, with its place")
def bad(test):
	converter = Converter(test.directory())
	names = []
	for name, text, wanted in examples():
		names.append(name)
		kernel = name == "guest without a kernel"
		if kernel:
			(converter.directory / "x.guest").unlink()
		dts, lines = converter.convert(text)
		test.equal((dts, lines), (None, [f"x.system:{line}" for line in wanted]), name)
		if kernel:
			(converter.directory / "x.guest").write_text("")
	test.check(len(names) >= 60 and len(set(names)) == len(names), f"{len(names)} examples")


@suite.case("everything that today's form has")
def good(test):
	status, out, err = run(PROGRAM, "--host", TREE, DATA / "good.system")
	test.equal((status, err), (0, ""), "translated")
	test.equal(out, (DATA / "good.expect").read_text(), "the text")
	status, out, err = check("--host", TREE, DATA / "good.system")
	test.equal((status, err), (0, ""), out)


@suite.case("the guide's example, on GICv2 and GICv3, and without a machine")
def guide(test):
	for gic in (2, 3):
		blob = test.directory() / f"virt{gic}.dtb"
		command = qemu_command(gic=gic, cpus=2)
		command[command.index("-M") + 1] += f",dumpdtb={blob}"
		subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60,
			       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		status, out, err = check("--host", blob, "-v", BOARD / "simple.system")
		test.equal((status, err), (0, ""), out)
		for line in ("guest 'linux': GICv", "0x0040000000  256 MiB  ram",
			     "0x0009000000  4 KiB  device at 0x9000000, interrupt 33",
			     "component 'vmm-linux': vmm.elf, priority 255"):
			test.check(line in out, f"{line} in {out}")
		test.check("gic_vcpu" not in out, out)
	status, out, err = run(PROGRAM, BOARD / "simple.system")
	test.equal(status, 0, err)
	test.check("simple.system:6:5: warning: the machine's tree is not known" in err, err)


@suite.case("the guide's example runs Debian")
def debian(test):
	status, _, err = run(ROOT / "run", "--build-only", "boards/qemu-virt/simple.system")
	test.equal(status, 0, err)
	machine = test.machine(ROOT / "build/run/simple.img", memory=1024)
	machine.shell()
	test.equal(machine.run("nproc").strip(), "1", "nproc")
	machine.sendline("poweroff -f")
	machine.expect("mullion: guest 'linux' powered off")
	machine.expect_end(20)


@suite.case("two guests, one UART: the checker finds it, in the line of the system")
def one_uart(test):
	directory = test.directory()
	text = (BOARD / "simple.system").read_text()
	first = text[text.index("    <protection_domain"):text.index("</system>")]
	second = first.replace('"VMM"', '"VMM2"').replace('"linux"', '"linux2"') \
		.replace("guest_ram\"", "guest_ram2\"")
	region = '    <memory_region name="guest_ram2" size="0x10_000_000" />\n'
	text = text.replace("    <memory_region", region + "    <memory_region", 1)
	text = text.replace("</system>", second + "</system>")
	(directory / "two.system").write_text(text)
	guest = (BOARD / "simple.guest").read_text()
	(directory / "two.guest").write_text(guest + guest.replace("linux {", "linux2 {"))
	status, out, err = check("--host", TREE, "two.system", cwd=directory)
	test.equal(status, 1, err)
	test.check("two.system:7: error: /guests/linux2/aspace/serial: host-address = 0x9000000: "
		   "0x9000000 to 0x9000fff is given twice: /guests/linux/aspace/serial has" in out,
		   out)


@suite.case("messages of check and pack name lines of the system and of the guest's file")
def places(test):
	directory = test.directory()
	text = (BOARD / "simple.system").read_text()
	(directory / "x.system").write_text(text.replace("0x10_000_000", "0x1000"))
	(directory / "x.guest").write_text("/ { guests { linux {\n\tkernel = \"Image\";\n"
					   "\tbootarg = \"quiet\";\n}; }; };\n")
	status, out, _ = check("--host", TREE, "x.system", cwd=directory)
	test.equal(status, 1, out)
	test.check("x.guest:3: error: /guests/linux: bootarg = \"quiet\": a guest has no such "
		   "property; did you mean 'bootargs'?" in out, out)
	(directory / "x.guest").write_text((BOARD / "simple.guest").read_text())
	(directory / "x.system").write_text(text.replace('"0x8010000"', '"0x8000000"'))
	status, out, _ = check("--host", TREE, "x.system", cwd=directory)
	test.equal((status, out), (0, out), "GICv3: the address is not used")
	(directory / "x.system").write_text(text.replace('mr="guest_ram" vaddr="0x40000000" '
							 'perms="rwx"', 'mr="ram" vaddr="1"'))
	status, out, err = check("--host", TREE, "x.system", cwd=directory)
	test.equal((status, out), (1, ""), err)
	test.check(err.startswith('x.system:13:27: error: <map>: vaddr = "1": not a multiple of '
				  "4096; write 0x1000\n"), err)
	(directory / "x.guest").write_text("/dts-v1/;\n")
	status, out, err = check("--host", TREE, BOARD / "none.system")
	test.equal(status, 2, err)
	test.check("cannot read" in err, err)


@suite.case("a program that is no component of Mullion is refused")
def foreign_program(test):
	directory = test.directory()
	(directory / "x.system").write_text("<system>\n<protection_domain name='hello'>\n"
		"<program_image path='hello.elf'/>\n</protection_domain>\n</system>\n")

	def pack(program):
		(directory / "hello.elf").write_bytes((ARM64 / program).read_bytes())
		return run(HOST / "tools/pack", "--bundle-only", "--host", TREE, "-o",
			   directory / "out", "x.system", cwd=directory)

	status, _, err = pack("mullion.elf")
	test.equal(status, 1, err)
	test.check(err.startswith('x.system:3: error: /components/hello: program = "hello.elf": is '
				  "not usable: "), err)
	test.check("name a program that is built from components/" in err, err)
	test.equal(pack("components/console.elf"), (0, "", ""), "a component")


TOKENS = ('"', "'", "<", ">", "/", "/>", "=", "&amp;", "&#0;", "&#x10ffff;", "<!--", "-->", "\0",
	  "\xff", "*/", "#line 1", "__LINE__", "<![CDATA[", "]]>", "<?x ?>", "-1", "0x", "_",
	  "9" * 5000, "0xffffffffffffffff", "0x40000000", "true", "rwx", "w", "ram", "\u2028")


def mutate(text, words, chance):
	"""A text with a few changes: of words, of characters, of the order of lines."""
	for _ in range(chance.choice((1, 1, 1, 2, 4))):
		at = chance.randrange(len(text) + 1)
		kind = chance.randrange(5)
		if kind == 0:
			text = text[:at] + chance.choice(TOKENS) + text[at:]
		elif kind == 1:
			text = text[:at] + text[at + chance.randrange(1, 40):]
		elif kind == 2:
			values = list(re.finditer(r'"[^"]*"', text))
			if values:
				value = chance.choice(values)
				word = chance.choice((chance.choice(TOKENS), chance.choice(words)))
				text = f'{text[:value.start()]}"{word}"{text[value.end():]}'
		elif kind == 3:
			names = list(re.finditer(r"[a-z_]{2,}", text))
			if names:
				name = chance.choice(names)
				word = chance.choice(words)
				text = text[:name.start()] + word + text[name.end():]
		else:
			lines = text.splitlines(keepends=True)
			start = chance.randrange(len(lines) + 1)
			piece = lines[start:start + chance.randrange(1, 8)]
			to = chance.randrange(len(lines) + 1)
			text = "".join(lines[:to] + piece + lines[to:])
	return text


@suite.case("files of chance: a message with place and cure, or a text that check reads")
def chance(test):
	converter = Converter(test.directory())
	seeds = [(DATA / "good.system").read_text(), (BOARD / "simple.system").read_text(),
		 *(text for _, text, _ in examples())]
	words = sorted({word for text in seeds for word in re.findall(r"\w+", text)})
	good, kept = 0, []
	for number in range(ROUNDS):
		generator = random.Random(number)
		text = mutate(generator.choice(seeds[:2] + [generator.choice(seeds)]), words,
			      generator)
		data = text.encode(errors="surrogatepass")
		if number % 7 == 0:
			at = generator.randrange(len(data) + 1)
			data = data[:at] + generator.randbytes(3) + data[at:]
		dts, lines = converter.convert(data)
		test.check(all(MESSAGE.fullmatch(line) for line in lines), f"{number}: {lines}")
		test.check((dts is None) == any(": error: " in line for line in lines),
			   f"{number}: {lines}")
		if dts is not None:
			good += 1
			kept.append((number, dts))
	test.check(good > ROUNDS // 50, f"only {good} of {ROUNDS} were accepted")
	for number, dts in kept[:: max(1, len(kept) // 12)]:
		(converter.directory / "x.dts").write_text(dts)
		status, out, err = check("--host", TREE, "x.dts", cwd=converter.directory)
		test.check(status in (0, 1) and err == "", f"{number}: {status} "
				      f"{err}\n{out}\n{dts}")


@suite.case("docs/microkit.md has each element and attribute")
def documented(test):
	page = (ROOT / "docs/microkit.md").read_text()
	schema = load().schema
	rows = dict(re.findall(r"^\| `<(\w+)>` (.*)$", page, re.M))
	for name, kind in schema.KINDS.items():
		test.check(name in rows, f"<{name}> has a row")
		named = set(re.findall(r"`(\w+)`", rows[name]))
		if kind.refused is None:
			test.equal(sorted(set(kind.attributes) - named), [], f"<{name}>")
	for name in itertools.chain(rows):
		test.check(name in schema.KINDS, f"<{name}> is an element")


if __name__ == "__main__":
	suite.main()
