/* SPDX-License-Identifier: Apache-2.0 */
/* Code of a guest with a kept translation; see guest_code.h. */
#include "arch/x86_64/pure/guest_code.h"

#include <mullion/types.h>

#define IN_PAGE(address) ((address) & (PAGE_SIZE - 1))

static u64 page_of(u64 linear)
{
	return ALIGN_DOWN(linear, PAGE_SIZE) | 1;
}

struct filling {
	struct guest_code *code;
	const struct guest_code_memory *memory;
};

/* The guest may write it at the same time, so it is read once. */
static u64 entry_now(const void *at, bool wide)
{
	return wide ? *(const volatile u64 *)at : *(const volatile u32 *)at;
}

/* A step of the walk. Entries are aligned, so none crosses a page. */
static bool add_step(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	struct filling *filling = context;
	struct guest_code *code = filling->code;
	struct guest_code_step *step = &code->steps[code->levels];
	const u8 *page = filling->memory->map(filling->memory->context, code->levels,
					      ALIGN_DOWN(gpa, PAGE_SIZE));

	if (page == NULL)
		return false;
	code->wide = bytes == 8;
	step->at = page + IN_PAGE(gpa);
	step->entry = *entry = entry_now(step->at, code->wide);
	code->levels++;
	return true;
}

static bool fill(struct guest_code *code, const struct guest_code_memory *memory,
		 const struct guest_walk *now, u64 linear)
{
	struct filling filling = { code, memory };
	struct guest_walk walk = *now;
	u64 gpa;

	code->page = 0;
	code->levels = 0;
	walk.read = add_step;
	walk.context = &filling;
	if (!guest_walk(&walk, linear, &gpa))
		return false;
	code->bytes = memory->map(memory->context, GUEST_CODE_LEVELS, ALIGN_DOWN(gpa, PAGE_SIZE));
	if (code->bytes == NULL)
		return false;
	code->cr0 = now->cr0;
	code->cr3 = now->cr3;
	code->cr4 = now->cr4;
	code->efer = now->efer;
	code->page = page_of(linear);
	return true;
}

static bool holds(const struct guest_code *code, const struct guest_walk *now, u64 linear)
{
	if (code->page != page_of(linear) || code->cr3 != now->cr3 || code->cr0 != now->cr0 ||
	    code->cr4 != now->cr4 || code->efer != now->efer)
		return false;
	for (const struct guest_code_step *step = code->steps; step < code->steps + code->levels;
	     step++)
		if (entry_now(step->at, code->wide) != step->entry)
			return false;
	return true;
}

u32 guest_code_fetch(struct guest_code *code, const struct guest_code_memory *memory,
		     const struct guest_walk *now, u64 linear, u8 bytes[GUEST_CODE_BYTES])
{
	u32 left = (u32)(PAGE_SIZE - IN_PAGE(linear));
	const u8 *from;

	if (!holds(code, now, linear) && !fill(code, memory, now, linear))
		return 0;
	from = code->bytes + IN_PAGE(linear);
	if (left >= GUEST_CODE_BYTES) {
		__builtin_memcpy(bytes, from, GUEST_CODE_BYTES);
		return GUEST_CODE_BYTES;
	}
	for (u32 i = 0; i < left; i++)
		bytes[i] = from[i];
	return left;
}
