/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness: runs beside a hostile guest and notices what it must not notice. It counts its
 * timer's interrupts, keeps a pattern in memory and values in registers, looks at them all the
 * time, and prints a beat. One line "witness: FAILED" is a hole in the wall between guests.
 *
 * Boot argument fresh: before that it looks through its RAM, which must be zero.
 */
#include "guest.h"

#define PATTERN_WORDS (MIB(1) / 8)
#define TICK_US       5000
#define TICKS_A_BEAT  40

static u64 *pattern;
static u32 ticks;
static struct fp fp_own, fp_seen;

static void fail(const char *what, u64 saw, u64 expected)
{
	print("witness: FAILED %s: expected 0x%llx, saw 0x%llx\n", what,
	      (unsigned long long)expected, (unsigned long long)saw);
	power_off();
}

static void tick(u32 id)
{
	if (id != machine.timer_virt)
		fail("interrupt", id, machine.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(TICK_US));
	isb();
	STORE(ticks, ticks + 1);
}

static u64 word_of(u64 i)
{
	return i * 0x9e3779b97f4a7c15ull ^ 0x0123456789abcdefull;
}

static void check_memory(void)
{
	for (u64 i = 0; i < PATTERN_WORDS; i++)
		if (pattern[i] != word_of(i))
			fail("memory", pattern[i], word_of(i));
}

static void check_registers(void)
{
	fp_store(&fp_seen);
	if (memcmp(&fp_own, &fp_seen, sizeof(fp_own)) != 0)
		fail("floating point", fp_seen.v[0], fp_own.v[0]);
	if (sysreg_read(TPIDR_EL0) != 0x77777777)
		fail("TPIDR_EL0", sysreg_read(TPIDR_EL0), 0x77777777);
	if (sysreg_read(TPIDRRO_EL0) != 0x66666666)
		fail("TPIDRRO_EL0", sysreg_read(TPIDRRO_EL0), 0x66666666);
	if (sysreg_read(CONTEXTIDR_EL1) != 0x5555)
		fail("CONTEXTIDR_EL1", sysreg_read(CONTEXTIDR_EL1), 0x5555);
}

/* RAM behind the image and its stacks, but for the tree that it was given. */
static void check_fresh(void)
{
	u64 tree_end = machine.tree + machine.fdt.size;

	for (u64 at = ALIGN_UP((u64)_end, MIB(2)); at < machine.ram + machine.ram_size; at += 8)
		if ((at < machine.tree || at >= tree_end) && *(volatile u64 *)at != 0)
			fail("fresh memory", *(volatile u64 *)at, 0);
	print("witness: fresh memory is zero\n");
}

static void set_up(void)
{
	pattern = (u64 *)ALIGN_UP(machine.ram + machine.ram_size / 2, MIB(2));
	for (u64 i = 0; i < PATTERN_WORDS; i++)
		pattern[i] = word_of(i);
	for (u32 i = 0; i < ARRAY_SIZE(fp_own.v); i++)
		fp_own.v[i] = word_of(i + 1000);
	fp_load(&fp_own);
	sysreg_write(TPIDR_EL0, 0x77777777);
	sysreg_write(TPIDRRO_EL0, 0x66666666);
	sysreg_write(CONTEXTIDR_EL1, 0x5555);
	this_cpu()->irq_hook = tick;
	gic_enable(machine.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, time_now());
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	irq_enable();
}

void guest_main(void)
{
	u64 last = time_now();
	char fresh[4];

	if (boot_arg("fresh", fresh, sizeof(fresh))[0] != '\0')
		check_fresh();
	set_up();
	for (u32 beat = 1;; beat++) {
		u32 until = LOAD(ticks) + TICKS_A_BEAT;

		while (LOAD(ticks) < until) {
			u64 now;

			check_memory();
			check_registers();
			wfi();
			now = time_now();
			if (now < last)
				fail("counter", now, last);
			last = now;
		}
		print("witness: beat %u\n", beat);
	}
}
