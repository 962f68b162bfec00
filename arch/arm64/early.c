/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one message of a start at the wrong exception level. This code runs at the load address, with
 * the loader's MMU state. So it uses no addresses in static data and no services of the core. It
 * uses lib/fdt, which is position-independent like all of the core.
 */
#include <mullion/fdt.h>

#include "arch/arm64/boot.h"

#define PL011_DR      0x00
#define PL011_FR      0x18
#define PL011_FR_TXFF BIT(5)
#define SPIN_LIMIT    1000000u

static void early_puts(u64 uart, const char *text)
{
	for (; *text != '\0'; text++) {
		for (u32 i = 0; i < SPIN_LIMIT; i++)
			if (!(*(volatile u32 *)(uart + PL011_FR) & PL011_FR_TXFF))
				break;
		*(volatile u32 *)(uart + PL011_DR) = (u8)*text;
	}
}

void early_refuse(u64 el, const void *tree)
{
	struct fdt fdt;
	fdt_node_t node = FDT_NONE;
	u64 uart, size;

	/* x0 may have any value (ATAGS, zero): fdt_open() checks the magic first. */
	if (tree != NULL && ((u64)tree & 7) == 0 && fdt_open(&fdt, tree, FDT_MAX_SIZE) == OK)
		node = fdt_find_compatible(&fdt, FDT_NONE, "arm,pl011");
	if (node != FDT_NONE && fdt_reg(&fdt, node, 0, &uart, &size) == OK) {
		early_puts(uart, "mullion: started at ");
		early_puts(uart, el == 1 ? "EL1" : "EL3");
		early_puts(uart, ", but the hypervisor needs EL2.\r\n");
		early_puts(uart,
			   el == 1 ? "mullion: start it at EL2 (QEMU virt: -machine "
				     "virtualization=on).\r\n"
				   : "mullion: put firmware (TF-A) below it that enters EL2 and "
				     "serves PSCI.\r\n");
	}
	for (;;)
		__asm__ volatile("wfi");
}
