/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of a guest's code, for the decoder. Its translation is kept, with each entry of the
 * guest's tables that it depends on. Each use reads those entries again. One that has changed, or
 * another address space, leads to a new walk. The code is read at each use, too. So a guest that
 * changes its tables on another CPU gets the result of a walk at this moment.
 */
#ifndef X86_64_PURE_GUEST_CODE_H
#define X86_64_PURE_GUEST_CODE_H

#include "arch/x86_64/pure/guest_walk.h"

#define GUEST_CODE_LEVELS 4u
#define GUEST_CODE_PAGES  (GUEST_CODE_LEVELS + 1) /* that stay mapped: tables, then code */
#define GUEST_CODE_BYTES  16u                     /* of a fetch, at most */

struct guest_code {
	u64 page; /* linear address and 1; 0: nothing is kept */
	u64 cr0, cr3, cr4, efer;
	const u8 *bytes; /* of the page */
	u32 levels;
	bool wide; /* entries of 8 bytes, not 4 */
	struct guest_code_step {
		const void *at;
		u64 entry;
	} steps[GUEST_CODE_LEVELS];
};

/* The guest's memory. */
struct guest_code_memory {
	/* The page at @gpa, which stays mapped as number @slot (below GUEST_CODE_PAGES) until
	 * another takes the number. NULL: there is no memory. */
	const u8 *(*map)(void *context, u32 slot, u64 gpa);
	void *context;
};

/** guest_code_fetch() - copy the code at @linear into @bytes, up to the page's end. CR0, CR3, CR4
 * and EFER are those of @now. Returns the number of bytes; 0: it does not translate. The pages that
 * @code has mapped are still mapped, or @code->page is 0. Any context. */
u32 guest_code_fetch(struct guest_code *code, const struct guest_code_memory *memory,
		     const struct guest_walk *now, u64 linear, u8 bytes[GUEST_CODE_BYTES]);

#endif
