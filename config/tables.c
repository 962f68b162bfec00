/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the binding; schema.c walks a tree by them. */
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define ALL    VARIANT_ALL
#define RAM    BIT(REGION_RAM)
#define ROM    BIT(REGION_ROM)
#define DEVICE BIT(REGION_DEVICE)
#define ALIAS  BIT(REGION_ALIAS)
#define PORT   VARIANT_PORT
#define VIRT   (BIT(REGION_VIRTUAL) | PORT)
#define SHARED BIT(REGION_SHARED)
#define GUEST  VARIANT_GUEST
#define TMPL   VARIANT_TEMPLATE
#define COMP   VARIANT_COMPONENT
#define G_DEV  BIT(CONFIG_GRANT_DEVICE)
#define G_MEM  BIT(CONFIG_GRANT_MEMORY)
#define G_FILE BIT(CONFIG_GRANT_FILE)
#define G_SHRD BIT(CONFIG_GRANT_SHARED)
#define G_PCI  BIT(CONFIG_GRANT_PCI)

const char *const schema_type_names[PROP_TYPES] = {
	[PROP_FLAG] = "flag",
	[PROP_U32] = "number of one cell",
	[PROP_U64] = "number of one or two cells",
	[PROP_STRING] = "string",
	[PROP_TEXT] = "string",
	[PROP_FILE] = "file name",
	[PROP_STRINGS] = "list of strings",
	[PROP_IRQS] = "list of interrupts",
	[PROP_CELLS] = "list of numbers of one cell",
	[PROP_ANY] = "value",
};

static const struct schema_prop root_props[] = {
	{ "compatible", PROP_STRINGS, ALL, ALL, "\"mullion,system\"", NULL,
	  "the kind of this tree" },
	{ "model", PROP_STRINGS, ALL, 0, "\"my system\"", "none", "a name for people" },
	{ "#address-cells", PROP_U32, ALL, 0, "<2>", "<2>",
	  "cells of an address in hardware nodes" },
	{ "#size-cells", PROP_U32, ALL, 0, "<2>", "<1>", "cells of a size in hardware nodes" },
	{ "interrupt-parent", PROP_U32, ALL, 0, "<&intc>", "none", "the hardware's controller" },
	{ "dma-coherent", PROP_FLAG, ALL, 0, "", "absent", "a hardware property" },
	{ "serial-number", PROP_STRING, ALL, 0, "\"1\"", "none", "a hardware property" },
	{ "chassis-type", PROP_STRING, ALL, 0, "\"embedded\"", "none", "a hardware property" },
};

static const struct schema_prop vmm_props[] = {
	{ "log-level", PROP_STRING, ALL, 0, "\"info\"", "\"info\"",
	  "the least severe messages of the core that are printed: \"error\", \"warn\", \"info\" "
	  "or "
	  "\"debug\"" },
	{ "stay", PROP_FLAG, ALL, 0, "", "absent",
	  "keep the machine on when no guest runs any more" },
	{ "strategy", PROP_STRING, ALL, 0, "\"priority\"", "\"priority\"",
	  "the order in which CPUs run threads: \"priority\" or \"round-robin\"" },
};

static const struct schema_prop guest_props[] = {
	{ "template", PROP_STRING, GUEST, 0, "\"small\"", "none",
	  "the template from which the guest inherits" },
	{ "instances", PROP_U32, TMPL, 0, "<4>", "<0>",
	  "guests that can be created from the template at run time" },
	{ "autostart", PROP_FLAG, ALL, 0, "", "absent", "start the guest at boot" },
	{ "kernel", PROP_FILE, ALL, GUEST, "\"kernel\"", NULL, "the file that the guest runs" },
	{ "kernel-type", PROP_STRING, ALL, 0, "\"linux\"", "\"linux\"",
	  "the kind of the kernel's file: \"linux\" or \"raw\", on arm64 also \"elf\" and "
	  "\"fit\"" },
	{ "load-address", PROP_U64, ALL, 0, "<0x40200000>", "start of RAM (+ text_offset)",
	  "address of the kernel in guest memory" },
	{ "initrd", PROP_FILE, ALL, 0, "\"initrd.cpio\"", "none", "the initial RAM disk" },
	{ "initrd-address", PROP_U64, ALL, 0, "<0x48000000>", "below the tree",
	  "address of the initrd in guest memory" },
	{ "device-tree", PROP_FILE, ALL, 0, "\"guest.dtb\"", "generated",
	  "a compiled tree for the guest instead of the generated one" },
	{ "device-tree-address", PROP_U64, ALL, 0, "<0x4fe00000>", "end of RAM",
	  "address of the tree in guest memory" },
	{ "bootargs", PROP_TEXT, ALL, 0, "\"console=ttyAMA0\"", "\"\"",
	  "the kernel's command line" },
	{ "console", PROP_STRING, ALL, 0, "\"uart\"", "none",
	  "the device region that the guest's stdout-path names" },
	{ "counter", PROP_STRING, ALL, 0, "\"own\"", "\"machine\"",
	  "start of the virtual counter: \"machine\" (that of the machine) or \"own\" (0 when the "
	  "guest is created)" },
	{ "no-trng", PROP_FLAG, ALL, 0, "", "absent", "do not serve random numbers to the guest" },
	{ "trusted-dma", PROP_FLAG, ALL, 0, "", "absent",
	  "permits devices that do DMA and so reach all memory" },
	{ "priority", PROP_U32, ALL, 0, "<200>", "<200>",
	  "priority of its vCPUs, 1 to 255; higher runs first" },
	{ "slice-us", PROP_U32, ALL, 0, "<10000>", "<10000>",
	  "microseconds that a vCPU runs before its equals run" },
	{ "cpu-budget-us", PROP_U32, ALL, 0, "<4000>", "none",
	  "microseconds of a vCPU and its donations in each period" },
	{ "cpu-period-us", PROP_U32, ALL, 0, "<10000>", "none",
	  "microseconds of the budget's period" },
	{ "partition", PROP_STRING, ALL, 0, "\"control\"", "none",
	  "the windows of its vCPUs, on CPUs with windows" },
};

static const struct schema_prop vcpus_props[] = {
	{ "count", PROP_U32, ALL, 0, "<2>", "count of vcpuN nodes, at least 1", "number of vCPUs" },
};

static const struct schema_prop vcpu_props[] = {
	{ "cpu", PROP_U32, ALL, 0, "<0>", "the one with the fewest vCPUs",
	  "the machine's CPU that runs it, counted from 0" },
	{ "priority", PROP_U32, ALL, 0, "<200>", "the guest's", "1 to 255; higher runs first" },
	{ "slice-us", PROP_U32, ALL, 0, "<10000>", "the guest's",
	  "microseconds that it runs before its equals run" },
	{ "cpu-budget-us", PROP_U32, ALL, 0, "<4000>", "the guest's",
	  "microseconds of it and its donations in each period" },
	{ "cpu-period-us", PROP_U32, ALL, 0, "<10000>", "the guest's",
	  "microseconds of the budget's period" },
	{ "partition", PROP_STRING, ALL, 0, "\"control\"", "the guest's",
	  "its windows, on CPUs with windows" },
};

static const struct schema_prop region_props[] = {
	{ "type", PROP_STRING, ALL, ALL, "\"ram\"", NULL,
	  "\"ram\", \"rom\", \"device\", \"alias\", \"virtual\" or \"shared\"" },
	{ "guest-address", PROP_U64, ALL, ALL, "<0x40000000>", NULL,
	  "start of the region in the guest's memory" },
	{ "size", PROP_U64, ALL, RAM | ROM | DEVICE | VIRT, "<0x10000000>",
	  "of an alias or shared memory: the rest of it", "bytes" },
	{ "device", PROP_STRING, VIRT, VIRT, "\"pl031\"", NULL,
	  "the device that the guest's vmm emulates" },
	{ "host-address", PROP_U64, RAM | ROM | DEVICE, DEVICE, "<0x9000000>",
	  "RAM and ROM: chosen by the core", "start of the region in the machine's memory" },
	{ "alias-of", PROP_STRING, ALIAS, ALIAS, "\"ram\"", NULL,
	  "the region that appears at a second address" },
	{ "compatible", PROP_STRINGS, DEVICE | VIRT | SHARED, 0, "\"vendor,device\"", "none",
	  "the kind of device, for the guest's tree" },
	{ "interrupts", PROP_IRQS, DEVICE | VIRT, 0, "<0 1 4>", "none",
	  "the device's interrupts on the machine's controller; of a virtual one: its line" },
	{ "guest-interrupts", PROP_IRQS, DEVICE, 0, "<0 1 4>", "the same as interrupts",
	  "the same interrupts by their numbers on the guest's controller" },
	{ "max-per-second", PROP_U32, DEVICE, 0, "<10000>", "no limit",
	  "most interrupts of each line in a second" },
	{ "network", PROP_STRING, PORT, PORT, "\"net\"", NULL,
	  "the component that is the switch of its network" },
	{ "mac-address", PROP_STRING, PORT, 0, "\"02:00:00:00:00:01\"", "one of the guest's own",
	  "the address of a port of a network" },
	{ "any-mac", PROP_FLAG, PORT, 0, "", "absent",
	  "permits frames from other addresses than the port's own" },
	{ "vlan", PROP_U32, PORT, 0, "<10>", "<0>", "the VLAN of a port of a network; 0: none" },
	{ "trunk", PROP_FLAG, PORT, 0, "", "absent",
	  "make the port a member of all VLANs, with tagged frames" },
	{ "max-frames-per-second", PROP_U32, PORT, 0, "<10000>", "no limit",
	  "most frames that the guest sends in a second" },
	{ "max-kib-per-second", PROP_U32, PORT, 0, "<10000>", "no limit",
	  "most KiB that the guest sends in a second" },
	{ "access", PROP_STRING, RAM | ROM | DEVICE | ALIAS | SHARED, 0, "\"r\"",
	  "all that the type permits", "accesses of the guest's CPUs" },
	{ "offset", PROP_U64, ALIAS, 0, "<0x1000>", "<0>",
	  "where in that region the alias begins" },
	{ "shared", PROP_STRING, SHARED, SHARED, "\"mailbox\"", NULL, "the memory of /shared" },
};

/* Of components, and of the vmm of a guest. */
static const struct schema_prop component_props[] = {
	{ "program", PROP_FILE, ALL, COMP, "\"console.elf\"", "of a vmm: \"vmm.elf\"",
	  "the ELF program that it runs" },
	{ "arguments", PROP_TEXT, ALL, 0, "\"colour\"", "\"\"", "a text for the program" },
	{ "console", PROP_STRING, ALL, 0, "\"console\"", "none",
	  "the component at the other end of its serial line" },
	{ "priority", PROP_U32, ALL, 0, "<210>", "<210>", "1 to 255; higher runs first" },
	{ "slice-us", PROP_U32, ALL, 0, "<10000>", "<10000>",
	  "microseconds that it runs before its equals run" },
	{ "partition", PROP_STRING, ALL, 0, "\"control\"", "none; of a vmm: its guest's",
	  "its windows, on CPUs with windows" },
	{ "cpus", PROP_CELLS, ALL, 0, "<0 1>", "all; of a vmm: those of its guest's vCPUs",
	  "the machine's CPUs that may run it" },
	{ "restart", PROP_STRING, ALL, 0, "\"limited\"", "\"limited\"",
	  "restart after a fault or an exit: \"always\", \"never\" or \"limited\"" },
	{ "restart-limit", PROP_U32, ALL, 0, "<10>", "<10>",
	  "restarts within the period, when limited" },
	{ "restart-period-ms", PROP_U32, ALL, 0, "<10000>", "<10000>",
	  "the period in milliseconds, when limited" },
	{ "watchdog-ms", PROP_U32, ALL, 0, "<1000>", "<0>",
	  "longest time in milliseconds between two waits; 0: none" },
	{ "stack-size", PROP_U32, ALL, 0, "<0x4000>", "<0x4000>", "bytes of its stack" },
	{ "trusted-dma", PROP_FLAG, ALL, 0, "", "absent",
	  "permits devices that do DMA and so reach all memory" },
	{ "manages", PROP_FLAG, COMP, 0, "", "absent", "permits control of everything" },
	{ "reads-log", PROP_FLAG, COMP, 0, "", "absent", "permits reading the core's log" },
	{ "manages-guests", PROP_STRINGS, COMP, 0, "\"linux\"", "none",
	  "the guests that it may control" },
	{ "noautostart", PROP_FLAG, COMP, 0, "", "absent", "do not start it at boot" },
};

static const struct schema_prop grant_props[] = {
	{ "type", PROP_STRING, ALL, ALL, "\"device\"", NULL,
	  "\"device\", \"memory\", \"file\", \"shared\" or \"pci\"" },
	{ "host-address", PROP_U64, G_DEV, G_DEV, "<0x9000000>", NULL,
	  "start of the device's registers in the machine's memory" },
	{ "size", PROP_U64, G_DEV | G_MEM, G_DEV | G_MEM, "<0x1000>", NULL, "bytes" },
	{ "kept", PROP_FLAG, G_MEM, 0, "", "absent",
	  "the memory is zeroed only at the component's first start" },
	{ "pci", PROP_CELLS, G_PCI, G_PCI, "<0 0 3 0>", NULL,
	  "segment, bus, device and function of a PCI function of the machine" },
	{ "interrupts", PROP_IRQS, G_DEV | G_PCI, 0, "<0 1 4>", "none",
	  "the device's interrupts on the machine's controller" },
	{ "max-per-second", PROP_U32, G_DEV | G_PCI, 0, "<10000>", "no limit",
	  "most interrupts of each line in a second" },
	{ "compatible", PROP_STRINGS, G_DEV, 0, "\"vendor,device\"", "none", "the kind of device" },
	{ "file", PROP_FILE, G_FILE | G_MEM, G_FILE, "\"mterm.script\"", "none",
	  "a file of the bundle; of kept memory: its first contents" },
	{ "shared", PROP_STRING, G_SHRD, G_SHRD, "\"mailbox\"", NULL, "the memory of /shared" },
};

static const struct schema_prop channel_props[] = {
	{ "between", PROP_STRINGS, ALL, ALL, "\"console\", \"mterm\"", NULL,
	  "the two components that it joins" },
	{ "size", PROP_U64, ALL, 0, "<0x1000>", "<0>", "bytes of shared memory" },
};

static const struct schema_prop shared_props[] = {
	{ "size", PROP_U64, ALL, ALL, "<0x10000>", NULL, "bytes" },
};

static const struct schema_prop cpu_props[] = {
	{ "strategy", PROP_STRING, ALL, 0, "\"windows\"", "that of /vmm",
	  "the order in which the CPU runs threads: \"priority\", \"round-robin\" or \"windows\"" },
	{ "cycle-us", PROP_U32, ALL, 0, "<10000>", "none", "microseconds of the cycle of windows" },
	{ "background", PROP_U32, ALL, 0, "<100>", "<0>",
	  "highest priority of others that run while a window or the rest of a cycle is idle" },
};

static const struct schema_prop window_props[] = {
	{ "offset-us", PROP_U32, ALL, ALL, "<0>", NULL,
	  "start of the window in microseconds from the cycle's start" },
	{ "length-us", PROP_U32, ALL, ALL, "<2000>", NULL, "microseconds of the window" },
	{ "partition", PROP_STRING, ALL, ALL, "\"control\"", NULL, "the partition that runs" },
};

static const struct schema_child root_children[] = {
	{ "vmm", SCHEMA_VMM, false },
	{ "guests", SCHEMA_GUESTS, false },
	{ "templates", SCHEMA_TEMPLATES, false },
	{ "components", SCHEMA_COMPONENTS, false },
	{ "channels", SCHEMA_CHANNELS, false },
	{ "shared", SCHEMA_SHARED, false },
	{ "schedule", SCHEMA_SCHEDULE, false },
};
static const struct schema_child guests_children[] = { { NULL, SCHEMA_GUEST, true } };
static const struct schema_child guest_children[] = {
	{ "vcpus", SCHEMA_VCPUS, false },
	{ "aspace", SCHEMA_ASPACE, true },
	{ "vmm", SCHEMA_GUEST_VMM, false },
};
static const struct schema_child vcpus_children[] = { { "vcpu#", SCHEMA_VCPU, false } };
static const struct schema_child aspace_children[] = { { NULL, SCHEMA_REGION, true } };
static const struct schema_child templates_children[] = { { NULL, SCHEMA_TEMPLATE, false } };
static const struct schema_child components_children[] = { { NULL, SCHEMA_COMPONENT, false } };
static const struct schema_child component_children[] = { { "aspace", SCHEMA_SPACE, false } };
static const struct schema_child space_children[] = { { NULL, SCHEMA_GRANT, false } };
static const struct schema_child channels_children[] = { { NULL, SCHEMA_CHANNEL, false } };
static const struct schema_child shared_children[] = { { NULL, SCHEMA_SHARED_MEMORY, false } };
static const struct schema_child schedule_children[] = { { "cpu#", SCHEMA_CPU, false } };
static const struct schema_child cpu_children[] = { { "window#", SCHEMA_WINDOW, false } };

#define PROPS(a)    .props = (a), .num_props = ARRAY_SIZE(a)
#define CHILDREN(a) .children = (a), .num_children = ARRAY_SIZE(a)

const struct schema schemas[SCHEMA_COUNT] = {
	[SCHEMA_ROOT] = { "the root", ALL, PROPS(root_props), CHILDREN(root_children), 1024 },
	[SCHEMA_VMM] = { "vmm", ALL, PROPS(vmm_props), NULL, 0, 0 },
	[SCHEMA_GUESTS] = { "guests", ALL, NULL, 0, CHILDREN(guests_children), CONFIG_MAX_GUESTS },
	[SCHEMA_GUEST] = { "a guest", GUEST, PROPS(guest_props), CHILDREN(guest_children), 16,
			   true },
	[SCHEMA_VCPUS] = { "vcpus", ALL, PROPS(vcpus_props), CHILDREN(vcpus_children),
			   CONFIG_MAX_VCPUS },
	[SCHEMA_VCPU] = { "a vCPU", ALL, PROPS(vcpu_props), NULL, 0, 0 },
	[SCHEMA_ASPACE] = { "aspace", ALL, NULL, 0, CHILDREN(aspace_children), CONFIG_MAX_REGIONS },
	[SCHEMA_REGION] = { "a region", 0, PROPS(region_props), NULL, 0, 0 },
	[SCHEMA_TEMPLATES] = { "templates", ALL, NULL, 0, CHILDREN(templates_children),
			       CONFIG_MAX_TEMPLATES },
	[SCHEMA_TEMPLATE] = { "a template", TMPL, PROPS(guest_props), CHILDREN(guest_children), 16,
			      true },
	[SCHEMA_COMPONENTS] = { "components", ALL, NULL, 0, CHILDREN(components_children),
				CONFIG_MAX_COMPONENTS },
	[SCHEMA_COMPONENT] = { "a component", COMP, PROPS(component_props),
			       CHILDREN(component_children), 16 },
	[SCHEMA_GUEST_VMM] = { "the vmm of a guest", VARIANT_VMM, PROPS(component_props),
			       CHILDREN(component_children), 16 },
	[SCHEMA_SPACE] = { "aspace", ALL, NULL, 0, CHILDREN(space_children), CONFIG_MAX_GRANTS },
	[SCHEMA_GRANT] = { "a region of a component", 0, PROPS(grant_props), NULL, 0, 0 },
	[SCHEMA_CHANNELS] = { "channels", ALL, NULL, 0, CHILDREN(channels_children),
			      CONFIG_MAX_CHANNELS },
	[SCHEMA_CHANNEL] = { "a channel", ALL, PROPS(channel_props), NULL, 0, 0 },
	[SCHEMA_SHARED] = { "shared", ALL, NULL, 0, CHILDREN(shared_children),
			    CONFIG_MAX_CHANNELS },
	[SCHEMA_SHARED_MEMORY] = { "shared memory", ALL, PROPS(shared_props), NULL, 0, 0 },
	[SCHEMA_SCHEDULE] = { "schedule", ALL, NULL, 0, CHILDREN(schedule_children),
			      HOST_MAX_CPUS },
	[SCHEMA_CPU] = { "a CPU", ALL, PROPS(cpu_props), CHILDREN(cpu_children),
			 CONFIG_MAX_WINDOWS },
	[SCHEMA_WINDOW] = { "a window", ALL, PROPS(window_props), NULL, 0, 0 },
};

const struct schema_prop *schema_row(const struct arch_platform *platform,
				     const struct schema *schema, u32 index)
{
	if (index < schema->num_props)
		return &schema->props[index];
	index -= schema->num_props;
	return schema->of_arch && index < platform->num_guest_props ? &platform->guest_props[index]
								    : NULL;
}

const struct schema_prop *schema_find(const struct arch_platform *platform,
				      const struct schema *schema, const char *name)
{
	for (u32 i = 0; i < schema->num_props; i++)
		if (str_equal(schema->props[i].name, name))
			return &schema->props[i];
	for (u32 i = 0; schema->of_arch && i < platform->num_guest_props; i++)
		if (str_equal(platform->guest_props[i].name, name))
			return &platform->guest_props[i];
	return NULL;
}

const char *const region_kind_names[REGION_KINDS] = {
	[REGION_RAM] = "ram",     [REGION_ROM] = "rom",         [REGION_DEVICE] = "device",
	[REGION_ALIAS] = "alias", [REGION_VIRTUAL] = "virtual", [REGION_SHARED] = "shared",
};
const char *const grant_kind_names[CONFIG_GRANT_KINDS] = {
	[CONFIG_GRANT_DEVICE] = "device", [CONFIG_GRANT_MEMORY] = "memory",
	[CONFIG_GRANT_FILE] = "file",     [CONFIG_GRANT_SHARED] = "shared",
	[CONFIG_GRANT_PCI] = "pci",
};

u32 schema_index(const char *const *names, u32 count, const char *name)
{
	for (u32 i = 0; i < count; i++)
		if (str_equal(names[i], name))
			return i;
	return count;
}
