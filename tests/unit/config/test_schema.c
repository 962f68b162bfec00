/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, and the walk of a description by them. */
#include "support/test.h"

#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"
#include "support/dtb.h"

struct sink {
	struct diag diag;
	char text[16384];
};

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct sink *sink = container_of(diag, struct sink, diag);

	(void)node;
	(void)property;
	(void)str_append(sink->text, sizeof(sink->text), text);
	(void)str_append(sink->text, sizeof(sink->text), "\n");
}

/* Returns the messages of the walk over a blob. */
static const char *walk(const void *blob, size_t size)
{
	static struct sink sink;
	struct fdt tree;
	struct config_run run = { .tree = &tree, .diag = &sink.diag };

	sink = (struct sink){ .diag = { .report = report } };
	assert_int_equal(fdt_open(&tree, blob, size), OK);
	run.platform = arch_platform(&tree);
	schema_check(&run);
	return sink.text;
}

static const char *walk_dts(const char *dts)
{
	size_t size;
	void *blob = dtb_compile(dts, &size);
	const char *text = walk(blob, size);

	free(blob);
	return text;
}

/* dtc merges or refuses what is given twice; a tree can have it all the same. */
static void given_twice(void **state)
{
	static u8 blob[4096];
	struct fdt_writer w;
	const char *text;
	u32 total;

	(void)state;
	fdt_writer_init(&w, blob, sizeof(blob));
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,system");
	fdt_begin(&w, "guests");
	for (u32 i = 0; i < 2; i++) {
		fdt_begin(&w, "linux");
		fdt_put_string(&w, "kernel", "Image");
		fdt_put_string(&w, "kernel", "Image");
		fdt_begin(&w, "aspace");
		fdt_begin(&w, "ram");
		fdt_put_string(&w, "type", "ram");
		fdt_put_u32(&w, "guest-address", 0x40000000);
		fdt_put_u32(&w, "size", 0x1000000);
		fdt_end(&w);
		fdt_end(&w);
		fdt_end(&w);
	}
	fdt_end(&w);
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), OK);
	text = walk(blob, total);
	assert_non_null(strstr(text,
			       "error: /guests/linux: kernel = \"Image\": given twice in this "
			       "node; remove one\n"));
	assert_non_null(strstr(text, "error: /guests/linux: a node of this name is there already; "
				     "rename one\n"));
}

/* An exceeded bound is reported once, by however much it is exceeded. */
static void too_many(void **state)
{
	static u8 blob[65536];
	struct fdt_writer w;
	const char *text;
	char name[16];
	u32 total;

	(void)state;
	fdt_writer_init(&w, blob, sizeof(blob));
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,system");
	fdt_begin(&w, "guests");
	fdt_begin(&w, "linux");
	fdt_put_string(&w, "kernel", "Image");
	fdt_begin(&w, "aspace");
	for (u32 i = 0; i < CONFIG_MAX_REGIONS + 10; i++) {
		(void)snprintf(name, sizeof(name), "ram%u", i);
		fdt_begin(&w, name);
		fdt_put_string(&w, "type", "ram");
		fdt_put_u32(&w, "guest-address", i << 20);
		fdt_put_u32(&w, "size", 0x1000);
		fdt_end(&w);
	}
	fdt_end(&w);
	fdt_end(&w);
	fdt_end(&w);
	fdt_end(&w);
	assert_int_equal(fdt_writer_finish(&w, &total), OK);
	text = walk(blob, total);
	assert_string_equal(text, "error: /guests/linux/aspace: more than 64 nodes inside\n");
}

/* Nodes of the machine may stand at the root; their contents are not checked. */
static void hardware_at_the_root(void **state)
{
	const char *text;

	(void)state;
	text = walk_dts("/dts-v1/; / { compatible = \"mullion,system\"; #address-cells = <2>;"
			"  cpus { cpu@0 { anything; }; }; memory@40000000 { reg = <0>; };"
			"  clock { compatible = \"fixed-clock\"; what,ever = <1>; };"
			"  aliases { serial0 = \"/x\"; }; vmmm { };"
			"  guests { linux { kernel = \"Image\"; aspace { ram { type = \"ram\";"
			"    guest-address = <0x40000000>; size = <1 0>; }; }; }; }; };");
	assert_string_equal(text, "error: /vmmm: unknown node; did you mean 'vmm'?\n");
}

/* A label makes dtc add a phandle. */
static void phandles_are_no_mistake(void **state)
{
	const char *text;

	(void)state;
	text = walk_dts(
		"/dts-v1/; / { compatible = \"mullion,system\"; guests { linux { "
		"kernel = \"Image\"; phandle = <1>; aspace { phandle = <2>; ram { type = "
		"\"ram\"; phandle = <3>; guest-address = <0>; size = <0x1000>; }; }; }; }; };");
	assert_string_equal(text, "");
}

static void similar_names(void **state)
{
	static const struct {
		const char *wanted, *best;
	} cases[] = {
		{ "boot-args", "bootargs" },
		{ "bootagrs", "bootargs" },
		{ "krenel", "kernel" },
		{ "autostrat", "autostart" },
		{ "colour", "" },
		{ "k", "" },
		{ "a-name-that-is-longer-than-what-is-looked-at", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct schema *guest = &schemas[SCHEMA_GUEST];
		struct similar similar;

		similar_init(&similar, cases[i].wanted);
		for (u32 p = 0; p < guest->num_props; p++)
			similar_offer(&similar, guest->props[p].name);
		assert_string_equal(similar.best, cases[i].best);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_twice),          cmocka_unit_test(too_many),
		cmocka_unit_test(hardware_at_the_root), cmocka_unit_test(phandles_are_no_mistake),
		cmocka_unit_test(similar_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
