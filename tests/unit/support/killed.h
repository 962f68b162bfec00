/* SPDX-License-Identifier: Apache-2.0 */
/* A child that runs a function of this program instruction by instruction. The includer defines
 * _GNU_SOURCE, for process_vm_readv(). */
#ifndef TESTS_SUPPORT_KILLED_H
#define TESTS_SUPPORT_KILLED_H

#include "support/test.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/** killed_start() - Returns a child that stops before act(), and exits behind it. */
static inline pid_t killed_start(void (*act)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
			_exit(errno);
		(void)raise(SIGSTOP);
		act();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSTOPPED(status));
	return child;
}

/** killed_step() - run @count instructions. Returns false if act() has returned. */
static inline bool killed_step(pid_t child, unsigned int count)
{
	int status = 0;

	while (count-- > 0) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, child, NULL, NULL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			return false;
		}
		assert_true(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP);
	}
	return true;
}

/** killed_copy() - take an object over from the child. */
static inline void killed_copy(pid_t child, void *what, size_t bytes)
{
	struct iovec at = { what, bytes };

	assert_int_equal(process_vm_readv(child, &at, 1, &at, 1, 0), (ssize_t)bytes);
}

#endif
