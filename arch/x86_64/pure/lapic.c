/* SPDX-License-Identifier: Apache-2.0 */
/* The local APIC's registers, priorities and modes; see lapic.h. */
#include "arch/x86_64/pure/lapic.h"

#include "arch/x86_64/pure/lapic_internal.h"

/* Version 0x14 with six LVT entries and suppression of the EOI broadcast. */
#define VERSION_VALUE (0x14u | (LAPIC_LVTS - 1) << 16 | 1u << 24)
#define SVR_VALID     (0xffu | SVR_ENABLED | SVR_NO_EOI_CAST)
#define ICR_VALID     UINT64_C(0xffffffff000ccfff)
#define ICR_STATUS    BIT(12)
#define ICR_TO_SELF   BIT(18)
#define ESR_ILLEGAL   0x80u

#define EXTERNAL (LAPIC_EVENT_LINT0 | LAPIC_EVENT_EXTINT)
#define FOLDED   (LAPIC_EVENT_IRQ | LAPIC_EVENT_ERROR | EXTERNAL)

#define LVT_EXTINT ((u32)LAPIC_EXTINT << 8)
#define LVT_MODE   0x700u

/* Writable bits of the LVT entries. */
static const u32 lvt_valid[LAPIC_LVTS] = { 0x700ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff };

static void registers_reset(struct lapic *lapic)
{
	STORE(lapic->svr, 0xff);
	STORE(lapic->ldr, 0);
	STORE(lapic->dfr, UINT32_MAX);
	STORE(lapic->tpr, 0);
	STORE(lapic->errors, 0);
	for (u32 i = 0; i < 8; i++) {
		lapic->irr[i] = lapic->isr[i] = lapic->tmr[i] = 0;
		STORE(lapic->posted[i], 0);
		STORE(lapic->levels[i], 0);
	}
	lapic->irr_used = lapic->isr_used = 0;
	for (u32 i = 0; i < LAPIC_LVTS; i++)
		lapic->lvt[i] = LVT_MASKED;
	lapic->external = 0;
	lapic->esr = lapic->esr_next = 0;
	lapic->icr = 0;
	lapic->initial = lapic->divide = 0;
	lapic->counting = false;
	lapic->started_ns = 0;
	lapic->deadline = 0;
}

void lapic_reset(struct lapic *lapic, u32 index)
{
	lapic->index = index;
	STORE(lapic->base, LAPIC_BASE | APIC_BASE_ENABLE | (index == 0 ? APIC_BASE_BSP : 0));
	STORE(lapic->events, index == 0 ? 0 : LAPIC_WAITING);
	registers_reset(lapic);
}

void lapic_init(struct lapic *lapic)
{
	registers_reset(lapic);
}

bool lapic_base_write(struct lapic *lapic, u64 value)
{
	u64 base = LOAD(lapic->base), modes = APIC_BASE_ENABLE | APIC_BASE_X2APIC;

	if ((value & ~modes) != (base & ~modes))
		return false;
	if ((value & modes) == APIC_BASE_X2APIC)
		return false;
	if (lapic_is_x2(lapic) && (value & modes) == APIC_BASE_ENABLE)
		return false;
	if (!lapic_is_on(lapic) && (value & modes) == modes)
		return false;
	if (value == base)
		return true;
	/* Between xAPIC and x2APIC the state stays; enabling begins with that of INIT. */
	if ((base & APIC_BASE_ENABLE) == 0 || (value & APIC_BASE_ENABLE) == 0)
		registers_reset(lapic);
	STORE(lapic->base, value);
	return true;
}

/* --- Vectors ---------------------------------------------------------------------------------- */

static int highest(const u32 *words, u32 used)
{
	u32 i;

	if (used == 0)
		return LAPIC_NONE;
	i = 31 - (u32)__builtin_clz(used);
	return (int)(32 * i + 31 - (u32)__builtin_clz(words[i]));
}

static void add_vectors(u32 *words, u32 *used, u32 word, u32 bits)
{
	words[word] |= bits;
	*used |= 1u << word;
}

static void remove_vector(u32 *words, u32 *used, u32 vector)
{
	u32 word = vector / 32 % 8;

	words[word] &= ~(1u << vector % 32);
	if (words[word] == 0)
		*used &= ~(1u << word);
}

u32 lapic_ppr(const struct lapic *lapic)
{
	int vector = highest(lapic->isr, lapic->isr_used);
	u32 serviced = vector == LAPIC_NONE ? 0 : (u32)vector & 0xf0, tpr = LOAD(lapic->tpr);

	return (tpr & 0xf0) >= serviced ? tpr : serviced;
}

int lapic_next(const struct lapic *lapic)
{
	int vector = lapic_is_on(lapic) ? highest(lapic->irr, lapic->irr_used) : LAPIC_NONE;

	if (vector == LAPIC_NONE || ((u32)vector & 0xf0) <= (lapic_ppr(lapic) & 0xf0))
		return LAPIC_NONE;
	return vector;
}

/* A LAPIC that is switched off leaves LINT0 to the processor, as its INTR. */
bool lapic_external(const struct lapic *lapic)
{
	u32 lint0 = lapic->lvt[LVT_LINT0];

	if ((lapic->external & LAPIC_EVENT_EXTINT) != 0)
		return true;
	return lapic->external != 0 &&
	       (!lapic_is_on(lapic) || (lint0 & (LVT_MASKED | LVT_MODE)) == LVT_EXTINT);
}

void lapic_wire_8259(struct lapic *lapic)
{
	lapic->lvt[LVT_LINT0] = LVT_EXTINT;
}

void lapic_accept(struct lapic *lapic, u32 vector)
{
	remove_vector(lapic->irr, &lapic->irr_used, vector);
	add_vectors(lapic->isr, &lapic->isr_used, vector / 32 % 8, 1u << vector % 32);
}

void lapic_receive(struct lapic *lapic, u32 vector)
{
	lapic->tmr[vector / 32 % 8] &= ~(1u << vector % 32);
	add_vectors(lapic->irr, &lapic->irr_used, vector / 32 % 8, 1u << vector % 32);
}

void lapic_return(struct lapic *lapic, u32 vector)
{
	remove_vector(lapic->isr, &lapic->isr_used, vector);
	add_vectors(lapic->irr, &lapic->irr_used, vector / 32 % 8, 1u << vector % 32);
}

void lapic_raise(struct lapic *lapic, u32 entry)
{
	u32 lvt = lapic->lvt[entry], vector = lvt & 0xff;

	if ((lvt & LVT_MASKED) != 0)
		return;
	if (vector < 16)
		lapic->esr_next |= ESR_RECEIVE;
	else
		lapic_receive(lapic, vector);
}

/* An error is an interrupt of its own, unless it is the vector of that interrupt. */
static void add_error(struct lapic *lapic, u32 bits)
{
	lapic->esr_next |= bits;
	lapic_raise(lapic, LVT_ERROR);
}

void lapic_fold(struct lapic *lapic)
{
	u32 events = LOAD(lapic->events);

	if ((events & FOLDED) == 0)
		return;
	/* The flags first: a vector that is posted after its word was read sets them again. */
	atomic_fetch_and(&lapic->events, ~FOLDED);
	lapic->external |= (u8)(events & EXTERNAL);
	for (u32 i = 0; i < 8; i++) {
		u32 bits = LOAD(lapic->posted[i]), levels;

		if (bits == 0)
			continue;
		bits = atomic_exchange(&lapic->posted[i], 0);
		levels = LOAD(lapic->levels[i]) & bits;
		if (bits != 0)
			add_vectors(lapic->irr, &lapic->irr_used, i, bits);
		lapic->tmr[i] = (lapic->tmr[i] & ~bits) | levels;
	}
	if ((events & LAPIC_EVENT_ERROR) != 0)
		add_error(lapic, atomic_exchange(&lapic->errors, 0));
}

static int end_of_interrupt(struct lapic *lapic)
{
	int vector = highest(lapic->isr, lapic->isr_used);
	u32 word = (u32)vector / 32 % 8, bit = 1u << (u32)vector % 32;

	if (vector == LAPIC_NONE)
		return LAPIC_NONE;
	remove_vector(lapic->isr, &lapic->isr_used, (u32)vector);
	if ((lapic->tmr[word] & bit) == 0 || (LOAD(lapic->svr) & SVR_NO_EOI_CAST) != 0)
		return LAPIC_NONE;
	return vector;
}

/* --- Reads ------------------------------------------------------------------------------------ */

static u32 logical_id(const struct lapic *lapic)
{
	if (lapic_is_x2(lapic))
		return (lapic->index >> 4) << 16 | 1u << (lapic->index & 15);
	return LOAD(lapic->ldr);
}

/* Returns false if there is no such register. */
static bool read_register(struct lapic *lapic, const struct lapic_clock *clock, u32 reg, u64 *value)
{
	bool x2 = lapic_is_x2(lapic);

	if (reg - LAPIC_LVT < LAPIC_LVTS) {
		*value = lapic->lvt[reg - LAPIC_LVT];
		return true;
	}
	if (reg - LAPIC_ISR < 24) {
		const u32 *words[] = { lapic->isr, lapic->tmr, lapic->irr };

		lapic_fold(lapic);
		*value = words[(reg - LAPIC_ISR) / 8][reg % 8];
		return true;
	}
	*value = 0;
	switch (reg) {
	case LAPIC_ID: *value = x2 ? lapic->index : lapic->index << 24; return true;
	case LAPIC_VERSION: *value = VERSION_VALUE; return true;
	case LAPIC_TPR: *value = LOAD(lapic->tpr); return true;
	case LAPIC_PPR: *value = lapic_ppr(lapic); return true;
	case LAPIC_LDR: *value = logical_id(lapic); return true;
	case LAPIC_SVR: *value = LOAD(lapic->svr); return true;
	case LAPIC_ESR: *value = lapic->esr; return true;
	case LAPIC_ICR: *value = x2 ? lapic->icr : (u32)lapic->icr; return true;
	case LAPIC_INITIAL: *value = lapic->initial; return true;
	case LAPIC_CURRENT: *value = lapic_timer_count(lapic, clock); return true;
	case LAPIC_DIVIDE: *value = lapic->divide; return true;
	case LAPIC_DFR: *value = LOAD(lapic->dfr); return !x2;
	case LAPIC_ICR_HIGH: *value = lapic->icr >> 32; return !x2;
	case LAPIC_APR:
	case LAPIC_RRD: return !x2;
	case LAPIC_EOI: return !x2; /* write-only; an xAPIC reads as zero */
	default: return false;
	}
}

bool lapic_read(struct lapic *lapic, const struct lapic_clock *clock, u32 reg, u64 *value)
{
	if (read_register(lapic, clock, reg, value))
		return true;
	*value = 0;
	if (lapic_is_x2(lapic))
		return false;
	add_error(lapic, ESR_ILLEGAL);
	return true;
}

/* --- Writes ----------------------------------------------------------------------------------- */

static void write_lvt(struct lapic *lapic, u32 entry, u32 value, struct lapic_effect *effect)
{
	if ((LOAD(lapic->svr) & SVR_ENABLED) == 0)
		value |= LVT_MASKED;
	if (entry == LVT_TIMER) {
		lapic_timer_mode(lapic, lapic->lvt[LVT_TIMER], value);
		effect->timer = true;
	}
	lapic->lvt[entry] = value & lvt_valid[entry];
}

static void write_svr(struct lapic *lapic, u32 value)
{
	STORE(lapic->svr, value & SVR_VALID);
	if ((value & SVR_ENABLED) == 0)
		for (u32 i = 0; i < LAPIC_LVTS; i++)
			lapic->lvt[i] |= LVT_MASKED;
}

static void write_icr(struct lapic_bus *bus, struct lapic *lapic, u64 value,
		      struct lapic_effect *effect)
{
	lapic->icr = value & ~ICR_STATUS;
	if (!lapic_ipi(bus, lapic, lapic->icr, effect))
		add_error(lapic, ESR_SEND);
}

/* The value of a register that an x2APIC accepts: no reserved bit (10.12.1.3). */
static bool value_is_valid(u32 reg, u64 value)
{
	if (reg == LAPIC_ICR)
		return (value & ~ICR_VALID) == 0;
	if (reg - LAPIC_LVT < LAPIC_LVTS)
		/* Bits of status are read-only and may be written. */
		return (value & ~(u64)(lvt_valid[reg - LAPIC_LVT] | 0x5000)) == 0;
	switch (reg) {
	case LAPIC_TPR:
	case LAPIC_SELF_IPI: return value <= 0xff;
	case LAPIC_EOI:
	case LAPIC_ESR: return value == 0;
	case LAPIC_SVR: return (value & ~(u64)SVR_VALID) == 0;
	case LAPIC_INITIAL: return value <= UINT32_MAX;
	case LAPIC_DIVIDE: return (value & ~UINT64_C(0xb)) == 0;
	default: return false;
	}
}

/* Registers of the xAPIC alone, and those of both that are simple. Returns false if there is no
 * such register, or it is read-only. */
static bool write_plain(struct lapic *lapic, u32 reg, u32 value, struct lapic_effect *effect)
{
	switch (reg) {
	case LAPIC_TPR: STORE(lapic->tpr, value & 0xff); return true;
	case LAPIC_EOI: effect->eoi = end_of_interrupt(lapic); return true;
	case LAPIC_SVR: write_svr(lapic, value); return true;
	case LAPIC_LDR: STORE(lapic->ldr, value & 0xff000000u); return true;
	case LAPIC_DFR: STORE(lapic->dfr, value | 0x0fffffffu); return true;
	case LAPIC_ICR_HIGH:
		lapic->icr = (u32)lapic->icr | (u64)(value & 0xff000000u) << 32;
		return true;
	case LAPIC_ESR:
		lapic->esr = lapic->esr_next;
		lapic->esr_next = 0;
		return true;
	default: return reg == LAPIC_RRD || reg == LAPIC_ID;
	}
}

bool lapic_write(struct lapic_bus *bus, struct lapic *lapic, const struct lapic_clock *clock,
		 u32 reg, u64 value, struct lapic_effect *effect)
{
	bool x2 = lapic_is_x2(lapic);

	*effect = (struct lapic_effect){ .eoi = LAPIC_NONE };
	if (x2 && !value_is_valid(reg, value))
		return false;
	if (reg - LAPIC_LVT < LAPIC_LVTS) {
		write_lvt(lapic, reg - LAPIC_LVT, (u32)value, effect);
	} else if (reg == LAPIC_ICR) {
		write_icr(bus, lapic, x2 ? value : (lapic->icr & ~MASK(31, 0)) | (u32)value,
			  effect);
	} else if (reg == LAPIC_INITIAL || reg == LAPIC_DIVIDE) {
		lapic_timer_write(lapic, clock, reg, (u32)value);
		effect->timer = true;
	} else if (x2 && reg == LAPIC_SELF_IPI) {
		if (!lapic_ipi(bus, lapic, value | ICR_TO_SELF, effect))
			add_error(lapic, ESR_SEND);
	} else if (!write_plain(lapic, reg, (u32)value, effect)) {
		add_error(lapic, ESR_ILLEGAL);
	}
	return true;
}
