/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One instruction of the caller's choice: for probing what the assembler does not know or what must
 * be computed (all system registers). It is written to memory, made visible and run with traps
 * caught.
 */
#include "guest.h"

#define RET 0xd65f03c0u

void execute_at(const void *code, u64 regs[3]);

static u32 code[GUEST_MAX_CPUS][16] __aligned(64);

struct trap execute(u32 instruction, u64 regs[3])
{
	u32 *at = code[this_cpu()->index];

	at[0] = instruction;
	at[1] = RET;
	__asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(at)
			 : "memory");
	trap_begin();
	execute_at(at, regs);
	return trap_end();
}

struct trap execute_mrs(u32 encoding, u64 *value)
{
	u64 regs[3] = { *value };
	struct trap trap = execute(0xd5200000u | encoding, regs);

	*value = regs[0];
	return trap;
}

struct trap execute_msr(u32 encoding, u64 value)
{
	u64 regs[3] = { value };

	return execute(0xd5000000u | encoding, regs);
}
