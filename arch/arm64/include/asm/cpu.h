/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU data on arm64: TPIDR_EL2 holds this CPU's struct cpu. The offsets below are known to
 * assembly; arch/arm64/smp.c asserts that they are true.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#ifndef CONFIG_STACK_SIZE
#define CONFIG_STACK_SIZE 8192
#endif

/* Offsets in struct cpu. */
#define CPU_CURRENT       0
#define CPU_EXCEPTION_TOP 24 /* arch.exception_top */
#define CPU_STACK_TOP     32 /* arch.stack_top */

/* Of threads' stacks: the slot of each, and the bytes at its top that are not the thread's. */
#define STACK_SLOT     (2 * CONFIG_STACK_SIZE)
#define STACK_RESERVED 0

/* Of each CPU's two stacks; each has an unmapped guard page below it. */
#define CPU_STACK_BYTES     CONFIG_STACK_SIZE
#define CPU_EXCEPTION_BYTES 0x1000

#ifndef CONFIG_MAX_CPUS
#define CONFIG_MAX_CPUS 8
#endif

#ifndef __ASSEMBLER__
#include "arch/arm64/pure/predict.h"
#include <mullion/types.h>

struct cpu;
struct guest;

struct arch_cpu {
	u64 exception_top; /* the stack for the core's own exceptions */
	u64 stack_top;
	u64 mpidr;           /* affinity fields, as in MPIDR_EL1 with the other bits clear */
	u32 window;          /* number of its copy window: 0 for the boot CPU, else id + 1 */
	_Atomic u32 trapped; /* exceptions of the core so far: a second one prints less */
	u64 *window_table;   /* level-3 table of this CPU's copy window, NULL until it is used */
	u64 window_va, window_bytes;      /* what it maps now; 0 bytes: nothing */
	struct predict_plan predict;      /* before another guest runs (predict.c) */
	const struct guest *predicts_for; /* the guest that has run last; never followed */
	const void *regime; /* whose EL0 this CPU is set up for (regime.h): a struct vcpu, a struct
			       arch_user, or NULL */
};

/** arch_this_cpu() - this CPU's struct cpu. */
static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	/* Not volatile: a CPU never changes under running code (no migration in the core). */
	__asm__("mrs %0, tpidr_el2" : "=r"(cpu));
	return cpu;
}

/** arch_cpu_relax() - the hint inside a spin loop; under -icount it lets another CPU run. */
static inline void arch_cpu_relax(void)
{
	__asm__ volatile("yield" : : : "memory");
}
#endif

#endif
