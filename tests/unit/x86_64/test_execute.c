/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that a vmm executes: modes, faults, and the accesses that a device sees. */
#include "support/test.h"

#include <string.h>

#include "arch/x86_64/pure/cr.h"
#include "components/vmm/x86/execute.h"
#include <abi/component.h>

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSP 4
#define RSI 6
#define RDI 7

#define ZF BIT(6)

#define RAM       0x10000u
#define DEVICE    0xd0000000u
#define DIRECTORY 0x8000u /* 32-bit paging */
#define TABLE     0x9000u
#define PORT      0x1234u

struct access {
	bool write;
	u64 gpa, value;
	u32 bytes;
};

static u8 ram[RAM];
static struct access accesses[8];
static u32 num_accesses;
static u64 device_value;

static bool machine_table(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	(void)context;
	*entry = 0;
	if (gpa > RAM - bytes)
		return false;
	memcpy(entry, ram + gpa, bytes);
	return true;
}

static void note(bool write, u64 gpa, u32 bytes, u64 value)
{
	assert_true(num_accesses < ARRAY_SIZE(accesses));
	accesses[num_accesses++] = (struct access){ write, gpa, value, bytes };
}

static bool machine_read(void *context, u64 gpa, u32 bytes, u64 *value)
{
	if (machine_table(context, gpa, bytes, value))
		return true;
	if (gpa / PAGE_SIZE != DEVICE / PAGE_SIZE && gpa != PORT_BASE + PORT)
		return false;
	note(false, gpa, bytes, device_value);
	*value = device_value;
	return true;
}

static bool machine_write(void *context, u64 gpa, u32 bytes, u64 value)
{
	(void)context;
	if (gpa <= RAM - bytes) {
		memcpy(ram + gpa, &value, bytes);
		return true;
	}
	if (gpa / PAGE_SIZE != DEVICE / PAGE_SIZE && gpa != PORT_BASE + PORT)
		return false;
	note(true, gpa, bytes, value);
	return true;
}

static const struct x86_bus machine = {
	.table = machine_table,
	.read = machine_read,
	.write = machine_write,
};

static struct x86_insn_state s;

/* 32-bit code with flat segments at an access to the device. */
static int fresh(void **unused)
{
	(void)unused;
	memset(ram, 0, sizeof(ram));
	num_accesses = 0;
	device_value = 0x11223344;
	s = (struct x86_insn_state){ .code_bytes = 4, .rflags = 2, .cr0 = CR0_PE, .gpa = DEVICE };
	for (u32 i = 0; i < X86_SEGMENTS; i++) {
		s.segments[i].limit = UINT32_MAX;
		s.segments[i].writable = s.segments[i].large = true;
	}
	s.r[RBX] = DEVICE;
	s.r[RSP] = 0x2000;
	return 0;
}

static void execute(const char *code, u32 length)
{
	memset(s.code, 0, sizeof(s.code));
	memcpy(s.code, code, length);
	s.count = (u8)length;
	x86_execute(&s, &machine);
}

#define EXECUTE(code) execute(code, sizeof(code) - 1)

static void expect_access(u32 number, bool write, u64 gpa, u32 bytes, u64 value)
{
	assert_true(number < num_accesses);
	assert_int_equal(accesses[number].write, write);
	assert_int_equal(accesses[number].gpa, gpa);
	assert_int_equal(accesses[number].bytes, bytes);
	if (write)
		assert_int_equal(accesses[number].value, value);
}

/* One read and one write, each of the operand's width. */
static void a_device_sees_each_access_once(void **state)
{
	(void)state;
	EXECUTE("\x83\x0b\x01"); /* or $1, (%ebx) */
	assert_int_equal(s.length, 3);
	assert_int_equal(num_accesses, 2);
	expect_access(0, false, DEVICE, 4, 0);
	expect_access(1, true, DEVICE, 4, 0x11223345);
	num_accesses = 0;
	EXECUTE("\xf7\x03\x01\x00\x00\x00"); /* test */
	assert_int_equal(num_accesses, 1);
	num_accesses = 0;
	s.r[RAX] = 5;
	EXECUTE("\xf0\x0f\xb1\x0b"); /* lock cmpxchg: not equal, and written back */
	assert_int_equal(num_accesses, 2);
	expect_access(1, true, DEVICE, 4, 0x11223344);
	assert_int_equal(s.r[RAX], 0x11223344);
	assert_int_equal(s.rflags & ZF, 0);
	num_accesses = 0;
	EXECUTE("\x66\xab"); /* stos: its target is elsewhere */
	assert_int_equal(s.length, X86_INSN_AGAIN);
	assert_int_equal(s.exception, 0);
	assert_int_equal(num_accesses, 0);
	s.r[RDI] = DEVICE;
	EXECUTE("\x66\xab");
	assert_int_equal(num_accesses, 1);
	expect_access(0, true, DEVICE, 2, 0x3344);
	assert_int_equal(s.r[RDI], DEVICE + 2);
}

static void elements_of_strings(void **state)
{
	(void)state;
	s.r[RSI] = DEVICE;
	s.r[RDI] = 0x3000;
	s.r[RCX] = 3;
	for (u32 left = 3; left > 0; left--) {
		EXECUTE("\xf3\xa5"); /* rep movsd */
		assert_int_equal(s.length, left == 1 ? 2 : 0);
		assert_int_equal(s.r[RCX], left - 1);
	}
	assert_int_equal(num_accesses, 3);
	expect_access(2, false, DEVICE + 8, 4, 0);
	assert_memory_equal(ram + 0x3008, "\x44\x33\x22\x11", 4);
	EXECUTE("\xf3\xa5"); /* no element is left */
	assert_int_equal(s.length, 2);
	assert_int_equal(num_accesses, 3);
	s.r[RCX] = 9;
	s.r[RSI] = 0x3000;
	s.r[RDI] = DEVICE;
	EXECUTE("\xf3\xa7"); /* repe cmpsd: equal */
	assert_int_equal(s.length, 0);
	device_value = 0;
	EXECUTE("\xf3\xa7");
	assert_int_equal(s.length, 2);
	assert_int_equal(s.r[RCX], 7);
}

static void strings_of_ports(void **state)
{
	(void)state;
	s.gpa = PORT_BASE + PORT;
	s.r[RDX] = 0x55550000 | PORT;
	s.r[RDI] = 0x1ffe; /* across pages */
	s.r[RCX] = 2;
	EXECUTE("\xf3\x6d"); /* rep insd */
	assert_int_equal(s.length, 0);
	assert_int_equal(num_accesses, 1);
	expect_access(0, false, PORT_BASE + PORT, 4, 0);
	assert_memory_equal(ram + 0x1ffe, "\x44\x33\x22\x11", 4);
	s.r[RSI] = 0x1ffe;
	EXECUTE("\x6e"); /* outsb */
	expect_access(1, true, PORT_BASE + PORT, 1, 0x44);
	s.r[RDX]++;
	EXECUTE("\x6e"); /* another port: again */
	assert_int_equal(s.length, X86_INSN_AGAIN);
	assert_int_equal(s.exception, 0);
	assert_int_equal(num_accesses, 2);
}

/* The element's place in memory; 0xdead: a fault. */
static u64 place_of(const char *code, u32 length)
{
	s.exception = 0;
	num_accesses = 0;
	execute(code, length);
	if (s.exception != 0)
		return 0xdead;
	assert_int_equal(num_accesses, 1);
	return accesses[0].value;
}

#define PLACE_OF(code) place_of(code, sizeof(code) - 1)

static void segments_of_strings(void **state)
{
	(void)state;
	s.gpa = PORT_BASE + PORT;
	s.r[RDX] = PORT;
	for (u32 i = 0; i < X86_SEGMENTS; i++) {
		s.segments[i].base = 0x100 * i;
		s.segments[i].limit = 0xfff;
		ram[0x100 * i] = (u8)(0x10 + i);
		ram[0x100 * i + 0xfff] = (u8)(0x20 + i);
	}
	assert_int_equal(PLACE_OF("\x6e"), 0x10 + X86_DS);
	s.r[RSI] = 0;
	assert_int_equal(PLACE_OF("\x26\x6e"), 0x10 + X86_ES);
	s.r[RSI] = 0;
	assert_int_equal(PLACE_OF("\x36\x64\x67\x6e"), 0x10 + X86_FS);
	s.r[RSI] = 0;
	assert_int_equal(PLACE_OF("\x65\x6e"), 0x10 + X86_GS);
	s.r[RSI] = 0xfff;
	assert_int_equal(PLACE_OF("\x6e"), 0x20 + X86_DS);
	assert_int_equal(PLACE_OF("\x6e"), 0xdead);
	assert_int_equal(s.exception, 13);
	s.r[RSI] = 0x1000;
	assert_int_equal(PLACE_OF("\x36\x6e"), 0xdead);
	assert_int_equal(s.exception, 12);
	s.segments[X86_DS].expands_down = true;
	s.r[RSI] = 0xfff;
	assert_int_equal(PLACE_OF("\x6e"), 0xdead);
	s.segments[X86_DS].base = UINT32_MAX; /* wraps */
	assert_int_equal(PLACE_OF("\x6e"), 0xdead);
	s.r[RSI] = 0x1000;
	assert_int_equal(PLACE_OF("\x6e"), 0x20);
	s.segments[X86_DS].large = false;
	s.r[RSI] = 0x10000;
	assert_int_equal(PLACE_OF("\x6e"), 0xdead);
	s.code_bytes = 8; /* neither limits nor bases but those of FS and GS */
	s.segments[X86_FS].base = 0x300;
	s.r[RSI] = UINT64_C(0x500000000);
	assert_int_equal(PLACE_OF("\x64\x67\x6e"), 0x13);
	s.r[RSI] = UINT64_C(0x800000000000);
	assert_int_equal(PLACE_OF("\x6e"), 0xdead);
}

/* The parts of registers that an element changes. */
static void registers_of_strings(void **state)
{
	(void)state;
	s.gpa = PORT_BASE + PORT;
	s.code_bytes = 8;
	s.rflags |= BIT(10); /* down */
	s.r[RDX] = PORT;
	s.r[RSI] = UINT64_C(0x5555555500000002);
	s.r[RCX] = UINT64_C(0x7777777700000001);
	EXECUTE("\xf3\x67\x6f");
	assert_int_equal(s.length, 3);
	assert_int_equal(s.r[RSI], 0xfffffffe);
	assert_int_equal(s.r[RCX], 0);
	s.code_bytes = 4;
	s.rflags &= ~BIT(10);
	s.r[RSI] = 0x1234ffff;
	s.r[RCX] = 0x99990003;
	EXECUTE("\xf3\x67\x6e");
	assert_int_equal(s.length, 0);
	assert_int_equal(s.r[RSI], 0x12340000);
	assert_int_equal(s.r[RCX], 0x99990002);
	s.r[RCX] = 0x99990000;
	EXECUTE("\xf3\x67\x6e");
	assert_int_equal(s.length, 3);
	assert_int_equal(s.r[RSI], 0x12340000);
	EXECUTE("\x67\x6e"); /* without REP the count has no part */
	assert_int_equal(s.r[RSI], 0x12340001);
	assert_int_equal(s.r[RCX], 0x99990000);
}

static void stack(void **state)
{
	(void)state;
	EXECUTE("\xff\x33"); /* push (%ebx) */
	assert_int_equal(s.r[RSP], 0x1ffc);
	assert_memory_equal(ram + 0x1ffc, "\x44\x33\x22\x11", 4);
	EXECUTE("\x66\x8f\x03"); /* popw */
	expect_access(1, true, DEVICE, 2, 0x3344);
	assert_int_equal(s.r[RSP], 0x1ffe);
	s.segments[X86_SS].large = false; /* a stack of 16 bits */
	s.r[RSP] = 0x77770001;
	s.segments[X86_SS].limit = 0xffff;
	EXECUTE("\x66\xff\x33");
	assert_int_equal(s.exception, 12);
	assert_int_equal(num_accesses, 2);
	s.r[RSP] = 0x77770002;
	EXECUTE("\x66\xff\x33");
	assert_int_equal(s.r[RSP], 0x77770000);
	assert_memory_equal(ram, "\x44\x33", 2);
}

/* 16-bit code: its addresses, and segments of real mode. */
static void code_of_16_bits(void **state)
{
	(void)state;
	s.code_bytes = 2;
	s.cr0 = 0;
	for (u32 i = 0; i < X86_SEGMENTS; i++)
		s.segments[i].limit = 0xffff;
	s.segments[X86_ES].base = DEVICE;
	s.gpa = DEVICE;
	s.r[RBX] = 0xabcd0ffe; /* the upper half has no part */
	s.r[RSI] = 0xeff4;
	EXECUTE("\x26\x83\x40\x10\x01"); /* addw $1, %es:16(%bx,%si): wraps */
	assert_int_equal(s.length, 5);
	expect_access(1, true, DEVICE + 2, 2, 0x3345);
}

static void map(u32 page, u32 entry)
{
	memcpy(ram + DIRECTORY + 4 * (page >> 10), &(u32){ TABLE | 7 }, 4);
	memcpy(ram + TABLE + 4 * (page & 0x3ff), &entry, 4);
}

/* Faults of the second operand come before the device is accessed. */
static void faults_of_memory(void **state)
{
	(void)state;
	s.cr0 |= CR0_PG | CR0_WP;
	s.cr3 = DIRECTORY;
	map(0, DEVICE | 7);
	map(1, 0x3000 | 5);
	map(2, 0x3000 | 3);
	s.r[RSI] = 0x10;
	s.r[RDI] = 0x1000;
	EXECUTE("\xa5"); /* movsd to memory that is read-only */
	assert_int_equal(s.exception, 14);
	assert_int_equal(s.error, 3);
	assert_int_equal(s.cr2, 0x1000);
	s.cpl = 3;
	s.r[RDI] = 0x2000; /* the supervisor's */
	EXECUTE("\xa5");
	assert_int_equal(s.error, 7);
	s.cpl = 0;
	s.r[RDI] = 0x2ffe; /* its second part is not there */
	EXECUTE("\xa5");
	assert_int_equal(s.error, 2);
	assert_int_equal(s.cr2, 0x3000);
	assert_int_equal(num_accesses, 0);
	assert_int_equal(s.r[RSI], 0x10);
	s.segments[X86_ES].writable = false;
	s.r[RDI] = 0x2000;
	EXECUTE("\xa5");
	assert_int_equal(s.exception, 13);
	s.segments[X86_ES].writable = true;
	EXECUTE("\xa5");
	assert_int_equal(s.length, 1);
	expect_access(0, false, DEVICE + 0x10, 4, 0);
	assert_memory_equal(ram + 0x3000, "\x44\x33\x22\x11", 4);
	/* The tables change: the operand is no longer where the access was. */
	map(0, 0x4000 | 7);
	s.r[RSI] = 0x10;
	EXECUTE("\xa5");
	assert_int_equal(s.length, X86_INSN_AGAIN);
	assert_int_equal(s.exception, 0);
	assert_int_equal(s.r[RSI], 0x10);
	assert_int_equal(num_accesses, 1);
}

static void others_get_gp(void **state)
{
	static const char *const others[] = {
		"\x0f\x10\x03",     /* movups */
		"\x0f\xc7\x0b",     /* cmpxchg8b */
		"\xf7\x23",         /* mul */
		"\xff\x13",         /* call */
		"\xd1\x03",         /* rol */
		"\x0f\xba\x03\x01", /* BA /0 */
		"\x83\xc0\x01",     /* between registers */
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(others); i++) {
		execute(others[i], (u32)strlen(others[i]));
		assert_int_equal(s.exception, 13);
		assert_int_equal(s.length, 0);
	}
	EXECUTE("\x81\x0b\x01"); /* cut */
	assert_int_equal(s.exception, 13);
	s.r[RDI] = 0x80000000; /* an operand that the vmm does not have */
	s.r[RSI] = DEVICE;
	EXECUTE("\xa5");
	assert_int_equal(s.exception, 13);
}

static void answers_that_the_core_takes(void **state)
{
	struct x86_insn_state answer = { .length = 15, .rflags = UINT64_MAX };

	(void)state;
	assert_true(x86_answer_is_valid(&answer));
	answer.length = X86_INSN_AGAIN;
	assert_true(x86_answer_is_valid(&answer));
	answer.length++;
	assert_false(x86_answer_is_valid(&answer));
	for (u32 vector = 1; vector < 300; vector++) {
		answer.exception = vector;
		answer.error = 0;
		assert_int_equal(x86_answer_is_valid(&answer), vector >= 12 && vector <= 14);
		answer.error = 0x1f;
		assert_int_equal(x86_answer_is_valid(&answer), vector == 14);
		answer.error = 0x20;
		assert_false(x86_answer_is_valid(&answer));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_device_sees_each_access_once, fresh),
		cmocka_unit_test_setup(elements_of_strings, fresh),
		cmocka_unit_test_setup(strings_of_ports, fresh),
		cmocka_unit_test_setup(segments_of_strings, fresh),
		cmocka_unit_test_setup(registers_of_strings, fresh),
		cmocka_unit_test_setup(stack, fresh),
		cmocka_unit_test_setup(code_of_16_bits, fresh),
		cmocka_unit_test_setup(faults_of_memory, fresh),
		cmocka_unit_test_setup(others_get_gp, fresh),
		cmocka_unit_test(answers_that_the_core_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
