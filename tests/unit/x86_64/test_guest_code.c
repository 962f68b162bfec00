/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/pure/guest_code.c: a kept translation finds what a walk of the tables finds at that
 * moment, after any change of tables, registers or code.
 */
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/guest_code.h"

#include "support/random.h"
#include "support/test.h"

#include <string.h>

#define PAGES  8u
#define LINEAR UINT64_C(0xffff800040403ab0)
#define CODE   0x5000u /* where it is at first; 0x6000: elsewhere */

static _Alignas(4096) u8 memory[PAGES * PAGE_SIZE];
static u32 maps;

static const u8 *map_page(void *context, u32 slot, u64 gpa)
{
	(void)context;
	assert_true(slot < GUEST_CODE_PAGES);
	assert_int_equal(gpa % PAGE_SIZE, 0);
	maps++;
	return gpa < sizeof(memory) ? memory + gpa : NULL;
}

static const struct guest_code_memory guest = { .map = map_page };
static struct guest_code code;
static struct guest_walk now;

static void put64(u64 at, u64 value)
{
	memcpy(memory + at, &value, 8);
}

/* The entries of LINEAR's translation are at these places. */
static const u64 entries[] = { 0x1000 + 8 * 256, 0x2000 + 8 * 1, 0x3000 + 8 * 2, 0x4000 + 8 * 3 };

static int setup(void **state)
{
	(void)state;
	memset(memory, 0, sizeof(memory));
	for (u32 i = 0; i < 4; i++)
		put64(entries[i], (0x2000 + 0x1000 * i) | 3);
	memset(memory + CODE, 0xc0, PAGE_SIZE);
	memset(memory + 0x6000, 0xd0, PAGE_SIZE);
	memory[CODE + 0xab0] = 0xf4;
	code = (struct guest_code){ 0 };
	now = (struct guest_walk){
		.cr0 = CR0_PG | CR0_PE, .cr3 = 0x1000, .cr4 = CR4_PAE, .efer = EFER_LMA
	};
	return 0;
}

static u32 fetch(u64 linear, u8 *first)
{
	u8 bytes[GUEST_CODE_BYTES] = { 0 };
	u32 count = guest_code_fetch(&code, &guest, &now, linear, bytes);

	*first = bytes[0];
	return count;
}

static void expect(u8 byte)
{
	u8 first;

	assert_int_equal(fetch(LINEAR, &first), GUEST_CODE_BYTES);
	assert_int_equal(first, byte);
}

static void keeps_a_translation(void **state)
{
	u8 first;

	(void)state;
	maps = 0;
	expect(0xf4);
	assert_int_equal(maps, 5);
	expect(0xf4);
	assert_int_equal(fetch(LINEAR + 0x10, &first), GUEST_CODE_BYTES);
	assert_int_equal(first, 0xc0);
	assert_int_equal(fetch(LINEAR + 0x54a, &first), 6); /* to the page's end */
	assert_int_equal(first, 0xc0);
	assert_int_equal(maps, 5);
	memory[CODE + 0xab0] = 0x90;
	expect(0x90);
	assert_int_equal(maps, 5);
}

/* Another CPU changes an entry of each level in turn, and takes it away. */
static void sees_changed_tables(void **state)
{
	u8 first;

	(void)state;
	/* Other tables: 0x7000 serves as each, and leads to the other code. */
	for (u32 i = 0; i < 4; i++) {
		(void)setup(NULL);
		for (u32 j = i + 1; j < 4; j++)
			put64(0x7000 + entries[j] % PAGE_SIZE, j == 3 ? 0x6003 : 0x7003);
		expect(0xf4);
		put64(entries[i], i == 3 ? 0x6003 : 0x7003);
		expect(0xd0);
		put64(entries[i], 0);
		assert_int_equal(fetch(LINEAR, &first), 0);
		assert_int_equal(fetch(LINEAR, &first), 0);
		put64(entries[i], 0x100003); /* outside the memory */
		assert_int_equal(fetch(LINEAR, &first), 0);
		put64(entries[i], (0x2000 + 0x1000 * i) | 3);
		expect(0xf4);
	}
}

static void sees_changed_registers(void **state)
{
	u8 first;

	(void)state;
	expect(0xf4);
	now.cr3 = 0x7000;
	assert_int_equal(fetch(LINEAR, &first), 0);
	now.cr3 = 0x1000;
	expect(0xf4);
	now.efer = 0; /* PAE paging has no such address */
	assert_int_equal(fetch(LINEAR, &first), 0);
	now.efer = EFER_LMA;
	expect(0xf4);
	now.cr0 = CR0_PE; /* no paging: 32 bits of it, outside the memory */
	assert_int_equal(fetch(LINEAR, &first), 0);
	assert_int_equal(fetch(CODE + 0xab0, &first), GUEST_CODE_BYTES);
	assert_int_equal(first, 0xf4);
	/* 32-bit paging, then PAE, of the same address. */
	now = (struct guest_walk){ .cr0 = CR0_PG | CR0_PE, .cr3 = 0x1000 };
	memset(memory + 0x1000, 0, PAGE_SIZE);
	memset(memory + 0x2000, 0, PAGE_SIZE);
	put64(0x1000, 0x2001);
	put64(0x2000, 0x5001);
	assert_int_equal(fetch(0xab0, &first), GUEST_CODE_BYTES);
	assert_int_equal(first, 0xf4);
	now.cr4 = CR4_PAE;
	assert_int_equal(fetch(0xab0, &first), 0);
}

static void agrees_with_a_walk(void **state)
{
	(void)state;
	for (u32 i = 0; i < 200000; i++) {
		u64 linear = LINEAR + random_below(4) * PAGE_SIZE + random_below(PAGE_SIZE);
		u64 at = 0x1000 + random_below(4) * PAGE_SIZE + 8 * random_below(8);
		u8 kept[GUEST_CODE_BYTES] = { 0 }, anew[GUEST_CODE_BYTES] = { 0 };
		struct guest_code none = { 0 };
		u32 count;

		if (random_below(4) == 0)
			put64(random_below(2) == 0 ? entries[random_below(4)] : at,
			      (0x1000 * random_below(PAGES + 1)) | (random_below(8) != 0));
		if (random_below(50) == 0)
			(void)setup(NULL);
		count = guest_code_fetch(&none, &guest, &now, linear, anew);
		assert_int_equal(guest_code_fetch(&code, &guest, &now, linear, kept), count);
		assert_memory_equal(kept, anew, GUEST_CODE_BYTES);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(keeps_a_translation, setup),
		cmocka_unit_test_setup(sees_changed_tables, setup),
		cmocka_unit_test_setup(sees_changed_registers, setup),
		cmocka_unit_test_setup(agrees_with_a_walk, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
