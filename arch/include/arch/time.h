/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: time. */
#ifndef ARCH_TIME_H
#define ARCH_TIME_H

#include <mullion/types.h>

/** arch_time_now() - nanoseconds since the counter started. arch_time_frequency_hz() - the counter's rate. */
ns_t arch_time_now(void);
u64 arch_time_frequency_hz(void);
/** arch_time_set_deadline()/arch_time_stop() - this CPU's one deadline; its interrupt ends idle. */
void arch_time_set_deadline(ns_t when);
void arch_time_stop(void);
/** arch_time_interrupt() - the deadline's interrupt came (host.timer_irq[3]): quiet it. From irq_handle(). */
void arch_time_interrupt(void);

#endif
