/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intercepted instructions, for a processor without next-RIP: kind and length. A move to or from a
 * control or debug register has its two registers as well. Other instructions are not decoded.
 *
 * Source: SDM vol. 2; APM vol. 3, chapter 4.
 */
#ifndef X86_64_PURE_LENGTH_H
#define X86_64_PURE_LENGTH_H

#include <mullion/types.h>

#define INSN_MAX 15u /* bytes of an instruction, at most (SDM vol. 2A, 2.3.11) */

enum insn_kind {
	INSN_OTHER,
	INSN_HLT,
	INSN_CPUID,
	INSN_RDMSR,
	INSN_WRMSR,
	INSN_RDTSC,
	INSN_RDTSCP,
	INSN_RDPMC,
	INSN_XSETBV,
	INSN_VMCALL,  /* Intel's call */
	INSN_VMMCALL, /* AMD's call */
	INSN_INVD,
	INSN_WBINVD,
	INSN_MONITOR,
	INSN_MWAIT,
	INSN_PAUSE,
	INSN_CR_READ, /* MOV from a control register */
	INSN_CR_WRITE,
	INSN_DR_READ,
	INSN_DR_WRITE,
	INSN_CLTS,
	INSN_COUNT
};

struct insn {
	u8 kind;    /* enum insn_kind */
	u8 length;  /* bytes, with prefixes */
	u8 control; /* number of the control or debug register */
	u8 reg;     /* number of the general register */
};

/** insn_length() - decode the instruction at @bytes, of which @count are there. @code64: it is
 * 64-bit code. Returns false if it is none of enum insn_kind, or goes beyond @count. Any context.
 */
bool __must_check insn_length(const u8 *bytes, u32 count, bool code64, struct insn *insn);

#endif
