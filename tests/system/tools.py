#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""tools/check, tools/pack, ./run, ./test and make as a user meets them: options, messages, exit
status, files.
"""

import functools
import gzip
import pathlib
import re
import shutil
import struct
import subprocess

import systems
from harness import BUILD, ROOT, Suite, qemu_command
from systems import ARM64, BOARD, HOST

suite = Suite("tools", setup=functools.partial(systems.prepare, []))

CORE = ARM64 / "mullion.bin"
RECORD = int(re.search(r"#define IMAGE_BUNDLE_RECORD\s+(\w+)",
		       (ROOT / "include/abi/image.h").read_text()).group(1), 0)
SMALL = """/dts-v1/;
/ {
	compatible = "mullion,system";
	guests {
		small {
			autostart;
			kernel = "Image";
			initrd = "files/data";
			aspace {
				ram {
					type = "ram";
					guest-address = <0x40000000>;
					size = <0x4000000>;
				};
			};
		};
	};
};
"""


def tool(name, *arguments, cwd=ROOT):
	"""Run a tool: (exit status, standard output, standard error)."""
	result = subprocess.run([str(HOST / "tools" / name), *map(str, arguments)], cwd=cwd,
				timeout=60, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				stderr=subprocess.PIPE, text=True)
	return result.returncode, result.stdout, result.stderr


def image(size=0x200000):
	"""The start of an arm64 Image, and some bytes."""
	header = bytearray(b"MZ" + bytes(62))
	struct.pack_into("<QQQ", header, 8, 0, size, 0xa)
	header[56:60] = b"ARM\x64"
	return bytes(header) + bytes(range(256)) * 20


def small_system(test, dts=SMALL, kernel=None):
	"""A directory with a small system and its files."""
	directory = test.directory()
	(directory / "files").mkdir(exist_ok=True)
	(directory / "small.dts").write_text(dts)
	(directory / "Image").write_bytes(image() if kernel is None else kernel)
	(directory / "files/data").write_bytes(b"data" * 1000)
	return directory


def pack_small(test, directory, *options):
	output = directory / "out.img"
	status, out, err = tool("pack", *options, "-o", output, directory / "small.dts")
	test.equal((status, out, err), (0, "", ""), "pack")
	return output.read_bytes()


# --- check ----------------------------------------------------------------------------------------

@suite.case("check: every example, on GICv2 and GICv3")
def examples(test):
	for gic in (2, 3):
		blob = test.directory() / f"virt{gic}.dtb"
		command = qemu_command(gic=gic, cpus=4)
		command[command.index("-M") + 1] += f",dumpdtb={blob}"
		subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60,
			       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
		for dts in sorted(BOARD.glob("*.dts")):
			status, out, err = tool("check", "--host", blob, dts)
			test.equal((status, err), (0, ""), f"{dts.name}: {out}")
			test.check("no mistakes" in out, out)


@suite.case("check: file and line, through included files")
def places(test):
	directory = small_system(test)
	(directory / "part.dtsi").write_text("/ { guests { small {\n\n\tcolour = <1>;\n}; }; };\n")
	(directory / "names.h").write_text("/*\n */\n#define ODD 0x123\n")
	(directory / "small.dts").write_text(
		SMALL + '/include/ "part.dtsi"\n#include "names.h"\n'
		"/ { guests { small { aspace { ram {\n\tguest-address = <ODD>;\n}; }; }; }; };\n")
	lines = len(SMALL.split("\n"))
	status, out, _ = tool("check", "small.dts", cwd=directory)
	test.equal(status, 1, "status")
	test.check("part.dtsi:3: error: /guests/small: colour = 1: a guest has no such" in out, out)
	test.check(f"small.dts:{lines + 3}: error: /guests/small/aspace/ram: guest-address = 291: "
		   "not a multiple of 4096; write <0x0>" in out, out)


@suite.case("check: a system that describes its machine")
def own_machine(test):
	directory = small_system(test)
	machine = (ROOT / "tests/unit/config/host.dts").read_text()
	(directory / "small.dts").write_text(machine + SMALL.replace("/dts-v1/;", "") + """
/ { guests { small { vcpus { vcpu0 { cpu = <5>; }; }; }; }; };
""")
	status, out, err = tool("check", "small.dts", cwd=directory)
	test.equal((status, err), (1, ""), out)
	test.check("/guests/small/vcpus/vcpu0: cpu = 5: the machine has 4 CPUs" in out, out)
	test.equal(out.count("\n"), 1, f"one message: {out}")


@suite.case("check: a compiled tree, and a broken one")
def compiled(test):
	directory = small_system(test, SMALL.replace("0x4000000>", "0x4000100>"))
	subprocess.run(["dtc", "-q", "-O", "dtb", "-o", "small.dtb", "small.dts"], cwd=directory,
		       check=True)
	status, out, _ = tool("check", "small.dtb", cwd=directory)
	test.equal((status, out),
		   (1, "small.dtb: error: /guests/small/aspace/ram: size = 0x4000100: not a "
		       "multiple of 4096 bytes; write <0x4001000>\n"), "check")
	(directory / "cut.dtb").write_bytes((directory / "small.dtb").read_bytes()[:100])
	status, _, err = tool("check", "cut.dtb", cwd=directory)
	test.equal(status, 1, err)
	test.check("cut.dtb is no sound device tree" in err, err)


@suite.case("check: words of the compiler come through")
def syntax(test):
	directory = small_system(test, SMALL.replace("autostart;", "autostart"))
	status, _, err = tool("check", "small.dts", cwd=directory)
	test.equal(status, 1, "status")
	test.check("small.dts:7" in err and "syntax error" in err, err)


@suite.case("check: what a text lacks that dtc refuses")
def syntax_hints(test):
	directory = small_system(test)
	(directory / "names.dtsi").write_text("#include <dt-bindings/mullion.h>\n/ { };\n")
	for text, hint in (
		(SMALL.replace("/dts-v1/;\n", ""), "write /dts-v1/; in a line of its own"),
		(SMALL.replace("0x4000000>", "MIB(64)>"), "small.dts:13: MIB is not defined; "
		 "write #include <dt-bindings/mullion.h>"),
		(SMALL + '/include/ "names.dtsi"\n', "write #include in place of /include/"),
		(SMALL + '/include/ "nowhere.dtsi"\n', "nowhere.dtsi\" is not found; correct"),
		(SMALL.replace("autostart;", "autostart"), "missing ';' at the end of the line"),
		("#include <no/such.h>\n" + SMALL, "-I DIR names a directory")):
		(directory / "small.dts").write_text(text)
		status, out, err = tool("check", "small.dts", cwd=directory)
		test.equal((status, out), (1, ""), err)
		test.check(hint in err, f"no {hint!r} in {err}")


@suite.case("check, pack: a directory that is not there")
def missing_directory(test):
	directory = small_system(test)
	for option in ("-i", "-I"):
		status, out, err = tool("check", option, "nowhere", "small.dts", cwd=directory)
		test.equal((status, out, err), (2, "", "check: cannot look into nowhere: "
						"No such file or directory\n"), option)
	status, _, err = tool("pack", "--bundle-only", "-i", "nowhere", "-o", "bundle",
			      "small.dts", cwd=directory)
	test.check(status == 2 and "cannot look into nowhere" in err, err)


@suite.case("check: the header with names, for a description outside the checkout")
def header_found(test):
	directory = small_system(test, "#include <dt-bindings/mullion.h>\n" +
				 SMALL.replace("0x4000000>", "MIB(64)>"))
	test.check(ROOT not in directory.parents, f"{directory} is outside {ROOT}")
	status, out, err = tool("check", "small.dts", cwd=directory)
	test.equal((status, err), (0, ""), out)


@suite.case("check: a name that the terminal would take for an option")
def dash_name(test):
	directory = small_system(test, SMALL + "/ { guests { -f { kernel = \"Image\"; }; }; };\n")
	status, out, _ = tool("check", "small.dts", cwd=directory)
	test.equal(status, 1, out)
	test.check("/guests/-f: bad name: begins with '-'" in out, out)


@suite.case("check and pack: usage")
def usage(test):
	for name in ("check", "pack"):
		status, out, err = tool(name, "--help")
		test.equal((status, err), (0, ""), f"{name} --help")
		test.check(out.startswith(f"Usage: {name} "), out)
		for arguments in ([], ["--no-such-option"], ["a", "b"]):
			status, out, err = tool(name, *arguments)
			test.equal((status, out), (2, ""), f"{name} {arguments}")
			test.check(f"{name}: see {name} --help" in err, err)
	status, _, err = tool("check", "no/such/file.dts")
	test.equal((status, err),
		   (2, "check: cannot read no/such/file.dts: No such file or directory\n"),
		   "a file that is not there")
	status, _, err = tool("check", "--host", BOARD / "linux.dts", BOARD / "linux.dts")
	test.equal(status, 2, "a system as the machine")
	test.check("does not describe a machine" in err, err)


# --- pack -----------------------------------------------------------------------------------------

@suite.case("pack: cpio(1) reads the bundle")
def bundle(test):
	directory = small_system(test)
	output = directory / "bundle.cpio"
	status, _, err = tool("pack", "--bundle-only", "-o", output, directory / "small.dts")
	test.equal((status, err), (0, ""), "pack")
	unpacked = directory / "unpacked"
	unpacked.mkdir()
	with output.open("rb") as archive:
		listing = subprocess.run(["cpio", "-idv"], cwd=unpacked, stdin=archive, text=True,
					 check=True, stderr=subprocess.PIPE).stderr
	test.equal(listing.split("\n")[:3], ["system.dtb", "Image", "files/data"], "names in order")
	test.equal((unpacked / "Image").read_bytes(), image(), "Image")
	test.equal((unpacked / "files/data").read_bytes(), b"data" * 1000, "files/data")
	data = output.read_bytes()
	for content in (image(), b"data" * 1000, (unpacked / "system.dtb").read_bytes()):
		test.equal(data.index(content) % 4096, 0, "alignment")
	text = subprocess.run(["dtc", "-q", "-O", "dts", unpacked / "system.dtb"], check=True,
			      text=True, stdout=subprocess.PIPE).stdout
	test.check('kernel = "Image";' in text, text)


@suite.case("pack: programs and files of components go into the bundle")
def components(test):
	directory = small_system(test, SMALL + """
/ {
	components {
		console {
			program = "console.elf";
			aspace { script { type = "file"; file = "files/script"; }; };
		};
	};
	templates {
		debian { kernel = "Image.other"; vmm { console = "console"; }; };
	};
};
""")
	files = {"console.elf": b"console", "files/script": b"script", "vmm.elf": b"vmm",
		 "Image.other": gzip.compress(image())}
	for name, content in files.items():
		(directory / name).write_bytes(content)
	output = directory / "bundle.cpio"
	status, _, err = tool("pack", "--no-check", "--bundle-only", "-o", output,
			      directory / "small.dts")
	test.equal((status, err), (0, ""), "pack")
	unpacked = directory / "unpacked"
	unpacked.mkdir()
	with output.open("rb") as archive:
		subprocess.run(["cpio", "-id", "--quiet"], cwd=unpacked, stdin=archive, check=True)
	files["Image.other"] = image()	# unpacked, as a guest's kernel is
	for name, content in files.items():
		test.equal((unpacked / name).read_bytes(), content, name)
	status, _, err = tool("pack", "--bundle-only", "-o", output, directory / "small.dts")
	test.equal(status, 1, "a program that is none")
	test.check('/components/console: program = "console.elf": is not usable' in err, err)


@suite.case("pack: Image header, PE header and record cover the whole file")
def headers(test):
	data = pack_small(test, small_system(test), "--core", CORE)
	core = CORE.read_bytes()
	test.equal(len(data) % 4096, 0, "size")
	test.equal(struct.unpack_from("<Q", data, 16)[0], len(data), "image_size")
	magic, offset, size = struct.unpack_from("<8sQQ", data, RECORD)
	test.equal(magic, b"MULLION\0", "magic")
	test.equal(offset % 4096, 0, "offset of the bundle")
	test.equal(data[offset:offset + 6], b"070701", "bundle")
	test.check(b"TRAILER!!!" in data[offset + size - 16:offset + size], "end of the bundle")
	test.equal(data[RECORD + 24:len(core)], core[RECORD + 24:], "the core")

	pe = struct.unpack_from("<I", data, 60)[0]
	test.equal(data[pe:pe + 4], b"PE\0\0", "PE")
	machine, sections = struct.unpack_from("<HH", data, pe + 4)
	test.equal(machine, 0xaa64, "machine")
	optional = struct.unpack_from("<H", data, pe + 20)[0]
	section_align, file_align = struct.unpack_from("<II", data, pe + 24 + 32)
	test.equal(struct.unpack_from("<I", data, pe + 24 + 56)[0], len(data), "SizeOfImage")
	test.equal(len(data) % section_align, 0, "SizeOfImage's alignment")
	end = 0x1000
	for i in range(sections):
		entry = pe + 24 + optional + 40 * i
		virtual_size, virtual, raw_size, raw = struct.unpack_from("<IIII", data, entry + 8)
		test.equal((virtual, raw), (end, end), "sections follow one another, as loaded")
		test.equal((raw_size % file_align, virtual % section_align), (0, 0), "alignment")
		test.equal(virtual_size, raw_size, "no part without bytes")
		end = virtual + virtual_size
	test.equal(end, len(data), "end of the last section")


@suite.case("pack: the same files give the same bytes")
def reproducible(test):
	one, two = test.directory() / "one", test.directory() / "another-name"
	for directory in (one, two):
		(directory / "files").mkdir(parents=True)
		(directory / "small.dts").write_text(SMALL)
		(directory / "files/data").write_bytes(b"data" * 1000)
		(directory / "Image").write_bytes(image())
	(two / "Image").chmod(0o600)
	test.equal(pack_small(test, one, "--core", CORE), pack_small(test, two, "--core", CORE),
		   "images")


@suite.case("pack: gzip'd kernels are unpacked, gzip'd initrds stay")
def gzipped(test):
	directory = small_system(test, kernel=gzip.compress(image()))
	(directory / "files/data").write_bytes(gzip.compress(b"data", mtime=0))
	output = directory / "bundle.cpio"
	status, _, err = tool("pack", "-b", "-o", output, directory / "small.dts")
	test.equal((status, err), (0, ""), "pack")
	data = output.read_bytes()
	test.check(image() in data, "the kernel")
	test.check(gzip.compress(b"data", mtime=0) in data, "the initrd")
	(directory / "Image").write_bytes(gzip.compress(image())[:-9])
	status, _, err = tool("pack", "-b", "-o", output, directory / "small.dts")
	test.equal(status, 2, "a cut file")
	test.check("cannot decompress" in err and "the file is damaged" in err, err)


@suite.case("pack: a wrong description is not packed, but by --no-check")
def wrong(test):
	directory = small_system(test, SMALL.replace('"Image"', '"Imgae"'))
	output = directory / "out.img"
	status, _, err = tool("pack", "--core", CORE, "-o", output, directory / "small.dts")
	test.equal(status, 1, "status")
	test.check("small.dts:7: error: /guests/small: kernel = \"Imgae\": no such file in the "
		   "bundle; did you mean 'Image'?" in err, err)
	test.check(not output.exists(), "nothing is written")
	pack_small(test, directory, "--core", CORE, "--no-check")


@suite.case("pack: images from several directories, the first that has one")
def directories(test):
	directory = small_system(test)
	(directory / "Image").unlink()
	for name, size in (("a", 0x300000), ("b", 0x400000)):
		(directory / name).mkdir()
		(directory / name / "Image").write_bytes(image(size))
	data = pack_small(test, directory, "--bundle-only", "-I", directory / "a",
			  "-i", directory / "b")
	test.check(image(0x300000) in data and image(0x400000) not in data, "a comes first")


@suite.case("pack: what is no core")
def no_core(test):
	directory = small_system(test)
	packed = directory / "packed.img"
	packed.write_bytes(pack_small(test, directory, "--core", CORE))
	(directory / "page").write_bytes(CORE.read_bytes()[:4096])
	for core, words in ((directory / "files/data", "is no core"),
			    (directory / "page", "is no core"),
			    (packed, "has a bundle already"),
			    (directory / "absent", "cannot read")):
		output = directory / "new.img"
		status, _, err = tool("pack", "--core", core, "-o", output, directory / "small.dts")
		test.equal(status, 2, err)
		test.check(words in err, err)
		test.check(not output.exists(), "nothing is written")


@suite.case("pack: two at a time with the same output")
def packs_at_once(test):
	directory = small_system(test)
	other = SMALL.replace("0x4000000>", "0x8000000>")
	(directory / "other.dts").write_text(other)
	wanted = set()
	for name in ("small", "other"):
		status = tool("pack", "-b", "-o", directory / name, directory / f"{name}.dts")[0]
		test.equal(status, 0, f"pack {name}")
		wanted.add((directory / name).read_bytes())
	for _ in range(20):
		packs = [subprocess.Popen([str(HOST / "tools/pack"), "-b", "-o", "out",
					   f"{name}.dts"], cwd=directory, stdin=subprocess.DEVNULL)
			 for name in ("small", "other")]
		test.equal([pack.wait(timeout=60) for pack in packs], [0, 0], "status")
		test.check((directory / "out").read_bytes() in wanted, "one of the two, whole")
	rest = {path.name for path in directory.iterdir()}
	test.equal(rest, {"small", "other", "out", "small.dts", "other.dts", "Image", "files"},
		   "nothing else is left")


# --- ./run, ./test, scripts/, make ----------------------------------------------------------------

def command(*words, cwd=ROOT, env=None, timeout=300):
	"""Run a command: (exit status, all that it said)."""
	result = subprocess.run([str(word) for word in words], cwd=cwd, env=env, text=True,
				timeout=timeout, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				stderr=subprocess.STDOUT)
	return result.returncode, result.stdout


def copy_scripts(directory):
	"""What a checkout needs for its scripts to begin."""
	directory.mkdir(parents=True)
	for name in ("run", "test", "Makefile"):
		shutil.copy2(ROOT / name, directory / name)
	shutil.copytree(ROOT / "scripts", directory / "scripts")
	return directory


@suite.case("run: options that are refused")
def run_usage(test):
	for words, why in ((["--cpus", "0"], "--cpus must be a number from 1 to 8, not '0'"),
			   (["--cpus", "09"], "--cpus must be a number from 1 to 8, not '09'"),
			   (["--cpus"], "--cpus needs a value"),
			   (["--gic", "4"], "--gic must be one of: 2 3; not '4'"),
			   (["--arch", "mips"], "--arch must be one of: arm64 x86_64; not 'mips'"),
			   (["--arch"], "--arch needs a value"),
			   (["--gic", "3", "--arch", "x86_64"], "--gic is not an option of x86_64"),
			   (["--arch", "x86_64", "linux-1cpu"], "no system 'linux-1cpu'"),
			   ([""], "the name of the system is empty"),
			   (["no-such-system"], "no system 'no-such-system'"),
			   (["-x"], "unknown option '-x'")):
		status, said = command("./run", *words)
		test.equal(status, 2, f"./run {words}: {said}")
		test.check(f"run: {why}" in said, f"./run {words}: {said}")


@suite.case("run: two at a time, each its own system")
def runs_at_once(test):
	systems.kernel("6.1")
	runs = {name: subprocess.Popen(["./run", "--print", "--cpus", "02", name], cwd=ROOT,
				       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				       stderr=subprocess.PIPE, text=True)
		for name in ("two-linux", "linux")}
	for name, run in runs.items():
		out, err = run.communicate(timeout=600)
		test.equal(run.returncode, 0, err)
		image = f"build/run/{name}.img"
		test.check("-smp 2 " in out and f"-kernel {image}" in out, out)
		packed = (ROOT / image).read_bytes()
		tree = struct.unpack_from("<Q", packed, RECORD + 8)[0]
		test.equal(b"linux1\0" in packed[tree:tree + 0x4000], name == "two-linux",
			   f"{image} holds {name}")


@suite.case("run, test, fetch: a checkout with a blank in its path, and one that is read-only")
def checkouts(test):
	blank = copy_scripts(test.directory() / "sp ace")
	plain = copy_scripts(test.directory() / "plain")
	read_only = ["unshare", "-m", "sh", "-c", "mount --bind . . && "
		     'mount -o remount,ro,bind . && cd "$PWD" && exec "$0"']
	scripts = (("run", "./run"), ("test", "./test"), ("fetch", "scripts/fetch"))
	for name, path in scripts:
		status, said = command(path, cwd=blank)
		test.equal((status, said.count("\n")), (1, 1), said)
		start = f"{name}: the path of this checkout, '{blank}', has"
		test.check(said.startswith(start), said)
	status, said = command("make", "ARCH=host", "tools", cwd=blank)
	test.equal((status, said.count("\n")), (2, 1), said)
	test.check("has a blank, which make cannot handle; move it" in said, said)
	if command(*read_only, "true", cwd=plain)[0] != 0:
		test.skip("without root nothing can be mounted")
	for name, path in scripts:
		status, said = command(*read_only, path, cwd=plain)
		test.equal((status, said.count("\n")), (1, 1), said)
		test.check(said.startswith(f"{name}: cannot write to {plain}/build"), said)


@suite.case("fetch: a second one says for which it waits")
def fetch_waits(test):
	fetched = BUILD / "debian"
	systems.busybox()
	script = (f". scripts/common.sh; take_lock 9 {fetched}/.lock first; "
		  "echo held; read -r _")
	first = subprocess.Popen(["bash", "-c", script], cwd=ROOT, text=True,
				 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
	test.equal(first.stdout.readline(), "held\n", "the first has the lock")
	second = subprocess.Popen(["scripts/fetch", "busybox"], cwd=ROOT, text=True,
				  stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
	said = second.stderr.readline()
	first.communicate("\n", timeout=60)
	test.equal(said, f"fetch: waiting for process {first.pid}, bash in {ROOT}\n", "message")
	_, rest = second.communicate(timeout=60)
	test.equal(second.returncode, 0, rest)


@suite.case("make: a compiler that is missing, menuconfig without a terminal, the example of help")
def make_messages(test):
	for words in (["ARCH=host", "CC=no-such-cc", "tools"], ["CROSS_COMPILE=no-such-", "all"]):
		status, said = command("make", *words)
		test.equal(status, 2, said)
		test.check("is not installed; scripts/setup installs" in said, said)
	status, said = command("make", "menuconfig")
	test.equal(status, 2, said)
	test.check("menuconfig needs a terminal" in said, said)
	_, said = command("make", "help")
	examples = set(re.findall(r"UNIT=([\w/]+)", said + (ROOT / "docs/testing.md").read_text()))
	test.check(len(examples) > 0, said)
	for example in examples:
		source = pathlib.Path("tests/unit") / f"{example}.c"
		test.check((ROOT / source).is_file(), f"there is a {source}")


@suite.case("test: passed, failed and skipped are three numbers; what fails and why comes again")
def three_numbers(test):
	checkout = copy_scripts(test.directory() / "checkout")
	for name, text in (("scripts/setup", ""), ("scripts/fetch", ""), ("scripts/gates",
			   "echo 'ok 1 - a'; echo 'ok 2 - b # SKIP no network'; "
			   "echo 'not ok 3 - c'; echo '# why'; echo 1..3; exit 1")):
		(checkout / name).write_text(f"#!/bin/sh\n{text}\n")
	status, said = command("./test", "gates", cwd=checkout)
	test.equal(status, 1, said)
	test.equal(said.splitlines()[-6:],
		   ["== what failed, once more", "not ok 3 - c", "# why",
		    "== what was skipped, and why", "ok 2 - b # SKIP no network",
		    "1 passed, 1 failed, 1 skipped"], "the end")
	_, said = command("./test", "--list", cwd=checkout)
	test.equal(said.split()[-3:], ["long-sim", "long-repro", "mutate"], "the nightly suites")


if __name__ == "__main__":
	suite.main()
