/* SPDX-License-Identifier: Apache-2.0 */
/* mem core: where the core's own memory goes, beside the guests'. */
#include "components/mterm/output.h"
#include "components/mterm/record.h"
#include "components/mterm/term.h"

#define PAGE 4096u

static void show_line(const char *name, const struct manage_core_memory *core, bool json)
{
	if (!json) {
		out_format("%-24.63s  %4lu KiB  %4lu KiB  %4lu KiB\n", name, core->objects >> 10,
			   core->stacks >> 10, core->tables >> 10);
		return;
	}
	json_open('{');
	json_key("name");
	json_text(name);
	json_key("objects");
	json_number(core->objects);
	json_key("stacks");
	json_number(core->stacks);
	json_key("tables");
	json_number(core->tables);
	json_close('}');
}

/* A line for each guest and component that is there. Returns the sum, bytes. */
static u64 show_owners(bool json)
{
	static const enum kind kinds[] = { KIND_GUEST, KIND_COMPONENT };
	struct record record;
	struct walk walk;
	u64 sum = 0;

	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++) {
		walk_begin(&walk, kinds[i]);
		while (walk_next(&walk, &record) && !out_stopped()) {
			const struct manage_core_memory *core = kinds[i] == KIND_GUEST
									? &record.guest.core
									: &record.component.core;

			if (core->objects == 0)
				continue;
			show_line(record.name, core, json);
			sum += core->objects + core->stacks + core->tables;
		}
	}
	return sum;
}

static void show_total(const char *key, const char *what, u64 bytes, bool json)
{
	if (json) {
		json_key(key);
		json_number(bytes);
	} else {
		out_format("%-24s  %4lu KiB\n", what, bytes >> 10);
	}
}

void run_core_memory(struct term *t, const struct call *call)
{
	bool json = (call->options & OPTION_JSON) != 0;
	struct record host;
	struct walk walk;
	u64 heap, owned;

	(void)t;
	walk_begin(&walk, KIND_HOST);
	if (!walk_next(&walk, &host))
		return;
	heap = (host.host.heap_pages - host.host.heap_free_pages) * PAGE;
	if (json) {
		json_begin();
		json_open('{');
		json_key("owners");
		json_open('[');
	} else {
		out_text("IN THE HEAP                OBJECTS    STACKS    TABLES\n");
	}
	owned = show_owners(json);
	if (json)
		json_close(']');
	show_total("heap_rest", "rest of the heap", heap - MIN(owned, heap), json);
	show_total("heap", "heap in use", heap, json);
	show_total("image", "image", host.host.image_bytes, json);
	show_total("description", "description", host.host.description_bytes, json);
	show_total("all", "all", heap + host.host.image_bytes + host.host.description_bytes, json);
	if (json) {
		json_close('}');
		json_end();
	}
}
