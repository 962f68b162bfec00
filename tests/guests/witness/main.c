/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The witness runs beside a hostile guest, on CPUs of its own or on the same one. It counts its
 * timer's interrupts and checks a pattern in memory and values in registers, again and again, and
 * prints a beat. One line "witness: FAILED" is a hole in the isolation between guests.
 *
 * Boot argument fresh: before that it reads all of its RAM, which must be zero.
 */
#include "guest.h"

#define PATTERN_WORDS (MIB(1) / 8)
#define TICK_US       5000
#define TICKS_A_BEAT  40

/* Registers of a vCPU that this guest does not need: only a fault writes FAR_EL1. */
static const u32 encodings[] = {
	SYSREG(3, 3, 13, 0, 2), /* TPIDR_EL0 */
	SYSREG(3, 3, 13, 0, 3), /* TPIDRRO_EL0 */
	SYSREG(3, 3, 13, 0, 5), /* TPIDR2_EL0 */
	SYSREG(3, 0, 13, 0, 1), /* CONTEXTIDR_EL1 */
	SYSREG(3, 0, 4, 1, 0),  /* SP_EL0 */
	SYSREG(3, 0, 2, 0, 1),  /* TTBR1_EL1 */
	SYSREG(3, 0, 5, 1, 0),  /* AFSR0_EL1 */
	SYSREG(3, 0, 5, 1, 1),  /* AFSR1_EL1 */
	SYSREG(3, 0, 5, 2, 0),  /* ESR_EL1 */
	SYSREG(3, 0, 6, 0, 0),  /* FAR_EL1 */
	SYSREG(3, 0, 7, 4, 0),  /* PAR_EL1 */
	SYSREG(3, 0, 10, 3, 0), /* AMAIR_EL1 */
	SYSREG(3, 2, 0, 0, 0),  /* CSSELR_EL1 */
	SYSREG(3, 0, 12, 1, 1), /* DISR_EL1 */
	SYSREG(3, 0, 2, 1, 0),  /* APIAKeyLo_EL1, and so on to APGAKeyHi_EL1 */
	SYSREG(3, 0, 2, 1, 1),  SYSREG(3, 0, 2, 1, 2), SYSREG(3, 0, 2, 1, 3),
	SYSREG(3, 0, 2, 2, 0),  SYSREG(3, 0, 2, 2, 1), SYSREG(3, 0, 2, 2, 2),
	SYSREG(3, 0, 2, 2, 3),  SYSREG(3, 0, 2, 3, 0), SYSREG(3, 0, 2, 3, 1),
};

/* Read back after the pattern was written: not every bit exists. */
static struct {
	bool exists;
	u64 value;
} kept[ARRAY_SIZE(encodings)];

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
	if (id != machine.arch.timer_virt)
		fail("interrupt", id, machine.arch.timer_virt);
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
	for (u32 i = 0; i < ARRAY_SIZE(encodings); i++) {
		u64 value = 0;

		if (!kept[i].exists)
			continue;
		if (execute_mrs(encodings[i], &value).count != 0 || value != kept[i].value) {
			print("witness: register %u\n", i);
			fail("register", value, kept[i].value);
		}
	}
}

static void keep_registers(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(encodings); i++)
		kept[i].exists = execute_msr(encodings[i], word_of(i + 2000)).count == 0 &&
				 execute_mrs(encodings[i], &kept[i].value).count == 0;
	/* The absent ones were faults, whose syndrome and address are there now. */
	for (u32 i = 0; i < ARRAY_SIZE(encodings); i++)
		if (kept[i].exists) {
			(void)execute_msr(encodings[i], word_of(i + 2000));
			(void)execute_mrs(encodings[i], &kept[i].value);
		}
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
	keep_registers();
	this_cpu()->irq_hook = tick;
	gic_enable(machine.arch.timer_virt);
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
