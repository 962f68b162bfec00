/* SPDX-License-Identifier: Apache-2.0 */
/* The runner of named tests: every test starts from a quiet machine, and ends in a line. */
#include "test.h"

struct test_totals test_totals;
u32 test_stop;

static struct jump escape;
static const char *skip_reason;
static char failure[96];

void test_fail(const char *what, u64 saw, u64 expected)
{
	(void)format(failure, sizeof(failure), "expected 0x%llx, saw 0x%llx (%.40s)",
		     (unsigned long long)expected, (unsigned long long)saw, what);
	jump_back(&escape);
}

void test_skip(const char *why)
{
	skip_reason = why;
	jump_back(&escape);
}

static const char *missing(u32 needs)
{
	u64 start;

	if ((needs & NEEDS_MULLION) != 0 && !machine.mullion)
		return "not under Mullion";
	if ((needs & NEEDS_2_CPUS) != 0 && machine.num_cpus < 2)
		return "needs 2 CPUs";
	if ((needs & NEEDS_3_CPUS) != 0 && machine.num_cpus < 3)
		return "needs 3 CPUs";
	if ((needs & NEEDS_INITRD) != 0 &&
	    fdt_get_u64(&machine.fdt, fdt_find(&machine.fdt, "/chosen"), "linux,initrd-start",
			&start) != OK)
		return "needs an initrd";
	return arch_test_missing(needs);
}

/* Other CPUs must be off when the next test begins: one that hangs would spoil it. */
static void check_cpus_off(void)
{
	STORE(test_stop, 1);
	for (u32 i = 1; i < machine.num_cpus; i++) {
		if (!cpu_is_off(i) && !cpu_wait_off(i))
			test_fail("CPU_OFF", i, 0);
		if (cpu_crashed(i))
			test_fail("exception on another CPU", i, 0);
	}
}

/* After a failure: give the others the time to go. */
static void stop_cpus(void)
{
	STORE(test_stop, 1);
	for (u32 i = 1; i < machine.num_cpus; i++)
		(void)WAIT(cpu_is_off(i), WAIT_MS / 5);
}

/* Returns true if it passed. The escape brings it back a second time. */
static bool attempt(const struct test *test)
{
	this_cpu()->escape = &escape;
	(void)str_copy(failure, sizeof(failure), "expected no exception, saw one");
	skip_reason = NULL;
	if (jump_set(&escape) != 0) {
		stop_cpus();
		return false;
	}
	arch_test_quiesce();
	STORE(test_stop, 0);
	test->run();
	irq_disable();
	check_cpus_off();
	return true;
}

static void report(const struct test *test, bool passed)
{
	u32 n = ++test_totals.number;

	if (skip_reason != NULL) {
		test_totals.skipped++;
		print("skip %u %s: %s\n", n, test->name, skip_reason);
	} else if (passed) {
		test_totals.passed++;
		print("ok %u %s\n", n, test->name);
	} else {
		test_totals.failed++;
		print("not ok %u %s: %s\n", n, test->name, failure);
	}
}

static bool chosen(const struct test *test)
{
	char only[32];

	return str_has_prefix(test->name, boot_arg("only", only, sizeof(only)));
}

void test_run(const struct test *tests, u32 count)
{
	for (u32 i = 0; i < count; i++) {
		bool passed;

		if (!chosen(&tests[i]))
			continue;
		skip_reason = missing(tests[i].needs);
		passed = skip_reason == NULL && attempt(&tests[i]);
		this_cpu()->escape = NULL;
		report(&tests[i], passed);
	}
}

void test_end(void)
{
	print("tests: %u passed, %u failed, %u skipped\n", test_totals.passed, test_totals.failed,
	      test_totals.skipped);
}
