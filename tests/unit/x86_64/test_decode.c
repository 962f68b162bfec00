/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that access emulated memory, each form by hand. Lengths of 4,000 at random are
 * compared with objdump, effects of 4,000 with the CPU. Random bytes must not be read beyond their
 * end, nor be accepted when cut.
 */
#include "support/random.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "arch/x86_64/pure/decode.h"
#include "tests/unit/x86_64/on_cpu.h"

#define SAMPLES 4000u
#define SLOT    32u /* bytes of a sample in the file: NOPs fill it */

static const struct {
	const char *bytes;
	u32 count;
	bool code32;
	struct x86_insn expected;
} forms[] = {
	/* mov %eax,(%rdi) and so on, as gcc writes them for a register of a device */
	{ "\x89\x07", 2, false, { .length = 2, .write = true, .width = 4, .reg_width = 4 } },
	{ "\x8b\x47\x10", 3, false, { .length = 3, .width = 4, .reg_width = 4 } },
	{ "\x44\x8b\x84\x24\x78\x56\x34\x12",
	  8,
	  false,
	  { .length = 8, .width = 4, .reg = 8, .reg_width = 4 } },
	{ "\x48\x89\x05\x00\x00\x00\x00",
	  7,
	  false,
	  { .length = 7, .write = true, .width = 8, .reg_width = 8 } },
	{ "\x88\x27",
	  2,
	  false,
	  { .length = 2, .write = true, .width = 1, .high = true, .reg_width = 1 } },
	{ "\x40\x88\x27",
	  3,
	  false,
	  { .length = 3, .write = true, .width = 1, .reg = 4, .reg_width = 1 } },
	{ "\x66\x8b\x1f", 3, false, { .length = 3, .width = 2, .reg = 3, .reg_width = 2 } },
	{ "\xc7\x07\x78\x56\x34\x12",
	  6,
	  false,
	  { .length = 6,
	    .write = true,
	    .width = 4,
	    .has_immediate = true,
	    .immediate = 0x12345678 } },
	{ "\x48\xc7\x07\xff\xff\xff\xff",
	  7,
	  false,
	  { .length = 7,
	    .write = true,
	    .width = 8,
	    .has_immediate = true,
	    .immediate = UINT64_MAX } },
	{ "\xc6\x07\x80",
	  3,
	  false,
	  { .length = 3, .write = true, .width = 1, .has_immediate = true, .immediate = 0x80 } },
	{ "\x66\xc7\x07\x34\x12",
	  5,
	  false,
	  { .length = 5, .write = true, .width = 2, .has_immediate = true, .immediate = 0x1234 } },
	{ "\x0f\xb6\x07",
	  3,
	  false,
	  { .length = 3, .width = 1, .extend = X86_EXTEND_ZERO, .reg_width = 4 } },
	{ "\x4c\x0f\xbf\x0f",
	  4,
	  false,
	  { .length = 4, .width = 2, .reg = 9, .extend = X86_EXTEND_SIGN, .reg_width = 8 } },
	{ "\x48\x63\x07",
	  3,
	  false,
	  { .length = 3, .width = 4, .extend = X86_EXTEND_SIGN, .reg_width = 8 } },
	{ "\xa1\x00\x00\xee\xfe\x00\x00\x00\x00",
	  9,
	  false,
	  { .length = 9, .width = 4, .reg_width = 4 } },
	{ "\xa3\x00\x00\xee\xfe",
	  5,
	  true,
	  { .length = 5, .write = true, .width = 4, .reg_width = 4 } },
	{ "\x67\x89\x46\x04", 4, true, { .length = 4, .write = true, .width = 4, .reg_width = 4 } },
	{ "\x65\x8b\x04\x25\x10\x00\x00\x00",
	  8,
	  false,
	  { .length = 8, .width = 4, .reg_width = 4 } },
};

static void every_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		const u8 *bytes = (const u8 *)forms[i].bytes;
		struct x86_insn insn;

		assert_true(x86_decode(bytes, forms[i].count, forms[i].code32 ? 4 : 8, &insn));
		assert_int_equal(insn.length, forms[i].expected.length);
		assert_int_equal(insn.write, forms[i].expected.write);
		assert_int_equal(insn.width, forms[i].expected.width);
		assert_int_equal(insn.reg, forms[i].expected.reg);
		assert_int_equal(insn.high, forms[i].expected.high);
		assert_int_equal(insn.extend, forms[i].expected.extend);
		assert_int_equal(insn.reg_width, forms[i].expected.reg_width);
		assert_int_equal(insn.has_immediate, forms[i].expected.has_immediate);
		assert_int_equal(insn.immediate, forms[i].expected.immediate);
		for (u32 cut = 0; cut < forms[i].count; cut++)
			assert_false(x86_decode(bytes, cut, forms[i].code32 ? 4 : 8, &insn));
	}
}

static void refused(void **state)
{
	static const struct {
		const char *bytes;
		u32 count;
	} others[] = {
		{ "\x89\xc7", 2 },                 /* between registers */
		{ "\xf0\x89\x07", 3 },             /* LOCK */
		{ "\xc7\x4f\x00\x00\x00\x00", 6 }, /* C7 /1 */
		{ "\x63\x07", 2 },                 /* MOVSXD without REX.W */
		{ "\x0f\xaf\x07", 3 },             /* IMUL */
		{ "\x90", 1 },
		{ "\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x66\x89\x07", 16 },
	};
	struct x86_insn insn;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_false(x86_decode((const u8 *)others[i].bytes, others[i].count, 8, &insn));
}

static void values(void **state)
{
	struct x86_insn insn;
	u64 r[16] = { [0] = 0x1122334455667788, [9] = UINT64_MAX };

	(void)state;
	assert_true(x86_decode((const u8 *)"\x88\x27", 2, 8, &insn));
	assert_int_equal(x86_insn_store(&insn, r), 0x77);
	assert_true(x86_decode((const u8 *)"\x66\x89\x07", 3, 8, &insn));
	assert_int_equal(x86_insn_store(&insn, r), 0x7788);
	assert_true(x86_decode((const u8 *)"\x8a\x27", 2, 8, &insn)); /* to AH */
	x86_insn_load(&insn, r, 0xabcd);
	assert_int_equal(r[0], 0x112233445566cd88);
	assert_true(x86_decode((const u8 *)"\x66\x8b\x07", 3, 8, &insn));
	x86_insn_load(&insn, r, 0x12345);
	assert_int_equal(r[0], 0x1122334455662345);
	assert_true(x86_decode((const u8 *)"\x8b\x07", 2, 8, &insn));
	x86_insn_load(&insn, r, 0xdeadbeefcafe);
	assert_int_equal(r[0], 0xbeefcafe);
	assert_true(x86_decode((const u8 *)"\x4c\x0f\xbf\x0f", 4, 8, &insn));
	x86_insn_load(&insn, r, 0x8000);
	assert_int_equal(r[9], (u64)(s64)-0x8000);
	assert_true(x86_decode((const u8 *)"\x44\x0f\xbe\x0f", 4, 8, &insn));
	x86_insn_load(&insn, r, 0x80);
	assert_int_equal(r[9], 0xffffff80);
}

static u8 samples[SAMPLES][SLOT];
static u32 lengths[SAMPLES];

/* Draw bytes that look like one of the forms until one is accepted. */
static void draw(u32 at)
{
	static const u8 opcodes[] = { 0x88, 0x89, 0x8a, 0x8b, 0xc6, 0xc7, 0xa0, 0xa3, 0x0f, 0x63 };
	struct x86_insn insn;
	u8 bytes[SLOT];

	do {
		u32 n = 0;

		if (random_below(4) == 0)
			bytes[n++] = 0x66;
		if (random_below(8) == 0)
			bytes[n++] = 0x67;
		if (random_below(8) == 0)
			bytes[n++] = 0x65;
		if (random_below(2) == 0)
			bytes[n++] = (u8)(0x40 + random_below(16));
		bytes[n++] = opcodes[random_below(ARRAY_SIZE(opcodes))];
		while (n < X86_INSN_MAX)
			bytes[n++] = (u8)random_below(256);
	} while (!x86_decode(bytes, X86_INSN_MAX, 8, &insn));
	memset(samples[at], 0x90, SLOT);
	memcpy(samples[at], bytes, insn.length);
	lengths[at] = insn.length;
}

/* objdump prints each instruction's address: the first one of a slot ends where the next begins. */
static void lengths_agree_with_objdump(void **state)
{
	char path[] = "/tmp/mullion-decode-XXXXXX", command[256], line[256];
	u32 starts = 0, slot = UINT32_MAX;
	FILE *out;
	int fd;

	(void)state;
	if (system("objdump --version >/dev/null 2>&1") != 0)
		skip();
	random_seed(1);
	for (u32 i = 0; i < SAMPLES; i++)
		draw(i);
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, samples, sizeof(samples)), sizeof(samples));
	assert_int_equal(close(fd), 0);
	(void)snprintf(command, sizeof(command), "objdump -D -z -w -b binary -m i386:x86-64 %s",
		       path);
	out = popen(command, "r");
	assert_non_null(out);
	while (fgets(line, sizeof(line), out) != NULL) {
		char *end;
		unsigned long at = strtoul(line, &end, 16);

		if (end == line || *end != ':')
			continue;
		if (slot != UINT32_MAX && at / SLOT == slot) {
			assert_int_equal(at % SLOT, lengths[slot]);
			slot = UINT32_MAX;
		}
		if (at % SLOT == 0) {
			slot = (u32)(at / SLOT);
			starts++;
		}
	}
	assert_int_equal(pclose(out), 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(starts, SAMPLES);
}

/* --- Against this machine's CPU --------------------------------------------------------------- */

#define CELL      4000u /* memory that the instruction accesses, in the page */
#define BASE      3u    /* RBX points to the cell */
#define PREFIX_66 0x66
#define PREFIX_67 0x67

/* A random form whose operand is at RBX, or at the address in the instruction. */
static u32 form(u8 *bytes, u64 cell)
{
	static const u16 opcodes[] = { 0x88, 0x89, 0x8a, 0x8b,  0xc6,  0xc7,  0xa0, 0xa1,
				       0xa2, 0xa3, 0x63, 0xfb6, 0xfb7, 0xfbe, 0xfbf };
	u16 opcode = opcodes[random_below(ARRAY_SIZE(opcodes))];
	u64 immediate = random_below(UINT64_C(1) << 32);
	u32 n = 0;

	if (random_below(3) == 0)
		bytes[n++] = PREFIX_66;
	if (random_below(4) == 0)
		bytes[n++] = PREFIX_67;
	if (random_below(2) == 0)
		bytes[n++] = (u8)(0x40 | (random_below(8) << 1 & 0xc)); /* W and R */
	if (opcode > 0xff)
		bytes[n++] = 0x0f;
	bytes[n++] = (u8)opcode;
	if (opcode >= 0xa0 && opcode <= 0xa3) {
		memcpy(bytes + n, &cell, 8);
		return n + 8;
	}
	bytes[n++] = (u8)(BASE | (opcode == 0xc6 || opcode == 0xc7 ? 0 : random_below(8) << 3));
	memcpy(bytes + n, &immediate, 4);
	return n + 4;
}

static void one_against_the_cpu(struct on_cpu *p)
{
	u64 cell = (uintptr_t)p->page + CELL, memory = random_below(UINT64_MAX), r[16];
	u64 results[16], after;
	struct x86_insn insn;
	u8 bytes[SLOT];

	while (!x86_decode(bytes, form(bytes, cell), 8, &insn))
		;
	for (u32 i = 0; i < 16; i++)
		r[i] = random_below(UINT64_MAX);
	r[BASE] = cell;
	memcpy(p->page + CELL, &memory, sizeof(memory));
	on_cpu_begin(p, r, 2);
	(void)on_cpu_run(p, bytes, insn.length, results);
	memcpy(&after, p->page + CELL, sizeof(after));
	if (insn.write) {
		u64 value = x86_insn_store(&insn, r);

		memcpy(&memory, &value, insn.width);
	} else {
		x86_insn_load(&insn, r, memory);
	}
	assert_memory_equal(results, r, sizeof(r));
	assert_int_equal(after, memory);
}

/* Each form leaves the registers and memory that it leaves on the CPU that runs this test. */
static void values_agree_with_the_cpu(void **state)
{
#ifdef __x86_64__
	struct on_cpu p;

	(void)state;
	on_cpu_open(&p);
	random_seed(3);
	for (u32 i = 0; i < SAMPLES; i++)
		one_against_the_cpu(&p);
	on_cpu_close(&p);
#else
	(void)state;
	(void)one_against_the_cpu;
	skip();
#endif
}

/* The buffer ends with the bytes, so that the sanitizer sees a read beyond them. */
static void random_bytes(void **state)
{
	static const u8 code[] = { 2, 4, 8 };
	struct x86_insn insn, again;

	(void)state;
	random_seed(2);
	for (u32 i = 0; i < 200000; i++) {
		u32 count = (u32)random_below(17);
		u8 *bytes = malloc(count + 1);

		assert_non_null(bytes);
		for (u32 b = 0; b < count; b++)
			bytes[b + 1] = (u8)random_below(256);
		if (x86_decode(bytes + 1, count, code[i % 3], &insn)) {
			assert_in_range(insn.length, 2, MIN(count, X86_INSN_MAX));
			assert_true(insn.reg < 16);
			assert_false(x86_decode(bytes + 1, insn.length - 1u, code[i % 3], &again));
		}
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form),   cmocka_unit_test(refused),
		cmocka_unit_test(values),       cmocka_unit_test(lengths_agree_with_objdump),
		cmocka_unit_test(random_bytes), cmocka_unit_test(values_agree_with_the_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
