/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spinning guest measures the share of each vCPU and its times. In each round every vCPU sleeps
 * until the period begins, then works for the length of a burst and reads the counter. A jump of
 * the counter is time off the CPU. Work counts in the middle half of a burst, so guests with
 * slightly different counters compete for all of it.
 *
 * Boot arguments: rounds, period-us, burst-us, work (instructions between two reads), gap-us (a
 * longer jump of the counter is time off the CPU; 5). settle-us: time off the CPU counts from that
 * time of a burst on, and ends as long before the burst's end. cycle-us (0: none): print the phase
 * within it at which the vCPU runs again. idle: sleep without end. stale: the same, after the
 * timer's interrupt was pending and its line has fallen. At the end the guest prints each figure of
 * each vCPU, in ticks of the counter, and powers off.
 */
#include "guest.h"

#define GAP_US   5
#define START_US 20000

struct share {
	u64 count; /* pieces of work */
	u64 gaps, off_max;
	u64 on_min, on_max; /* between two gaps */
	u64 phase_min, phase_max;
	u64 late_max; /* from the time that was slept for */
	u32 done;
};

static struct share shares[GUEST_MAX_CPUS];
static u64 rounds, period, burst, work, cycle, gap, settle, first_start;

static u64 number(const char *key)
{
	char text[16];
	u64 value = 0;

	boot_arg(key, text, sizeof(text));
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		value = value * 10 + (u64)(*c - '0');
	return value;
}

static void pass(u64 instructions)
{
	u64 n = instructions / 2 + 1;

	__asm__ volatile("1:	subs	%0, %0, #1\n"
			 "	b.ne	1b"
			 : "+r"(n)
			 :
			 : "cc");
}

static void tick(u32 id)
{
	(void)id;
	sysreg_write(CNTV_CTL_EL0, 0);
	isb();
}

static u64 sleep_until(u64 time)
{
	sysreg_write(CNTV_CVAL_EL0, time);
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
	while (time_now() < time)
		wfi();
	return time_now();
}

/* It was off from @left to @back, and came before at @came (0: not known). */
static void note_gap(struct share *share, u64 came, u64 left, u64 back)
{
	share->gaps++;
	share->off_max = MAX(share->off_max, back - left);
	if (came != 0) {
		share->on_min = MIN(share->on_min, left - came);
		share->on_max = MAX(share->on_max, left - came);
	}
	if (cycle != 0) {
		u64 phase = back % cycle;

		share->phase_min = MIN(share->phase_min, phase);
		share->phase_max = MAX(share->phase_max, phase);
	}
}

static void spin(struct share *share, u64 start)
{
	u64 last = sleep_until(start), came = 0;

	share->late_max = MAX(share->late_max, last - start);
	while (last < start + burst) {
		u64 now;

		pass(work);
		yield(); /* an emulator that alternates CPUs continues with the next */
		now = time_now();
		if (now - last > gap) {
			if (now - start >= settle && last - start < burst - settle)
				note_gap(share, came, last, now);
			came = now;
		}
		if (now - start >= burst / 4 && now - start < burst - burst / 4)
			share->count++;
		last = now;
	}
}

static void run(u32 index)
{
	struct share *share = &shares[index];

	this_cpu()->irq_hook = tick;
	gic_enable(machine.arch.timer_virt);
	irq_enable();
	share->on_min = share->phase_min = UINT64_MAX;
	for (u64 round = 0; round < rounds; round++)
		spin(share, first_start + round * period);
	STORE(share->done, 1);
}

static void run_other(void)
{
	run(this_cpu()->index);
}

static void tell(u32 index, const char *what, u64 figure)
{
	print("spin: %u %s %llu\n", index, what, (unsigned long long)figure);
}

static void tell_all(u32 index)
{
	const struct share *s = &shares[index];

	tell(index, "gaps", s->gaps);
	tell(index, "off-max", s->off_max);
	tell(index, "on-min", s->on_min);
	tell(index, "on-max", s->on_max);
	tell(index, "phase-min", s->phase_min);
	tell(index, "phase-max", s->phase_max);
	tell(index, "late-max", s->late_max);
	tell(index, "count", s->count);
}

/* The timer's interrupt came, masked, and then its line fell. */
static void fall(void)
{
	gic_enable(machine.arch.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
	if (!WAIT(gic_highest_pending() == machine.arch.timer_virt, WAIT_MS))
		print("spin: FAILED timer\n");
	sysreg_write(CNTV_CTL_EL0, 0);
	isb();
}

void guest_main(void)
{
	if (number("stale") != 0)
		fall();
	if (number("idle") != 0 || number("stale") != 0) {
		print("spin: idle\n");
		for (;;)
			wfi();
	}
	rounds = number("rounds");
	period = time_ticks(number("period-us"));
	burst = time_ticks(number("burst-us"));
	work = number("work");
	cycle = time_ticks(number("cycle-us"));
	gap = time_ticks(number("gap-us") != 0 ? number("gap-us") : GAP_US);
	settle = time_ticks(number("settle-us"));
	first_start = time_now() + time_ticks(START_US);
	for (u32 i = 1; i < machine.num_cpus; i++)
		if (cpu_on(i, run_other) != PSCI_SUCCESS)
			print("spin: FAILED cpu_on\n");
	run(0);
	for (u32 i = 1; i < machine.num_cpus; i++)
		while (LOAD(shares[i].done) == 0)
			(void)sleep_until(time_now() + time_ticks(1000));
	for (u32 i = 0; i < machine.num_cpus; i++)
		tell_all(i);
	power_off();
}
