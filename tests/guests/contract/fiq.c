/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Points 9 and 22: exceptions beside the IRQ. Interrupts of group 0 come as FIQ, those of group 1
 * as IRQ; a system error comes once PSTATE.A permits it.
 */
#include "irq.h"

#define SGI        5
#define ISR_F      BIT(6)
#define ISR_A      BIT(8)
#define DAIF_A     4 /* immediate of MSR DAIFSet and DAIFClr */
#define DAIF_F     1
#define EC_SERROR  0x2f
#define ESR_IL     BIT(25)
#define ESR_IDS    BIT(24)
#define NO_SUCH_ID 0x8400ff5eu /* of no call; the suite sends a system error there */

#define unmask(bits) __asm__ volatile("msr DAIFClr, #%0\n\tisb" ::"i"(bits) : "memory")
#define mask(bits)   __asm__ volatile("msr DAIFSet, #%0\n\tisb" ::"i"(bits) : "memory")

static u32 fiqs, fiq_id, errors;
static u64 error_syndrome;

static bool take_other(u64 vector)
{
	if ((vector & 3) == VECTOR_SERROR) {
		error_syndrome = sysreg_read(ESR_EL1);
		STORE(errors, errors + 1);
		return true;
	}
	fiq_id = gic_ack_fiq();
	gic_eoi_fiq(fiq_id);
	STORE(fiqs, fiqs + 1);
	return true;
}

/* Both groups enabled, and the interrupt FIRST in group @group. */
static void begin(u32 group)
{
	fiqs = errors = 0;
	fiq_id = GIC_SPURIOUS;
	this_cpu()->other_hook = take_other;
	gic_use_groups();
	gic_set_group(FIRST, group);
	gic_enable(FIRST);
}

static void check_fiq(u32 id)
{
	unmask(DAIF_F);
	CHECK(WAIT(LOAD(fiqs) >= 1, WAIT_MS));
	(void)WAIT(false, QUIET_MS);
	mask(DAIF_F);
	CHECK_EQ(fiqs, 1);
	CHECK_EQ(fiq_id & 0x3ff, id);
	CHECK_EQ(irq_taken(), 0);
	fiqs = 0;
}

static void check_no_fiq(void)
{
	unmask(DAIF_F);
	(void)WAIT(false, QUIET_MS);
	mask(DAIF_F);
	CHECK_EQ(LOAD(fiqs), 0);
}

static void group0_fiq(void)
{
	begin(0);
	gic_set_pending(FIRST);
	check_fiq(FIRST);
}

static void group1_irq(void)
{
	begin(1);
	gic_set_pending(FIRST);
	check_no_fiq();
	irq_check_one(FIRST);
	CHECK_EQ(LOAD(fiqs), 0);
}

static void fiq_masked(void)
{
	begin(0);
	gic_set_pending(FIRST);
	irq_check_none();
	CHECK_EQ(LOAD(fiqs), 0);
	CHECK_EQ(sysreg_read(ISR_EL1) & ISR_F, ISR_F);
	check_fiq(FIRST);
	CHECK_EQ(sysreg_read(ISR_EL1) & ISR_F, 0);
}

/* One of each group is pending, the FIQ of lower priority. Each waits for its own mask alone. */
static void fiq_beside_irq(void)
{
	begin(0);
	gic_set_group(FIRST + 1, 1);
	gic_enable(FIRST + 1);
	gic_set_priority(FIRST, 0x40);
	gic_set_priority(FIRST + 1, 0x80);
	gic_set_pending(FIRST + 1);
	gic_set_pending(FIRST);
	check_fiq(FIRST);
	irq_check_one(FIRST + 1);
	CHECK_EQ(LOAD(fiqs), 0);
}

static void fiq_sgi(void)
{
	begin(0);
	gic_set_group(SGI, 0);
	gic_enable(SGI);
	gic_send_group0(SGI);
	check_fiq(SGI);
}

/* A group that changes while its interrupt is pending. */
static void group_changes(void)
{
	begin(1);
	gic_set_pending(FIRST);
	gic_set_group(FIRST, 0);
	dsb();
	irq_check_none();
	check_fiq(FIRST);
}

/* WFI ends for a FIQ, masked as it is. */
static void fiq_ends_wait(void)
{
	begin(0);
	gic_set_pending(FIRST);
	wfi();
	CHECK_EQ(LOAD(fiqs), 0);
	check_fiq(FIRST);
}

/* The suite turns this call into a system error while the guest runs. */
static void raise_error(void)
{
	char model[8];

	if (boot_arg("serror", model, sizeof(model))[0] == '\0')
		test_skip("needs a system error");
	begin(0);
	mask(DAIF_A);
	(void)psci(NO_SUCH_ID, 0, 0, 0);
}

static void error_masked(void)
{
	raise_error();
	(void)WAIT(false, QUIET_MS);
	CHECK_EQ(LOAD(errors), 0);
	CHECK_EQ(sysreg_read(ISR_EL1) & ISR_A, ISR_A);
	unmask(DAIF_A);
	(void)WAIT(false, QUIET_MS);
	mask(DAIF_A);
	CHECK_EQ(errors, 1);
	CHECK_EQ(sysreg_read(ISR_EL1) & ISR_A, 0);
	CHECK_EQ(error_syndrome >> 26, EC_SERROR);
}

static void error_unmasked(void)
{
	raise_error();
	unmask(DAIF_A);
	CHECK(WAIT(LOAD(errors) == 1, WAIT_MS));
	errors = 0;
	(void)psci(NO_SUCH_ID, 0, 0, 0);
	CHECK(WAIT(LOAD(errors) == 1, WAIT_MS));
	mask(DAIF_A);
}

/* On a CPU with RAS: the syndrome is the one that VSESR_EL2 has, not that of an error before. */
static void error_syndrome_defined(void)
{
	char model[8];

	if (boot_arg("serror", model, sizeof(model))[0] != 'm')
		test_skip("needs a CPU with RAS");
	raise_error();
	unmask(DAIF_A);
	CHECK(WAIT(LOAD(errors) == 1, WAIT_MS));
	mask(DAIF_A);
	CHECK_EQ(error_syndrome, (u64)EC_SERROR << 26 | ESR_IL | ESR_IDS);
}

static const struct test tests[] = {
	{ "9.group0-is-fiq", group0_fiq, 0 },
	{ "9.group1-is-irq", group1_irq, 0 },
	{ "9.fiq-masked", fiq_masked, 0 },
	{ "9.fiq-beside-irq", fiq_beside_irq, 0 },
	{ "9.fiq-sgi", fiq_sgi, 0 },
	{ "9.group-changes-pending", group_changes, 0 },
	{ "9.fiq-ends-wait", fiq_ends_wait, 0 },
	{ "22.system-error-masked", error_masked, NEEDS_MULLION },
	{ "22.system-error-unmasked", error_unmasked, NEEDS_MULLION },
	{ "22.system-error-syndrome", error_syndrome_defined, NEEDS_MULLION },
};

RUN_TESTS(fiq_run, tests)
