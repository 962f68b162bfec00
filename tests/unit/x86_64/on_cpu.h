/* SPDX-License-Identifier: Apache-2.0 */
/* One instruction on the CPU that runs the test, between loads and stores of all registers. */
#ifndef TESTS_X86_ON_CPU_H
#define TESTS_X86_ON_CPU_H

#include "support/test.h"

#include <string.h>
#include <sys/mman.h>

#include <mullion/types.h>

#define ON_CPU_STACK   2900u /* offsets in the page: the caller's stack, */
#define ON_CPU_RESULTS 3000u /* registers and flags behind the instruction; */
#define ON_CPU_FREE    3200u /* from here on the instruction's memory */

/* A page of code and data below 2 GiB. */
struct on_cpu {
	u8 *page;
	u32 at;
	u32 insn; /* where the instruction is */
};

static inline void on_cpu_open(struct on_cpu *p)
{
	p->page = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
		       MAP_PRIVATE | MAP_ANONYMOUS
#ifdef MAP_32BIT
			       | MAP_32BIT
#endif
		       ,
		       -1, 0);
	assert_ptr_not_equal(p->page, MAP_FAILED);
}

static inline void on_cpu_close(struct on_cpu *p)
{
	assert_int_equal(munmap(p->page, PAGE_SIZE), 0);
}

static inline void on_cpu_emit(struct on_cpu *p, u64 value, u32 bytes)
{
	memcpy(p->page + p->at, &value, bytes);
	p->at += bytes;
}

/* MOV between register @reg and the page's @offset, relative to RIP. */
static inline void on_cpu_move(struct on_cpu *p, u8 opcode, u32 reg, u32 offset)
{
	on_cpu_emit(p, 0x48 | (reg >= 8 ? 4 : 0), 1);
	on_cpu_emit(p, opcode, 1);
	on_cpu_emit(p, (u8)(5 | (reg & 7) << 3), 1);
	on_cpu_emit(p, (u32)(offset - (p->at + 4)), 4);
}

/* The code up to the instruction, which begins at p->insn. */
static inline void on_cpu_begin(struct on_cpu *p, const u64 r[16], u64 flags)
{
	static const u8 saved[] = { 0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57 };

	memcpy(p->page, saved, sizeof(saved));
	p->at = sizeof(saved);
	on_cpu_move(p, 0x89, 4, ON_CPU_STACK);
	on_cpu_emit(p, 0x68, 1); /* PUSH, POPFQ */
	on_cpu_emit(p, flags, 4);
	on_cpu_emit(p, 0x9d, 1);
	for (u32 i = 0; i < 16; i++) {
		on_cpu_emit(p, 0x48 | i >> 3, 1);
		on_cpu_emit(p, 0xb8 | (i & 7), 1);
		on_cpu_emit(p, r[i], 8);
	}
	p->insn = p->at;
}

/* Runs it; @r and the result get what it leaves. Returns the flags. */
static inline u64 on_cpu_run(struct on_cpu *p, const u8 *insn, u32 length, u64 r[16])
{
	static const u8 restored[] = { 0x9c, 0x58, 0xfc, 0x41, 0x5f, 0x41, 0x5e,
				       0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b, 0xc3 };

	memcpy(p->page + p->at, insn, length);
	p->at += length;
	for (u32 i = 0; i < 16; i++)
		on_cpu_move(p, 0x89, i, ON_CPU_RESULTS + 8 * i);
	on_cpu_move(p, 0x8b, 4, ON_CPU_STACK);
	memcpy(p->page + p->at, restored, sizeof(restored)); /* RAX: the flags */
	assert_true(p->at + sizeof(restored) < ON_CPU_STACK - 64);
	u64 flags = ((u64(*)(void))(uintptr_t)p->page)();

	memcpy(r, p->page + ON_CPU_RESULTS, 16 * sizeof(*r));
	return flags;
}

#endif
