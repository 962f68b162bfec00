/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of core/config share. One run of config_load() goes through them in this order:
 * schema.c (is every node and property known and of its type?), parse.c (tree -> structs),
 * region.c, irq.c, vcpu.c (does it fit the machine and itself?), image.c and place.c (are the
 * images what they should be, and where do they go?), budget.c (how much memory will the core
 * need?). A check that cannot be made because an earlier one failed is left out: no mistake is told
 * twice.
 */
#ifndef CONFIG_INTERNAL_H
#define CONFIG_INTERNAL_H

#include <mullion/config.h>

#define CONFIG_MAX_VCPUS HOST_MAX_CPUS
#define CONFIG_IPA_BITS  40 /* of a guest's physical address; what every arm64 core can do */
#define CONFIG_HPA_BITS  48
#define CONFIG_LOG_LEVEL LOG_INFO

/* Shared peripheral interrupts of a GIC: INTIDs 32 to 1019 (IHI 0069 §2.2.1). */
#define INTID_PPI_FIRST 16
#define INTID_SPI_FIRST 32
#define INTID_SPI_END   1020
#define GUEST_SPIS      960 /* that a guest's controller has at most */

/* A guest's controller, where the description does not say otherwise: QEMU virt's addresses. */
#define GUEST_GICD       UINT64_C(0x08000000)
#define GUEST_GICC       UINT64_C(0x08010000)
#define GUEST_GICR       UINT64_C(0x080a0000)
#define GUEST_GICD_BYTES KIB(64)
#define GUEST_GICC_BYTES KIB(8)
#define GUEST_GICR_BYTES KIB(128) /* of one vCPU */

struct config_run {
	const struct fdt *tree;
	const struct host *host; /* or NULL */
	const void *bundle;      /* or NULL */
	size_t bundle_bytes;
	struct diag *diag;
	struct system *system;
	u8 *arena;
	size_t arena_bytes, arena_used;
};

/* diag.c */

/** config_error() - report one mistake of @node (FDT_NONE: of the whole description).
 * @property: its name, or NULL; if the node has it, its value stands in the message. @fmt: what is
 * wrong, what it clashes with, what to write instead; no newline. Any context. */
void config_error(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		  ...) __printf(4, 5);

/** config_warning() - the same for what is allowed but hardly meant. Any context. */
void config_warning(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		    ...) __printf(4, 5);

/* The best candidate so far for a misspelt name. */
struct nearest {
	const char *wanted;
	const char *best; /* NULL when none is near enough */
	u32 distance;
};

void nearest_init(struct nearest *nearest, const char *wanted);
void nearest_offer(struct nearest *nearest, const char *candidate);

#define NEAREST_HINT_MAX 64
/** nearest_hint() - "; did you mean 'x'?" or "" in @buf (NEAREST_HINT_MAX bytes). Return: @buf. */
const char *nearest_hint(const struct nearest *nearest, char *buf);

/* schema.c: see schema.h */
void schema_check(struct config_run *run);

/* parse.c */

/** parse_system() - fill run->system from the tree, leaving out what schema_check() has refused.
 * A region that cannot be used gets size 0. Return: ERR_NO_MEMORY if the arena is too small. */
enum err __must_check parse_system(struct config_run *run);

/** arena_alloc() - zeroed memory that lives as long as the system; NULL when the arena is used up.
 */
void *arena_alloc(struct config_run *run, size_t bytes);

/** region_kind_parse() - "ram" and the like; false for what the description does not know. Pure. */
bool region_kind_parse(const char *text, enum region_kind *kind);

/** interrupt_cells() - interrupt @index of a list of <type number flags>. Return: false past its
 * end. */
bool interrupt_cells(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		     u32 cells[3]);

/* The checks, each over the whole system. */
void check_regions(struct config_run *run);
void check_irqs(struct config_run *run);
void check_vcpus(struct config_run *run);
void check_images(struct config_run *run);
void place_images(struct config_run *run);
/** check_trees() - supplied trees, after everything was placed. Return: ERR_NO_MEMORY. */
enum err __must_check check_trees(struct config_run *run);

/** generated_tree_bytes() - an upper bound of the tree that the core generates for @guest; page
 * multiple. */
u64 generated_tree_bytes(const struct config_guest *guest);
/** budget_heap_bytes() - what the core sets aside for @system on @host (may be NULL); page
 * multiple. */
u64 budget_heap_bytes(const struct system *system);

/* Ranges [base, base + size); sizes of 0 never overlap. No end wraps: callers have bounded both. */
static inline bool ranges_overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a_size != 0 && b_size != 0 && a < b + b_size && b < a + a_size;
}

static inline bool range_within(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a >= b && a_size <= b_size && a - b <= b_size - a_size;
}

static inline bool region_is_memory(const struct config_region *region)
{
	return region->kind == REGION_RAM || region->kind == REGION_ROM;
}

/* The property's value as last checked by the schema; false when it is absent or was refused. */
bool config_u64(const struct config_run *run, fdt_node_t node, const char *name, u64 *value);
bool config_u32(const struct config_run *run, fdt_node_t node, const char *name, u32 *value);
const char *config_string(const struct config_run *run, fdt_node_t node, const char *name);

/** config_is_file_name() - @name stays inside the bundle: no leading '/', no '..'. Pure. */
bool config_is_file_name(const char *name);

#define config_for_each_guest(system, guest)                \
	for (struct config_guest *guest = (system)->guests; \
	     guest < (system)->guests + (system)->num_guests; guest++)
#define config_for_each_region(guest, region)                 \
	for (struct config_region *region = (guest)->regions; \
	     region < (guest)->regions + (guest)->num_regions; region++)

#endif
