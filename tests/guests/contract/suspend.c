/* SPDX-License-Identifier: Apache-2.0 */
/* Point 4: CPU_SUSPEND as standby and as power-down. (PSCI 1.1 §5.4.) */
#include "contract.h"

#define STANDBY          0u
#define POWER_DOWN       (extended() ? BIT(30) : BIT(16))
#define RESERVED_BIT     (extended() ? BIT(29) : BIT(20))
#define SUSPEND_EXTENDED BIT(1)

static struct resume resume;

static bool extended(void)
{
	return ((u64)psci(PSCI_FEATURES, PSCI_CPU_SUSPEND, 0, 0) & SUSPEND_EXTENDED) != 0;
}

/* The virtual timer's interrupt, not taken (PSTATE.I), some time from now. */
static void arm_timer(u64 us)
{
	gic_enable(machine.arch.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(us));
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
}

static bool timer_fired(void)
{
	return (sysreg_read(CNTV_CTL_EL0) & TIMER_ISTATUS) != 0;
}

static void standby_timer(void)
{
	arm_timer(2000);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, STANDBY, 0, 0), PSCI_SUCCESS);
	CHECK(timer_fired());
}

static void standby_pending(void)
{
	gic_enable(3);
	gic_set_pending(3);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, STANDBY, 0, 0), PSCI_SUCCESS);
}

static void standby_smc32(void)
{
	arm_timer(1000);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND & ~(u32)BIT(30), STANDBY, 0, 0), PSCI_SUCCESS);
	CHECK(timer_fired());
}

static void standby_keeps_state(void)
{
	u64 sctlr = sysreg_read(SCTLR_EL1);

	arm_timer(500);
	sysreg_write(TPIDR_EL0, 0x1234567);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, STANDBY, (u64)resume_entry, 0), PSCI_SUCCESS);
	CHECK_EQ(sysreg_read(SCTLR_EL1), sctlr);
	CHECK_EQ(sysreg_read(TPIDR_EL0), 0x1234567);
}

/* Through power-down and back by the entry point; false if the call returned (*@answer). */
static bool power_down(s64 *answer)
{
	u64 cpu = sysreg_read(TPIDR_EL1);

	memset(&resume, 0, sizeof(resume));
	if (jump_set(&resume.jump) == 0) {
		dsb();
		*answer = psci(PSCI_CPU_SUSPEND, POWER_DOWN, (u64)resume_entry, (u64)&resume);
		return false;
	}
	sysreg_write(TPIDR_EL1, cpu);
	mmu_on();
	return true;
}

static void powerdown_reenters(void)
{
	s64 answer = 0;

	arm_timer(3000);
	if (!power_down(&answer))
		test_fail("power-down returned", (u64)answer, 0);
	CHECK_EQ(resume.record.el, 1 << 2);
	CHECK_EQ(resume.record.sctlr & 0x1005, 0);
	CHECK_EQ(resume.record.daif, 0x3c0);
	CHECK_EQ(resume.record.spsel, 1);
}

static void powerdown_woken(void)
{
	s64 answer = 0;
	u64 due;

	arm_timer(3000);
	due = sysreg_read(CNTV_CVAL_EL0);
	if (!power_down(&answer))
		test_fail("power-down returned", (u64)answer, 0);
	CHECK(time_now() >= due);
	CHECK(gic_pending(machine.arch.timer_virt) || timer_fired());
}

static void reserved_state(void)
{
	arm_timer(1000);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, RESERVED_BIT, 0, 0), PSCI_INVALID);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, BIT(31), 0, 0), PSCI_INVALID);
}

static void bad_entry(void)
{
	arm_timer(1000);
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, POWER_DOWN, 0x2000000000, 0), PSCI_INVALID_ADDRESS);
}

static const struct test tests[] = {
	{ "4.standby-until-timer", standby_timer, 0 },
	{ "4.standby-while-pending", standby_pending, 0 },
	{ "4.standby-smc32", standby_smc32, 0 },
	{ "4.standby-keeps-state", standby_keeps_state, 0 },
	{ "4.power-down-reenters", powerdown_reenters, NEEDS_MULLION },
	{ "4.power-down-until-timer", powerdown_woken, NEEDS_MULLION },
	{ "4.reserved-power-state", reserved_state, 0 },
	{ "4.power-down-bad-entry", bad_entry, NEEDS_MULLION },
};

RUN_TESTS(suspend_run, tests)
