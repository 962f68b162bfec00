/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The relay, for tests: a component that answers a call, or calls the next relay and waits. The
 * first of a chain serves a guest: its read at 8 * N bytes of an emulated region is answered N
 * channels further on. Each relay that the answer passes adds 1, so the guest reads N.
 *
 * A channel's first end calls its second end. Its memory has one call for each vCPU.
 */
#include "components/lib/runtime.h"
#include <mullion/string.h>

#define CALLS_MAX 8u
#define HOP_BYTES 8u

enum call_state { CALL_FREE, CALL_ASKED, CALL_PASSED, CALL_ANSWERED };

struct call {
	_Atomic u32 state; /* enum call_state */
	u32 hops;          /* channels that are still to pass */
	u64 value;         /* the answer */
};

/* One end of a channel; without a channel its bit is 0. */
struct end {
	u64 bit;
	u32 index;
	struct call *calls;
};

static struct end caller, next;

static void find_ends(const struct component_info *info)
{
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind != GRANT_CHANNEL || grant->size < CALLS_MAX * sizeof(struct call))
			continue;
		*((grant->flags & GRANT_FIRST) != 0 ? &next : &caller) = (struct end){
			.bit = BIT(grant->bit),
			.index = i,
			.calls = (struct call *)(uintptr_t)grant->address,
		};
	}
}

static void call_next(u32 slot, u32 hops)
{
	struct call *call = &next.calls[slot];

	call->hops = hops;
	atomic_store(&call->state, CALL_ASKED);
	sys_notify(next.index);
}

/* Returns true if the next relay has answered call @slot. */
static bool take_answer(u32 slot, u64 *value)
{
	struct call *call = &next.calls[slot];

	if (atomic_load(&call->state) != CALL_ANSWERED)
		return false;
	*value = call->value + 1;
	atomic_store(&call->state, CALL_FREE);
	return true;
}

static void answer_caller(u32 slot, u64 value)
{
	struct call *call = &caller.calls[slot];

	call->value = value;
	atomic_store(&call->state, CALL_ANSWERED);
	sys_notify(caller.index);
}

static void serve_calls(void)
{
	for (u32 i = 0; i < CALLS_MAX; i++) {
		struct call *call = &caller.calls[i];
		u64 value;

		if (atomic_load(&call->state) == CALL_ASKED) {
			if (call->hops == 0 || next.bit == 0) {
				answer_caller(i, 0);
				continue;
			}
			atomic_store(&call->state, CALL_PASSED);
			call_next(i, call->hops - 1);
		} else if (atomic_load(&call->state) == CALL_PASSED && take_answer(i, &value)) {
			answer_caller(i, value);
		}
	}
}

/* Answers one vCPU and waits. Returns the next bits; without an answer to give, 0. */
static u64 serve_answers(struct component_exit *exit)
{
	u64 value, bits;

	for (u32 i = 0; i < CALLS_MAX; i++) {
		if (!take_answer(i, &value))
			continue;
		bits = sys_resume_wait(i, value, 0, exit);
		/* The other calls may have an answer as well. */
		return (bits & NOTIFY_ERROR) != 0 ? next.bit : bits | next.bit;
	}
	return 0;
}

/* @rest: what came with the exit. Returns the bits that are to be served next; 0: wait for some. */
static u64 serve_exit(u64 rest, struct component_exit *exit)
{
	u32 vcpu = EXIT_VCPU(exit->where), hops = (u32)(exit->offset / HOP_BYTES);
	u64 bits;

	if (next.bit != 0 && vcpu < CALLS_MAX && hops != 0) {
		call_next(vcpu, hops - 1);
		return rest;
	}
	/* With an answer for another vCPU, this one goes the same way: a wait would be too early.
	 */
	if ((rest & next.bit) != 0 && vcpu < CALLS_MAX) {
		next.calls[vcpu].value = UINT64_MAX;
		atomic_store(&next.calls[vcpu].state, CALL_ANSWERED);
		return rest;
	}
	bits = sys_resume_wait(vcpu, 0, 0, exit);
	return (bits & NOTIFY_ERROR) != 0 ? 0 : bits;
}

void component_main(const struct component_info *info)
{
	struct component_exit exit;
	u64 bits = 0, rest;

	find_ends(info);
	for (;;) {
		if (bits == 0)
			bits = sys_wait(&exit);
		rest = bits & ~NOTIFY_EXIT;
		if ((bits & NOTIFY_EXIT) != 0) {
			bits = serve_exit(rest, &exit);
			continue;
		}
		bits = 0;
		if (info->vcpus != 0)
			bits = (rest & next.bit) != 0 ? serve_answers(&exit) : 0;
		else if ((rest & (caller.bit | next.bit)) != 0)
			serve_calls();
	}
}
