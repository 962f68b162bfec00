/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/lapic*.c: registers, messages, INIT and SIPI, the timer. */
#include "arch/x86_64/pure/lapic.h"

#include "support/test.h"

#define VCPUS 4

static struct lapic cpus[VCPUS];
static struct lapic_bus bus;
static struct lapic_clock now;
static struct lapic_effect effect;

static int setup(void **state)
{
	(void)state;
	bus = (struct lapic_bus){ .count = VCPUS };
	for (u32 i = 0; i < VCPUS; i++) {
		bus.cpus[i] = &cpus[i];
		lapic_reset(&cpus[i], i);
	}
	now = (struct lapic_clock){ .ns = 1000, .tsc = 5000, .tsc_khz = 2000000 };
	return 0;
}

static void put(u32 cpu, u32 reg, u64 value)
{
	assert_true(lapic_write(&bus, &cpus[cpu], &now, reg, value, &effect));
}

static void put_fails(u32 cpu, u32 reg, u64 value)
{
	assert_false(lapic_write(&bus, &cpus[cpu], &now, reg, value, &effect));
}

static u64 get(u32 cpu, u32 reg)
{
	u64 value = 0;

	assert_true(lapic_read(&cpus[cpu], &now, reg, &value));
	return value;
}

/* Enabled by software, not waiting. */
static void turn_on(bool x2)
{
	for (u32 i = 0; i < VCPUS; i++) {
		u64 base = atomic_load(&cpus[i].base);

		atomic_store(&cpus[i].events, 0);
		if (x2)
			assert_true(lapic_base_write(&cpus[i], base | APIC_BASE_X2APIC));
		put(i, LAPIC_SVR, SVR_ENABLED | 0xff);
	}
}

static bool has(u32 cpu, u32 first, u32 vector)
{
	return (get(cpu, first + vector / 32) >> vector % 32 & 1) != 0;
}

static void reset_values(void **state)
{
	(void)state;
	assert_int_equal(get(0, LAPIC_ID), 0);
	assert_int_equal(get(3, LAPIC_ID), 3u << 24);
	assert_int_equal(get(0, LAPIC_VERSION), 0x01050014);
	assert_int_equal(get(0, LAPIC_SVR), 0xff);
	assert_int_equal(get(0, LAPIC_DFR), UINT32_MAX);
	assert_int_equal(get(0, LAPIC_LDR), 0);
	for (u32 i = 0; i < LAPIC_LVTS; i++)
		assert_int_equal(get(0, LAPIC_LVT + i), LVT_MASKED);
	assert_int_equal(atomic_load(&cpus[0].base), 0xfee00900);
	assert_int_equal(atomic_load(&cpus[1].base), 0xfee00800);
	assert_int_equal(atomic_load(&cpus[0].events), 0);
	assert_int_equal(atomic_load(&cpus[1].events), LAPIC_WAITING);
	assert_int_equal(lapic_next(&cpus[0]), LAPIC_NONE);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
}

static void base_register(void **state)
{
	u64 on = 0xfee00900, x2 = on | APIC_BASE_X2APIC;

	(void)state;
	assert_false(lapic_base_write(&cpus[0], on | 1));
	assert_false(lapic_base_write(&cpus[0], on + 0x1000));
	assert_false(lapic_base_write(&cpus[0], on & ~APIC_BASE_BSP));
	assert_false(lapic_base_write(&cpus[0], 0xfee00100 | APIC_BASE_X2APIC));
	assert_true(lapic_base_write(&cpus[0], x2));
	assert_false(lapic_base_write(&cpus[0], on));
	assert_true(lapic_base_write(&cpus[0], 0xfee00100));
	assert_false(lapic_base_write(&cpus[0], x2));
	assert_true(lapic_base_write(&cpus[0], on));
	/* A second enable has reset it; the change to x2APIC keeps the state. */
	put(0, LAPIC_SVR, SVR_ENABLED | 0x20);
	assert_true(lapic_base_write(&cpus[0], x2));
	assert_int_equal(get(0, LAPIC_SVR), SVR_ENABLED | 0x20);
}

static void x2_faults(void **state)
{
	static const u32 absent[] = { 0,
				      1,
				      4,
				      7,
				      LAPIC_APR,
				      LAPIC_RRD,
				      LAPIC_DFR,
				      LAPIC_EOI,
				      0x29,
				      0x2f,
				      LAPIC_ICR_HIGH,
				      0x3a,
				      0x3d,
				      LAPIC_SELF_IPI };
	static const u32 read_only[] = { LAPIC_ID,  LAPIC_VERSION, LAPIC_PPR, LAPIC_LDR,
					 LAPIC_ISR, LAPIC_TMR,     LAPIC_IRR, LAPIC_CURRENT };
	u64 value;

	(void)state;
	turn_on(true);
	for (size_t i = 0; i < ARRAY_SIZE(absent); i++)
		assert_false(lapic_read(&cpus[0], &now, absent[i], &value));
	for (size_t i = 0; i < ARRAY_SIZE(read_only); i++)
		put_fails(0, read_only[i], 0);
	put_fails(0, LAPIC_TPR, 0x100);
	put_fails(0, LAPIC_EOI, 1);
	put_fails(0, LAPIC_ESR, 1);
	put_fails(0, LAPIC_SVR, 0x200);
	put_fails(0, LAPIC_ICR, BIT(12) | 0x40);
	put_fails(0, LAPIC_ICR, BIT(20) | 0x40);
	put_fails(0, LAPIC_LVT, BIT(19));
	put_fails(0, LAPIC_LVT, BIT(32));
	put_fails(0, LAPIC_DIVIDE, 4);
	put_fails(0, LAPIC_INITIAL, BIT(32));
	put_fails(0, LAPIC_SELF_IPI, 0x100);
	assert_int_equal(get(2, LAPIC_ID), 2);
	assert_int_equal(get(2, LAPIC_LDR), 4);
}

static void x_illegal_register(void **state)
{
	(void)state;
	turn_on(false);
	assert_int_equal(get(0, 0x3a), 0);
	put(0, LAPIC_ESR, 0);
	assert_int_equal(get(0, LAPIC_ESR), 0x80);
	put(0, LAPIC_ESR, 0);
	assert_int_equal(get(0, LAPIC_ESR), 0);
}

static void priorities(void **state)
{
	(void)state;
	turn_on(true);
	put(1, LAPIC_ICR, 0x41);
	assert_int_equal(effect.kicks, 1);
	put(1, LAPIC_ICR, 0x41);
	assert_int_equal(effect.kicks, 0); /* it knows already */
	put(0, LAPIC_SELF_IPI, 0x45);
	assert_int_equal(effect.kicks, 0); /* its next entry finds the vector */
	assert_false(lapic_is_quiet(&cpus[0]));
	lapic_fold(&cpus[0]);
	assert_int_equal(lapic_next(&cpus[0]), 0x45);
	put(0, LAPIC_TPR, 0x40);
	assert_int_equal(lapic_next(&cpus[0]), LAPIC_NONE);
	put(0, LAPIC_TPR, 0x3f);
	assert_int_equal(lapic_next(&cpus[0]), 0x45);
	lapic_accept(&cpus[0], 0x45);
	assert_true(has(0, LAPIC_ISR, 0x45));
	assert_false(has(0, LAPIC_IRR, 0x45));
	assert_int_equal(get(0, LAPIC_PPR), 0x40);
	/* The same class waits, a higher one does not. */
	assert_int_equal(lapic_next(&cpus[0]), LAPIC_NONE);
	put(0, LAPIC_SELF_IPI, 0x51);
	lapic_fold(&cpus[0]);
	assert_int_equal(lapic_next(&cpus[0]), 0x51);
	lapic_accept(&cpus[0], 0x51);
	put(0, LAPIC_EOI, 0);
	assert_int_equal(effect.eoi, LAPIC_NONE);
	assert_true(has(0, LAPIC_ISR, 0x45));
	put(0, LAPIC_EOI, 0);
	assert_int_equal(lapic_next(&cpus[0]), 0x41);
	assert_int_equal(get(0, LAPIC_PPR), 0x3f);
}

/* A delivery that ends in an exception. */
static void delivery_fails(void **state)
{
	(void)state;
	turn_on(true);
	put(0, LAPIC_SELF_IPI, 0x41);
	put(0, LAPIC_SELF_IPI, 0xe1);
	lapic_fold(&cpus[0]);
	lapic_accept(&cpus[0], 0xe1);
	lapic_return(&cpus[0], 0xe1);
	assert_false(has(0, LAPIC_ISR, 0xe1));
	assert_int_equal(get(0, LAPIC_PPR), 0);
	assert_int_equal(lapic_next(&cpus[0]), 0xe1);
	lapic_accept(&cpus[0], 0xe1);
	assert_false(has(0, LAPIC_IRR, 0xe1));
	put(0, LAPIC_EOI, 0);
	assert_int_equal(lapic_next(&cpus[0]), 0x41);
}

static void end_of_interrupt(void **state)
{
	struct lapic_message message = { .destination = 0, .vector = 0x61, .level = true };

	(void)state;
	turn_on(true);
	effect = (struct lapic_effect){ 0 };
	assert_true(lapic_send(&bus, &message, &effect));
	assert_int_equal(effect.kicks, 1);
	lapic_fold(&cpus[0]);
	assert_true(has(0, LAPIC_TMR, 0x61));
	lapic_accept(&cpus[0], 0x61);
	put(0, LAPIC_EOI, 0);
	assert_int_equal(effect.eoi, 0x61);
	/* No broadcast for a guest that writes the IOAPIC's EOI register. */
	assert_true(lapic_send(&bus, &message, &effect));
	lapic_fold(&cpus[0]);
	lapic_accept(&cpus[0], 0x61);
	put(0, LAPIC_SVR, SVR_ENABLED | SVR_NO_EOI_CAST | 0xff);
	put(0, LAPIC_EOI, 0);
	assert_int_equal(effect.eoi, LAPIC_NONE);
	/* An edge of the same vector clears its TMR bit. */
	put(0, LAPIC_SELF_IPI, 0x61);
	assert_false(has(0, LAPIC_TMR, 0x61));
	put(0, LAPIC_EOI, 0); /* with nothing in service */
	assert_int_equal(effect.eoi, LAPIC_NONE);
}

static u64 targets_of(u32 sender, u64 icr)
{
	u64 found = 0;

	for (u32 i = 0; i < VCPUS; i++)
		atomic_store(&cpus[i].events, 0);
	put(sender, LAPIC_ICR, icr);
	for (u32 i = 0; i < VCPUS; i++) {
		bool got = atomic_load(&cpus[i].events) != 0;

		found |= got ? BIT(i) : 0;
		assert_int_equal((effect.kicks & BIT(i)) != 0, got);
	}
	return found;
}

static void destinations_x2(void **state)
{
	(void)state;
	turn_on(true);
	assert_int_equal(targets_of(1, UINT64_C(2) << 32 | 0x40), 4);
	assert_int_equal(targets_of(1, UINT64_C(9) << 32 | 0x40), 0);
	assert_int_equal(targets_of(1, UINT64_C(0xff) << 32 | 0x40), 0);
	assert_int_equal(targets_of(1, UINT64_C(0xffffffff) << 32 | 0x40), 0xf);
	assert_int_equal(targets_of(1, UINT64_C(0x5) << 32 | BIT(11) | 0x40), 5);
	assert_int_equal(targets_of(1, UINT64_C(0x10005) << 32 | BIT(11) | 0x40), 0);
	assert_int_equal(targets_of(1, UINT64_C(0xffffffff) << 32 | BIT(11) | 0x40), 0xf);
	assert_int_equal(targets_of(1, UINT64_C(1) << 18 | 0x40), 0);
	assert_true(has(1, LAPIC_IRR, 0x40));
	assert_int_equal(targets_of(1, UINT64_C(1) << 18 | 4 << 8), 2); /* NMI */
	put(1, LAPIC_SVR, 0xff);
	put(1, LAPIC_SELF_IPI, 0x50);
	assert_false(has(1, LAPIC_IRR, 0x50)); /* it is off */
	put(1, LAPIC_SVR, SVR_ENABLED | 0xff);
	assert_int_equal(targets_of(1, UINT64_C(2) << 18 | 0x40), 0xf);
	assert_int_equal(targets_of(1, UINT64_C(3) << 18 | 0x40), 0xd);
	assert_int_equal(targets_of(1, UINT64_C(3) << 18 | 4 << 8), 0xd); /* NMI */
}

static u64 send_x(u32 sender, u32 destination, u32 icr)
{
	put(sender, LAPIC_ICR_HIGH, (u64)destination << 24);
	return targets_of(sender, icr);
}

static void destinations_x(void **state)
{
	(void)state;
	turn_on(false);
	assert_int_equal(send_x(0, 3, 0x40), 8);
	assert_int_equal(send_x(0, 0xff, 0x40), 0xf);
	for (u32 i = 0; i < VCPUS; i++)
		put(i, LAPIC_LDR, BIT(24 + i));
	assert_int_equal(send_x(0, 0x6, 0x840), 6);
	assert_int_equal(send_x(0, 0xff, 0x840), 0xf);
	/* Cluster model: two clusters with two each. */
	for (u32 i = 0; i < VCPUS; i++) {
		put(i, LAPIC_DFR, 0x0fffffff);
		put(i, LAPIC_LDR, (u64)(i / 2) << 28 | BIT(24 + i % 2));
	}
	assert_int_equal(send_x(0, 0x13, 0x840), 0xc);
	assert_int_equal(send_x(0, 0x02, 0x840), 0x2);
	assert_int_equal(send_x(0, 0xf1, 0x840), 0x5);
	assert_int_equal(send_x(0, 0x23, 0x840), 0);
	assert_int_equal(get(0, LAPIC_ICR_HIGH), UINT64_C(0x23000000));
	assert_int_equal(get(0, LAPIC_ICR), 0x840);
}

static void lowest_priority(void **state)
{
	u32 counts[VCPUS] = { 0 };

	(void)state;
	turn_on(true);
	for (u32 i = 0; i < 40; i++)
		counts[__builtin_ctzll(targets_of(0, UINT64_C(0xf) << 32 | BIT(11) | 0x140))]++;
	for (u32 i = 0; i < VCPUS; i++)
		assert_int_equal(counts[i], 10);
	put(0, LAPIC_TPR, 0x20);
	put(1, LAPIC_TPR, 0x20);
	put(3, LAPIC_TPR, 0x30);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(targets_of(0, UINT64_C(0xf) << 32 | BIT(11) | 0x140), 4);
	put(2, LAPIC_SVR, 0xff); /* disabled: it accepts none */
	assert_int_equal(targets_of(0, UINT64_C(0xf) << 32 | BIT(11) | 0x140) & 4, 0);
	assert_int_equal(targets_of(0, UINT64_C(2) << 32 | 0x40), 0);
}

static void illegal_vectors(void **state)
{
	struct lapic_message message = { .destination = 1, .vector = 5 };

	(void)state;
	turn_on(true);
	put(0, LAPIC_LVT + LVT_ERROR, 0xfe);
	assert_int_equal(targets_of(0, UINT64_C(1) << 32 | 0xf), 0);
	put(0, LAPIC_ESR, 0);
	assert_int_equal(get(0, LAPIC_ESR), 0x20);
	lapic_fold(&cpus[0]);
	assert_int_equal(lapic_next(&cpus[0]), 0xfe);
	put(0, LAPIC_SELF_IPI, 3);
	put(0, LAPIC_ESR, 0);
	assert_int_equal(get(0, LAPIC_ESR), 0x20);
	assert_true(lapic_send(&bus, &message, &effect));
	lapic_fold(&cpus[1]);
	put(1, LAPIC_ESR, 0);
	assert_int_equal(get(1, LAPIC_ESR), 0x40);
}

static void nmi(void **state)
{
	(void)state;
	turn_on(true);
	assert_int_equal(targets_of(0, UINT64_C(1) << 32 | 4 << 8), 2);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 4 << 8);
	assert_true(lapic_take_nmi(&cpus[1])); /* two that come together are one */
	assert_false(lapic_take_nmi(&cpus[1]));
	/* Dropped in wait-for-SIPI, and while INIT is pending. */
	atomic_store(&cpus[1].events, LAPIC_WAITING);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 4 << 8);
	assert_false(lapic_take_nmi(&cpus[1]));
	atomic_store(&cpus[1].events, LAPIC_EVENT_INIT);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 4 << 8);
	assert_false(lapic_take_nmi(&cpus[1]));
}

static void init_sipi(void **state)
{
	u32 vector = 0;

	(void)state;
	turn_on(true);
	put(1, LAPIC_TPR, 0x50);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 6 << 8 | 0x10); /* a SIPI without INIT */
	assert_false(lapic_take_sipi(&cpus[1], &vector));
	assert_false(lapic_take_init(&cpus[1]));
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | BIT(15) | 5 << 8); /* not asserted */
	assert_false(lapic_take_init(&cpus[1]));
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | BIT(14) | 5 << 8);
	assert_int_equal(effect.kicks, 2);
	/* The SIPI comes before the vCPU has seen its INIT. */
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 6 << 8 | 0x9a);
	assert_int_equal(effect.starts, 0);
	assert_false(lapic_take_sipi(&cpus[1], &vector));
	assert_true(lapic_take_init(&cpus[1]));
	assert_int_equal(get(1, LAPIC_TPR), 0);
	assert_int_equal(get(1, LAPIC_SVR), 0xff);
	assert_true(lapic_is_x2(&cpus[1]));
	assert_true(lapic_take_sipi(&cpus[1], &vector));
	assert_int_equal(vector, 0x9a);
	assert_false(lapic_take_sipi(&cpus[1], &vector));
	/* While it waits: INIT changes nothing, the first SIPI counts. */
	atomic_store(&cpus[1].events, LAPIC_WAITING);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | BIT(14) | 5 << 8);
	assert_int_equal(effect.kicks | effect.starts, 0);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 6 << 8 | 0x11);
	assert_int_equal(effect.starts, 2);
	put(0, LAPIC_ICR, UINT64_C(1) << 32 | 6 << 8 | 0x22);
	assert_int_equal(effect.starts, 0);
	assert_true(lapic_take_sipi(&cpus[1], &vector));
	assert_int_equal(vector, 0x11);
	/* A start that failed: the SIPI stays pending, or is dropped. */
	lapic_wait_again(&cpus[1], 0x11, true);
	assert_true(lapic_take_sipi(&cpus[1], &vector));
	assert_int_equal(vector, 0x11);
	lapic_wait_again(&cpus[1], 0x11, false);
	assert_false(lapic_take_sipi(&cpus[1], &vector));
	assert_int_equal(atomic_load(&cpus[1].events), LAPIC_WAITING);
	/* The boot processor does not wait. */
	put(1, LAPIC_ICR, BIT(14) | 5 << 8);
	assert_true(lapic_take_init(&cpus[0]));
	assert_int_equal(atomic_load(&cpus[0].events), 0);
}

static void timer_one_shot(void **state)
{
	(void)state;
	turn_on(true);
	put(0, LAPIC_LVT, 0x30);
	put(0, LAPIC_DIVIDE, 3); /* 16 */
	put(0, LAPIC_INITIAL, 1000);
	assert_true(effect.timer);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), 1000 + 16000);
	now.ns = 9000;
	assert_int_equal(get(0, LAPIC_CURRENT), 500);
	lapic_timer_expire(&cpus[0], &now);
	assert_int_equal(lapic_next(&cpus[0]), LAPIC_NONE);
	now.ns = 17000;
	lapic_timer_expire(&cpus[0], &now);
	assert_int_equal(lapic_next(&cpus[0]), 0x30);
	assert_int_equal(get(0, LAPIC_CURRENT), 0);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
	/* 0 stops it; a masked timer counts without an interrupt. */
	put(0, LAPIC_INITIAL, 5);
	put(0, LAPIC_INITIAL, 0);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
	lapic_accept(&cpus[0], 0x30);
	put(0, LAPIC_LVT, LVT_MASKED | 0x31);
	put(0, LAPIC_INITIAL, 5);
	now.ns += 1000;
	lapic_timer_expire(&cpus[0], &now);
	assert_false(has(0, LAPIC_IRR, 0x31));
}

static void timer_dividers(void **state)
{
	static const u8 codes[] = { 0xb, 0, 1, 2, 3, 8, 9, 0xa };

	(void)state;
	turn_on(true);
	for (u32 i = 0; i < 8; i++) {
		put(0, LAPIC_DIVIDE, codes[i]);
		put(0, LAPIC_INITIAL, UINT32_MAX);
		assert_int_equal(lapic_timer_due(&cpus[0], &now) - now.ns, (u64)UINT32_MAX << i);
	}
}

static void timer_periodic(void **state)
{
	(void)state;
	turn_on(true);
	put(0, LAPIC_DIVIDE, 0xb);
	put(0, LAPIC_LVT, BIT(17) | 0x30);
	put(0, LAPIC_INITIAL, 50000);
	now.ns = 1000 + 170000; /* three periods are over: one interrupt */
	lapic_timer_expire(&cpus[0], &now);
	assert_int_equal(lapic_next(&cpus[0]), 0x30);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), 1000 + 200000);
	assert_int_equal(get(0, LAPIC_CURRENT), 30000);
	put(0, LAPIC_INITIAL, 1); /* not faster than the bound */
	assert_int_equal(lapic_timer_due(&cpus[0], &now), now.ns + LAPIC_MIN_PERIOD_NS);
	assert_true(get(0, LAPIC_CURRENT) <= 1);
}

static void timer_deadline(void **state)
{
	(void)state;
	turn_on(true);
	lapic_deadline_write(&cpus[0], 9000); /* another mode */
	assert_int_equal(lapic_deadline_read(&cpus[0]), 0);
	put(0, LAPIC_LVT, BIT(18) | 0x30);
	put(0, LAPIC_INITIAL, 77);
	assert_int_equal(get(0, LAPIC_INITIAL), 0);
	lapic_deadline_write(&cpus[0], 9001);
	assert_int_equal(lapic_deadline_read(&cpus[0]), 9001);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), 1000 + 2001);
	now.tsc = 9001;
	now.ns = 3001;
	lapic_timer_expire(&cpus[0], &now);
	assert_int_equal(lapic_next(&cpus[0]), 0x30);
	assert_int_equal(lapic_deadline_read(&cpus[0]), 0);
	/* The past is due at once, the far future never; 0 disarms. */
	lapic_deadline_write(&cpus[0], 1);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), now.ns);
	now.tsc_khz = 1;
	lapic_deadline_write(&cpus[0], UINT64_MAX);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
	lapic_deadline_write(&cpus[0], 0);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
	lapic_deadline_write(&cpus[0], 90000);
	put(0, LAPIC_LVT, 0x30); /* a change of mode disarms */
	assert_int_equal(lapic_deadline_read(&cpus[0]), 0);
	assert_int_equal(lapic_timer_due(&cpus[0], &now), LAPIC_NEVER);
}

static void software_disable(void **state)
{
	(void)state;
	turn_on(true);
	put(0, LAPIC_LVT, 0x30);
	put(0, LAPIC_SVR, 0xff);
	assert_int_equal(get(0, LAPIC_LVT), LVT_MASKED | 0x30);
	put(0, LAPIC_LVT, 0x32);
	assert_int_equal(get(0, LAPIC_LVT), LVT_MASKED | 0x32);
	put(0, LAPIC_SVR, SVR_ENABLED | 0xff);
	put(0, LAPIC_LVT, 0x32);
	assert_int_equal(get(0, LAPIC_LVT), 0x32);
}

/* The 8259's request comes by LINT0 in mode ExtINT, or by a message of the IOAPIC. */
static void the_8259(void **state)
{
	struct lapic_message message = { .destination = 1, .delivery = LAPIC_EXTINT };

	(void)state;
	turn_on(true);
	put(0, LAPIC_LVT + LVT_LINT0, LVT_MASKED);
	assert_false(lapic_external(&cpus[0]));
	atomic_fetch_or(&cpus[0].events, LAPIC_EVENT_LINT0);
	lapic_fold(&cpus[0]);
	assert_int_equal(atomic_load(&cpus[0].events), 0);
	assert_false(lapic_external(&cpus[0]));
	put(0, LAPIC_LVT + LVT_LINT0, 0x730);
	assert_true(lapic_external(&cpus[0]));
	put(0, LAPIC_LVT + LVT_LINT0, 0x30); /* fixed */
	assert_false(lapic_external(&cpus[0]));
	lapic_wire_8259(&cpus[0]);
	assert_int_equal(get(0, LAPIC_LVT + LVT_LINT0), 0x700);
	assert_true(lapic_external(&cpus[0]));
	assert_int_equal(lapic_next(&cpus[0]), LAPIC_NONE);
	/* A task priority does not hold it back. */
	put(0, LAPIC_TPR, 0xff);
	assert_true(lapic_external(&cpus[0]));
	put(0, LAPIC_SVR, 0xff);
	assert_false(lapic_external(&cpus[0]));
	/* A LAPIC that is off leaves LINT0 to the processor. */
	assert_true(lapic_base_write(&cpus[0], LAPIC_BASE | APIC_BASE_BSP));
	assert_false(lapic_external(&cpus[0]));
	atomic_fetch_or(&cpus[0].events, LAPIC_EVENT_LINT0);
	lapic_fold(&cpus[0]);
	assert_true(lapic_external(&cpus[0]));
	assert_true(lapic_send(&bus, &message, &effect));
	assert_int_equal(effect.kicks, BIT(1));
	assert_false(lapic_external(&cpus[1]));
	lapic_fold(&cpus[1]);
	assert_true(lapic_external(&cpus[1]));
	lapic_init(&cpus[1]);
	assert_false(lapic_external(&cpus[1]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_8259, setup),
		cmocka_unit_test_setup(reset_values, setup),
		cmocka_unit_test_setup(base_register, setup),
		cmocka_unit_test_setup(x2_faults, setup),
		cmocka_unit_test_setup(x_illegal_register, setup),
		cmocka_unit_test_setup(priorities, setup),
		cmocka_unit_test_setup(end_of_interrupt, setup),
		cmocka_unit_test_setup(delivery_fails, setup),
		cmocka_unit_test_setup(destinations_x2, setup),
		cmocka_unit_test_setup(destinations_x, setup),
		cmocka_unit_test_setup(lowest_priority, setup),
		cmocka_unit_test_setup(illegal_vectors, setup),
		cmocka_unit_test_setup(nmi, setup),
		cmocka_unit_test_setup(init_sipi, setup),
		cmocka_unit_test_setup(timer_one_shot, setup),
		cmocka_unit_test_setup(timer_dividers, setup),
		cmocka_unit_test_setup(timer_periodic, setup),
		cmocka_unit_test_setup(timer_deadline, setup),
		cmocka_unit_test_setup(software_disable, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
