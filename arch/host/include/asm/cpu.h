/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data of the core as a Linux process: several CPUs, of which the caller is one at a time.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#include <mullion/types.h>

#ifndef CONFIG_MAX_CPUS
#define CONFIG_MAX_CPUS 8
#endif

struct cpu;

struct arch_cpu {
	u32 kicks;     /* arch_cpu_kick() for this CPU */
	u32 starts;    /* arch_cpu_start() */
	u32 deadlines; /* times that the deadline was set or stopped */
	bool has_deadline;
	ns_t deadline;
	u64 window_pa, window_bytes; /* what the copy window maps; 0 bytes: nothing */
};

/* The CPU that this thread plays; host_cpu_select() changes it. */
extern _Thread_local struct cpu *host_this_cpu;

static inline struct cpu *arch_this_cpu(void)
{
	return host_this_cpu;
}

/* On the fake machine a CPU spins until the others have continued. In arch/host/loop.c. */
void arch_cpu_relax(void);

#endif
