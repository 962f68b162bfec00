/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording of exits: sums for each reason, and the last exits with their times. A manager
 * switches it on for a guest. The architecture has another way out of the guest and into it for a
 * vCPU that records. So others execute no instruction for it.
 */
#include <mullion/profile.h>

#include <abi/manage.h>
#include <arch/time.h>
#include <mullion/mem.h>
#include <mullion/string.h>

_Static_assert(sizeof(struct manage_profile) <= PAGE_SIZE, "a recording is a page");

static enum err make_pages(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		struct vcpu *vcpu = guest->vcpus[i];

		if (vcpu->profile != NULL)
			continue;
		vcpu->profile = page_alloc(1);
		if (vcpu->profile == NULL)
			return ERR_NO_MEMORY;
		guest->profile_pages++;
	}
	return OK;
}

static void tell_vcpus(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++)
		vcpu_request(guest->vcpus[i], VCPU_REQ_PROFILE);
}

enum err guest_profile(struct guest *guest)
{
	enum err err = make_pages(guest);

	if (err != OK)
		return err;
	atomic_store(&guest->profile, ++guest->profiles);
	tell_vcpus(guest);
	return OK;
}

enum err guest_profile_end(struct guest *guest)
{
	atomic_store(&guest->profile, 0);
	tell_vcpus(guest);
	return OK;
}

void vcpu_profile(struct vcpu *vcpu)
{
	struct manage_profile *profile = vcpu->profile;
	u32 run = atomic_load(&vcpu->guest->profile);

	if (profile == NULL)
		return;
	if (run != 0 && run != profile->run) {
		memset(profile, 0, sizeof(*profile));
		profile->since_ns = arch_time_now().v;
		profile->run = run;
	}
	profile->on = run != 0;
	arch_vcpu_profile(vcpu, run != 0);
}

/* --- The vCPU's own thread, between guest and core -------------------------------------------- */

/* The row of @code. The last one also counts the reasons that have none. */
static u32 profile_reason(struct manage_profile *profile, u32 code, const char *name)
{
	struct manage_reason *reason = profile->reasons;
	u32 i;

	for (i = 0; i < profile->num_reasons; i++, reason++)
		if (reason->code == code || i == MANAGE_REASONS - 1)
			return i;
	memcpy(reason->name, name, strnlen(name, sizeof(reason->name) - 1));
	reason->code = code;
	reason->min_ns = UINT64_MAX;
	profile->num_reasons++;
	return i;
}

static struct manage_exit *next_record(struct manage_profile *profile)
{
	return &profile->exits[profile->written % MANAGE_EXITS];
}

void profile_exit(struct vcpu *vcpu, u32 code, const char *name, u64 address)
{
	u64 now = arch_time_now().v;
	u32 reason = profile_reason(vcpu->profile, code, name);

	*next_record(vcpu->profile) =
		(struct manage_exit){ .exit_ns = now, .address = address, .reason = reason };
	vcpu->profile->outside = 1;
}

void profile_entry(struct vcpu *vcpu)
{
	struct manage_profile *profile = vcpu->profile;
	struct manage_exit *record = next_record(profile);
	struct manage_reason *reason = &profile->reasons[record->reason];
	u64 ns;

	if (profile->outside == 0)
		return;
	profile->outside = 0;
	profile->written++;
	record->entry_ns = arch_time_now().v;
	ns = record->entry_ns - record->exit_ns;
	reason->count++;
	reason->total_ns += ns;
	reason->min_ns = MIN(reason->min_ns, ns);
	reason->max_ns = MAX(reason->max_ns, ns);
}
