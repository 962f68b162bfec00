/* SPDX-License-Identifier: Apache-2.0 */
/* The one way into a guest's memory: by its regions, and through the copy window. */
#include <mullion/guest.h>

#include <mullion/window.h>

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

static enum err guest_copy(const struct guest *guest, gpa_t gpa, u8 *core, u64 bytes, bool write)
{
	if (!range_is_memory(guest, gpa, bytes))
		return ERR_FAULT;
	while (bytes != 0) {
		const struct region *region = region_find(guest, gpa);
		u64 offset = gpa.v - region->gpa.v, here = MIN(bytes, region->size - offset);
		hpa_t hpa = HPA(region->hpa.v + offset);

		if (write)
			window_write(hpa, core, here);
		else
			window_read(core, hpa, here);
		gpa.v += here;
		core += here;
		bytes -= here;
	}
	return OK;
}

enum err guest_copy_in(const struct guest *guest, void *to, gpa_t from, u64 bytes)
{
	return guest_copy(guest, from, to, bytes, false);
}

/* guest_copy() takes one non-const core pointer for both directions; it only reads through it here.
 */
enum err guest_load(const struct guest *guest, gpa_t to, const void *from, u64 bytes)
{
	return guest_copy(guest, to, (u8 *)(uintptr_t)from, bytes, true);
}
