/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Point 7: SYSTEM_RESET brings pristine images, a reset controller and no state of the last run.
 * The first boot changes everything and resets. The second checks, and tries SYSTEM_RESET2. The
 * third checks again. SYSTEM_OFF ends every test; the suite detects it.
 */
#include "contract.h"

#define SPI    45
#define CANARY 0x0123456789abcdefull

static u64 in_data __section(".data") = CANARY;
static u64 in_bss;
static const u64 in_rodata = CANARY;

static struct gic_state {
	u32 ctlr, enable, pending, active, config, spendsgir;
	u8 priority;
} at_start;
static u32 held;

/* Data for the next run. */
static void before_reset(void)
{
	struct persist *p = persist();

	p->tree_size = machine.tree_size;
	p->totals = test_totals;
	p->boot++;
	dsb();
}

static void hold(void)
{
	STORE(held, 1);
	for (;;)
		wfi();
}

/* Everything that a reset must undo. */
static void soil(void)
{
	in_data = 0;
	in_bss = 1;
	*(volatile u64 *)&in_rodata = 0;
	gic_enable(SPI);
	gic_set_priority(SPI, 0x30);
	gic_set_active(SPI);
	gic_set_pending(SPI);
	gic_set_pending(SPI + 1);
	gic_enable(4);
	gic_set_pending(4);
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	sysreg_write(CNTP_CVAL_EL0, sysreg_read(CNTPCT_EL0));
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE);
	gic_enable(machine.arch.timer_virt);
	if (machine.num_cpus > 1 && cpu_on(1, hold) == PSCI_SUCCESS)
		(void)WAIT(LOAD(held) == 1, WAIT_MS);
	memset((void *)machine.tree, 0xa5, 64);
	dsb();
}

static void system_reset(void)
{
	before_reset();
	soil();
	test_fail("SYSTEM_RESET", (u64)psci(PSCI_SYSTEM_RESET, 0, 0, 0), 0);
}

static void system_reset2(void)
{
	if (psci(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0) == PSCI_NOT_SUPPORTED)
		test_skip("no SYSTEM_RESET2");
	before_reset();
	soil();
	test_fail("SYSTEM_RESET2", (u64)psci(PSCI_SYSTEM_RESET2, 0, 0, 0), 0);
}

static void reset2_bad_type(void)
{
	if (psci(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0) == PSCI_NOT_SUPPORTED)
		CHECK_EQ(psci(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_NOT_SUPPORTED);
	else
		CHECK_EQ(psci(PSCI_SYSTEM_RESET2, 1, 0, 0), PSCI_INVALID);
}

/* Reported absent, or it checks its entry as CPU_ON does. */
static void system_suspend(void)
{
	s64 features = psci(PSCI_FEATURES, PSCI_SYSTEM_SUSPEND, 0, 0);
	s64 answer = psci(PSCI_SYSTEM_SUSPEND, 0x2000000000, 0, 0);

	if (features == PSCI_NOT_SUPPORTED)
		CHECK_EQ(answer, PSCI_NOT_SUPPORTED);
	else
		CHECK(answer == PSCI_INVALID_ADDRESS || answer == PSCI_DENIED);
}

/* --- In the next run -------------------------------------------------------------------------- */

static void image_pristine(void)
{
	CHECK_EQ(in_data, CANARY);
	CHECK_EQ(in_bss, 0);
	CHECK_EQ(*(const volatile u64 *)&in_rodata, CANARY);
}

static void tree_pristine(void)
{
	CHECK_EQ(machine.tree_size, persist()->tree_size);
}

static void entry_state(void)
{
	CHECK_EQ(boot_record.el, 1 << 2);
	CHECK_EQ(boot_record.daif, 0x3c0);
	CHECK_EQ(boot_record.sctlr & 0x1005, 0);
	CHECK_EQ(boot_record.x[1] | boot_record.x[2] | boot_record.x[3], 0);
}

static void timers_reset(void)
{
	CHECK_EQ(boot_record.cntv_ctl & TIMER_ENABLE, 0);
	CHECK_EQ(boot_record.cntp_ctl & TIMER_ENABLE, 0);
}

static void others_off(void)
{
	for (u32 i = 1; i < machine.num_cpus; i++)
		CHECK_EQ(psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[i], 0, 0), 1);
	CHECK_EQ(LOAD(held), 0);
}

static void controller_reset(void)
{
	CHECK_EQ(at_start.ctlr & 3, 0);
	CHECK_EQ(at_start.enable & ~0xffffu, 0);
	CHECK_EQ(at_start.pending, 0);
	CHECK_EQ(at_start.active, 0);
	CHECK_EQ(at_start.priority, 0);
	CHECK_EQ(at_start.spendsgir, 0);
}

static void on_again_ran(void)
{
	STORE(held, 2);
}

static void others_start(void)
{
	CHECK_EQ(cpu_on(1, on_again_ran), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(LOAD(held), 2);
}

static void interrupts_work(void)
{
	gic_enable(SPI);
	gic_set_pending(SPI);
	irq_enable();
	CHECK(WAIT(LOAD(this_cpu()->irqs) >= 1, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(this_cpu()->irqs, 1);
}

/* The library calls this before it touches the controller. */
void guest_before_gic(void)
{
	at_start.ctlr = read32(gic.gicd);
	at_start.enable = read32(gic.gicd + 0x104);
	at_start.pending = read32(gic.gicd + 0x204);
	at_start.active = read32(gic.gicd + 0x304);
	at_start.priority = read8(gic.gicd + 0x400 + SPI);
	if (gic.version == 2)
		at_start.spendsgir = read32(gic.gicd + 0xf20 + 4);
}

static const struct test first[] = {
	{ "7.system-suspend", system_suspend, NEEDS_MULLION },
	{ "7.reset2-bad-type", reset2_bad_type, NEEDS_MULLION },
	{ "7.system-reset", system_reset, 0 },
};

static const struct test second[] = {
	{ "7.reset-images-pristine", image_pristine, 0 },
	{ "7.reset-tree-pristine", tree_pristine, 0 },
	{ "7.reset-entry-state", entry_state, 0 },
	{ "7.reset-timers", timers_reset, 0 },
	{ "7.reset-controller", controller_reset, 0 },
	{ "7.reset-other-cpus-off", others_off, 0 },
	{ "7.reset-interrupts-work", interrupts_work, 0 },
	{ "7.reset-cpu-on-works", others_start, NEEDS_2_CPUS },
	{ "7.system-reset2", system_reset2, NEEDS_MULLION },
};

static const struct test third[] = {
	{ "7.reset2-images-pristine", image_pristine, 0 },
	{ "7.reset2-controller", controller_reset, 0 },
	{ "7.reset2-interrupts-work", interrupts_work, 0 },
};

void reset_run(void)
{
	switch (persist()->boot) {
	case 0: test_run(first, ARRAY_SIZE(first)); break;
	case 1: test_run(second, ARRAY_SIZE(second)); break;
	default: test_run(third, ARRAY_SIZE(third)); break;
	}
}
