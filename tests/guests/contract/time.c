/* SPDX-License-Identifier: Apache-2.0 */
/* Points 16 and 17: counters and timers, and what wakes WFI and WFE. */
#include "contract.h"

#define SGI 9

struct timer {
	u32 irq;
	bool physical;
};

static u32 woken, up;
static u64 stamps[2], other_value;

static u32 taken(void)
{
	return LOAD(this_cpu()->irqs);
}

/* --- The two timers, by one interface --------------------------------------------------------- */

static struct timer virtual(void)
{
	return (struct timer){ .irq = machine.arch.timer_virt };
}

static struct timer physical(void)
{
	return (struct timer){ .irq = machine.arch.timer_phys, .physical = true };
}

static u64 counter(struct timer t)
{
	isb();
	return t.physical ? sysreg_read(CNTPCT_EL0) : sysreg_read(CNTVCT_EL0);
}

static u64 control(struct timer t)
{
	isb();
	return t.physical ? sysreg_read(CNTP_CTL_EL0) : sysreg_read(CNTV_CTL_EL0);
}

static void set_control(struct timer t, u64 value)
{
	if (t.physical)
		sysreg_write(CNTP_CTL_EL0, value);
	else
		sysreg_write(CNTV_CTL_EL0, value);
	isb();
}

static u64 compare(struct timer t)
{
	return t.physical ? sysreg_read(CNTP_CVAL_EL0) : sysreg_read(CNTV_CVAL_EL0);
}

static void set_compare(struct timer t, u64 value)
{
	if (t.physical)
		sysreg_write(CNTP_CVAL_EL0, value);
	else
		sysreg_write(CNTV_CVAL_EL0, value);
	isb();
}

static s32 down(struct timer t)
{
	isb();
	return (s32)(t.physical ? sysreg_read(CNTP_TVAL_EL0) : sysreg_read(CNTV_TVAL_EL0));
}

static void set_down(struct timer t, s32 value)
{
	if (t.physical)
		sysreg_write(CNTP_TVAL_EL0, (u64)(s64)value);
	else
		sysreg_write(CNTV_TVAL_EL0, (u64)(s64)value);
	isb();
}

static void quiet(u32 id)
{
	set_control(id == machine.arch.timer_phys ? physical() : virtual(), 0);
}

static void listen(struct timer t)
{
	this_cpu()->irq_hook = quiet;
	gic_set_edge(t.irq, false);
	gic_enable(t.irq);
}

/* --- 16: tests for either timer --------------------------------------------------------------- */

static void check_compare_fires(struct timer t)
{
	u64 due = counter(t) + time_ticks(1000);

	listen(t);
	set_compare(t, due);
	set_control(t, TIMER_ENABLE);
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	CHECK(counter(t) >= due);
	irq_disable();
	CHECK_EQ(this_cpu()->irq_log[0], t.irq);
	CHECK_EQ(control(t), 0);
}

static void check_down_fires(struct timer t)
{
	u64 before = counter(t);

	listen(t);
	set_down(t, (s32)time_ticks(1000));
	set_control(t, TIMER_ENABLE);
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
	CHECK(counter(t) - before >= time_ticks(1000));
}

/* The timer value is signed: a negative one is in the past. */
static void check_down_negative(struct timer t)
{
	listen(t);
	set_down(t, -1000);
	set_control(t, TIMER_ENABLE);
	irq_enable();
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
	CHECK(compare(t) < counter(t));
}

static void check_down_counts(struct timer t)
{
	s32 first, second;

	set_down(t, 1000000000);
	first = down(t);
	CHECK(first <= 1000000000 && first > 500000000);
	(void)WAIT(false, 1);
	second = down(t);
	CHECK(second < first);
	CHECK(compare(t) > counter(t));
}

static void check_read_back(struct timer t)
{
	set_compare(t, 0x123456789abcdef0);
	CHECK_EQ(compare(t), 0x123456789abcdef0);
	set_compare(t, ~0ull);
	CHECK_EQ(compare(t), ~0ull);
}

static void check_status(struct timer t)
{
	set_compare(t, counter(t) + time_ticks(1000000));
	set_control(t, TIMER_ENABLE | TIMER_IMASK);
	CHECK_EQ(control(t), TIMER_ENABLE | TIMER_IMASK);
	set_compare(t, counter(t));
	CHECK_EQ(control(t), TIMER_ENABLE | TIMER_IMASK | TIMER_ISTATUS);
	set_control(t, ~7ull | TIMER_IMASK);
	CHECK_EQ(control(t) & ~TIMER_ISTATUS, TIMER_IMASK);
	set_control(t, 0);
	CHECK_EQ(control(t) & ~TIMER_ISTATUS, 0);
}

static void check_masked(struct timer t)
{
	listen(t);
	set_compare(t, counter(t));
	set_control(t, TIMER_ENABLE | TIMER_IMASK);
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	CHECK_EQ(taken(), 0);
	set_control(t, TIMER_ENABLE);
	CHECK(WAIT(taken() == 1, WAIT_MS));
	irq_disable();
}

/* Half the range away: QEMU 7.2 hangs when compare value and offset together pass 2^64. */
static void check_never(struct timer t)
{
	listen(t);
	set_compare(t, ~0ull >> 1);
	set_control(t, TIMER_ENABLE);
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(taken(), 0);
	CHECK_EQ(control(t), TIMER_ENABLE);
}

/* Far enough away that a busy host does not stop us until it is due. */
static void check_cancelled(struct timer t)
{
	listen(t);
	set_compare(t, counter(t) + time_ticks(300000));
	set_control(t, TIMER_ENABLE);
	set_control(t, 0);
	irq_enable();
	(void)WAIT(false, 320);
	irq_disable();
	CHECK_EQ(taken(), 0);
}

/* Registers stay over exits of every kind. */
static void check_kept(struct timer t)
{
	set_compare(t, 0x7fffffff12345678);
	set_control(t, TIMER_ENABLE | TIMER_IMASK);
	for (u32 i = 0; i < 100; i++) {
		(void)psci(PSCI_VERSION, 0, 0, 0);
		(void)read32(gic.gicd + 4);
		gic_set_priority(40, (u8)i);
	}
	CHECK_EQ(compare(t), 0x7fffffff12345678);
	CHECK_EQ(control(t), TIMER_ENABLE | TIMER_IMASK);
}

static void check_monotonic(struct timer t)
{
	u64 last = counter(t);

	for (u32 i = 0; i < 10000; i++) {
		u64 now = counter(t);

		CHECK(now >= last);
		last = now;
	}
}

#define BOTH(name)                        \
	static void virtual_##name(void)  \
	{                                 \
		check_##name(virtual());  \
	}                                 \
	static void physical_##name(void) \
	{                                 \
		check_##name(physical()); \
	}
BOTH(compare_fires)
BOTH(down_fires)
BOTH(down_negative)
BOTH(down_counts)
BOTH(read_back)
BOTH(status)
BOTH(masked)
BOTH(never)
BOTH(cancelled)
BOTH(kept)
BOTH(monotonic)

/* --- 16: the rest ----------------------------------------------------------------------------- */

static void frequency(void)
{
	u64 frequency = sysreg_read(CNTFRQ_EL0);

	CHECK(frequency >= 1000000 && frequency <= 1000000000);
}

static void both_at_once(void)
{
	listen(virtual());
	listen(physical());
	set_compare(virtual(), counter(virtual()) + time_ticks(1000));
	set_compare(physical(), counter(physical()) + time_ticks(1000));
	set_control(virtual(), TIMER_ENABLE);
	set_control(physical(), TIMER_ENABLE);
	irq_enable();
	CHECK(WAIT(taken() == 2, WAIT_MS));
	irq_disable();
	CHECK_NE(this_cpu()->irq_log[0], this_cpu()->irq_log[1]);
}

/* The distance of the two counters does not change: one offset, kept. */
static void offset_constant(void)
{
	u64 offset = counter(physical()) - counter(virtual());

	for (u32 i = 0; i < 100; i++) {
		u64 before = sysreg_read(CNTVCT_EL0), middle, after;

		isb();
		middle = sysreg_read(CNTPCT_EL0);
		isb();
		after = sysreg_read(CNTVCT_EL0);
		CHECK(middle - offset + time_ticks(50000) >= before);
		CHECK(middle - offset <= after + time_ticks(50000));
		(void)psci(PSCI_VERSION, 0, 0, 0);
	}
}

static void answer_time(void)
{
	STORE(up, 1);
	while (LOAD(test_stop) == 0) {
		if (LOAD(woken) == 0)
			continue;
		other_value = time_now();
		STORE(woken, 0);
	}
}

/* A time stamp of CPU 1 lies between two of CPU 0: the offset is one for all. */
static void offset_same(void)
{
	STORE(up, 0);
	STORE(woken, 0);
	CHECK_EQ(cpu_on(1, answer_time), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(up) == 1, WAIT_MS));
	for (u32 i = 0; i < 100; i++) {
		stamps[0] = time_now();
		STORE(woken, 1);
		CHECK(WAIT(LOAD(woken) == 0, WAIT_MS));
		stamps[1] = time_now();
		CHECK(stamps[0] <= other_value);
		CHECK(other_value <= stamps[1]);
	}
}

static u32 ticks[2];

static void tick(u32 id)
{
	(void)id;
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(500));
	(void)ADD(ticks[this_cpu()->index], 1);
}

static void tick_until_stop(void)
{
	listen(virtual());
	this_cpu()->irq_hook = tick;
	sysreg_write(CNTV_CVAL_EL0, time_now());
	set_control(virtual(), TIMER_ENABLE);
	irq_enable();
	while (LOAD(test_stop) == 0)
		yield();
	irq_disable();
	set_control(virtual(), 0);
}

static void on_both_cpus(void)
{
	STORE(ticks[0], 0);
	STORE(ticks[1], 0);
	CHECK_EQ(cpu_on(1, tick_until_stop), PSCI_SUCCESS);
	listen(virtual());
	this_cpu()->irq_hook = tick;
	sysreg_write(CNTV_CVAL_EL0, time_now());
	set_control(virtual(), TIMER_ENABLE);
	irq_enable();
	CHECK(WAIT(LOAD(ticks[0]) >= 20 && LOAD(ticks[1]) >= 20, WAIT_MS));
	irq_disable();
}

static const struct test tests[] = {
	{ "16.frequency", frequency, 0 },
	{ "16.virtual-monotonic", virtual_monotonic, 0 },
	{ "16.virtual-compare-fires", virtual_compare_fires, 0 },
	{ "16.virtual-down-fires", virtual_down_fires, 0 },
	{ "16.virtual-down-negative", virtual_down_negative, 0 },
	{ "16.virtual-down-counts", virtual_down_counts, 0 },
	{ "16.virtual-read-back", virtual_read_back, 0 },
	{ "16.virtual-status", virtual_status, 0 },
	{ "16.virtual-masked", virtual_masked, 0 },
	{ "16.virtual-never", virtual_never, 0 },
	{ "16.virtual-cancelled", virtual_cancelled, 0 },
	{ "16.virtual-kept", virtual_kept, 0 },
	{ "16.physical-monotonic", physical_monotonic, 0 },
	{ "16.physical-compare-fires", physical_compare_fires, 0 },
	{ "16.physical-down-fires", physical_down_fires, 0 },
	{ "16.physical-down-negative", physical_down_negative, 0 },
	{ "16.physical-down-counts", physical_down_counts, 0 },
	{ "16.physical-read-back", physical_read_back, 0 },
	{ "16.physical-status", physical_status, 0 },
	{ "16.physical-masked", physical_masked, 0 },
	{ "16.physical-never", physical_never, 0 },
	{ "16.physical-cancelled", physical_cancelled, 0 },
	{ "16.physical-kept", physical_kept, 0 },
	{ "16.both-at-once", both_at_once, 0 },
	{ "16.offset-constant", offset_constant, 0 },
	{ "16.offset-same-on-cpus", offset_same, NEEDS_2_CPUS },
	{ "16.ticks-on-both-cpus", on_both_cpus, NEEDS_2_CPUS },
};

RUN_TESTS(time_run, tests)
