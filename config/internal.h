/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the files of config/. Each uses those before it in this list, and none behind it:
 *
 * tables.c                  nodes, properties, kinds
 * value.c                   getters, inheritance
 * diag.c                    messages
 * arena.c                   memory, counts
 * runnable.c, interrupts.c  properties that kinds of nodes share
 * network.c                 ports of networks
 * a parser per kind of node
 * schema.c                  is each node and property known and of its type?
 * check_*.c                 does it fit the machine and itself?
 * place.c                   the places of the images
 * budget.c                  the core's heap
 * load.c                    the order
 *
 * A check that cannot be made because an earlier one failed is left out: no mistake is reported
 * twice.
 */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include <abi/component.h>
#include <arch/platform.h>
#include <mullion/config.h>
#include <mullion/similar.h>

#define CONFIG_MAX_VCPUS HOST_MAX_CPUS
#define CONFIG_IPA_BITS  40 /* of a guest's physical address */
#define CONFIG_HPA_BITS  48
#define CONFIG_LOG_LEVEL LOG_INFO

#define CONFIG_MAX_LINES 1024 /* of an interrupt controller */
#define COMPATIBLE_MAX   32   /* bytes of an emulated device's compatible */
#define PROGRAM_MAX      16   /* bytes of the name of a vmm's program */

/* A guest that names a template: nodes in [node, end) inherit from what lies at @base. */
struct overlay {
	fdt_node_t node, end, base;
};

#define NAME_BITS    4096 /* a power of two */
#define REPORTED_MAX 32   /* messages that are remembered, so that none is given twice */

struct config_run {
	const struct fdt *tree;
	const struct host *host; /* or NULL */
	const void *bundle;      /* or NULL */
	size_t bundle_bytes;
	const struct arch_platform *platform;
	struct diag *diag;
	struct system *system;
	u8 *arena;
	size_t arena_bytes, arena_used;
	u32 num_overlays;
	struct overlay overlays[CONFIG_MAX_GUESTS];
	u32 num_partitions;
	const char *partitions[CONFIG_MAX_PARTITIONS]; /* names, in the order of their numbers */
	u32 num_reported;
	u32 reported[REPORTED_MAX];
	u32 names[NAME_BITS / 32]; /* of nodes: a bit for each hash that was seen */
};

/* diag.c */

/** config_error() - report one mistake of @node (FDT_NONE: of the whole description).
 * @property: its name, or NULL; if the node has it, its value stands in the message. @fmt: the
 * mistake, the conflict and the correction; no newline. Returns false, so that a check can return
 * it. Any context. */
bool config_error(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		  ...) __printf(4, 5);

/** config_warning() - the same for a value that is allowed and is hardly intended. Any context. */
void config_warning(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		    ...) __printf(4, 5);

/** config_u32_within() - read a number of one cell, from @min to @max. Returns false, without a
 * write, if it is absent, was refused, or is outside, which is reported. */
bool config_u32_within(struct config_run *run, fdt_node_t node, const char *name, u32 min, u32 max,
		       u32 *value);
/** config_choose() - the index of the property's value in @names, or @value if it is absent or
 * unknown. An unknown one is reported: "no such @what", and the names. Any context. */
u32 config_choose(struct config_run *run, fdt_node_t node, const char *property, const char *what,
		  const char *const *names, u32 count, u32 value);

/* value.c */

/** inherit_init() - find the template of each guest. It is called before all other lookups. */
void inherit_init(struct config_run *run);

/** config_base() - the node that @node inherits from: that of the same path in the template of its
 * guest; FDT_NONE when there is none. */
fdt_node_t config_base(const struct config_run *run, fdt_node_t node);

/** config_lacks_template() - Returns true if @node belongs to a guest whose template does not
 * exist. No check can then know what it lacks. */
bool config_lacks_template(const struct config_run *run, fdt_node_t node);

/** config_get() - read a property that @node has or inherits into *@prop. @node may be FDT_NONE.
 * Returns false, without a write, if there is none. Any context. */
bool config_get(const struct config_run *run, fdt_node_t node, const char *name,
		struct fdt_prop *prop);
/** config_has() - Returns true if @node has the property or inherits it. */
bool config_has(const struct config_run *run, fdt_node_t node, const char *name);
/** config_child() - the child of that name, own or inherited, or FDT_NONE. */
fdt_node_t config_child(const struct config_run *run, fdt_node_t node, const char *name);

/* The children of a node and, behind them, those that it inherits. */
struct config_children {
	fdt_node_t own, base; /* whose children */
	fdt_node_t node;      /* the present one, FDT_NONE at the end */
	bool inherited;
};
/** config_children() - the first one. */
struct config_children config_children(const struct config_run *run, fdt_node_t node);
/** config_next_child() - the next one. */
void config_next_child(const struct config_run *run, struct config_children *it);
/** config_count_children() - their number, at most @max. @node may be FDT_NONE. */
u32 config_count_children(const struct config_run *run, fdt_node_t node, u32 max);

#define config_for_each_child(run, parent, it)                                              \
	for (struct config_children it = config_children(run, parent); it.node != FDT_NONE; \
	     config_next_child(run, &it))

/** config_u64() - read a number of two cells. Returns false if it is absent or was refused. */
bool config_u64(const struct config_run *run, fdt_node_t node, const char *name, u64 *value);
/** config_u32() - read a number of one cell. Returns false if it is absent or was refused. */
bool config_u32(const struct config_run *run, fdt_node_t node, const char *name, u32 *value);
/** config_string() - returns a string, or NULL if it is absent or was refused. */
const char *config_string(const struct config_run *run, fdt_node_t node, const char *name);
/** config_string_at() - string @index of a list; NULL past its end. */
const char *config_string_at(const struct config_run *run, fdt_node_t node, const char *name,
			     u32 index);

/** config_cell() - cell @index of a value that is long enough. Pure. */
static inline u32 config_cell(const struct fdt_prop *prop, u32 index)
{
	const u8 *p = prop->data + 4 * (size_t)index;

	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/** config_is_file_name() - @name stays inside the bundle: no leading '/', no '..'. Pure. */
bool config_is_file_name(const char *name);

/** config_has_irqs() - Returns true if the value of @prop is a list of specifiers. Pure. */
bool config_has_irqs(const struct arch_platform *platform, const struct fdt_prop *prop);

/* arena.c */

/** arena_alloc() - zeroed memory for as long as the system exists; NULL when the arena is used up.
 */
void *arena_alloc(struct config_run *run, size_t bytes);
/** arena_text() - a copy of @len bytes that stays after boot, as constants of this room do not. */
const char *arena_text(struct config_run *run, const char *text, size_t len);

/* Objects of each kind in a description; each count is limited to the kind's bound. */

/** vcpu_count() - vCPUs of @guest. */
u32 vcpu_count(const struct config_run *run, fdt_node_t guest);
/** count_irqs() - interrupts in the list of a device's @node. */
u32 count_irqs(const struct config_run *run, fdt_node_t node);
/** region_count() - the regions of a guest: RAM that crosses the architecture's hole is two. */
u32 region_count(const struct config_run *run, fdt_node_t aspace);
/** crosses_hole() - Returns true if @node is such a region. */
bool crosses_hole(const struct config_run *run, fdt_node_t node);
/** instance_count() - guests that @template makes at run time. */
u32 instance_count(const struct config_run *run, fdt_node_t template);
/** config_guest_count() - guests of the description and instances of its templates. */
u32 config_guest_count(const struct config_run *run);
/** config_component_count() - components and vmms. */
u32 config_component_count(const struct config_run *run);
/** config_channel_count() - channels, lines of consoles and ports of networks; not bounded. */
u64 config_channel_count(const struct config_run *run);

/* runnable.c: properties that vCPUs and components share; @value is the default. */

/** parse_priority() - 1 to 255. A value out of range is reported. */
u8 parse_priority(struct config_run *run, fdt_node_t node, u8 value);
/** parse_slice() - from slice-us. A value out of range is reported. */
ns_t parse_slice(struct config_run *run, fdt_node_t node, ns_t value);
/** parse_partition() - the number of the partition of that name, which is new if need be. */
u32 parse_partition(struct config_run *run, fdt_node_t node, u32 value);
/** parse_limit() - cpu-budget-us and cpu-period-us of @node, over what @vcpu has. */
void parse_limit(struct config_run *run, fdt_node_t node, struct config_vcpu *vcpu);
/** cpu_limit() - the number of CPUs that exist, or that can; *@whose begins a message about it. */
u32 cpu_limit(const struct config_run *run, const char **whose);
/** name_number() - the number behind the first @stem bytes of a name like vcpu12. Pure. */
u32 name_number(const char *name, size_t stem);

/* interrupts.c */

/** config_interrupt() - interrupt @index of a list of specifiers. Returns false past its end. */
bool config_interrupt(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		      u32 cells[ARCH_IRQ_CELLS]);
/** parse_irqs() - the interrupts of a device. @on_host: they are the machine's as well. */
enum err __must_check parse_irqs(struct config_run *run, fdt_node_t node, bool on_host,
				 u32 *num_irqs, struct config_irq **irqs);

/* One parser per kind of node: ERR_NO_MEMORY if the arena is too small. A property that the schema
 * refused is left out; a region that cannot be used gets size 0. */
enum err __must_check parse_system(struct config_run *run);
/** parse_guest() - @name: its node's, or an instance's. */
enum err __must_check parse_guest(struct config_run *run, fdt_node_t node, const char *name,
				  struct config_guest *guest);
enum err __must_check parse_regions(struct config_run *run, struct config_guest *guest);
enum err __must_check parse_components(struct config_run *run);
enum err __must_check parse_grants(struct config_run *run, struct config_component *component);
enum err __must_check parse_channels(struct config_run *run);
/** parse_port() - the port of a network that @region of guest @guest is. Returns false if it is
 * none, or after a report. */
bool parse_port(struct config_run *run, u32 guest, const struct config_region *region,
		struct config_channel *channel);
/** find_shared() - the memory of /shared that the region @user names; its bytes in *@size. Returns
 * FDT_NONE if there is none, which is reported. */
fdt_node_t find_shared(struct config_run *run, fdt_node_t user, u64 *size);
/** resolve_shared() - the channel of each user of such memory. After parse_channels(). */
void resolve_shared(struct config_run *run);
enum err __must_check parse_schedule(struct config_run *run);

/** config_find_component() - index of the component of that name; num_components when there is
 * none. */
u32 config_find_component(const struct system *system, const char *name);
/** config_find_end() - *@index: the component that @property names. Returns false after a report.
 */
bool config_find_end(struct config_run *run, fdt_node_t node, const char *property,
		     const char *name, u32 *index);
/** config_lacks_component() - report that no component has that name. Returns false. */
bool config_lacks_component(struct config_run *run, fdt_node_t node, const char *property,
			    const char *name);

/* A part of the machine that has an owner: a guest's region, or a component's device. */
struct claim {
	fdt_node_t node;
	u32 owner; /* guests first, then components */
	u64 hpa, size;
	u32 num_irqs;
	const struct config_irq *irqs;
	u32 next_owner, next; /* the position of the walk */
};
/** claim_next() - walk over all of them, from an empty @claim on. */
bool claim_next(const struct system *system, struct claim *claim);

/** check_shape() - sizes and addresses of a region by themselves; size 0 after a report. */
void check_shape(struct config_run *run, struct config_region *region);
/** check_host_side() - its part of the machine; @owner: as in a claim. */
void check_host_side(struct config_run *run, const struct config_region *region, u32 owner);
/** check_dma() - a device's region: its owner must be trusted if the device may do DMA. */
void check_dma(struct config_run *run, const struct config_region *region, u32 owner);
/** find_file() - @file in the bundle. Returns false without a bundle, or after a report. */
bool find_file(struct config_run *run, fdt_node_t node, const char *property, const char *file,
	       const u8 **data, u64 *bytes);

/* The checks, each over the whole system. All report by config_error(). */

/** schema_check() - each node and property is known, and each value has its type. */
void schema_check(struct config_run *run);
/** check_regions() - regions of guests: size, overlap, vmm, and their parts of the machine. */
void check_regions(struct config_run *run);
/** check_irqs() - lines of guests and devices: range, trigger, single owner, number of routes. */
void check_irqs(struct config_run *run);
/** check_vcpus() - the CPUs of vCPUs exist. A vCPU without a CPU gets one. */
void check_vcpus(struct config_run *run);
/** check_grants() - regions of components: their parts of the machine, and the address space. */
void check_grants(struct config_run *run);
/** check_port_ranges() - no space is granted more ranges of ports than the core keeps for it. */
void check_port_ranges(struct config_run *run);
/** check_networks() - addresses of ports differ within a network. */
void check_networks(struct config_run *run);
/** check_components() - names, CPUs, priorities, restarts, managed guests and number of grants. */
void check_components(struct config_run *run);
/** check_schedule() - each vCPU and component has a window on a CPU where it may run. */
void check_schedule(struct config_run *run);
/** check_limits() - the budgets of each CPU fit into its time. */
void check_limits(struct config_run *run);
/** check_images() - the guests' files exist in the bundle and have the right format. */
void check_images(struct config_run *run);
/** check_programs() - the components' files exist in the bundle and are programs. */
void check_programs(struct config_run *run);
/** place_images() - choose the addresses of all images, or verify those of the description. */
void place_images(struct config_run *run);

/* place.c: one guest's placement under way. */
#define TREE_MAX MIB(2) /* a tree must not cross a multiple of this, nor be larger */
struct placing {
	struct config_run *run;
	struct config_guest *guest;
	const struct config_region *ram; /* the region of the pieces that have no place yet */
	u64 offset;                      /* the kernel's, from the start of RAM */
	struct taken {
		const char *property, *what;
		u64 base, size;
	} taken[ELF_MAX_PIECES + 2]; /* of the kernel, tree and initrd */
	u32 num_taken;
};
/** place_take() - @what has its place; @property is the one that can move it. */
void place_take(struct placing *p, const char *property, const char *what, u64 base, u64 size);
/** place_find() - the highest free place of @size bytes in [@low, @high). Returns false if there is
 * none. */
bool place_find(const struct placing *p, u64 low, u64 high, u64 size, u64 align, u64 *base);
/** place_fixed() - an address that the user chose: it must be inside one memory region, and clear
 * of each piece before. Returns false after a report. */
bool place_fixed(struct placing *p, const char *property, const char *what, u64 base, u64 size);
/** place_too_large() - report that a piece of @bytes does not fit into the RAM of @p. */
void place_too_large(struct placing *p, const char *property, const char *what, u64 bytes);
/** place_memory_at() - the RAM or ROM of @guest at @gpa, or NULL. */
const struct config_region *place_memory_at(const struct config_guest *guest, u64 gpa);

/** check_trees() - supplied trees, after everything was placed. Returns ERR_NO_MEMORY or OK. */
enum err __must_check check_trees(struct config_run *run);

/** generated_tree_bytes() - an upper bound of the tree that the core generates for @guest; page
 * multiple. */
u64 generated_tree_bytes(const struct config_guest *guest);
/** budget_heap_bytes() - the core's heap for @system; page multiple. Counts its pieces of memory.
 */
u64 budget_heap_bytes(const struct arch_platform *platform, struct system *system);

/* A supplied tree under check. */
struct tree_check {
	const struct config_guest *g;
	struct diag *diag;
	u32 errors;
};
/** tree_mistake() - report one mistake of it, as config_error() does. */
void tree_mistake(struct tree_check *check, const char *fmt, ...) __printf(2, 3);

/** place_property() - the property that gives a region its place in the machine. */
static inline const char *place_property(const struct config_run *run, fdt_node_t node)
{
	return config_has(run, node, "pci") ? "pci" : "host-address";
}

/* The last byte of a range, for messages. */
#define LAST(base, size) ((base) + (size)-1)

/* Ranges [base, base + size); sizes of 0 never overlap. No end wraps: callers have bounded both. */
static inline bool ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a_size != 0 && b_size != 0 && a < b + b_size && b < a + a_size;
}

/** range_within() - returns true if range @a lies inside range @b. No end wraps. Pure. */
static inline bool range_within(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a >= b && a_size <= b_size && a - b <= b_size - a_size;
}

/** in_ports() - Returns true if @address is one of the port space. Pure. */
static inline bool in_ports(const struct arch_platform *platform, u64 address)
{
	return platform->has_ports && address >= PORT_BASE;
}

/** region_is_memory() - returns true if the region is RAM or ROM. Pure. */
static inline bool region_is_memory(const struct config_region *region)
{
	return region->kind == REGION_RAM || region->kind == REGION_ROM;
}

#define config_for_each_guest(system, guest)                \
	for (struct config_guest *guest = (system)->guests; \
	     guest < (system)->guests + (system)->num_guests; guest++)
#define config_for_each_region(guest, region)                 \
	for (struct config_region *region = (guest)->regions; \
	     region < (guest)->regions + (guest)->num_regions; region++)
#define config_for_each_component(system, component)                    \
	for (struct config_component *component = (system)->components; \
	     component < (system)->components + (system)->num_components; component++)
#define config_for_each_grant(component, grant)                \
	for (struct config_grant *grant = (component)->grants; \
	     grant < (component)->grants + (component)->num_grants; grant++)

#endif
