/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control registers, MSRs and CPUID: accessors, and the names of the bits that the core uses. One
 * file, so that a bit has one spelling everywhere (Intel SDM vol. 3 and 4, AMD APM vol. 2). May be
 * included from assembly: only the accessors are C.
 */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#include "arch/x86_64/pure/regs.h"

#define RFLAGS_FIXED SYS_BIT(1)
#define RFLAGS_IF    SYS_BIT(9)

/* The core's selectors. Bits 0 and 1 are the privilege level. */
#define SELECTOR_CODE      0x08
#define SELECTOR_DATA      0x10
#define SELECTOR_USER_DATA 0x1b
#define SELECTOR_USER_CODE 0x23
#define SELECTOR_TSS       0x28
#define GDT_ENTRIES        7 /* the TSS takes two */

#ifndef __ASSEMBLER__
struct cpuid {
	u32 a, b, c, d;
};

/** cpuid() - @subleaf of @leaf, which the CPU must have. */
static inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	__asm__ volatile("cpuid"
			 : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

/* The leaf, or zeroes above the highest one of its range. */
static inline struct cpuid cpuid_if(u32 leaf, u32 subleaf)
{
	if (cpuid(leaf & 0x80000000u, 0).a < leaf)
		return (struct cpuid){ 0 };
	return cpuid(leaf, subleaf);
}

/** read_msr(), write_msr() - an MSR that the CPU has: another is #GP, and a panic. */
static inline u64 read_msr(u32 msr)
{
	u32 low, high;

	__asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr) : "memory");
	return (u64)high << 32 | low;
}

static inline void write_msr(u32 msr, u64 value)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

#define READ_CR(n)                                                    \
	static inline u64 read_cr##n(void)                            \
	{                                                             \
		u64 value;                                            \
                                                                      \
		__asm__ volatile("mov %%cr" #n ", %0" : "=r"(value)); \
		return value;                                         \
	}
#define WRITE_CR(n)                                                            \
	static inline void write_cr##n(u64 value)                              \
	{                                                                      \
		__asm__ volatile("mov %0, %%cr" #n : : "r"(value) : "memory"); \
	}
READ_CR(0)
READ_CR(2)
READ_CR(3)
READ_CR(4)
WRITE_CR(0)
WRITE_CR(3)
WRITE_CR(4)
WRITE_CR(8)

/* Later loads of the core do not go before it. */
static inline u64 read_tsc(void)
{
	u32 low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (u64)high << 32 | low;
}

/** invalidate_page() - drop this CPU's translation of @va. INVLPG. */
static inline void invalidate_page(u64 va)
{
	__asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}
#endif

#endif
