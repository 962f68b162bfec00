/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The translation of a guest's linear address by the guest's own tables: without paging, 32-bit
 * paging, PAE paging and 4-level paging. Permissions are not checked: an instruction's own access
 * has passed them, and the caller reads `rights` for another one.
 *
 * Source: SDM vol. 3, chapter 4; APM vol. 2, chapter 5.
 */
#ifndef X86_64_PURE_GUEST_WALK_H
#define X86_64_PURE_GUEST_WALK_H

#include <mullion/types.h>

struct guest_walk {
	u64 cr0, cr3, cr4, efer;
	/* Reads @bytes (4 or 8) of the guest's memory at @gpa into @entry. False: it has none. */
	bool (*read)(void *context, u64 gpa, u32 bytes, u64 *entry);
	void *context;
	u64 rights; /* of the last translation: GUEST_WALK_* that each level has */
};

#define GUEST_WALK_WRITE BIT(1)
#define GUEST_WALK_USER  BIT(2)

/** guest_walk() - guest-physical address of @linear in @gpa. Returns false if it does not
 * translate. Any context; @walk->read() is called at most four times. */
bool __must_check guest_walk(struct guest_walk *walk, u64 linear, u64 *gpa);

/* An access of an instruction. */
struct guest_access {
	bool user, write;
	bool ac; /* RFLAGS.AC */
};

#define GUEST_WALK_PRESENT BIT(0) /* of an error code of #PF, with the other two */

/** guest_walk_access() - as guest_walk(), with the rights that @access needs (SDM vol. 3, 4.6).
 * Returns false with the error code of #PF in @error. Any context. */
bool __must_check guest_walk_access(struct guest_walk *walk, u64 linear,
				    const struct guest_access *access, u64 *gpa, u32 *error);

#endif
