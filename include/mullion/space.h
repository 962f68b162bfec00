/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Address spaces of guests and components: page tables that translate to host memory by the largest
 * blocks that alignment allows. The kind (arch/mmu.h) settles the form of the tables.
 */
#ifndef MULLION_SPACE_H
#define MULLION_SPACE_H

#include <abi/component.h>
#include <mullion/err.h>
#include <mullion/types.h>

#define SPACE_READ   BIT(0)
#define SPACE_WRITE  BIT(1)
#define SPACE_EXEC   BIT(2)
#define SPACE_DEVICE BIT(3)

/* Tables of every architecture have 512 entries in 4 KiB. Levels are numbered so that the last one,
 * which has pages, is 3. */
#define SPACE_LAST_LEVEL 3u
#define SPACE_TABLE_BITS 9u
#define SPACE_ENTRIES    (1u << SPACE_TABLE_BITS)

/* Bits of address below an entry of @level (0..3): 39, 30, 21, 12. */
static inline u32 space_level_shift(u32 level)
{
	return PAGE_SHIFT + (SPACE_LAST_LEVEL - level) * SPACE_TABLE_BITS;
}

/* An entry of a table, in neutral terms (arch/mmu.h has its coded form). */
struct space_entry {
	hpa_t to;   /* memory, or the next table */
	u32 flags;  /* SPACE_* of memory */
	bool valid; /* it leads somewhere: */
	bool table; /* to another table, or else to memory */
};

enum space_use { SPACE_OF_GUEST, SPACE_OF_COMPONENT };

/* I/O ports that a component may use, on an architecture that has ports. */
#define SPACE_PORTS_MAX 4
struct space_ports {
	u32 first, count;
};

struct space {
	void *root; /* first table, perhaps of several pages; core address */
	hpa_t root_pa;
	u64 cpus; /* that may have cached translations, a bit each */
	u16 tag;  /* of cached translations, unique among the spaces of its kind */
	u8 kind;  /* enum arch_space_kind */
	u8 address_bits;
	u8 start_level;
	u32 table_pages; /* taken for tables, root included */
	u32 num_ports;
	struct space_ports ports[SPACE_PORTS_MAX];
};

/** space_has() - Returns true if @address can be mapped, false for a port (PORT_BASE), which
 * space_grant_ports() permits. Pure. */
static inline bool space_has(u64 address)
{
	return address < PORT_BASE;
}

/** space_init() - an empty space, in no CPU's use. @tag belongs to no other space of the same use.
 * Returns ERR_NO_MEMORY. Contexts as page_alloc(). */
enum err __must_check space_init(struct space *space, enum space_use use, u16 tag);
/** space_use_on() - CPUs of the mask @cpus may run in @space from now on. Before the first of them
 * does. */
void space_use_on(struct space *space, u64 cpus);
/** space_map() - map page-aligned @size bytes of host memory @from at @to, with SPACE_* @flags. All
 * tables are allocated before the first entry is written, so an error changes nothing. Other
 * threads may run meanwhile. Returns ERR_OVERLAP if any page is mapped, ERR_NO_MEMORY, ERR_RANGE
 * outside the space or not aligned. Normal or orphan context, or boot; one caller per space. */
enum err __must_check space_map(struct space *space, gpa_t to, hpa_t from, u64 size, u32 flags);
/** space_grant_ports() - @count I/O ports from @first on may be used in @space. Before it is used.
 * Returns ERR_TOO_BIG if there are SPACE_PORTS_MAX ranges. */
enum err __must_check space_grant_ports(struct space *space, u32 first, u32 count);
/** space_unmap() - remove whole ranges that space_map() has mapped, and every cached translation of
 * them, before it returns. Unmapped pages of the range are skipped. Contexts as space_map(). */
void space_unmap(struct space *space, gpa_t from, u64 size);
/** space_lookup() - host address and flags of @gpa. Returns ERR_FAULT when nothing is mapped there.
 * @flags may be NULL. Any context, while the space is not changed. */
enum err __must_check space_lookup(const struct space *space, gpa_t gpa, hpa_t *hpa, u32 *flags);
/** space_destroy() - unmap everything and free the tables. No CPU runs in @space. Nothing happens
 * when space_init() has failed. Contexts as space_map(). */
void space_destroy(struct space *space);

#endif
