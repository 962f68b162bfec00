/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that starts and idles as small real-time systems do, Apache NuttX among them. The timer's
 * compare value is the largest one. Caches are cleaned and invalidated by set and way. The idle
 * loops execute neither WFI nor any other instruction that exits.
 *
 * Boot arguments:
 *	how=off     default: every CPU idles, then the first one powers off
 *	how=crash   an abort without a handler
 *	how=reset   two resets, then power off
 *	how=resets  resets without end
 *	how=spin    a loop without end
 *	how=sweep   caches off, on and cleaned, without end
 */
#include "guest.h"

#define LIFE_MAGIC  UINT64_C(0x6c69766573)
#define LIFE_OFFSET MIB(1) /* in RAM; no image lies there, and a reset leaves it alone */
#define LIVES       3

static u64 idle[GUEST_MAX_CPUS];

/* Every data or unified cache, Arm ARM D13.2.27 and D13.2.25. Returns operations. */
static u64 clean_by_set_way(void)
{
	u64 clidr = sysreg_read(CLIDR_EL1), count = 0;

	for (u64 level = 0; level < 7 && (clidr >> (3 * level) & 7) != 0; level++) {
		u64 ccsidr, sets, ways, set_shift, way_shift;

		if ((clidr >> (3 * level) & 7) < 2)
			continue;
		sysreg_write(CSSELR_EL1, level << 1);
		isb();
		ccsidr = sysreg_read(CCSIDR_EL1);
		sets = (ccsidr >> 13 & 0x7fff) + 1;
		ways = (ccsidr >> 3 & 0x3ff) + 1;
		set_shift = (ccsidr & 7) + 4;
		way_shift = ways > 1 ? (u64)__builtin_clz((u32)ways - 1) : 31;
		for (u64 way = 0; way < ways; way++)
			for (u64 set = 0; set < sets; set++)
				__asm__ volatile("dc cisw, %0" ::"r"(way << way_shift |
								     set << set_shift | level << 1)
						 : "memory");
		count += sets * ways;
	}
	dsb();
	return count;
}

static void set_caches(bool on)
{
	u64 sctlr = sysreg_read(SCTLR_EL1);

	sysreg_write(SCTLR_EL1, on ? sctlr | 4 : sctlr & ~UINT64_C(4));
	isb();
}

static void clean_twice(void)
{
	u64 start = time_now(), count = clean_by_set_way(), first = time_now() - start, again;

	start = time_now();
	(void)clean_by_set_way();
	again = time_now() - start;
	print("rtos: %llu operations by set and way in %llu ticks, again in %llu\n",
	      (unsigned long long)count, (unsigned long long)first, (unsigned long long)again);
}

/* Writes with caches on are visible with caches off, and the other way round. */
static void toggle_caches(void)
{
	volatile u64 *words = (volatile u64 *)(machine.ram + LIFE_OFFSET + PAGE_SIZE);
	bool same = true;

	for (u64 i = 0; i < 512; i++)
		words[i] = i;
	(void)clean_by_set_way();
	set_caches(false);
	for (u64 i = 0; i < 512; i++) {
		same = same && words[i] == i;
		words[i] = ~i;
	}
	(void)clean_by_set_way();
	set_caches(true);
	for (u64 i = 0; i < 512; i++)
		same = same && words[i] == ~i;
	print(same ? "rtos: memory is the same with caches off\n" : "rtos: FAILED caches\n");
}

static void idle_for_ever(void)
{
	STORE(idle[this_cpu()->index], 1);
	for (;;)
		__asm__ volatile("");
}

static void start_others(void)
{
	for (u32 i = 1; i < machine.num_cpus; i++) {
		if (cpu_on(i, idle_for_ever) != PSCI_SUCCESS)
			print("rtos: FAILED cpu_on\n");
		while (LOAD(idle[i]) == 0)
			;
	}
	print("rtos: %u CPUs are up\n", machine.num_cpus);
}

static void reset_twice(void)
{
	volatile u64 *life = (volatile u64 *)(machine.ram + LIFE_OFFSET);

	if (life[0] != LIFE_MAGIC) {
		life[0] = LIFE_MAGIC;
		life[1] = 0;
	}
	print("rtos: life %llu\n", (unsigned long long)++life[1]);
	if (life[1] < LIVES)
		(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

static void crash(void)
{
	set_caches(false);
	sysreg_write(SCTLR_EL1, sysreg_read(SCTLR_EL1) & ~UINT64_C(1));
	sysreg_write(VBAR_EL1, machine.ram - MIB(1)); /* where nothing is */
	isb();
	__asm__ volatile("brk #0");
}

void guest_main(void)
{
	char how[8];

	boot_arg("how", how, sizeof(how));
	if (str_equal(how, "resets"))
		(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	gic_enable(machine.arch.timer_virt);
	sysreg_write(CNTV_CVAL_EL0, ~UINT64_C(0));
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	isb();
	while (str_equal(how, "sweep")) {
		__asm__ volatile("dc cisw, xzr" ::: "memory");
		set_caches(false);
		set_caches(true);
	}
	clean_twice();
	toggle_caches();
	start_others();
	if (str_equal(how, "spin"))
		idle_for_ever();
	if (str_equal(how, "crash"))
		crash();
	if (str_equal(how, "reset"))
		reset_twice();
	power_off();
}
