/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The handler of every exception. Interrupts are acknowledged, noted, shown to a hook and ended.
 * Synchronous exceptions are caught between trap_begin() and trap_end(). An unexpected exception
 * goes to the CPU's escape, or ends the guest with a message.
 */
#include "internal.h"

/* So many interrupts are a storm: the one that comes is disabled, so that its test can fail. */
#define STORM 20000

static struct cpu cpus[GUEST_MAX_CPUS];

struct cpu *cpu_get(u32 index)
{
	cpus[index].index = index;
	return &cpus[index];
}

struct cpu *this_cpu(void)
{
	return (struct cpu *)sysreg_read(TPIDR_EL1);
}

static void interrupt(struct cpu *cpu)
{
	u32 ack = gic_ack(), id = ack & 0xffffff;

	if (gic.version == 2)
		id = ack & 0x3ff;
	if (id >= 1020 && id <= 1023) {
		cpu->spurious++;
		return;
	}
	if (cpu->irqs < ARRAY_SIZE(cpu->irq_log))
		cpu->irq_log[cpu->irqs] = ack;
	if (++cpu->irqs == STORM)
		gic_disable(id);
	if (cpu->irq_hook != NULL)
		cpu->irq_hook(id);
	if (!cpu->no_eoi)
		gic_eoi(ack);
}

/* Note the exception and step over it. A fetch that failed was a call: back to the caller. */
static void catch (struct cpu *cpu, struct frame *frame, u64 vector)
{
	struct trap *trap = &cpu->trap;

	trap->count++;
	trap->vector = vector;
	trap->esr = sysreg_read(ESR_EL1);
	trap->far = sysreg_read(FAR_EL1);
	trap->elr = frame->elr;
	trap->spsr = frame->spsr;
	if (TRAP_EC(*trap) == EC_IABT || TRAP_EC(*trap) == EC_PC)
		frame->elr = frame->x[30];
	else if (TRAP_EC(*trap) != EC_SVC)
		frame->elr += 4;
}

void exception(struct frame *frame, u64 vector)
{
	struct cpu *cpu = this_cpu();
	u64 esr = sysreg_read(ESR_EL1);

	if ((vector & 3) == VECTOR_IRQ) {
		interrupt(cpu);
		return;
	}
	if ((vector & 3) != VECTOR_SYNC && cpu->other_hook != NULL && cpu->other_hook(vector))
		return;
	if ((vector & 3) == VECTOR_SYNC) {
		if (cpu->sync_hook != NULL && cpu->sync_hook(frame, vector))
			return;
		if (cpu->trapping) {
			catch (cpu, frame, vector);
			return;
		}
	}
	print("# cpu %u: exception: vector %u esr 0x%x elr 0x%llx far 0x%llx\n", cpu->index,
	      (u32)vector, (u32)esr, (unsigned long long)frame->elr,
	      (unsigned long long)sysreg_read(FAR_EL1));
	print("# elr in image: 0x%llx, lr 0x%llx\n",
	      (unsigned long long)(frame->elr - machine.image),
	      (unsigned long long)(frame->x[30] - machine.image));
	if (cpu->escape != NULL)
		jump_back(cpu->escape);
	if (cpu->index != 0) {
		STORE(cpu_starts[cpu->index].crashed, 1);
		(void)psci(PSCI_CPU_OFF, 0, 0, 0);
	}
	power_off();
}

void trap_begin(void)
{
	struct cpu *cpu = this_cpu();

	memset(&cpu->trap, 0, sizeof(cpu->trap));
	cpu->trapping = true;
	__asm__ volatile("" ::: "memory");
}

struct trap trap_end(void)
{
	struct cpu *cpu = this_cpu();

	__asm__ volatile("" ::: "memory");
	cpu->trapping = false;
	return cpu->trap;
}

void call_at(u64 address)
{
	__asm__ volatile("blr %0" ::"r"(address)
			 : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",
			   "x12", "x13", "x14", "x15", "x16", "x17", "x18", "x30", "cc", "memory");
}

void irq_forget(void)
{
	struct cpu *cpu = this_cpu();

	cpu->irqs = 0;
	cpu->spurious = 0;
	cpu->irq_hook = NULL;
	cpu->other_hook = NULL;
	cpu->no_eoi = false;
	memset(cpu->irq_log, 0, sizeof(cpu->irq_log));
}
