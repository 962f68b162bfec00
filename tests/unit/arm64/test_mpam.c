/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/mpam.h: bits of registers that no emulator has. */
#include "arch/arm64/pure/mpam.h"

#include "support/test.h"

/* An access of EL1 traps on a machine with MPAMIDR_EL1 @id: the model of the architecture. */
static bool id_traps(u64 id)
{
	bool by_hcr = (id & BIT(17)) != 0 && (mpamhcr_traps(id) & BIT(31)) != 0;
	bool by_mpam2 = (id & BIT(58)) != 0 && (mpam2_traps(id) & BIT(58)) != 0;

	return by_hcr || by_mpam2;
}

static void registers_trap(void **state)
{
	static const u64 ids[] = { 0, BIT(17), BIT(58), BIT(17) | BIT(58), ~UINT64_C(0) };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ids); i++) {
		bool can = (ids[i] & (BIT(17) | BIT(58))) != 0;

		assert_int_equal(mpam2_traps(ids[i]) & (BIT(48) | BIT(49)), BIT(48) | BIT(49));
		assert_int_equal(id_traps(ids[i]), can);
		/* Partition 0, and no bit that the machine may not have. */
		assert_int_equal(mpam2_traps(ids[i]) & ~(BIT(48) | BIT(49) | (ids[i] & BIT(58))),
				 0);
		assert_true((ids[i] & BIT(17)) != 0 || mpamhcr_traps(ids[i]) == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(registers_trap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
