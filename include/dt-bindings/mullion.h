/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for numbers in the description of a system, for DTS files:
 *	#include <dt-bindings/mullion.h>
 *	interrupts = <GIC_SPI 1 IRQ_LEVEL_HIGH>;
 *	size = <MIB(256)>;
 * tools/check and tools/pack find this file by themselves.
 */
#ifndef DT_BINDINGS_MULLION_H
#define DT_BINDINGS_MULLION_H

/* First cell of an interrupt. */
#define GIC_SPI 0 /* shared; the only kind that can be given to a guest */
#define GIC_PPI 1 /* private to each CPU */

/* Third cell of an interrupt. */
#define IRQ_EDGE_RISING 1
#define IRQ_LEVEL_HIGH  4

#define KIB(n) ((n)*0x400)
#define MIB(n) ((n)*0x100000)
/* One cell holds less than 4 GiB: write e.g. size = <1 0x00000000>; for 4 GiB. */
#define GIB(n) ((n)*0x40000000)

#endif
