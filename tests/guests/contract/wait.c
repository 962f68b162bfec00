/* SPDX-License-Identifier: Apache-2.0 */
/* Point 17: WFI and WFE wake on what is pending and enabled, also when it came while they trapped.
 */
#include "contract.h"

#define SGI        9
#define MOST_WAKES 20

static u32 up, rounds;

static u32 taken(void)
{
	return LOAD(this_cpu()->irqs);
}

static void quiet(u32 id)
{
	if (id == machine.arch.timer_virt)
		sysreg_write(CNTV_CTL_EL0, 0);
	else if (id == machine.arch.timer_phys)
		sysreg_write(CNTP_CTL_EL0, 0);
	isb();
}

static void arm_virtual(u64 us)
{
	this_cpu()->irq_hook = quiet;
	gic_enable(machine.arch.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(us));
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
}

/* WFI may end early (Arm ARM D1.6.2), so one return alone proves nothing. It must not always end at
 * once.
 */
#define WAIT_FOR_TIMER(control)                          \
	do {                                             \
		u64 status;                              \
		u32 wakes = 0;                           \
                                                         \
		do {                                     \
			wfi();                           \
			wakes++;                         \
			status = sysreg_read(control);   \
		} while ((status & TIMER_ISTATUS) == 0); \
		CHECK(wakes <= MOST_WAKES);              \
	} while (0)

static void timer_masked(void)
{
	arm_virtual(2000);
	WAIT_FOR_TIMER(CNTV_CTL_EL0);
	CHECK_EQ(taken(), 0);
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
}

/* The timer fires again later. It ends a WFI that began behind an interrupt that was taken between
 * the check and the WFI. */
static void again(u32 id)
{
	if (id != machine.arch.timer_virt)
		return;
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(2000));
	isb();
}

static void timer_taken(void)
{
	u32 before = taken();

	arm_virtual(500);
	this_cpu()->irq_hook = again;
	irq_enable();
	while (taken() < before + 10)
		wfi();
	irq_disable();
	quiet(machine.arch.timer_virt);
}

static void physical_timer(void)
{
	this_cpu()->irq_hook = quiet;
	gic_enable(machine.arch.timer_phys);
	sysreg_write(CNTP_CVAL_EL0, sysreg_read(CNTPCT_EL0) + time_ticks(2000));
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE);
	WAIT_FOR_TIMER(CNTP_CTL_EL0);
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
}

static void already_pending(void)
{
	gic_enable(SGI);
	gic_set_pending(SGI);
	wfi();
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
}

static void timer_already_due(void)
{
	arm_virtual(0);
	wfi();
	CHECK((sysreg_read(CNTV_CTL_EL0) & TIMER_ISTATUS) != 0);
}

/* A pending but disabled interrupt ends no sleep; the timer 3 ms later does. */
static void disabled_sleeps_on(void)
{
	u64 before = time_now(), status;

	gic_set_pending(50);
	arm_virtual(3000);
	do {
		wfi();
		status = sysreg_read(CNTV_CTL_EL0);
	} while ((status & TIMER_ISTATUS) == 0);
	CHECK(time_now() - before >= time_ticks(3000));
}

static void spi_wakes(void)
{
	gic_enable(50);
	gic_set_pending(50);
	wfi();
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
}

/* CPU 1 sleeps in WFI between SGIs; no wake-up may get lost, whenever it comes. */
static void sleep_and_count(void)
{
	gic_enable(SGI);
	STORE(up, 1);
	while (LOAD(test_stop) == 0) {
		irq_disable();
		if (LOAD(this_cpu()->irqs) == LOAD(rounds))
			wfi();
		irq_enable();
		STORE(rounds, LOAD(this_cpu()->irqs));
	}
}

static void sgi_wakes_other(void)
{
	struct cpu *other = cpu_get(1);
	u32 i;

	STORE(up, 0);
	STORE(rounds, 0);
	CHECK_EQ(cpu_on(1, sleep_and_count), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(up) == 1, WAIT_MS));
	for (i = 1; i <= 500; i++) {
		/* Sometimes before it sleeps, sometimes on its way there, sometimes after. */
		u64 until = time_now() + i % 16 * 20;

		while (time_now() < until)
			;
		gic_send(1, SGI);
		if (!WAIT(LOAD(other->irqs) == i, WAIT_MS))
			break;
	}
	STORE(test_stop, 1);
	gic_send(1, SGI);
	CHECK_EQ(i, 501);
}

static void sev_wfe(void)
{
	sev();
	wfe();
}

/* WFE returns for an event of another CPU. */
static void wait_event(void)
{
	STORE(up, 1);
	while (LOAD(rounds) == 0)
		wfe();
	STORE(up, 2);
}

static void sev_wakes_other(void)
{
	STORE(up, 0);
	STORE(rounds, 0);
	CHECK_EQ(cpu_on(1, wait_event), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(up) == 1, WAIT_MS));
	(void)WAIT(false, 1);
	STORE(rounds, 1);
	sev();
	CHECK(WAIT(LOAD(up) == 2, WAIT_MS));
}

/* The event stream (CNTKCTL_EL1.EVNTEN) or at the latest the timer ends WFE. */
static void event_stream(void)
{
	arm_virtual(5000);
	sysreg_write(CNTKCTL_EL1, sysreg_read(CNTKCTL_EL1) | BIT(2) | 8 << 4);
	isb();
	for (u32 i = 0; i < 10; i++)
		wfe();
	sysreg_write(CNTKCTL_EL1, sysreg_read(CNTKCTL_EL1) & ~BIT(2));
	isb();
}

static const struct test tests[] = {
	{ "17.wfi-timer-masked", timer_masked, 0 },
	{ "17.wfi-timer-taken", timer_taken, 0 },
	{ "17.wfi-physical-timer", physical_timer, 0 },
	{ "17.wfi-already-pending", already_pending, 0 },
	{ "17.wfi-timer-already-due", timer_already_due, 0 },
	{ "17.wfi-disabled-sleeps-on", disabled_sleeps_on, 0 },
	{ "17.wfi-spi", spi_wakes, 0 },
	{ "17.wfi-sgi-500-times", sgi_wakes_other, NEEDS_2_CPUS },
	{ "17.wfe-after-sev", sev_wfe, 0 },
	{ "17.wfe-sev-of-other", sev_wakes_other, NEEDS_2_CPUS },
	{ "17.wfe-event-stream", event_stream, 0 },
};

RUN_TESTS(wait_run, tests)
