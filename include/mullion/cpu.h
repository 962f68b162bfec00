/* SPDX-License-Identifier: Apache-2.0 */
/* Per-CPU data: one struct cpu for each host CPU, found through the arch's per-CPU register. */
#ifndef MULLION_CPU_H
#define MULLION_CPU_H

#include <arch/cpu.h>
#include <mullion/types.h>
#include <stdatomic.h>

struct sched_queue;
struct thread;
struct vcpu;

struct cpu {
	/* First, at offsets that assembly knows (checked by static assertions in arch). */
	struct vcpu *current; /* the vCPU whose state is loaded on this CPU, or NULL */
	u32 id;               /* index into host.cpus */
	_Atomic bool online;
	struct thread *thread; /* the thread that runs here; NULL before sched_loop() */
	struct arch_cpu arch;
	_Atomic bool resched;      /* another thread should run, or may: ask sched() */
	u32 interrupts;            /* depth of host interrupt handlers */
	u32 lock_ranks;            /* bit per rank held; only kept with CONFIG_LOCK_RANKS */
	struct sched_queue *queue; /* core/sched's; NULL before sched_init() */
};

extern u32 cpu_count;        /* host CPUs that are used */
struct cpu *cpu_get(u32 id); /* NULL above cpu_count */
static inline struct cpu *this_cpu(void)
{
	return arch_this_cpu();
}

#endif
