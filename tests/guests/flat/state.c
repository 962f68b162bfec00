/* SPDX-License-Identifier: Apache-2.0 */
/* The flat guest's checks of registers: the counter, extended state, control registers, memory
 * types. Each has on the bare machine the same answer. */
#include "tests/guests/flat/flat.h"

#define MSR_TSC_ADJUST 0x3bu
#define MSR_PAT        0x277u
#define MSR_MTRR_DEF   0x2ffu
#define MSR_MTRR_MASK  0x201u
#define PAT_RESET      0x0007040600070406ull
#define STEP           (1ull << 40) /* of the counter: minutes */
#define CR0_TS         (1u << 3)
#define CR4_XSAVE      (1u << 18)
#define LEGACY_BYTES   576u /* x87, SSE and the header */

static u32 read_cr0(void)
{
	u32 value;

	__asm__ volatile("mov %%cr0, %0" : "=r"(value));
	return value;
}

static void check_counter(void)
{
	u64 adjust, before;
	u32 r[4];
	bool moves;

	cpuid(7, 0, r);
	if ((r[1] & 2) == 0) {
		check(false, "TSC_ADJUST is offered");
		check(false, "the counter follows TSC_ADJUST");
		return;
	}
	check(true, "TSC_ADJUST is offered");
	adjust = rdmsr(MSR_TSC_ADJUST);
	before = rdtsc();
	wrmsr(MSR_TSC_ADJUST, adjust + STEP);
	moves = rdtsc() - before >= STEP && rdtsc() - before < 2 * STEP;
	wrmsr(MSR_TSC_ADJUST, adjust);
	check(moves && rdtsc() - before < STEP, "the counter follows TSC_ADJUST");
}

static u32 set_xcr0(u32 value)
{
	u32 r[4];

	__asm__ volatile("xsetbv" : : "a"(value), "d"(0), "c"(0));
	cpuid(0xd, 0, r);
	return r[1];
}

/* XSETBV is checked, and CPUID has the size for XCR0. */
static void check_extended(void)
{
	u32 cr4, r[4];
	bool grows;

	__asm__ volatile("mov %%cr4, %0" : "=r"(cr4));
	check(FAULTS(6, "xsetbv", "a"(1), "d"(0), "c"(0)), "XSETBV without OSXSAVE");
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4 | CR4_XSAVE));
	check(FAULTS(13, "xsetbv", "a"(0), "d"(0), "c"(0)) &&
		      FAULTS(13, "xsetbv", "a"(5), "d"(0), "c"(0)) &&
		      FAULTS(13, "xsetbv", "a"(1), "d"(1u << 31), "c"(0)) &&
		      FAULTS(13, "xsetbv", "a"(1), "d"(0), "c"(1)),
	      "XSETBV of impossible values");
	cpuid(0xd, 0, r);
	grows = (r[0] & 4) == 0 || set_xcr0(7) == LEGACY_BYTES + 256;
	check(set_xcr0(3) == LEGACY_BYTES && grows, "CPUID follows XCR0");
	(void)set_xcr0(1);
	__asm__ volatile("mov %0, %%cr4" : : "r"(cr4));
}

static void check_control(void)
{
	u32 cr0 = read_cr0();
	bool set, cleared;

	__asm__ volatile("lmsw %w0" : : "r"(cr0 | CR0_TS));
	set = (read_cr0() & CR0_TS) != 0;
	__asm__ volatile("clts");
	cleared = (read_cr0() & CR0_TS) == 0;
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_TS));
	check(set && cleared && (read_cr0() & CR0_TS) != 0, "LMSW, CLTS and MOV to CR0");
	__asm__ volatile("mov %0, %%cr0" : : "r"(cr0));
	__asm__ volatile("mov %%cr4, %0" : "=r"(cr0));
	check((cr0 & 1u << 13) == 0, "CR4 shows no VMXE");
}

static void check_types(void)
{
	u64 pat = rdmsr(MSR_PAT), def = rdmsr(MSR_MTRR_DEF);

	wrmsr(MSR_PAT, 0x0007040600070401ull);
	check(rdmsr(MSR_PAT) == 0x0007040600070401ull, "PAT keeps its value");
	wrmsr(MSR_PAT, pat);
	check(pat == PAT_RESET, "PAT of reset");
	check(WRMSR_FAULTS(MSR_PAT, 2) && rdmsr(MSR_PAT) == pat, "PAT of type 2");
	wrmsr(MSR_MTRR_DEF, 0xc06);
	check(rdmsr(MSR_MTRR_DEF) == 0xc06, "MTRRs keep their value");
	check(WRMSR_FAULTS(MSR_MTRR_DEF, 2), "MTRR of type 2");
	check(WRMSR_FAULTS(MSR_MTRR_MASK, 1), "reserved bit of an MTRR");
	wrmsr(MSR_MTRR_DEF, def);
}

/* The instruction behind them runs, and no part of them. */
static void check_prefixes(void)
{
	u32 a = 1, b, c, d, r[4];

	cpuid(1, 0, r);
	__asm__ volatile(".byte 0x2e, 0x66, 0x2e, 0x66; cpuid"
			 : "+a"(a), "=b"(b), "=c"(c), "=d"(d));
	check(a == r[0] && d == r[3], "prefixes of CPUID");
	__asm__ volatile(".byte 0x3e, 0x66; rdmsr" : "=a"(a), "=d"(d) : "c"(MSR_PAT));
	check(((u64)d << 32 | a) == rdmsr(MSR_PAT), "prefixes of RDMSR");
}

void check_state(void)
{
	check_counter();
	check_extended();
	check_control();
	check_types();
	check_prefixes();
}
