/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/exception.c, against SDM vol. 3, table 6-5. */
#include "arch/x86_64/pure/exception.h"

#include "support/test.h"

enum class { BENIGN, CONTRIBUTORY, FAULT, DOUBLE };

static enum class class_of(u32 vector) {
	switch (vector){
		case 0 : case 10 : case 11 : case 12 : case 13 : case 21 : return CONTRIBUTORY;
		case 14 : return FAULT;
		case 8 : return DOUBLE;
		default : return BENIGN;
	}
}

static void each_pair(void **state)
{
	/* First exception down, second one across; 0: the second is delivered. */
	static const u32 table[4][3] = {
		[BENIGN] = { 0, 0, 0 },
		[CONTRIBUTORY] = { 0, EXCEPTION_DF, 0 },
		[FAULT] = { 0, EXCEPTION_DF, EXCEPTION_DF },
		[DOUBLE] = { 0, EXCEPTION_SHUTDOWN, EXCEPTION_SHUTDOWN },
	};

	(void)state;
	for (u32 first = 0; first < 32; first++)
		for (u32 second = 0; second < 32; second++) {
			u32 expected;

			if (second == EXCEPTION_DF)
				continue;
			expected = table[class_of(first)][class_of(second)];
			assert_int_equal(exception_combine(first, second),
					 expected != 0 ? expected : second);
		}
}

/* Faults of faults without end: the third one is the last. */
static void at_most_three(void **state)
{
	u32 event = exception_combine(13, 13);

	(void)state;
	assert_int_equal(event, EXCEPTION_DF);
	assert_int_equal(exception_combine(event, 13), EXCEPTION_SHUTDOWN);
}

/* Exceptions that a delivery can raise: by its memory, its descriptors, and its stack. Each must
 * end by itself, or exit. */
static void no_delivery_without_end(void **state)
{
	static const u32 raised[] = { 1, 10, 11, 12, 13, 14, 17, 21 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(raised); i++) {
		u32 now = raised[i], deliveries = 0;

		while (now != EXCEPTION_SHUTDOWN && (EXCEPTION_EXITS & BIT(now)) == 0) {
			if (++deliveries > 3)
				fail_msg("exception %u comes without end", raised[i]);
			now = exception_combine(now, raised[i]);
		}
	}
}

static u64 event(u64 type, u32 vector)
{
	return EVENT_VALID | type << 8 | vector;
}

/* An exception that comes while event @before is delivered. */
static void raise(u64 before, u32 vector, u64 later)
{
	struct exception_raised raised = exception_raise(before, vector, 0x18);

	assert_int_equal(raised.event,
			 event(EVENT_EXCEPTION, vector) | EVENT_HAS_ERROR | UINT64_C(0x18) << 32);
	assert_int_equal(raised.later, later);
	assert_false(raised.shutdown);
}

/* An NMI or an interrupt waits, and software's events are executed again. */
static void other_events(void **state)
{
	(void)state;
	raise(0, 13, 0);
	raise(event(EVENT_NMI, 2), 13, event(EVENT_NMI, 2));
	raise(event(EVENT_INTERRUPT, 0x41), 13, event(EVENT_INTERRUPT, 0x41));
	raise(event(EVENT_SOFT_INT, 0x80), 13, 0);
	raise(event(EVENT_SOFT_TRAP, 3), 13, 0);
	raise(event(EVENT_PRIVILEGED, 1), 13, 0);
	/* Not valid: nothing was being delivered. */
	raise(EVENT_NMI << 8 | 2, 13, 0);
	raise(EVENT_EXCEPTION << 8 | 13, 13, 0);
}

static void exceptions_of_exceptions(void **state)
{
	u64 error = UINT64_C(0x18) << 32 | EVENT_HAS_ERROR;
	struct exception_raised raised;

	(void)state;
	raised = exception_raise(event(EVENT_EXCEPTION, 14) | error, 13, 0x18);
	assert_int_equal(raised.event, event(EVENT_EXCEPTION, EXCEPTION_DF) | EVENT_HAS_ERROR);
	assert_false(raised.shutdown);
	raised = exception_raise(raised.event, 13, 0x18);
	assert_true(raised.shutdown);
	assert_int_equal(raised.event, event(EVENT_EXCEPTION, EXCEPTION_DF) | EVENT_HAS_ERROR);
	assert_int_equal(raised.later, 0);
	raised = exception_raise(event(EVENT_EXCEPTION, 6), 1, EXCEPTION_NO_ERROR);
	assert_int_equal(raised.event, event(EVENT_EXCEPTION, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_delivery_without_end),
		cmocka_unit_test(other_events),
		cmocka_unit_test(exceptions_of_exceptions),
		cmocka_unit_test(each_pair),
		cmocka_unit_test(at_most_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
