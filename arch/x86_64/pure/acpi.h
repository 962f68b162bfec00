/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ACPI tables (ACPI 6.5 §5.2): foreign data, so every length is bounded and every table's checksum
 * verified. AML is not interpreted.
 */
#ifndef X86_64_PURE_ACPI_H
#define X86_64_PURE_ACPI_H

#include "arch/x86_64/pure/host_tree.h"

/* Physical memory as the caller sees it. */
struct acpi_memory {
	/* map() - @bytes at @pa, readable until the end of acpi_read(), or NULL. */
	const u8 *(*map)(void *context, u64 pa, u64 bytes);
	void *context;
};

/** acpi_read() - CPUs, interrupt controllers, clocks and the UART into @facts, from the root
 * pointer at facts->rsdp. Pure. ERR_NOT_FOUND without a valid root pointer or MADT, ERR_FORMAT for
 * tables that contradict themselves. */
enum err __must_check acpi_read(const struct acpi_memory *memory, struct host_facts *facts);
/** acpi_find_rsdp() - search @bytes at @area, which lie at @pa, for a root pointer. Returns its
 * physical address, or 0. Pure. */
u64 acpi_find_rsdp(const u8 *area, u64 pa, u64 bytes);

#endif
