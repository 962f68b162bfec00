/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that only counts the periodic ticks of its SP804, and compares them with its counter. It
 * shares its CPU: whenever it runs again it is behind, and catches up.
 *
 * Boot argument: ms, the time to count for. At the end the guest prints the ticks that it has
 * counted, and how many were due. It also prints the longest time to catch up, in microseconds.
 */
#include "guest.h"

#define SP804    UINT64_C(0x0b000000)
#define LINE     (32 + 20)
#define LOAD_REG 0x00
#define VALUE    0x04
#define CONTROL  0x08
#define INT_CLR  0x0c
#define MIS      0x14
#define ENABLE   0x80u
#define PERIODIC 0x40u
#define INT_MASK 0x20u
#define WIDE     0x02u

#define HZ        24000000u
#define TICK_US   1000u
#define GAP_US    100u /* a longer jump of the counter is time off the CPU */
#define SETTLE_US 8000u

static u64 ticks;

static void tick(u32 id)
{
	if (id != LINE || read32(SP804 + MIS) == 0)
		return;
	ticks++;
	write32(SP804 + INT_CLR, 1);
	dsb();
}

static void check_rate(void)
{
	u64 start = time_now(), passed;
	u32 counted;

	write32(SP804 + LOAD_REG, UINT32_MAX);
	write32(SP804 + CONTROL, ENABLE | WIDE);
	while (time_now() - start < time_ticks(1000))
		;
	counted = UINT32_MAX - read32(SP804 + VALUE);
	passed = (time_now() - start) * 1000000 / time_ticks(1000000);
	if (counted / (HZ / 1000000) > passed || counted / (HZ / 1000000) + 200 < passed)
		print("ticks: FAILED rate: %u cycles in %llu us\n", counted,
		      (unsigned long long)passed);
	write32(SP804 + CONTROL, 0);
}

/* Count for that time, and then until nothing is missing, at most for the time to settle. */
static void count(u64 ms)
{
	u64 start, last, behind_since = 0, slowest = 0, due = 0;
	u64 end = time_ticks(ms * 1000), period = time_ticks(TICK_US);

	write32(SP804 + LOAD_REG, HZ / 1000000 * TICK_US);
	this_cpu()->irq_hook = tick;
	gic_set_edge(LINE, false);
	gic_enable(LINE);
	irq_enable();
	write32(SP804 + CONTROL, ENABLE | PERIODIC | INT_MASK | WIDE);
	start = last = time_now();
	for (;;) {
		u64 now = time_now();

		due = (now - start) / period;
		if (now - last > time_ticks(GAP_US))
			behind_since = now;
		last = now;
		if (LOAD(ticks) + 1 >= due) {
			if (behind_since != 0 && now - behind_since > slowest)
				slowest = now - behind_since;
			behind_since = 0;
			if (now - start >= end)
				break;
		}
		if (now - start >= end + time_ticks(SETTLE_US))
			break;
	}
	irq_disable();
	print("ticks: counted %llu of %llu, slowest %llu us\n", (unsigned long long)ticks,
	      (unsigned long long)due,
	      (unsigned long long)(slowest * 1000000 / time_ticks(1000000)));
}

void guest_main(void)
{
	char text[16];
	u64 ms = 0;

	boot_arg("ms", text, sizeof(text));
	for (const char *c = text; *c >= '0' && *c <= '9'; c++)
		ms = ms * 10 + (u64)(*c - '0');
	check_rate();
	count(ms);
	power_off();
}
