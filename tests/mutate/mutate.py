#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Faults on purpose: each mutation breaks one place, and the named suite must go red.

The lists are the .toml files here. A mutation is applied to a copy of the tree, never to the tree
itself.
The copy is built, and the suite's command is run there. A mutation that leaves the suite green has
survived: a gap in the tests. So has one whose text is no longer in the file: the list is then out
of date. Before that, each command must be green without any mutation.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parents[2]
LISTS = sorted(pathlib.Path(__file__).parent.glob("*.toml"))
BUILDS = ("arm64", "x86_64", "host")	# build directories that copies begin with
SHARED = ("debian", "debian-amd64", "emulators")	# what is fetched
BUILD_LIMIT = 600	# seconds
RUN_LIMIT = 900
FIELDS = {"name", "file", "old", "new", "red"}


class Survivor(Exception):
	"""A mutation that no test noticed, or that cannot be tried."""


def read_list(path):
	"""The mutations of a file as dictionaries, or an error that names the entry and its fault.
	The file names the architecture of its system tests."""
	content = tomllib.loads(path.read_text())
	entries = content["mutation"]
	for number, entry in enumerate(entries, 1):
		where = f"{path.name}: mutation {number} ({entry.get('name', 'without a name')})"
		if set(entry) != FIELDS:
			raise SystemExit(f"{where}: must have just {', '.join(sorted(FIELDS))}")
		if entry["old"] == entry["new"]:
			raise SystemExit(f"{where}: 'new' is the same as 'old'")
		entry["arch"] = content["arch"]
	return entries


def fault_of(mutation, directory=ROOT):
	"""Why a mutation cannot be applied to a tree, or None."""
	path = directory / mutation["file"]
	count = path.read_text().count(mutation["old"]) if path.is_file() else 0
	if count != 1:
		return f"{mutation['file']} has its text {count} times: mend the list"
	kind, _, rest = mutation["red"].partition(" ")
	if kind == "unit":
		suite = directory / "tests/unit" / f"{rest}.c"
	else:
		suite = directory / "tests" / ("sim" if kind == "sim" else f"system/{kind}.py")
	return None if suite.exists() else f"'{mutation['red']}': there is no such suite"


def command_of(red):
	"""The shell command of a suite: "unit X", "sim", or a script of tests/system."""
	kind, _, rest = red.partition(" ")
	if kind == "unit":
		return f"make -s ARCH=host O=build/host unit UNIT={shlex.quote(rest)}"
	if kind == "sim":
		return "make -s ARCH=host O=build/host sim"
	return f"tests/system/{kind}.py --jobs 1 {rest}"


def is_system(red):
	return red.partition(" ")[0] not in ("unit", "sim")


def build_of(red, arch):
	"""The shell command that builds what a suite needs, but for its own programs."""
	host = "make -s ARCH=host O=build/host all"
	if not is_system(red):
		return host
	return f"make -s ARCH={arch} O=build/{arch} all components guests && {host}"


def make_copy(directory):
	"""The tracked files, and what is built, so that a mutation builds one file."""
	names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
			       stdout=subprocess.PIPE).stdout.decode().split("\0")
	for name in filter(None, names):
		target = directory / name
		target.parent.mkdir(parents=True, exist_ok=True)
		shutil.copy2(ROOT / name, target, follow_symlinks=False)
	(directory / "build").mkdir()
	for name in SHARED:
		(directory / "build" / name).symlink_to(ROOT / "build" / name)
	for build in BUILDS:
		if (ROOT / "build" / build).is_dir():
			shutil.copytree(ROOT / "build" / build, directory / "build" / build,
					symlinks=True, copy_function=shutil.copy2)
	return directory


def run(command, directory, limit):
	"""A shell command in a copy: (its status, its output). A time-out is a failure, too."""
	environment = {k: v for k, v in os.environ.items() if not k.startswith("MULLION_")}
	process = subprocess.Popen(command, shell=True, cwd=directory, env=environment, text=True,
				   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
				   stderr=subprocess.STDOUT, start_new_session=True)
	try:
		output, _ = process.communicate(timeout=limit)
		return process.returncode, output
	except subprocess.TimeoutExpired:
		os.killpg(process.pid, 9)
		return 1, f"not done after {limit} seconds\n{process.communicate()[0]}"


def tail(output, lines=12):
	return "\n".join(output.rstrip().splitlines()[-lines:])


def check_green(suite, directory):
	"""The command of a suite and its architecture, without a mutation."""
	red, arch = suite
	status, output = run(f"{build_of(red, arch)} && {command_of(red)}", directory,
			     BUILD_LIMIT + RUN_LIMIT)
	if status != 0:
		raise Survivor(f"red without a mutation:\n{tail(output)}")
	if not re.search(r"^ok ", output, re.M):
		raise Survivor("ran no case")


def check_red(mutation, directory):
	"""One mutation: applied, built, tried, and taken back."""
	why = fault_of(mutation, directory)
	if why is not None:
		raise Survivor(why)
	path = directory / mutation["file"]
	text = path.read_text()
	path.write_text(text.replace(mutation["old"], mutation["new"]))
	try:
		status, output = run(build_of(mutation["red"], mutation["arch"]), directory,
				     BUILD_LIMIT)
		if status != 0:
			raise Survivor(f"does not build:\n{tail(output)}")
		status, output = run(command_of(mutation["red"]), directory, RUN_LIMIT)
		if status == 0:
			raise Survivor(f"survived: '{mutation['red']}' stays green")
	finally:
		path.write_text(text)


def attempt(check, what, copies):
	"""In a thread: run check on a free copy. Returns why it failed, or None."""
	directory = copies.pop()
	try:
		check(what, directory)
		return None
	except Survivor as why:
		return str(why)
	finally:
		copies.append(directory)


def main():
	parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
	parser.add_argument("--filter", default="", help="regular expression of mutations' names")
	parser.add_argument("--list", action="store_true", help="print their names")
	parser.add_argument("--check", action="store_true",
			    help="only print those that do not apply to the tree; run nothing")
	parser.add_argument("--jobs", type=int, default=int(os.environ.get("MULLION_JOBS", 2)))
	options = parser.parse_args()
	chosen = [m for path in LISTS for m in read_list(path)
		  if re.search(options.filter, m["name"])]
	if options.list:
		print("\n".join(m["name"] for m in chosen))
		return 0
	if options.check:
		faults = [f"{m['name']}: {why}" for m in chosen if (why := fault_of(m))]
		print("\n".join(faults), end="\n" if faults else "")
		return 1 if faults else 0
	if not chosen:
		raise SystemExit(f"no mutation matches {options.filter!r}")
	jobs = max(1, min(options.jobs, len(chosen)))
	suites = sorted({(m["red"], m["arch"] if is_system(m["red"]) else "host") for m in chosen})
	work = ([(check_green, suite, f"green without: {suite[0]}") for suite in suites] +
		[(check_red, m, f"killed: {m['name']}") for m in chosen])
	failed = 0
	with tempfile.TemporaryDirectory(prefix="mullion-mutate-") as temporary:
		copies = []
		for number in range(jobs):
			copies.append(make_copy(pathlib.Path(temporary) / str(number)))
		with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
			futures = [pool.submit(attempt, check, what, copies)
				   for check, what, _ in work]
			for number, (future, (_, _, name)) in enumerate(zip(futures, work), 1):
				why = future.result()
				failed += why is not None
				verdict = "ok" if why is None else "not ok"
				print(f"{verdict} {number} - {name}", flush=True)
				for line in (why or "").splitlines():
					print(f"# {line}")
	print(f"1..{len(work)}")
	return 1 if failed else 0


if __name__ == "__main__":
	raise SystemExit(main())
