/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs' numbers, and the way of a started CPU into the scheduler. */
#include "arch/common/cpus.h"

#include <arch/boot.h>
#include <arch/speculation.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <stdatomic.h>

u32 cpu_count = 1;
static struct cpu others[CONFIG_MAX_CPUS - 1];
static struct cpu *cpus[CONFIG_MAX_CPUS] = { &boot_cpu };
static _Atomic bool released;
static enum err (*_Atomic bring_up)(struct cpu *cpu);

struct cpu *cpu_get(u32 id)
{
	return id < cpu_count ? cpus[arch_index_clamp(id, cpu_count)] : NULL;
}

__boot enum err cpus_number(struct host *host, u64 identity)
{
	u32 boot = 0;

	while (boot < host->num_cpus && host->cpus[boot].identity != identity)
		boot++;
	if (boot == host->num_cpus)
		return ERR_NOT_FOUND;
	if (host->num_cpus > CONFIG_MAX_CPUS) {
		log_warn("%u CPUs of %u are used", CONFIG_MAX_CPUS, host->num_cpus);
		if (boot >= CONFIG_MAX_CPUS) {
			host->cpus[0] = host->cpus[boot];
			boot = 0;
		}
		host->num_cpus = CONFIG_MAX_CPUS;
	}
	cpu_count = host->num_cpus;
	for (u32 id = 0, other = 0; id < cpu_count; id++) {
		struct cpu *cpu = id == boot ? &boot_cpu : &others[other++];

		cpus[id] = cpu;
		cpu->id = id;
		cpu->arch.window = id == boot ? 0 : id + 1;
	}
	atomic_store(&boot_cpu.online, true);
	return OK;
}

__boot void cpus_bring_up(enum err (*up)(struct cpu *cpu))
{
	atomic_store(&bring_up, up);
}

void cpus_release(void)
{
	atomic_store(&bring_up, NULL);
	atomic_store(&released, true);
}

void cpu_join(void)
{
	struct cpu *cpu = this_cpu();
	/* Too late without it: others run guests already, and the code for boot is given back. */
	enum err (*up)(struct cpu *) = atomic_load(&bring_up);

	if (up == NULL || up(cpu) != OK)
		cpu_park();
	atomic_store(&cpu->online, true);
	while (!atomic_load(&released))
		arch_cpu_relax();
	sched_loop();
}
