/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture's part of a component. It runs in ring 3 under a CR3 of its own, whose upper
 * half is the core's. The CPU pushes the frame of an exception right into struct arch_user
 * (TSS.RSP0).
 */
#ifndef ASM_USER_H
#define ASM_USER_H

/* Offsets that user_entry.S uses; user.c asserts them. */
#define USER_VECTOR  120
#define USER_RIP     136
#define USER_END     176 /* of the CPU's frame; a multiple of 16 */
#define USER_HOST_SP 176
#define USER_CR3     184

#define USER_SYSCALL_VECTOR 0x80

#ifndef __ASSEMBLER__
#include <mullion/types.h>

struct space;

/* Order of the registers in arch_user.r. */
enum user_register {
	USER_RAX,
	USER_RBX,
	USER_RCX,
	USER_RDX,
	USER_RSI,
	USER_RDI,
	USER_RBP,
	USER_R8,
	USER_R9,
	USER_R10,
	USER_R11,
	USER_R12,
	USER_R13,
	USER_R14,
	USER_R15,
	USER_REGISTERS
};

struct arch_user {
	u64 r[USER_REGISTERS];
	u64 vector, error;
	u64 rip, cs, rflags, rsp, ss;
	u64 host_sp; /* the core's stack while it runs */
	u64 cr3;     /* its address space */
	u64 cr2;     /* of its page fault */
	const struct space *space;
} __aligned(16);

static inline u32 arch_user_number(const struct arch_user *user)
{
	return (u32)user->r[USER_RAX];
}

static inline u64 arch_user_argument(const struct arch_user *user, u32 index)
{
	static const u8 registers[] = { USER_RDI, USER_RSI, USER_RDX, USER_R10, USER_R8, USER_R9 };

	return user->r[registers[index]];
}

static inline void arch_user_set_result(struct arch_user *user, u32 index, u64 value)
{
	static const u8 registers[] = { USER_RAX, USER_RDI, USER_RSI, USER_RDX, USER_R10, USER_R8 };

	user->r[registers[index]] = value;
}
#endif

#endif
