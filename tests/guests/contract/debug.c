/* SPDX-License-Identifier: Apache-2.0 */
/* Point 24: breakpoints, watchpoints and software step are the vCPU's own, and fire. */
#include "contract.h"

#define DBGBVR(n) SYSREG(2, 0, 0, n, 4)
#define DBGBCR(n) SYSREG(2, 0, 0, n, 5)
#define DBGWVR(n) SYSREG(2, 0, 0, n, 6)
#define DBGWCR(n) SYSREG(2, 0, 0, n, 7)
#define OSLAR     SYSREG(2, 0, 1, 0, 4)
#define MDSCR     SYSREG(2, 0, 0, 2, 2)

#define MDSCR_SS  BIT(0)
#define MDSCR_KDE BIT(13)
#define MDSCR_MDE BIT(15)

#define EC_BREAKPOINT 0x31
#define EC_STEP       0x33
#define EC_WATCHPOINT 0x35

/* On at EL1: every byte of the instruction; loads and stores to all eight bytes. */
#define BCR_ON      (0xfu << 5 | 1u << 1 | 1u)
#define BCR_LINKED  (BCR_ON | 1u << 20 | 1u << 16) /* to breakpoint 1 */
#define BCR_CONTEXT (3u << 20 | 0xfu << 5 | 3u << 1 | 1u)
#define WCR_ON      (0xffu << 5 | 3u << 3 | 1u << 1 | 1u)
#define WCR_STORES  (0xffu << 5 | 2u << 3 | 1u << 1 | 1u)

#define HITS 2

/* Exceptions that CPU n has taken. */
static struct hits {
	u32 count, ec[HITS];
	u64 elr[HITS], far[HITS];
} hits[2];
static u64 watched[2] __aligned(16);
static u32 called, other_is_up, other_found;

static void set(u32 encoding, u64 value)
{
	CHECK_EQ(execute_msr(encoding, value).count, 0);
}

static void points_off(void)
{
	for (u32 i = 0; i < 2; i++) {
		(void)execute_msr(DBGBCR(i), 0);
		(void)execute_msr(DBGWCR(i), 0);
	}
}

/* A debug exception is noted. Its cause is switched off, so that the instruction can run. */
static bool hit(struct frame *frame, u64 vector)
{
	u32 ec = (u32)(sysreg_read(ESR_EL1) >> 26) & 0x3f;
	struct hits *own = &hits[this_cpu()->index];

	(void)vector;
	if (ec != EC_BREAKPOINT && ec != EC_WATCHPOINT)
		return false;
	if (own->count < HITS) {
		own->ec[own->count] = ec;
		own->elr[own->count] = frame->elr;
		own->far[own->count] = sysreg_read(FAR_EL1);
	}
	own->count++;
	if (ec == EC_BREAKPOINT)
		sysreg_write(S2_0_C0_C0_5, 0);
	else
		sysreg_write(S2_0_C0_C0_7, 0);
	isb();
	return true;
}

static void unmask(void)
{
	__asm__ volatile("isb\n\tmsr DAIFClr, #8\n\tisb" ::: "memory");
}

static void mask(void)
{
	__asm__ volatile("msr DAIFSet, #8" ::: "memory");
}

static void __attribute__((noinline)) target(void)
{
	__asm__ volatile("" ::: "memory");
	STORE(called, called + 1);
}

/* Debug on, with everything off yet. */
static void begin(void)
{
	memset(hits, 0, sizeof(hits));
	called = 0;
	points_off();
	set(OSLAR, 0);
	set(MDSCR, MDSCR_KDE | MDSCR_MDE);
	this_cpu()->sync_hook = hit;
}

static void end(void)
{
	mask();
	points_off();
	set(MDSCR, 0);
}

static void breakpoint(void)
{
	begin();
	set(DBGBVR(0), (u64)target);
	set(DBGBCR(0), BCR_ON);
	this_cpu()->sync_hook = hit;
	unmask();
	target();
	target();
	end();
	CHECK_EQ(hits[0].count, 1);
	CHECK_EQ(hits[0].ec[0], EC_BREAKPOINT);
	CHECK_EQ(hits[0].elr[0], (u64)target);
	CHECK_EQ(called, 2);
}

/* Only for the context that it names; the second breakpoint is the one that compares contexts. */
static void breakpoint_of_context(void)
{
	begin();
	sysreg_write(CONTEXTIDR_EL1, 0x1234);
	set(DBGBVR(1), 0x4321);
	set(DBGBCR(1), BCR_CONTEXT);
	set(DBGBVR(0), (u64)target);
	set(DBGBCR(0), BCR_LINKED);
	unmask();
	target();
	mask();
	CHECK_EQ(hits[0].count, 0);
	set(DBGBVR(1), 0x1234);
	unmask();
	target();
	end();
	sysreg_write(CONTEXTIDR_EL1, 0);
	CHECK_EQ(hits[0].count, 1);
	CHECK_EQ(called, 2);
}

static void watchpoint(void)
{
	begin();
	set(DBGWVR(0), (u64)&watched[0]);
	set(DBGWCR(0), WCR_STORES);
	unmask();
	(void)LOAD(watched[0]);
	STORE(watched[1], 1);
	STORE(watched[0], 2);
	STORE(watched[0], 3);
	end();
	CHECK_EQ(hits[0].count, 1);
	CHECK_EQ(hits[0].ec[0], EC_WATCHPOINT);
	CHECK_EQ(hits[0].far[0], (u64)&watched[0]);
	CHECK_EQ(watched[0], 3);
	CHECK_EQ(watched[1], 1);
}

/* A third of either kind is not there. */
static void no_more(void)
{
	u64 value = 0;
	u32 points[2] = { ((u32)sysreg_read(ID_AA64DFR0_EL1) >> 12 & 15) + 1,
			  ((u32)sysreg_read(ID_AA64DFR0_EL1) >> 20 & 15) + 1 };

	CHECK_EQ(points[0], 2);
	CHECK_EQ(points[1], 2);
	CHECK_EQ(execute_mrs(DBGBVR(2), &value).count, 1);
	CHECK_EQ(execute_msr(DBGBCR(2), 0).count, 1);
	CHECK_EQ(execute_mrs(DBGWVR(2), &value).count, 1);
	CHECK_EQ(execute_msr(DBGWCR(15), 0).count, 1);
}

static void check_silent(u32 os_lock, u64 mdscr)
{
	begin();
	set(DBGWVR(0), (u64)&watched[0]);
	set(DBGWCR(0), WCR_ON);
	set(OSLAR, os_lock);
	set(MDSCR, mdscr);
	unmask();
	STORE(watched[0], 4);
	mask();
	set(OSLAR, 0);
	end();
	CHECK_EQ(hits[0].count, 0);
}

/* QEMU 7.2 itself checks the wrong bit of the OS lock. */
static void locked(void)
{
	check_silent(1, MDSCR_KDE | MDSCR_MDE);
}

static void not_enabled(void)
{
	check_silent(0, MDSCR_KDE);
}

/* A guest has no VMID to compare. */
static void breakpoint_of_vmid(void)
{
	begin();
	set(DBGBVR(0), 0);
	set(DBGBCR(0), BCR_ON | 8u << 20); /* any instruction under a VMID */
	unmask();
	target();
	end();
	CHECK_EQ(hits[0].count, 0);
}

/* Its own watchpoint fires; the other's address is an ordinary one here. */
static void other(void)
{
	u64 value = 0;

	this_cpu()->sync_hook = hit;
	other_found = execute_mrs(DBGWCR(0), &value).count != 0 || value != 0;
	(void)execute_msr(OSLAR, 0);
	(void)execute_msr(DBGWVR(0), (u64)&watched[1]);
	(void)execute_msr(DBGWCR(0), WCR_ON);
	(void)execute_msr(MDSCR, MDSCR_KDE | MDSCR_MDE);
	unmask();
	STORE(other_is_up, 1);
	while (LOAD(test_stop) == 0 && LOAD(hits[1].count) == 0) {
		STORE(watched[0], 6);
		wfe();
		STORE(watched[1], 7);
	}
	mask();
}

static void of_each_cpu(void)
{
	begin();
	other_is_up = 0;
	set(DBGWVR(0), (u64)&watched[0]);
	set(DBGWCR(0), WCR_ON);
	set(DBGBVR(0), (u64)target);
	set(DBGBCR(0), BCR_ON);
	CHECK_EQ(cpu_on(1, other), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(other_is_up) != 0, WAIT_MS));
	sev();
	CHECK(cpu_wait_off(1));
	CHECK_EQ(hits[0].count, 0);
	unmask();
	STORE(watched[1], 8);
	STORE(watched[0], 9);
	target();
	end();
	CHECK_EQ(other_found, 0);
	CHECK_EQ(hits[1].count, 1);
	CHECK_EQ(hits[1].far[0], (u64)&watched[1]);
	CHECK_EQ(hits[0].count, 2);
	CHECK_EQ(hits[0].far[0], (u64)&watched[0]);
	CHECK_EQ(hits[0].elr[1], (u64)target);
}

static u64 stepped_at[4];
static u32 steps;

static bool stepped(struct frame *frame, u64 vector)
{
	(void)vector;
	if (((u32)(sysreg_read(ESR_EL1) >> 26) & 0x3f) != EC_STEP)
		return false;
	if (steps < ARRAY_SIZE(stepped_at))
		stepped_at[steps] = frame->elr;
	if (++steps < ARRAY_SIZE(stepped_at))
		frame->spsr |= BIT(21);
	else
		sysreg_write(MDSCR_EL1, 0); /* the next instruction runs freely */
	return true;
}

/* One instruction a time, a firmware call and a register that traps among them. */
static void single_step(void)
{
	register u64 x0 __asm__("x0") = PSCI_VERSION;
	u64 first;

	begin();
	steps = 0;
	this_cpu()->sync_hook = stepped;
	set(MDSCR, MDSCR_SS | MDSCR_KDE);
	x0 = PSCI_VERSION;
	/* SPSR.SS decides that an instruction runs before the next step: come in by an ERET. */
	__asm__ volatile("adr	%[first], 1f\n\t"
			 "msr	ELR_EL1, %[first]\n\t"
			 "mrs	x1, DAIF\n\t"
			 "bic	x1, x1, #0x200\n\t"
			 "orr	x1, x1, #0x200000\n\t"
			 "orr	x1, x1, #1\n\t"
			 "orr	x1, x1, #4\n\t"
			 "msr	SPSR_EL1, x1\n\t"
			 "isb\n\t"
			 "eret\n"
			 "1:	nop\n\t"
			 "hvc	#0\n\t"
			 "mrs	x2, ID_AA64PFR0_EL1\n\t"
			 "nop\n\t"
			 "nop\n\t"
			 "msr	DAIFSet, #8"
			 : "+r"(x0), [first] "=&r"(first)
			 :
			 : "x1", "x2", "x3", "memory");
	end();
	CHECK_EQ(steps, ARRAY_SIZE(stepped_at));
	for (u32 i = 0; i < ARRAY_SIZE(stepped_at); i++)
		CHECK_EQ(stepped_at[i], first + 4 * (i + 1));
}

static const struct test tests[] = {
	{ "24.breakpoint", breakpoint, 0 },
	{ "24.breakpoint-of-context", breakpoint_of_context, NEEDS_MULLION },
	{ "24.watchpoint", watchpoint, 0 },
	{ "24.two-points-of-each-kind", no_more, NEEDS_MULLION },
	{ "24.debug-not-enabled", not_enabled, 0 },
	{ "24.debug-locked", locked, NEEDS_MULLION },
	{ "24.breakpoint-of-vmid", breakpoint_of_vmid, NEEDS_MULLION },
	{ "24.debug-of-each-cpu", of_each_cpu, NEEDS_2_CPUS },
	{ "24.step-by-step", single_step, NEEDS_MULLION },
};

RUN_TESTS(debug_run, tests)
