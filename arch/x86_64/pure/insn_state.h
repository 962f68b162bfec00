/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state of a vCPU at an access that the core does not decode. The core fills it, and the
 * guest's vmm executes the instruction and returns it. Of what the vmm returns the core uses the
 * first part alone, and checks it.
 */
#ifndef X86_PURE_INSN_STATE_H
#define X86_PURE_INSN_STATE_H

#include "arch/x86_64/pure/decode_parts.h"

#define X86_FLAGS_ARITHMETIC UINT64_C(0x8d5) /* CF, PF, AF, ZF, SF, OF */

/* Nothing was done, and the guest executes the instruction again. Behind an element of a string
 * instruction, in contrast, a single step traps. */
#define X86_INSN_AGAIN (X86_INSN_MAX + 1)

#define X86_VECTOR_SS 12u
#define X86_VECTOR_GP 13u
#define X86_VECTOR_PF 14u

struct x86_insn_state {
	/* Returned. */
	u64 r[16];
	u64 rflags;    /* its arithmetic flags */
	u64 cr2;       /* of #PF */
	u32 length;    /* RIP moves that far; 0: one element of several; or X86_INSN_AGAIN */
	u32 exception; /* #UD, #SS, #GP or #PF, and the registers stay; 0: none */
	u32 error;     /* its error code */
	/* Read by the vmm. */
	u8 code_bytes; /* as of x86_decode() */
	u8 cpl;
	u8 count; /* of `code` */
	u8 code[X86_INSN_MAX];
	u64 rip;
	u64 gpa; /* of the access; a port is PORT_BASE and its number */
	u64 cr0, cr3, cr4, efer;
	struct {
		u64 base;
		u32 limit;
		bool writable, expands_down, large; /* large: of 32 bits */
	} segments[X86_SEGMENTS];
};

/** x86_answer_is_valid() - Returns true if the length and the exception of a returned state are
 * possible; registers and arithmetic flags may have any value. Any context. */
bool __must_check x86_answer_is_valid(const struct x86_insn_state *state);

#endif
