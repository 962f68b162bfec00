/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs' numbers, and the way of a started CPU into the scheduler. */
#ifndef ARCH_COMMON_CPUS_H
#define ARCH_COMMON_CPUS_H

#include <mullion/cpu.h>
#include <mullion/err.h>
#include <mullion/host.h>

extern struct cpu boot_cpu;

/** cpus_number() - give each CPU of @host its struct cpu. @identity is the boot CPU's. Of more than
 * CONFIG_MAX_CPUS the rest is removed from @host. Returns ERR_NOT_FOUND if @host does not list the
 * boot CPU. Boot CPU, once. */
enum err __must_check cpus_number(struct host *host, u64 identity);
/** cpus_bring_up() - @up is the first work of each other CPU. It may be boot code. Boot CPU. */
void cpus_bring_up(enum err (*up)(struct cpu *cpu));
/** cpus_release() - let the started CPUs enter sched_loop(). Boot CPU. */
void cpus_release(void);
/** cpu_join() - bring this CPU up, wait for cpus_release(), and enter sched_loop(). It stops if
 * cpus_release() was called before. */
void cpu_join(void) __noreturn;
/** cpu_park() - this CPU stops permanently. Interrupts masked. */
void cpu_park(void) __noreturn;

#endif
