/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Named tests inside a guest. A test is a function that returns if it passes. A failed check or an
 * unexpected exception leaves it at once. Results are lines as in TAP.
 * Checks belong on CPU 0; other CPUs leave values for it.
 */
#ifndef GUEST_TEST_H
#define GUEST_TEST_H

#include "guest.h"

/* Needs of a test; without them it is reported as skipped. */
#define NEEDS_MULLION BIT(0) /* proves the hypervisor, says nothing about a bare machine */
#define NEEDS_2_CPUS  BIT(1)
#define NEEDS_3_CPUS  BIT(2)
#define NEEDS_GICV2   BIT(3)
#define NEEDS_GICV3   BIT(4)
#define NEEDS_UART    BIT(5) /* a PL011 with an interrupt */
#define NEEDS_INITRD  BIT(6)

struct test {
	const char *name; /* "<contract point>.<name>" */
	void (*run)(void);
	u32 needs;
};

/* Survives SYSTEM_RESET in a page that no image covers. */
struct test_totals {
	u32 number, passed, failed, skipped;
};
extern struct test_totals test_totals;

/* Set when a test is over: other CPUs must return then. */
extern u32 test_stop;

/** test_run() - run @count tests; a boot argument only=<text> leaves those whose name begins so. */
void test_run(const struct test *tests, u32 count);
/** test_end() - the summary line. */
void test_end(void);
/** test_fail() - leave the test that runs: it expected @expected, saw @saw, in the expression
 * @what. */
void __noreturn test_fail(const char *what, u64 saw, u64 expected);
void __noreturn test_skip(const char *why);

/** arch_test_missing() - Returns what the machine lacks of @needs, or NULL. */
const char *arch_test_missing(u32 needs);
/** arch_test_quiesce() - stop timers, mask interrupts, and forget those of the last test. */
void arch_test_quiesce(void);

#define CHECK_EQ(saw, expected)                                     \
	do {                                                        \
		u64 saw_ = (u64)(saw), expected_ = (u64)(expected); \
		if (saw_ != expected_)                              \
			test_fail(#saw, saw_, expected_);           \
	} while (0)
#define CHECK_NE(saw, unexpected)                                        \
	do {                                                             \
		u64 saw_ = (u64)(saw);                                   \
		if (saw_ == (u64)(unexpected))                           \
			test_fail(#saw " != " #unexpected, saw_, ~saw_); \
	} while (0)
#define CHECK(condition)                             \
	do {                                         \
		if (!(condition))                    \
			test_fail(#condition, 0, 1); \
	} while (0)

#endif
