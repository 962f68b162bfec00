/* SPDX-License-Identifier: Apache-2.0 */
/* The arm64 part of a machine's description: interrupt controller, timers, firmware. */
#ifndef ARM64_PURE_HOST_H
#define ARM64_PURE_HOST_H

#include <mullion/types.h>

enum host_gic { HOST_GIC_NONE, HOST_GIC_V2, HOST_GIC_V3 };
enum host_psci { HOST_PSCI_NONE, HOST_PSCI_SMC, HOST_PSCI_HVC };

struct arm64_host {
	enum host_gic gic;
	/* GICv2: the first four; GICv3: the distributor alone, the others are optional. */
	struct host_range gicd, gicc, gich, gicv;
	u32 num_gicr;
	struct host_range gicr[4];
	u64 gicr_stride;     /* bytes, 0: by the frames' own VLPIS bit */
	u32 maintenance_irq; /* INTID, 0 when absent */
	u32 timer_irq[4];    /* INTIDs: secure, non-secure, virtual, hypervisor; 0 when absent */
	enum host_psci psci;
};

#endif
