/* SPDX-License-Identifier: Apache-2.0 */
/* System calls of Linux on arm64, for programs without a C library. */
#ifndef TESTS_LINUX_CALL_H
#define TESTS_LINUX_CALL_H

/** call() - system call @number with its arguments. Returns its value, or a negative error. */
static inline long call(long number, long a, long b, long c, long d, long e)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4)
			 : "memory");
	return x0;
}

#endif
