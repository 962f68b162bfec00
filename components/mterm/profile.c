/* SPDX-License-Identifier: Apache-2.0 */
/* profile show, profile exits: the exits of a guest that the core has recorded. */
#include "components/mterm/output.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#include <mullion/string.h>

#define SUMS_MAX 48u /* reasons of all vCPUs; beyond, the last one has them */

static struct manage_profile profile; /* of the vCPU that was copied last */
static struct manage_reason sums[SUMS_MAX];
static u32 num_sums;

/* Copy the records of vCPU number @index. Returns false if there are none, or it is refused. */
static bool copy_vcpu(const struct record *guest, u32 index, s64 *result)
{
	u64 second;

	*result = port_ctl(MANAGE_PROFILE, (u64)guest->id << 16 | index, &profile, sizeof(profile),
			   0, &second);
	if (*result < 0)
		return false;
	profile.num_reasons = MIN(profile.num_reasons, MANAGE_REASONS);
	return profile.run != 0;
}

static void add_reason(const struct manage_reason *more)
{
	struct manage_reason *sum = sums;

	while (sum < sums + num_sums && sum < sums + SUMS_MAX - 1 &&
	       (sum->code != more->code || strcmp(sum->name, more->name) != 0))
		sum++;
	if (sum == sums + num_sums) {
		*sum = *more;
		num_sums++;
		return;
	}
	sum->count += more->count;
	sum->total_ns += more->total_ns;
	sum->min_ns = MIN(sum->min_ns, more->min_ns);
	sum->max_ns = MAX(sum->max_ns, more->max_ns);
}

/* The most frequent one, which is not there any more. */
static struct manage_reason take_reason(void)
{
	struct manage_reason *most = sums, taken;

	for (struct manage_reason *sum = sums; sum < sums + num_sums; sum++)
		if (sum->count > most->count)
			most = sum;
	taken = *most;
	*most = sums[--num_sums];
	return taken;
}

static void json_pair(const char *key, u64 value)
{
	json_key(key);
	json_number(value);
}

static void show_reason(const struct manage_reason *r, u64 all, bool json)
{
	u64 tenths = r->count * 1000 / MAX(all, 1);

	if (!json) {
		out_format("%-22.23s %10lu  %3lu.%lu %%  %10lu  %10lu  %12lu\n", r->name, r->count,
			   tenths / 10, tenths % 10, r->min_ns, r->total_ns / r->count, r->max_ns);
		return;
	}
	json_open('{');
	json_key("reason");
	json_text(r->name);
	json_pair("code", r->code);
	json_pair("count", r->count);
	json_pair("total_ns", r->total_ns);
	json_pair("min_ns", r->min_ns);
	json_pair("max_ns", r->max_ns);
	json_close('}');
}

static void show_reasons(bool json)
{
	u64 all = 0;

	for (u32 i = 0; i < num_sums; i++)
		all += sums[i].count;
	if (!json)
		out_text("EXIT                        COUNT    SHARE      MIN ns     MEAN ns     "
			 "   MAX ns\n");
	while (num_sums != 0 && !out_stopped()) {
		struct manage_reason r = take_reason();

		if (r.count != 0)
			show_reason(&r, all, json);
	}
}

static void show_exit(u32 vcpu, const struct manage_exit *e, bool json)
{
	const char *name = profile.reasons[MIN(e->reason, MANAGE_REASONS - 1)].name;

	if (!json) {
		out_format("%4u  %6lu.%09lu  %12lu  %-22.23s  0x%lx\n", vcpu, e->exit_ns / NS_PER_S,
			   e->exit_ns % NS_PER_S, e->entry_ns - e->exit_ns, name, e->address);
		return;
	}
	json_open('{');
	json_pair("vcpu", vcpu);
	json_pair("exit_ns", e->exit_ns);
	json_pair("entry_ns", e->entry_ns);
	json_key("reason");
	json_text(name);
	json_pair("address", e->address);
	json_close('}');
}

/* The oldest one of a full ring is being written. */
static void show_ring(u32 vcpu, bool json)
{
	u64 n = MIN(profile.written, (u64)MANAGE_EXITS - 1);

	for (u64 at = profile.written - n; at < profile.written && !out_stopped(); at++)
		show_exit(vcpu, &profile.exits[at % MANAGE_EXITS], json);
}

/* Returns true if a vCPU has records; @result: the last refusal. */
static bool show_vcpus(const struct record *guest, bool exits, bool json, s64 *result)
{
	bool any = false;

	num_sums = 0;
	for (u32 i = 0; i < guest->guest.vcpus; i++) {
		if (!copy_vcpu(guest, i, result))
			continue;
		if (!any && json) {
			json_begin();
			json_open('{');
			json_key("on");
			json_bool(profile.on != 0);
			json_pair("since_ns", profile.since_ns);
			json_key(exits ? "exits" : "reasons");
			json_open('[');
		} else if (!any && exits) {
			out_text("VCPU  EXIT AT s                 FOR ns  REASON                  "
				 "ADDRESS\n");
		}
		any = true;
		if (exits)
			show_ring(i, json);
		for (u32 k = 0; k < profile.num_reasons && !exits; k++)
			add_reason(&profile.reasons[k]);
	}
	return any;
}

void run_profile(struct term *t, const struct call *call)
{
	bool json = (call->options & OPTION_JSON) != 0;
	bool exits = str_equal(call->command->verb, "exits");
	s64 result = 0;
	struct record guest;

	(void)t;
	if (!find_named(call, KIND_GUEST, call->arguments[0], &guest))
		return;
	if (!show_vcpus(&guest, exits, json, &result)) {
		if (result < 0 && result != -(s64)ERR_NOT_FOUND)
			report_refused(call, result);
		else
			report_error(call, "no exits of '%s' were recorded; 'profile on %s' begins",
				     guest.name, guest.name);
		return;
	}
	if (!exits)
		show_reasons(json);
	if (json) {
		json_close(']');
		json_close('}');
		json_end();
	}
}
