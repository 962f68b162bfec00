/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the binding; schema.c walks a tree by them. */
#include "core/config/schema.h"

#include <mullion/config.h>

#include "core/config/internal.h"

#define ALL    VARIANT_ALL
#define RAM    BIT(REGION_RAM)
#define ROM    BIT(REGION_ROM)
#define DEVICE BIT(REGION_DEVICE)
#define ALIAS  BIT(REGION_ALIAS)

const char *const schema_type_names[PROP_TYPES] = {
	[PROP_FLAG] = "flag",
	[PROP_U32] = "number of one cell",
	[PROP_U64] = "number of one or two cells",
	[PROP_STRING] = "string",
	[PROP_TEXT] = "string",
	[PROP_FILE] = "file name",
	[PROP_STRINGS] = "list of strings",
	[PROP_IRQS] = "list of interrupts of three cells <type number flags> each",
	[PROP_ANY] = "value",
};

static const struct schema_prop root_props[] = {
	{ "compatible", PROP_STRINGS, ALL, ALL, "\"mullion,system\"", NULL, "what this tree is" },
	{ "model", PROP_STRINGS, ALL, 0, "\"my system\"", "none", "a name for people" },
	{ "#address-cells", PROP_U32, ALL, 0, "<2>", "<2>",
	  "cells of an address in hardware nodes" },
	{ "#size-cells", PROP_U32, ALL, 0, "<2>", "<1>", "cells of a size in hardware nodes" },
	{ "interrupt-parent", PROP_U32, ALL, 0, "<&gic>", "none", "the hardware's controller" },
	{ "dma-coherent", PROP_FLAG, ALL, 0, "", "absent", "a hardware property" },
	{ "serial-number", PROP_STRING, ALL, 0, "\"1\"", "none", "a hardware property" },
	{ "chassis-type", PROP_STRING, ALL, 0, "\"embedded\"", "none", "a hardware property" },
};

static const struct schema_prop vmm_props[] = {
	{ "log-level", PROP_STRING, ALL, 0, "\"info\"", "\"info\"",
	  "which messages of the core are printed: \"error\", \"warn\", \"info\" or \"debug\"" },
	{ "stay", PROP_FLAG, ALL, 0, "", "absent",
	  "do not power the machine off when no guest is running any more" },
};

static const struct schema_prop guest_props[] = {
	{ "autostart", PROP_FLAG, ALL, 0, "", "absent", "start the guest at boot" },
	{ "kernel", PROP_FILE, ALL, ALL, "\"Image\"", NULL, "the file that the guest runs" },
	{ "kernel-type", PROP_STRING, ALL, 0, "\"linux\"", "\"linux\"",
	  "how the kernel is started: \"linux\" or \"raw\"" },
	{ "load-address", PROP_U64, ALL, 0, "<0x40200000>", "start of RAM (+ text_offset)",
	  "where the kernel goes in guest memory" },
	{ "initrd", PROP_FILE, ALL, 0, "\"initrd.cpio\"", "none", "the initial RAM disk" },
	{ "initrd-address", PROP_U64, ALL, 0, "<0x48000000>", "below the tree",
	  "where the initrd goes in guest memory" },
	{ "device-tree", PROP_FILE, ALL, 0, "\"guest.dtb\"", "generated",
	  "a compiled tree to give the guest instead of the generated one" },
	{ "device-tree-address", PROP_U64, ALL, 0, "<0x4fe00000>", "end of RAM",
	  "where the tree goes in guest memory" },
	{ "bootargs", PROP_TEXT, ALL, 0, "\"console=ttyAMA0\"", "\"\"",
	  "the kernel's command line" },
	{ "console", PROP_STRING, ALL, 0, "\"uart\"", "none",
	  "the device region that the guest's stdout-path names" },
	{ "gic-version", PROP_U32, ALL, 0, "<3>", "the machine's",
	  "the guest's interrupt controller: 2 or 3" },
	{ "gicd-address", PROP_U64, ALL, 0, "<0x08000000>", "<0x08000000>",
	  "guest address of the distributor (64 KiB)" },
	{ "gicc-address", PROP_U64, ALL, 0, "<0x08010000>", "<0x08010000>",
	  "guest address of the GICv2 CPU interface (8 KiB)" },
	{ "gicr-address", PROP_U64, ALL, 0, "<0x080a0000>", "<0x080a0000>",
	  "guest address of the GICv3 redistributors (128 KiB for each vCPU)" },
	{ "trap-wfi", PROP_FLAG, ALL, 0, "", "absent",
	  "let the core run something else while a vCPU waits for an interrupt" },
	{ "no-trng", PROP_FLAG, ALL, 0, "", "absent", "do not serve random numbers to the guest" },
};

static const struct schema_prop vcpus_props[] = {
	{ "count", PROP_U32, ALL, 0, "<2>", "count of vcpuN nodes, at least 1",
	  "how many vCPUs the guest has" },
};

static const struct schema_prop vcpu_props[] = {
	{ "cpu", PROP_U32, ALL, 0, "<0>", "the next free one",
	  "the machine's CPU that runs it, counted from 0" },
};

static const struct schema_prop region_props[] = {
	{ "type", PROP_STRING, ALL, ALL, "\"ram\"", NULL,
	  "\"ram\", \"rom\", \"device\" or \"alias\"" },
	{ "guest-address", PROP_U64, ALL, ALL, "<0x40000000>", NULL,
	  "where the region starts in the guest's memory" },
	{ "size", PROP_U64, ALL, RAM | ROM | DEVICE, "<0x10000000>", "of an alias: its region's",
	  "bytes" },
	{ "host-address", PROP_U64, RAM | ROM | DEVICE, DEVICE, "<0x9000000>",
	  "RAM and ROM: chosen by the core", "where the region starts in the machine's memory" },
	{ "alias-of", PROP_STRING, ALIAS, ALIAS, "\"ram\"", NULL,
	  "the region that is seen here a second time" },
	{ "compatible", PROP_STRINGS, DEVICE, 0, "\"arm,pl011\", \"arm,primecell\"", "none",
	  "what the device is, for the guest's tree" },
	{ "interrupts", PROP_IRQS, DEVICE, 0, "<0 1 4>", "none",
	  "the device's interrupts on the machine's controller" },
	{ "guest-interrupts", PROP_IRQS, DEVICE, 0, "<0 1 4>", "the same as interrupts",
	  "the same interrupts as numbered on the guest's controller" },
};

static const struct schema_child root_children[] = {
	{ "vmm", SCHEMA_VMM, false },
	{ "guests", SCHEMA_GUESTS, true },
};
static const struct schema_child guests_children[] = { { NULL, SCHEMA_GUEST, true } };
static const struct schema_child guest_children[] = {
	{ "vcpus", SCHEMA_VCPUS, false },
	{ "aspace", SCHEMA_ASPACE, true },
};
static const struct schema_child vcpus_children[] = { { "vcpu#", SCHEMA_VCPU, false } };
static const struct schema_child aspace_children[] = { { NULL, SCHEMA_REGION, true } };

#define PROPS(a)    .props = (a), .num_props = ARRAY_SIZE(a)
#define CHILDREN(a) .children = (a), .num_children = ARRAY_SIZE(a)

const struct schema schemas[SCHEMA_COUNT] = {
	[SCHEMA_ROOT] = { "the root", PROPS(root_props), CHILDREN(root_children), 1024 },
	[SCHEMA_VMM] = { "vmm", PROPS(vmm_props), NULL, 0, 0 },
	[SCHEMA_GUESTS] = { "guests", NULL, 0, CHILDREN(guests_children), CONFIG_MAX_GUESTS },
	[SCHEMA_GUEST] = { "a guest", PROPS(guest_props), CHILDREN(guest_children), 16 },
	[SCHEMA_VCPUS] = { "vcpus", PROPS(vcpus_props), CHILDREN(vcpus_children),
			   CONFIG_MAX_VCPUS },
	[SCHEMA_VCPU] = { "a vCPU", PROPS(vcpu_props), NULL, 0, 0 },
	[SCHEMA_ASPACE] = { "aspace", NULL, 0, CHILDREN(aspace_children), CONFIG_MAX_REGIONS },
	[SCHEMA_REGION] = { "a region", PROPS(region_props), NULL, 0, 0 },
};
