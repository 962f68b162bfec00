/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points 4, 12 and 17: the line of a level interrupt falls before its acknowledge. The interrupt is
 * no longer pending (IHI 0048B §3.2.4, IHI 0069 §4.1.2), ends no sleep, and comes again with the
 * line.
 */
#include "contract.h"

#define UART_DR    0x00
#define UART_IMSC  0x38
#define UART_ICR   0x44
#define UART_TX    0x20u
#define UART_ALL   0x7ffu
#define SLEEP_US   5000
#define MOST_WAKES 20

struct source {
	u32 id;
	void (*raise)(void);
	void (*lower)(void);
	bool told; /* the emulator of the controller sees the fall */
};

static struct source source;

static void uart_raise(void)
{
	write32(machine.uart + UART_IMSC, UART_TX);
	write32(machine.uart + UART_DR, '\n'); /* harmless in the log */
}

static void uart_lower(void)
{
	write32(machine.uart + UART_IMSC, 0);
	write32(machine.uart + UART_ICR, UART_ALL);
	dsb();
}

static void virtual_raise(void)
{
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
}

/* The control register stays as it is: a new time is enough. */
static void virtual_lower(void)
{
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(10000000));
	isb();
}

static void physical_raise(void)
{
	sysreg_write(CNTP_CVAL_EL0, sysreg_read(CNTPCT_EL0));
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE);
	isb();
}

static void physical_lower(void)
{
	sysreg_write(CNTP_CTL_EL0, 0);
	isb();
}

static void lower(u32 id)
{
	(void)id;
	source.lower();
}

static void begin(u32 id, void (*raise)(void), void (*fall)(void), bool told)
{
	source = (struct source){ id, raise, fall, told };
	fall();
	this_cpu()->irq_hook = lower;
	gic_set_edge(id, false);
	gic_enable(id);
}

static void begin_uart(void)
{
	char text[16];

	if (!machine.arch.uart_level)
		test_skip("the line is edge-triggered");
	begin(machine.uart_irq, uart_raise, uart_lower,
	      !machine.mullion || str_equal(boot_arg("uart", text, sizeof(text)), "emulated"));
}

static void begin_virtual(void)
{
	begin(machine.arch.timer_virt, virtual_raise, virtual_lower, !machine.mullion);
}

static void begin_physical(void)
{
	begin(machine.arch.timer_phys, physical_raise, physical_lower, true);
}

static void raise_and_lower(void)
{
	source.raise();
	CHECK(WAIT(gic_highest_pending() == source.id, WAIT_MS));
	CHECK(gic_pending(source.id));
	CHECK_EQ(gic_highest_pending(), source.id);
	source.lower();
}

static void check_taken(u32 count)
{
	irq_enable();
	CHECK(WAIT(LOAD(this_cpu()->irqs) >= count, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(this_cpu()->irqs, count);
}

/* Several times: an interrupt that the hardware did not get back would not be signalled again. */
static void check_gone(void)
{
	for (u32 i = 0; i < 3; i++) {
		raise_and_lower();
		if (source.told)
			CHECK_EQ(gic_highest_pending(), GIC_SPURIOUS);
		CHECK(!gic_pending(source.id));
		CHECK(!gic_active(source.id));
		CHECK_EQ(gic_highest_pending(), GIC_SPURIOUS);
		check_taken(i);
		source.raise();
		check_taken(i + 1);
	}
}

static void uart_gone(void)
{
	begin_uart();
	check_gone();
}

static void virtual_gone(void)
{
	begin_virtual();
	check_gone();
}

static void physical_gone(void)
{
	begin_physical();
	check_gone();
}

/* With a high line it stays pending, whatever is read, and is taken. */
static void check_stays(void)
{
	source.raise();
	CHECK(WAIT(gic_highest_pending() == source.id, WAIT_MS));
	for (u32 i = 0; i < 3; i++) {
		wfi();
		CHECK(gic_pending(source.id));
		CHECK_EQ(gic_highest_pending(), source.id);
	}
	check_taken(1);
	CHECK(!gic_pending(source.id));
	CHECK(!gic_active(source.id));
}

static void uart_stays(void)
{
	begin_uart();
	check_stays();
}

static void virtual_stays(void)
{
	begin_virtual();
	check_stays();
}

/* Pending state that software has set does not fall with the line (IHI 0048B §4.3.7). */
static void uart_pended_too(void)
{
	if (gic.version == 2 && !machine.mullion)
		test_skip("QEMU's GICv2 cannot");
	begin_uart();
	source.raise();
	CHECK(WAIT(gic_highest_pending() == source.id, WAIT_MS));
	gic_set_pending(source.id);
	source.lower();
	CHECK(gic_pending(source.id));
	CHECK_EQ(gic_highest_pending(), source.id);
	check_taken(1);
	CHECK(!gic_pending(source.id));
	source.raise();
	check_taken(2);
}

/* A WFI follows, with which a CPU sleeps without an exit: only the read is visible. PSCI's standby
 * exits.
 */
static void fall_and_look(void)
{
	raise_and_lower();
	if (!source.told)
		CHECK(!gic_pending(source.id));
}

static void standby(void)
{
	CHECK_EQ(psci(PSCI_CPU_SUSPEND, 0, 0, 0), PSCI_SUCCESS);
}

/* Sleep until the other timer, 5 ms later. A sleep may end early, but not each time. */
#define CHECK_SLEEP(...) CHECK_SLEEP_(__VA_ARGS__)
#define CHECK_SLEEP_(fall, sleep, other, cval, ctl, counter)                             \
	do {                                                                             \
		u32 wakes = 0;                                                           \
                                                                                         \
		gic_enable(other);                                                       \
		fall();                                                                  \
		sysreg_write(cval, sysreg_read(counter) + time_ticks(SLEEP_US));         \
		sysreg_write(ctl, TIMER_ENABLE);                                         \
		isb();                                                                   \
		do {                                                                     \
			sleep();                                                         \
			wakes++;                                                         \
		} while ((sysreg_read(ctl) & TIMER_ISTATUS) == 0 && wakes < MOST_WAKES); \
		CHECK(wakes < MOST_WAKES);                                               \
		sysreg_write(ctl, 0);                                                    \
		isb();                                                                   \
		CHECK(!gic_pending(source.id));                                          \
		CHECK(!gic_pending(other));                                              \
		check_taken(0);                                                          \
	} while (0)
#define UNTIL_VIRTUAL  machine.arch.timer_virt, CNTV_CVAL_EL0, CNTV_CTL_EL0, CNTVCT_EL0
#define UNTIL_PHYSICAL machine.arch.timer_phys, CNTP_CVAL_EL0, CNTP_CTL_EL0, CNTPCT_EL0

static void uart_sleep(void)
{
	begin_uart();
	CHECK_SLEEP(fall_and_look, wfi, UNTIL_VIRTUAL);
}

static void virtual_sleep(void)
{
	begin_virtual();
	CHECK_SLEEP(fall_and_look, wfi, UNTIL_PHYSICAL);
}

static void physical_sleep(void)
{
	begin_physical();
	CHECK_SLEEP(fall_and_look, wfi, UNTIL_VIRTUAL);
}

static void uart_standby(void)
{
	begin_uart();
	CHECK_SLEEP(raise_and_lower, standby, UNTIL_VIRTUAL);
}

static void virtual_standby(void)
{
	begin_virtual();
	CHECK_SLEEP(raise_and_lower, standby, UNTIL_PHYSICAL);
}

static const struct test tests[] = {
	{ "4.standby-uart-lowered", uart_standby, NEEDS_UART },
	{ "4.standby-timer-lowered", virtual_standby, 0 },
	{ "12.uart-lowered", uart_gone, NEEDS_UART },
	{ "12.uart-stays-high", uart_stays, NEEDS_UART },
	{ "12.uart-lowered-pended-too", uart_pended_too, NEEDS_UART },
	{ "12.timer-lowered", virtual_gone, 0 },
	{ "12.timer-stays-high", virtual_stays, 0 },
	{ "12.physical-timer-lowered", physical_gone, 0 },
	{ "17.wfi-uart-lowered", uart_sleep, NEEDS_UART },
	{ "17.wfi-timer-lowered", virtual_sleep, 0 },
	{ "17.wfi-physical-timer-lowered", physical_sleep, 0 },
};

RUN_TESTS(lowered_run, tests)
