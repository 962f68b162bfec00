/* SPDX-License-Identifier: Apache-2.0 */
/* The x86-64 part of the configuration; each function is a row of the table. */
#ifndef X86_PURE_PLATFORM_H
#define X86_PURE_PLATFORM_H

#include <arch/platform.h>

/* In the root's `compatible`, of a machine's tree and of a system's description. */
#define X86_COMPATIBLE "mullion,x86-64"

/* A guest's interrupt controllers, at the addresses that every PC has. */
#define X86_LAPIC        UINT64_C(0xfee00000)
#define X86_IOAPIC       UINT64_C(0xfec00000)
#define X86_IOAPIC_LINES 24 /* inputs of a guest's; its lines are GSIs */

/* Addresses of a guest between its RAM's parts. */
#define X86_HOLE_BASE UINT64_C(0xc0000000)
#define X86_HOLE_END  UINT64_C(0x100000000)

/** x86_cpu_read(), x86_host_read(), x86_boot_check(), x86_boot_place() - the functions of struct
 * arch_platform with these names. Pure. */
void x86_cpu_read(const struct fdt *fdt, fdt_node_t node, struct host_cpu *cpu);
enum err x86_host_read(const struct fdt *fdt, fdt_node_t uart, struct host *host);
void x86_boot_check(struct config_run *run, struct config_guest *guest);
void x86_boot_place(struct placing *p);

extern const struct arch_platform x86_platform;

#endif
