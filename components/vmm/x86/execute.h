/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Execution of an instruction that accesses emulated memory, or a port by INS or OUTS. These are
 * arithmetic and logic, XCHG, XADD, CMPXCHG, bit tests, strings, PUSH and POP of memory. The core
 * decodes the moves (decode.h). Others get #GP. A device has one read or one write for each access
 * of the instruction, and an element of a string is one execution. Pure.
 *
 * Source: SDM vol. 2, and vol. 1, 3.7 and 7.3.
 */
#ifndef VMM_X86_EXECUTE_H
#define VMM_X86_EXECUTE_H

#include "arch/x86_64/pure/insn_state.h"

enum x86_operation {
	X86_ADD,
	X86_OR,
	X86_ADC,
	X86_SBB,
	X86_AND,
	X86_SUB,
	X86_XOR,
	X86_CMP, /* as in opcodes up to here */
	X86_TEST,
	X86_NOT,
	X86_NEG,
	X86_INC,
	X86_DEC,
	X86_XCHG,
	X86_XADD,
	X86_CMPXCHG,
	X86_BT, /* in the order of opcodes: */
	X86_BTS,
	X86_BTR,
	X86_BTC,
};

/* The guest's memory and devices, by guest-physical address. Each returns false if the access
 * cannot be served: the guest gets #GP. */
struct x86_bus {
	void *context;
	/* @bytes (4 or 8) of a page table. False: there is no RAM. */
	bool (*table)(void *context, u64 gpa, u32 bytes, u64 *entry);
	/* 1 to 8 bytes within a page; 3, 5, 6 and 7 are parts of an operand that crosses pages. */
	bool (*read)(void *context, u64 gpa, u32 bytes, u64 *value);
	bool (*write)(void *context, u64 gpa, u32 bytes, u64 value);
};

/** x86_compute() - Returns the result of @operation on @a and @b, which are of @width bytes. Flags
 * that it defines go into @flags. Of X86_CMPXCHG, @a is compared with @b. */
u64 x86_compute(enum x86_operation operation, u32 width, u64 a, u64 b, u64 *flags);

/** x86_execute() - execute the instruction of @state: at most two accesses of @bus, behind the
 * checks of all its operands. The answer is in @state. */
void x86_execute(struct x86_insn_state *state, const struct x86_bus *bus);

#endif
