/* SPDX-License-Identifier: Apache-2.0 */
/* Points 5 and 6: CPU_ON, CPU_OFF and AFFINITY_INFO with all their errors and races. */
#include "contract.h"

#define INFO_ON   0
#define INFO_OFF  1
#define NOWHERE   0x2000000000ull /* no guest has anything there */
#define SCTLR_MCI 0x1005

static u32 count, go, seen_ok;
static u64 value[4];

static s64 info(u32 cpu)
{
	return psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[cpu], 0, 0);
}

static void count_once(void)
{
	(void)ADD(count, 1);
}

static void run_until_go(void)
{
	(void)ADD(count, 1);
	while (LOAD(go) == 0 && LOAD(test_stop) == 0)
		yield();
}

static void start_and_hold(void)
{
	STORE(go, 0);
	STORE(count, 0);
	CHECK_EQ(cpu_on(1, run_until_go), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(count) == 1, WAIT_MS));
}

/* --- 5 ---------------------------------------------------------------------------------------- */

static void info_self(void)
{
	CHECK_EQ(info(0), INFO_ON);
}

static void info_off(void)
{
	CHECK_EQ(info(1), INFO_OFF);
}

static void info_on(void)
{
	start_and_hold();
	CHECK_EQ(info(1), INFO_ON);
	STORE(go, 1);
	CHECK(cpu_wait_off(1));
}

static void info_bad_target(void)
{
	CHECK_EQ(psci(PSCI_AFFINITY_INFO, 0xff00ff, 0, 0), PSCI_INVALID);
	CHECK_EQ(psci(PSCI_AFFINITY_INFO, 0xff00000000, 0, 0), PSCI_INVALID);
}

static void info_bad_level(void)
{
	CHECK_EQ(psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[0], 4, 0), PSCI_INVALID);
	CHECK_EQ(psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[0], ~0ull, 0), PSCI_INVALID);
}

static void info_smc32(void)
{
	CHECK_EQ(psci(PSCI_AFFINITY_INFO & ~(u32)BIT(30), machine.arch.mpidr[0], 0, 0), INFO_ON);
}

/* Counts as fast as it can until it is off: behind OFF the count must stand still. */
static void count_and_off(void)
{
	STORE(go, 2);
	for (u32 i = 0; i < 20000; i++)
		(void)ADD(count, 1);
}

static void off_is_off(void)
{
	u32 at_off;

	STORE(count, 0);
	CHECK_EQ(cpu_on(1, count_and_off), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	at_off = LOAD(count);
	CHECK_EQ(at_off, 20000);
	(void)WAIT(false, QUIET_MS);
	CHECK_EQ(LOAD(count), at_off);
}

static void on_self(void)
{
	CHECK_EQ(psci(PSCI_CPU_ON, machine.arch.mpidr[0], (u64)secondary_entry, 0),
		 PSCI_ALREADY_ON);
}

static void on_running(void)
{
	s64 answer;

	start_and_hold();
	answer = psci(PSCI_CPU_ON, machine.arch.mpidr[1], (u64)secondary_entry, 0);
	STORE(go, 1);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(answer, PSCI_ALREADY_ON);
}

/* Straight after a CPU_ON that succeeded: on its way, or there. */
static void on_twice(void)
{
	s64 second;

	STORE(go, 0);
	CHECK_EQ(cpu_on(1, run_until_go), PSCI_SUCCESS);
	second =
		psci(PSCI_CPU_ON, machine.arch.mpidr[1], (u64)secondary_entry, (u64)&cpu_starts[1]);
	STORE(go, 1);
	CHECK(cpu_wait_off(1));
	CHECK(second == PSCI_ALREADY_ON || second == PSCI_ON_PENDING);
}

/* From the answer to CPU_ON on, the CPU is ON_PENDING or ON. (QEMU's own PSCI says OFF for a
 * while.) */
static void info_after_on(void)
{
	STORE(go, 0);
	CHECK_EQ(cpu_on(1, run_until_go), PSCI_SUCCESS);
	CHECK_NE(info(1), INFO_OFF);
	STORE(go, 1);
	CHECK(cpu_wait_off(1));
}

static void on_off_cycle(void)
{
	STORE(count, 0);
	for (u32 i = 1; i <= 50; i++) {
		CHECK_EQ(cpu_on(1, count_once), PSCI_SUCCESS);
		CHECK(cpu_wait_off(1));
		CHECK_EQ(LOAD(count), i);
	}
}

/* While CPU 1 switches itself off, CPU 0 repeats the call: one success for each start. */
static void on_while_off(void)
{
	u32 started = 1;

	STORE(count, 0);
	CHECK_EQ(cpu_on(1, count_once), PSCI_SUCCESS);
	for (u32 i = 0; i < 2000 && started < 20; i++) {
		s64 answer = psci(PSCI_CPU_ON, machine.arch.mpidr[1], (u64)secondary_entry,
				  (u64)&cpu_starts[1]);

		if (answer == PSCI_SUCCESS)
			started++;
		else
			CHECK(answer == PSCI_ALREADY_ON || answer == PSCI_ON_PENDING);
	}
	(void)WAIT(LOAD(count) == started, WAIT_MS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(LOAD(count), started);
}

/* CPUs 0 and 1 both start CPU 2: exactly one succeeds. */
static void start_cpu2(void)
{
	s64 answer;

	(void)ADD(count, 1);
	while (LOAD(go) == 0 && LOAD(test_stop) == 0)
		;
	answer =
		psci(PSCI_CPU_ON, machine.arch.mpidr[2], (u64)secondary_entry, (u64)&cpu_starts[2]);
	value[1] = (u64)answer;
	if (answer == PSCI_SUCCESS)
		(void)ADD(seen_ok, 1);
}

static u32 ran;

static void count_runs(void)
{
	(void)ADD(ran, 1);
}

static void on_race(void)
{
	for (u32 i = 0; i < 30; i++) {
		s64 answer;

		STORE(go, 0);
		STORE(count, 0);
		STORE(seen_ok, 0);
		STORE(ran, 0);
		memset(&cpu_starts[2], 0, sizeof(cpu_starts[2]));
		cpu_starts[2].record.index = 2;
		cpu_starts[2].run = count_runs;
		CHECK_EQ(cpu_on(1, start_cpu2), PSCI_SUCCESS);
		CHECK(WAIT(LOAD(count) == 1, WAIT_MS));
		STORE(go, 1);
		answer = psci(PSCI_CPU_ON, machine.arch.mpidr[2], (u64)secondary_entry,
			      (u64)&cpu_starts[2]);
		if (answer == PSCI_SUCCESS)
			(void)ADD(seen_ok, 1);
		else
			CHECK(answer == PSCI_ALREADY_ON || answer == PSCI_ON_PENDING);
		CHECK(cpu_wait_off(1));
		CHECK(cpu_wait_off(2));
		CHECK(WAIT(LOAD(ran) == LOAD(seen_ok), WAIT_MS));
		/* A start after the first one's end is lawful: as many runs as successes. */
		CHECK_EQ(LOAD(seen_ok), LOAD(ran));
	}
}

/* --- 6 ---------------------------------------------------------------------------------------- */

static void on_bad_mpidr(void)
{
	static const u64 bad[] = { 0xff, 0xff00, 0xff0000, 0xff00000000 };

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(psci(PSCI_CPU_ON, bad[i], (u64)secondary_entry, 0), PSCI_INVALID);
}

/* One past the last CPU: an index that no CPU has. */
static void on_past_last(void)
{
	CHECK_EQ(psci(PSCI_CPU_ON, machine.arch.mpidr[machine.num_cpus - 1] + 1,
		      (u64)secondary_entry, 0),
		 PSCI_INVALID);
}

static void on_bad_entry(void)
{
	CHECK_EQ(psci(PSCI_CPU_ON, machine.arch.mpidr[1], NOWHERE, 0), PSCI_INVALID_ADDRESS);
	CHECK_EQ(psci(PSCI_CPU_ON, machine.arch.mpidr[1], ~3ull, 0), PSCI_INVALID_ADDRESS);
	CHECK_EQ(psci(PSCI_CPU_ON, machine.arch.mpidr[1], gic.gicd, 0), PSCI_INVALID_ADDRESS);
	CHECK_EQ(info(1), INFO_OFF);
}

static void on_smc32(void)
{
	memset(&cpu_starts[1], 0, sizeof(cpu_starts[1]));
	cpu_starts[1].record.index = 1;
	cpu_starts[1].run = count_once;
	STORE(count, 0);
	CHECK_EQ(psci(PSCI_CPU_ON & ~(u32)BIT(30), machine.arch.mpidr[1], (u64)secondary_entry,
		      (u64)&cpu_starts[1]),
		 PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(LOAD(count), 1);
}

static void note_mpidr(void)
{
	value[0] = sysreg_read(MPIDR_EL1);
	value[1] = sysreg_read(MIDR_EL1);
	value[2] = sysreg_read(CNTFRQ_EL0);
}

static void mpidr_self(void)
{
	u64 mpidr = sysreg_read(MPIDR_EL1);

	CHECK_EQ(mpidr & 0xff00ffffff, machine.arch.mpidr[0]);
	CHECK_EQ(mpidr >> 31 & 1, 1);
}

static void mpidr_second(void)
{
	CHECK_EQ(cpu_on(1, note_mpidr), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(value[0] & 0xff00ffffff, machine.arch.mpidr[1]);
	CHECK_EQ(value[0] >> 31 & 1, 1);
	CHECK_EQ(value[1], sysreg_read(MIDR_EL1));
	CHECK_EQ(value[2], sysreg_read(CNTFRQ_EL0));
}

static void entry_state(void)
{
	const struct boot_record *record = &cpu_starts[1].record;

	CHECK_EQ(cpu_on(1, count_once), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(record->el, 1 << 2);
	CHECK_EQ(record->spsel, 1);
	CHECK_EQ(record->daif, 0x3c0);
	CHECK_EQ(record->sctlr & SCTLR_MCI, 0);
}

static void leave_dirt(void)
{
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE | TIMER_IMASK);
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE | TIMER_IMASK);
	isb();
}

/* No state of CPU 1's last run may be visible in its next. */
static void no_leftovers(void)
{
	const struct boot_record *record = &cpu_starts[1].record;

	CHECK_EQ(cpu_on(1, leave_dirt), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(cpu_on(1, count_once), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	CHECK_EQ(record->sctlr & SCTLR_MCI, 0);
	CHECK_NE(record->vbar, sysreg_read(VBAR_EL1));
	CHECK_NE(record->ttbr0, sysreg_read(TTBR0_EL1));
	CHECK_NE(record->tpidr, (u64)cpu_get(1));
	CHECK_EQ(record->cntv_ctl & TIMER_ENABLE, 0);
	CHECK_EQ(record->cntp_ctl & TIMER_ENABLE, 0);
}

static const struct test tests[] = {
	{ "5.info-self-on", info_self, 0 },
	{ "5.info-off", info_off, NEEDS_2_CPUS },
	{ "5.info-on", info_on, NEEDS_2_CPUS },
	{ "5.info-bad-target", info_bad_target, 0 },
	{ "5.info-bad-level", info_bad_level, NEEDS_MULLION },
	{ "5.info-smc32", info_smc32, 0 },
	{ "5.off-means-stopped", off_is_off, NEEDS_2_CPUS },
	{ "5.on-self", on_self, 0 },
	{ "5.on-running", on_running, NEEDS_2_CPUS },
	{ "5.on-twice", on_twice, NEEDS_MULLION | NEEDS_2_CPUS },
	{ "5.info-straight-after-on", info_after_on, NEEDS_MULLION | NEEDS_2_CPUS },
	{ "5.on-off-50-times", on_off_cycle, NEEDS_2_CPUS },
	{ "5.on-while-off", on_while_off, NEEDS_MULLION | NEEDS_2_CPUS },
	{ "5.on-race", on_race, NEEDS_MULLION | NEEDS_3_CPUS },
	{ "6.on-bad-mpidr", on_bad_mpidr, 0 },
	{ "6.on-past-last", on_past_last, 0 },
	{ "6.on-bad-entry", on_bad_entry, NEEDS_MULLION | NEEDS_2_CPUS },
	{ "6.on-smc32", on_smc32, NEEDS_2_CPUS },
	{ "6.mpidr-self", mpidr_self, 0 },
	{ "6.mpidr-second", mpidr_second, NEEDS_2_CPUS },
	{ "6.entry-state", entry_state, NEEDS_2_CPUS },
	{ "6.no-leftovers", no_leftovers, NEEDS_2_CPUS },
};

RUN_TESTS(power_run, tests)
