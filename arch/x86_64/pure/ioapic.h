/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's IOAPIC as data: 24 pins, version 0x20, which has an EOI register.
 *
 * A pin's input is its assertion, not a voltage: the polarity of a redirection entry is stored and
 * read back, and has no other effect. A line is level-triggered as long as its entry says so.
 *
 * All functions: the guest's virtual interrupt lock. Each adds to @effect the vCPUs that need a
 * kick. Sources: Intel 82093AA datasheet (290566), and I/O Controller Hub datasheets for the EOI
 * register.
 */
#ifndef X86_64_PURE_IOAPIC_H
#define X86_64_PURE_IOAPIC_H

#include "arch/x86_64/pure/lapic.h"

#define IOAPIC_PINS 24u
#define IOAPIC_BASE UINT64_C(0xfec00000)
#define IOAPIC_SIZE KIB(4)

/* Offsets. */
#define IOAPIC_SELECT 0x00u
#define IOAPIC_WINDOW 0x10u
#define IOAPIC_EOI    0x40u

/* A redirection entry. */
#define RTE_LOGICAL    BIT(11)
#define RTE_STATUS     BIT(12)
#define RTE_POLARITY   BIT(13)
#define RTE_REMOTE_IRR BIT(14)
#define RTE_LEVEL      BIT(15)
#define RTE_MASKED     BIT(16)

struct ioapic {
	u64 entries[IOAPIC_PINS];
	u32 asserted; /* inputs, by pin */
	u32 held;     /* of them: by ioapic_hold() */
	u32 latched;  /* rising edges that are not delivered */
	u32 id;
	u32 select;
};

/** ioapic_reset() - all pins masked. The inputs stay as they are, but for those that are held. */
void ioapic_reset(struct ioapic *ioapic);
/** ioapic_set() - the input of @pin; ignored if there is no such pin. */
void ioapic_set(struct ioapic *ioapic, struct lapic_bus *bus, u32 pin, bool level,
		struct lapic_effect *effect);
/** ioapic_hold() - the input of @pin is asserted until the end of its interrupt, which adds the pin
 * to the effect's lines; until ioapic_reset() at the latest. For a line of the machine, which is
 * masked meanwhile. */
void ioapic_hold(struct ioapic *ioapic, struct lapic_bus *bus, u32 pin,
		 struct lapic_effect *effect);
/** ioapic_eoi() - the end of interrupt @vector: level-triggered pins are sampled again. */
void ioapic_eoi(struct ioapic *ioapic, struct lapic_bus *bus, u32 vector,
		struct lapic_effect *effect);
/** ioapic_read(), ioapic_write() - a 32-bit access at @offset of the frame. An offset without a
 * register reads as zero. */
u32 ioapic_read(const struct ioapic *ioapic, u32 offset);
void ioapic_write(struct ioapic *ioapic, struct lapic_bus *bus, u32 offset, u32 value,
		  struct lapic_effect *effect);

#endif
