/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own exceptions: the frame that the vector table saves for core_trap(). An exception
 * from EL2 never returns, so its entry may use any register of the guest as scratch. It runs on the
 * CPU's exception stack, so it can report a stack overflow.
 */
#ifndef ASM_TRAP_H
#define ASM_TRAP_H

#include <asm/cpu.h>

#define TRAP_FRAME_BYTES 304

/* @vector of core_trap(): slot of the vector table (0..15), Arm ARM D1.10.2. */
#define TRAP_SP0_IRQ    1
#define TRAP_SP0_FIQ    2
#define TRAP_SPX_SERROR 7

#define SLOT_BYTES 128 /* of a vector table: room for 32 instructions */

#ifdef __ASSEMBLER__
/* clang-format off */
/* SLOT - the beginning of slot @number of vector table @table. */
.macro SLOT table, number
	.org	\table + \number * SLOT_BYTES
.endm

/* CORE_SLOT - the same for exceptions of the core (0 to 7): on to the slot of vectors.S. */
.macro CORE_SLOT table, number
	SLOT	\table, \number
	b	arm64_vectors + \number * SLOT_BYTES
.endm
/* clang-format on */
#else
#include <mullion/types.h>

struct trap_frame {
	u64 x[31];
	u64 sp, elr, spsr, esr, far;
	u64 pad[2]; /* to 16 bytes */
};

_Static_assert(sizeof(struct trap_frame) == TRAP_FRAME_BYTES, "known to assembly");

/* A signed return address has its code above bit 47 (no top byte ignored at EL2). */
static inline u64 trap_strip(u64 lr)
{
	return lr & MASK(47, 0);
}

/* The call is the instruction before the return address. */
static inline u64 trap_call(u64 lr)
{
	return trap_strip(lr) - 4;
}

/** trap_class_name() - the exception class of @esr in words. Pure. */
const char *trap_class_name(u64 esr);
/** core_trap() - an exception of the core itself: print everything, stop every CPU. Exception
 * stack. */
void core_trap(struct trap_frame *frame, u32 vector) __noreturn;
#endif

#endif
