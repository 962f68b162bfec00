/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pure/platform.c: the bound of regions, which CONFIG_MAX_REGIONS hides in a default build.
 * config/test_bad has the other messages.
 */
#include "support/test.h"

#include <mullion/string.h>

#include "arch/x86_64/pure/boot.h"
#include "arch/x86_64/pure/platform.h"
#include "config/internal.h"

struct sink {
	struct diag diag;
	char text[1024];
};

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct sink *sink = container_of(diag, struct sink, diag);

	(void)node;
	(void)property;
	(void)str_append(sink->text, sizeof(sink->text), text);
}

static void regions_of_a_guest(void **state)
{
	static struct config_region regions[X86_MAX_REGIONS + 2];
	static struct sink sink = { .diag = { .report = report } };
	static struct config_run run = { .diag = &sink.diag, .platform = &x86_platform };
	struct config_guest guest = { .node = FDT_NONE, .regions = regions };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(regions); i++)
		regions[i] = (struct config_region){ .node = FDT_NONE,
						     .kind = REGION_RAM,
						     .gpa.v = i * PAGE_SIZE,
						     .size = PAGE_SIZE };
	/* An alias is in no table of the guest's firmware. */
	regions[0].kind = REGION_ALIAS;
	guest.num_regions = X86_MAX_REGIONS + 1;
	x86_platform.guest_check(&run, &guest);
	assert_string_equal(sink.text, "");
	guest.num_regions++;
	x86_platform.guest_check(&run, &guest);
	assert_non_null(strstr(sink.text, "the guest has 121 regions beside aliases; the tables of "
					  "its firmware have room for 120"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(regions_of_a_guest) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
