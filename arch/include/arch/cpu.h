/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: CPUs. struct arch_cpu comes from <asm/cpu.h>. */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include <asm/cpu.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct cpu;
struct host;

/** arch_this_cpu() - in asm/cpu.h, inline: this CPU's struct cpu. */
/** arch_cpu_relax() - in asm/cpu.h, inline: the hint inside a spin loop. Any context. */
/** arch_cpus_init() - give every CPU of @host its struct cpu and find the means to start them. Of
 * more than CONFIG_MAX_CPUS the rest is removed from @host. Boot CPU, once. Returns ERR_NOT_FOUND
 * if @host does not list the boot CPU, ERR_UNSUPPORTED (after logging it) if there are others that
 * cannot be started. */
enum err __must_check arch_cpus_init(struct host *host);
/** arch_cpu_start() - start host CPU @cpu, which sets cpu->online once it is ready. Returns when
 * the start was accepted. Boot CPU, with the heap. Returns ERR_NO_MEMORY, ERR_HARDWARE, logged. */
enum err __must_check arch_cpu_start(struct cpu *cpu);
/** arch_cpu_kick() - make @cpu leave its guest or its idle wait. Any CPU, any context. */
void arch_cpu_kick(u32 cpu);
/** arch_cpu_idle() - wait for an interrupt and serve it. Own CPU; no locks. */
void arch_cpu_idle(void);

#endif
