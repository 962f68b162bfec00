/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/insn.c against words that an assembler made. */
#include "arch/arm64/pure/insn.h"

#include "support/test.h"

enum { STORE, LOAD, LOAD_SIGNED, LOAD_SIGNED_64 };

static const struct good {
	u32 insn;
	const char *text;
	u32 form;
	u8 width, reg;
	bool writeback;
	u8 base;
	s32 offset;
} good[] = {
	{ 0xb9400041, "ldr w1, [x2]", LOAD, 4, 1, false, 2, 0 },
	{ 0xf9400441, "ldr x1, [x2, #8]", LOAD, 8, 1, false, 2, 0 },
	{ 0x39400483, "ldrb w3, [x4, #1]", LOAD, 1, 3, false, 4, 0 },
	{ 0x79400483, "ldrh w3, [x4, #2]", LOAD, 2, 3, false, 4, 0 },
	{ 0x39c00483, "ldrsb w3, [x4, #1]", LOAD_SIGNED, 1, 3, false, 4, 0 },
	{ 0x39800483, "ldrsb x3, [x4, #1]", LOAD_SIGNED_64, 1, 3, false, 4, 0 },
	{ 0x79c00083, "ldrsh w3, [x4]", LOAD_SIGNED, 2, 3, false, 4, 0 },
	{ 0x79800083, "ldrsh x3, [x4]", LOAD_SIGNED_64, 2, 3, false, 4, 0 },
	{ 0xb9800083, "ldrsw x3, [x4]", LOAD_SIGNED_64, 4, 3, false, 4, 0 },
	{ 0xb90000c5, "str w5, [x6]", STORE, 4, 5, false, 6, 0 },
	{ 0xf90008c5, "str x5, [x6, #16]", STORE, 8, 5, false, 6, 0 },
	{ 0x390000c5, "strb w5, [x6]", STORE, 1, 5, false, 6, 0 },
	{ 0x790000c5, "strh w5, [x6]", STORE, 2, 5, false, 6, 0 },
	{ 0xb90000df, "str wzr, [x6]", STORE, 4, 31, false, 6, 0 },
	{ 0xf80084c5, "str x5, [x6], #8", STORE, 8, 5, true, 6, 8 },
	{ 0xf81f8cc5, "str x5, [x6, #-8]!", STORE, 8, 5, true, 6, -8 },
	{ 0xb84047e5, "ldr w5, [sp], #4", LOAD, 4, 5, true, 31, 4 },
	{ 0xf85f0fe5, "ldr x5, [sp, #-16]!", LOAD, 8, 5, true, 31, -16 },
	{ 0x384014c5, "ldrb w5, [x6], #1", LOAD, 1, 5, true, 6, 1 },
	{ 0xb89004c5, "ldrsw x5, [x6], #-256", LOAD_SIGNED_64, 4, 5, true, 6, -256 },
	{ 0x780ffd07, "strh w7, [x8, #255]!", STORE, 2, 7, true, 8, 255 },
	{ 0xb85fc041, "ldur w1, [x2, #-4]", LOAD, 4, 1, false, 2, 0 },
	{ 0xf8003041, "stur x1, [x2, #3]", STORE, 8, 1, false, 2, 0 },
	{ 0xb8404841, "ldtr w1, [x2, #4]", LOAD, 4, 1, false, 2, 0 },
	{ 0xf8004841, "sttr x1, [x2, #4]", STORE, 8, 1, false, 2, 0 },
	{ 0xf8636841, "ldr x1, [x2, x3]", LOAD, 8, 1, false, 2, 0 },
	{ 0xb823d841, "str w1, [x2, w3, sxtw #2]", STORE, 4, 1, false, 2, 0 },
	{ 0xf8627820, "ldr x0, [x1, x2, lsl #3]", LOAD, 8, 0, false, 1, 0 },
};

static const struct bad {
	u32 insn;
	const char *text;
} bad[] = {
	{ 0xa9400440, "ldp x0, x1, [x2]" },
	{ 0x28810440, "stp w0, w1, [x2], #8" },
	{ 0xa9c10440, "ldp x0, x1, [x2, #16]!" },
	{ 0x69400440, "ldpsw x0, x1, [x2]" },
	{ 0xfd400020, "ldr d0, [x1]" },
	{ 0x3c810420, "str q0, [x1], #16" },
	{ 0xbc404c20, "ldr s0, [x1, #4]!" },
	{ 0xad400440, "ldp q0, q1, [x2]" },
	{ 0x4c407000, "ld1 {v0.16b}, [x0]" },
	{ 0x885f7c20, "ldxr w0, [x1]" },
	{ 0x88007c41, "stxr w0, w1, [x2]" },
	{ 0x88dffc20, "ldar w0, [x1]" },
	{ 0xf9800000, "prfm pldl1keep, [x0]" },
	{ 0xf8a16800, "prfm pldl1keep, [x0, x1]" },
	{ 0xf8801000, "prfum pldl1keep, [x0, #1]" },
	{ 0x58000000, "ldr x0, ." },
	{ 0x98000000, "ldrsw x0, ." },
	{ 0xd50b7420, "dc zva, x0" },
	{ 0xb8200041, "ldadd w0, w1, [x2]" },
	{ 0xf8208041, "swp x0, x1, [x2]" },
	{ 0xc8a07c41, "cas x0, x1, [x2]" },
	{ 0xf8200420, "ldraa x0, [x1]" },
	{ 0xf8200c20, "ldraa x0, [x1]!" },
	{ 0xb8bfc020, "ldapr w0, [x1]" },
	{ 0x99404020, "ldapur w0, [x1, #4]" },
	{ 0xf84084c6, "ldr x6, [x6], #8" },
	{ 0xf8008cc6, "str x6, [x6, #8]!" },
	{ 0xb9c00000, "size 2, opc 3: unallocated" },
	{ 0xd503201f, "nop" },
	{ 0, "udf #0" },
	{ UINT32_MAX, "all ones" },
};

static void decodes(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		const struct good *want = &good[i];
		struct insn_access got;

		if (!insn_decode(want->insn, &got))
			fail_msg("%s: refused", want->text);
		if (got.write != (want->form == STORE) ||
		    got.sign_extend != (want->form >= LOAD_SIGNED) || got.width != want->width ||
		    got.reg != want->reg || got.writeback != want->writeback ||
		    got.base != want->base || (want->writeback && got.offset != want->offset))
			fail_msg("%s: decoded wrongly", want->text);
		assert_int_equal(got.reg64, want->form == LOAD_SIGNED_64 ||
						    (want->form <= LOAD && want->width == 8));
	}
}

static void refuses(void **state)
{
	struct insn_access got;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (insn_decode(bad[i].insn, &got))
			fail_msg("%s: taken for a plain load or store", bad[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decodes),
		cmocka_unit_test(refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
