/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/length.c, against encodings and lengths written by hand;
 * guest_walk.c, against tables in memory. */
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/guest_walk.h"
#include "arch/x86_64/pure/length.h"

#include "support/test.h"

static void known_encodings(void **state)
{
	static const struct {
		u8 bytes[15];
		bool code64;
		u8 kind, length, control, reg;
	} cases[] = {
		{ { 0xf4 }, true, INSN_HLT, 1, 0, 0 },
		{ { 0x0f, 0xa2 }, true, INSN_CPUID, 2, 0, 0 },
		{ { 0x66, 0x0f, 0xa2 }, false, INSN_CPUID, 3, 0, 0 },
		{ { 0x48, 0x0f, 0xa2 }, true, INSN_CPUID, 3, 0, 0 },
		{ { 0xf2, 0x2e, 0x48, 0x0f, 0xa2 }, true, INSN_CPUID, 5, 0, 0 },
		{ { 0x0f, 0x32 }, true, INSN_RDMSR, 2, 0, 0 },
		{ { 0x0f, 0x30 }, false, INSN_WRMSR, 2, 0, 0 },
		{ { 0x0f, 0x31 }, true, INSN_RDTSC, 2, 0, 0 },
		{ { 0x0f, 0x33 }, true, INSN_RDPMC, 2, 0, 0 },
		{ { 0x0f, 0x01, 0xf9 }, true, INSN_RDTSCP, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xd1 }, true, INSN_XSETBV, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc1 }, true, INSN_VMCALL, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xd9 }, true, INSN_VMMCALL, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc8 }, true, INSN_MONITOR, 3, 0, 0 },
		{ { 0x0f, 0x01, 0xc9 }, true, INSN_MWAIT, 3, 0, 0 },
		{ { 0x0f, 0x06 }, true, INSN_CLTS, 2, 0, 0 },
		{ { 0x0f, 0x08 }, true, INSN_INVD, 2, 0, 0 },
		{ { 0xf3, 0x0f, 0x09 }, true, INSN_WBINVD, 3, 0, 0 },
		{ { 0xf3, 0x90 }, true, INSN_PAUSE, 2, 0, 0 },
		{ { 0x0f, 0x22, 0xe0 }, true, INSN_CR_WRITE, 3, 4, 0 },
		{ { 0x0f, 0x20, 0xdf }, true, INSN_CR_READ, 3, 3, 7 },
		{ { 0x44, 0x0f, 0x22, 0xc1 }, true, INSN_CR_WRITE, 4, 8, 1 },
		{ { 0x45, 0x0f, 0x20, 0xc7 }, true, INSN_CR_READ, 4, 8, 15 },
		{ { 0x41, 0x0f, 0x22, 0xdb }, true, INSN_CR_WRITE, 4, 3, 11 },
		{ { 0xf0, 0x0f, 0x20, 0xc0 }, false, INSN_CR_READ, 4, 8, 0 },
		{ { 0x0f, 0x23, 0xf8 }, true, INSN_DR_WRITE, 3, 7, 0 },
		{ { 0x0f, 0x21, 0xf3 }, true, INSN_DR_READ, 3, 6, 3 },
		/* REX counts directly before the opcode alone, and in 64-bit code alone. */
		{ { 0x44, 0x66, 0x0f, 0x22, 0xc0 }, true, INSN_CR_WRITE, 5, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct insn insn;

		assert_true(insn_length(cases[i].bytes, 15, cases[i].code64, &insn));
		assert_int_equal(insn.kind, cases[i].kind);
		assert_int_equal(insn.length, cases[i].length);
		assert_int_equal(insn.control, cases[i].control);
		assert_int_equal(insn.reg, cases[i].reg);
		for (u32 n = 0; n < insn.length; n++) {
			struct insn part;

			assert_false(insn_length(cases[i].bytes, n, cases[i].code64, &part));
		}
	}
}

static void other_bytes(void **state)
{
	static const u8 others[][4] = {
		{ 0x90 },       { 0x0f, 0x05 }, { 0x0f, 0x01, 0xd8 },
		{ 0x48, 0xf5 }, { 0xcc },       { 0xe4, 0x60 },
	};
	u8 prefixes[16];
	struct insn insn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(insn_length(others[i], 4, true, &insn));
	assert_false(insn_length((const u8[]){ 0x48, 0xf4 }, 2, false, &insn));
	/* More than 15 bytes are no instruction. */
	memset(prefixes, 0x66, sizeof(prefixes));
	prefixes[15] = 0xf4;
	assert_false(insn_length(prefixes, 16, true, &insn));
	prefixes[14] = 0xf4;
	assert_true(insn_length(prefixes, 16, true, &insn));
	assert_int_equal(insn.length, 15);
}

/* --- Walks -------------------------------------------------------------------------------------
 */

static u8 memory[0x8000];

static bool read_memory(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	(void)context;
	*entry = 0;
	if (gpa >= sizeof(memory) || bytes > sizeof(memory) - gpa)
		return false;
	memcpy(entry, memory + gpa, bytes);
	return true;
}

static void put64(u64 at, u64 value)
{
	memcpy(memory + at, &value, 8);
}

static void put32(u64 at, u64 value)
{
	memcpy(memory + at, &value, 4);
}

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	return 0;
}

static void four_levels(void **state)
{
	struct guest_walk walk = { .cr0 = CR0_PG | CR0_PE,
				   .cr3 = 0x1003,
				   .cr4 = CR4_PAE,
				   .efer = EFER_LMA,
				   .read = read_memory };
	u64 gpa;

	(void)state;
	put64(0x1000 + 8 * 256, 0x2003);
	put64(0x2000 + 8 * 1, 0x3003);
	put64(0x2000 + 8 * 2, UINT64_C(0x4000000083) | BIT(63));
	put64(0x3000 + 8 * 2, 0x4003);
	put64(0x3000 + 8 * 3, 0x10000083);
	put64(0x4000 + 8 * 3, 0x5555001);
	assert_true(guest_walk(&walk, UINT64_C(0xffff800040403abc), &gpa));
	assert_int_equal(gpa, 0x5555abc);
	assert_true(guest_walk(&walk, UINT64_C(0xffff800040654321), &gpa));
	assert_int_equal(gpa, 0x10054321);
	assert_true(guest_walk(&walk, UINT64_C(0xffff8000bfffffff), &gpa));
	assert_int_equal(gpa, UINT64_C(0x403fffffff));
	assert_false(guest_walk(&walk, UINT64_C(0xffff800040404abc), &gpa));
	assert_false(guest_walk(&walk, UINT64_C(0x0000800040403abc), &gpa));
	assert_false(guest_walk(&walk, 0, &gpa));
	walk.cr3 = 0x100000; /* outside the memory */
	assert_false(guest_walk(&walk, UINT64_C(0xffff800040403abc), &gpa));
}

static void old_formats(void **state)
{
	struct guest_walk walk = { .cr0 = CR0_PE, .read = read_memory };
	u64 gpa;

	(void)state;
	assert_true(guest_walk(&walk, 0x12345, &gpa));
	assert_int_equal(gpa, 0x12345);
	walk.cr0 |= CR0_PG;
	walk.cr3 = 0x1000;
	put32(0x1000 + 4 * 1, 0x2001);
	put32(0x1000 + 4 * 2, 0x00c02083); /* PSE-36: bit 13 is address bit 32 */
	put32(0x2000 + 4 * 5, 0x7001);
	assert_true(guest_walk(&walk, 0x405123, &gpa));
	assert_int_equal(gpa, 0x7123);
	walk.cr4 = CR4_PSE;
	assert_true(guest_walk(&walk, 0x812345, &gpa));
	assert_int_equal(gpa, UINT64_C(0x100c12345));
	assert_false(guest_walk(&walk, BIT(32), &gpa));
	/* PAE: the first table has 32-byte alignment. */
	walk.cr4 = CR4_PAE;
	walk.cr3 = 0x3020;
	put64(0x3020 + 8 * 3, 0x4001);
	put64(0x4000 + 8 * 1, 0x5001);
	put64(0x4000 + 8 * 2, 0x600083);
	put64(0x5000 + 8 * 4, 0x6001);
	assert_true(guest_walk(&walk, 0xc0204777, &gpa));
	assert_int_equal(gpa, 0x6777);
	assert_true(guest_walk(&walk, 0xc0512345, &gpa));
	assert_int_equal(gpa, 0x712345);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_encodings),
		cmocka_unit_test(other_bytes),
		cmocka_unit_test_setup(four_levels, setup),
		cmocka_unit_test_setup(old_formats, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
