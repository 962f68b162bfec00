/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest that tries everything that must not affect others. Each case ends in faults that this
 * guest's own vectors take and count, or in a power-off, or this guest is stopped. The witness on
 * another CPU must not notice.
 */
#include "hostile.h"

u32 faults;

static u32 irqs;
static char name[24];

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "unmapped", unmapped },
	{ "permission", permission },
	{ "walks", walks },
	{ "forms", forms },
	{ "misaligned", misaligned },
	{ "jump", jump },
	{ "no-vectors", no_vectors },
	{ "vector-loop", vector_loop },
	{ "bad-tables", bad_tables },
	{ "controller", controller },
	{ "storm", storm },
	{ "interface", interface },
	{ "line", line },
	{ "sleep-masked", sleep_masked },
	{ "calls", calls },
	{ "cpu-nonsense", cpu_nonsense },
	{ "cpu-zeros", cpu_into_zeros },
	{ "all-off", all_off },
	{ "reset-often", reset_often },
	{ "log-noise", log_noise },
	{ "registers", registers },
	{ "instructions", instructions },
	{ "virtio-chains", virtio_chains },
	{ "virtio-queues", virtio_queues },
	{ "virtio-registers", virtio_registers },
	{ "virtio-status", virtio_status },
	{ "virtio-doorbells", virtio_doorbells },
	{ "virtio-changes", virtio_changes },
	{ "virtio-tables", virtio_tables },
	{ "virtio-events", virtio_events },
	{ "time-idle", time_idle },
	{ "time-setway", time_setway },
	{ "time-controller", time_controller },
	{ "time-interrupts", time_interrupts },
	{ "time-timer", time_timer },
	{ "time-calls", time_calls },
	{ "time-log", time_log },
	{ "time-faults", time_faults },
	{ "time-registers", time_registers },
	{ "time-cpus", time_cpus },
	{ "time-reset", time_reset },
	{ "time-uart", time_uart },
	{ "time-emulated", time_emulated },
	{ "time-doorbells", time_doorbells },
};

u64 random_next(void)
{
	static u64 state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

void map_nowhere(void)
{
	mmu_set_gib(NOWHERE >> 30, NOWHERE | MMU_BLOCK | MMU_NORMAL);
}

void attack(u32 instruction, u64 data, u64 address)
{
	u64 regs[3] = { data, data, address };

	(void)execute(instruction, regs);
}

/* Each exception is counted and skipped. A failed fetch was a call. */
static bool count_fault(struct frame *frame, u64 vector)
{
	u32 ec = (u32)(sysreg_read(ESR_EL1) >> 26) & 0x3f;

	(void)vector;
	(void)ADD(faults, 1);
	if (ec == EC_IABT || ec == EC_PC)
		frame->elr = frame->x[30];
	else if (ec != EC_SVC)
		frame->elr += 4;
	return true;
}

static void count_irq(u32 id)
{
	(void)id;
	(void)ADD(irqs, 1);
}

void report(void)
{
	print("hostile: %s done: %u faults, %u interrupts\n", name, LOAD(faults), LOAD(irqs));
	power_off();
}

void guest_main(void)
{
	struct cpu *cpu = this_cpu();

	(void)boot_arg("case", name, sizeof(name));
	cpu->sync_hook = count_fault;
	cpu->irq_hook = count_irq;
	for (u32 i = 0; i < ARRAY_SIZE(cases); i++) {
		if (!str_equal(cases[i].name, name))
			continue;
		print("hostile: %s begins\n", name);
		cases[i].run();
		report();
	}
	print("hostile: no case '%s'\n", name);
}
