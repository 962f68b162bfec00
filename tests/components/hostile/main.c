/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile component. Its first start makes every system call with every bad argument. Each
 * later start tries one fault that must end it, so its policy must be "always". At the end it
 * reports and waits. It must not affect guests and other components.
 */
#ifdef __aarch64__
#include "tests/components/hostile/arm64/attacks.h"
#else
#include "tests/components/hostile/x86_64/attacks.h"
#endif
#include <abi/component.h>
#include <abi/manage.h>
#include <mullion/err.h>

#define STACK_BYTES  KIB(8) /* less than it has */
#define STACK_IN_USE KIB(1)

void hostile_main(const struct component_info *info, u64 residue);
u64 syscall_raw(u64 number, const u64 arguments[6]);
u64 registers_changed(u64 number);

static u32 data_word = RETURN;

static s64 call(u64 number, u64 a, u64 b, u64 c)
{
	const u64 arguments[6] = { a, b, c, 0, 0, 0 };

	return (s64)syscall_raw(number, arguments);
}

static u64 length(const char *text)
{
	u64 n = 0;

	while (text[n] != '\0')
		n++;
	return n;
}

static void say(const char *first, const char *second)
{
	(void)call(SYS_LOG, (u64)first, length(first), 0);
	(void)call(SYS_LOG, (u64)second, length(second), 0);
	(void)call(SYS_LOG, (u64) "\n", 1, 0);
}

static void expect(bool condition, const char *what)
{
	if (condition)
		return;
	say("failed: ", what);
	(void)call(SYS_EXIT, 1, 0, 0);
}

/* --- Attacks: none may return ------------------------------------------------------------------
 */

static void peek(u64 address)
{
	__asm__("" : "+r"(address)); /* of no object that the compiler knows */
	(void)*(volatile u8 *)address;
}

static void poke(u64 address)
{
	__asm__("" : "+r"(address));
	*(volatile u8 *)address = 0;
}

static void jump(u64 address)
{
	((void (*)(void))address)();
}

static void read_nothing(void)
{
	peek(0x10);
}

static void write_text(void)
{
	poke(COMPONENT_TEXT);
}

static void write_info(void)
{
	poke(COMPONENT_INFO);
}

static void run_data(void)
{
	jump((u64)&data_word);
}

static void run_stack(void)
{
	u32 code[4] = { RETURN, RETURN, RETURN, RETURN };

	__asm__ volatile("" : : "r"(code) : "memory");
	jump((u64)code);
}

static void read_core(void)
{
	peek(CORE_VA);
}

static void write_core(void)
{
	poke(CORE_VA + 0x100000);
}

static void run_core(void)
{
	jump(CORE_VA + 0x1000);
}

static void read_physical(void)
{
	peek(PHYSICAL);
}

static void read_guest(void)
{
	peek(COMPONENT_GUEST + 0x40000000);
}

static void read_high(void)
{
	peek(HIGH);
}

static void run_high(void)
{
	jump(UINT64_C(0xfffffffffffffff0));
}

static void read_device(void)
{
	peek(DEVICE);
}

static void deep_stack(void)
{
	u64 at = (u64)__builtin_frame_address(0);

	for (u64 i = 0; i < 0x200000; i += 64)
		poke(at - i);
}

static void bad_entry(void)
{
	jump(COMPONENT_STACK);
}

#define X(name) void attack_##name(void);
RAW(X)
#undef X

static const struct {
	const char *name;
	void (*run)(void);
} attacks[] = { { "read nothing", read_nothing },
		{ "write its text", write_text },
		{ "write its information", write_info },
		{ "run its data", run_data },
		{ "run its stack", run_stack },
		{ "read the core", read_core },
		{ "write the core", write_core },
		{ "run the core", run_core },
		{ "read physical memory", read_physical },
		{ "read a guest", read_guest },
		{ "read a device", read_device },
		{ "read a high address", read_high },
		{ "run a high address", run_high },
		{ "deep stack", deep_stack },
		{ "run behind its stack", bad_entry },
#define X(name) { #name, attack_##name },
		RAW(X)
#undef X
};

/* --- System calls ------------------------------------------------------------------------------
 */

static const u64 odd[] = { 0,
			   1,
			   2,
			   7,
			   GRANTS_MAX - 1,
			   GRANTS_MAX,
			   0xff,
			   0xffff,
			   0x10000,
			   COMPONENT_INFO,
			   COMPONENT_TEXT,
			   COMPONENT_STACK - 8,
			   COMPONENT_STACK,
			   COMPONENT_GRANTS,
			   COMPONENT_GUEST,
			   COMPONENT_GUEST - 1,
			   CORE_VA,
			   UINT64_C(0x7fffffffffffffff),
			   UINT64_C(0x8000000000000000),
			   UINT64_MAX - 7,
			   UINT64_MAX };
#define ODD (sizeof(odd) / sizeof(odd[0]))

/* Those that may sleep or end are called with care below. */
static bool may_try(u64 number, u64 flags)
{
	return number != SYS_WAIT && number != SYS_EXIT && number != SYS_LOG &&
	       number != SYS_YIELD && (number != SYS_VCPU_RESUME || (flags & RESUME_WAIT) == 0);
}

/* A timer's notification comes, when its time has come. */
static void check_timer(void)
{
	u64 now = (u64)call(SYS_TIME, 0, 0, 0);

	expect(call(SYS_TIMER_SET, now + 1000000, 0, 0) == 0, "timer");
	/* The first may be of an earlier time. */
	while ((u64)call(SYS_TIME, 0, 0, 0) < now + 1000000)
		expect(((u64)call(SYS_WAIT, 0, 0, 0) & NOTIFY_TIMER) != 0, "wait without a reason");
}

/* Every combination; any answer will do, as long as it comes. */
static void try_everything(void)
{
	for (u64 i = 0; i < ODD * ODD * ODD; i++) {
		for (u64 number = 0; number < SYS_COUNT + 3; number++)
			if (may_try(number, odd[i % ODD]))
				(void)call(number, odd[i / ODD % ODD], odd[i / ODD / ODD],
					   odd[i % ODD]);
		/* Its watchdog wants to see it wait. */
		if (i % 64 == 0)
			check_timer();
	}
}

/* A request without a grant is refused, with its own error. */
static void check_refusals(void)
{
	for (u64 i = 0; i < ODD; i++) {
		expect(call(SYS_NOTIFY, odd[i], 0, 0) == -ERR_NOT_FOUND, "notify");
		expect(call(SYS_IRQ_DONE, odd[i], 0, 0) == -ERR_NOT_FOUND, "irq_done");
		expect(call(SYS_VIRQ_SET, odd[i], 1, 0) == -ERR_NOT_FOUND, "virq_set");
		expect(call(SYS_GUEST_CTL, odd[i], odd[i], odd[i]) < 0, "guest_ctl");
		expect(call(SYS_VCPU_RESUME, odd[i], 0, 0) == -ERR_RANGE, "vcpu_resume");
		expect(call(SYS_VCPU_STATE, odd[i], COMPONENT_STACK - 8, 0) == -ERR_RANGE,
		       "vcpu_state");
		expect(call(SYS_COUNT + odd[i] % 1000, 0, 0, 0) == -ERR_UNSUPPORTED, "number");
	}
	for (u64 operation = 0; operation < MANAGE_OPERATIONS; operation++)
		expect(call(SYS_GUEST_CTL, operation, 0, COMPONENT_STACK - 64) == -ERR_DENIED,
		       "guest_ctl");
	expect(call(SYS_VCPU_RESUME, 0, 0, RESUME_STATE << 1) == -ERR_INVALID, "flags");
	expect(call(SYS_LOG, 0, 8, 0) == -ERR_FAULT, "log of nothing");
	expect(call(SYS_LOG, COMPONENT_STACK - 8, 16, 0) == -ERR_FAULT, "log past its end");
	expect(call(SYS_LOG, CORE_VA, 16, 0) == -ERR_FAULT, "log of the core");
	expect(call(SYS_LOG, COMPONENT_GUEST, 16, 0) == -ERR_FAULT, "log of a guest");
	expect(call(SYS_LOG, UINT64_MAX - 3, 16, 0) == -ERR_FAULT, "log around the end");
	expect(call(SYS_LOG, COMPONENT_TEXT, UINT64_MAX, 0) == -ERR_TOO_BIG, "long log");
	expect(call(SYS_TIMER_SET, UINT64_MAX, 0, 0) == 0, "timer");
	expect(call(SYS_TIME, 0, 0, 0) > 0, "time");
}

static void system_calls(void)
{
	_Static_assert(SYS_YIELD == 10, "known to raw.S");
	expect(registers_changed(SYS_YIELD) == 0, "a system call changes registers");
	expect(registers_changed(SYS_COUNT) == 0, "a system call changes registers");
	try_everything();
	check_refusals();
	say("system calls: ", "all answered");
}

/* The stack below what is in use here is as the core left it. */
static bool stack_is_clean(void)
{
	volatile u64 *word = (volatile u64 *)(COMPONENT_STACK - STACK_BYTES);
	u64 end = (u64)__builtin_frame_address(0) - STACK_IN_USE;

	while ((u64)word < end)
		if (*word++ != 0)
			return false;
	return true;
}

void hostile_main(const struct component_info *info, u64 residue)
{
	u64 attack = info->starts;

	expect((residue | hidden_residue()) == 0, "registers are not clean at the start");
	expect(stack_is_clean(), "memory is not zeroed at the start");
	expect(info->magic == COMPONENT_INFO_MAGIC && info->num_grants == NUM_GRANTS,
	       "information");
	if (attack == 0)
		system_calls();
	if (attack < sizeof(attacks) / sizeof(attacks[0])) {
		say("attack: ", attacks[attack].name);
		attacks[attack].run();
		say("not stopped: ", attacks[attack].name);
		(void)call(SYS_EXIT, 2, 0, 0);
	}
	say("all attacks ", "were stopped");
	for (;;)
		(void)call(SYS_WAIT, 0, 0, 0);
}
