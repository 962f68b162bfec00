# SPDX-License-Identifier: Apache-2.0
"""DTS text whose comments name lines of its source. With marks, cpp and dtc report those lines as
the places of nodes and properties.
"""


def quote(name):
	return name.replace("\\", "\\\\").replace('"', '\\"')


class Writer:
	def __init__(self, source, marks):
		self.source = source
		self.marks = marks
		self.out = []
		self.depth = 0
		self.fresh = True	# no blank line is due

	def line(self, text, element=None):
		if self.marks and element is not None:
			self.out.append(f'#line {element.line} "{quote(self.source)}"')
		self.out.append("\t" * self.depth + text if text else "")

	def open(self, name, element=None, note=None):
		"""Begin a node, with a comment above it."""
		if not self.fresh:
			self.line("")
		if note is not None:
			self.note(element, note)
		self.line(f"{name} {{", element)
		self.depth += 1
		self.fresh = True

	def close(self):
		self.depth -= 1
		self.line("};")
		self.fresh = False

	def note(self, element, text):
		self.line(f"/* line {element.line}: {text} */")

	def put(self, text, element, note=None):
		"""A property, with a comment behind it."""
		comment = "" if note is None else f" /* line {element.line}: {note} */"
		self.line(f"{text};{comment}", element)
		self.fresh = False

	def text(self):
		return "\n".join(self.out) + "\n"
