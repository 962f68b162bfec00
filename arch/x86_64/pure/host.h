/* SPDX-License-Identifier: Apache-2.0 */
/* The x86-64 part of a machine's description: interrupt controllers and clocks. */
#ifndef X86_PURE_HOST_H
#define X86_PURE_HOST_H

#include <mullion/types.h>

#define X86_MAX_IOAPICS 4
#define X86_MAX_GSIS    160u /* that can have a vector */

struct x86_host {
	struct host_range lapic; /* registers; size 0: none */
	u32 num_ioapics;
	struct x86_ioapic {
		struct host_range regs;
		u32 gsi_base; /* of its first input */
	} ioapics[X86_MAX_IOAPICS];
	u64 tsc_hz;        /* 0: not known */
	u32 pm_timer_port; /* 0: none */
	u64 hpet;          /* address of its registers; 0: none */
};

#endif
