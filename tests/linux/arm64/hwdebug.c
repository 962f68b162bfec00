/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A debugger with hardware breakpoint, watchpoint and single step, for Linux in a guest: ptrace()
 * as gdb uses it (Documentation of PTRACE_SETREGSET: NT_ARM_HW_BREAK, NT_ARM_HW_WATCH).
 *
 *	hwdebug N PLACE   N rounds: watchpoint, single step, breakpoint; each must fire where it is
 *
 * Two run at once on two vCPUs of one CPU, with the places 0 and 1. Both use the first registers of
 * their vCPU, for other addresses: a point is missed if they are not switched. The last line is
 * "hwdebug: passed" or says what differs.
 */
#include "call.h"

enum {
	PTRACE_TRACEME = 0,
	PTRACE_PEEKDATA = 2,
	PTRACE_CONT = 7,
	PTRACE_SINGLESTEP = 9,
	PTRACE_GETSIGINFO = 0x4202,
	PTRACE_SETREGSET = 0x4205,
	NT_ARM_HW_BREAK = 0x402,
	NT_ARM_HW_WATCH = 0x403,
};

enum {
	SIGTRAP = 5,
	SIGCHLD = 17,
	SIGSTOP = 19,
	TRAP_TRACE = 2,
	TRAP_HWBKPT = 4,
};

#define CTRL_EL0_EXECUTE 0x1e5u  /* enabled, EL0, 4 bytes (DBGBCR<n>_EL1) */
#define CTRL_EL0_STORE   0x1ff5u /* enabled, EL0, stores, 8 bytes (DBGWCR<n>_EL1) */
#define EXIT_STATUS      7

struct points { /* user_hwdebug_state, with one point */
	u32 info, pad;
	u64 address;
	u32 control, pad2;
};

struct iovec {
	void *base;
	u64 length;
};

struct siginfo {
	int number, error, code, pad;
	u64 address;
	u64 rest[13];
};

#define PLACES 2
static volatile u64 watched[PLACES];

static void print(const char *text)
{
	long length = 0;

	while (text[length] != '\0')
		length++;
	(void)call(SYS_WRITE, 1, (long)text, length, 0, 0);
}

static void __attribute__((noreturn)) end(int status)
{
	for (;;)
		(void)call(SYS_EXIT_GROUP, status, 0, 0, 0, 0);
}

static void must(int holds, const char *what)
{
	if (holds)
		return;
	print("hwdebug: differs: ");
	print(what);
	print("\n");
	end(1);
}

static long trace(long request, long pid, long address, const void *data)
{
	return call(SYS_PTRACE, request, pid, address, (long)data, 0);
}

/* --- The program under the debugger ----------------------------------------------------------- */

static void __attribute__((noinline)) first(void)
{
	__asm__ volatile("nop");
}

static void __attribute__((noinline)) second(void)
{
	__asm__ volatile("nop; nop");
}

static void (*const broken[PLACES])(void) = { first, second };

static void __attribute__((noreturn)) debuggee(long rounds, u32 place)
{
	(void)trace(PTRACE_TRACEME, 0, 0, (void *)0);
	(void)call(SYS_KILL, call(SYS_GETPID, 0, 0, 0, 0, 0), SIGSTOP, 0, 0, 0);
	for (long i = 1; i <= rounds; i++) {
		/* Long enough for other vCPUs of the CPU to run between. */
		for (volatile u32 n = 0; n < 20000; n++)
			;
		watched[place] = (u64)i;
		broken[place]();
	}
	end(EXIT_STATUS);
}

/* --- The debugger ----------------------------------------------------------------------------- */

static void set_point(long pid, long kind, u64 address, u32 control)
{
	struct points points = { 0, 0, address, control, 0 };
	struct iovec vector = { &points, sizeof(points) };

	must(trace(PTRACE_SETREGSET, pid, kind, &vector) == 0, "a point cannot be set");
}

static int wait_for(long pid)
{
	int status = 0;

	must(call(SYS_WAIT4, pid, (long)&status, 0, 0, 0) == pid, "wait4");
	return status;
}

/* The program continues, and stops by a trap of this kind, at @address unless that is 0. */
static void run_to(long pid, long request, int code, u64 address)
{
	static struct siginfo info;

	must(trace(request, pid, 0, (void *)0) == 0, "the program does not go on");
	must(wait_for(pid) == (SIGTRAP << 8 | 0x7f), "the program did not stop by a trap");
	must(trace(PTRACE_GETSIGINFO, pid, 0, &info) == 0, "no siginfo");
	must(info.code == code, "another kind of trap");
	must(address == 0 || info.address == address, "a trap at another address");
}

static u64 peek(long pid, u64 address)
{
	u64 value = 0;

	must(trace(PTRACE_PEEKDATA, pid, (long)address, &value) == 0, "memory cannot be read");
	return value;
}

static void one_round(long pid, u64 round, u32 place)
{
	u64 data = (u64)&watched[place], code = (u64)broken[place];

	set_point(pid, NT_ARM_HW_WATCH, data, CTRL_EL0_STORE);
	run_to(pid, PTRACE_CONT, TRAP_HWBKPT, data);
	must(peek(pid, data) == round - 1, "the watchpoint fired after the store");
	set_point(pid, NT_ARM_HW_WATCH, data, 0);
	run_to(pid, PTRACE_SINGLESTEP, TRAP_TRACE, 0);
	must(peek(pid, data) == round, "a single step did not make the store");
	set_point(pid, NT_ARM_HW_BREAK, code, CTRL_EL0_EXECUTE);
	run_to(pid, PTRACE_CONT, TRAP_HWBKPT, code);
	set_point(pid, NT_ARM_HW_BREAK, code, 0);
}

static long number(const char *text)
{
	long value = 0;

	for (; *text >= '0' && *text <= '9'; text++)
		value = value * 10 + (*text - '0');
	return value;
}

/* @stack: argc, argv (System V ABI). */
static __attribute__((noreturn, used)) void start(const u64 *stack)
{
	const char *const *argv = (const char *const *)(stack + 1);
	long rounds, pid;
	u32 place;

	must(stack[0] == 3, "usage: hwdebug ROUNDS PLACE");
	rounds = number(argv[1]);
	place = number(argv[2]) != 0;
	pid = call(SYS_CLONE, SIGCHLD, 0, 0, 0, 0);
	must(pid >= 0, "no process");
	if (pid == 0)
		debuggee(rounds, place);
	must(wait_for(pid) == (SIGSTOP << 8 | 0x7f), "the program did not stop");
	for (long i = 1; i <= rounds; i++)
		one_round(pid, (u64)i, place);
	must(trace(PTRACE_CONT, pid, 0, (void *)0) == 0, "the program does not go on");
	must(wait_for(pid) == EXIT_STATUS << 8, "the program did not end as it should");
	print("hwdebug: passed\n");
	end(0);
}
