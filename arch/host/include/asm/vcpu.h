/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scripted vCPU: arch_vcpu_run() returns the exits of a script one by one. The core's calls for
 * the vCPU are recorded. See arch/host/host.h.
 */
#ifndef ASM_VCPU_H
#define ASM_VCPU_H

#include <mullion/err.h>
#include <mullion/types.h>

struct vcpu_exit;

/* Where a vCPU begins: struct vcpu_start of the contract. */
struct vcpu_start {
	u64 pc, argument; /* guest address; in the first argument register */
};

enum host_event_kind {
	HOST_VCPU_RESET, /* a: pc, b: argument */
	HOST_VCPU_LOAD,
	HOST_VCPU_PUT,
	HOST_VCPU_RUN,  /* a: kind of the exit that was returned */
	HOST_VCPU_READ, /* a: gpa, b: value */
	HOST_VCPU_SKIP,
	HOST_VCPU_FAULT,  /* a: gpa of the exit, b: its kind */
	HOST_VCPU_RESULT, /* a: enum err */
	HOST_VCPU_DUMP,
	HOST_EVENT_KINDS
};

struct host_event {
	enum host_event_kind kind;
	u64 a, b;
};

#define HOST_EVENTS 64 /* the latest ones are kept */

struct arch_vcpu {
	const struct vcpu_exit *script; /* NULL: every run ends with EXIT_NONE */
	u32 script_length, script_at;
	bool loaded;
	bool recorded;  /* arch_vcpu_profile() */
	bool wants_irq; /* what arch_vcpu_wants_irq() answers */
	bool line_fell; /* arch_vcpu_wants_irq() then drops what is pending */
	struct vcpu_start start;
	u32 counts[HOST_EVENT_KINDS];
	u32 num_events; /* ever; event n is events[n % HOST_EVENTS] */
	struct host_event events[HOST_EVENTS];
};

#define HOST_LINES 1024

struct arch_guest {
	u32 inits, resets;
	u32 request; /* of arch_virq_request(), if it requests */
	bool requests;
	u64 levels[HOST_LINES / 64]; /* shared lines that arch_virq_set() raised */
	bool merges;                 /* the result of arch_virq_set() */
	u64 linked[HOST_LINES / 64]; /* arch_virq_deliver() */
};

#endif
