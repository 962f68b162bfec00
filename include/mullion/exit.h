/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The exit of a vCPU, in neutral terms. The architecture serves the hot exits (its interrupt
 * controller, timers, identification registers) inside arch_vcpu_run().
 */
#ifndef MULLION_EXIT_H
#define MULLION_EXIT_H

#include <asm/vcpu.h>
#include <mullion/types.h>

enum exit_kind {
	EXIT_NONE, /* interrupted: nothing to serve; check for work, then run again */
	EXIT_READ, /* a decoded access to an address where the guest has no memory */
	EXIT_WRITE,
	EXIT_INSN,  /* an access that the architecture does not decode: the guest's vmm does */
	EXIT_FAULT, /* another fault: permission, table walk, execution */
	EXIT_WAIT,  /* the vCPU waits for an interrupt */
	EXIT_CPU_ON,
	EXIT_CPU_OFF,
	EXIT_CPU_SUSPEND,
	EXIT_SYSTEM_OFF,
	EXIT_SYSTEM_RESET,
	EXIT_LOG,   /* vendor call: a guest's log text */
	EXIT_ERROR, /* the guest cannot continue; stop it with a dump */
	EXIT_COUNT
};

struct vcpu_exit {
	enum exit_kind kind;
	union {
		struct {
			gpa_t at;  /* an address, or 2^63 + the number of a port */
			u64 value; /* write: zero-extended to 64 bits */
			u8 width;  /* 1, 2, 4, 8 bytes */
		} access;
		struct {
			void *state; /* the vmm gets it, and returns it changed */
			u32 state_bytes;
		} insn;
		struct {
			gpa_t gpa;
			gva_t gva;
			bool write, exec, walk, permission;
		} fault;
		struct {
			u32 target; /* index of a vCPU, perhaps of none */
			struct vcpu_start start;
		} cpu_on;
		struct {
			struct vcpu_start start; /* after a power-down */
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
