/* SPDX-License-Identifier: Apache-2.0 */
/* top: the use of CPUs, vCPUs and other threads between two readings of the core's counters. */
#include "components/mterm/output.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"
#include "components/mterm/use.h"

#include <mullion/string.h>

#define THREAD_VCPU 1u /* in NAMES_THREAD_KIND */

static bool is_shown(enum kind kind, const struct record *r)
{
	return kind != KIND_THREAD || r->thread.kind != THREAD_VCPU;
}

static const char *note_of(enum kind kind, const struct record *r)
{
	switch (kind) {
	case KIND_CPU: return r->cpu.running;
	case KIND_VCPU: return abi_name(NAMES_VCPU_STATE, r->vcpu.state);
	default: return abi_name(NAMES_VCPU_STATE, r->thread.state);
	}
}

static u32 cpu_of(enum kind kind, const struct record *r)
{
	return kind == KIND_CPU ? r->cpu.id : kind == KIND_VCPU ? r->vcpu.cpu : r->thread.cpu;
}

static void row_text(enum kind kind, const struct record *r, const struct use *use)
{
	out_format("%-31.31s  %3u  %5u.%u  %9llu  %10llu  ", r->name, cpu_of(kind, r),
		   (unsigned int)(use->permille / 10), (unsigned int)(use->permille % 10),
		   (unsigned long long)use->exits, (unsigned long long)use->switches);
	out_foreign(note_of(kind, r), strnlen(note_of(kind, r), MANAGE_NAME - 1));
}

static void row_json(enum kind kind, const struct record *r, const struct use *use)
{
	json_open('{');
	json_key("name");
	json_text(r->name);
	json_key("cpu");
	json_number(cpu_of(kind, r));
	json_key("use_permille");
	json_number(use->permille);
	json_key("exits_per_s");
	json_number(use->exits);
	json_key("switches_per_s");
	json_number(use->switches);
	json_key(kind == KIND_CPU ? "running" : "state");
	json_string_begin();
	json_string_more(note_of(kind, r), strnlen(note_of(kind, r), MANAGE_NAME - 1));
	json_string_end();
	json_close('}');
}

static const struct {
	enum kind kind;
	const char *head, *note, *key;
} sections[] = {
	{ KIND_CPU, "CPU", "RUNNING", "cpus" },
	{ KIND_VCPU, "VCPU", "STATE", "vcpus" },
	{ KIND_THREAD, "THREAD", "STATE", "threads" },
};

/* A live line erases what the one before it left on the screen. */
static void end_line(bool live)
{
	out_text(live ? "\033[K\n" : "\n");
}

static void section_text(u32 s, bool live)
{
	enum kind kind = sections[s].kind;
	struct record r;
	struct walk walk;

	out_format("%-31s  CPU   USE %%    EXITS/S  SWITCHES/S  %s", sections[s].head,
		   sections[s].note);
	end_line(live);
	walk_begin(&walk, kind);
	while (walk_next(&walk, &r)) {
		struct use use = use_of(kind, &r, true);

		if (!is_shown(kind, &r))
			continue;
		row_text(kind, &r, &use);
		end_line(live);
	}
}

static void section_json(u32 s)
{
	enum kind kind = sections[s].kind;
	struct record r;
	struct walk walk;

	json_key(sections[s].key);
	json_open('[');
	walk_begin(&walk, kind);
	while (walk_next(&walk, &r)) {
		struct use use = use_of(kind, &r, true);

		if (is_shown(kind, &r))
			row_json(kind, &r, &use);
	}
	json_close(']');
}

void top_tick(struct term *t)
{
	bool live = t->mode == MODE_TOP;

	use_look();
	if (t->json) {
		json_begin();
		json_open('{');
		for (u32 s = 0; s < ARRAY_SIZE(sections); s++)
			section_json(s);
		json_close('}');
		json_end();
		return;
	}
	if (live)
		out_text("\033[H");
	for (u32 s = 0; s < ARRAY_SIZE(sections); s++) {
		if (s != 0)
			end_line(live);
		section_text(s, live);
	}
	if (live)
		out_text("any key ends this\033[J");
}

void run_top(struct term *t, const struct call *call)
{
	bool once = (call->options & OPTION_ONCE) != 0;

	t->json = (call->options & OPTION_JSON) != 0;
	if (!once && (t->json || t->scripted)) {
		report_error(call, "programs and scripts get one table: add --once");
		return;
	}
	use_begin();
	for (u32 s = 0; s < ARRAY_SIZE(sections); s++)
		use_remember(sections[s].kind);
	if (!once)
		out_text("\033[H\033[2Jone second, please\n");
	mode_wait(t, once ? MODE_TOP_ONCE : MODE_TOP, USE_TOP_MS);
}
