/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit of a vCPU, in neutral terms. The hot exits (virtual GIC, timer, PSCI_VERSION, ID
 * registers) are served inside arch_vcpu_run() and never get here.
 */
#ifndef MULLION_EXIT_H
#define MULLION_EXIT_H

#include <mullion/types.h>

enum exit_kind {
	EXIT_NONE,      /* interrupted: nothing to serve; look for work, then run again */
	EXIT_MMIO_READ, /* stage-2 fault that was decoded to an access */
	EXIT_MMIO_WRITE,
	EXIT_FAULT, /* stage-2 fault that is no MMIO: permission, walk (S1PTW), undecodable,
		       execution */
	EXIT_WFI,   /* wait for an interrupt (trapped) */
	EXIT_CPU_ON,
	EXIT_CPU_OFF,
	EXIT_CPU_SUSPEND,
	EXIT_SYSTEM_OFF,
	EXIT_SYSTEM_RESET,
	EXIT_LOG,   /* vendor call: a guest's log text */
	EXIT_ERROR, /* something this guest cannot go on from; stop it with a dump */
	EXIT_COUNT
};

struct vcpu_exit {
	enum exit_kind kind;
	union {
		struct {
			gpa_t gpa;
			u64 value; /* write: zero-extended to 64 bits */
			u8 width;  /* 1, 2, 4, 8 bytes */
			u8 reg;    /* arch's register number for the answer */
			bool sign_extend, reg64;
		} mmio;
		struct {
			gpa_t gpa;
			gva_t gva;
			bool write, exec, walk, permission;
		} fault;
		struct {
			u64 target; /* arch's CPU identity (MPIDR) */
			u64 entry, context;
		} cpu_on;
		struct {
			u64 entry, context;
			bool power_down;
		} suspend;
		struct {
			u32 len;
			char text[64];
		} log;
		struct {
			const char *why; /* static text */
		} error;
	};
};

#endif
