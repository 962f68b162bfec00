/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/handover.c: each field is checked, and named when it is wrong. */
#include "support/test.h"

#include "arch/x86_64/pure/handover.h"

static struct host_facts facts;
static struct handover record;

static int make(void **state)
{
	(void)state;
	facts = (struct host_facts){ .initrd_start = 0x4000000, .initrd_end = 0x4100000 };
	facts_add_cpu(&facts, 2);
	facts_add_cpu(&facts, 0x301);
	facts_add_memory(&facts, 0x100000, 0x7fe0000 - 0x100000);
	facts_add_memory(&facts, GIB(4), GIB(2));
	record = (struct handover){ .num_cpus = 2,
				    .boot_apic_id = 0x301,
				    .start_page = 0x8000,
				    .memory_top = GIB(6),
				    .tsc_hz = UINT64_C(3000000000),
				    .loaded = 0x140000000,
				    .core = 0x200000,
				    .core_end = 0x2a0000,
				    .bundle = 0x1400a0000,
				    .bundle_bytes = MIB(40) };
	return 0;
}

static void right(void **state)
{
	(void)state;
	assert_null(handover_check(&record, &facts));
	record.bundle_bytes = 0;
	facts.initrd_end = facts.initrd_start = 0;
	assert_null(handover_check(&record, &facts));
}

#define WRONG(field, value, name)                                             \
	do {                                                                  \
		make(NULL);                                                   \
		field = (value);                                              \
		assert_non_null(handover_check(&record, &facts));             \
		assert_string_equal(handover_check(&record, &facts), (name)); \
	} while (0)

static void wrong(void **state)
{
	(void)state;
	WRONG(record.num_cpus, 0, "CPU count");
	WRONG(record.num_cpus, 3, "CPU count");
	WRONG(record.boot_apic_id, 1, "boot CPU's APIC id");
	WRONG(record.start_page, 0x8001, "start-up page");
	WRONG(record.start_page, 0, "start-up page");
	WRONG(record.start_page, 0xa0000, "start-up page");
	WRONG(record.memory_top, GIB(7), "top of memory");
	WRONG(facts.num_memory, 0, "top of memory");
	WRONG(record.tsc_hz, 999999, "rate of the time-stamp counter");
	WRONG(record.tsc_hz, UINT64_MAX, "rate of the time-stamp counter");
	WRONG(record.loaded, 0x140000001, "place where the core was loaded");
	WRONG(record.core, 0x200001, "place of the core");
	WRONG(record.core, 0x2a0000, "place of the core");
	WRONG(record.core, 0xff000, "place of the core");
	WRONG(record.core_end, 0x7fe1000, "place of the core");
	WRONG(record.bundle, 0x29f000, "bundle behind the image");
	WRONG(record.bundle, GIB(6), "bundle behind the image");
	WRONG(record.bundle_bytes, UINT64_MAX, "bundle behind the image");
	WRONG(facts.initrd_end, 0x3000000, "initrd");
	WRONG(facts.initrd_start, 0x200000, "initrd");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(right, make),
		cmocka_unit_test(wrong),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
