/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores that the hardware does not decode (ISV=0): forms with write-back of the base
 * register. Others (pairs, SIMD, exclusives, atomics, DC ZVA) are refused. The guest gets an
 * external abort, as from a bus that cannot do the transfer.
 */
#ifndef ARM64_PURE_INSN_H
#define ARM64_PURE_INSN_H

#include <mullion/types.h>

struct insn_access {
	bool write;
	bool sign_extend, reg64;
	u8 width; /* 1, 2, 4, 8 bytes */
	u8 reg;   /* transferred; 31: zero register */
	bool writeback;
	u8 base;    /* 31: stack pointer */
	s32 offset; /* added to the base register when the access has been done */
};

/** insn_decode() - decode the A64 instruction word @insn. Arm ARM C4.1.88 (loads and stores).
 * Returns false when it is no load or store of one general register that can be done on MMIO. */
bool insn_decode(u32 insn, struct insn_access *access);

#endif
