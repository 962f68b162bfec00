/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any state of a vCPU and any bytes of code, executed by the vmm. Tables and memory are chance as
 * well. Accesses must be bounded, and the core must accept the answer.
 */
#include "components/vmm/x86/execute.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define RAM      0x4000u
#define PRESENT  7u
#define ACCESSES 4u /* two operands, each of which crosses a page */

static u8 ram[RAM];
static u32 accesses;

static bool table(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	(void)context;
	CHECK(bytes == 4 || bytes == 8);
	*entry = 0;
	memcpy(entry, ram + gpa % (RAM - 8), bytes);
	*entry |= PRESENT;
	return gpa % 64 != 0;
}

static bool read_memory(void *context, u64 gpa, u32 bytes, u64 *value)
{
	(void)context;
	CHECK(bytes >= 1 && bytes <= 8 && ++accesses <= ACCESSES);
	CHECK(gpa % PAGE_SIZE + bytes <= PAGE_SIZE || gpa >> 63 != 0);
	memcpy(value, ram + gpa % (RAM - 8), sizeof(*value));
	return gpa % 32 != 31;
}

static bool write_memory(void *context, u64 gpa, u32 bytes, u64 value)
{
	(void)context;
	CHECK(bytes >= 1 && bytes <= 8 && ++accesses <= ACCESSES);
	CHECK(gpa % PAGE_SIZE + bytes <= PAGE_SIZE || gpa >> 63 != 0);
	memcpy(ram + gpa % (RAM - 8), &value, bytes);
	return gpa % 32 != 31;
}

static const struct x86_bus bus = { .table = table, .read = read_memory, .write = write_memory };

/* The fields that the core fills in are within bounds. */
static void make_valid(struct x86_insn_state *s, u8 kind)
{
	static const u8 modes[] = { 8, 4, 2, 8 };

	s->code_bytes = modes[kind % 4];
	s->cpl = (kind & 4) != 0 ? 3 : 0;
	s->count = MIN(s->count, (u8)X86_INSN_MAX);
	for (u32 i = 0; i < X86_SEGMENTS; i++) {
		s->segments[i].writable = (kind & 8) == 0;
		s->segments[i].expands_down = (kind & 16) != 0;
		s->segments[i].large = s->code_bytes == 4;
	}
	if ((kind & 32) == 0)
		s->cr0 = 0;
	if ((kind & 64) != 0) /* an operand that is where the access was */
		s->gpa = s->r[3] & ~UINT64_C(0xfff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct x86_insn_state s = { 0 }, before;

	if (size < 18)
		return 0;
	for (size_t i = 0; i < RAM; i++)
		ram[i] = data[i % size];
	memcpy(&s, data + 17, MIN(size - 17, sizeof(s)));
	memcpy(s.code, data + 1, sizeof(s.code));
	s.count = data[16];
	make_valid(&s, data[0]);
	before = s;
	accesses = 0;
	x86_execute(&s, &bus);
	CHECK((s.length <= s.count || s.length == X86_INSN_AGAIN) && x86_answer_is_valid(&s));
	CHECK(s.exception == 0 || s.exception == 12 || s.exception == 13 || s.exception == 14);
	CHECK(s.exception == 14 ? s.error <= 7 : s.exception == 0 || s.error == 0);
	CHECK(s.exception == 0 || memcmp(s.r, before.r, sizeof(s.r)) == 0);
	CHECK(((s.rflags ^ before.rflags) & ~X86_FLAGS_ARITHMETIC) == 0);
	return 0;
}
