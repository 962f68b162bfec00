/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction of a system call on x86-64: INT 0x80, number in RAX. Used by
 * components/lib/sys.c. */
#ifndef ASM_SYSCALL_H
#define ASM_SYSCALL_H

#include <abi/component.h>

struct result {
	u64 x[6];
};

/** syscall_make() - make a system call with up to five arguments. Returns all six results. */
static inline struct result syscall_make(enum syscall number, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	u64 rax = number;

	__asm__ volatile("int $0x80"
			 : "+a"(rax), "+D"(a), "+S"(b), "+d"(c), "+r"(r10), "+r"(r8)
			 :
			 : "memory");
	return (struct result){ { rax, a, b, c, r10, r8 } };
}

/** syscall_resume_wait() - SYS_VCPU_RESUME with RESUME_WAIT, the most frequent call. Returns five
 * results.
 */
static inline struct result syscall_resume_wait(u64 vcpu, u64 value, u64 flags)
{
	register u64 r10 __asm__("r10");
	u64 rax = SYS_VCPU_RESUME;

	flags |= RESUME_WAIT;
	__asm__ volatile("int $0x80"
			 : "+a"(rax), "+D"(vcpu), "+S"(value), "+d"(flags), "=r"(r10)
			 :
			 : "r8", "memory");
	return (struct result){ { rax, vcpu, value, flags, r10 } };
}

#endif
