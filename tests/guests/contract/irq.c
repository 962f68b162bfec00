/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points 9 and 11: interrupts that software makes pending. SPIs from FIRST on have no device; the
 * priorities are multiples of 8, which five implemented bits keep.
 */
#include "irq.h"

#define MANY 20
#define SGI  5

/* QEMU's GICv2 loses PPIs pended by hand and does not route again what is pending. */
static void skip_bare_gicv2(void)
{
	if (gic.version == 2 && !machine.mullion)
		test_skip("QEMU's GICv2 cannot");
}

void irq_take_all(void)
{
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
}

u32 irq_taken(void)
{
	return LOAD(this_cpu()->irqs);
}

/* Take exactly one interrupt, @id. */
void irq_check_one(u32 id)
{
	struct cpu *cpu = this_cpu();

	irq_enable();
	CHECK(WAIT(irq_taken() >= 1, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(cpu->irqs, 1);
	CHECK_EQ(cpu->irq_log[0] & 0x3ff, id);
	cpu->irqs = 0;
}

void irq_check_none(void)
{
	irq_take_all();
	CHECK_EQ(irq_taken(), 0);
}

static void sgi_self(void)
{
	gic_enable(SGI);
	gic_send(0, SGI);
	irq_check_one(SGI);
}

static void check_pend(u32 id)
{
	gic_enable(id);
	gic_set_pending(id);
	CHECK(gic_pending(id));
	irq_check_one(id);
	CHECK(!gic_pending(id));
	CHECK(!gic_active(id));
}

static void sgi_pend(void)
{
	check_pend(SGI);
}

static void ppi_pend(void)
{
	skip_bare_gicv2();
	gic_set_edge(22, true);
	check_pend(22);
}

static void spi_pend(void)
{
	check_pend(FIRST);
}

static void spi_level_pend(void)
{
	gic_set_edge(FIRST, false);
	check_pend(FIRST);
}

static void spi_last(void)
{
	check_pend(gic.num_irqs - 1);
}

static void twice_is_once(void)
{
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	gic_set_pending(FIRST);
	irq_check_one(FIRST);
}

static void spurious(void)
{
	CHECK_EQ(gic_ack(), GIC_SPURIOUS);
	CHECK_EQ(gic_highest_pending(), GIC_SPURIOUS);
}

static void idle_priority(void)
{
	CHECK_EQ(gic_running_priority() & 0xf8, 0xf8);
}

/* --- More than there are list registers ------------------------------------------------------- */

/* All pended masked, in an order of no pattern; interrupt i has priority (i+1)*8. */
static void pend_many(void)
{
	for (u32 i = 0; i < MANY; i++) {
		u32 k = i * 7 % MANY;

		gic_enable(FIRST + k);
		gic_set_priority(FIRST + k, (u8)((MANY - k) * 8));
		gic_set_pending(FIRST + k);
	}
}

static void many_by_priority(void)
{
	struct cpu *cpu = this_cpu();

	pend_many();
	irq_enable();
	CHECK(WAIT(irq_taken() >= MANY, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(cpu->irqs, MANY);
	for (u32 i = 0; i < MANY; i++)
		CHECK_EQ(cpu->irq_log[i], FIRST + MANY - 1 - i);
}

static void many_highest_pending(void)
{
	pend_many();
	CHECK_EQ(gic_highest_pending(), FIRST + MANY - 1);
}

void irq_check_all_once(u32 first, u32 count)
{
	struct cpu *cpu = this_cpu();
	u32 seen = 0;

	irq_enable();
	CHECK(WAIT(irq_taken() >= count, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(cpu->irqs, count);
	for (u32 i = 0; i < count; i++)
		seen |= 1u << ((cpu->irq_log[i] & 0x3ff) - first);
	CHECK_EQ(seen, (1u << count) - 1);
}

static void many_equal(void)
{
	for (u32 i = 0; i < MANY; i++) {
		gic_enable(FIRST + i);
		gic_set_pending(FIRST + i);
	}
	irq_check_all_once(FIRST, MANY);
}

static void many_sgis(void)
{
	for (u32 i = 0; i < 16; i++) {
		gic_enable(i);
		gic_set_pending(i);
	}
	irq_check_all_once(0, 16);
}

/* Pended from inside a handler, one by one: the queue refills while interrupts are active. */
static void pend_next(u32 id)
{
	if (id + 1 < FIRST + MANY)
		gic_set_pending(id + 1);
}

static void many_chain(void)
{
	for (u32 i = 0; i < MANY; i++)
		gic_enable(FIRST + i);
	this_cpu()->irq_hook = pend_next;
	gic_set_pending(FIRST);
	irq_check_all_once(FIRST, MANY);
}

static void many_read_back(void)
{
	pend_many();
	for (u32 i = 0; i < MANY; i++)
		CHECK(gic_pending(FIRST + i));
	for (u32 i = 0; i < MANY; i += 2)
		gic_clear_pending(FIRST + i);
	for (u32 i = 0; i < MANY; i++)
		CHECK_EQ(gic_pending(FIRST + i), i % 2);
	irq_take_all();
	CHECK_EQ(irq_taken(), MANY / 2);
}

static void many_disable_some(void)
{
	pend_many();
	for (u32 i = 0; i < MANY; i += 2)
		gic_disable(FIRST + i);
	irq_take_all();
	CHECK_EQ(irq_taken(), MANY / 2);
	for (u32 i = 0; i < MANY; i += 2)
		gic_enable(FIRST + i);
	irq_take_all();
	CHECK_EQ(irq_taken(), MANY);
}

/* --- 11, and turning things off and on -------------------------------------------------------- */

static void check_pend_first(u32 id)
{
	gic_set_pending(id);
	CHECK(gic_pending(id));
	irq_check_none();
	CHECK(gic_pending(id));
	gic_enable(id);
	irq_check_one(id);
}

static void pend_then_enable_spi(void)
{
	check_pend_first(FIRST);
}

static void pend_then_enable_ppi(void)
{
	skip_bare_gicv2();
	gic_set_edge(22, true);
	check_pend_first(22);
}

static void pend_then_enable_sgi(void)
{
	gic_disable(SGI);
	if (gic_enabled(SGI))
		test_skip("SGIs are always enabled here");
	gic_set_pending(SGI);
	irq_check_none();
	gic_enable(SGI);
	irq_check_one(SGI);
}

static void pend_then_clear(void)
{
	gic_set_pending(FIRST);
	gic_clear_pending(FIRST);
	gic_enable(FIRST);
	CHECK(!gic_pending(FIRST));
	irq_check_none();
}

static void disable_while_pending(void)
{
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	gic_disable(FIRST);
	irq_check_none();
	CHECK(gic_pending(FIRST));
	gic_enable(FIRST);
	irq_check_one(FIRST);
}

static void clear_while_enabled(void)
{
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	gic_clear_pending(FIRST);
	irq_check_none();
}

static void distributor_off(void)
{
	u32 ctlr = read32(gic.gicd);

	gic_enable(FIRST);
	write32(gic.gicd, ctlr & ~3u);
	dsb();
	gic_set_pending(FIRST);
	irq_check_none();
	write32(gic.gicd, ctlr);
	irq_check_one(FIRST);
}

static void interface_off(void)
{
	gic_enable(FIRST);
	if (gic.version == 2)
		write32(gic.gicc, 0);
	else
		sysreg_write(ICC_IGRPEN1_EL1, 0);
	isb();
	gic_set_pending(FIRST);
	irq_check_none();
	if (gic.version == 2)
		write32(gic.gicc, 1);
	else
		sysreg_write(ICC_IGRPEN1_EL1, 1);
	irq_check_one(FIRST);
}

/* --- Two CPUs --------------------------------------------------------------------------------- */

static u32 up;

void irq_serve(void)
{
	for (u32 i = 0; i < 16; i++)
		gic_enable(i);
	irq_enable();
	STORE(up, 1);
	while (LOAD(test_stop) == 0)
		yield();
	irq_disable();
}

void irq_start_other(void (*entry)(void))
{
	STORE(up, 0);
	CHECK_EQ(cpu_on(1, entry), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(up) == 1, WAIT_MS));
}

static void target_other(void)
{
	struct cpu *other = cpu_get(1);

	irq_start_other(irq_serve);
	gic_set_target(FIRST, 1);
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	(void)WAIT(LOAD(other->irqs) == 1, WAIT_MS);
	STORE(test_stop, 1);
	CHECK_EQ(other->irqs, 1);
	CHECK_EQ(other->irq_log[0], FIRST);
	irq_check_none();
}

/* Pending for CPU 0, which has interrupts masked; then sent to CPU 1. */
static void target_changed(void)
{
	struct cpu *other = cpu_get(1);

	skip_bare_gicv2();
	irq_start_other(irq_serve);
	gic_enable(FIRST);
	gic_set_pending(FIRST);
	gic_set_target(FIRST, 1);
	(void)WAIT(LOAD(other->irqs) == 1, WAIT_MS);
	STORE(test_stop, 1);
	CHECK_EQ(other->irqs, 1);
	irq_check_none();
}

static void many_to_other(void)
{
	struct cpu *other = cpu_get(1);
	u32 seen = 0;

	irq_start_other(irq_serve);
	for (u32 i = 0; i < MANY; i++) {
		gic_set_target(FIRST + i, 1);
		gic_enable(FIRST + i);
		gic_set_pending(FIRST + i);
	}
	(void)WAIT(LOAD(other->irqs) == MANY, WAIT_MS);
	STORE(test_stop, 1);
	CHECK_EQ(other->irqs, MANY);
	for (u32 i = 0; i < MANY; i++)
		seen |= 1u << (other->irq_log[i] - FIRST);
	CHECK_EQ(seen, (1u << MANY) - 1);
}

static const struct test tests[] = {
	{ "9.sgi-to-self", sgi_self, 0 },
	{ "9.sgi-pended", sgi_pend, 0 },
	{ "9.ppi-pended", ppi_pend, 0 },
	{ "9.spi-pended", spi_pend, 0 },
	{ "9.spi-level-pended", spi_level_pend, 0 },
	{ "9.spi-last", spi_last, 0 },
	{ "9.pended-twice-is-once", twice_is_once, 0 },
	{ "9.spurious", spurious, 0 },
	{ "9.idle-priority", idle_priority, 0 },
	{ "9.many-by-priority", many_by_priority, 0 },
	{ "9.many-highest-pending", many_highest_pending, 0 },
	{ "9.many-equal", many_equal, 0 },
	{ "9.many-sgis", many_sgis, 0 },
	{ "9.many-in-a-chain", many_chain, 0 },
	{ "9.many-cleared", many_read_back, 0 },
	{ "9.many-disabled", many_disable_some, 0 },
	{ "9.distributor-off", distributor_off, 0 },
	{ "9.interface-off", interface_off, 0 },
	{ "9.target-other-cpu", target_other, NEEDS_2_CPUS },
	{ "9.target-changed-pending", target_changed, NEEDS_2_CPUS },
	{ "9.many-to-other-cpu", many_to_other, NEEDS_2_CPUS },
	{ "11.spi-before-enable", pend_then_enable_spi, 0 },
	{ "11.ppi-before-enable", pend_then_enable_ppi, 0 },
	{ "11.sgi-before-enable", pend_then_enable_sgi, 0 },
	{ "11.cleared-before-enable", pend_then_clear, 0 },
	{ "11.disabled-while-pending", disable_while_pending, 0 },
	{ "11.cleared-while-enabled", clear_while_enabled, 0 },
};

RUN_TESTS(irq_run, tests)
