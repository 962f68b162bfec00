/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/mcheck.c, on a model of a CPU's banks: errors of each kind, and their end. */
#include "arch/x86_64/pure/mcheck.h"

#include "arch/x86_64/pure/regs.h"
#include "support/test.h"

#include <string.h>

#define BANKS    7u
#define PHYSICAL (UINT64_C(2) << 6) /* the form of an address, in MISC */
#define AT       UINT64_C(0x12345000)

/* Of an error in memory that was used. */
#define USED                                                                                       \
	(MC_VALID | MC_UNCORRECTED | MC_ENABLED | MC_MISC_VALID | MC_ADDRESS_VALID | MC_SIGNALED | \
	 MC_ACTION)

static u64 banks[BANKS][4], global, control;
static u32 cleared, accesses;

static u64 model_read(u32 msr)
{
	accesses++;
	if (msr == MSR_MCG_STATUS)
		return global;
	assert_true(msr - MSR_MC_BANKS < 4 * BANKS);
	return banks[(msr - MSR_MC_BANKS) / 4][msr % 4];
}

/* Only zero may be written to a status (SDM vol. 3, 15.3.2.2). */
static void model_write(u32 msr, u64 value)
{
	accesses++;
	if (msr == MSR_MCG_STATUS) {
		assert_int_equal(value, 0);
		global = 0;
		return;
	}
	if (msr == MSR_MCG_CTL) {
		control = value;
		return;
	}
	assert_true(msr - MSR_MC_BANKS < 4 * BANKS);
	if (msr % 4 == MC_STATUS) {
		assert_int_equal(value, 0);
		cleared |= (u32)BIT((msr - MSR_MC_BANKS) / 4);
	}
	banks[(msr - MSR_MC_BANKS) / 4][msr % 4] = value;
}

static struct mcheck_cpu model(bool amd, u64 features)
{
	memset(banks, 0, sizeof(banks));
	global = control = 0;
	cleared = accesses = 0;
	return (struct mcheck_cpu){
		.cap = BANKS | features, .amd = amd, .read = model_read, .write = model_write
	};
}

static void put(u32 bank, u64 status, u64 address, u64 misc)
{
	banks[bank][MC_STATUS] = status;
	banks[bank][MC_ADDRESS] = address;
	banks[bank][MC_MISC] = misc;
}

static const struct {
	const char *name;
	u64 status, misc;
	enum mcheck_class intel, amd;
} kinds[] = {
	{ "corrected", MC_VALID, 0, MCHECK_CORRECTED, MCHECK_CORRECTED },
	{ "corrected, others lost", MC_VALID | MC_OVERWRITTEN, 0, MCHECK_CORRECTED,
	  MCHECK_CORRECTED },
	{ "corrupt", USED | MC_CORRUPT, PHYSICAL, MCHECK_FATAL, MCHECK_FATAL },
	{ "corrected and corrupt", MC_VALID | MC_CORRUPT, 0, MCHECK_FATAL, MCHECK_FATAL },
	{ "used", USED, PHYSICAL, MCHECK_MEMORY, MCHECK_MEMORY },
	{ "used, others lost", USED | MC_OVERWRITTEN, PHYSICAL, MCHECK_FATAL, MCHECK_FATAL },
	{ "used, no address", USED & ~MC_ADDRESS_VALID, PHYSICAL, MCHECK_FATAL, MCHECK_FATAL },
	{ "used, no form of address", USED & ~MC_MISC_VALID, PHYSICAL, MCHECK_FATAL,
	  MCHECK_MEMORY },
	{ "used, a linear address", USED, UINT64_C(1) << 6, MCHECK_FATAL, MCHECK_MEMORY },
	{ "found by a scrubber", USED & ~MC_ACTION, PHYSICAL, MCHECK_OPTIONAL, MCHECK_MEMORY },
	{ "no action", USED & ~(MC_ACTION | MC_SIGNALED), PHYSICAL, MCHECK_OPTIONAL,
	  MCHECK_MEMORY },
	{ "not valid", USED & ~MC_VALID, PHYSICAL, MCHECK_NONE, MCHECK_NONE },
};

static void each_kind(void **state)
{
	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(kinds); i++)
		for (u32 amd = 0; amd < 2; amd++) {
			struct mcheck_cpu cpu = model(amd != 0, MCG_CAP_SER);
			enum mcheck_class wanted = amd ? kinds[i].amd : kinds[i].intel;
			struct mcheck_found found;

			put(3, kinds[i].status, AT, kinds[i].misc);
			global = MCG_STATUS_RIPV | BIT(2);
			found = mcheck_scan(&cpu);
			if (found.class != wanted)
				fail_msg("%s: class %u, not %u", kinds[i].name, found.class,
					 wanted);
			assert_int_equal(found.errors, wanted != MCHECK_NONE);
			assert_int_equal(cleared, wanted != MCHECK_NONE ? BIT(3) : 0);
			assert_int_equal(global, 0);
			assert_int_equal(found.global, MCG_STATUS_RIPV | BIT(2));
			if (wanted == MCHECK_MEMORY)
				assert_int_equal(found.address, AT);
			assert_int_equal(mcheck_scan(&cpu).class, MCHECK_NONE);
		}
}

/* Without the bits of the consequence, an error that is not corrected may be anywhere. */
static void old_cpu(void **state)
{
	struct mcheck_cpu cpu = model(false, 0);

	(void)state;
	put(0, USED, AT, PHYSICAL);
	assert_int_equal(mcheck_scan(&cpu).class, MCHECK_FATAL);
}

static void the_gravest_counts(void **state)
{
	struct mcheck_cpu cpu = model(false, MCG_CAP_SER);
	struct mcheck_found found;

	(void)state;
	put(0, MC_VALID, 0, 0);
	put(1, USED, AT + 8, PHYSICAL);
	put(2, USED & ~MC_ACTION, 0x999000, PHYSICAL);
	put(6, USED, AT + 64, PHYSICAL);
	found = mcheck_scan(&cpu);
	assert_int_equal(found.class, MCHECK_MEMORY);
	assert_int_equal(found.bank, 1);
	assert_int_equal(found.address, AT + 8);
	assert_int_equal(found.errors, 4);
	assert_int_equal(cleared, BIT(0) | BIT(1) | BIT(2) | BIT(6));
	/* At two pages. */
	put(1, USED, AT, PHYSICAL);
	put(6, USED, AT + 0x1000, PHYSICAL);
	assert_int_equal(mcheck_scan(&cpu).class, MCHECK_FATAL);
}

static enum mcheck_action judge(enum mcheck_class class, u64 status, bool owned)
{
	const struct mcheck_found found = { .class = class, .global = status };

	return mcheck_judge(&found, owned);
}

static void judgement(void **state)
{
	(void)state;
	for (u32 owned = 0; owned < 2; owned++) {
		assert_int_equal(judge(MCHECK_FATAL, MCG_STATUS_RIPV, owned), MCHECK_STOP);
		for (u32 class = MCHECK_NONE; class <= MCHECK_OPTIONAL; class ++) {
			assert_int_equal(judge(class, MCG_STATUS_RIPV, owned), MCHECK_GO_ON);
			assert_int_equal(judge(class, 0, owned), MCHECK_STOP);
		}
		/* The guest does not have to continue. */
		for (u64 status = 0; status < 2; status++)
			assert_int_equal(judge(MCHECK_MEMORY, status, owned),
					 owned ? MCHECK_RESET_GUEST : MCHECK_STOP);
	}
}

static void start_enables(void **state)
{
	struct mcheck_cpu cpu = model(false, MCG_CAP_CTL);

	(void)state;
	mcheck_start(&cpu);
	assert_int_equal(control, UINT64_MAX);
	for (u32 i = 0; i < BANKS; i++)
		assert_int_equal(banks[i][MC_CTL], UINT64_MAX);
	cpu = model(false, 0);
	mcheck_start(&cpu);
	assert_int_equal(control, 0);
	/* No banks, and no registers. */
	cpu.cap = 0;
	accesses = 0;
	mcheck_start(&cpu);
	assert_int_equal(mcheck_scan(&cpu).class, MCHECK_NONE);
	assert_int_equal(accesses, 0);
}

static void one_message_a_second(void **state)
{
	struct mcheck_rate rate = { 0 };
	u32 skipped, messages = 0, sum = 0;

	(void)state;
	for (u64 ms = 0; ms < 5000; ms++)
		if (mcheck_may_log(&rate, ms * 1000000, &skipped)) {
			messages++;
			sum += skipped;
		}
	assert_int_equal(messages, 5);
	assert_int_equal(sum, 4 * 999);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_kind),          cmocka_unit_test(old_cpu),
		cmocka_unit_test(the_gravest_counts), cmocka_unit_test(judgement),
		cmocka_unit_test(start_enables),      cmocka_unit_test(one_message_a_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
