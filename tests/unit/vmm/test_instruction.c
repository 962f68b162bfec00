/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/x86/instruction.c: an instruction's accesses of RAM, ROM and devices. */
#include "vmm/pc.h"

#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/insn_state.h"

#define RAM       STATE + 1
#define ROM       STATE + 2
#define CLOCK     STATE + 3
#define RAM_BYTES 0x3000u
#define ROM_AT    0x4000u
#define CLOCK_AT  0xd0000000u
#define MATCH     (CLOCK_AT + 4) /* PL031's register, which has no effect of its own */
#define NOWHERE   0xe0000000u

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSI 6
#define RDI 7

static u8 memory[ROM_AT + PAGE_SIZE];
static struct x86_insn_state s;

static int with_memory(void **unused)
{
	(void)fresh(unused);
	add(RAM, GRANT_RAM, "ram", 0, RAM_BYTES);
	add(ROM, GRANT_ROM, "rom", ROM_AT, PAGE_SIZE);
	add(CLOCK, GRANT_VIRTUAL, "clock-mmio", CLOCK_AT, PAGE_SIZE);
	strcpy(info.grants[CLOCK].detail, "pl031");
	info.num_grants = STATE + 4;
	memset(memory, 0, sizeof(memory));
	host_core.guest = memory;
	s = (struct x86_insn_state){ .code_bytes = 4, .rflags = 2, .cr0 = CR0_PE };
	for (u32 i = 0; i < X86_SEGMENTS; i++) {
		s.segments[i].limit = UINT32_MAX;
		s.segments[i].writable = s.segments[i].large = true;
	}
	start();
	return 0;
}

/* The core's exit at @gpa, and the state that the vmm returns. */
static void execute(u64 gpa, const char *code, u32 length)
{
	struct answer answer;

	s.gpa = gpa;
	s.count = (u8)length;
	memcpy(s.code, code, length);
	host_core.insn = &s;
	host_core.insn_bytes = sizeof(s);
	answer = vmm_program.exit(EXIT_IS_INSN | EXIT_NO_REGION, 0, 0, ++number);
	last_flags = answer.flags;
	assert_true((answer.flags & RESUME_STATE) != 0);
	memcpy(&s, (const void *)(uintptr_t)answer.value, sizeof(s));
}

#define EXECUTE(gpa, code) execute(gpa, code, sizeof(code) - 1)
#define PORT(port)         (PORT_BASE + (port))

static void out_byte(u16 port, u8 value)
{
	s.r[RDX] = port;
	s.r[RSI] = 0x100;
	memory[0x100] = value;
	EXECUTE(PORT(port), "\x6e");
	assert_int_equal(s.length, 1);
}

static void strings_of_a_device(void **state)
{
	(void)state;
	out_wide(0x510, 2, 0);
	s.r[RDX] = 0x511;
	s.r[RDI] = 0xffe;
	s.r[RCX] = 4;
	for (u32 left = 4; left > 0; left--) {
		EXECUTE(PORT(0x511), "\xf3\x6c"); /* rep insb */
		assert_int_equal(s.length, left == 1 ? 2 : 0);
	}
	assert_int_equal(last_flags, RESUME_STATE);
	assert_memory_equal(memory + 0xffd, "\0QEMU", 6);
	for (const char *c = "by string\n"; *c != '\0'; c++)
		out_byte(0xe9, (u8)*c);
	assert_non_null(strstr(host_core.log, "[pc] by string\n"));
}

/* Requests of a write: the timer, a reset. */
static void effects_of_a_write(void **state)
{
	(void)state;
	out_byte(0x43, 0x34);
	out_byte(0x40, 0xa9);
	host_core.timer = NS(UINT64_MAX);
	out_byte(0x40, 0x04);
	assert_in_range(host_core.timer.v, host_core.now.v, host_core.now.v + 1000000);
	assert_int_equal(last_flags, RESUME_STATE);
	out_byte(0xcf9, 6);
	assert_int_equal(last_flags, RESUME_STATE | RESUME_RESET);
	out_byte(0xe9, '\n');
	assert_int_equal(last_flags, RESUME_STATE);
}

static void registers_of_a_device(void **state)
{
	(void)state;
	s.r[RBX] = MATCH;
	memcpy(memory + 0x200, "\x78\x56\x34\x12", 4);
	s.r[RSI] = 0x200;
	s.r[RDI] = MATCH;
	EXECUTE(MATCH, "\xa5");                     /* movsd */
	EXECUTE(MATCH, "\x81\x0b\x00\x00\x00\x80"); /* orl $0x80000000, (%ebx) */
	assert_int_equal(s.exception, 0);
	s.r[RAX] = 1;
	EXECUTE(MATCH, "\x0f\xc1\x03"); /* xadd */
	assert_int_equal(s.r[RAX], 0x92345678);
	EXECUTE(MATCH, "\x87\x03"); /* xchg */
	assert_int_equal(s.r[RAX], 0x92345679);
	/* Three bytes of it, and one behind it: no device has such registers. */
	s.r[RBX] = CLOCK_AT + PAGE_SIZE - 3;
	EXECUTE(CLOCK_AT + PAGE_SIZE - 3, "\x87\x03");
	assert_int_equal(s.exception, X86_VECTOR_GP);
}

static void what_is_absent_reads_as_ones(void **state)
{
	(void)state;
	s.r[RDX] = 0x1234;
	s.r[RDI] = 0x10;
	EXECUTE(PORT(0x1234), "\x6d"); /* insd */
	assert_int_equal(s.length, 1);
	assert_memory_equal(memory + 0x10, "\xff\xff\xff\xff\0", 5);
	s.r[RSI] = 0x10;
	EXECUTE(PORT(0x1234), "\x6f");
	assert_int_equal(s.length, 1);
	s.r[RBX] = NOWHERE + 8;
	s.r[RAX] = 5;
	EXECUTE(NOWHERE + 8, "\x87\x03");
	assert_int_equal(s.length, 2);
	assert_int_equal(s.r[RAX], UINT32_MAX);
	/* Another page has not faulted: it may be a device that passes through. */
	s.r[RSI] = NOWHERE + PAGE_SIZE;
	s.r[RDI] = MATCH;
	EXECUTE(MATCH, "\xa5");
	assert_int_equal(s.exception, X86_VECTOR_GP);
	s.r[RSI] = MATCH;
	s.r[RDI] = NOWHERE;
	EXECUTE(MATCH, "\xa5");
	assert_int_equal(s.exception, X86_VECTOR_GP);
}

static void memory_that_is_read_only(void **state)
{
	(void)state;
	memset(memory + ROM_AT, 0x42, PAGE_SIZE);
	s.r[RSI] = ROM_AT;
	s.r[RDI] = MATCH;
	EXECUTE(MATCH, "\xa5");
	assert_int_equal(s.length, 1);
	s.r[RSI] = MATCH;
	s.r[RDI] = ROM_AT;
	EXECUTE(MATCH, "\xa5");
	assert_int_equal(s.exception, X86_VECTOR_GP);
	assert_int_equal(memory[ROM_AT], 0x42);
	s.r[RDI] = RAM_BYTES - 2; /* RAM ends */
	EXECUTE(MATCH, "\xa5");
	assert_int_equal(s.exception, X86_VECTOR_GP);
	assert_int_equal(memory[RAM_BYTES], 0);
	/* Firmware has its tables in ROM: entries of 4 MiB, all the same. */
	for (u32 i = 0; i < PAGE_SIZE; i += 4)
		memcpy(memory + ROM_AT + i, &(u32){ CLOCK_AT | 0x83 }, 4);
	s.cr0 |= CR0_PG;
	s.cr3 = ROM_AT;
	s.cr4 = CR4_PSE;
	s.r[RBX] = 4;
	s.r[RAX] = 0;
	EXECUTE(MATCH, "\x87\x03");
	assert_int_equal(s.r[RAX], 0x42424242);
	s.cr3 = RAM_BYTES; /* no memory */
	EXECUTE(MATCH, "\x87\x03");
	assert_int_equal(s.exception, X86_VECTOR_PF);
}

static void an_exit_that_is_gone(void **state)
{
	(void)state;
	host_core.insn = NULL;
	assert_int_equal(vmm_program.exit(EXIT_IS_INSN | EXIT_NO_REGION, 0, 0, ++number).flags,
			 RESUME_FAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(strings_of_a_device, with_memory),
		cmocka_unit_test_setup(effects_of_a_write, with_memory),
		cmocka_unit_test_setup(registers_of_a_device, with_memory),
		cmocka_unit_test_setup(what_is_absent_reads_as_ones, with_memory),
		cmocka_unit_test_setup(memory_that_is_read_only, with_memory),
		cmocka_unit_test_setup(an_exit_that_is_gone, with_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
