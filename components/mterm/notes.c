/* SPDX-License-Identifier: Apache-2.0 */
#include "components/mterm/notes.h"

#include "components/mterm/output.h"
#include "components/mterm/use.h"
#include <mullion/string.h>

#define VCPU_READY 2u /* in NAMES_VCPU_STATE */

static bool tells_of_vcpus(enum kind kind)
{
	return kind == KIND_GUEST || kind == KIND_VCPU;
}

void notes_remember(enum kind kind)
{
	if (!tells_of_vcpus(kind))
		return;
	if (kind != KIND_VCPU)
		use_remember(KIND_VCPU);
	use_remember(KIND_THREAD);
}

static void restart_limit(enum kind kind, const struct record *r)
{
	const char *component = NULL;

	if (kind == KIND_GUEST && r->guest.vmm_gave_up != 0)
		component = r->guest.vmm;
	else if (kind == KIND_COMPONENT && r->component.gave_up != 0)
		component = r->component.name;
	if (component != NULL)
		out_format("%.31s: its restart limit is reached; 'component start %.31s' starts it "
			   "again\n",
			   component, component);
}

/* The thread that used most of @cpu since the look before; false: none was seen to run. */
static bool find_busiest(u32 cpu, struct record *busiest)
{
	struct record r;
	struct walk walk;
	u64 most = 0;

	walk_begin(&walk, KIND_THREAD);
	while (walk_next(&walk, &r)) {
		u64 used = use_of(KIND_THREAD, &r, false).permille;

		if (r.thread.cpu != cpu || used <= most)
			continue;
		most = used;
		*busiest = r;
	}
	return most != 0;
}

/* A vCPU is starved if it is READY now and has not run since the first query. */
static void starvation(const struct record *vcpu)
{
	const struct use use = use_of(KIND_VCPU, vcpu, false);
	struct record other;

	if (vcpu->vcpu.state != VCPU_READY || use.permille != 0 || use.switches != 0 ||
	    !find_busiest(vcpu->vcpu.cpu, &other))
		return;
	out_format(
		"%.63s: ready, but it did not run for the last %u ms; %.31s, of priority %u, has "
		"CPU %u\n",
		vcpu->name, USE_LIST_MS, other.thread.name, other.thread.priority, vcpu->vcpu.cpu);
}

void notes_show(enum kind kind, const char *guest)
{
	struct record r;
	struct walk walk;

	walk_begin(&walk, kind);
	while (kind != KIND_VCPU && !out_stopped() && walk_next(&walk, &r))
		restart_limit(kind, &r);
	walk_begin(&walk, KIND_VCPU);
	while (tells_of_vcpus(kind) && !out_stopped() && walk_next(&walk, &r))
		if (guest == NULL || str_equal(r.vcpu.guest, guest))
			starvation(&r);
}
