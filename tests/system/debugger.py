# SPDX-License-Identifier: Apache-2.0
"""A debugger at QEMU's stub (the remote serial protocol of GDB), for events that no device of the
emulator causes. The machine has one CPU and begins stopped.
"""

import pathlib
import re
import socket
import time

PC = 32			# its number among the stub's registers of arm64
LIMIT = 60		# seconds for an answer


class Debugger:
	def __init__(self, directory):
		self.path = pathlib.Path(directory) / "debugger"
		self.args = ("-S", "-gdb", f"unix:{self.path},server=on,wait=off")
		self.socket = None
		self.unread = b""

	def connect(self):
		"""To the machine, which was started with these arguments."""
		self.socket = socket.socket(socket.AF_UNIX)
		self.socket.settimeout(LIMIT)
		end = time.monotonic() + LIMIT
		while True:
			try:
				self.socket.connect(str(self.path))
				break
			except OSError:
				if time.monotonic() > end:
					raise
				time.sleep(0.05)
		# The stub numbers single registers once its description of them was read.
		assert self._ask("qXfer:features:read:target.xml:0,10") is not None

	def close(self):
		if self.socket is not None:
			self.socket.close()

	def _send(self, text):
		self.socket.sendall(f"${text}#{sum(text.encode()) % 256:02x}".encode())

	def _answer(self):
		"""The next packet; None if the machine has ended."""
		while self.unread.count(b"#") == 0 or len(self.unread.split(b"#", 1)[1]) < 2:
			data = self.socket.recv(4096)
			if not data:
				return None
			self.unread += data
		packet, rest = self.unread.split(b"#", 1)
		self.unread = rest[2:]
		self.socket.sendall(b"+")
		return packet.split(b"$", 1)[1].decode()

	def _ask(self, text):
		self._send(text)
		return self._answer()

	def stop_at(self, address):
		assert self._ask(f"Z1,{address:x},4") == "OK"

	def step(self):
		"""One instruction, past a breakpoint."""
		return self._ask("s")

	def run(self):
		"""Until a breakpoint. Returns False if the machine has ended instead."""
		try:
			answer = self._ask("c")
		except OSError:
			return False
		return answer is not None and answer.startswith("T")

	def register(self, number):
		return int.from_bytes(bytes.fromhex(self._ask(f"p{number:x}")), "little")

	def set_register(self, number, value):
		assert self._ask(f"P{number:x}={value.to_bytes(8, 'little').hex()}") == "OK"

	def system_registers(self):
		"""Numbers of the system registers by their names."""
		text, part = "", "m"
		while part.startswith("m"):
			part = self._ask("qXfer:features:read:system-registers.xml:"
					 f"{len(text):x},800")
			text += part[1:]
		return {name: int(number) for name, number in
			re.findall(r'name="(\w+)"[^>]*?regnum="(\d+)"', text)}

	def word(self, address):
		return int.from_bytes(bytes.fromhex(self._ask(f"m{address:x},8")), "little")
