/* SPDX-License-Identifier: Apache-2.0 */
/* Stores and loads of runs of general registers, for assembly: every entry and switch has some. */
#ifndef ASM_PAIRS_H
#define ASM_PAIRS_H

#ifdef __ASSEMBLER__
/* PAIRS - @insn (stp, ldp) on registers two by two, from x@n on, @count of them, at @base + @offset
 * and up. */
.macro PAIRS insn, base, offset, n, count
	.if \count
	.altmacro
	ONE_PAIR \insn, \base, \offset, %(\n), %(\n + 1)
	PAIRS \insn, \base, (\offset + 16), %(\n + 2), %(\count - 2)
	.noaltmacro
	.endif
.endm
.macro ONE_PAIR insn, base, offset, first, second
	\insn	x\first, x\second, [\base, #\offset]
.endm

/* Callee-saved registers of AAPCS64, without the frame record. Caller-saved registers that the exit
 * of a system call does not need as scratch. */
#define X19_TO_X28(insn, base, offset) PAIRS insn, base, (offset), 19, 10
#define X2_TO_X17(insn, base, offset)  PAIRS insn, base, (offset), 2, 16
#endif

#endif
