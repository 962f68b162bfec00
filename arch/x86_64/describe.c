/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's tree, out of the facts of loader, ACPI tables and CPU. */
#include "arch/x86_64/boot.h"
#include "arch/x86_64/pure/acpi.h"
#include "drivers/uart/uart.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/port.h>
#include <mullion/log.h>
#include <mullion/space.h>

#define COM1         0x3f8
#define COM1_IRQ     4
#define UART_SCRATCH 7

static __boot_bss u8 tree[HOST_TREE_BYTES] __aligned(8); /* boot alone reads it */

/* A 16550's scratch register keeps what is written; an absent device reads as ones. */
__boot static void find_com1(struct host_facts *facts)
{
	if (facts->uart.space != REGISTER_NONE)
		return;
	port_write8(COM1 + UART_SCRATCH, 0x5a);
	if (port_read8(COM1 + UART_SCRATCH) != 0x5a)
		return;
	facts->uart = (struct host_register){ REGISTER_PORT, COM1 };
	facts->uart_gsi = COM1_IRQ;
}

__boot void describe_host(struct host_facts *facts)
{
	struct acpi_memory memory = { .map = map_firmware };
	enum err err = acpi_read(&memory, facts);
	u32 bytes;

	find_com1(facts);
	/* Before the tree is read there is no other place for a message. */
	if (err != OK && facts->uart.space == REGISTER_PORT) {
		uart_init((void *)facts->uart.address);
		log_attach_console(uart_put);
	}
	if (err == ERR_NOT_FOUND)
		stop_machine("no ACPI tables with a MADT: switch ACPI on in the firmware's set-up "
			     "(QEMU: leave out -machine acpi=off)");
	if (err != OK)
		stop_machine("the ACPI tables contradict themselves: update the firmware");
	if (facts->memory_cut || facts->cpus_cut)
		log_warn("the machine has more pieces of memory, or more CPUs, than are used");
	time_calibrate(facts);
	power_init(facts);
	err = host_tree_write(facts, tree, sizeof(tree), &bytes);
	if (err == OK)
		err = fdt_open(&boot_info.fdt, tree, bytes);
	boot_info.tree = tree;
	boot_info.tree_bytes = bytes;
	boot_info.tree_pa = HPA(mmu_pa(tree));
	boot_info.tree_err = err;
	if (err == OK)
		core_index_tree(&boot_info.fdt);
}
