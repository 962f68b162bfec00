/* SPDX-License-Identifier: Apache-2.0 */
/* The other CPUs of a guest: started by PSCI CPU_ON, off again when their function returns. */
#include "internal.h"

struct cpu_start cpu_starts[GUEST_MAX_CPUS];

_Static_assert(offsetof(struct boot_record, image) == BOOT_IMAGE, "asm.h");
_Static_assert(offsetof(struct boot_record, x) == BOOT_X, "asm.h");
_Static_assert(offsetof(struct boot_record, el) == BOOT_EL, "asm.h");
_Static_assert(offsetof(struct boot_record, sctlr) == BOOT_SCTLR, "asm.h");
_Static_assert(offsetof(struct boot_record, time) == BOOT_TIME, "asm.h");
_Static_assert(offsetof(struct cpu_start, record) == 0, "start.S");
_Static_assert(sizeof(struct boot_record) == RECORD_SIZE, "asm.h");
_Static_assert(sizeof(struct frame) <= FRAME_SIZE, "asm.h");

void guest_secondary(struct cpu_start *start)
{
	struct cpu *cpu = cpu_get((u32)start->record.index);

	sysreg_write(TPIDR_EL1, (u64)cpu);
	mmu_on();
	memset(&cpu->trap, 0, sizeof(cpu->trap));
	cpu->trapping = false;
	irq_forget();
	gic_init_cpu();
	start->run();
	STORE(start->done, 1);
	sev();
	(void)psci(PSCI_CPU_OFF, 0, 0, 0);
	for (;;)
		wfi();
}

s64 cpu_on(u32 index, void (*run)(void))
{
	struct cpu_start *start = &cpu_starts[index];

	memset(start, 0, sizeof(*start));
	start->record.index = index;
	start->run = run;
	dsb();
	return psci(PSCI_CPU_ON, machine.arch.mpidr[index], (u64)secondary_entry, (u64)start);
}

bool cpu_is_off(u32 index)
{
	return psci(PSCI_AFFINITY_INFO, machine.arch.mpidr[index], 0, 0) == 1;
}

bool cpu_crashed(u32 index)
{
	return __atomic_exchange_n(&cpu_starts[index].crashed, 0, __ATOMIC_ACQ_REL) != 0;
}

bool cpu_wait_off(u32 index)
{
	struct cpu_start *start = &cpu_starts[index];

	return WAIT(LOAD(start->done) != 0 || LOAD(start->crashed) != 0, WAIT_MS) &&
	       WAIT(cpu_is_off(index), WAIT_MS);
}
