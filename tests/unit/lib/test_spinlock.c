/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lib/spinlock.c: ranks are checked, in a child process because a wrong one panics. The lock
 * excludes: threads that act as CPUs increment one counter, and no increment is lost.
 */
#include "support/test.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <mullion/cpu.h>
#include <mullion/spinlock.h>

#include "arch/host/host.h"

#define THREADS 3
#define ROUNDS  100

static struct spinlock low = SPINLOCK_INIT(RANK_GUEST);
static struct spinlock high = SPINLOCK_INIT(RANK_MEMORY);
static struct spinlock shared = SPINLOCK_INIT(RANK_IRQ);
static volatile u64 counter;

static void rising_ranks_are_right(void **state)
{
	(void)state;
	for (u32 i = 0; i < 3; i++) {
		spin_lock(&low);
		spin_lock(&high);
		spin_unlock(&high);
		spin_unlock(&low);
		spin_lock(&high);
		spin_unlock(&high);
	}
	assert_int_equal(this_cpu()->lock_ranks, 0);
}

/* Returns true if a panic ended the child. */
static bool panics(struct spinlock *first, struct spinlock *second)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (freopen("/dev/null", "w", stderr) == NULL)
			_exit(1);
		spin_lock(first);
		spin_lock(second);
		_exit(0);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
}

static void falling_ranks_panic(void **state)
{
	struct spinlock twin;

	(void)state;
	spin_init(&twin, RANK_GUEST);
	assert_false(panics(&low, &high));
	assert_true(panics(&high, &low));
	assert_true(panics(&low, &twin)); /* the same rank twice could deadlock, too */
}

static void *count(void *id)
{
	host_cpu_select((u32)(uintptr_t)id);
	for (u32 i = 0; i < ROUNDS; i++) {
		u64 before;

		spin_lock(&shared);
		before = counter;
		usleep(20); /* let the others in, if they can */
		counter = before + 1;
		spin_unlock(&shared);
	}
	return NULL;
}

static void excludes(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count, (void *)i), 0);
	for (u32 i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(counter, THREADS * ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rising_ranks_are_right),
		cmocka_unit_test(falling_ranks_panic),
		cmocka_unit_test(excludes),
	};

	host_start(THREADS, MIB(4), 64);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
