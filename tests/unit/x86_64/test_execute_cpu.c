/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that a vmm executes: 20,000 at random are compared with the CPU that runs this test.
 */
#include "support/random.h"
#include "support/test.h"

#include <string.h>

#include "components/vmm/x86/execute.h"
#include "tests/unit/x86_64/on_cpu.h"

#define SAMPLES 20000u
#define CELL    3600u /* the operand, in the page */
#define SOURCE  3400u
#define TARGET  3800u
#define STACK   3300u

#define RAX 0
#define RCX 1
#define RBX 3
#define RSP 4
#define RSI 6
#define RDI 7

#define CF BIT(0)
#define AF BIT(4)
#define ZF BIT(6)
#define DF BIT(10)

static u8 copy[PAGE_SIZE];
static u64 copy_base;

static bool copy_read(void *context, u64 gpa, u32 bytes, u64 *value)
{
	(void)context;
	*value = 0;
	assert_in_range(gpa - copy_base, ON_CPU_FREE, PAGE_SIZE - bytes);
	memcpy(value, copy + (gpa - copy_base), bytes);
	return true;
}

static bool copy_write(void *context, u64 gpa, u32 bytes, u64 value)
{
	(void)context;
	assert_in_range(gpa - copy_base, ON_CPU_FREE, PAGE_SIZE - bytes);
	memcpy(copy + (gpa - copy_base), &value, bytes);
	return true;
}

static const struct x86_bus copy_bus = { .read = copy_read, .write = copy_write };

struct form {
	u16 opcode;       /* 0F is the upper byte */
	u8 immediate;     /* bytes; 0xff: of the operand, at most 4 */
	int8_t extension; /* in ModRM; -1: a register; -2: a string */
	u64 undefined;    /* flags */
};

#define LOGIC  AF
#define BITS   (X86_FLAGS_ARITHMETIC & ~(CF | ZF))
#define STRING (-2)
#define NUMBER 0xff
#define ALU(n, flags)                                                                            \
	{ 8 * (n), 0, -1, flags }, { 8 * (n) + 1, 0, -1, flags }, { 8 * (n) + 2, 0, -1, flags }, \
		{ 8 * (n) + 3, 0, -1, flags }, { 0x80, NUMBER, n, flags },                       \
		{ 0x81, NUMBER, n, flags },                                                      \
	{                                                                                        \
		0x83, 1, n, flags                                                                \
	}

static const struct form forms[] = {
	ALU(0, 0),
	ALU(1, LOGIC),
	ALU(2, 0),
	ALU(3, 0),
	ALU(4, LOGIC),
	ALU(5, 0),
	ALU(6, LOGIC),
	ALU(7, 0),
	{ 0x84, 0, -1, LOGIC },
	{ 0x85, 0, -1, LOGIC },
	{ 0x86, 0, -1, 0 },
	{ 0x87, 0, -1, 0 },
	{ 0x8f, 0, 0, 0 },
	{ 0xf6, NUMBER, 0, LOGIC },
	{ 0xf7, NUMBER, 0, LOGIC },
	{ 0xf6, 0, 2, 0 },
	{ 0xf7, 0, 2, 0 },
	{ 0xf6, 0, 3, 0 },
	{ 0xf7, 0, 3, 0 },
	{ 0xfe, 0, 0, 0 },
	{ 0xfe, 0, 1, 0 },
	{ 0xff, 0, 0, 0 },
	{ 0xff, 0, 1, 0 },
	{ 0xff, 0, 6, 0 },
	{ 0x0fa3, 0, -1, BITS },
	{ 0x0fab, 0, -1, BITS },
	{ 0x0fb3, 0, -1, BITS },
	{ 0x0fbb, 0, -1, BITS },
	{ 0x0fba, 1, 4, BITS },
	{ 0x0fba, 1, 5, BITS },
	{ 0x0fba, 1, 6, BITS },
	{ 0x0fba, 1, 7, BITS },
	{ 0x0fb0, 0, -1, 0 },
	{ 0x0fb1, 0, -1, 0 },
	{ 0x0fc0, 0, -1, 0 },
	{ 0x0fc1, 0, -1, 0 },
	{ 0xa4, 0, STRING, 0 },
	{ 0xa5, 0, STRING, 0 },
	{ 0xa6, 0, STRING, 0 },
	{ 0xa7, 0, STRING, 0 },
	{ 0xaa, 0, STRING, 0 },
	{ 0xab, 0, STRING, 0 },
	{ 0xac, 0, STRING, 0 },
	{ 0xad, 0, STRING, 0 },
	{ 0xae, 0, STRING, 0 },
	{ 0xaf, 0, STRING, 0 },
};

static u32 prefixes(u8 *bytes, const struct form *form, bool *rex_w, bool *small)
{
	u32 n = 0;

	*small = random_below(4) == 0;
	*rex_w = false;
	if (*small)
		bytes[n++] = 0x66;
	if (form->extension == STRING && random_below(2) == 0)
		bytes[n++] = (u8)(0xf2 + random_below(2));
	if (random_below(2) == 0) {
		u8 rex = (u8)(0x40 | (random_below(4) << 2)); /* W and R */

		*rex_w = (rex & 8) != 0;
		bytes[n++] = rex;
	}
	return n;
}

/* ModRM and what belongs to it, for the operand at @cell. @next: bytes behind. */
static u32 address(u8 *bytes, u8 reg, u64 cell, u64 r[16], u64 rip, u32 behind)
{
	u32 n = 0;
	s32 displacement = (s32)random_below(512) - 256;
	u8 scale = (u8)random_below(4);

	reg = (u8)((reg & 7) << 3);
	switch (random_below(5)) {
	case 0:
		r[RBX] = cell;
		bytes[n++] = reg | RBX;
		return n;
	case 1:
		r[RBX] = cell - (u64)(s64)(int8_t)displacement;
		bytes[n++] = 0x40 | reg | RBX;
		bytes[n++] = (u8)displacement;
		return n;
	case 2:
		r[RBX] = cell - (u64)(s64)displacement - (r[RSI] << scale);
		bytes[n++] = 0x80 | reg | 4;
		bytes[n++] = (u8)(scale << 6 | RSI << 3 | RBX);
		break;
	case 3:
		displacement = (s32)(cell - (rip + 5 + behind));
		bytes[n++] = reg | 5;
		break;
	default:
		bytes[n++] = reg | 4; /* an absolute address */
		bytes[n++] = 4 << 3 | 5;
		displacement = (s32)cell;
		break;
	}
	memcpy(bytes + n, &displacement, 4);
	return n + 4;
}

/* An instruction in @bytes, and registers in @r. Returns its length. */
static u32 draw(const struct form *form, u8 *bytes, u64 page, u64 start, u64 r[16])
{
	bool rex_w, small;
	u32 n = prefixes(bytes, form, &rex_w, &small), width = rex_w ? 8 : small ? 2 : 4;
	u32 immediate = form->immediate;
	u8 reg = (u8)random_below(8);

	if (immediate == NUMBER)
		immediate = (form->opcode & 1) == 0 ? 1 : MIN(width, 4u);
	if (form->opcode > 0xff)
		bytes[n++] = 0x0f;
	bytes[n++] = (u8)form->opcode;
	if (form->extension == STRING)
		return n;
	if (form->extension >= 0)
		reg = (u8)form->extension;
	else if (form->undefined == BITS)
		reg = (u8)random_below(3); /* of those with small numbers */
	n += address(bytes + n, reg, page + CELL, r, start + n, immediate);
	for (u32 i = 0; i < immediate; i++)
		bytes[n++] = (u8)random_below(256);
	return n;
}

static void draw_registers(const struct form *form, u64 page, u64 r[16])
{
	for (u32 i = 0; i < 16; i++)
		r[i] = random_below(UINT64_MAX);
	r[RSP] = page + STACK;
	if (form->extension == STRING) {
		r[RSI] = page + SOURCE + random_below(16);
		r[RDI] = page + TARGET + random_below(16);
		r[RCX] = random_below(5);
	}
	for (u32 i = 0; i < 16 && form->undefined == BITS; i++)
		if ((i & 7) < 3) /* of a 16-bit operand, too */
			r[i] = (u64)(s64)((s32)random_below(1000) - 500);
	if (random_below(2) == 0 && form->opcode >> 1 == 0x0fb0 >> 1)
		memcpy(&r[RAX], copy + CELL, 8);
}

static void one_against_the_cpu(struct on_cpu *p, const struct form *form)
{
	struct x86_insn_state s = { .code_bytes = 8, .rflags = 2 };
	u64 page = (uintptr_t)p->page, flags, results[16];
	u32 length;

	s.rflags |= random_below(UINT64_MAX) & X86_FLAGS_ARITHMETIC;
	if (form->extension == STRING && random_below(2) == 0)
		s.rflags |= DF;
	for (u32 i = ON_CPU_FREE; i < PAGE_SIZE; i++)
		copy[i] = p->page[i] = (u8)random_below(form->extension == STRING ? 2 : 256);
	draw_registers(form, page, s.r);
	on_cpu_begin(p, s.r, s.rflags);
	length = draw(form, s.code, page, page + p->insn, s.r);
	on_cpu_begin(p, s.r, s.rflags);
	s.count = X86_INSN_MAX;
	s.rip = page + p->insn;
	s.gpa = page;
	copy_base = page;
	flags = on_cpu_run(p, s.code, length, results);
	for (u32 i = 0; i < 6 && s.length == 0; i++) {
		x86_execute(&s, &copy_bus);
		assert_int_equal(s.exception, 0);
	}
	assert_int_equal(s.length, length);
	assert_memory_equal(results, s.r, sizeof(results));
	assert_int_equal((flags ^ s.rflags) & X86_FLAGS_ARITHMETIC & ~form->undefined, 0);
	assert_memory_equal(copy + ON_CPU_FREE, p->page + ON_CPU_FREE, PAGE_SIZE - ON_CPU_FREE);
}

/* Each form leaves the registers, the flags and the memory that it leaves on the CPU. */
static void effects_agree_with_the_cpu(void **state)
{
#ifdef __x86_64__
	struct on_cpu p;

	(void)state;
	on_cpu_open(&p);
	random_seed(7);
	for (u32 i = 0; i < SAMPLES; i++)
		one_against_the_cpu(&p, &forms[i % ARRAY_SIZE(forms)]);
	on_cpu_close(&p);
#else
	(void)state;
	(void)one_against_the_cpu;
	skip();
#endif
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(effects_agree_with_the_cpu) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
