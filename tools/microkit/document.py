# SPDX-License-Identifier: Apache-2.0
"""A Microkit system description as elements that know their places. Expat parses it; the file is
foreign data, so its size and depth are bounded, and it has no document type and no entities.
"""

import re
from xml.parsers import expat

BYTES_MAX = 1 << 20
ELEMENTS_MAX = 8192
DEPTH_MAX = 16

TAG = re.compile(rb"<[^\s/>]+")
ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")

CURES = {
	expat.errors.XML_ERROR_NO_ELEMENTS: "write <system> ... </system>",
	expat.errors.XML_ERROR_JUNK_AFTER_DOC_ELEMENT:
		"put everything into one <system> ... </system>",
	expat.errors.XML_ERROR_TAG_MISMATCH: "close each element by its own name",
	expat.errors.XML_ERROR_DUPLICATE_ATTRIBUTE: "remove one of the two",
	expat.errors.XML_ERROR_UNDEFINED_ENTITY: "write &amp; for the character &",
}
CURE = "look for a missing quote, '/' or '>' there or before"


class Refused(Exception):
	"""The rest of the document cannot be read."""


class Value:
	"""The text of an attribute, with its place."""

	def __init__(self, text, place):
		self.text = text
		self.place = place


class Element:
	"""An element. values: what schema.py has made of the attributes."""

	def __init__(self, name, place, attributes, parent):
		self.name = name
		self.place = place
		self.attributes = attributes
		self.parent = parent
		self.children = []
		self.values = {}

	@property
	def line(self):
		return self.place[0]

	def get(self, attribute, default=None):
		return self.values.get(attribute, default)

	def place_of(self, attribute):
		value = self.attributes.get(attribute)
		return self.place if value is None else value.place

	def all(self, name):
		return [child for child in self.children if child.name == name]

	def first(self, name):
		return next(iter(self.all(name)), None)


class Mistakes:
	"""What is wrong in a file, or odd."""

	def __init__(self, name):
		self.name = name
		self.found = set()
		self.errors = 0

	def add(self, place, text, kind="error"):
		"""A mistake at (line, column)."""
		self.errors += kind == "error"
		self.found.add((place, kind, text))

	def warn(self, place, text):
		self.add(place, text, "warning")

	def lines(self):
		return [f"{self.name}:{line}:{column}: {kind}: {text}"
			for (line, column), kind, text in sorted(self.found)]


class Reader:
	"""The handlers of expat. A place is (line, column), both from 1."""

	def __init__(self, data, mistakes):
		self.data = data
		self.mistakes = mistakes
		self.root = None
		self.open = []
		self.count = 0
		self.parser = expat.ParserCreate("utf-8")
		self.parser.StartElementHandler = self.start
		self.parser.EndElementHandler = self.end
		self.parser.CharacterDataHandler = self.text
		self.parser.StartDoctypeDeclHandler = self.doctype

	def place(self, at):
		start = self.data.rfind(b"\n", 0, at) + 1
		column = len(self.data[start:at].decode(errors="replace")) + 1
		return self.data.count(b"\n", 0, at) + 1, column

	def here(self):
		return self.place(self.parser.CurrentByteIndex)

	def refuse(self, text):
		self.mistakes.add(self.here(), text)
		raise Refused

	def attributes(self, values):
		"""The attributes of the tag that starts here, each with its place."""
		at = self.parser.CurrentByteIndex
		tag = TAG.match(self.data, at)
		places = {}
		match = tag and ATTRIBUTE.match(self.data, tag.end())
		while match:
			places[match.group(1).decode(errors="replace")] = match.start(1)
			match = ATTRIBUTE.match(self.data, match.end())
		return {name: Value(text, self.place(places.get(name, at)))
			for name, text in values.items()}

	def start(self, name, values):
		self.count += 1
		if self.count > ELEMENTS_MAX:
			self.refuse(f"more than {ELEMENTS_MAX} elements; divide the system")
		if len(self.open) == DEPTH_MAX:
			self.refuse(f"<{name}> is more than {DEPTH_MAX} elements deep; nest fewer")
		parent = self.open[-1] if self.open else None
		element = Element(name, self.here(), self.attributes(values), parent)
		if parent is None:
			self.root = element
		else:
			parent.children.append(element)
		self.open.append(element)

	def end(self, _name):
		self.open.pop()

	def text(self, text):
		if text.strip():
			self.mistakes.add(self.here(), "text between elements means nothing; "
					  "remove it, or write <!-- ... --> around it")

	def doctype(self, *_arguments):
		self.refuse("a document type is not read; remove <!DOCTYPE ...>")


def parse(data, mistakes):
	"""The root element of the bytes of a file, or None after a mistake."""
	if len(data) > BYTES_MAX:
		mistakes.add((1, 1), f"larger than {BYTES_MAX >> 20} MiB; divide the system")
		return None
	data = data.removeprefix(b"\xef\xbb\xbf")
	reader = Reader(data, mistakes)
	try:
		data.decode()
		reader.parser.Parse(data, True)
	except UnicodeDecodeError as error:
		mistakes.add(reader.place(error.start), "not UTF-8; save the file as UTF-8")
		return None
	except expat.ExpatError as error:
		name = expat.ErrorString(error.code)
		at = min(max(reader.parser.ErrorByteIndex, 0), len(data))
		mistakes.add(reader.place(at), f"no XML: {name}; {CURES.get(name, CURE)}")
		return None
	except Refused:
		return None
	return reader.root
