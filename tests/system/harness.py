# SPDX-License-Identifier: Apache-2.0
"""What every system test stands on: emulated machines, system images, and TAP.

A suite is a Python file that makes a Suite, adds cases to it and calls main(). A case gets a Test
object, starts machines with it and talks to their serial console. Everything a machine says is kept
in build/test/<suite>/<case>.log, also when the case passes.

Only Python's standard library and Debian's python3-pexpect are used. Each case runs in a process
of a small pool. Each machine's QEMU ends with the process that started it. No fixed port or file is
used, so that suites may run at the same time.
"""

import argparse
import concurrent.futures
import ctypes
import json
import multiprocessing
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import pexpect

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MULLION_BUILD", ROOT / "build")).resolve()
LOGS = BUILD / "test"
UBOOT = pathlib.Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
EDK2 = pathlib.Path("/usr/share/qemu-efi-aarch64/QEMU_EFI.fd")
OVMF = ROOT / "build/emulators/qemu/root/usr/share/ovmf/OVMF.fd"

# Emulated machines share two CPUs with the other worker: no time-out below is a performance check.
DEFAULT_TIMEOUT = float(os.environ.get("MULLION_TIMEOUT", "90"))

# Every instruction takes the same virtual time, and a run repeats to the byte.
ICOUNT = ["-seed", "1", "-rtc", "base=2020-01-01,clock=vm"]

# Under -icount CPUs run in turn and change only at a deadline; this one comes each 20 us.
TURNS = ["-netdev", "user,id=n0", "-object", "filter-buffer,id=f0,netdev=n0,interval=20"]

# With a thread for each CPU QEMU can lose a machine whose first CPU runs guests of SVM, when
# another CPU loads FPU state (docs/x86-64.md).
ONE_THREAD = ["-accel", "tcg,thread=single"]

SHELL_PROMPT = r"/root # "	# of the Debian guest's busybox shell
ESCAPE = "\x1d"	# Ctrl-], the console's key
TERMINAL_PROMPT = r"^mullion> "
LOG_STAMP = r"\[ *\d+\.\d{6}\] "	# before a line of the core's log
STAMP = r"^\[ *\d+\.\d{6}\] "	# before each line of the core's log
QEMU_CONSOLE = ["-nodefaults", "-display", "none", "-no-reboot",
		"-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"]
BOOT_PATHS = ("kernel", "uboot-booti", "uboot-bootefi", "edk2")
PR_SET_PDEATHSIG = 1


class Failure(Exception):
	"""A case did not see what it must see."""


class Skip(Exception):
	"""A case cannot be run here; the reason is printed."""


# ---------------------------------------------------------------------------------------------
# Machines
# ---------------------------------------------------------------------------------------------

class QemuVirt:
	"""QEMU's machine virt for arm64. A kind of machine has a command line, a disk that its
	firmware starts an image from, and the dialogue with that firmware.
	"""
	name = "qemu-virt"
	boot_paths = BOOT_PATHS

	@staticmethod
	def cpu_option(model):
		"""QEMU's -cpu argument. The architected pointer authentication is slow there."""
		return "max,pauth-impdef=on" if model == "max" else model

	def command(self, image=None, gic=3, cpu="cortex-a57", cpus=2, memory=1024, boot="kernel",
		    el2=True, acpi=None, dtb=None, initrd=None, append=None, disk=None,
		    icount=False, shift=0, args=()):
		"""The emulator's command line for one machine, as a list.

		image: file for -kernel (boot path "kernel" only). memory: MiB. disk: directory
		shown to the machine as a FAT disk (the other boot paths). el2=False starts at EL1.
		icount: an instruction takes 2^shift nanoseconds. args: further arguments.
		"""
		if boot not in self.boot_paths:
			raise ValueError(f"boot path {boot!r} is none of {self.boot_paths}")
		if acpi is None:
			acpi = boot != "edk2"	# EDK2 passes ACPI tables or the device tree
		machine = f"virt,gic-version={gic}"
		if el2:
			machine += ",virtualization=on"
		if not acpi:
			machine += ",acpi=off"
		cmd = ["qemu-system-aarch64", "-M", machine, "-cpu", self.cpu_option(cpu),
		       "-smp", str(cpus), "-m", str(memory), *QEMU_CONSOLE]
		if boot != "kernel":
			cmd += ["-bios", str(EDK2 if boot == "edk2" else UBOOT)]
		elif image is not None:
			cmd += ["-kernel", str(image)]
		if disk is not None:
			drive = f"file=fat:{disk},format=raw,readonly=on,if=none,id=disk"
			cmd += ["-drive", drive, "-device", "virtio-blk-device,drive=disk"]
		for option, value in (("-dtb", dtb), ("-initrd", initrd), ("-append", append)):
			if value is not None:
				cmd += [option, str(value)]
		if icount:
			cmd += ["-icount", f"shift={shift},sleep=off", *ICOUNT]
		return cmd + [str(a) for a in args]

	def tree(self, path, **options):
		"""Write the device tree that such a machine gets to path."""
		cmd = self.command(**options)
		cmd[cmd.index("-M") + 1] += f",dumpdtb={path}"
		subprocess.run(cmd, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
			       stderr=subprocess.STDOUT, timeout=60)

	@staticmethod
	def fill_disk(disk, image, boot):
		"""Put the image where the firmware of this boot path finds it."""
		if boot == "edk2":
			(disk / "EFI/BOOT").mkdir(parents=True)
			shutil.copy(image, disk / "EFI/BOOT/BOOTAA64.EFI")
		else:
			shutil.copy(image, disk / "mullion.img")

	@staticmethod
	def start(machine):
		"""Have the firmware start the image from the disk. EDK2 does so by itself."""
		if machine.boot not in ("uboot-booti", "uboot-bootefi"):
			return
		machine.expect("Hit any key to stop autoboot")
		machine.send("\n")
		machine.expect("=> ")
		machine.command_uboot("load virtio 0:1 ${kernel_addr_r} mullion.img",
				      r"\d+ bytes read")
		if machine.boot == "uboot-booti":
			machine.sendline("booti ${kernel_addr_r} - ${fdtcontroladdr}")
		else:
			machine.sendline("bootefi ${kernel_addr_r} ${fdtcontroladdr}")


class QemuQ35:
	"""QEMU's machine q35 for x86-64, with SVM. scripts/unpack qemu makes the emulator."""
	name = "q35-svm"
	boot_paths = ("kernel", "grub", "grub-efi", "efi")

	@staticmethod
	def command(image=None, cpu="max,+svm,+npt", cpus=2, memory=256, boot="kernel", initrd=None,
		    append=None, disk=None, icount=False, shift=0, board="q35", args=()):
		"""The emulator's command line for one machine, as a list.

		image: mullion.img or the core's ELF file for -kernel, an ISO file (boot path
		"grub"), or an EFI program ("grub-efi", "efi"), which fill_disk() puts on the disk.
		initrd: the bundle. memory: MiB. icount: as in QemuVirt. board: QEMU's -M.
		"""
		cmd = [str(ROOT / "scripts/unpacked"), "qemu", "qemu-system-x86_64", "-M", board,
		       "-cpu", cpu, "-smp", str(cpus), "-m", str(memory), *QEMU_CONSOLE]
		if disk is not None:
			drive = f"file=fat:{disk},format=raw,readonly=on,if=none,id=disk"
			cmd += ["-bios", str(OVMF), "-drive", drive,
				"-device", "virtio-blk-pci,drive=disk"]
		elif image is not None:
			cmd += ["-cdrom" if boot == "grub" else "-kernel", str(image)]
		for option, value in (("-initrd", initrd), ("-append", append)):
			if value is not None:
				cmd += [option, str(value)]
		if icount:
			cmd += ["-icount", f"shift={shift},sleep=off", *ICOUNT]
		return cmd + [str(a) for a in args]

	@staticmethod
	def fill_disk(disk, image, _boot):
		"""Put the EFI program where the firmware finds it."""
		(disk / "EFI/BOOT").mkdir(parents=True)
		shutil.copy(image, disk / "EFI/BOOT/BOOTX64.EFI")

	@staticmethod
	def start(machine):
		"""Firmware and GRUB need no answer."""


DEFAULT_MACHINE = "qemu-virt"
MACHINES = {kind.name: kind for kind in (QemuVirt(), QemuQ35())}


def qemu_command(machine=DEFAULT_MACHINE, **options):
	"""The command line of a kind of machine."""
	return MACHINES[machine].command(**options)


def machine_tree(path, machine=DEFAULT_MACHINE, **options):
	"""Write the device tree of a kind of machine to path."""
	MACHINES[machine].tree(path, **options)


def _die_with_parent():
	ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
	"""One emulated machine with its serial console. Use as a context manager, or call close().

	log: file that gets all console output (appended). machine: its kind, a key of MACHINES.
	The options are those of the kind's command(). For the boot paths through firmware, image is
	put on a FAT disk, and the firmware starts it.
	"""

	def __init__(self, log, image=None, boot="kernel", disk=None, timeout=DEFAULT_TIMEOUT,
		     machine=DEFAULT_MACHINE, **options):
		self.timeout = timeout
		self.boot = boot
		self._temp = None
		self._log = open(log, "ab", buffering=0)
		kind = MACHINES[machine]
		# Most emulators print to the console, Bochs to a file.
		self.messages = lambda: getattr(kind, "messages", lambda _: "")(image)
		if boot not in ("kernel", "grub") and image is not None and disk is None:
			self._temp = tempfile.mkdtemp(prefix="mullion-disk-")
			disk = pathlib.Path(self._temp)
			kind.fill_disk(disk, image, boot)
		self.command = kind.command(image=image, boot=boot, disk=disk, **options)
		self._note("$ " + " ".join(self.command))
		self.child = pexpect.spawn(self.command[0], self.command[1:], timeout=timeout,
					   echo=False, preexec_fn=_die_with_parent, maxread=65536,
					   searchwindowsize=None)
		self.child.logfile_read = self._log
		self.child.delaybeforesend = None
		self.started = time.monotonic()
		if image is not None:
			kind.start(self)

	def _note(self, text):
		self._log.write(f"{text}\n".encode())

	def command_uboot(self, command, answer, timeout=None):
		"""Type a U-Boot command and wait for its answer and the next prompt."""
		self.sendline(command)
		match = self.expect(answer, timeout)
		self.expect("=> ", timeout)
		return match

	def expect(self, pattern, timeout=None, absent=None):
		"""Wait for a regular expression on the console and return its match object.

		absent: a regular expression that must not come first. Raises Failure at a time-out,
		at absent, or when QEMU ends.
		"""
		patterns = [re.compile(pattern.encode(), re.M | re.S), pexpect.EOF, pexpect.TIMEOUT]
		if absent is not None:
			patterns.append(re.compile(absent.encode(), re.M))
		limit = self.timeout if timeout is None else timeout
		which = self.child.expect(patterns, timeout=limit)
		if which == 0:
			return self.child.match
		if which == 3:
			why = f"{self.child.after.decode(errors='replace')!r} came"
		else:
			why = {1: "the machine ended", 2: f"nothing after {limit:.0f} s"}[which]
		tail = self.before()[-600:]
		if which == 1:
			tail += self.messages()
		raise Failure(f"waiting for {pattern!r}: {why}; the console's last words:\n{tail}")

	def before(self):
		"""What the console said before the last match, as text."""
		data = self.child.before
		if not isinstance(data, bytes):
			return ""
		return data.decode(errors="replace").replace("\r", "")

	def peek(self):
		"""What came and is still unread, as text."""
		return self.child.buffer.decode(errors="replace").replace("\r", "")

	def send(self, text):
		self.child.send(text)

	def sendline(self, text):
		"""Type a line. Carriage return, as a terminal sends it."""
		self.child.send(text + "\r")

	def expect_end(self, timeout=None):
		"""Wait until the machine powers itself off; return what it said until then."""
		limit = self.timeout if timeout is None else timeout
		if self.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=limit) != 0:
			raise Failure(f"the machine still runs after {limit:.0f} s; "
				      f"the console's last words:\n{self.before()[-600:]}")
		return self.before()

	def expect_quiet(self, seconds, pattern):
		"""For some seconds, pattern must not come. The console's output stays unread."""
		which = self.child.expect([re.compile(pattern.encode(), re.M), pexpect.EOF,
					   pexpect.TIMEOUT], timeout=seconds)
		if which == 0:
			raise Failure(f"{pattern!r} must not come:\n{self.before()[-600:]}")
		if which == 1:
			raise Failure(f"the machine ended:\n{self.before()[-600:]}")

	def shell(self, timeout=None):
		"""Wait for the Debian guest's shell prompt."""
		self.expect(SHELL_PROMPT, timeout, absent=r"Kernel panic|mullion: panic")

	def run(self, command, timeout=None):
		"""Run a command in the guest's shell; return its output."""
		self.sendline(f"echo '<''<'; {command}; echo \"=$?=\"")
		self.expect(r"^<<\r*\n", timeout)
		match = self.expect(r"=(\d+)=\r*\n", timeout)
		output = self.before()
		self.expect(SHELL_PROMPT, timeout)
		self.status = int(match.group(1))
		return output

	def close(self):
		"""Kill this machine's QEMU, and no other process."""
		if self.child.isalive():
			self.child.kill(signal.SIGKILL)
		self.child.close(force=True)
		self._note(f"\n[{time.monotonic() - self.started:.1f} s]")
		self._log.close()
		if self._temp is not None:
			shutil.rmtree(self._temp, ignore_errors=True)

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.close()


class Console(Machine):
	"""A machine whose UART the component console has: ports behind a key, and the terminal."""

	def key(self, key, answer, timeout=None):
		"""Type the escape key and another; return the match of what must come."""
		self.send(ESCAPE + key)
		return self.expect(answer, timeout)

	def look(self, key, name, timeout=None):
		"""Display another port, which must be the one of that name."""
		match = self.key(key, r"\[console: ([^]]*)\]\r*\n", timeout)
		Test.equal(match.group(1).decode(), name, f"the port behind the key {key!r}")

	def terminal(self):
		"""Display the terminal, with an empty line."""
		self.look("m", "mterm")
		self.send("\x03\r")
		self.expect(TERMINAL_PROMPT + r".*" + TERMINAL_PROMPT)

	def do(self, text, timeout=None):
		"""Type a command at the terminal; return its output."""
		self.sendline(text)
		self.expect(re.escape(text) + r"\r*\n", timeout)
		self.expect(TERMINAL_PROMPT, timeout)
		return self.before()

	def json(self, text, timeout=None):
		"""Type a command with --json; return what Python makes of its answer."""
		output = self.do(f"{text} --json", timeout)
		lines = [line for line in output.splitlines()
			 if line[:1] in ("{", "[") and not re.match(LOG_STAMP, line)]
		Test.equal(len(lines), 1, f"lines of JSON from {text!r} in {output!r}")
		try:
			return json.loads(lines[0])
		except ValueError as why:
			raise Failure(f"{text}: {why} in {lines[0]!r}") from None

	def unseen(self, name):
		"""How many bytes of a port wait to be seen."""
		self.key("l", r"\[console: ports; \* is in focus\]\r*\n")
		line = self.expect(rf"^[* ] \d+ {name}(?:  (\d+) bytes unseen)?\r*\n")
		return int(line.group(1) or 0)

	def wait_unseen(self, name, least, timeout=None):
		"""Wait until so many bytes of a port wait to be seen."""
		end = time.monotonic() + (self.timeout if timeout is None else timeout)
		while (waiting := self.unseen(name)) < least:
			if time.monotonic() > end:
				raise Failure(f"{waiting} unseen bytes of {name}, not {least}")
			time.sleep(0.2)

	def paste(self, text):
		"""Type a long text as fast as it is taken, and read what comes meanwhile. Raises
		Failure when nothing is taken any more.
		"""
		line, data, last = self.child.child_fd, text.encode(), time.monotonic()
		os.set_blocking(line, False)
		while data:
			try:
				taken = os.write(line, data[:512])
			except BlockingIOError:
				taken = 0
			data = data[taken:]
			wait = 0 if taken else 0.05
			self.child.expect([pexpect.TIMEOUT, pexpect.EOF], timeout=wait)
			now = time.monotonic()
			last = now if taken else last
			if now - last > self.timeout:
				raise Failure(f"{len(data)} of {len(text)} bytes are not taken; "
					      f"last words:\n{self.peek()[-600:]}")
		os.set_blocking(line, True)


# ---------------------------------------------------------------------------------------------
# TAP
# ---------------------------------------------------------------------------------------------

class Test:
	"""What a case works with: machines and checks, logged under the case's name."""

	def __init__(self, suite, name):
		self.suite = suite
		self.name = name
		slug = re.sub(r"[^0-9A-Za-z_.-]+", "-", name).strip("-")
		self.log = LOGS / suite / f"{slug}.log"
		self.log.parent.mkdir(parents=True, exist_ok=True)
		self.log.write_bytes(b"")
		self._open = []
		self._temp = []

	def machine(self, image=None, kind=Machine, **options):
		"""Start a machine that ends with the case."""
		machine = kind(self.log, image=image, **options)
		self._open.append(machine)
		return machine

	def console(self, image, **options):
		"""The same for a system with the components console and mterm."""
		return self.machine(image, Console, **options)

	def directory(self):
		"""A temporary directory that goes with the case."""
		path = pathlib.Path(tempfile.mkdtemp(prefix="mullion-test-"))
		self._temp.append(path)
		return path

	def close(self):
		for machine in self._open:
			machine.close()
		for path in self._temp:
			shutil.rmtree(path, ignore_errors=True)

	@staticmethod
	def check(condition, text):
		if not condition:
			raise Failure(text)

	@staticmethod
	def equal(got, wanted, what):
		if got != wanted:
			raise Failure(f"{what}: got {got!r}, wanted {wanted!r}")

	@staticmethod
	def contains(text, pattern, what):
		"""The regular expression must be found in text; return its match."""
		match = re.search(pattern, text, re.M)
		if match is None:
			raise Failure(f"{what}: no {pattern!r} in:\n{text[-2000:]}")
		return match

	@staticmethod
	def skip(why):
		raise Skip(why)


_chosen = []	# the cases to run; workers are forked, so that they have it too


def _run_case(index):
	"""In a worker: run one case. Returns (name, passed, comment, seconds)."""
	suite, name, function, arguments = _chosen[index]
	started = time.monotonic()
	test = Test(suite, name)
	passed, comment = False, ""
	try:
		function(test, **arguments)
		passed = True
	except Skip as why:
		passed, comment = True, f"SKIP {why}"
	except (Failure, SystemExit) as why:	# the latter for a file that systems.py misses
		comment = str(why)
	except Exception:
		comment = traceback.format_exc()
	finally:
		test.close()
	return name, passed, comment, time.monotonic() - started


def _worker_init():
	signal.signal(signal.SIGINT, signal.SIG_IGN)
	_die_with_parent()


def parallel(function, chosen, jobs):
	"""function(index of a case), in `jobs` forked workers; results as they come.

	A worker that crashes ends the suite with an error. (multiprocessing.Pool would wait
	without end for its case, and its end can wait without end for an idle one.)
	"""
	_chosen[:] = chosen
	context = multiprocessing.get_context("fork")
	executor = concurrent.futures.ProcessPoolExecutor(max(1, jobs), context, _worker_init)
	with executor as pool:
		cases = [pool.submit(function, index) for index in range(len(chosen))]
		for case in concurrent.futures.as_completed(cases):
			yield case.result()


class Suite:
	"""Named cases; main() runs the requested ones and reports in TAP."""

	def __init__(self, name, setup=None):
		"""setup: called once, before any case (to make what the cases share)."""
		self.name = name
		self.setup = setup
		self.cases = []
		self.long = set()	# names of cases of the nightly set

	def case(self, name, **arguments):
		"""Decorator: add function(test, **arguments) under this name. May be stacked."""
		def add(function):
			self.add(name, function, **arguments)
			return function
		return add

	def add(self, name, function, long=False, **arguments):
		if any(c[1] == name for c in self.cases):
			raise ValueError(f"two cases are called {name!r}")
		self.cases.append((self.name, name, function, arguments))
		self.long |= {name} if long else set()

	def main(self):
		"""Parse the command line, run, and exit with 0 when nothing failed."""
		options = self._options()
		wanted = re.compile(options.filter or "")
		chosen = [c for c in self.cases if wanted.search(c[1]) and
			  (options.filter is not None or options.long == (c[1] in self.long))]
		if options.list:
			print("\n".join(c[1] for c in chosen))
			sys.exit(0)
		if not chosen:
			sys.exit(f"no case of {self.name} matches {options.filter!r}")
		if self.setup is not None:
			self.setup()
		print(f"1..{len(chosen)}", flush=True)
		failed = self._run(chosen, options.jobs)
		sys.exit(1 if failed else 0)

	def _options(self):
		parser = argparse.ArgumentParser(description=f"Mullion's {self.name} tests (TAP).")
		parser.add_argument("--filter", metavar="REGEX", help="only the cases that match")
		parser.add_argument("--long", action="store_true", help="the nightly set's cases")
		parser.add_argument("--list", action="store_true", help="print the cases' names")
		parser.add_argument("--jobs", type=int, metavar="N",
				    default=int(os.environ.get("MULLION_JOBS", "2")),
				    help="cases at a time (2)")
		return parser.parse_args()

	def _run(self, chosen, jobs):
		failed = 0
		results = parallel(_run_case, chosen, jobs)
		for number, (name, passed, comment, seconds) in enumerate(results, 1):
			failed += not passed
			self._say(number, name, passed, comment, seconds)
		return failed

	@staticmethod
	def _say(number, name, passed, comment, seconds):
		directive = f" # {comment}" if comment.startswith("SKIP") else ""
		print(f"{'ok' if passed else 'not ok'} {number} - {name}{directive}")
		if not passed:
			for line in comment.rstrip().splitlines():
				print(f"# {line}")
		print(f"# {seconds:.1f} s", flush=True)
