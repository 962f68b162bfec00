# SPDX-License-Identifier: Apache-2.0
"""What a translation takes from the machine's device tree: memory, devices with their interrupts,
and the frames of the interrupt controller. (Devicetree Specification 0.4, chapter 5.)
"""

import struct

MAGIC = 0xd00dfeed
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


class Node:
	def __init__(self, name, parent):
		self.name = name
		self.parent = parent
		self.properties = {}

	@property
	def path(self):
		return "" if self.parent is None else f"{self.parent.path}/{self.name}"

	def cells(self, name):
		data = self.properties.get(name, b"")
		return [int.from_bytes(data[i:i + 4], "big") for i in range(0, len(data) - 3, 4)]

	def cell(self, name, default):
		return (self.cells(name) or [default])[0]

	def strings(self, name):
		return self.properties.get(name, b"").decode(errors="replace").split("\0")[:-1]

	def inherited(self, name):
		node = self
		while node is not None:
			if name in node.properties:
				return node.cell(name, 0)
			node = node.parent
		return None

	def tuples(self, name, *widths):
		"""The cells of a property as tuples of numbers that have these widths in cells."""
		cells = self.cells(name)
		step = sum(widths)
		for start in range(0, len(cells) - step + 1, step or len(cells) + 1):
			numbers, at = [], start
			for width in widths:
				value = 0
				for cell in cells[at:at + width]:
					value = value << 32 | cell
				numbers.append(value)
				at += width
			yield tuple(numbers)

	def regs(self):
		"""(address, size) of each range, as the CPUs see it."""
		bus = self.parent
		if bus is None:
			return []
		widths = bus.cell("#address-cells", 2), bus.cell("#size-cells", 1)
		return [(bus.translated(address), size)
			for address, size in self.tuples("reg", *widths)]

	def translated(self, address):
		"""An address on the bus below this node, as the CPUs see it."""
		bus = self
		while bus.parent is not None:
			widths = (bus.cell("#address-cells", 2),
				  bus.parent.cell("#address-cells", 2), bus.cell("#size-cells", 1))
			for child, parent, size in bus.tuples("ranges", *widths):
				if child <= address < child + size:
					address += parent - child
					break
			bus = bus.parent
		return address


def read_nodes(blob):
	"""All nodes of a compiled tree. Raises ValueError or struct.error if it is none."""
	magic, _, at, strings = struct.unpack_from(">4I", blob)
	if magic != MAGIC:
		raise ValueError("no compiled device tree")
	nodes, node = [], None
	while True:
		(token,) = struct.unpack_from(">I", blob, at)
		at += 4
		if token == BEGIN_NODE:
			end = blob.index(b"\0", at)
			node = Node(blob[at:end].decode(errors="replace"), node)
			nodes.append(node)
			at = end + 4 & ~3
		elif token == END_NODE:
			node = node and node.parent
		elif token == PROP:
			size, name = struct.unpack_from(">2I", blob, at)
			name += strings
			if node is None:
				raise ValueError("a property outside of nodes")
			key = blob[name:blob.index(b"\0", name)].decode(errors="replace")
			node.properties[key] = blob[at + 8:at + 8 + size]
			at += 8 + size + 3 & ~3
		elif token == END:
			return nodes
		elif token != NOP:
			raise ValueError(f"no token: {token}")


class Machine:
	"""The machine that a compiled tree describes."""

	def __init__(self, blob):
		nodes = read_nodes(blob)
		self.memory = [reg for node in nodes if node.strings("device_type") == ["memory"]
			       for reg in node.regs()]
		controllers = [node for node in nodes if "interrupt-controller" in node.properties
			       and node.cell("#interrupt-cells", 0) == 3]
		self.gic = controllers[0] if controllers else None
		self.devices = [node for node in nodes if node.properties.get("compatible")
				and node.parent is not None and node is not self.gic
				and "device_type" not in node.properties]

	def has_memory(self, address):
		return any(base <= address < base + size for base, size in self.memory)

	def frame(self, address):
		"""The index of the controller's frame at that address, or None."""
		for index, (base, size) in enumerate(self.gic.regs() if self.gic else ()):
			if base <= address < base + size:
				return index
		return None

	def within(self, base, size):
		"""The devices whose registers are in a range."""
		return [node for node in self.devices
			if any(base <= start < base + size for start, _ in node.regs())]

	def interrupts(self, node):
		"""The shared interrupts of a device, as (number, flags)."""
		if self.gic is None or \
		   node.inherited("interrupt-parent") != self.gic.cell("phandle", -1):
			return []
		return [(number, flags) for kind, number, flags in
			node.tuples("interrupts", 1, 1, 1) if kind == 0]
