# SPDX-License-Identifier: Apache-2.0
"""The objects of a Microkit system, and their relations: names, memory regions and their maps,
identifiers, channels, windows. Each element has passed schema.py.
"""

from . import schema

CHANNEL_MAX = 1 << 20	# bytes of shared memory
STACK_MAX = 1 << 20


class Region:
	"""A memory_region, and the elements that map it."""

	def __init__(self, element):
		self.element = element
		self.name = element.get("name")
		self.base = element.get("phys_addr")
		self.size = element.get("size")
		self.file = element.get("prefill_path")
		self.maps = []	# (Domain, map) of programs
		self.guests = []	# (Domain, map) of virtual machines


class Domain:
	"""A protection_domain. guest: its virtual_machine, or None."""

	def __init__(self, element, parent):
		self.element = element
		self.parent = parent
		self.name = element.get("name")
		self.guest = element.first("virtual_machine")
		self.program = element.first("program_image")
		self.ids = {}	# of irq, end, vcpu and nested domains: number to element

	def take(self, number, element, mistakes, attribute="id"):
		"""Microkit has one space of numbers for everything that a program names."""
		if number in self.ids:
			mistakes.add(element.place_of(attribute),
				     f"<{element.name}>: {attribute} {number} is that of line "
				     f"{self.ids[number].line} already; write another")
		self.ids.setdefault(number, element)


class System:
	def __init__(self, root, mistakes):
		self.mistakes = mistakes
		self.regions = {}
		self.domains = {}
		self.channels = []	# pairs of ends
		self.schedule = []	# schedule_entry elements
		self.read_regions(root)
		for element in root.all("protection_domain"):
			self.read_domain(element, None)
		for domain in self.domains.values():
			self.read_children(domain)
		self.read_guest_names()
		for element in root.all("channel"):
			self.read_channel(element)
		self.read_schedule(root)

	def find(self, element, attribute, known, what):
		"""What an attribute names, or None after a mistake."""
		name = element.get(attribute)
		if name not in known:
			self.mistakes.add(element.place_of(attribute),
					  f'<{element.name}>: {attribute} = "{name}": there is no '
					  f"{what} '{name}'; {schema.similar(name, list(known))}")
		return known.get(name)

	def once(self, element, known, what):
		"""Returns True if no earlier element has the name."""
		name = element.get("name")
		if name in known:
			line = known[name].line
			self.mistakes.add(element.place_of("name"), f"<{element.name}>: a {what} "
					  f"'{name}' is in line {line} already; rename one")
		return name not in known

	def read_regions(self, root):
		names = {}
		for element in root.all("memory_region"):
			if not self.once(element, names, "memory region"):
				continue
			names[element.get("name")] = element
			region = Region(element)
			self.check_size(region)
			self.regions[region.name] = region

	def check_size(self, region):
		element, page = region.element, region.element.get("page_size", schema.PAGE)
		where = f"<memory_region> '{region.name}'"
		if region.size is None and region.file is None:
			self.mistakes.add(element.place,
					  f'{where} has no size; write size="0x1000"')
		if region.size == 0:
			self.mistakes.add(element.place_of("size"),
					  f'{where}: size 0 has no memory; write size="0x1000"')
		for attribute in ("size", "phys_addr"):
			value = element.get(attribute, 0)
			if value % page:
				self.mistakes.add(element.place_of(attribute),
						  f"{where}: {attribute} is no multiple of "
						  f"page_size {page:#x}; write "
						  f"{value - value % page + page:#x}, or no "
						  "page_size")
		if (region.base or 0) + (region.size or 0) > 1 << 48:
			self.mistakes.add(element.place, f"{where} ends above 2^48, the largest "
					  "address of a machine; correct phys_addr or size")

	def read_domain(self, element, parent):
		if not self.once(element, {name: domain.element for name, domain
					   in self.domains.items()}, "protection domain"):
			return
		domain = Domain(element, parent)
		self.domains[domain.name] = domain
		number = "id" if "id" in element.values else "pd_id"
		if parent is None and number in element.values:
			self.mistakes.add(element.place_of(number), "<protection_domain>: "
							   f"{number} is for a nested one; remove "
							   "it")
		elif parent is not None and number in element.values:
			parent.take(element.get(number), element, self.mistakes, number)
		elif parent is not None:
			self.mistakes.add(element.place, "<protection_domain> is nested and has no "
					  'id; write id="0"')
		for child in element.all("protection_domain"):
			self.read_domain(child, domain)

	def read_children(self, domain):
		element = domain.element
		for name in ("program_image", "virtual_machine"):
			for second in element.all(name)[1:]:
				self.mistakes.add(second.place, f"<{name}>: a protection domain "
						  "has one; remove this or make a second domain")
		if domain.program is None:
			self.mistakes.add(element.place, f"<protection_domain> '{domain.name}' has "
					  'no program; write <program_image path="..." />')
		for irq in element.all("irq"):
			domain.take(irq.get("id"), irq, self.mistakes)
			self.check_irq(irq)
		self.read_maps(domain, element, False)
		self.check_scheduling(element)
		self.check_setvars(element)
		if domain.guest is not None:
			for vcpu in domain.guest.all("vcpu"):
				domain.take(vcpu.get("id"), vcpu, self.mistakes)
			self.check_scheduling(domain.guest)
			self.read_maps(domain, domain.guest, True)

	def check_irq(self, irq):
		if not 32 <= irq.get("irq") < 1020:
			self.mistakes.add(irq.place_of("irq"), f"<irq>: irq {irq.get('irq')} is no "
					  "shared interrupt of a GIC; write 32 to 1019, the number "
					  "of the machine's tree and 32")

	def read_maps(self, domain, element, of_guest):
		for mapping in element.all("map"):
			region = self.find(mapping, "mr", self.regions, "memory region")
			if region is not None:
				(region.guests if of_guest else region.maps).append(
					(domain, mapping))

	def check_scheduling(self, element):
		budget = element.get("budget", 1000)
		if budget > element.get("period", budget):
			self.mistakes.add(element.place_of("budget"), f"<{element.name}>: budget "
					  f"{budget} is larger than period "
					  f"{element.get('period')}; write a longer period")

	def check_setvars(self, element):
		seen = {}
		for child in element.children:
			for attribute in ("symbol", "setvar_vaddr", "setvar_size",
					  "setvar_prefill_size", "setvar_id"):
				name = child.get(attribute)
				if name in seen and name is not None:
					self.mistakes.add(
						child.place_of(attribute), f"<{child.name}>: line "
						f"{seen[name].line} sets the symbol '{name}' "
						"already; name another symbol")
				seen.setdefault(name, child)
		for setvar in element.all("setvar"):
			self.find(setvar, "region_paddr", self.regions, "memory region")

	def read_guest_names(self):
		names = {}
		for domain in self.domains.values():
			if domain.guest is not None and \
			   self.once(domain.guest, names, "virtual machine"):
				names[domain.guest.get("name")] = domain.guest

	def read_channel(self, element):
		ends = element.all("end")
		if len(ends) != 2:
			self.mistakes.add(element.place, f"<channel> has {len(ends)} ends; write "
					  "two <end> elements")
			return
		found = [self.find(end, "pd", self.domains, "protection domain") for end in ends]
		for domain, end in zip(found, ends):
			if domain is not None:
				domain.take(end.get("id"), end, self.mistakes)
		if None in found:
			return
		if found[0] is found[1]:
			self.mistakes.add(ends[1].place_of("pd"), "<channel> has both ends in "
					  f"'{found[0].name}'; name two protection domains")
		else:
			self.channels.append((element, found))

	def read_schedule(self, root):
		tables = root.all("domains")
		for second in tables[1:]:
			self.mistakes.add(second.place, "<domains> is there twice; write one")
		names = {}
		for domain in tables[0].all("domain") if tables else ():
			if self.once(domain, names, "domain"):
				names[domain.get("name")] = domain
		for table in tables[:1]:
			self.read_entries(table, names)
		for domain in self.domains.values():
			self.check_domain(domain.element, names if tables else None)

	def read_entries(self, table, names):
		schedules = table.all("domain_schedule")
		if len(schedules) != 1:
			self.mistakes.add(table.place, f"<domains> has {len(schedules)} schedules; "
					  "write one <domain_schedule>")
			return
		children = schedules[0].children
		for index, entry in enumerate(children):
			if entry.name == "schedule_entry":
				self.find(entry, "domain", names, "domain")
				self.schedule.append(entry)
			elif index + 1 < len(children):
				self.mistakes.add(entry.place, "<schedule_end_marker>: the cycle "
						  "of windows ends with its last; remove what "
						  "follows")
		if not self.schedule:
			self.mistakes.add(schedules[0].place, "<domain_schedule> is empty; write a "
					  "<schedule_entry>")

	def check_domain(self, element, names):
		if names is None and "domain" in element.values:
			self.mistakes.add(element.place_of("domain"), "<protection_domain>: domain "
					  "has no meaning without <domains>; remove it")
		elif names is not None and "domain" not in element.values:
			self.mistakes.add(element.place, "<protection_domain> has no domain, and "
					  "the "
					  'CPU has windows; write domain="..."')
		elif names is not None:
			self.find(element, "domain", names, "domain")
