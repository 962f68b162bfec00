/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/pte.c: entries bit by bit, as Arm ARM D8.3 and D8.5 lay them out. */
#include "support/test.h"

#include <arch/mmu.h>

#include "arch/arm64/pure/pte.h"

#define PA UINT64_C(0x123456789000)

static void stage1_is_never_writable_and_executable(void **state)
{
	(void)state;
	for (u32 level = 1; level <= 3; level++) {
		u64 type = level == 3 ? 3 : 1;
		u64 code = pte_s1_leaf(PA, level, PTE_CODE);
		u64 data = pte_s1_leaf(PA, level, PTE_DATA);
		u64 rodata = pte_s1_leaf(PA, level, PTE_RODATA);
		u64 device = pte_s1_leaf(PA, level, PTE_DEVICE);

		/* AF, inner shareable, AttrIndx 1, AP[1]; then AP[2] (read-only) and XN. */
		assert_int_equal(code, PA | 0x400 | 0x300 | 0x40 | 0x80 | 0x4 | type);
		assert_int_equal(rodata, code | BIT(54));
		assert_int_equal(data, (code & ~UINT64_C(0x80)) | BIT(54));
		assert_int_equal(device, PA | 0x400 | 0x40 | BIT(54) | type);
		assert_int_equal(pte_s1_leaf(PA, level, PTE_CODE_GUARDED), code | BIT(50));
	}
}

static u64 leaf(u64 pa, u32 level, u32 flags)
{
	return arch_space_encode(
		SPACE_STAGE2, level,
		(struct space_entry){ .to = HPA(pa), .flags = flags, .valid = true });
}

static void entries_come_back(void **state)
{
	struct space_entry table = { .to = HPA(PA), .valid = true, .table = true }, entry;

	(void)state;
	for (u32 level = 1; level <= 3; level++) {
		for (u32 flags = 0; flags < 16; flags++) {
			entry = arch_space_decode(SPACE_STAGE2, level, leaf(PA, level, flags));
			assert_true(entry.valid);
			assert_false(entry.table);
			assert_int_equal(entry.to.v, PA);
			assert_int_equal(entry.flags, flags);
		}
		/* Nothing, and the address of a page. */
		for (u64 code = 0; code <= PA; code += PA) {
			entry = arch_space_decode(SPACE_STAGE2, level, code);
			assert_false(entry.valid);
		}
	}
	/* Read/write/execute, normal write-back, inner shareable, AF, block. */
	assert_int_equal(leaf(0x40000000, 2, SPACE_READ | SPACE_WRITE | SPACE_EXEC),
			 0x40000000 | 0x400 | 0x300 | 0xc0 | 0x3c | 1);
	/* Device-nGnRE, never executable: MemAttr 1, XN. */
	assert_int_equal(leaf(0x9000000, 3, SPACE_READ | SPACE_WRITE | SPACE_DEVICE),
			 0x9000000 | BIT(54) | 0x400 | 0xc0 | 0x4 | 3);
	for (u32 level = 0; level < 3; level++) {
		assert_int_equal(arch_space_encode(SPACE_STAGE2, level, table), PA | 3);
		entry = arch_space_decode(SPACE_STAGE2, level, PA | 3);
		assert_true(entry.valid && entry.table && entry.to.v == PA);
		assert_false(arch_space_decode(SPACE_STAGE2, level, PA | 1).table); /* a block */
	}
	assert_false(arch_space_decode(SPACE_STAGE2, 3, PA | 3).table);
	assert_false(arch_space_decode(SPACE_STAGE2, 2, PA | 2).valid);
}

/* VTCR_EL2 and the first table, Arm ARM D8.2.7: up to 16 tables side by side in place of a level.
 */
static void geometry(void **state)
{
	static const struct {
		u32 bits, level;
	} spaces[] = { { 32, 2 }, { 34, 2 }, { 36, 1 }, { 39, 1 }, { 40, 1 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(spaces); i++) {
		u64 control = pte_s2_control(spaces[i].bits, 2);

		assert_int_equal(pte_s2_start_level(spaces[i].bits), spaces[i].level);
		assert_int_equal(FIELD(control, 5, 0), 64 - spaces[i].bits);
		assert_int_equal(FIELD(control, 7, 6), 2 - spaces[i].level); /* SL0 */
		assert_int_equal(FIELD(control, 18, 16), 2);                 /* PS */
	}
	/* RES1, 44 bits, inner shareable, write-back; SL0 1, 40 bits. */
	assert_int_equal(pte_s2_control(40, 4), 0x80000000 | 4 << 16 | 0x3500 | 1 << 6 | 24);
	assert_int_equal(FIELD(pte_s2_control(40, 6), 18, 16), 5); /* 52 bits: 48 are used */
}

static void physical_address_bits(void **state)
{
	static const u32 bits[] = { 32, 36, 40, 42, 44, 48, 48, 48 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bits); i++)
		assert_int_equal(pte_s2_pa_bits(i), bits[i]);
	assert_int_equal(space_level_shift(0), 39);
	assert_int_equal(space_level_shift(3), 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stage1_is_never_writable_and_executable),
		cmocka_unit_test(entries_come_back),
		cmocka_unit_test(geometry),
		cmocka_unit_test(physical_address_bits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
