/* SPDX-License-Identifier: Apache-2.0 */
/* top: what CPUs, vCPUs and other threads used between two looks at the core's counters. */
#include "components/mterm/output.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#include <mullion/string.h>

#define SAMPLES_MAX 256u /* records that are watched: beyond, they show no use */
#define THREAD_VCPU 1u   /* in NAMES_THREAD_KIND */

struct counters {
	u64 busy_ns, exits, switches;
};

/* The counters of one record at one time. The name stands for it: numbers of threads change. */
struct sample {
	u64 key;
	struct counters counters;
};

static struct look {
	u64 at_ns;
	u32 count;
	struct sample samples[SAMPLES_MAX];
} looks[2];
static u32 latest; /* of looks[] */

/* FNV-1a over the kind and the name. */
static u64 key_of(enum kind kind, const struct record *r)
{
	u64 key = (UINT64_C(0xcbf29ce484222325) ^ (u64)kind) * UINT64_C(0x100000001b3);

	for (const char *c = r->name; *c != '\0'; c++)
		key = (key ^ (u8)*c) * UINT64_C(0x100000001b3);
	return key;
}

static struct counters counters_of(enum kind kind, const struct record *r, u64 now_ns)
{
	struct counters c = { 0 };

	switch (kind) {
	case KIND_CPU:
		c.busy_ns = now_ns - MIN(r->cpu.idle_ns, now_ns);
		c.exits = r->cpu.exits;
		c.switches = r->cpu.switches;
		break;
	case KIND_VCPU:
		c.busy_ns = r->vcpu.run_ns;
		c.switches = r->vcpu.switches;
		for (u32 i = 0; i < ARRAY_SIZE(r->vcpu.exits); i++)
			c.exits += r->vcpu.exits[i];
		break;
	default:
		c.busy_ns = r->thread.run_ns;
		c.switches = r->thread.switches;
		break;
	}
	return c;
}

static u64 rate(u64 before, u64 after, u64 ms)
{
	return after > before ? (after - before) * 1000 / MAX(ms, 1) : 0;
}

/* What @r used each second since the look before; remembered for the next. All 0 for a record that
 * was not there then. busy_ns becomes thousandths of the time. */
static struct counters used(enum kind kind, const struct record *r)
{
	struct look *now = &looks[latest], *before = &looks[1 - latest];
	struct counters c = counters_of(kind, r, now->at_ns), use = { 0 };
	u64 key = key_of(kind, r), ms = (now->at_ns - before->at_ns) / 1000000;

	if (now->count < SAMPLES_MAX)
		now->samples[now->count++] = (struct sample){ key, c };
	for (u32 i = 0; i < before->count; i++) {
		const struct counters *old = &before->samples[i].counters;

		if (before->samples[i].key != key)
			continue;
		use.busy_ns = MIN(rate(old->busy_ns, c.busy_ns, ms) / 1000000, 1000);
		use.exits = rate(old->exits, c.exits, ms);
		use.switches = rate(old->switches, c.switches, ms);
		break;
	}
	return use;
}

static void look_begin(void)
{
	u64 since_1970;

	latest = 1 - latest;
	looks[latest].count = 0;
	looks[latest].at_ns = port_time(&since_1970);
}

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

static void row_text(enum kind kind, const struct record *r, const struct counters *use)
{
	out_format("%-31.31s  %3u  %5u.%u  %9llu  %10llu  ", r->name, cpu_of(kind, r),
		   (unsigned int)(use->busy_ns / 10), (unsigned int)(use->busy_ns % 10),
		   (unsigned long long)use->exits, (unsigned long long)use->switches);
	out_foreign(note_of(kind, r), strnlen(note_of(kind, r), MANAGE_NAME - 1));
}

static void row_json(enum kind kind, const struct record *r, const struct counters *use)
{
	json_open('{');
	json_key("name");
	json_text(r->name);
	json_key("cpu");
	json_number(cpu_of(kind, r));
	json_key("use_permille");
	json_number(use->busy_ns);
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
		struct counters use = used(kind, &r);

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
		struct counters use = used(kind, &r);

		if (is_shown(kind, &r))
			row_json(kind, &r, &use);
	}
	json_close(']');
}

void top_tick(struct term *t)
{
	bool live = t->mode == MODE_TOP;

	look_begin();
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
	struct record r;
	struct walk walk;

	t->json = (call->options & OPTION_JSON) != 0;
	if (!once && (t->json || t->scripted)) {
		command_error(call, "programs and scripts get one table: add --once");
		return;
	}
	look_begin();
	looks[1 - latest].count = 0;
	for (u32 s = 0; s < ARRAY_SIZE(sections); s++) {
		walk_begin(&walk, sections[s].kind);
		while (walk_next(&walk, &r))
			(void)used(sections[s].kind, &r);
	}
	if (!once)
		out_text("\033[H\033[2Jone second, please\n");
	term_wait(t, once ? MODE_TOP_ONCE : MODE_TOP, 1000);
}
