# SPDX-License-Identifier: Apache-2.0
"""Where the instructions of an operation go, on QEMU's q35.

The benchmark guest executes its functions op_NAME without end. QEMU then writes the address of each
instruction to a file. What is executed from one op_NAME to the next belongs to NAME.
"""

import bisect
import contextlib
import collections
import pathlib
import re
import socket
import subprocess
import time

from harness import Failure

BYTES = 30 << 20	# of the trace, which has 70 for an instruction
ADDRESS = re.compile(rb"^Trace \d+: 0x[0-9a-f]+ \[[0-9a-f]+/([0-9a-f]+)/", re.M)


COMPONENTS = 0x120000	# where the programs of components begin, all at the same address


class Symbols:
	"""The functions of the core and of a guest; a component's are one."""

	def __init__(self, *programs):
		found = {COMPONENTS: "(component)"}
		for program in programs:
			text = subprocess.run(["nm", program], check=True, stdin=subprocess.DEVNULL,
					      stdout=subprocess.PIPE, text=True).stdout
			found.update({int(value, 16): name for value, name in
				      re.findall(r"^(\w+) [tT] ([a-z]\w*)$", text, re.M)})
		self.starts = sorted(found)
		self.names = [found[start] for start in self.starts]
		self.address = {name: start for start, name in found.items()}

	def name(self, address):
		return self.names[bisect.bisect_right(self.starts, address) - 1]


def monitor(path):
	"""The options of a machine with QEMU's monitor on a socket, and a trace beside it."""
	return ["-monitor", f"unix:{path},server=on,wait=off", "-D", f"{path}.trace"]


@contextlib.contextmanager
def commands(path):
	"""A function that gives the monitor a command, and waits until it is done."""
	with socket.socket(socket.AF_UNIX) as link:
		link.connect(str(path))
		link.settimeout(60)

		def say(command):
			text = b""
			link.sendall(command + b"\n")
			while command not in text or not text.endswith(b"(qemu) "):
				more = link.recv(4096)
				if more == b"":
					raise Failure(f"QEMU has ended at {command}")
				text += more

		yield say


def record(path):
	"""The addresses of the instructions that a machine executes now, in their order."""
	log = pathlib.Path(f"{path}.trace")
	with commands(path) as say:
		say(b"one-insn-per-tb on")
		say(b"log exec,nochain")
		limit = time.monotonic() + 120
		while not log.exists() or log.stat().st_size < BYTES:
			if time.monotonic() > limit:
				raise Failure("QEMU traces no instructions")
			time.sleep(0.1)
		say(b"log none")
	found = [int(address, 16) for address in ADDRESS.findall(log.read_bytes())]
	log.unlink()
	return found


def pieces(addresses, symbols):
	"""Each operation's piece of median length in the trace, as {NAME: addresses}.

	The shortest would vary with the moment at which QEMU changes to another CPU.
	"""
	starts = {start: name[3:] for name, start in symbols.address.items()
		  if name.startswith("op_")}
	begins = [at for at, address in enumerate(addresses) if address in starts]
	found = collections.defaultdict(list)
	for begin, end in zip(begins, begins[1:]):
		found[starts[addresses[begin]]].append(addresses[begin:end])
	return {name: sorted(some, key=len)[len(some) // 2] for name, some in found.items()}


class Piece:
	"""A piece of a trace, as names of functions."""

	def __init__(self, addresses, symbols):
		self.calls = {symbols.starts[at]: symbols.names[at]
			      for at in range(len(symbols.starts))}
		self.addresses = addresses
		self.names = [symbols.name(address) for address in addresses]

	def __len__(self):
		return len(self.names)

	def functions(self):
		"""Pairs of a function and its instructions, the most first."""
		return collections.Counter(self.names).most_common()

	def within(self, function):
		"""Instructions of calls of a function, and of the functions that it calls."""
		caller, count, last = None, 0, ""
		for address, name in zip(self.addresses, self.names):
			if caller is None and self.calls.get(address) == function:
				caller = last
			elif name == caller:
				caller = None
			count += caller is not None
			last = name
		return count
