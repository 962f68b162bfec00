/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Point 23: the ID registers report exactly the features that work. A feature that they deny must
 * be undefined where the architecture permits it. A feature that they claim must work.
 */
#include "contract.h"

#define ID(crm, op2) SYSREG(3, 0, 0, crm, op2)
#define PFR0         ID(4, 0)
#define PFR1         ID(4, 1)
#define ZFR0         ID(4, 4)
#define SMFR0        ID(4, 5)
#define DFR0         ID(5, 0)
#define DFR1         ID(5, 1)
#define ISAR0        ID(6, 0)
#define ISAR1        ID(6, 1)
#define ISAR2        ID(6, 2)
#define MMFR0        ID(7, 0)
#define MMFR1        ID(7, 1)
#define MMFR2        ID(7, 2)

static u32 shared[4] __aligned(16);

static u64 id(u32 encoding)
{
	u64 value = 0;
	struct trap trap = execute_mrs(encoding, &value);

	CHECK_EQ(trap.count, 0);
	return value;
}

static u32 field(u32 encoding, u32 shift)
{
	return (u32)(id(encoding) >> shift) & 15;
}

static bool works(u32 encoding)
{
	u64 value = 0;
	struct trap trap = execute_mrs(encoding, &value);

	if (trap.count != 0)
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	return trap.count == 0;
}

static bool runs(u32 instruction)
{
	u64 regs[3] = { 1, 2, (u64)shared };
	struct trap trap = execute(instruction, regs);

	if (trap.count != 0)
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	return trap.count == 0;
}

/* --- Features that can be taken away ---------------------------------------------------------- */

static void sve(void)
{
	bool claimed = field(PFR0, 32) != 0;
	u64 cpacr = sysreg_read(CPACR_EL1);

	sysreg_write(CPACR_EL1, cpacr | 3 << 16);
	isb();
	CHECK_EQ(runs(insn_rdvl), claimed);
	CHECK_EQ(works(SYSREG(3, 0, 1, 2, 0)), claimed); /* ZCR_EL1 */
	sysreg_write(CPACR_EL1, cpacr);
	isb();
	if (!claimed)
		CHECK_EQ(id(ZFR0), 0);
}

static void sme(void)
{
	u64 cpacr = sysreg_read(CPACR_EL1);
	bool claimed = field(PFR1, 24) != 0;

	sysreg_write(CPACR_EL1, cpacr | 3 << 24);
	isb();
	CHECK_EQ(works(SYSREG(3, 3, 4, 2, 2)), claimed); /* SVCR */
	sysreg_write(CPACR_EL1, cpacr);
	isb();
	/* TPIDR2_EL0 cannot be trapped without FEAT_FGT: then it is the guest's own, and empty. */
	if (works(SYSREG(3, 3, 13, 0, 5)))
		CHECK_EQ(sysreg_read(S3_3_C13_C0_5), 0);
	if (!claimed)
		CHECK_EQ(id(SMFR0), 0);
}

static void pmu(void)
{
	u32 version = field(DFR0, 8);
	bool claimed = version != 0 && version != 15;

	CHECK_EQ(works(SYSREG(3, 3, 9, 12, 0)), claimed);  /* PMCR_EL0 */
	CHECK_EQ(works(SYSREG(3, 3, 9, 13, 0)), claimed);  /* PMCCNTR_EL0 */
	CHECK_EQ(works(SYSREG(3, 3, 14, 15, 7)), claimed); /* PMCCFILTR_EL0 */
}

static void statistical_profiling(void)
{
	CHECK_EQ(works(SYSREG(3, 0, 9, 9, 7)), field(DFR0, 32) != 0); /* PMSIDR_EL1 */
}

static void trace(void)
{
	CHECK_EQ(works(SYSREG(2, 1, 0, 0, 6)), field(DFR0, 4) != 0);   /* TRCIDR8 */
	CHECK_EQ(works(SYSREG(3, 0, 1, 2, 1)), field(DFR0, 40) != 0);  /* TRFCR_EL1 */
	CHECK_EQ(works(SYSREG(3, 0, 9, 11, 7)), field(DFR0, 44) != 0); /* TRBIDR_EL1 */
}

static void memory_tagging(void)
{
	u32 version = field(PFR1, 8);

	CHECK_EQ(works(SYSREG(3, 0, 1, 0, 6)), version >= 2); /* GCR_EL1 */
	CHECK_EQ(works(SYSREG(3, 0, 5, 6, 0)), version >= 2); /* TFSR_EL1 */
}

/* Keys are registers of their own; the instructions run, and a signed pointer is restored. */
static void pointer_authentication(void)
{
	u32 api = field(ISAR1, 4) | field(ISAR1, 8) | field(ISAR2, 12);
	u64 sctlr = sysreg_read(SCTLR_EL1), regs[3] = { (u64)shared, 77 };
	struct trap sign, check;

	CHECK_EQ(works(SYSREG(3, 0, 2, 1, 0)), api != 0); /* APIAKeyLo_EL1 */
	sysreg_write(SCTLR_EL1, sctlr | BIT(31));
	isb();
	sign = execute(insn_pacia, regs);
	check = execute(insn_autia, regs);
	sysreg_write(SCTLR_EL1, sctlr);
	isb();
	CHECK_EQ(sign.count, api == 0);
	CHECK_EQ(check.count, api == 0);
	CHECK_EQ(regs[0], (u64)shared);
}

static void activity_monitors(void)
{
	CHECK_EQ(works(SYSREG(3, 3, 13, 2, 0)), field(PFR0, 44) != 0); /* AMCR_EL0 */
}

static void error_records(void)
{
	CHECK_EQ(works(SYSREG(3, 0, 5, 3, 0)), field(PFR0, 28) != 0); /* ERRIDR_EL1 */
}

static void partitioning(void)
{
	CHECK_EQ(works(SYSREG(3, 0, 10, 5, 0)), field(PFR0, 40) != 0); /* MPAM1_EL1 */
}

static void limited_ordering(void)
{
	CHECK_EQ(works(SYSREG(3, 0, 10, 4, 7)), field(MMFR1, 16) != 0); /* LORID_EL1 */
}

static void random_numbers(void)
{
	CHECK_EQ(works(SYSREG(3, 3, 2, 4, 0)), field(ISAR0, 60) != 0); /* RNDR */
}

static void extended_counters(void)
{
	CHECK_EQ(works(SYSREG(3, 3, 14, 0, 6)), field(MMFR0, 60) != 0); /* CNTVCTSS_EL0 */
}

/* --- Features that can only be claimed -------------------------------------------------------- */

static void claimed_instructions(void)
{
	if (field(ISAR0, 20) >= 2) {
		CHECK(runs(insn_ldadd));
		CHECK(runs(insn_swp));
	}
	if (field(ISAR0, 16) != 0)
		CHECK(runs(insn_crc32w));
	if (field(ISAR1, 20) != 0)
		CHECK(runs(insn_ldapr));
	if (field(ISAR1, 0) != 0)
		CHECK(runs(insn_dc_cvap));
}

static void claimed_pstate(void)
{
	if (field(MMFR1, 20) != 0)
		CHECK(works(SYSREG(3, 0, 4, 2, 3))); /* PAN */
	if (field(MMFR2, 4) != 0)
		CHECK(works(SYSREG(3, 0, 4, 2, 4))); /* UAO */
	if (field(PFR0, 48) != 0)
		CHECK(works(SYSREG(3, 3, 4, 2, 5))); /* DIT */
	if (field(PFR1, 4) >= 2)
		CHECK(works(SYSREG(3, 3, 4, 2, 6))); /* SSBS */
}

static void floating_point(void)
{
	CHECK_NE(field(PFR0, 16), 15);
	CHECK_NE(field(PFR0, 20), 15);
}

static void el1_is_64_bit(void)
{
	CHECK(field(PFR0, 0) >= 1);
	CHECK(field(PFR0, 4) >= 1);
}

/* --- What a guest has none of ----------------------------------------------------------------- */

static void no_el2(void)
{
	CHECK_EQ(field(PFR0, 8), 0);
	CHECK_EQ(field(MMFR1, 8), 0);                  /* VHE */
	CHECK_EQ(works(SYSREG(3, 4, 1, 1, 0)), false); /* HCR_EL2 */
	CHECK_EQ(works(SYSREG(3, 4, 2, 1, 0)), false); /* VTTBR_EL2 */
	CHECK_EQ(works(SYSREG(3, 5, 1, 0, 0)), false); /* SCTLR_EL12 */
}

static void no_el3(void)
{
	CHECK_EQ(works(SYSREG(3, 6, 1, 1, 0)), false); /* SCR_EL3 */
}

static void physical_range(void)
{
	u32 range = field(MMFR0, 0);

	CHECK(range <= 6);
	CHECK(machine.ram + machine.ram_size <= 1ull << (range == 0 ? 32 : 36));
}

/* The whole space of ID registers reads, known or reserved; writes are undefined. */
static void all_readable(void)
{
	for (u32 crm = 1; crm < 8; crm++)
		for (u32 op2 = 0; op2 < 8; op2++)
			CHECK(works(ID(crm, op2)));
	CHECK(works(SYSREG(3, 0, 0, 0, 0)));
	CHECK(works(SYSREG(3, 0, 0, 0, 5)));
	CHECK(works(SYSREG(3, 0, 0, 0, 6)));
	CHECK(works(SYSREG(3, 3, 0, 0, 1)));
	CHECK(works(SYSREG(3, 3, 0, 0, 7)));
}

static void not_writable(void)
{
	static const u32 ids[] = {
		PFR0, ISAR0, MMFR0, DFR0, SYSREG(3, 0, 0, 0, 0), SYSREG(3, 0, 0, 0, 5)
	};

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
		struct trap trap = execute_msr(ids[i], 0);

		CHECK_EQ(trap.count, 1);
		CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
	}
}

static u64 other[12];

static const u32 compared[] = { PFR0,
				PFR1,
				DFR0,
				DFR1,
				ISAR0,
				ISAR1,
				MMFR0,
				MMFR1,
				MMFR2,
				SYSREG(3, 0, 0, 0, 0),
				SYSREG(3, 3, 0, 0, 1) };

static void read_ids(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(compared); i++)
		(void)execute_mrs(compared[i], &other[i]);
}

static void same_on_cpus(void)
{
	CHECK_EQ(cpu_on(1, read_ids), PSCI_SUCCESS);
	CHECK(cpu_wait_off(1));
	for (u32 i = 0; i < ARRAY_SIZE(compared); i++)
		CHECK_EQ(other[i], id(compared[i]));
}

static void debug_version(void)
{
	CHECK(field(DFR0, 0) >= 6);
}

static const struct test tests[] = {
	{ "23.sve", sve, 0 },
	{ "23.sme", sme, 0 },
	{ "23.pmu", pmu, 0 },
	{ "23.statistical-profiling", statistical_profiling, 0 },
	{ "23.trace", trace, 0 },
	{ "23.memory-tagging", memory_tagging, 0 },
	{ "23.pointer-authentication", pointer_authentication, 0 },
	{ "23.activity-monitors", activity_monitors, 0 },
	{ "23.error-records", error_records, 0 },
	{ "23.memory-partitioning", partitioning, 0 },
	{ "23.limited-ordering", limited_ordering, 0 },
	{ "23.random-numbers", random_numbers, 0 },
	{ "23.extended-counters", extended_counters, 0 },
	{ "23.claimed-instructions", claimed_instructions, 0 },
	{ "23.claimed-pstate", claimed_pstate, 0 },
	{ "23.floating-point", floating_point, 0 },
	{ "23.el1-is-64-bit", el1_is_64_bit, 0 },
	{ "23.no-el2", no_el2, NEEDS_MULLION },
	{ "23.no-el3", no_el3, 0 },
	{ "23.physical-range", physical_range, 0 },
	{ "23.all-readable", all_readable, 0 },
	{ "23.not-writable", not_writable, 0 },
	{ "23.same-on-cpus", same_on_cpus, NEEDS_2_CPUS },
	{ "23.debug-version", debug_version, 0 },
};

RUN_TESTS(id_run, tests)
