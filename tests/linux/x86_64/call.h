/* SPDX-License-Identifier: Apache-2.0 */
/* Linux on x86-64 without a C library: system calls, and the program's start, start(stack). */
#ifndef TESTS_LINUX_CALL_H
#define TESTS_LINUX_CALL_H

typedef unsigned int u32;
typedef unsigned long u64;

enum {
	SYS_WRITE = 1,
	SYS_PREAD64 = 17,
	SYS_PWRITE64 = 18,
	SYS_CLONE = 56,
	SYS_WAIT4 = 61,
	SYS_FSYNC = 74,
	SYS_EXIT_GROUP = 231,
	SYS_OPENAT = 257,
	SYS_FACCESSAT = 269,
};

#define O_DIRECT 0x4000

/** call() - system call @number with its arguments. Returns its value, or a negative error. */
static inline long call(long number, long a, long b, long c, long d, long e)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;

	__asm__ volatile("syscall"
			 : "+a"(number)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return number;
}

__asm__(".global _start\n"
	"_start: mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call start\n");

#endif
