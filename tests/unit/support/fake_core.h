/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A made-up machine behind the terminal's port (components/mterm/port.h): three guests, four
 * components, two CPUs. Acts change its states as the core would, and are written down.
 */
#ifndef TESTS_SUPPORT_FAKE_CORE_H
#define TESTS_SUPPORT_FAKE_CORE_H

#include "components/mterm/term.h"
#include <abi/manage.h>

#define FAKE_OUTPUT 65536
#define FAKE_ACTS   16

struct fake_core {
	struct manage_guest guests[3];         /* linux runs, rt is paused, spare is absent */
	struct manage_component components[4]; /* console, mterm, vmm-linux, vmm-rt (faulted) */
	struct manage_vcpu vcpus[3];
	const char *log;
	u64 log_first;
	const void *tree;
	size_t tree_bytes;
	u64 now_ns, boot_ns, since_1970, timer_ns;
	s64 refuse;       /* every act gets this, unless it is 0 */
	s64 refuse_query; /* the same for queries */
	u64 watched;      /* a bit for each guest with a call of MANAGE_GUEST_WATCH */
	u64 profiled;     /* of MANAGE_GUEST_PROFILE; the upper half: it has ended */
	u32 num_acts;     /* ever made */
	struct {
		u64 operation, id, argument;
	} acts[FAKE_ACTS]; /* the first ones */
	void (*on_act)(u64 operation);
	u32 ctrl_c; /* 1: the user wants no more output when the next line's has begun */
	size_t num_output;
	char output[FAKE_OUTPUT]; /* ends in NUL; the older half goes when it is full */
};

extern struct fake_core fake;

/** fake_reset() - the machine as described above. */
void fake_reset(void);
/** fake_time() - @ms go by: counters grow, the timer may fire. fake_second() - 1,000 of them. */
void fake_time(struct term *t, u64 ms);
void fake_second(struct term *t);
/** fake_json_valid() - whether @text is one JSON value (RFC 8259), and nothing behind it. */
bool fake_json_valid(const char *text);

#endif
