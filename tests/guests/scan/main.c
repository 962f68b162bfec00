/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every system register that answers, in two guests that share a CPU. The writer fills all it may
 * write, over and over. The reader checks for reset values in its first run, and again after a
 * SYSTEM_RESET. Then it fills the registers itself, and they must keep their values. Boot argument:
 * role=write or role=read.
 */
#include "guest.h"

#define OP0_FIRST 2u
#define INDEXES   (1u << 14) /* op1, CRn, CRm, op2 of one op0 */
#define PASSES    3u
#define PAUSE_MS  60 /* several slices: the writer comes to every register */
#define REPORTS   12u
#define MAGIC     0x6e616373ull

#define FPCR_VALUE (3ull << 22)
#define FPSR_VALUE (1ull << 27 | 0x1f)

/* Where a register is the reader's own ground, or not the same twice. */
enum class {
	PLAIN,    /* reset value 0, keeps what is written */
	CONSTANT, /* identification, and what the guest's library has set: not written here */
	VOLATILE, /* counters, and what exceptions and instructions change */
};

static u64 kept[2][INDEXES];
static bool answers[2][INDEXES]; /* reads, or, in the writer, takes writes */
static struct fp fp_kept, fp_seen;
static u32 failures;

/* Kept over the reset, where no image lies. */
static u64 *persist(void)
{
	return (u64 *)ALIGN_DOWN(machine.ram + machine.ram_size / 8 * 7, PAGE_SIZE);
}

static u32 encoding_of(u32 op0, u32 index)
{
	return SYSREG(op0, index >> 11 & 7, index >> 7 & 15, index >> 3 & 15, index & 7);
}

#define IN_SPACE(encoding, op0, op1, crn) \
	(((encoding)&SYSREG(3, 7, 15, 0, 0)) == SYSREG(op0, op1, crn, 0, 0))
#define IN_ROW(encoding, op0, op1, crn, crm) \
	(((encoding)&SYSREG(3, 7, 15, 15, 0)) == SYSREG(op0, op1, crn, crm, 0))

static enum class class_of(u32 e)
{
	static const u32 constant[] = {
		SYSREG(3, 0, 1, 0, 0),   /* SCTLR_EL1 */
		SYSREG(3, 0, 1, 0, 2),   /* CPACR_EL1 */
		SYSREG(3, 0, 2, 0, 0),   /* TTBR0_EL1 */
		SYSREG(3, 0, 2, 0, 2),   /* TCR_EL1 */
		SYSREG(3, 0, 4, 6, 0),   /* ICC_PMR_EL1 */
		SYSREG(3, 0, 10, 2, 0),  /* MAIR_EL1 */
		SYSREG(3, 0, 12, 0, 0),  /* VBAR_EL1 */
		SYSREG(3, 0, 13, 0, 4),  /* TPIDR_EL1 */
		SYSREG(3, 3, 14, 0, 0),  /* CNTFRQ_EL0 */
		SYSREG(2, 0, 1, 1, 4),   /* OSLSR_EL1 */
		SYSREG(2, 0, 7, 14, 6),  /* DBGAUTHSTATUS_EL1 */
	};
	static const u32 changing[] = {
		SYSREG(3, 0, 4, 0, 0), /* SPSR_EL1 */
		SYSREG(3, 0, 4, 0, 1), /* ELR_EL1 */
		SYSREG(3, 0, 5, 2, 0), /* ESR_EL1 */
		SYSREG(3, 0, 6, 0, 0), /* FAR_EL1 */
	};

	for (u32 i = 0; i < ARRAY_SIZE(constant); i++)
		if (e == constant[i])
			return CONSTANT;
	for (u32 i = 0; i < ARRAY_SIZE(changing); i++)
		if (e == changing[i])
			return VOLATILE;
	/* PSTATE, counters and timers, random numbers. */
	if (IN_ROW(e, 3, 0, 4, 2) || IN_ROW(e, 3, 3, 4, 2) || IN_SPACE(e, 3, 3, 14) ||
	    IN_ROW(e, 3, 3, 2, 4))
		return VOLATILE;
	/* Identification; vendors' own, which QEMU 7.2 has as constants and does not trap; the
	 * controller's CPU interface, which gic_init_cpu() has set. */
	if (IN_SPACE(e, 3, 0, 0) || IN_SPACE(e, 3, 1, 0) || IN_SPACE(e, 3, 3, 0) ||
	    (e & SYSREG(3, 0, 11, 0, 0)) == SYSREG(3, 0, 11, 0, 0) ||
	    (e & SYSREG(3, 7, 15, 8, 0)) == SYSREG(3, 0, 12, 8, 0))
		return CONSTANT;
	return PLAIN;
}

static void fail(const char *what, u32 op0, u32 index, u64 saw, u64 expected)
{
	if (failures++ < REPORTS)
		print("scan: FAILED %s: S%u_%u_C%u_C%u_%u is 0x%llx, not 0x%llx\n", what, op0,
		      index >> 11 & 7, index >> 7 & 15, index >> 3 & 15, index & 7,
		      (unsigned long long)saw, (unsigned long long)expected);
}

static void fill_fp(struct fp *fp, u64 seed)
{
	for (u32 i = 0; i < ARRAY_SIZE(fp->v); i++)
		fp->v[i] = seed * (i + 1);
	fp->fpcr = FPCR_VALUE;
	fp->fpsr = FPSR_VALUE;
}

static void check_fp(const char *what)
{
	fp_store(&fp_seen);
	if (memcmp(&fp_seen, &fp_kept, sizeof(fp_seen)) == 0)
		return;
	failures++;
	print("scan: FAILED %s: floating point, V0 is 0x%llx\n", what,
	      (unsigned long long)fp_seen.v[0]);
}

/* The first pass: each register that answers is noted, and must have a reset value. */
static u32 look_first(void)
{
	u32 answered = 0;

	for (u32 op0 = OP0_FIRST; op0 < 4; op0++)
		for (u32 index = 0; index < INDEXES; index++) {
			u32 encoding = encoding_of(op0, index);
			enum class class = class_of(encoding);
			u64 value = 0, *keep = &kept[op0 - OP0_FIRST][index];

			if (class == VOLATILE || execute_mrs(encoding, &value).count != 0)
				continue;
			answered++;
			answers[op0 - OP0_FIRST][index] = true;
			*keep = class == PLAIN ? 0 : value;
			if (value != *keep)
				fail("fresh", op0, index, value, 0);
		}
	return answered;
}

/* Those that answered, again: each must be as it was. */
static void look(const char *what)
{
	for (u32 op0 = OP0_FIRST; op0 < 4; op0++)
		for (u32 index = 0; index < INDEXES; index++) {
			u64 value = 0, keep = kept[op0 - OP0_FIRST][index];

			if (!answers[op0 - OP0_FIRST][index])
				continue;
			if (execute_mrs(encoding_of(op0, index), &value).count != 0)
				fail("does not answer", op0, index, 0, keep);
			else if (value != keep)
				fail(what, op0, index, value, keep);
		}
}

/* Each readable register gets a write, and must keep its value. */
static void fill(u64 pattern, bool try_all)
{
	for (u32 op0 = OP0_FIRST; op0 < 4; op0++)
		for (u32 index = 0; index < INDEXES; index++) {
			u32 encoding = encoding_of(op0, index);
			bool *answer = &answers[op0 - OP0_FIRST][index];

			if (class_of(encoding) == PLAIN && (try_all || *answer)) {
				bool taken = execute_msr(encoding, pattern ^ encoding).count == 0;

				if (try_all)
					*answer = taken;
			}
		}
}

static void keep_all(void)
{
	for (u32 op0 = OP0_FIRST; op0 < 4; op0++)
		for (u32 index = 0; index < INDEXES; index++)
			if (answers[op0 - OP0_FIRST][index])
				(void)execute_mrs(encoding_of(op0, index),
						  &kept[op0 - OP0_FIRST][index]);
}

static void check_entry(void)
{
	for (u32 i = 1; i < ARRAY_SIZE(boot_registers); i++)
		if (boot_registers[i] != 0) {
			failures++;
			print("scan: FAILED at entry: x%u is 0x%llx\n", i,
			      (unsigned long long)boot_registers[i]);
		}
	if (boot_record.vbar != 0 || boot_record.ttbr0 != 0 || boot_record.tpidr != 0 ||
	    (boot_record.sctlr & 5) != 0) {
		failures++;
		print("scan: FAILED at entry: system registers\n");
	}
}

static void reader(void)
{
	u64 *life = persist();
	bool second = *life == MAGIC;
	u32 answered;

	check_entry();
	(void)WAIT(false, PAUSE_MS);
	check_fp("fresh"); /* all zero */
	answered = look_first();
	(void)WAIT(false, PAUSE_MS);
	look("fresh, later");
	check_fp("fresh, later");
	print("scan: life %u: %u registers answer\n", second ? 2 : 1, answered);
	fill(0x3c3c3c3c3c3c3c3cull, false);
	fill_fp(&fp_kept, 0x123456789abcdefull);
	fp_load(&fp_kept);
	keep_all();
	for (u32 pass = 0; pass < PASSES; pass++) {
		(void)WAIT(false, PAUSE_MS);
		look("own");
		check_fp("own");
	}
	if (!second) {
		*life = MAGIC;
		dsb();
		(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
	}
	*life = 0;
	print("scan: done: %u failures\n", failures);
	power_off();
}

static void writer(void)
{
	struct fp fp;

	for (u32 pass = 0;; pass++) {
		fill_fp(&fp, 0xdeadbeef12345ull + pass);
		fp_load(&fp);
		fill((pass & 1) != 0 ? 0x5a5a5a5a5a5a5a5aull : 0xa5a5a5a5a5a5a5a5ull, pass == 0);
		if (pass == 1)
			print("scan: the writer has been everywhere\n");
	}
}

void guest_main(void)
{
	char role[8];

	if (str_equal(boot_arg("role", role, sizeof(role)), "write"))
		writer();
	reader();
}
