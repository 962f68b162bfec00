/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The 8259 pair: priorities, ends of interrupts, rotation, masks, levels, the cascade, and requests
 * that the processor takes without a word. Ticks of the timer and the clock reach it.
 */
#include "support/random.h"
#include "vmm/pc.h"

static void set_up(u8 icw4)
{
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 0x04);
	out(0x21, icw4);
	out(0xa0, 0x11);
	out(0xa1, 0x28);
	out(0xa1, 0x02);
	out(0xa1, icw4);
}

static int initialised(void **state)
{
	(void)fresh(state);
	set_up(0x01);
	return 0;
}

/* The vector that is requested, or VIRQ_NONE. */
static u32 asked(void)
{
	return host_core.request != 0 ? host_core.request - 1 : VIRQ_NONE;
}

/* The processor takes the request. */
static u32 take(void)
{
	u32 vector = asked();

	host_core.request = 0;
	return vector;
}

/* One tick of the timer: an edge. Its counter is in mode 0. */
static void tick(void)
{
	out(0x43, 0x30);
	out(0x40, 1);
	out(0x40, 0);
	host_core.now.v += 1000;
	vmm_program.timer();
}

/* The clock's line, of its periodic interrupt. */
static void raise_clock(void)
{
	out(0x70, 0x0b);
	out(0x71, 0x42);
	host_core.now.v += 2000000;
	vmm_program.timer();
}

static void lower_clock(void)
{
	out(0x70, 0x0b);
	out(0x71, 0x02);
	out(0x70, 0x0c);
	(void)in(0x71);
}

static void raise_power(void)
{
	out(0x602, 1);
	host_core.now.v += UINT64_C(3000000000);
	vmm_program.timer();
}

static void nothing_before_its_initialisation(void **state)
{
	(void)state;
	tick();
	assert_int_equal(asked(), VIRQ_NONE);
	set_up(0x01);
	assert_int_equal(asked(), VIRQ_NONE); /* ICW1 forgets edges */
	tick();
	assert_int_equal(asked(), 0x20);
	vmm_program.reset();
	assert_int_equal(asked(), VIRQ_NONE);
}

static void an_interrupt_and_its_end(void **state)
{
	(void)state;
	tick();
	assert_int_equal(in(0x20), 0x01); /* IRR */
	assert_int_equal(asked(), 0x20);
	assert_int_equal(take(), 0x20);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x01); /* ISR */
	out(0x20, 0x0a);
	assert_int_equal(in(0x20), 0x00);
	/* The next waits for the end of the first. */
	tick();
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x20, 0x20);
	assert_int_equal(take(), 0x20);
	/* An end for another pin leaves it in service. */
	out(0x20, 0x61);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x01);
	out(0x20, 0x60);
	assert_int_equal(in(0x20), 0x00);
}

static void a_mask_holds_back(void **state)
{
	(void)state;
	out(0x21, 0x01);
	tick();
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x21, 0x00);
	assert_int_equal(asked(), 0x20);
	out(0x21, 0x01); /* before the processor has taken it */
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x21, 0x00);
	assert_int_equal(take(), 0x20);
}

static void the_second_comes_by_the_cascade(void **state)
{
	(void)state;
	raise_clock();
	assert_int_equal(asked(), 0x28);
	/* The first's pin 0 is more urgent, and interrupts the clock's handler. */
	tick();
	assert_int_equal(take(), 0x20);
	out(0x20, 0x20);
	assert_int_equal(take(), 0x28);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x04);
	out(0xa0, 0x0b);
	assert_int_equal(in(0xa0), 0x01);
	tick();
	assert_int_equal(take(), 0x20);
	out(0x20, 0x20);
	out(0xa0, 0x20);
	out(0x20, 0x20);
	assert_int_equal(in(0xa0), 0);
	assert_int_equal(in(0x20), 0);
	assert_int_equal(asked(), VIRQ_NONE);
}

/* In special fully nested mode the second may interrupt its own handlers. */
static void special_fully_nested(void **state)
{
	(void)state;
	for (u32 nested = 0; nested < 2; nested++) {
		vmm_program.reset();
		set_up(nested != 0 ? 0x11 : 0x01);
		out(0x4d1, 0x02);
		raise_power();
		assert_int_equal(take(), 0x29);
		raise_clock();
		assert_int_equal(asked(), nested != 0 ? 0x28 : VIRQ_NONE);
		lower_clock();
	}
}

static void a_level_stays(void **state)
{
	(void)state;
	out(0x4d1, 0x02);
	raise_power();
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(take(), 0x29);
		out(0xa0, 0x20);
		out(0x20, 0x20);
	}
	out(0x600, 1); /* the line falls before it is taken */
	assert_int_equal(asked(), VIRQ_NONE);
	/* The edges of timer, keyboard and clock cannot become levels. */
	out(0x4d0, 0xff);
	out(0x4d1, 0xff);
	assert_int_equal(in(0x4d0), 0xf8);
	assert_int_equal(in(0x4d1), 0xde);
}

static void priorities_rotate(void **state)
{
	(void)state;
	out(0x20, 0xc0); /* pin 0 has the lowest priority */
	raise_clock();
	tick();
	assert_int_equal(take(), 0x28);
	out(0xa0, 0x20);
	out(0x20, 0xa0); /* an end that rotates: now pin 2 has the lowest */
	lower_clock();
	assert_int_equal(asked(), 0x20);
	raise_clock();
	assert_int_equal(take(), 0x20);
}

static void the_special_mask(void **state)
{
	(void)state;
	tick();
	assert_int_equal(take(), 0x20);
	raise_clock();
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x20, 0x68);
	out(0x21, 0x01); /* the pin in service is masked: others may interrupt it */
	assert_int_equal(asked(), 0x28);
	out(0x20, 0x48);
	assert_int_equal(asked(), VIRQ_NONE);
}

/* Without an end of interrupt no access follows a request that was taken: the timer looks for it.
 */
static void ends_by_themselves(void **state)
{
	(void)state;
	set_up(0x03);
	tick();
	raise_clock();
	assert_int_equal(take(), 0x20);
	host_core.now.v += 1000000;
	assert_true(host_core.timer.v <= host_core.now.v);
	vmm_program.timer();
	assert_int_equal(take(), 0x28);
	host_core.now.v += 1000000;
	vmm_program.timer();
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0);
}

static void a_poll_acknowledges(void **state)
{
	(void)state;
	out(0x20, 0x0c);
	assert_int_equal(in(0x20) & 0x80, 0);
	tick();
	out(0x20, 0x0c);
	assert_int_equal(in(0x20), 0x80);
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x01);
}

/* A restart of the vmm neither loses a request nor delivers it twice. */
static void a_restart(void **state)
{
	(void)state;
	tick();
	start();
	assert_int_equal(asked(), 0x20);
	assert_int_equal(take(), 0x20);
	start();
	assert_int_equal(asked(), VIRQ_NONE);
	out(0x20, 0x0b);
	assert_int_equal(in(0x20), 0x01);
	out(0x20, 0x20);
	tick();
	assert_int_equal(take(), 0x20);
}

/* Ticks that were not served: they come one by one, at most at four times the rate. */
static void missed_ticks_of_the_timer(void **state)
{
	u64 last = 0;
	u32 served = 0;

	(void)state;
	out(0x43, 0x34);
	out(0x40, 0x9c);
	out(0x40, 0x2e); /* 11932: 10 ms */
	host_core.now.v += 52000000;
	while (served < 6) {
		vmm_program.timer();
		if (take() == 0x20) {
			assert_true(host_core.now.v - last >= 2500000);
			last = host_core.now.v;
			served++;
			out(0x20, 0x20);
		}
		assert_int_equal(asked(), VIRQ_NONE);
		assert_true(host_core.timer.v > host_core.now.v);
		host_core.now = host_core.timer;
	}
	/* Five were missed, and one came meanwhile. */
	assert_in_range(last - 5000000000, 60000000, 66000000);
}

/* Ticks of the clock wait until the guest has read the last one's flag. */
static void missed_ticks_of_the_clock(void **state)
{
	u64 began, ended = 0;
	u32 served = 0;

	(void)state;
	out(0x70, 0x0a);
	out(0x71, 0x2a); /* 64 Hz */
	began = host_core.now.v;
	raise_clock();
	host_core.now.v += 10 * UINT64_C(15625000);
	for (u32 i = 0; i < 4; i++) { /* the guest does not read */
		vmm_program.timer();
		assert_true(host_core.timer.v > host_core.now.v);
		host_core.now = host_core.timer;
	}
	for (u32 i = 0; i < 100; i++) {
		ended = host_core.now.v;
		vmm_program.timer();
		out(0x70, 0x0c);
		served += (in(0x71) & 0x40) != 0;
		host_core.now.v += 15625000 / 4;
	}
	assert_int_equal(served, (ended - began) / 15625000);
}

/* One pin against a plain model: an edge is delivered once, after its mask and before its end. */
static void random_against_a_model(void **state)
{
	bool pending = false, service = false, masked = false;

	(void)state;
	random_seed(8259);
	for (u32 i = 0; i < 20000; i++) {
		switch (random_below(4)) {
		case 0:
			tick();
			pending = true;
			break;
		case 1:
			masked = random_below(2) != 0;
			out(0x21, masked ? 0x01 : 0x00);
			break;
		case 2:
			out(0x20, 0x20);
			service = false;
			break;
		default:
			if (take() == VIRQ_NONE)
				break;
			assert_true(pending && !service && !masked);
			service = true;
			pending = false;
			break;
		}
		assert_int_equal(asked(), pending && !service && !masked ? 0x20 : VIRQ_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nothing_before_its_initialisation, fresh),
		cmocka_unit_test_setup(an_interrupt_and_its_end, initialised),
		cmocka_unit_test_setup(a_mask_holds_back, initialised),
		cmocka_unit_test_setup(the_second_comes_by_the_cascade, initialised),
		cmocka_unit_test_setup(special_fully_nested, initialised),
		cmocka_unit_test_setup(a_level_stays, initialised),
		cmocka_unit_test_setup(priorities_rotate, initialised),
		cmocka_unit_test_setup(the_special_mask, initialised),
		cmocka_unit_test_setup(ends_by_themselves, initialised),
		cmocka_unit_test_setup(a_poll_acknowledges, initialised),
		cmocka_unit_test_setup(a_restart, initialised),
		cmocka_unit_test_setup(missed_ticks_of_the_timer, initialised),
		cmocka_unit_test_setup(missed_ticks_of_the_clock, initialised),
		cmocka_unit_test_setup(random_against_a_model, initialised),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
