/* SPDX-License-Identifier: Apache-2.0 */
/* Points 24 and 25: FP, debug and other state that is the vCPU's own; exceptions that are the
 * guest's. */
#include "contract.h"

#define FPCR_VALUE    (1ull << 22)        /* round towards plus infinity */
#define FPSR_VALUE    (1ull << 27 | 0x9f) /* QC and the cumulative flags */
#define MDSCR_KDE_MDE (BIT(13) | BIT(15))
#define DAIF_D        BIT(9)

static struct fp filled, read_back;
static u32 up;
static u64 other_regs[4];

/* --- 24: floating point ----------------------------------------------------------------------- */

static void fill(u64 seed)
{
	for (u32 i = 0; i < ARRAY_SIZE(filled.v); i++)
		filled.v[i] = seed * (i + 1) ^ 0x5555aaaa3333ccccull;
	filled.fpcr = FPCR_VALUE;
	filled.fpsr = FPSR_VALUE;
}

static void check_fp(void)
{
	fp_store(&read_back);
	for (u32 i = 0; i < ARRAY_SIZE(filled.v); i++)
		CHECK_EQ(read_back.v[i], filled.v[i]);
	CHECK_EQ(read_back.fpcr, filled.fpcr);
	CHECK_EQ(read_back.fpsr, filled.fpsr);
}

static void fp_over_exits(void)
{
	fill(0x123456789);
	fp_load(&filled);
	for (u32 i = 0; i < 100; i++) {
		(void)psci(PSCI_VERSION, 0, 0, 0);
		(void)psci(0x8400ff00, 0, 0, 0);
		(void)read32(gic.gicd + 4);
		gic_set_priority(40, (u8)(i * 8));
	}
	check_fp();
}

static void fp_over_wfi(void)
{
	fill(0x987654321);
	fp_load(&filled);
	gic_enable(machine.arch.timer_virt);
	for (u32 i = 0; i < 5; i++) {
		sysreg_write(CNTV_CVAL_EL0, time_now() + time_ticks(1000));
		sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
		wfi();
		sysreg_write(CNTV_CTL_EL0, 0);
	}
	check_fp();
}

static void fp_over_interrupts(void)
{
	fill(0xabcdef);
	fp_load(&filled);
	gic_enable(3);
	irq_enable();
	for (u32 i = 0; i < 50; i++)
		gic_send(0, 3);
	irq_disable();
	check_fp();
}

static void fp_over_log(void)
{
	fill(0xf00d);
	fp_load(&filled);
	print("# printed with registers full\n");
	check_fp();
}

/* CPU 1 keeps other values and makes exits; neither sees the other's. */
static void other_fp(void)
{
	struct fp own, seen;

	for (u32 i = 0; i < ARRAY_SIZE(own.v); i++)
		own.v[i] = ~0ull - i;
	own.fpcr = 0;
	own.fpsr = 0;
	STORE(up, 1);
	while (LOAD(test_stop) == 0) {
		fp_load(&own);
		(void)psci(PSCI_VERSION, 0, 0, 0);
		(void)read32(gic.gicd + 4);
		fp_store(&seen);
		if (memcmp(&own, &seen, sizeof(own)) != 0)
			STORE(up, 2);
	}
}

static void fp_of_each_cpu(void)
{
	STORE(up, 0);
	CHECK_EQ(cpu_on(1, other_fp), PSCI_SUCCESS);
	CHECK(WAIT(LOAD(up) != 0, WAIT_MS));
	for (u32 i = 0; i < 200; i++) {
		fill(i + 1);
		fp_load(&filled);
		(void)psci(PSCI_VERSION, 0, 0, 0);
		(void)read32(gic.gicd + 4);
		check_fp();
	}
	CHECK_EQ(LOAD(up), 1);
}

static void fp_disabled_traps(void)
{
	u64 cpacr = sysreg_read(CPACR_EL1), regs[3] = { 0, 0, (u64)&filled };
	struct trap trap;

	sysreg_write(CPACR_EL1, 0);
	isb();
	trap = execute(insn_ldr_q, regs);
	sysreg_write(CPACR_EL1, cpacr);
	isb();
	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), 0x07);
}

/* --- 24: debug -------------------------------------------------------------------------------- */

/* Registers that keep what is written, or are undefined: never another's. */
static void check_debug_kept(u32 encoding, u64 value)
{
	u64 seen = 0;

	if (execute_msr(encoding, value).count != 0)
		return;
	(void)psci(PSCI_VERSION, 0, 0, 0);
	(void)read32(gic.gicd + 4);
	CHECK_EQ(execute_mrs(encoding, &seen).count, 0);
	CHECK(seen == value || seen == 0);
	(void)execute_msr(encoding, 0);
}

static void debug_registers(void)
{
	check_debug_kept(SYSREG(2, 0, 0, 0, 4), 0x40001000); /* DBGBVR0_EL1 */
	check_debug_kept(SYSREG(2, 0, 0, 0, 6), 0x40002000); /* DBGWVR0_EL1 */
	check_debug_kept(SYSREG(2, 0, 0, 1, 4), 0x40003000);
}

static void debug_unlock(void)
{
	CHECK_EQ(execute_msr(SYSREG(2, 0, 1, 0, 4), 0).count, 0); /* OSLAR_EL1 */
	CHECK_EQ(execute_msr(SYSREG(2, 0, 1, 3, 4), 0).count, 0); /* OSDLR_EL1 */
	CHECK_EQ(execute_msr(SYSREG(2, 0, 0, 2, 2), 0).count, 0); /* MDSCR_EL1 */
	isb();
}

static void other_debug(void)
{
	(void)execute_msr(SYSREG(2, 0, 0, 0, 4), 0xdead0000);
	(void)execute_msr(SYSREG(2, 0, 0, 0, 6), 0xbeef0000);
	sysreg_write(TPIDR_EL0, 0xdead);
	sysreg_write(CONTEXTIDR_EL1, 0xbeef);
	sysreg_write(AMAIR_EL1, 0);
	sysreg_write(CNTKCTL_EL1, 3);
}

static void registers_of_each_cpu(void)
{
	u64 seen = 0;

	(void)execute_msr(SYSREG(2, 0, 0, 0, 4), 0);
	sysreg_write(TPIDR_EL0, 1);
	sysreg_write(CONTEXTIDR_EL1, 2);
	CHECK_EQ(cpu_on(1, other_debug), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	if (execute_mrs(SYSREG(2, 0, 0, 0, 4), &seen).count == 0)
		CHECK_EQ(seen, 0);
	CHECK_EQ(sysreg_read(TPIDR_EL0), 1);
	CHECK_EQ(sysreg_read(CONTEXTIDR_EL1), 2);
}

static u32 steps;

static bool stepped(struct frame *frame, u64 vector)
{
	u32 ec = (u32)(sysreg_read(ESR_EL1) >> 26) & 0x3f;

	(void)vector;
	if (ec != 0x33)
		return false;
	steps++;
	if (steps == 3)
		frame->spsr &= ~BIT(21);
	else
		frame->spsr |= BIT(21);
	return true;
}

/* Software step: if MDSCR_EL1.SS sticks, it steps; if debug is not offered, nothing happens. */
static void single_step(void)
{
	u64 after;

	steps = 0;
	this_cpu()->sync_hook = stepped;
	CHECK_EQ(execute_msr(SYSREG(2, 0, 1, 0, 4), 0).count, 0);
	sysreg_write(MDSCR_EL1, MDSCR_KDE_MDE | 1);
	isb();
	after = sysreg_read(MDSCR_EL1);
	__asm__ volatile("msr DAIFClr, #8\n\tisb\n\tnop\n\tnop\n\tnop\n\tmsr DAIFSet, #8" ::
				 : "memory");
	sysreg_write(MDSCR_EL1, 0);
	isb();
	if ((after & 1) != 0)
		CHECK(steps > 0);
	else
		CHECK_EQ(steps, 0);
}

static void general_state(void)
{
	sysreg_write(TPIDR_EL0, 0x1111);
	sysreg_write(TPIDRRO_EL0, 0x2222);
	sysreg_write(CONTEXTIDR_EL1, 0x3333);
	sysreg_write(AFSR0_EL1, 0);
	sysreg_write(SP_EL0, 0x4444);
	for (u32 i = 0; i < 20; i++) {
		(void)psci(PSCI_VERSION, 0, 0, 0);
		(void)psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[0], 0, 0);
		(void)read32(gic.gicd + 4);
	}
	other_regs[0] = sysreg_read(SP_EL0);
	CHECK_EQ(sysreg_read(TPIDR_EL0), 0x1111);
	CHECK_EQ(sysreg_read(TPIDRRO_EL0), 0x2222);
	CHECK_EQ(sysreg_read(CONTEXTIDR_EL1), 0x3333);
	CHECK_EQ(other_regs[0], 0x4444);
}

/* --- 25 --------------------------------------------------------------------------------------- */

static void check_undefined(u32 instruction)
{
	u64 regs[3] = { 0x11, 0x22, 0x33 };
	struct trap trap = execute(instruction, regs);

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	CHECK_EQ(trap.vector, 4);
	CHECK_EQ(trap.spsr & 0x1f, 5);
	CHECK_EQ(regs[0], 0x11);
}

static void undefined(void)
{
	check_undefined(insn_udf);
	check_undefined(0x02000000); /* unallocated */
}

static void undefined_el2(void)
{
	check_undefined(insn_msr_vttbr);
	check_undefined(insn_at_s12e1r);
}

static void breakpoint(void)
{
	u64 regs[3] = { 0 };
	struct trap trap = execute(insn_brk, regs);

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_BRK);
	CHECK_EQ(trap.esr & 0xffff, 7);
}

static void supervisor_call(void)
{
	u64 regs[3] = { 0 };
	struct trap trap = execute(insn_svc, regs);

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_SVC);
	CHECK_EQ(trap.esr & 0xffff, 5);
}

static void unknown_sysregs(void)
{
	static const u32 encodings[] = { SYSREG(3, 7, 15, 15, 7), SYSREG(3, 1, 7, 7, 7),
					 SYSREG(2, 7, 3, 3, 3), SYSREG(3, 0, 4, 7, 5),
					 SYSREG(3, 3, 5, 5, 5) };

	for (u32 i = 0; i < ARRAY_SIZE(encodings); i++) {
		u64 value = 0;
		struct trap trap = execute_mrs(encodings[i], &value);

		CHECK_EQ(trap.count, 1);
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
		trap = execute_msr(encodings[i], 0);
		CHECK_EQ(trap.count, 1);
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	}
}

/* Vendors' own registers (CRn 11 and 15): read as zero or undefined. */
static void vendor_sysregs(void)
{
	for (u32 crm = 0; crm < 4; crm++) {
		u64 value = 0;
		struct trap trap = execute_mrs(SYSREG(3, 0, 15, crm, 0), &value);

		if (trap.count != 0)
			CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	}
}

/* An HVC with an immediate is no SMCCC call: an error in x0 or undefined, and the guest continues.
 */
static void hvc_immediate(void)
{
	u64 regs[3] = { PSCI_VERSION };
	struct trap trap = execute(insn_hvc_imm, regs);

	if (trap.count != 0)
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
}

static const struct test tests[] = {
	{ "24.fp-over-exits", fp_over_exits, 0 },
	{ "24.fp-over-wfi", fp_over_wfi, 0 },
	{ "24.fp-over-interrupts", fp_over_interrupts, 0 },
	{ "24.fp-over-log", fp_over_log, 0 },
	{ "24.fp-of-each-cpu", fp_of_each_cpu, NEEDS_2_CPUS },
	{ "24.fp-disabled-traps", fp_disabled_traps, 0 },
	{ "24.debug-unlock", debug_unlock, 0 },
	{ "24.debug-registers", debug_registers, 0 },
	{ "24.single-step", single_step, 0 },
	{ "24.registers-over-exits", general_state, 0 },
	{ "24.registers-of-each-cpu", registers_of_each_cpu, NEEDS_2_CPUS },
	{ "25.undefined", undefined, 0 },
	{ "25.undefined-el2", undefined_el2, 0 },
	{ "25.breakpoint", breakpoint, 0 },
	{ "25.supervisor-call", supervisor_call, 0 },
	{ "25.unknown-system-registers", unknown_sysregs, 0 },
	{ "25.vendor-system-registers", vendor_sysregs, 0 },
	{ "25.hvc-immediate", hvc_immediate, 0 },
};

RUN_TESTS(state_run, tests)
