/* SPDX-License-Identifier: Apache-2.0 */
/* Linux on arm64 without a C library, for Debian's cross compiler has none: system calls, and the
 * program's start, start(stack). */
#ifndef TESTS_LINUX_CALL_H
#define TESTS_LINUX_CALL_H

typedef unsigned int u32;
typedef unsigned long u64;

enum {
	SYS_FACCESSAT = 48,
	SYS_OPENAT = 56,
	SYS_WRITE = 64,
	SYS_PREAD64 = 67,
	SYS_PWRITE64 = 68,
	SYS_FSYNC = 82,
	SYS_EXIT_GROUP = 94,
	SYS_PTRACE = 117,
	SYS_KILL = 129,
	SYS_GETPID = 172,
	SYS_CLONE = 220,
	SYS_WAIT4 = 260,
};

#define O_DIRECT 0x10000

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

__asm__(".global _start\n"
	"_start: mov x0, sp\n"
	"	b start\n");

#endif
