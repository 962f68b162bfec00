/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Per-CPU data on x86-64. Every stack of the core lies in a slot of STACK_SLOT bytes, aligned to
 * its size. The last 16 bytes of the slot hold the struct cpu of the CPU that runs on the stack. So
 * FS and GS are free for guests and components, and no entry to the core has to load them.
 */
#ifndef ASM_CPU_H
#define ASM_CPU_H

#ifndef CONFIG_STACK_SIZE
#define CONFIG_STACK_SIZE 8192
#endif

#define STACK_SLOT     (2 * CONFIG_STACK_SIZE)
#define STACK_RESERVED 16 /* at the top of each slot */

#define CPU_STACK_BYTES     CONFIG_STACK_SIZE
#define CPU_EXCEPTION_BYTES 0x1000

/* Offset in struct cpu that assembly uses; smp.c asserts it. */
#define CPU_VECTOR 24

#ifndef CONFIG_MAX_CPUS
#define CONFIG_MAX_CPUS 8
#endif

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct cpu;
struct cpu_tables;
struct guest;

struct arch_cpu {
	u64 vector; /* of the interrupt that was taken and not served yet; 0: none */
	struct cpu_tables *tables;
	u64 stack_top;               /* of the running thread */
	u64 fatal_top, nmi_top;      /* stacks of #DF and #MC, and of NMI */
	u64 *window_table;           /* level-3 table of its copy window, NULL until it is used */
	u64 window_va, window_bytes; /* what it maps now; 0 bytes: nothing */
	u32 views;                   /* of guests' pages: a bit for each that is mapped */
	u64 stacks_seen; /* mmu_stacks_changed when translations of stacks were last flushed */
	/* The first table of the component or guest that runs, and in its low bits the number of
	 * the entry; 0: none runs. */
	_Atomic u64 user_entered;
	u64 user_entries;
	const void *regime; /* a struct arch_user whose segments and ports are loaded, or NULL */
	const struct guest *predicts_for; /* the guest that has run last; never followed */
	u64 tsc_aux;                      /* in IA32_TSC_AUX; zero while a component runs */
	u32 apic_id;
	u32 window;          /* number of its copy window: 0 for the boot CPU, else id + 1 */
	_Atomic u32 trapped; /* exceptions of the core so far: a second one prints less */
	u32 nmis;            /* that were survived */
	u32 mchecks;         /* the same, and not reported yet */
};

/** arch_this_cpu() - this CPU's struct cpu. */
static inline struct cpu *arch_this_cpu(void)
{
	struct cpu *cpu;

	__asm__("mov	%%rsp, %0\n\t"
		"or	%1, %0\n\t"
		"mov	%c2(%0), %0"
		: "=r"(cpu)
		: "i"(STACK_SLOT - 1), "i"(1 - STACK_RESERVED)
		: "cc");
	return cpu;
}

/** arch_cpu_relax() - the hint inside a spin loop; under -icount it lets another CPU run. */
static inline void arch_cpu_relax(void)
{
	__asm__ volatile("pause" : : : "memory");
}
#endif

#endif
