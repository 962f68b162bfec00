/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the machine is, read from the host's device tree (firmware's, or the hardware nodes of the
 * system tree). Pure: runs on the build machine too, over every board tree of Debian's kernel.
 */
#ifndef MULLION_HOST_H
#define MULLION_HOST_H

#include <mullion/fdt.h>
#include <mullion/types.h>

#define HOST_MAX_CPUS     64
#define HOST_MAX_MEMORY   32
#define HOST_MAX_RESERVED 64

struct host_range {
	u64 base, size; /* bytes */
};

enum host_gic { HOST_GIC_NONE, HOST_GIC_V2, HOST_GIC_V3 };
enum host_psci { HOST_PSCI_NONE, HOST_PSCI_SMC, HOST_PSCI_HVC };
enum host_uart { HOST_UART_NONE, HOST_UART_PL011, HOST_UART_UNKNOWN };

struct host {
	const struct fdt *tree; /* that it was read from, and which must stay; or NULL */
	u32 num_cpus;
	struct host_cpu {
		u64 mpidr; /* reg of the cpu node: affinity fields only */
		bool psci; /* enable-method */
	} cpus[HOST_MAX_CPUS];
	u32 num_memory;
	struct host_range memory[HOST_MAX_MEMORY]; /* sorted, merged, without status = "disabled" */
	u32 page_sizes; /* of guests' own tables that the CPU has, as a sum; 0: not known */
	u32 num_reserved;
	struct host_range
		reserved[HOST_MAX_RESERVED]; /* /reserved-memory and the reservation block */
	enum host_gic gic;
	struct host_range gicd, gicc, gich,
		gicv; /* v2: all four; v3: gicd alone (gicc.. optional) */
	u32 num_gicr;
	struct host_range gicr[4];
	u64 gicr_stride;     /* bytes, 0: by the frames' own VLPIS bit */
	u32 maintenance_irq; /* INTID, 0 when absent */
	u32 timer_irq[4];    /* INTIDs: secure, non-secure, virtual, hypervisor; 0 when absent */
	enum host_psci psci;
	enum host_uart uart;
	struct host_range uart_regs;
	u32 uart_irq;                 /* INTID, 0 when absent */
	char uart_path[128];          /* the node's path, for messages */
	struct host_range rtc;        /* a PL031's registers; size 0: none */
	char compatible[64];          /* of the root node, first string */
	u64 initrd_start, initrd_end; /* /chosen, 0 when absent */
	char bootargs[256];
};

/** host_read() - fill @host from @fdt. What is missing stays zero/NONE; the caller decides what it
 * needs. Return: ERR_TOO_BIG above a bound here, ERR_FORMAT for a tree that contradicts itself. Any
 * context. */
enum err __must_check host_read(const struct fdt *fdt, struct host *host);

#endif
