/* SPDX-License-Identifier: Apache-2.0 */
/* Declarations that the files of the local APIC share. */
#ifndef X86_64_PURE_LAPIC_INTERNAL_H
#define X86_64_PURE_LAPIC_INTERNAL_H

#include "arch/x86_64/pure/lapic.h"

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

/* ESR: an illegal vector was sent, or received. */
#define ESR_SEND    0x20u
#define ESR_RECEIVE 0x40u

/** lapic_raise() - the event of LVT @entry: its vector goes to IRR unless it is masked. Own. */
void lapic_raise(struct lapic *lapic, u32 entry);
/** lapic_receive() - edge interrupt @vector, at least 16, goes to IRR. Own. */
void lapic_receive(struct lapic *lapic, u32 vector);
/** lapic_ipi() - send what @icr says. Returns false for an illegal vector. Own. */
bool lapic_ipi(struct lapic_bus *bus, struct lapic *lapic, u64 icr, struct lapic_effect *effect);

/** lapic_timer_mode() - LVT's timer entry changes from @old to @value. Own. */
void lapic_timer_mode(struct lapic *lapic, u32 old, u32 value);
/** lapic_timer_write() - the initial count or the divider. Own. */
void lapic_timer_write(struct lapic *lapic, const struct lapic_clock *clock, u32 reg, u32 value);
/** lapic_timer_count() - the current count. Own. */
u32 lapic_timer_count(const struct lapic *lapic, const struct lapic_clock *clock);

#endif
