/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptions are checked as on a developer's machine. The core creates and starts each that
 * passes, on the fake machine (arch/host), in a process of its own.
 */
#ifndef TESTS_SUPPORT_STARTS_H
#define TESTS_SUPPORT_STARTS_H

#include <mullion/config.h>

#include "arch/host/host.h"

#define STARTS_HEAP MIB(24) /* below the rest of RAM; the part that the checks demand is used */
#define STARTS_RAM  MIB(40)

enum starts {
	STARTS_REFUSED,   /* by the checks: starts_said */
	STARTS_RUNS,      /* all that it says to start runs */
	STARTS_TOO_LARGE, /* for this machine's heap */
	STARTS_FAILS,     /* it passes and does not start */
};

/* The messages of the latest checks. */
extern char starts_said[HOST_CONSOLE_BYTES];

/* Of a group of tests: the bundle, which has kernel.bin (raw) and vmm.elf. */
int starts_set_up(void **state);
int starts_tear_down(void **state);

enum starts starts_try(const struct fdt *tree);

#endif
