/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: time. */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <mullion/err.h>
#include <mullion/types.h>

struct host;

/** arch_time_init() - read the counter's rate, take the deadline's interrupt. Boot CPU, after
 * irq_init(). ERR_NOT_FOUND when @host has no such interrupt, ERR_HARDWARE when the rate is not
 * set. */
enum err __must_check arch_time_init(const struct host *host);
/** arch_time_now() - nanoseconds since the counter started; boot_info.counter_hz is its rate. Any
 * context. */
ns_t arch_time_now(void);
/** arch_time_set_deadline() - this CPU's one deadline, in nanoseconds as arch_time_now(); NS_NEVER:
 * none. At it timer_expire() is called in interrupt context. Own CPU; the caller may hold a timer
 * queue's lock. */
void arch_time_set_deadline(ns_t when);
/** arch_time_wall() - read the machine's real-time clock. Returns seconds since 1970; 0: there is
 * none, or it shows no time. Boot CPU, once. */
u64 arch_time_wall(const struct host *host);

#endif
