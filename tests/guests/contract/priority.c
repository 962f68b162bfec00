/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Point 9, the order of things: priorities, preemption, active state, ends of interrupt. Priorities
 * are multiples of 8, which five implemented bits keep.
 */
#include "irq.h"

static u32 depth, deepest, order[16], active_mask, running;

/* --- Priorities and preemption ---------------------------------------------------------------- */

/* Eight levels deep: each handler pends the next higher priority and waits until it has run. */
static void nest(u32 id)
{
	u32 level = id - FIRST;

	order[LOAD(depth)] = id;
	STORE(depth, depth + 1);
	deepest = MAX(deepest, level);
	if (level < 7) {
		gic_set_pending(id + 1);
		irq_enable();
		(void)WAIT(LOAD(deepest) == 7, 1000);
		irq_disable();
	} else {
		for (u32 i = 0; i < 8; i++)
			active_mask |= (u32)gic_active(FIRST + i) << i;
		running = gic_running_priority();
	}
}

static void nested(void)
{
	depth = deepest = active_mask = 0;
	this_cpu()->irq_hook = nest;
	for (u32 i = 0; i < 8; i++) {
		gic_enable(FIRST + i);
		gic_set_priority(FIRST + i, (u8)(0x90 - i * 0x10));
	}
	gic_set_pending(FIRST);
	irq_enable();
	CHECK(WAIT(irq_taken() == 8, WAIT_MS));
	irq_disable();
	for (u32 i = 0; i < 8; i++)
		CHECK_EQ(order[i], FIRST + i);
	CHECK_EQ(active_mask, 0xff);
	CHECK_EQ(running, 0x20);
	CHECK_EQ(gic_running_priority() & 0xf8, 0xf8);
	for (u32 i = 0; i < 8; i++)
		CHECK(!gic_active(FIRST + i));
}

static u32 during;

/* The handler pends FIRST+1 and looks whether that came before its own end. */
static void pend_other(u32 id)
{
	if (id != FIRST)
		return;
	gic_set_pending(FIRST + 1);
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	during = irq_taken();
}

static void check_preempts(u8 first, u8 second, bool preempts)
{
	during = 0;
	this_cpu()->irq_hook = pend_other;
	gic_enable(FIRST);
	gic_enable(FIRST + 1);
	gic_set_priority(FIRST, first);
	gic_set_priority(FIRST + 1, second);
	gic_set_pending(FIRST);
	irq_enable();
	CHECK(WAIT(irq_taken() == 2, WAIT_MS));
	irq_disable();
	CHECK_EQ(during, preempts ? 2 : 1);
}

static void preempt_higher(void)
{
	check_preempts(0xa0, 0x60, true);
}

static void no_preempt_lower(void)
{
	check_preempts(0x60, 0xa0, false);
}

static void no_preempt_equal(void)
{
	check_preempts(0x80, 0x80, false);
}

/* Binary point 7: at most bit 7 of a priority still preempts. */
static void binary_point(void)
{
	gic_set_binary_point(7);
	check_preempts(0x60, 0x20, false);
}

static void priority_mask(void)
{
	gic_set_mask(0x80);
	gic_enable(FIRST);
	gic_enable(FIRST + 1);
	gic_set_priority(FIRST, 0x80);
	gic_set_priority(FIRST + 1, 0x78);
	gic_set_pending(FIRST);
	irq_check_none();
	gic_set_pending(FIRST + 1);
	irq_check_one(FIRST + 1);
	gic_set_mask(GIC_PRIORITY_ALL);
	irq_check_one(FIRST);
}

static void raise_while_pending(void)
{
	struct cpu *cpu = this_cpu();

	gic_enable(FIRST);
	gic_enable(FIRST + 1);
	gic_set_priority(FIRST, 0x80);
	gic_set_priority(FIRST + 1, 0x90);
	gic_set_pending(FIRST);
	gic_set_pending(FIRST + 1);
	gic_set_priority(FIRST + 1, 0x40);
	irq_take_all();
	CHECK_EQ(cpu->irqs, 2);
	CHECK_EQ(cpu->irq_log[0], FIRST + 1);
}

/* --- Active state ----------------------------------------------------------------------------- */

static u32 active_in_handler, pending_in_handler;

static void look(u32 id)
{
	active_in_handler = gic_active(id);
	pending_in_handler = gic_pending(id);
}

static void active_in(void)
{
	this_cpu()->irq_hook = look;
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	irq_check_one(FIRST);
	CHECK_EQ(active_in_handler, 1);
	CHECK_EQ(pending_in_handler, 0);
	CHECK(!gic_active(FIRST));
}

static void pend_itself(u32 id)
{
	if (irq_taken() == 1)
		gic_set_pending(id);
	if (irq_taken() == 1)
		pending_in_handler = gic_pending(id) && gic_active(id);
}

static void active_and_pending(void)
{
	pending_in_handler = 0;
	this_cpu()->irq_hook = pend_itself;
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	irq_take_all();
	CHECK_EQ(irq_taken(), 2);
	CHECK_EQ(pending_in_handler, 1);
}

static void active_by_write(void)
{
	gic_enable(FIRST);
	gic_set_active(FIRST);
	CHECK(gic_active(FIRST));
	gic_set_pending(FIRST);
	irq_check_none();
	gic_clear_active(FIRST);
	CHECK(!gic_active(FIRST));
	irq_check_one(FIRST);
}

static void split_end(void)
{
	struct cpu *cpu = this_cpu();
	u32 ack;

	gic_set_split(true);
	gic_enable(FIRST);
	gic_enable(FIRST + 1);
	gic_set_pending(FIRST);
	CHECK(WAIT(gic_highest_pending() == FIRST, WAIT_MS));
	ack = gic_ack();
	CHECK_EQ(ack, FIRST);
	gic_eoi(ack);
	CHECK(gic_active(FIRST));
	CHECK_EQ(gic_running_priority() & 0xf8, 0xf8);
	gic_set_pending(FIRST);
	gic_set_pending(FIRST + 1);
	cpu->irq_hook = gic_deactivate;
	irq_check_one(FIRST + 1);
	gic_deactivate(FIRST);
	CHECK(!gic_active(FIRST));
	irq_check_one(FIRST);
}

/* Ended in another order than taken: both are inactive at the end, and both can come again. */
static void split_other_order(void)
{
	gic_set_split(true);
	for (u32 i = 0; i < 6; i++) {
		gic_enable(FIRST + i);
		gic_set_pending(FIRST + i);
		CHECK(WAIT(gic_highest_pending() == FIRST + i, WAIT_MS));
		CHECK_EQ(gic_ack(), FIRST + i);
		gic_eoi(FIRST + i);
	}
	for (u32 i = 0; i < 6; i++)
		gic_deactivate(FIRST + i * 5 % 6);
	for (u32 i = 0; i < 6; i++)
		CHECK(!gic_active(FIRST + i));
	gic_set_split(false);
	for (u32 i = 0; i < 6; i++)
		gic_set_pending(FIRST + i);
	irq_check_all_once(FIRST, 6);
}

static void end_of_nothing(void)
{
	trap_begin();
	gic_eoi(FIRST);
	gic_eoi(GIC_SPURIOUS);
	CHECK_EQ(trap_end().count, 0);
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	irq_check_one(FIRST);
}

static u32 turns, idle_priority;

static void count_turns(void)
{
	STORE(idle_priority, gic_running_priority());
	while (LOAD(test_stop) == 0) {
		(void)ADD(turns, 1);
		yield();
	}
}

/* The running priority is the vCPU's own: where both share a CPU, each turn of the other one
 * exchanges it. */
static void active_over_switch(void)
{
	turns = 0;
	gic_enable(FIRST);
	gic_enable(FIRST + 1);
	gic_set_priority(FIRST, 0x80);
	gic_set_priority(FIRST + 1, 0xa0);
	gic_set_pending(FIRST);
	CHECK(WAIT(gic_highest_pending() == FIRST, WAIT_MS));
	CHECK_EQ(gic_ack(), FIRST);
	CHECK_EQ(cpu_on(1, count_turns), PSCI_SUCCESS);
	for (u32 i = 0; i < 3; i++) {
		u32 seen = LOAD(turns);

		CHECK(WAIT(LOAD(turns) != seen, WAIT_MS));
		CHECK_EQ(gic_running_priority(), 0x80);
	}
	gic_set_pending(FIRST + 1);
	irq_check_none();
	CHECK_EQ(LOAD(idle_priority) & 0xf8, 0xf8);
	gic_eoi(FIRST);
	CHECK_EQ(gic_running_priority() & 0xf8, 0xf8);
	irq_check_one(FIRST + 1);
}

static const struct test tests[] = {
	{ "9.nested-8-deep", nested, 0 },
	{ "9.higher-preempts", preempt_higher, 0 },
	{ "9.lower-waits", no_preempt_lower, 0 },
	{ "9.equal-waits", no_preempt_equal, 0 },
	{ "9.binary-point", binary_point, 0 },
	{ "9.priority-mask", priority_mask, 0 },
	{ "9.priority-raised-pending", raise_while_pending, 0 },
	{ "9.active-in-handler", active_in, 0 },
	{ "9.active-and-pending", active_and_pending, 0 },
	{ "9.active-by-write", active_by_write, 0 },
	{ "9.split-end", split_end, 0 },
	{ "9.split-other-order", split_other_order, 0 },
	{ "9.end-of-nothing", end_of_nothing, 0 },
	{ "9.active-over-switch", active_over_switch, NEEDS_2_CPUS },
};

RUN_TESTS(priority_run, tests)
