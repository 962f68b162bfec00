/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/lapic*.c, ioapic.c: any register writes, in both modes. No vector below 16 is
 * taken, no vCPU beyond the guest's is named, and an expired timer is not due again at once. */
#include "arch/x86_64/pure/ioapic.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#define VCPUS 3

static struct lapic cpus[VCPUS];
static struct lapic_bus bus;
static struct ioapic io;
static struct lapic_clock now;

struct step {
	u8 act, cpu, reg, shift;
	u32 value;
};

static void start(void)
{
	now = (struct lapic_clock){ .ns = 1, .tsc = 1, .tsc_khz = 3000000 };
	bus = (struct lapic_bus){ .count = VCPUS };
	io = (struct ioapic){ 0 };
	ioapic_reset(&io);
	for (u32 i = 0; i < VCPUS; i++) {
		bus.cpus[i] = &cpus[i];
		lapic_reset(&cpus[i], i);
	}
}

static void serve(struct lapic_effect *effect)
{
	u32 vector;

	CHECK(effect->eoi >= LAPIC_NONE && effect->eoi < 256);
	if (effect->eoi >= 0)
		ioapic_eoi(&io, &bus, (u32)effect->eoi, effect);
	CHECK(((effect->kicks | effect->starts) >> VCPUS) == 0);
	for (u32 i = 0; i < VCPUS; i++)
		if ((effect->starts & BIT(i)) != 0)
			CHECK(lapic_take_sipi(&cpus[i], &vector) && vector < 256);
}

static void enter(struct lapic *lapic)
{
	int vector;
	u64 due;

	(void)lapic_take_init(lapic);
	lapic_timer_expire(lapic, &now);
	due = lapic_timer_due(lapic, &now);
	CHECK(due > now.ns);
	lapic_fold(lapic);
	vector = lapic_next(lapic);
	if (vector == LAPIC_NONE)
		return;
	CHECK(vector >= 16 && vector < 256);
	CHECK(((u32)vector & 0xf0) > (lapic_ppr(lapic) & 0xf0));
	lapic_accept(lapic, (u32)vector);
	CHECK(lapic_ppr(lapic) >= ((u32)vector & 0xf0));
}

static void act(const struct step *step)
{
	struct lapic *lapic = &cpus[step->cpu % VCPUS];
	u64 value = (u64)step->value << step->shift % 48;
	struct lapic_effect effect = { .eoi = LAPIC_NONE };

	switch (step->act % 8) {
	case 0:
	case 1: (void)lapic_write(&bus, lapic, &now, step->reg % 64, value, &effect); break;
	case 2: (void)lapic_read(lapic, &now, step->reg % 64, &value); break;
	case 3: (void)lapic_base_write(lapic, value ^ LAPIC_BASE); break;
	case 4: lapic_deadline_write(lapic, value); break;
	case 5: ioapic_set(&io, &bus, step->reg, step->value & 1, &effect); break;
	case 6:
		ioapic_write(&io, &bus, IOAPIC_SELECT, step->reg % 0x48, &effect);
		ioapic_write(&io, &bus, IOAPIC_WINDOW, step->value, &effect);
		break;
	default:
		now.ns += value % 1000000007;
		now.tsc += 3 * (value % 1000000007);
		break;
	}
	serve(&effect);
	enter(lapic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	start();
	for (; size >= sizeof(struct step); size -= sizeof(struct step)) {
		struct step step;

		memcpy(&step, data, sizeof(step));
		act(&step);
		data += sizeof(step);
	}
	return 0;
}
