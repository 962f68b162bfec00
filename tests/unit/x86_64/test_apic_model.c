/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arch/x86_64/pure/lapic*.c and ioapic.c against a second, plain description of the same rules. The
 * model has one record for each vector and pin, without words of bits or atomics. Random sequences
 * of device lines, IPIs, acceptances, EOIs and register writes must leave both in the same state.
 */
#include "arch/x86_64/pure/ioapic.h"

#include "support/random.h"
#include "support/test.h"

#define VCPUS 3
#define PINS  4
#define STEPS 400
#define RUNS  300

static struct lapic cpus[VCPUS];
static struct lapic_bus bus;
static struct ioapic io;
static const struct lapic_clock now = { .ns = 1, .tsc = 1, .tsc_khz = 1000 };

static struct model_cpu {
	bool requested[256], serviced[256], level[256];
	u32 tpr;
} model[VCPUS];

static struct model_pin {
	bool input, latched, remote, masked, level;
	u32 vector, cpu;
} pins[PINS];

static void model_request(u32 cpu, u32 vector, bool level)
{
	model[cpu].requested[vector] = true;
	model[cpu].level[vector] = level;
}

static void model_sample(struct model_pin *pin)
{
	if (pin->masked || pin->remote)
		return;
	if (pin->level ? !pin->input : !pin->latched)
		return;
	model_request(pin->cpu, pin->vector, pin->level);
	pin->remote = pin->level;
	pin->latched = false;
}

static void do_line(void)
{
	struct lapic_effect effect = { 0 };
	u32 n = random_below(PINS);
	bool level = random_below(2);
	struct model_pin *pin = &pins[n];

	ioapic_set(&io, &bus, n, level, &effect);
	if (level && !pin->input && !pin->level)
		pin->latched = true;
	pin->input = level;
	if (level)
		model_sample(pin);
}

static void select_write(u32 reg, u32 value)
{
	struct lapic_effect effect = { 0 };

	ioapic_write(&io, &bus, IOAPIC_SELECT, reg, &effect);
	ioapic_write(&io, &bus, IOAPIC_WINDOW, value, &effect);
}

/* A pin is programmed while it is masked, as drivers do. */
static void do_program(void)
{
	u32 n = random_below(PINS);
	struct model_pin *pin = &pins[n];

	pin->masked = true;
	select_write(0x10 + 2 * n, (u32)(RTE_MASKED | (pin->level ? RTE_LEVEL : 0) | pin->vector));
	pin->cpu = random_below(VCPUS);
	pin->level = random_below(2);
	if (!pin->level)
		pin->remote = false;
	else
		pin->latched = false;
	select_write(0x11 + 2 * n, pin->cpu << 24);
	pin->vector = 0x20 + 0x10 * n + random_below(16);
	select_write(0x10 + 2 * n, (u32)(RTE_MASKED | (pin->level ? RTE_LEVEL : 0) | pin->vector));
	pin->masked = random_below(4) == 0;
	select_write(0x10 + 2 * n, (u32)((pin->masked ? RTE_MASKED : 0) |
					 (pin->level ? RTE_LEVEL : 0) | pin->vector));
	model_sample(pin);
}

static void do_ipi(void)
{
	struct lapic_effect effect;
	u32 from = random_below(VCPUS), to = random_below(VCPUS), vector = 0x80 + random_below(64);

	assert_true(
		lapic_write(&bus, &cpus[from], &now, LAPIC_ICR, (u64)to << 32 | vector, &effect));
	model_request(to, vector, false);
}

static void do_tpr(void)
{
	struct lapic_effect effect;
	u32 cpu = random_below(VCPUS);

	model[cpu].tpr = random_below(256);
	assert_true(lapic_write(&bus, &cpus[cpu], &now, LAPIC_TPR, model[cpu].tpr, &effect));
}

static int model_highest(const bool *vectors)
{
	for (int v = 255; v >= 0; v--)
		if (vectors[v])
			return v;
	return LAPIC_NONE;
}

static int model_next(u32 cpu)
{
	int vector = model_highest(model[cpu].requested);
	int serviced = model_highest(model[cpu].serviced);
	int floor = (int)(model[cpu].tpr >> 4);

	if (serviced / 16 > floor)
		floor = serviced / 16;
	return vector / 16 > floor ? vector : LAPIC_NONE;
}

static void do_accept(void)
{
	u32 cpu = random_below(VCPUS);
	int vector;

	lapic_fold(&cpus[cpu]);
	vector = lapic_next(&cpus[cpu]);
	assert_int_equal(vector, model_next(cpu));
	if (vector == LAPIC_NONE)
		return;
	lapic_accept(&cpus[cpu], (u32)vector);
	model[cpu].requested[vector] = false;
	model[cpu].serviced[vector] = true;
}

static void do_eoi(void)
{
	u32 cpu = random_below(VCPUS);
	int vector = model_highest(model[cpu].serviced), expected = LAPIC_NONE;
	struct lapic_effect effect;

	lapic_fold(&cpus[cpu]);
	if (vector != LAPIC_NONE) {
		model[cpu].serviced[vector] = false;
		if (model[cpu].level[vector])
			expected = vector;
	}
	assert_true(lapic_write(&bus, &cpus[cpu], &now, LAPIC_EOI, 0, &effect));
	assert_int_equal(effect.eoi, expected);
	if (expected == LAPIC_NONE)
		return;
	ioapic_eoi(&io, &bus, (u32)expected, &effect);
	for (u32 n = 0; n < PINS; n++)
		if (pins[n].remote && pins[n].vector == (u32)expected) {
			pins[n].remote = false;
			model_sample(&pins[n]);
		}
}

static void compare(void)
{
	for (u32 i = 0; i < VCPUS; i++) {
		lapic_fold(&cpus[i]);
		for (u32 v = 0; v < 256; v++) {
			assert_int_equal(cpus[i].irr[v / 32] >> v % 32 & 1, model[i].requested[v]);
			assert_int_equal(cpus[i].isr[v / 32] >> v % 32 & 1, model[i].serviced[v]);
			assert_int_equal(cpus[i].irr_used >> v / 32 & 1, cpus[i].irr[v / 32] != 0);
			assert_int_equal(cpus[i].isr_used >> v / 32 & 1, cpus[i].isr[v / 32] != 0);
			assert_int_equal(cpus[i].tmr[v / 32] >> v % 32 & 1, model[i].level[v]);
		}
		assert_int_equal(lapic_next(&cpus[i]), model_next(i));
	}
	for (u32 n = 0; n < PINS; n++)
		assert_int_equal((io.entries[n] & RTE_REMOTE_IRR) != 0, pins[n].remote);
}

static void start(void)
{
	struct lapic_effect effect;

	bus = (struct lapic_bus){ .count = VCPUS };
	memset(model, 0, sizeof(model));
	io = (struct ioapic){ 0 };
	ioapic_reset(&io);
	for (u32 n = 0; n < PINS; n++)
		pins[n] = (struct model_pin){ .masked = true };
	for (u32 i = 0; i < VCPUS; i++) {
		bus.cpus[i] = &cpus[i];
		lapic_reset(&cpus[i], i);
		atomic_store(&cpus[i].events, 0);
		assert_true(lapic_base_write(&cpus[i], cpus[i].base | APIC_BASE_X2APIC));
		assert_true(lapic_write(&bus, &cpus[i], &now, LAPIC_SVR, 0x1ff, &effect));
	}
}

static void agrees_with_the_model(void **state)
{
	static void (*const acts[])(void) = { do_line,   do_line,   do_program, do_ipi, do_tpr,
					      do_accept, do_accept, do_eoi,     do_eoi };

	(void)state;
	for (u32 run = 0; run < RUNS; run++) {
		random_seed(run);
		start();
		for (u32 i = 0; i < STEPS; i++) {
			acts[random_below(ARRAY_SIZE(acts))]();
			if (i % 16 == 15)
				compare();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(agrees_with_the_model) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
