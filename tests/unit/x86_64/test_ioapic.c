/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/ioapic.c: registers, edges, levels, remote IRR, destinations. */
#include "arch/x86_64/pure/ioapic.h"

#include "support/test.h"

#define VCPUS 2

static struct lapic cpus[VCPUS];
static struct lapic_bus bus;
static struct ioapic io;
static struct lapic_effect effect;
static const struct lapic_clock now = { .ns = 1, .tsc = 1, .tsc_khz = 1000 };

static int setup(void **state)
{
	struct lapic_effect ignored;

	(void)state;
	bus = (struct lapic_bus){ .count = VCPUS };
	io = (struct ioapic){ 0 };
	ioapic_reset(&io);
	for (u32 i = 0; i < VCPUS; i++) {
		bus.cpus[i] = &cpus[i];
		lapic_reset(&cpus[i], i);
		atomic_store(&cpus[i].events, 0);
		assert_true(lapic_write(&bus, &cpus[i], &now, LAPIC_SVR, 0x1ff, &ignored));
		assert_true(lapic_write(&bus, &cpus[i], &now, LAPIC_LDR, BIT(24 + i), &ignored));
	}
	return 0;
}

static u32 get(u32 reg)
{
	ioapic_write(&io, &bus, IOAPIC_SELECT, reg, &effect);
	return ioapic_read(&io, IOAPIC_WINDOW);
}

static void put(u32 reg, u64 value)
{
	effect = (struct lapic_effect){ 0 };
	ioapic_write(&io, &bus, IOAPIC_SELECT, reg, &effect);
	ioapic_write(&io, &bus, IOAPIC_WINDOW, (u32)value, &effect);
}

static void line(u32 pin, bool level)
{
	effect = (struct lapic_effect){ 0 };
	ioapic_set(&io, &bus, pin, level, &effect);
}

static bool arrived(u32 cpu, u32 vector)
{
	u32 bit = 1u << vector % 32;

	lapic_fold(&cpus[cpu]);
	if ((cpus[cpu].irr[vector / 32] & bit) == 0)
		return false;
	lapic_accept(&cpus[cpu], vector);
	return true;
}

static void registers(void **state)
{
	(void)state;
	assert_int_equal(get(0), 0);
	assert_int_equal(get(1), 0x170020);
	put(0, 0x0f000000);
	assert_int_equal(get(0), 0x0f000000);
	assert_int_equal(get(2), 0x0f000000);
	for (u32 pin = 0; pin < IOAPIC_PINS; pin++)
		assert_int_equal(get(0x10 + 2 * pin), RTE_MASKED);
	put(0x10, UINT32_MAX);
	assert_int_equal(get(0x10), 0x1afff); /* not the status and remote IRR */
	put(0x11, UINT32_MAX);
	assert_int_equal(get(0x11), 0xff000000);
	put(0x40, 5);
	assert_int_equal(get(0x40), 0);
	assert_int_equal(get(3), 0);
	assert_int_equal(ioapic_read(&io, 0x20), 0);
	assert_int_equal(ioapic_read(&io, IOAPIC_SELECT), 3);
	line(IOAPIC_PINS, true);
	line(UINT32_MAX, true);
}

static void edges(void **state)
{
	(void)state;
	put(0x10 + 2 * 4, 0x31);
	line(4, true);
	assert_int_equal(effect.kicks, 1);
	assert_true(arrived(0, 0x31));
	line(4, true);
	assert_false(arrived(0, 0x31));
	line(4, false);
	assert_false(arrived(0, 0x31));
	/* An edge that meets a mask is delivered when that is taken off. */
	put(0x10 + 2 * 4, RTE_MASKED | 0x31);
	line(4, true);
	assert_false(arrived(0, 0x31));
	put(0x10 + 2 * 4, 0x31);
	assert_true(arrived(0, 0x31));
}

/* An edge whose vector is pending already is lost, and the sender learns that. */
static void edges_merge(void **state)
{
	(void)state;
	put(0x10 + 2 * 4, 0x31);
	line(4, true);
	assert_false(effect.merged);
	line(4, false);
	assert_false(effect.merged);
	line(4, true); /* it has arrived, and is not in IRR yet */
	assert_true(effect.merged);
	line(4, false);
	lapic_fold(&cpus[0]);
	line(4, true); /* it is in IRR */
	assert_true(effect.merged);
	line(4, false);
	assert_true(arrived(0, 0x31));
	line(4, true);
	assert_false(effect.merged);
	line(4, false);
	/* A guest that masks the pin counts no edges. */
	put(0x10 + 2 * 4, RTE_MASKED | 0x31);
	line(4, true);
	line(4, false);
	line(4, true);
	assert_false(effect.merged);
}

static void levels(void **state)
{
	(void)state;
	put(0x11 + 2 * 9, 1u << 24);
	put(0x10 + 2 * 9, RTE_LEVEL | RTE_POLARITY | 0x52);
	line(9, true);
	assert_int_equal(effect.kicks, 2);
	assert_true(arrived(1, 0x52));
	assert_true((get(0x10 + 2 * 9) & RTE_REMOTE_IRR) != 0);
	line(9, false);
	line(9, true); /* not before the EOI */
	assert_false(arrived(1, 0x52));
	ioapic_eoi(&io, &bus, 0x53, &effect);
	assert_false(arrived(1, 0x52));
	ioapic_eoi(&io, &bus, 0x52, &effect); /* asserted: sampled again */
	assert_true(arrived(1, 0x52));
	line(9, false);
	ioapic_write(&io, &bus, IOAPIC_EOI, 0x52, &effect);
	assert_false(arrived(1, 0x52));
	assert_true((get(0x10 + 2 * 9) & RTE_REMOTE_IRR) == 0);
	/* The change to edge clears remote IRR. */
	line(9, true);
	assert_true(arrived(1, 0x52));
	put(0x10 + 2 * 9, RTE_MASKED | 0x52);
	assert_true((get(0x10 + 2 * 9) & RTE_REMOTE_IRR) == 0);
	put(0x10 + 2 * 9, RTE_LEVEL | 0x52);
	assert_true(arrived(1, 0x52));
}

/* A line of the machine, which is masked from its interrupt to the guest's end of it. */
static void held(void **state)
{
	(void)state;
	put(0x10 + 2 * 9, RTE_LEVEL | 0x52);
	effect = (struct lapic_effect){ 0 };
	ioapic_hold(&io, &bus, 9, &effect);
	assert_int_equal(effect.kicks, 1);
	assert_true(arrived(0, 0x52));
	assert_int_equal(effect.lines, 0);
	ioapic_eoi(&io, &bus, 0x52, &effect);
	assert_int_equal(effect.lines, BIT(9));
	assert_false(arrived(0, 0x52)); /* the device asserts it again, if so */
	/* An end of another input's interrupt is none of this one's. */
	ioapic_hold(&io, &bus, 9, &effect);
	assert_true(arrived(0, 0x52));
	effect = (struct lapic_effect){ 0 };
	ioapic_eoi(&io, &bus, 0x53, &effect);
	assert_int_equal(effect.lines, 0);
	assert_int_equal(io.held, BIT(9));
	/* The change to edge ends it, and so does a reset. */
	put(0x10 + 2 * 9, RTE_MASKED | 0x52);
	assert_int_equal(effect.lines, BIT(9));
	put(0x10 + 2 * 9, RTE_MASKED | RTE_LEVEL | 0x52);
	ioapic_hold(&io, &bus, 9, &effect);
	assert_false(arrived(0, 0x52)); /* not until it is unmasked */
	ioapic_reset(&io);
	assert_int_equal(io.held | io.asserted, 0);
	ioapic_hold(&io, &bus, IOAPIC_PINS, &effect);
	assert_int_equal(io.held, 0);
}

static void destinations(void **state)
{
	u32 got = 0;

	(void)state;
	put(0x11, 3u << 24);
	put(0x10, RTE_LOGICAL | 0x41);
	line(0, true);
	assert_int_equal(effect.kicks, 3);
	assert_true(arrived(0, 0x41) && arrived(1, 0x41));
	for (u32 i = 0; i < 8; i++) {
		put(0x10, RTE_LOGICAL | 1u << 8 | 0x41);
		line(0, false);
		line(0, true);
		got += arrived(0, 0x41) + arrived(1, 0x41);
	}
	assert_int_equal(got, 8); /* one of them each time */
	put(0x11, 0xffu << 24);
	put(0x10, 4u << 8);
	line(0, false);
	line(0, true);
	assert_true(lapic_take_nmi(&cpus[0]) && lapic_take_nmi(&cpus[1]));
	/* No destination: a level is sent when there is one. */
	put(0x13, 9u << 24);
	put(0x12, RTE_LEVEL | 0x61);
	line(1, true);
	assert_true((get(0x12) & RTE_REMOTE_IRR) == 0);
	put(0x13, 0);
	assert_true(arrived(0, 0x61));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(registers, setup),
		cmocka_unit_test_setup(edges, setup),
		cmocka_unit_test_setup(edges_merge, setup),
		cmocka_unit_test_setup(levels, setup),
		cmocka_unit_test_setup(held, setup),
		cmocka_unit_test_setup(destinations, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
