/* SPDX-License-Identifier: Apache-2.0 */
/* Vectors of the interrupt descriptor table, and the frame of an exception of the core. */
#ifndef ASM_TRAP_H
#define ASM_TRAP_H

#define VECTOR_DB         1
#define VECTOR_NMI        2
#define VECTOR_DF         8
#define VECTOR_PF         14
#define VECTOR_MC         18
#define VECTOR_EXCEPTIONS 32
#define VECTOR_GSI        0x30 /* of global system interrupt 0 */
#define VECTOR_PRIVATE    0xf0 /* of the core's own interrupt 0 */
#define VECTOR_SPURIOUS   0xff
#define VECTOR_COUNT      256

#define TRAP_STUB_BYTES 16 /* from one entry of trap_stubs to the next */

#ifndef __ASSEMBLER__
#include <asm/user.h>
#include <mullion/types.h>

struct trap_frame {
	u64 r[USER_REGISTERS];
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
};

/* The call ends where the return address begins. */
static inline u64 trap_call(u64 return_address)
{
	return return_address - 1;
}

/** trap_stubs - the entry of each vector, TRAP_STUB_BYTES apart (trap_entry.S). */
extern const u8 trap_stubs[];

/** core_trap() - an exception of the core itself: print everything, stop every CPU. The stack that
 * the exception came to. */
void core_trap(struct trap_frame *frame) __noreturn;
/** core_nmi() - a non-maskable interrupt; the CPU stops if the machine does. NMI stack. */
void core_nmi(void);
/** core_machine_check() - #MC in the core or in a component (mcheck.c). Returns if the program can
 * continue. The stack that the exception came to. */
void core_machine_check(struct trap_frame *frame);
#endif

#endif
