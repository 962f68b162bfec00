/* SPDX-License-Identifier: Apache-2.0 */
/* Decoder for loads and stores without a syndrome (ISV=0): see insn.h. */
#include "arch/arm64/pure/insn.h"

#define BITS(v, hi, lo) ((u32)FIELD(v, hi, lo))

/* size and opc of every "load/store register" form: width, direction, extension; false: PRFM or
 * nothing. */
static bool decode_transfer(u32 size, u32 opc, struct insn_access *a)
{
	a->width = (u8)(1u << size);
	a->write = opc == 0;
	a->sign_extend = opc >= 2;
	/* opc 0: store, 1: load, 2: load signed to 64 bits, 3: load signed to 32 bits. */
	a->reg64 = opc == 2 || (opc < 2 && size == 3);
	if (size == 3 && opc >= 2)
		return false;
	if (size == 2 && opc == 3)
		return false;
	return true;
}

bool insn_decode(u32 insn, struct insn_access *a)
{
	*a = (struct insn_access){ 0 };
	/* xx11 1x.. in bits 29:27 = 111, bit 26 (vector) = 0. */
	if (BITS(insn, 29, 27) != 7 || BITS(insn, 26, 26) != 0)
		return false;
	a->reg = (u8)BITS(insn, 4, 0);
	a->base = (u8)BITS(insn, 9, 5);
	if (!decode_transfer(BITS(insn, 31, 30), BITS(insn, 23, 22), a))
		return false;
	if (BITS(insn, 25, 24) == 1)
		return true; /* unsigned immediate */
	if (BITS(insn, 25, 24) != 0)
		return false;
	if (BITS(insn, 21, 21) !=
	    0) /* 10: register offset; the others are atomics and pointer auth */
		return BITS(insn, 11, 10) == 2 && BITS(insn, 14, 14) == 1;
	switch (BITS(insn, 11, 10)) {
	case 0: /* LDUR, STUR */
	case 2: /* LDTR, STTR */ return true;
	default: /* 1: post-index, 3: pre-index */
		a->writeback = true;
		a->offset = (s32)BITS(insn, 20, 12);
		if (a->offset & 0x100)
			a->offset -= 0x200;
		/* CONSTRAINED UNPREDICTABLE: the base is the register that is loaded or stored. */
		return a->base != a->reg || a->base == 31;
	}
}
