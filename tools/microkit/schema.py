# SPDX-License-Identifier: Apache-2.0
"""The elements and attributes of Microkit's system descriptions: today's, and those of the form
with vm_id. Each has a type, and what Mullion has nothing for has the reason here.
"""

import difflib
import re

NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,30}")
PATH = re.compile(r"[A-Za-z0-9_.+-]+(/[A-Za-z0-9_.+-]+)*")
SYMBOL = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,254}")
NUMBER = re.compile(r"0x[0-9a-fA-F]{1,16}|[0-9]{1,20}")
DURATION = re.compile(r"(\S+) +(\S+)")
CPUS_MAX = 64
ID_MAX = 61
PRIORITY_MAX = 254
PAGE = 0x1000
PAGES = (PAGE, 0x200000)


class Bad(ValueError):
	"""A value is not of its type; the text is the fault and the cure."""


def number(text):
	digits = text.replace("_", "")
	if not NUMBER.fullmatch(digits):
		raise Bad("no number; write digits, or 0x and up to 16 digits")
	value = int(digits, 16 if digits.startswith("0x") else 10)
	if value >= 1 << 64:
		raise Bad("more than 64 bits; write a smaller number")
	return value


def bounded(low, high):
	def read(text):
		value = number(text)
		if not low <= value <= high:
			raise Bad(f"out of range; write {low} to {high}")
		return value
	return read


def pages(text):
	value = number(text)
	if value % PAGE:
		raise Bad(f"not a multiple of 4096; write {value - value % PAGE + PAGE:#x}")
	return value


def page_size(text):
	value = number(text)
	if value not in PAGES:
		raise Bad("no page size of arm64; write 0x1000 or 0x200000")
	return value


def boolean(text):
	return words("false", "true")(text) == "true"


def words(*allowed):
	def read(text):
		if text not in allowed:
			raise Bad(f"no such word; write {' or '.join(allowed)}")
		return text
	return read


def matching(pattern, cure):
	def read(text):
		if not pattern.fullmatch(text):
			raise Bad(cure)
		return text
	return read


def path(text):
	if not PATH.fullmatch(text) or ".." in text:
		raise Bad("no name of a file below a directory of images; write letters, digits, "
			  "'_', '.', '+', '-' and '/', and name the directory with -I")
	return text


def permissions(text):
	if text == "w":
		raise Bad("memory that is only writable does not exist; write rw")
	if not text or set(text) - set("rwx") or "r" not in text:
		raise Bad("write r, with w and x where they are needed")
	return "".join(letter for letter in "rwx" if letter in text)


def duration(text):
	match = DURATION.fullmatch(text)
	if match is None or match.group(2) not in ("us", "ticks"):
		raise Bad("no duration; write a number and its unit, such as 1000 us")
	if match.group(2) == "ticks":
		raise Bad("ticks are those of seL4's timer; write microseconds, such as 1000 us")
	value = number(match.group(1))
	if value == 0:
		raise Bad("a window has a length; write at least 100 us")
	return value


name = matching(NAME, "no name of a node; write at most 31 letters, digits, '_' and '-'")
symbol = matching(SYMBOL, "no symbol of a program; write a C identifier")
identifier = bounded(0, ID_MAX)
cpu = bounded(0, CPUS_MAX - 1)


class Attribute:
	"""read: text to value. refused: why, unless the value is neutral."""

	def __init__(self, read, needed=False, refused=None, neutral=None):
		self.read = read
		self.needed = needed
		self.refused = refused
		self.neutral = neutral


def needed(read):
	return Attribute(read, needed=True)


def optional(read):
	return Attribute(read)


def refused(why, read=str, neutral=None):
	return Attribute(read, refused=why, neutral=neutral)


class Kind:
	"""What an element may have."""

	def __init__(self, attributes=None, children=(), refused=None):
		self.attributes = attributes or {}
		self.children = children
		self.refused = refused


NO_CALLS = ("a component has no protected procedure; use a channel with shared memory and "
	    "notifications, and remove the attribute")
NO_PC = "it is of x86-64, and a Microkit description is translated for arm64; remove it"
NO_CAPS = "the core has no capabilities that a program could hold; remove the element"
NO_IOMMU = "the core programs no IOMMU; remove the element"
SCHEDULING = {
	"priority": optional(bounded(0, PRIORITY_MAX)),
	"budget": optional(number),
	"period": optional(number),
}
MAP = {
	"mr": needed(name),
	"vaddr": needed(pages),
	"perms": optional(permissions),
	"cached": optional(boolean),
}
CAP = Kind({"pd": optional(str), "slot": optional(str)}, refused=NO_CAPS)

KINDS = {
	"system": Kind({}, ("memory_region", "protection_domain", "channel", "domains",
			    "io_address_space")),
	"memory_region": Kind({
		"name": needed(name),
		"size": optional(pages),
		"page_size": optional(page_size),
		"phys_addr": optional(pages),
		"prefill_path": optional(path),
		"prefill_bootinfo": refused("the core has no boot information of seL4; name a file "
					    "with prefill_path"),
	}),
	"protection_domain": Kind({
		"name": needed(name),
		"id": optional(identifier),
		"pd_id": optional(identifier),
		"setvar_id": optional(symbol),
		**SCHEDULING,
		"passive": optional(boolean),
		"stack_size": optional(pages),
		"cpu": optional(cpu),
		"domain": optional(name),
		"fpu": optional(boolean),
		"pp": refused(NO_CALLS, boolean, neutral=False),
		"smc": refused("calls of firmware are the core's; it answers a guest's PSCI and "
			       "random numbers itself: remove the attribute",
			       boolean, neutral=False),
	}, ("program_image", "map", "irq", "setvar", "protection_domain", "virtual_machine",
	    "ioport", "cspace")),
	"program_image": Kind({"path": needed(path), "path_for_symbols": optional(path)}),
	"map": Kind({
		**MAP,
		"setvar_vaddr": optional(symbol),
		"setvar_size": optional(symbol),
		"setvar_prefill_size": optional(symbol),
	}),
	"irq": Kind({
		"irq": needed(number),
		"id": needed(identifier),
		"setvar_id": optional(symbol),
		"trigger": optional(words("level", "edge")),
		**{attribute: refused(NO_PC) for attribute in (
			"ioapic", "pin", "polarity", "vector", "pcidev", "handle")},
	}),
	"setvar": Kind({"symbol": needed(symbol), "region_paddr": needed(name)}),
	"virtual_machine": Kind({
		"name": needed(name),
		"id": optional(number),
		"vm_id": optional(number),
		**SCHEDULING,
	}, ("vcpu", "map")),
	"vcpu": Kind({"id": needed(identifier), "cpu": optional(cpu),
		      "setvar_id": optional(symbol)}),
	"channel": Kind({}, ("end",)),
	"end": Kind({
		"pd": needed(name),
		"id": needed(identifier),
		"setvar_id": optional(symbol),
		"pp": refused(NO_CALLS, boolean, neutral=False),
		"notify": refused("both ends of a channel may notify; remove the attribute",
				  boolean, neutral=True),
	}),
	"domains": Kind({}, ("domain", "domain_schedule")),
	"domain": Kind({"name": needed(name), "id": optional(number)}),
	"domain_schedule": Kind({
		"index_shift": optional(number),
		"start_index": refused("the cycle of windows begins with its first; write that "
				       "entry first", number, neutral=0),
	}, ("schedule_entry", "schedule_end_marker")),
	"schedule_entry": Kind({"domain": needed(name), "duration": needed(duration)}),
	"schedule_end_marker": Kind(),
	"ioport": Kind(refused=NO_PC),
	"cspace": Kind(refused=NO_CAPS),
	"io_address_space": Kind(refused=NO_IOMMU),
	"iomap": Kind(refused=NO_IOMMU),
	"cap_tcb": CAP,
	"cap_sc": CAP,
	"cap_vspace": CAP,
}
# A map of a virtual machine has no program whose symbols could be set.
GUEST_MAP = Kind(MAP)


def similar(word, known):
	"""Text that proposes the closest of the known words, or lists them."""
	close = difflib.get_close_matches(word, known, 1)
	if close:
		return f"did you mean '{close[0]}'?"
	return f"known: {', '.join(sorted(known))}" if known else "there is none: remove it"


def short(text):
	"""Foreign text for a message: of one line, and not long."""
	text = text if len(text) <= 40 else text[:37] + "..."
	return "".join(letter if letter.isprintable() else "?" for letter in text)


def kind_of(element):
	if element.name == "map" and element.parent.name == "virtual_machine":
		return GUEST_MAP
	return KINDS[element.name]


def check_attributes(element, kind, mistakes):
	for attribute, value in element.attributes.items():
		rule = kind.attributes.get(attribute)
		where = f'<{element.name}>: {short(attribute)} = "{short(value.text)}"'
		if rule is None:
			mistakes.add(value.place, f"{where}: no such attribute; "
				     f"{similar(attribute, list(kind.attributes))}")
			continue
		try:
			got = rule.read(value.text)
		except Bad as error:
			mistakes.add(value.place, f"{where}: {error}")
			continue
		if rule.refused is not None and (rule.neutral is None or got != rule.neutral):
			mistakes.add(value.place, f"{where}: refused: {rule.refused}")
		element.values[attribute] = got
	for attribute, rule in kind.attributes.items():
		if rule.needed and attribute not in element.attributes:
			mistakes.add(element.place, f"<{element.name}> has no {attribute}; "
				     f'write {attribute}="..."')


def check_child(child, kind, mistakes):
	"""Returns True if the element may stand in its parent."""
	parent = child.parent.name
	if child.name not in KINDS:
		mistakes.add(child.place, f"<{short(child.name)}> is no element of Microkit in "
			     f"<{parent}>; {similar(child.name, list(kind.children))}")
	elif KINDS[child.name].refused is not None:
		mistakes.add(child.place, f"<{child.name}>: refused: {KINDS[child.name].refused}")
	elif child.name not in kind.children:
		homes = [f"<{name}>" for name, other in KINDS.items()
			 if child.name in other.children]
		mistakes.add(child.place, f"<{child.name}> does not belong in <{parent}>; put it "
			     f"into {' or '.join(homes)}")
	else:
		return True
	return False


def check(root, mistakes):
	"""Check the types of all elements below root, and set their values."""
	if root.name != "system":
		mistakes.add(root.place, f"<{short(root.name)}> is no system; put everything into "
			     "<system> ... </system>")
		return
	pending = [root]
	while pending:
		element = pending.pop()
		kind = kind_of(element)
		check_attributes(element, kind, mistakes)
		pending += [child for child in element.children
			    if check_child(child, kind, mistakes)]
