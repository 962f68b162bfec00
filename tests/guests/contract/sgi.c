/* SPDX-License-Identifier: Apache-2.0 */
/* Point 13: software-generated interrupts, their filters and addresses. */
#include "irq.h"

#define SGI           7
#define GICD_SGIR     0xf00
#define CPENDSGIR     0xf10
#define SPENDSGIR     0xf20
#define SGI1R_AFF1(n) ((u64)(n) << 16)
#define SGI1R_AFF2(n) ((u64)(n) << 32)
#define SGI1R_AFF3(n) ((u64)(n) << 48)
#define SGI1R_RS(n)   ((u64)(n) << 44)
#define SGI1R_IRM     BIT(40)
#define SGI1R_ID(n)   ((u64)(n) << 24)

static void begin(bool with_other)
{
	gic_enable(SGI);
	irq_enable();
	if (with_other)
		irq_start_other(irq_serve);
}

/* Interrupts that each CPU must have taken by now. */
static void check_taken(u32 own, u32 others, bool with_other)
{
	struct cpu *other = cpu_get(1);

	(void)WAIT(irq_taken() >= own && (!with_other || LOAD(other->irqs) >= others), WAIT_MS);
	(void)WAIT(false, QUIET_MS);
	STORE(test_stop, 1);
	irq_disable();
	CHECK_EQ(irq_taken(), own);
	if (with_other)
		CHECK_EQ(LOAD(other->irqs), others);
}

static void sgi1r(u64 value)
{
	dsb();
	sysreg_write(ICC_SGI1R_EL1, value | SGI1R_ID(SGI));
	isb();
}

static void sgir(u32 value)
{
	dsb();
	write32(gic.gicd + GICD_SGIR, value | SGI);
}

/* --- Both versions ---------------------------------------------------------------------------- */

static void to_other(void)
{
	begin(true);
	gic_send(1, SGI);
	check_taken(0, 1, true);
}

static void to_others(void)
{
	begin(true);
	gic_send_others(SGI);
	check_taken(0, 1, true);
}

static void to_others_alone(void)
{
	begin(false);
	gic_send_others(SGI);
	check_taken(0, 0, false);
}

static void send_100(void)
{
	gic_enable(SGI);
	for (u32 i = 0; i < 100; i++)
		gic_send(0, SGI);
	irq_enable();
	CHECK(WAIT(irq_taken() >= 1, WAIT_MS));
}

static void burst(void)
{
	send_100();
	irq_disable();
	CHECK_EQ(irq_taken(), 1);
}

/* CPU 1 answers each SGI with one; 100 rounds, none lost. */
static void answer(u32 id)
{
	(void)id;
	gic_send(0, SGI);
}

static void serve_answers(void)
{
	this_cpu()->irq_hook = answer;
	irq_serve();
}

static void ping_pong(void)
{
	u32 rounds = 0;

	gic_enable(SGI);
	irq_enable();
	irq_start_other(serve_answers);
	for (; rounds < 100; rounds++) {
		gic_send(1, SGI);
		if (!WAIT(irq_taken() == rounds + 1, WAIT_MS))
			break;
	}
	STORE(test_stop, 1);
	irq_disable();
	CHECK_EQ(rounds, 100);
}

/* --- GICv3 ------------------------------------------------------------------------------------ */

static void list_both(void)
{
	begin(true);
	sgi1r(3);
	check_taken(1, 1, true);
}

static void irm(void)
{
	begin(true);
	sgi1r(SGI1R_IRM | 0xffff);
	check_taken(0, 1, true);
}

static void no_cpu(u64 value)
{
	begin(false);
	sgi1r(value);
	check_taken(0, 0, false);
}

static void empty_list(void)
{
	no_cpu(0);
}

static void absent_aff0(void)
{
	no_cpu(0xff00);
}

static void absent_aff1(void)
{
	no_cpu(SGI1R_AFF1(5) | 0xffff);
}

static void absent_aff2(void)
{
	no_cpu(SGI1R_AFF2(5) | 0xffff);
}

static void absent_aff3(void)
{
	no_cpu(SGI1R_AFF3(5) | 0xffff);
}

/* Affinity 16 and up of this cluster: no CPU, whether the selector is implemented or reserved. */
static void range_selector(void)
{
	if ((sysreg_read(ICC_CTLR_EL1) & BIT(18)) == 0)
		test_skip("no range selector (ICC_CTLR_EL1.RSS)");
	no_cpu(SGI1R_RS(1) | 0xffff);
}

/* Group 0 and the other group's SGIs reach no interrupt of group 1. */
static void group0(void)
{
	begin(false);
	dsb();
	sysreg_write(ICC_SGI0R_EL1, SGI1R_ID(SGI) | 1);
	isb();
	check_taken(0, 0, false);
}

static void pend_own_redistributor(void)
{
	begin(false);
	write32(gic_sgi_frame(0) + 0x200, 1u << SGI);
	check_taken(1, 0, false);
}

static void pend_other_redistributor(void)
{
	begin(true);
	write32(gic_sgi_frame(1) + 0x200, 1u << SGI);
	check_taken(0, 1, true);
}

/* --- GICv2 ------------------------------------------------------------------------------------ */

static void filter_list(void)
{
	begin(true);
	sgir(3u << 16);
	check_taken(1, 1, true);
}

static void filter_others(void)
{
	begin(true);
	sgir(1u << 24 | 0xffu << 16);
	check_taken(0, 1, true);
}

static void filter_self(void)
{
	begin(true);
	sgir(2u << 24 | 0xffu << 16);
	check_taken(1, 0, true);
}

static void filter_reserved(void)
{
	begin(false);
	sgir(3u << 24 | 0xffu << 16);
	check_taken(0, 0, false);
}

static void list_absent(void)
{
	begin(false);
	sgir(0xfcu << 16);
	check_taken(0, 0, false);
}

static void sender_self(void)
{
	begin(false);
	gic_send(0, SGI);
	check_taken(1, 0, false);
	CHECK_EQ(this_cpu()->irq_log[0], SGI);
}

static void sender_other(void)
{
	gic_enable(SGI);
	irq_enable();
	irq_start_other(serve_answers);
	gic_send(1, SGI);
	check_taken(1, 1, true);
	CHECK_EQ(this_cpu()->irq_log[0], 1u << 10 | SGI);
	CHECK_EQ(cpu_get(1)->irq_log[0], SGI);
}

static void spend(void)
{
	begin(false);
	write8(gic.gicd + SPENDSGIR + SGI, 1);
	check_taken(1, 0, false);
}

static void cpend(void)
{
	gic_enable(SGI);
	gic_send(0, SGI);
	CHECK_EQ(read8(gic.gicd + CPENDSGIR + SGI), 1);
	CHECK_EQ(read8(gic.gicd + SPENDSGIR + SGI), 1);
	write8(gic.gicd + CPENDSGIR + SGI, 1);
	CHECK_EQ(read8(gic.gicd + CPENDSGIR + SGI), 0);
	begin(false);
	check_taken(0, 0, false);
}

/* The same SGI from two senders: taken once for each, with each one's number. */
static void two_senders(void)
{
	u32 senders;

	gic_enable(SGI);
	write32(gic.gicd + SPENDSGIR + (SGI & ~3u), 3u << (SGI % 4 * 8));
	CHECK_EQ(read8(gic.gicd + SPENDSGIR + SGI), 3);
	irq_enable();
	CHECK(WAIT(irq_taken() >= 2, WAIT_MS));
	irq_disable();
	CHECK_EQ(irq_taken(), 2);
	senders = 1u << (this_cpu()->irq_log[0] >> 10) | 1u << (this_cpu()->irq_log[1] >> 10);
	CHECK_EQ(senders, 3);
}

/* ISPENDR and ICPENDR do not touch SGIs. */
static void ispendr_sgi(void)
{
	gic_enable(SGI);
	write32(gic.gicd + 0x200, 1u << SGI);
	irq_enable();
	check_taken(0, 0, false);
}

static const struct test tests[] = {
	{ "13.sgi-to-other", to_other, NEEDS_2_CPUS },
	{ "13.sgi-to-others", to_others, NEEDS_2_CPUS },
	{ "13.sgi-to-others-alone", to_others_alone, 0 },
	{ "13.sgi-burst-is-one", burst, 0 },
	{ "13.sgi-ping-pong-100", ping_pong, NEEDS_2_CPUS },
	{ "13.sgi1r-list-of-two", list_both, NEEDS_GICV3 | NEEDS_2_CPUS },
	{ "13.sgi1r-irm", irm, NEEDS_GICV3 | NEEDS_2_CPUS },
	{ "13.sgi1r-empty-list", empty_list, NEEDS_GICV3 },
	{ "13.sgi1r-absent-aff0", absent_aff0, NEEDS_GICV3 },
	{ "13.sgi1r-absent-aff1", absent_aff1, NEEDS_GICV3 },
	{ "13.sgi1r-absent-aff2", absent_aff2, NEEDS_GICV3 },
	{ "13.sgi1r-absent-aff3", absent_aff3, NEEDS_GICV3 },
	{ "13.sgi1r-range-selector", range_selector, NEEDS_GICV3 },
	{ "13.sgi0r-not-group-1", group0, NEEDS_GICV3 },
	{ "13.ispendr0-own", pend_own_redistributor, NEEDS_GICV3 },
	{ "13.ispendr0-of-other", pend_other_redistributor, NEEDS_GICV3 | NEEDS_2_CPUS },
	{ "13.sgir-list-of-two", filter_list, NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "13.sgir-all-but-self", filter_others, NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "13.sgir-self", filter_self, NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "13.sgir-reserved-filter", filter_reserved, NEEDS_MULLION | NEEDS_GICV2 },
	{ "13.sgir-absent-cpus", list_absent, NEEDS_MULLION | NEEDS_GICV2 },
	{ "13.sender-self", sender_self, NEEDS_GICV2 },
	{ "13.sender-other", sender_other, NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "13.spendsgir", spend, NEEDS_GICV2 },
	{ "13.cpendsgir", cpend, NEEDS_GICV2 },
	{ "13.two-senders", two_senders, NEEDS_MULLION | NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "13.ispendr-leaves-sgis", ispendr_sgi, NEEDS_GICV2 },
};

RUN_TESTS(sgi_run, tests)
