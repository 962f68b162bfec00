/* SPDX-License-Identifier: Apache-2.0 */
/* Offsets and fields of the frames that a guest sees. For the vgic_*.c files alone. */
#ifndef ARM64_PURE_VGIC_FRAMES_H
#define ARM64_PURE_VGIC_FRAMES_H

#include "arch/arm64/pure/gic_regs.h"
#include "arch/arm64/pure/vgic.h"

/* offset / 128 */
enum block {
	BLOCK_CONTROL,
	BLOCK_IGROUPR,
	BLOCK_ISENABLER,
	BLOCK_ICENABLER,
	BLOCK_ISPENDR,
	BLOCK_ICPENDR,
	BLOCK_ISACTIVER,
	BLOCK_ICACTIVER,
	BLOCK_IPRIORITYR,              /* 8 blocks */
	BLOCK_ITARGETSR = 0x800 / 128, /* 8 blocks */
	BLOCK_ICFGR = 0xc00 / 128,     /* 2 blocks */
	BLOCK_SGI = 0xf00 / 128,       /* GICv2 */
	BLOCK_ID2 = 0xf80 / 128,       /* GICv2: PIDRn */
};

#define GICD_CPENDSGIR 0xf10
#define GICD_SPENDSGIR 0xf20
#define GICD2_PIDR2    0xfe8
#define GICD3_PIDR2    0xffe8
#define GICR_IIDR      0x004
#define GICR_PIDR2     0xffe8
#define GICR_SGI_BASE  0x10000

#define CTLR_GROUPS   0x3u
#define CTLR_ARE      0x10u
#define CTLR_DS       0x40u
#define PIDR2_V2      0x2b
#define PIDR2_V3      0x3b
#define PRIORITY_BITS 0xf8u /* 32 levels, as list registers of GICv2 have */

#endif
