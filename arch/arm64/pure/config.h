/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 part of the configuration; each function is a row of the table. */
#ifndef ARM64_PURE_CONFIG_H
#define ARM64_PURE_CONFIG_H

#include <arch/platform.h>

void arm64_cpu_read(const struct fdt *fdt, fdt_node_t node, struct host_cpu *cpu);
enum err arm64_host_read(const struct fdt *fdt, fdt_node_t uart, struct host *host);

extern const struct arch_platform arm64_platform;

#endif
