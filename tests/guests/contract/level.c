/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points 10 to 12: a line that falls before its interrupt was taken takes the interrupt along.
 * Every combination of what can hold it back meanwhile, and of software's own pending bit, which
 * stays.
 */
#include "irq.h"

#define IMSC 0x38
#define ICR  0x44
#define DR   0x00
#define TX   0x20u
#define ALL  0x7ffu

/* A combination. Masked alone is PSTATE.I: it always is, until the end. */
#define DISABLED BIT(0) /* in the distributor, while the line is high */
#define ACTIVE   BIT(1) /* by hand, before the line rises */
#define BY_HAND  BIT(2) /* pending by software too */
#define FALLS    BIT(3)
#define ALL_FOUR 16u

struct source {
	u32 irq;
	void (*rise)(void);
	void (*fall)(void);
};

static const struct source *source_now;

static void uart_rise(void)
{
	write32(machine.uart + IMSC, TX);
	write32(machine.uart + DR, '\n');
}

static void uart_fall(void)
{
	write32(machine.uart + IMSC, 0);
	write32(machine.uart + ICR, ALL);
	dsb();
}

static void virtual_rise(void)
{
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
}

static void virtual_fall(void)
{
	sysreg_write(CNTV_CTL_EL0, 0);
	isb();
}

static void physical_rise(void)
{
	sysreg_write(CNTP_TVAL_EL0, 0);
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE);
	isb();
}

static void physical_fall(void)
{
	sysreg_write(CNTP_CTL_EL0, 0);
	isb();
}

static void quiet(u32 id)
{
	(void)id;
	source_now->fall();
}

/* All of the interrupt's state as it was at the beginning. */
static void begin(const struct source *s)
{
	source_now = s;
	s->fall();
	this_cpu()->irq_hook = quiet;
	this_cpu()->irqs = 0;
	gic_disable(s->irq);
	gic_set_edge(s->irq, false);
	gic_clear_active(s->irq);
	gic_clear_pending(s->irq);
}

/* The line rises, held back as @how says. */
static void raise(const struct source *s, u32 how)
{
	if ((how & ACTIVE) != 0)
		gic_set_active(s->irq);
	if ((how & DISABLED) == 0)
		gic_enable(s->irq);
	s->rise();
	(void)WAIT(false, 1);
	if ((how & BY_HAND) != 0)
		gic_set_pending(s->irq);
	if ((how & FALLS) != 0)
		s->fall();
}

/* Nothing holds it back any more: it comes @count times. */
static void check_count(const struct source *s, u32 how, u32 count)
{
	gic_enable(s->irq);
	irq_enable();
	(void)WAIT(false, 1);
	/* The combination in front, so that a failure shows it. */
	CHECK_EQ(how << 8 | ((how & ACTIVE) != 0 ? irq_taken() : 0), how << 8);
	gic_clear_active(s->irq);
	(void)WAIT(irq_taken() >= 1, count ? WAIT_MS : 1);
	(void)WAIT(false, 1);
	irq_disable();
	CHECK_EQ(how << 8 | irq_taken(), how << 8 | count);
	CHECK_EQ(how << 8 | gic_pending(s->irq), how << 8);
	CHECK_EQ(how << 8 | gic_active(s->irq), how << 8);
}

static bool can(u32 how)
{
	/* QEMU's GICv2 loses PPIs pended by hand. */
	return gic.version == 3 || machine.mullion || (how & BY_HAND) == 0;
}

/* The registers show the pending interrupt. */
static void check_looked_at(const struct source *s)
{
	for (u32 how = 0; how < ALL_FOUR; how++) {
		u32 count = (how & (FALLS | BY_HAND)) != FALLS;

		if (!can(how))
			continue;
		begin(s);
		raise(s, how);
		CHECK_EQ(how << 8 | gic_pending(s->irq), how << 8 | count);
		CHECK_EQ(how << 8 | gic_active(s->irq), how << 8 | ((how & ACTIVE) != 0));
		check_count(s, how, count);
	}
}

/* The same without a check. An interrupt that was only masked may already be under way to the CPU,
 * because a line's change takes time. */
static void check_not_looked_at(const struct source *s)
{
	for (u32 how = 0; how < ALL_FOUR; how++) {
		u32 count = (how & (FALLS | BY_HAND)) != FALLS;

		if (!can(how) || (how & (DISABLED | ACTIVE)) == 0)
			continue;
		begin(s);
		raise(s, how);
		check_count(s, how, count);
	}
}

/* Software's pending bit can be taken back, what a line holds up cannot. */
static void check_cleared(const struct source *s)
{
	for (u32 how = 0; how < ALL_FOUR; how++) {
		u32 count = (how & FALLS) == 0;

		if (!can(how))
			continue;
		begin(s);
		raise(s, how);
		for (u32 i = 0; i < 3; i++)
			gic_clear_pending(s->irq);
		CHECK_EQ(how << 8 | gic_pending(s->irq), how << 8 | count);
		check_count(s, how, count);
	}
}

/* Each time that its line rises again it comes again. */
static void check_again(const struct source *s)
{
	for (u32 i = 0; i < 8; i++) {
		u32 how = i & DISABLED;

		begin(s);
		raise(s, how | FALLS);
		raise(s, how);
		check_count(s, how, 1);
	}
}

#define TESTS(name, id)                                                    \
	static const struct source *name##_source(void)                    \
	{                                                                  \
		static struct source s = { 0, name##_rise, name##_fall };  \
                                                                           \
		s.irq = (id);                                              \
		if (s.irq == machine.uart_irq && !machine.arch.uart_level) \
			test_skip("the line is edge-triggered");           \
		return &s;                                                 \
	}                                                                  \
	static void name##_looked_at(void)                                 \
	{                                                                  \
		check_looked_at(name##_source());                          \
	}                                                                  \
	static void name##_unseen(void)                                    \
	{                                                                  \
		check_not_looked_at(name##_source());                      \
	}                                                                  \
	static void name##_cleared(void)                                   \
	{                                                                  \
		check_cleared(name##_source());                            \
	}                                                                  \
	static void name##_again(void)                                     \
	{                                                                  \
		check_again(name##_source());                              \
	}

TESTS(uart, machine.uart_irq)
TESTS(virtual, machine.arch.timer_virt)
TESTS(physical, machine.arch.timer_phys)

static const struct test tests[] = {
	{ "12.uart-falls", uart_looked_at, NEEDS_UART },
	{ "12.uart-falls-unseen", uart_unseen, NEEDS_UART },
	{ "12.uart-cleared", uart_cleared, NEEDS_UART },
	{ "12.uart-falls-and-rises", uart_again, NEEDS_UART },
	{ "12.virtual-timer-falls", virtual_looked_at, 0 },
	{ "12.virtual-timer-falls-unseen", virtual_unseen, 0 },
	{ "12.virtual-timer-cleared", virtual_cleared, 0 },
	{ "12.virtual-timer-falls-and-rises", virtual_again, 0 },
	{ "12.physical-timer-falls", physical_looked_at, 0 },
	{ "12.physical-timer-falls-unseen", physical_unseen, 0 },
	{ "12.physical-timer-cleared", physical_cleared, 0 },
	{ "12.physical-timer-falls-and-rises", physical_again, 0 },
};

RUN_TESTS(level_run, tests)
