/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one way into a guest's memory. The core has no mapping of it; each piece is mapped into this
 * CPU's window for the length of the copy.
 */
#include <mullion/guest.h>

#include <arch/mmu.h>
#include <mullion/string.h>

#define WINDOW_BYTES     MIB(2)
#define COPY_CLEAN_BYTES 128 /* unit of arch_copy_clean() */

enum copy_kind { COPY_IN, COPY_OUT, COPY_LOAD };

static bool is_memory(const struct region *region)
{
	enum region_kind kind = region->config->kind;

	return kind == REGION_RAM || kind == REGION_ROM;
}

/* Every byte lies in RAM or ROM; neighbouring regions may share a range. At most num_regions steps.
 */
static bool range_is_memory(const struct guest *guest, gpa_t gpa, u64 bytes)
{
	while (bytes != 0) {
		const struct region *region = region_find(guest, gpa);
		u64 here;

		if (region == NULL || !is_memory(region))
			return false;
		here = MIN(bytes, region->size - (gpa.v - region->gpa.v));
		gpa.v += here;
		bytes -= here;
	}
	return true;
}

static void load_piece(u8 *to, const u8 *from, u64 bytes)
{
	u64 fast = 0;

	if (IS_ALIGNED((u64)(uintptr_t)to, 16) && IS_ALIGNED((u64)(uintptr_t)from, 16))
		fast = ALIGN_DOWN(bytes, COPY_CLEAN_BYTES);
	if (fast != 0)
		arch_copy_clean(to, from, fast);
	if (bytes > fast) {
		memcpy(to + fast, from + fast, bytes - fast);
		arch_clean_invalidate(to + fast, bytes - fast);
	}
}

static enum err guest_copy(const struct guest *guest, gpa_t gpa, u8 *core, u64 bytes,
			   enum copy_kind kind)
{
	if (!range_is_memory(guest, gpa, bytes))
		return ERR_FAULT;
	while (bytes != 0) {
		const struct region *region = region_find(guest, gpa);
		u64 offset = gpa.v - region->gpa.v;
		hpa_t hpa = HPA(region->hpa.v + offset);
		u64 here = MIN(bytes, region->size - offset);
		u8 *window;

		here = MIN(here, WINDOW_BYTES - (hpa.v & (WINDOW_BYTES - 1)));
		window = arch_window_map(hpa, here);
		switch (kind) {
		case COPY_IN: memcpy(core, window, here); break;
		case COPY_OUT: memcpy(window, core, here); break;
		case COPY_LOAD: load_piece(window, core, here); break;
		}
		arch_window_unmap();
		gpa.v += here;
		core += here;
		bytes -= here;
	}
	return OK;
}

enum err guest_copy_in(const struct guest *guest, void *to, gpa_t from, u64 bytes)
{
	return guest_copy(guest, from, to, bytes, COPY_IN);
}

/* guest_copy() takes one non-const core pointer for both directions; it only reads through it here.
 */
enum err guest_copy_out(const struct guest *guest, gpa_t to, const void *from, u64 bytes)
{
	return guest_copy(guest, to, (u8 *)(uintptr_t)from, bytes, COPY_OUT);
}

enum err guest_load(const struct guest *guest, gpa_t to, const void *from, u64 bytes)
{
	return guest_copy(guest, to, (u8 *)(uintptr_t)from, bytes, COPY_LOAD);
}
