/* SPDX-License-Identifier: Apache-2.0 */
/* Walk of a guest's page tables; see guest_walk.h. */
#include "arch/x86_64/pure/guest_walk.h"

#include "arch/x86_64/pure/cr.h"

#define ENTRY_PRESENT BIT(0)
#define ENTRY_LARGE   BIT(7)
#define ENTRY_ADDRESS MASK(51, 12)

/* Form of the tables: bits of index at each level, bytes of an entry. */
struct form {
	u8 levels, index_bits, entry_bytes;
};

static bool is_canonical(u64 linear)
{
	return linear >> 47 == 0 || linear >> 47 == 0x1ffff;
}

static struct form form_of(const struct guest_walk *walk)
{
	if ((walk->efer & EFER_LMA) != 0)
		return (struct form){ 4, 9, 8 };
	if ((walk->cr4 & CR4_PAE) != 0)
		return (struct form){ 3, 9, 8 };
	return (struct form){ 2, 10, 4 };
}

/* A 4 MiB page of 32-bit paging has its upper address bits in 20:13 (PSE-36). */
static u64 large_base(const struct form *form, u64 entry, u64 page_mask)
{
	if (form->entry_bytes == 4)
		return (entry & MASK(31, 22)) | FIELD(entry, 20, 13) << 32;
	return entry & ENTRY_ADDRESS & ~page_mask;
}

bool guest_walk(struct guest_walk *walk, u64 linear, u64 *gpa)
{
	struct form form = form_of(walk);
	u64 table, index_mask = (UINT64_C(1) << form.index_bits) - 1;
	u32 shift = PAGE_SHIFT + (u32)form.levels * form.index_bits;

	walk->rights = GUEST_WALK_WRITE | GUEST_WALK_USER;
	if ((walk->cr0 & CR0_PG) == 0) {
		*gpa = linear & UINT32_MAX;
		return true;
	}
	if (form.levels == 4 ? !is_canonical(linear) : linear > UINT32_MAX)
		return false;
	table = form.levels == 3 ? walk->cr3 & MASK(31, 5) : walk->cr3 & ENTRY_ADDRESS;
	for (u32 level = form.levels; level > 0; level--) {
		u64 entry, page_mask;

		shift -= form.index_bits;
		page_mask = (UINT64_C(1) << shift) - 1;
		if (!walk->read(walk->context,
				table + (linear >> shift & index_mask) * form.entry_bytes,
				form.entry_bytes, &entry) ||
		    (entry & ENTRY_PRESENT) == 0)
			return false;
		if (form.levels != 3 || level != 3) /* PAE's level 3 has no rights */
			walk->rights &= entry;
		/* Levels 2 and 3 may have pages; PAE's level 3 and 32-bit without PSE may not. */
		if (level > 1 && level < 4 && (entry & ENTRY_LARGE) != 0 &&
		    (form.levels == 4 || level == 2) &&
		    (form.entry_bytes == 8 || (walk->cr4 & CR4_PSE) != 0)) {
			*gpa = large_base(&form, entry, page_mask) | (linear & page_mask);
			return true;
		}
		table = entry & ENTRY_ADDRESS;
	}
	*gpa = table | (linear & (PAGE_SIZE - 1));
	return true;
}

bool guest_walk_access(struct guest_walk *walk, u64 linear, const struct guest_access *access,
		       u64 *gpa, u32 *error)
{
	bool user = access->user, denied;

	*error = (access->write ? GUEST_WALK_WRITE : 0) | (user ? GUEST_WALK_USER : 0);
	if (!guest_walk(walk, linear, gpa))
		return false;
	if ((walk->cr0 & CR0_PG) == 0)
		return true;
	*error |= GUEST_WALK_PRESENT;
	denied = user && (walk->rights & GUEST_WALK_USER) == 0;
	denied |= access->write && (walk->rights & GUEST_WALK_WRITE) == 0 &&
		  (user || (walk->cr0 & CR0_WP) != 0);
	denied |= !user && (walk->rights & GUEST_WALK_USER) != 0 && (walk->cr4 & CR4_SMAP) != 0 &&
		  !access->ac;
	return !denied;
}
