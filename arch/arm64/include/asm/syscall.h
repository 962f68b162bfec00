/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction of a system call on arm64: SVC #0, number in x8. Used by components/lib/sys.c. */
#ifndef ASM_SYSCALL_H
#define ASM_SYSCALL_H

#include <abi/component.h>

struct result {
	u64 x[6];
};

/** syscall_make() - make a system call with up to five arguments. Returns all six results. */
static inline struct result syscall_make(enum syscall number, u64 a, u64 b, u64 c, u64 d, u64 e)
{
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;
	register u64 x4 __asm__("x4") = e;
	register u64 x5 __asm__("x5") = 0;
	register u64 x8 __asm__("x8") = number;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3), "+r"(x4), "+r"(x5)
			 : "r"(x8)
			 : "memory");
	return (struct result){ { x0, x1, x2, x3, x4, x5 } };
}

/** syscall_resume_wait() - SYS_VCPU_RESUME with RESUME_WAIT, the most frequent call. Returns five
 * results.
 */
static inline struct result syscall_resume_wait(u64 vcpu, u64 value, u64 flags)
{
	register u64 x0 __asm__("x0") = vcpu;
	register u64 x1 __asm__("x1") = value;
	register u64 x2 __asm__("x2") = flags | RESUME_WAIT;
	register u64 x3 __asm__("x3");
	register u64 x4 __asm__("x4");
	register u64 x8 __asm__("x8") = SYS_VCPU_RESUME;

	__asm__ volatile("svc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "=r"(x3), "=r"(x4)
			 : "r"(x8)
			 : "x5", "memory");
	return (struct result){ { x0, x1, x2, x3, x4 } };
}

#endif
