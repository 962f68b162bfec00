/* SPDX-License-Identifier: Apache-2.0 */
/* Registers that both the virtual GIC and the drivers know (IHI 0048B §4.3, IHI 0069 §12.9). */
#ifndef ARM64_PURE_GIC_REGS_H
#define ARM64_PURE_GIC_REGS_H

#define GICD_CTLR      0x000
#define GICD_TYPER     0x004
#define GICD_IIDR      0x008
#define GICD_SGIR      0xf00
#define GICD_IROUTER   0x6000
#define GICR_TYPER     0x008
#define GICR_WAKER     0x014
#define WAKER_SLEEP    0x2u
#define WAKER_CHILDREN 0x4u

#endif
