/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the core for records, and finding one by its name. */
#include "components/mterm/record.h"

#include "components/mterm/port.h"
#include <mullion/err.h>
#include <mullion/format.h>
#include <mullion/string.h>

static const struct source {
	const char *word;
	enum manage query;
	u32 bytes;
	bool of_guest; /* its id is guest << 16 | index */
} sources[KINDS] = {
	[KIND_NONE] = { "", MANAGE_HOST, 0, false },
	[KIND_GUEST] = { "guest", MANAGE_GUEST, sizeof(struct manage_guest), false },
	[KIND_VCPU] = { "vcpu", MANAGE_VCPU, sizeof(struct manage_vcpu), true },
	[KIND_COMPONENT] = { "component", MANAGE_COMPONENT, sizeof(struct manage_component),
			     false },
	[KIND_THREAD] = { "thread", MANAGE_THREAD, sizeof(struct manage_thread), false },
	[KIND_CPU] = { "cpu", MANAGE_CPU, sizeof(struct manage_cpu), false },
	[KIND_TIMER] = { "cpu", MANAGE_CPU, sizeof(struct manage_cpu), false },
	[KIND_IRQ] = { "interrupt", MANAGE_IRQ, sizeof(struct manage_irq), false },
	[KIND_REGION] = { "region", MANAGE_REGION, sizeof(struct manage_region), true },
	[KIND_HOST] = { "host", MANAGE_HOST, sizeof(struct manage_host), false },
};

const char *record_word(enum kind kind)
{
	return sources[kind].word;
}

static void set_name(enum kind kind, struct record *r)
{
	const char *name = "host";

	switch (kind) {
	case KIND_VCPU:
		(void)format(r->name, sizeof(r->name), "%.31s/%u", r->vcpu.guest, r->vcpu.index);
		return;
	case KIND_REGION:
		(void)format(r->name, sizeof(r->name), "%.31s/%.31s", r->owner, r->region.name);
		return;
	case KIND_CPU:
	case KIND_TIMER: (void)format(r->name, sizeof(r->name), "%u", r->cpu.id); return;
	case KIND_IRQ: (void)format(r->name, sizeof(r->name), "%u", r->irq.host); return;
	case KIND_GUEST: name = r->guest.name; break;
	case KIND_COMPONENT: name = r->component.name; break;
	case KIND_THREAD: name = r->thread.name; break;
	default: break;
	}
	(void)format(r->name, sizeof(r->name), "%.31s", name);
}

static s64 query(const struct walk *walk, u32 id, struct record *record)
{
	const struct source *source = &sources[walk->kind];
	s64 result;
	u64 second;

	memset(record, 0, sizeof(*record));
	result = port_ctl(source->query, id, &record->guest, source->bytes, 0, &second);
	record->id = id;
	(void)str_copy(record->owner, sizeof(record->owner), walk->owner);
	/* The clock may have begun before the core did. */
	if (walk->kind == KIND_HOST)
		record->host.now_ns -= MIN(record->host.boot_ns, record->host.now_ns);
	if (walk->kind == KIND_THREAD)
		record->id = record->thread.id;
	set_name(walk->kind, record);
	return result;
}

void walk_begin(struct walk *walk, enum kind kind)
{
	*walk = (struct walk){ .kind = kind, .left = RECORDS_MAX };
}

/* Enter guest number walk->guest. Returns false when there are no more guests. */
static bool enter_guest(struct walk *walk)
{
	struct manage_guest guest = { .id = 0 };
	u64 second;
	s64 result = port_ctl(MANAGE_GUEST, walk->guest, &guest, sizeof(guest), 0, &second);

	if (result == -(s64)ERR_NOT_FOUND)
		return false;
	guest.name[sizeof(guest.name) - 1] = '\0';
	(void)str_copy(walk->owner, sizeof(walk->owner), guest.name);
	walk->in_guest = true;
	walk->index = 0;
	return true;
}

static bool next_of_guests(struct walk *walk, struct record *record)
{
	for (; walk->left > 0; walk->left--) {
		s64 result;

		if (!walk->in_guest && !enter_guest(walk))
			return false;
		result = query(walk, walk->guest << 16 | walk->index, record);
		walk->index++;
		if (result >= 0 && walk->index <= UINT16_MAX)
			return true;
		walk->error = result == -(s64)ERR_NOT_FOUND ? walk->error : result;
		walk->in_guest = false;
		walk->guest++;
	}
	return false;
}

/* A guest that this terminal may not manage is passed over. */
bool walk_next(struct walk *walk, struct record *record)
{
	if (sources[walk->kind].of_guest)
		return next_of_guests(walk, record);
	for (; walk->left > 0; walk->left--) {
		s64 result = query(walk, walk->index, record);

		if (result >= 0) {
			walk->left--;
			walk->index++;
			return true;
		}
		if (result == -(s64)ERR_NOT_FOUND)
			return false;
		walk->error = result;
		if (walk->kind != KIND_GUEST)
			return false;
		walk->index++;
	}
	return false;
}

bool record_find(enum kind kind, const char *name, struct record *record, struct similar *similar)
{
	struct walk walk;

	similar_init(similar, name);
	walk_begin(&walk, kind);
	while (walk_next(&walk, record)) {
		if (str_equal(record->name, name))
			return true;
		similar_offer(similar, record->name);
	}
	return false;
}
