/* SPDX-License-Identifier: Apache-2.0 */
#include "components/mterm/use.h"

#include "components/mterm/port.h"
#include <mullion/string.h>

#define SAMPLES_MAX 256u  /* records that are watched: beyond, they show no use */
#define WATCH_MS    3000u /* longer than from one look to the next */

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
	case KIND_GUEST:
		c.busy_ns = r->guest.run_ns;
		c.exits = r->guest.exits;
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

/* Each second; of nanoseconds it is the thousandths when @us are nanoseconds, too. */
static u64 rate(u64 before, u64 after, u64 us)
{
	return after > before ? (after - before) * 1000000 / MAX(us, 1) : 0;
}

/* A guest that this terminal may not manage, or that is absent, refuses: it has no use to show. */
static void watch(void)
{
	struct record guest;
	struct walk walk;
	u64 second;

	walk_begin(&walk, KIND_GUEST);
	while (walk_next(&walk, &guest))
		(void)port_ctl(MANAGE_GUEST_WATCH, guest.id, NULL, 0, WATCH_MS, &second);
}

static void remember(enum kind kind, const struct record *r)
{
	struct look *now = &looks[latest];

	if (now->count < SAMPLES_MAX)
		now->samples[now->count++] =
			(struct sample){ key_of(kind, r), counters_of(kind, r, now->at_ns) };
}

void use_look(void)
{
	u64 since_1970;

	watch();
	latest = 1 - latest;
	looks[latest].count = 0;
	looks[latest].at_ns = port_time(&since_1970);
}

void use_begin(void)
{
	looks[latest].count = 0;
	use_look();
}

void use_remember(enum kind kind)
{
	struct record r;
	struct walk walk;

	walk_begin(&walk, kind);
	while (walk_next(&walk, &r))
		remember(kind, &r);
}

struct use use_of(enum kind kind, const struct record *r, bool also_remember)
{
	const struct look *now = &looks[latest], *before = &looks[1 - latest];
	u64 key = key_of(kind, r), us = (now->at_ns - before->at_ns) / 1000;
	u64 cpus = kind == KIND_GUEST ? r->guest.vcpus : 1;
	struct counters c = counters_of(kind, r, now->at_ns);
	struct use use = { 0 };

	if (also_remember)
		remember(kind, r);
	for (u32 i = 0; i < before->count; i++) {
		const struct counters *old = &before->samples[i].counters;

		if (before->samples[i].key != key)
			continue;
		use.permille = rate(old->busy_ns, c.busy_ns, us) / 1000000;
		use.permille = MIN(use.permille, 1000 * cpus);
		use.exits = rate(old->exits, c.exits, us);
		use.switches = rate(old->switches, c.switches, us);
		break;
	}
	return use;
}
