/* SPDX-License-Identifier: Apache-2.0 */
/* The IOAPIC's pins and registers; see ioapic.h. */
#include "arch/x86_64/pure/ioapic.h"

#define REG_ID        0x00u
#define REG_VERSION   0x01u
#define REG_ARB       0x02u
#define REG_ENTRIES   0x10u
#define VERSION_VALUE (0x20u | (IOAPIC_PINS - 1) << 16)

#define RTE_WRITABLE (MASK(11, 0) | RTE_POLARITY | RTE_LEVEL | RTE_MASKED | MASK(63, 56))

void ioapic_reset(struct ioapic *ioapic)
{
	for (u32 pin = 0; pin < IOAPIC_PINS; pin++)
		ioapic->entries[pin] = RTE_MASKED;
	ioapic->latched = 0;
	ioapic->asserted &= ~ioapic->held;
	ioapic->held = 0;
	ioapic->id = 0;
	ioapic->select = 0;
}

/* Send the message of @pin, if its entry and its input have one. */
static void sample_pin(struct ioapic *ioapic, struct lapic_bus *bus, u32 pin,
		       struct lapic_effect *effect)
{
	u64 *entry = &ioapic->entries[pin];
	bool level = (*entry & RTE_LEVEL) != 0, accepted;
	struct lapic_message message = {
		.destination = (u32)(*entry >> 56),
		.vector = (u8)*entry,
		.delivery = (u8)FIELD(*entry, 10, 8),
		.logical = (*entry & RTE_LOGICAL) != 0,
		.level = level,
	};

	if ((*entry & (RTE_MASKED | RTE_REMOTE_IRR)) != 0)
		return;
	if (((level ? ioapic->asserted : ioapic->latched) & BIT(pin)) == 0)
		return;
	accepted = lapic_send(bus, &message, effect);
	if (!level)
		ioapic->latched &= ~(u32)BIT(pin);
	else if (accepted && message.delivery <= LAPIC_LOWEST)
		*entry |= RTE_REMOTE_IRR;
}

void ioapic_set(struct ioapic *ioapic, struct lapic_bus *bus, u32 pin, bool level,
		struct lapic_effect *effect)
{
	u32 bit;

	if (pin >= IOAPIC_PINS)
		return;
	bit = (u32)BIT(pin);
	if (!level) {
		ioapic->asserted &= ~bit;
		return;
	}
	if ((ioapic->asserted & bit) == 0 && (ioapic->entries[pin] & RTE_LEVEL) == 0)
		ioapic->latched |= bit;
	ioapic->asserted |= bit;
	sample_pin(ioapic, bus, pin, effect);
}

void ioapic_hold(struct ioapic *ioapic, struct lapic_bus *bus, u32 pin, struct lapic_effect *effect)
{
	if (pin >= IOAPIC_PINS)
		return;
	ioapic->held |= (u32)BIT(pin);
	ioapic_set(ioapic, bus, pin, true, effect);
}

static void end_pin(struct ioapic *ioapic, u32 pin, struct lapic_effect *effect)
{
	u32 held = ioapic->held & (u32)BIT(pin);

	ioapic->entries[pin] &= ~RTE_REMOTE_IRR;
	ioapic->held &= ~held;
	ioapic->asserted &= ~held;
	effect->lines |= held;
}

void ioapic_eoi(struct ioapic *ioapic, struct lapic_bus *bus, u32 vector,
		struct lapic_effect *effect)
{
	for (u32 pin = 0; pin < IOAPIC_PINS; pin++) {
		u64 *entry = &ioapic->entries[pin];

		if ((*entry & RTE_REMOTE_IRR) == 0 || (*entry & 0xff) != vector)
			continue;
		end_pin(ioapic, pin, effect);
		sample_pin(ioapic, bus, pin, effect);
	}
}

static u32 read_window(const struct ioapic *ioapic)
{
	u32 n = ioapic->select - REG_ENTRIES;

	if (n < 2 * IOAPIC_PINS)
		return (u32)(ioapic->entries[n / 2] >> 32 * (n % 2));
	switch (ioapic->select) {
	case REG_ID:
	case REG_ARB: return ioapic->id << 24;
	case REG_VERSION: return VERSION_VALUE;
	default: return 0;
	}
}

u32 ioapic_read(const struct ioapic *ioapic, u32 offset)
{
	switch (offset) {
	case IOAPIC_SELECT: return ioapic->select;
	case IOAPIC_WINDOW: return read_window(ioapic);
	default: return 0;
	}
}

static void write_entry(struct ioapic *ioapic, struct lapic_bus *bus, u32 n, u32 value,
			struct lapic_effect *effect)
{
	u32 pin = n / 2;
	u64 *entry = &ioapic->entries[pin], half = MASK(31, 0) << 32 * (n % 2);
	u64 writable = RTE_WRITABLE & half;

	*entry = (*entry & ~writable) | ((u64)value << 32 * (n % 2) & writable);
	/* Edge-triggered entries have no remote IRR; software clears it so (Linux does). */
	if ((*entry & RTE_LEVEL) == 0)
		end_pin(ioapic, pin, effect);
	else
		ioapic->latched &= ~(u32)BIT(pin);
	sample_pin(ioapic, bus, pin, effect);
}

void ioapic_write(struct ioapic *ioapic, struct lapic_bus *bus, u32 offset, u32 value,
		  struct lapic_effect *effect)
{
	u32 n = ioapic->select - REG_ENTRIES;

	switch (offset) {
	case IOAPIC_SELECT: ioapic->select = value & 0xff; break;
	case IOAPIC_EOI: ioapic_eoi(ioapic, bus, value & 0xff, effect); break;
	case IOAPIC_WINDOW:
		if (n < 2 * IOAPIC_PINS)
			write_entry(ioapic, bus, n, value, effect);
		else if (ioapic->select == REG_ID)
			ioapic->id = value >> 24 & 0xf;
		break;
	default: break;
	}
}
