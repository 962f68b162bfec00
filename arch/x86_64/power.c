/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of the machine. The sleep type of S5 stands in AML, which the core does not interpret. It
 * is 0 on QEMU and Bochs; another machine stops there, and stays on.
 */
#include "arch/x86_64/boot.h"
#include "drivers/irqchip/apic.h"
#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <asm/port.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <stdatomic.h>

#define PM1_SLEEP_ENABLE BIT(13) /* ACPI 6.5 §4.8.3.2 */
#define SLEEP_TYPE_S5    0u
#define RESET_CONTROL    0xcf9 /* PCI local bus: bit 1 full, bit 2 now */
#define KEYBOARD_COMMAND 0x64
#define KEYBOARD_RESET   0xfe
#define SETTLE_SPINS     1000000u

static u16 pm1a, pm1b;
static struct host_register reset;
static u8 reset_value;
static volatile u8 *reset_memory;
static _Atomic bool stopping;

__boot void power_init(const struct host_facts *facts)
{
	pm1a = (u16)facts->pm1a_control;
	pm1b = (u16)facts->pm1b_control;
	reset = facts->reset;
	reset_value = facts->reset_value;
	if (reset.space == REGISTER_MEMORY)
		reset_memory =
			arch_map(HPA(reset.address), 1, SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
}

void cpu_stop(void)
{
	for (;;)
		__asm__ volatile("cli\n\thlt");
}

void core_nmi(void)
{
	this_cpu()->arch.nmis++;
	if (atomic_load(&stopping))
		cpu_stop();
}

void arch_stop(void)
{
	const struct cpu *me = this_cpu();

	atomic_store(&stopping, true);
	for (u32 id = 0; irqchip != NULL && id < cpu_count; id++)
		if (cpu_get(id) != me && atomic_load(&cpu_get(id)->online))
			apic_send(cpu_get(id)->arch.apic_id, APIC_IPI_NMI);
	cpu_stop();
}

static void settle(void)
{
	for (u32 i = 0; i < SETTLE_SPINS; i++)
		arch_cpu_relax();
}

void arch_poweroff(void)
{
	u16 value = (u16)(PM1_SLEEP_ENABLE | SLEEP_TYPE_S5 << 10);

	if (pm1a != 0)
		port_write16(pm1a, value);
	if (pm1b != 0)
		port_write16(pm1b, value);
	settle();
	log_error("the machine did not switch itself off (S5 is not type 0 here)");
	arch_stop();
}

void arch_reboot(void)
{
	if (reset.space == REGISTER_PORT)
		port_write8((u16)reset.address, reset_value);
	if (reset_memory != NULL)
		*reset_memory = reset_value;
	settle();
	port_write8(RESET_CONTROL, 2);
	port_write8(RESET_CONTROL, 6);
	settle();
	port_write8(KEYBOARD_COMMAND, KEYBOARD_RESET);
	settle();
	log_error("the machine did not restart");
	arch_stop();
}
