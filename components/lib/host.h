/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's place in a host build: system calls do nothing but leave their traces here, and answer
 * with what a test put here. Tests call a program's functions themselves.
 */
#ifndef COMPONENTS_HOST_H
#define COMPONENTS_HOST_H

#include "components/lib/sys.h"

#define HOST_LOG 1024u

struct host_core {
	u64 bits;                   /* the next sys_wait() returns these */
	struct component_exit exit; /* and this */
	ns_t now, since_1970;
	ns_t timer;               /* as last set; NS(UINT64_MAX): never */
	bool level[GRANTS_MAX];   /* of guest lines, by grant */
	u32 level_changes;        /* calls of sys_virq_set() */
	bool merges;              /* raised lines have their interrupt pending already */
	u32 request;              /* of sys_virq_request(), less 1; a test that takes it writes 0 */
	u32 notified[GRANTS_MAX]; /* calls by channel */
	u32 served[GRANTS_MAX];   /* sys_irq_done() by interrupt */
	const void *insn;         /* the state of sys_vcpu_state(), */
	size_t insn_bytes;
	u32 resumed, resume_flags; /* calls, and the last one's flags, vCPU and value */
	u32 resume_vcpu;
	u64 resume_value;
	u64 random;         /* words of sys_random() so far: the numbers 1, 2 ... */
	bool no_random;     /* it fails */
	char log[HOST_LOG]; /* what was logged, NUL-terminated, cut where it is full */
	u8 *guest;          /* where guest address 0 is */
	/* NULL: calls fail with ERR_UNSUPPORTED, registers read as 0. */
	s64 (*guest_ctl)(u32 operation, u64 id, void *buffer, size_t bytes, u64 argument,
			 u64 *next);
	u32 (*mmio_read)(u64 address);
	void (*mmio_write)(u64 address, u32 value);
	u32 mmio_bytes; /* of the register that is accessed */
};

extern struct host_core host_core;

/** host_core_reset() - nothing happened, nothing is set. */
void host_core_reset(void);

#endif
