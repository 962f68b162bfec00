/* SPDX-License-Identifier: Apache-2.0 */
/* A CPU's own segment descriptors and task state (Intel SDM vol. 3 §8.7). */
#ifndef X86_64_TABLES_H
#define X86_64_TABLES_H

#include <asm/port.h>
#include <asm/sysreg.h>
#include <mullion/types.h>

#define IST_FATAL 1 /* #DF, #MC */
#define IST_NMI   2

#define BITMAP_BYTES (PORT_COUNT / 8 + 1) /* the last byte is all ones */

struct task_state {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7]; /* [n - 1] is IST n */
	u64 reserved2;
	u16 reserved3;
	u16 bitmap_offset;
} __packed;

struct space;

struct cpu_tables {
	const struct space *ports_of; /* whose ports are open, or NULL */
	bool stale;                   /* a VM exit has left other limits in GDTR and TR */
	u64 gdt[GDT_ENTRIES];
	struct task_state tss;
	u8 bitmap[BITMAP_BYTES]; /* a clear bit: ring 3 may use the port */
};

/** tables_restore() - the limits of GDTR and TR, which ring 3 must not exceed. Own CPU, interrupts
 * masked. */
void tables_restore(struct cpu_tables *tables);

#endif
