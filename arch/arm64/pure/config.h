/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 part of the configuration; each function is a row of the table. */
#ifndef ARM64_PURE_CONFIG_H
#define ARM64_PURE_CONFIG_H

#include <arch/platform.h>
#include <mullion/guest_tree.h>

#define INTID_SPI_FIRST 32

/** arm64_cpu_read(), arm64_host_read(), arm64_boot_check(), arm64_boot_place() - the functions of
 * struct arch_platform with these names. Pure. */
void arm64_cpu_read(const struct fdt *fdt, fdt_node_t node, struct host_cpu *cpu);
enum err arm64_host_read(const struct fdt *fdt, fdt_node_t uart, struct host *host);
void arm64_boot_check(struct config_run *run, struct config_guest *guest);
void arm64_boot_place(struct placing *p);

/** arm64_vcpu_identity() - the MPIDR affinity of vCPU @index. Pure. */
u64 arm64_vcpu_identity(u32 index);
extern const struct guest_nodes arm64_guest_nodes;

extern const struct arch_platform arm64_platform;

#endif
