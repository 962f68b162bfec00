/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions that access emulated memory: MOV in all its forms, MOVZX, MOVSX and MOVSXD, with
 * registers or immediates. Others are refused: a vmm executes them. The address is not computed,
 * because the fault gave it. Pure.
 *
 * Source: SDM vol. 2, chapter 2 and the pages of these instructions.
 */
#ifndef X86_PURE_DECODE_H
#define X86_PURE_DECODE_H

#include <mullion/types.h>

#define X86_INSN_MAX 15u /* bytes of an instruction, at most */

enum x86_extend {
	X86_EXTEND_NONE, /* the register's other bits stay; of 4 bytes, the upper half becomes 0 */
	X86_EXTEND_ZERO,
	X86_EXTEND_SIGN,
};

struct x86_insn {
	u8 length; /* bytes, with prefixes */
	bool write;
	u8 width; /* of the access to memory: 1, 2, 4, 8 bytes */
	/* The general register, 0 to 15. */
	u8 reg;
	bool high; /* bits 15 to 8 of the register: AH, CH, DH, BH */
	u8 extend; /* of a read: enum x86_extend, to reg_width */
	u8 reg_width;
	bool has_immediate; /* a write stores @immediate */
	u64 immediate;
};

/** x86_decode() - decode the instruction at @bytes, of which @count are there. @code_bytes: 8 in
 * 64-bit code, 4 in 32-bit, 2 in 16-bit. Returns false if it is none of these, or goes beyond
 * @count. Any context. */
bool __must_check x86_decode(const u8 *bytes, u32 count, u8 code_bytes, struct x86_insn *insn);

/** x86_insn_store() - the value that a write stores, of insn->width bytes. @r: the general
 * registers. Any context. */
u64 x86_insn_store(const struct x86_insn *insn, const u64 r[16]);

/** x86_insn_load() - put the value that a read gave into its register. Any context. */
void x86_insn_load(const struct x86_insn *insn, u64 r[16], u64 value);

#endif
