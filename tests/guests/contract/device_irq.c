/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points 10 to 12 with real lines: the PL011's transmit interrupt (level) and the virtual timer's.
 * The PL011 is passed through, with a linked interrupt, or the vmm emulates it.
 */
#include "irq.h"

#define DR    0x00
#define IMSC  0x38
#define RIS   0x3c
#define ICR   0x44
#define TX    0x20u
#define ALL   0x7ffu
#define TIMES 4

static u32 quiet_at;

/* A character makes the line rise. It is a line end: harmless in the log. */
static void uart_raise(void)
{
	write32(machine.uart + IMSC, TX);
	write32(machine.uart + DR, '\n');
}

static void uart_quiet(u32 id)
{
	(void)id;
	if (irq_taken() < quiet_at)
		return;
	write32(machine.uart + IMSC, 0);
	write32(machine.uart + ICR, ALL);
	dsb();
}

static void uart_begin(u32 at)
{
	quiet_at = at;
	write32(machine.uart + IMSC, 0);
	write32(machine.uart + ICR, ALL);
	this_cpu()->irq_hook = uart_quiet;
	gic_set_edge(machine.uart_irq, !machine.arch.uart_level);
}

static void check_taken(u32 count)
{
	irq_enable();
	CHECK(WAIT(irq_taken() >= count, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(irq_taken(), count);
}

static void uart_once(void)
{
	uart_begin(1);
	gic_enable(machine.uart_irq);
	uart_raise();
	check_taken(1);
	CHECK_EQ(this_cpu()->irq_log[0], machine.uart_irq);
	CHECK(!gic_active(machine.uart_irq));
}

/* Each end of interrupt must deactivate the physical one, or the next never comes. */
static void uart_again(void)
{
	for (u32 i = 0; i < 5; i++) {
		uart_begin(0);
		gic_enable(machine.uart_irq);
		uart_raise();
		CHECK((read32(machine.uart + RIS) & TX) != 0);
		check_taken(i + 1);
	}
}

static void uart_split(void)
{
	u32 ack;

	uart_begin(0);
	gic_set_split(true);
	gic_enable(machine.uart_irq);
	for (u32 i = 0; i < 3; i++) {
		uart_raise();
		CHECK(WAIT(gic_highest_pending() == machine.uart_irq, WAIT_MS));
		ack = gic_ack();
		CHECK_EQ(ack, machine.uart_irq);
		uart_quiet(ack);
		gic_eoi(ack);
		CHECK(gic_active(ack));
		gic_deactivate(ack);
		CHECK(!gic_active(ack));
	}
}

static void uart_level(void)
{
	if (!machine.arch.uart_level)
		test_skip("the line is edge-triggered");
	uart_begin(TIMES);
	gic_enable(machine.uart_irq);
	uart_raise();
	check_taken(TIMES);
}

static void uart_before_enable(void)
{
	uart_begin(1);
	uart_raise();
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(irq_taken(), 0);
	gic_enable(machine.uart_irq);
	check_taken(1);
}

static void uart_disabled_again(void)
{
	uart_begin(1);
	gic_enable(machine.uart_irq);
	gic_disable(machine.uart_irq);
	uart_raise();
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(irq_taken(), 0);
	gic_enable(machine.uart_irq);
	check_taken(1);
}

static u32 cpu1_up, uart_done;

/* Counts once the line is low: a raise before that would be quieted along with the last. Meanwhile
 * the interrupt is active with its line high. QEMU's GICv2 (7.2) signals it again to a CPU to which
 * it is moved; a guest must not get it twice.
 */
static void uart_quiet_count(u32 id)
{
	(void)WAIT(false, 1);
	uart_quiet(id);
	STORE(uart_done, uart_done + 1);
}

static void uart_server(void)
{
	this_cpu()->irq_hook = uart_quiet_count;
	irq_enable();
	STORE(cpu1_up, 1);
	while (LOAD(test_stop) == 0)
		yield();
	irq_disable();
}

/* To and fro between two CPUs: none is lost, none comes twice. */
static void uart_on_other(void)
{
	STORE(cpu1_up, 0);
	STORE(uart_done, 0);
	uart_begin(0);
	this_cpu()->irq_hook = uart_quiet_count;
	CHECK_EQ(cpu_on(1, uart_server), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(cpu1_up) == 1, WAIT_MS));
	gic_enable(machine.uart_irq);
	irq_enable();
	for (u32 i = 1; i <= 20; i++) {
		gic_set_target(machine.uart_irq, i & 1);
		uart_raise();
		CHECK(WAIT(LOAD(uart_done) >= i, WAIT_MS));
		(void)WAIT(false, QUIET_MS);
		CHECK_EQ(LOAD(uart_done), i);
	}
	STORE(test_stop, 1);
	irq_disable();
	CHECK_EQ(irq_taken(), 10);
}

/* --- The virtual timer's line ----------------------------------------------------------------- */

static void timer_quiet(u32 id)
{
	(void)id;
	if (irq_taken() >= quiet_at) {
		sysreg_write(CNTV_CTL_EL0, 0);
		isb();
	}
}

static void timer_fire(void)
{
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
}

static void timer_level(void)
{
	quiet_at = TIMES;
	this_cpu()->irq_hook = timer_quiet;
	gic_set_edge(machine.arch.timer_virt, false);
	gic_enable(machine.arch.timer_virt);
	timer_fire();
	check_taken(TIMES);
}

static void timer_before_enable(void)
{
	quiet_at = 1;
	this_cpu()->irq_hook = timer_quiet;
	gic_set_edge(machine.arch.timer_virt, false);
	timer_fire();
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(irq_taken(), 0);
	CHECK(gic_pending(machine.arch.timer_virt));
	gic_enable(machine.arch.timer_virt);
	check_taken(1);
}

static void timer_100(void)
{
	quiet_at = 0;
	this_cpu()->irq_hook = timer_quiet;
	gic_set_edge(machine.arch.timer_virt, false);
	gic_enable(machine.arch.timer_virt);
	irq_enable();
	for (u32 i = 1; i <= 100; i++) {
		timer_fire();
		CHECK(WAIT(irq_taken() == i, WAIT_MS));
	}
	irq_disable();
}

static const struct test tests[] = {
	{ "10.uart-once", uart_once, NEEDS_UART },
	{ "10.uart-5-times", uart_again, NEEDS_UART },
	{ "10.uart-split-end", uart_split, NEEDS_UART },
	{ "10.uart-on-other-cpu", uart_on_other, NEEDS_UART | NEEDS_2_CPUS },
	{ "10.timer-100-times", timer_100, 0 },
	{ "11.uart-before-enable", uart_before_enable, NEEDS_UART },
	{ "11.uart-disabled-again", uart_disabled_again, NEEDS_UART },
	{ "11.timer-before-enable", timer_before_enable, 0 },
	{ "12.uart-level-again", uart_level, NEEDS_UART },
	{ "12.timer-level-again", timer_level, 0 },
};

RUN_TESTS(device_irq_run, tests)
