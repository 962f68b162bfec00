/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The contract guest: named tests for each of the points that an arm64 guest must see.
 * It resets itself on the way and continues in its next run.
 */
#include "contract.h"

#define PERSIST_MAGIC 0x7473697372657000ull

struct persist *persist(void)
{
	return (struct persist *)ALIGN_DOWN(machine.ram + machine.ram_size / 8 * 7, PAGE_SIZE);
}

void guest_main(void)
{
	struct persist *p = persist();

	if (p->magic != PERSIST_MAGIC) {
		memset(p, 0, sizeof(*p));
		p->magic = PERSIST_MAGIC;
	}
	test_totals = p->totals;
	if (p->boot == 0) {
		print("contract: GICv%u, %u CPUs, %s\n", gic.version, machine.num_cpus,
		      machine.mullion ? "under Mullion" : "on the bare machine");
		boot_run();
		tree_run();
		calls_run();
		suspend_run();
		power_run();
		trng_run();
		irq_run();
		priority_run();
		fiq_run();
		device_irq_run();
		level_run();
		uart_run();
		lowered_run();
		sgi_run();
		gic_run();
		time_run();
		wait_run();
		memory_run();
		fault_run();
		id_run();
		state_run();
		debug_run();
	}
	reset_run();
	test_end();
	p->magic = 0;
}
