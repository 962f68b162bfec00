# SPDX-License-Identifier: Apache-2.0
"""A Microkit system as a description of Mullion.

A protection domain with a virtual machine becomes a guest with Mullion's vmm; its program is left
out. Another protection domain becomes a component. What has no counterpart is refused.
"""

import itertools

from . import schema
from .system import CHANNEL_MAX, STACK_MAX
from .writer import Writer

GIC_NAME = "gic_vcpu"	# what Microkit's VMM guide and libvmm's examples call this region
GICV = 3	# index of the virtual CPU interface among a GICv2's frames
SPI_FIRST = 32
LEVEL, EDGE = 4, 1
ABOVE = 1	# Microkit's priorities begin at 0, Mullion's at 1


def cells(value):
	"""A number of one cell or two."""
	return f"<{value:#x}>" if value < 1 << 32 else f"<{value >> 32:#x} {value & 0xffffffff:#x}>"


def strings(values):
	return ", ".join(f'"{value}"' for value in values)


def unused(wish, used):
	"""A node's name that is not in used, where it is added: the wish, or one like it."""
	names = itertools.chain([wish], (f"{wish[:28]}-{count}" for count in itertools.count(2)))
	name = next(name for name in names if name not in used and len(name) <= 31)
	used.add(name)
	return name


class Translation:
	def __init__(self, system, machine, writer, mistakes):
		self.system = system
		self.machine = machine
		self.writer = writer
		self.mistakes = mistakes
		self.unknown = []	# regions of devices that need the machine's tree

	# --- Decisions ---

	def refuse(self, element, text, attribute=""):
		self.mistakes.add(element.place_of(attribute), f"<{element.name}>: refused: {text}")

	def is_memory(self, region, executable):
		"""Whether a region is RAM. Without the machine's tree, code shows it."""
		if region.base is None:
			return True
		if self.machine is not None:
			return self.machine.has_memory(region.base)
		return executable

	def frame(self, region):
		"""The index of the interrupt controller's frame that a region has, or None."""
		if self.machine is None or region.base is None:
			return None
		return self.machine.frame(region.base)

	def is_controller(self, region):
		return region.name == GIC_NAME or self.frame(region) is not None

	def check_cached(self, mapping):
		if mapping.get("cached") is False:
			self.refuse(mapping, "memory is always cached; remove cached", "cached")

	def check_sharing(self):
		"""Regions that several have, where Mullion shares no memory."""
		for region in self.system.regions.values():
			domains = {domain.name for domain, _ in region.guests}
			programs = [(domain, mapping) for domain, mapping in region.maps
				    if domain.guest is None or domain.name not in domains]
			if region.base is not None:
				continue
			for domain, mapping in region.guests:
				if domain is not region.guests[0][0]:
					self.refuse(mapping, "guests share no memory; give each "
						    "virtual machine its own memory_region", "mr")
			for _, mapping in programs if region.guests else ():
				self.refuse(mapping, "only a guest's own vmm sees its memory; use "
					    "a virtio device of the vmm", "mr")
			names = []
			for domain, mapping in programs if not region.guests else ():
				if domain.name in names:
					self.refuse(mapping, "a component has a region once, and "
						    "finds it by its name; remove this map", "mr")
				elif len(names) == 2:
					self.refuse(mapping, "shared memory belongs to a channel "
						    "between two components; make a memory_region "
						    "for each pair", "mr")
				names.append(domain.name)

	# --- The whole ---

	def run(self):
		self.check_sharing()
		writer = self.writer
		writer.open("/")
		writer.line('compatible = "mullion,system";')
		writer.fresh = False
		domains = self.system.domains.values()
		components = [domain for domain in domains if domain.guest is None]
		guests = [domain for domain in domains if domain.guest is not None]
		if self.system.schedule:
			self.put_schedule()
		if components:
			writer.open("components")
			for domain in components:
				self.put_component(domain)
			writer.close()
		self.put_channels()
		if guests:
			writer.open("guests")
			for domain in guests:
				self.put_guest(domain)
			writer.close()
		writer.close()
		if self.unknown:
			element = self.unknown[0].element
			self.mistakes.warn(element.place, "the machine's tree is not known, so "
					   "compatible and interrupts are left out of "
					   f"{', '.join(region.name for region in self.unknown)}; "
					   "give --host FILE")

	def put_schedule(self):
		writer, offset = self.writer, 0
		total = sum(entry.get("duration") for entry in self.system.schedule)
		first = self.system.schedule[0]
		writer.open("schedule")
		writer.open("cpu0", first.parent, "<domain_schedule>")
		writer.put('strategy = "windows"', first)
		writer.put(f"cycle-us = <{total}>", first)
		for index, entry in enumerate(self.system.schedule):
			writer.open(f"window{index}", entry, "<schedule_entry>")
			writer.put(f"offset-us = <{offset}>", entry)
			writer.put(f"length-us = <{entry.get('duration')}>", entry)
			writer.put(f'partition = "{entry.get("domain")}"', entry)
			writer.close()
			offset += entry.get("duration")
		writer.close()
		writer.close()

	def put_scheduling(self, element, of_guest):
		"""Priority, slice and budget."""
		writer, priority = self.writer, element.get("priority", 0)
		writer.put(f"priority = <{priority + ABOVE}>", element,
			   f"Microkit's {priority}")
		budget = element.get("budget")
		period = element.get("period", budget)
		if period is not None and (budget or 1000) < period:
			if of_guest:
				writer.put(f"cpu-budget-us = <{budget or 1000}>", element)
				writer.put(f"cpu-period-us = <{period}>", element)
			else:
				self.refuse(element, "a component has no budget, for its work is "
					    "on the account of the guest that caused it; give the "
					    "budget to the virtual_machine, or write period as the "
					    "budget",
					    "budget")
		elif budget is not None:
			writer.put(f"slice-us = <{budget}>", element, "budget, without a longer "
				   "period")

	# --- Components ---

	def put_component(self, domain):
		writer, element = self.writer, domain.element
		writer.open(domain.name, element, "<protection_domain>")
		writer.put(f'program = "{domain.program.get("path")}"', domain.program)
		self.put_scheduling(element, False)
		if "cpu" in element.values:
			writer.put(f"cpus = <{element.get('cpu')}>", element)
		if "domain" in element.values:
			writer.put(f'partition = "{element.get("domain")}"', element)
		self.put_stack(element)
		if element.get("passive"):
			writer.note(element, "passive: a component's work is on the caller's "
				    "account")
		if element.get("fpu") is True:
			self.refuse(element, "components have no FPU; remove fpu", "fpu")
		self.put_relations(domain)
		for child in element.all("setvar"):
			self.refuse(child, "a component learns no address of the machine; it finds "
				    "its regions by their names. Remove the element")
		irqs = self.assign_irqs(domain, [region for region in self.regions_of(domain)
						 if region.base is not None], element)
		regions = self.regions_of(domain)
		private = [region for region in regions if not self.is_shared(region)]
		if private:
			writer.open("aspace")
			for region in private:
				self.put_grant(domain, region, irqs.get(region.name, []))
			writer.close()
		writer.close()

	def put_stack(self, element):
		size = element.get("stack_size")
		if size is None:
			return
		if not schema.PAGE <= size <= STACK_MAX:
			self.refuse(element, f"a component's stack has {schema.PAGE:#x} to "
				    f"{STACK_MAX:#x} bytes; write stack_size between them",
				    "stack_size")
		self.writer.put(f"stack-size = {cells(size)}", element)

	def put_relations(self, domain):
		"""A parent controls its children: guests, and components by their policy."""
		managed = []
		for child in self.system.domains.values():
			if child.parent is not domain:
				continue
			if child.guest is not None:
				managed.append(child)
			else:
				self.writer.note(child.element, f"{child.name} is nested: the core "
						 "restarts it by its policy, not this program")
		if managed:
			names = strings(child.guest.get("name") for child in managed)
			self.writer.put(f"manages-guests = {names}", managed[0].element,
					"nested, with a virtual_machine")

	def regions_of(self, domain):
		return [region for region in self.system.regions.values()
			if any(other is domain for other, _ in region.maps)]

	def is_shared(self, region):
		return region.base is None and \
			len({domain.name for domain, _ in region.maps if domain.guest is None}) > 1

	def put_grant(self, domain, region, irqs):
		writer, element = self.writer, region.element
		mapping = next(one for other, one in region.maps if other is domain)
		perms = mapping.get("perms", "rw")
		if "x" in perms:
			self.refuse(mapping, "a component executes its program alone; write perms "
				    "without x", "perms")
		writer.open(region.name, mapping, f"<map> of line {element.line}")
		if region.base is not None:
			self.put_component_device(mapping, region, irqs)
		elif perms == "r" and region.file is not None:
			writer.put('type = "file"', mapping)
			writer.put(f'file = "{region.file}"', element)
		else:
			self.check_cached(mapping)
			if perms == "r":
				self.refuse(mapping, "a component's memory is writable; write rw",
					    "perms")
			if region.size is None:
				self.refuse(mapping, "memory has a size; write size in line "
					    f"{element.line}", "mr")
			writer.put('type = "memory"', mapping)
			writer.put(f"size = {cells(region.size or 0)}", element)
			if region.file is not None:
				writer.put(f'file = "{region.file}"', element)
				writer.put("kept", element, "first contents: a restart keeps them")
		writer.close()

	def put_component_device(self, mapping, region, irqs):
		if self.is_memory(region, False):
			self.refuse(mapping, "a component gets memory that the core chooses; "
				    f"remove phys_addr in line {region.element.line}", "mr")
		if self.is_controller(region):
			self.refuse(mapping, "the interrupt controller is the core's; remove the "
				    "map",
				    "mr")
		self.writer.put('type = "device"', mapping)
		self.put_device(mapping, region, irqs)

	def put_device(self, mapping, region, irqs):
		"""What regions of devices have, of a component and of a guest."""
		writer, element = self.writer, region.element
		if mapping.get("perms", "rw")[:2] != "rw":
			self.refuse(mapping, "a device's registers are readable and writable; "
				    "write rw", "perms")
		if region.file is not None:
			self.refuse(element, "a device has no contents of a file; remove "
				    "prefill_path",
				    "prefill_path")
		writer.put(f"host-address = {cells(region.base)}", element)
		writer.put(f"size = {cells(region.size or 0)}", element)
		nodes = self.machine.within(region.base, region.size or 0) if self.machine else []
		if nodes:
			names = [name for name in nodes[0].strings("compatible")
				 if name.isascii() and name.isprintable() and
				 not set(name) & set('"\\')]
			writer.put(f"compatible = {strings(names)}", element,
				   "the machine's tree has it")
		elif self.machine is None and region not in self.unknown:
			self.unknown.append(region)
		if irqs:
			texts = [f"<0 {number} {flags}>" for number, flags, _, _ in irqs]
			added = [number for number, _, _, is_added in irqs if is_added]
			note = None if not added else "added, the device needs " + \
				", ".join(str(number + SPI_FIRST) for number in added)
			writer.put(f"interrupts = {', '.join(texts)}", irqs[0][2], note)

	def assign_irqs(self, domain, devices, where, needed=False):
		"""Each device's interrupts: name of the region to a list of (number, flags,
		element, added). needed: with those that the machine's tree has and the system has
		not.
		"""
		assigned, seen = {}, {}
		for irq in domain.element.all("irq"):
			number = irq.get("irq") - SPI_FIRST
			flags = EDGE if irq.get("trigger") == "edge" else LEVEL
			owners = [region for region in devices if self.machine and any(
				number == other for node in
				self.machine.within(region.base, region.size or 0)
				for other, _ in self.machine.interrupts(node))]
			owners = owners or (devices if len(devices) == 1 else [])
			if number in seen:
				self.refuse(irq, f"line {seen[number].line} has the interrupt "
					    "already; remove one", "irq")
			elif owners:
				assigned.setdefault(owners[0].name, []).append(
					(number, flags, irq, False))
			else:
				self.refuse(irq, f"no device of <{where.name}> "
					    f"'{where.get('name')}' is known to have it; map the "
					    "device" + ("" if self.machine else
							", or give --host FILE"), "irq")
			seen[number] = irq
		for region in devices if needed and self.machine else ():
			for node in self.machine.within(region.base, region.size or 0):
				for number, flags in self.machine.interrupts(node):
					if number not in seen and flags in (LEVEL, EDGE):
						assigned.setdefault(region.name, []).append(
							(number, flags, region.element, True))
		return assigned

	# --- Channels ---

	def put_channels(self):
		"""Each channel, with the first memory that its two components share."""
		memory, nodes, used = {}, [], set()
		for region in self.system.regions.values():
			if self.is_shared(region):
				pair = frozenset(domain.name for domain, _ in region.maps)
				memory.setdefault(pair, []).append(region)
		for element, ends in self.system.channels:
			names = [domain.name for domain in ends]
			for domain in ends:
				if domain.guest is not None:
					self.refuse(element, "Mullion's vmm replaces the program "
						    f"of '{domain.name}', which had the channel; "
						    "for a "
						    'serial line write console = "..." in the '
						    "guest's file")
			regions = memory.get(frozenset(names), [])
			nodes.append((names, element, regions.pop(0) if regions else None))
		for pair, regions in memory.items():
			nodes += [(sorted(pair), region.element, region) for region in regions]
		if nodes:
			self.writer.open("channels")
			for names, element, region in sorted(nodes, key=lambda node: not node[2]):
				name = unused(region.name if region else "-".join(names), used)
				self.put_channel(name, names, element, region)
			self.writer.close()

	def put_channel(self, name, names, element, region):
		self.writer.open(name, element, f"<{element.name}>")
		self.writer.put(f"between = {strings(names)}", element)
		if region is not None:
			for _, mapping in region.maps:
				self.check_cached(mapping)
				if mapping.get("perms", "rw") != "rw":
					self.refuse(mapping, "both ends of a channel read and "
						    "write its memory; write rw", "perms")
			if region.file is not None:
				self.refuse(region.element, "a channel's memory begins with "
					    "zeroes; remove prefill_path", "prefill_path")
			elif region.size > CHANNEL_MAX:
				self.refuse(region.element, "a channel has at most 1 MiB of "
					    "memory; write size=\"0x100000\" or less", "size")
			self.writer.put(f"size = {cells(region.size or 0)}", region.element,
					f"memory_region {region.name}")
		self.writer.close()

	# --- Guests ---

	def put_guest(self, domain):
		writer, element = self.writer, domain.guest
		mapped = self.guest_maps(domain)
		writer.open(element.get("name"), element, "<virtual_machine>")
		writer.put("autostart", element)
		self.put_scheduling(element, True)
		if "domain" in domain.element.values:
			writer.put(f'partition = "{domain.element.get("domain")}"', domain.element)
		controllers = [pair for pair in mapped if self.is_controller(pair[1])]
		for mapping, region in controllers[:1]:
			self.put_controller(mapping, region)
		for mapping, _ in controllers[1:]:
			self.refuse(mapping, "a guest has one interface of its interrupt "
				    "controller; remove the map", "mr")
		self.put_vcpus(element)
		self.put_vmm(domain)
		writer.open("aspace")
		mapped = [pair for pair in mapped if not self.is_controller(pair[1])]
		devices = [region for mapping, region in mapped
			   if not self.is_memory(region, "x" in mapping.get("perms", "rw"))]
		irqs = self.assign_irqs(domain, list(dict.fromkeys(devices)), element, needed=True)
		used, seen = {region.name for _, region in mapped}, set()
		for mapping, region in mapped:
			if region in seen:
				self.put_alias(mapping, region, unused(region.name, used))
			else:
				self.put_region(mapping, region, region in devices,
						irqs.get(region.name, []))
			seen.add(region)
		writer.close()
		writer.close()

	def guest_maps(self, domain):
		return [(mapping, self.system.regions[mapping.get("mr")])
			for mapping in domain.guest.all("map")]

	def put_controller(self, mapping, region):
		if self.frame(region) not in (None, GICV):
			self.refuse(mapping, "it is the machine's interrupt controller, which the "
				    "core emulates for each guest; remove the map", "mr")
		self.writer.put(f"gicc-address = {cells(mapping.get('vaddr'))}", mapping,
				f"the core maps {region.name}, where the machine has one")

	def put_vcpus(self, element):
		writer, vcpus = self.writer, element.all("vcpu")
		vcpus.sort(key=lambda vcpu: vcpu.get("id"))
		writer.open("vcpus")
		writer.put(f"count = <{max(len(vcpus), 1)}>", vcpus[0] if vcpus else element)
		for index, vcpu in enumerate(vcpus):
			if "cpu" in vcpu.values:
				writer.open(f"vcpu{index}", vcpu, "<vcpu>")
				writer.put(f"cpu = <{vcpu.get('cpu')}>", vcpu)
				writer.close()
		writer.close()

	def put_vmm(self, domain):
		writer, element = self.writer, domain.element
		writer.open("vmm", element, f"<protection_domain> '{domain.name}'; Mullion's vmm "
			    f"replaces {domain.program.get('path')}")
		self.put_scheduling(element, False)
		if "cpu" in element.values:
			writer.put(f"cpus = <{element.get('cpu')}>", element)
		self.put_relations(domain)
		for region in self.regions_of(domain):
			self.check_vmm_map(domain, region)
		for child in element.children:
			if child.name == "setvar" or any(name.startswith("setvar")
							 for name in child.values):
				writer.note(child, f"<{child.name}>: the vmm needs no symbol that "
					    "is set")
		writer.close()

	def check_vmm_map(self, domain, region):
		"""A map of the program that is replaced."""
		mapping = next(one for other, one in region.maps if other is domain)
		if any(other is domain for other, _ in region.guests):
			return
		if region.base is not None:
			self.refuse(mapping, "Mullion's vmm drives no device of the machine; map "
				    "it in the virtual_machine, or give it to a component", "mr")
		elif self.is_shared(region) or len(region.maps) > 1:
			self.refuse(mapping, "Mullion's vmm replaces the program, and shares no "
				    "such memory; remove the map", "mr")
		else:
			self.writer.note(mapping, f"<map> of {region.name}: memory of the program "
					 "that is replaced")

	def put_alias(self, mapping, region, name):
		writer = self.writer
		writer.open(name, mapping, f"<map> of {region.name}, again")
		writer.put('type = "alias"', mapping)
		writer.put(f'alias-of = "{region.name}"', mapping)
		writer.put(f"guest-address = {cells(mapping.get('vaddr'))}", mapping)
		writer.close()

	def put_region(self, mapping, region, is_device, irqs):
		writer, element = self.writer, region.element
		perms = mapping.get("perms", "rw")
		writer.open(region.name, mapping, f"<map> of line {element.line}")
		if is_device:
			writer.put('type = "device"', mapping)
			writer.put(f"guest-address = {cells(mapping.get('vaddr'))}", mapping)
			self.put_device(mapping, region, irqs)
		else:
			self.check_cached(mapping)
			writer.put('type = "ram"' if "w" in perms else 'type = "rom"', mapping,
				   None if "x" in perms else "executable as well")
			if region.file is not None:
				self.refuse(element, "a guest's memory is filled from kernel and "
					    "initrd alone; remove prefill_path", "prefill_path")
			writer.put(f"guest-address = {cells(mapping.get('vaddr'))}", mapping)
			if region.base is not None:
				writer.put(f"host-address = {cells(region.base)}", element)
			writer.put(f"size = {cells(region.size or 0)}", element)
		writer.close()


def translate(system, machine, source, shown, marks, mistakes):
	"""The text of the description; it counts only if there is no error in mistakes."""
	writer = Writer(source, marks)
	writer.line(f"/* Translated from {shown}. Numbers of lines are those of that file. */")
	writer.line("/dts-v1/;")
	writer.line("")
	Translation(system, machine, writer, mistakes).run()
	return writer.text()
