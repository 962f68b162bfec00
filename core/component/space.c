/* SPDX-License-Identifier: Apache-2.0 */
/* A component's memory: its program at each start, and copies for its system calls. */
#include "core/component/internal.h"

#include <mullion/window.h>

#define LOAD_PIECE KIB(64) /* of a load, between which others may run */

static void load_segment(hpa_t to, const struct config_segment *segment)
{
	for (u64 done = 0; done < segment->file_bytes; done += LOAD_PIECE) {
		window_write(HPA(to.v + segment->skip + done), segment->data + done,
			     MIN(LOAD_PIECE, segment->file_bytes - done));
		thread_preempt_point();
	}
}

void space_load(struct component *component)
{
	const struct config_component *config = component->config;
	hpa_t at = component->memory;
	u32 starts = component->starts;

	/* Memory comes zeroed at the first start. */
	for (u64 done = 0; starts != 0 && done < component->fresh_bytes; done += LOAD_PIECE) {
		window_zero(HPA(at.v + done), MIN(LOAD_PIECE, component->fresh_bytes - done));
		thread_preempt_point();
	}
	for (u32 i = 0; i < config->num_segments; i++) {
		load_segment(at, &config->segments[i]);
		at.v += config->segments[i].size;
	}
	window_write(HPA(component->info.v + offsetof(struct component_info, starts)), &starts,
		     sizeof(starts));
}

/* Page by page as its own tables say; a device or a guest's memory is none of its own. */
static enum err copy_own(const struct component *component, u64 va, u8 *core, u64 bytes, u32 right)
{
	if (bytes > COMPONENT_GUEST || va > COMPONENT_GUEST - bytes)
		return ERR_FAULT;
	while (bytes != 0) {
		u64 here = MIN(bytes, PAGE_SIZE - (va & (PAGE_SIZE - 1)));
		hpa_t hpa;
		u32 flags;

		if (space_lookup(&component->space, GPA(va), &hpa, &flags) != OK ||
		    (flags & right) == 0 || (flags & SPACE_DEVICE) != 0)
			return ERR_FAULT;
		if (right == SPACE_WRITE)
			window_write(hpa, core, here);
		else
			window_read(core, hpa, here);
		va += here;
		core += here;
		bytes -= here;
	}
	return OK;
}

enum err component_copy_in(const struct component *component, void *to, u64 va, u64 bytes)
{
	return copy_own(component, va, to, bytes, SPACE_READ);
}

/* copy_own() takes one non-const core pointer for both directions; it only reads through it here.
 */
enum err component_copy_out(const struct component *component, u64 va, const void *from, u64 bytes)
{
	return copy_own(component, va, (u8 *)(uintptr_t)from, bytes, SPACE_WRITE);
}
