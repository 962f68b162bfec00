/* SPDX-License-Identifier: Apache-2.0 */
/*
 * docs/binding.md against config/tables.c. The section of each node has exactly the node's
 * properties, and each row has the table's type, default, meaning and words.
 */
#include "support/test.h"

#include <abi/component.h>
#include <mullion/config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arch/arm64/pure/config.h"
#include "config/internal.h"
#include "config/schema.h"
#include "support/dtb.h"

#define DOCS  "docs/binding.md"
#define CELLS 4

/* A template is written as a guest, and a guest's vmm as a component: they have no tables. */
static const struct section {
	enum schema_id id;
	const char *node;
} sections[] = {
	{ SCHEMA_ROOT, "/ (the root)" },
	{ SCHEMA_VMM, "/vmm" },
	{ SCHEMA_GUEST, "/guests/NAME" },
	{ SCHEMA_VCPUS, "/guests/NAME/vcpus" },
	{ SCHEMA_VCPU, "/guests/NAME/vcpus/vcpuN" },
	{ SCHEMA_REGION, "/guests/NAME/aspace/REGION" },
	{ SCHEMA_COMPONENT, "/components/NAME" },
	{ SCHEMA_GRANT, "/components/NAME/aspace/REGION" },
	{ SCHEMA_CHANNEL, "/channels/NAME" },
	{ SCHEMA_SHARED_MEMORY, "/shared/NAME" },
	{ SCHEMA_CPU, "/schedule/cpuN" },
	{ SCHEMA_WINDOW, "/schedule/cpuN/windowN" },
};

static char *page;
static u32 num_mistakes;

static void mistake(const char *node, const char *property, const char *cell, const char *text)
{
	print_error("%s: %s: %s of %s is not \"%s\"\n", DOCS, node, cell, property, text);
	num_mistakes++;
}

static int page_open(void **state)
{
	size_t size;
	char *docs = file_read(DOCS, &size);

	(void)state;
	assert_non_null(docs);
	page = calloc(1, size + 1);
	assert_non_null(page);
	/* Without the marks of code, which are no part of a cell's text. */
	for (size_t i = 0, n = 0; i < size; i++)
		if (docs[i] != '`')
			page[n++] = docs[i];
	free(docs);
	return 0;
}

static int page_close(void **state)
{
	(void)state;
	free(page);
	return 0;
}

/* Returns the table of properties of a section, or NULL. The rows begin behind its second line. */
static const char *table_of(const char *node)
{
	static const char head[] = "| property | type | default | meaning |\n";
	char heading[64];
	const char *at, *table, *next;

	(void)snprintf(heading, sizeof(heading), "\n### %s\n", node);
	at = strstr(page, heading);
	assert_non_null(at);
	table = strstr(at, head);
	next = strstr(at + 1, "\n#");
	if (table == NULL || (next != NULL && table > next))
		return NULL;
	return strchr(table + sizeof(head) - 1, '\n') + 1;
}

/* Copies the cells of the row at @row. Returns false at the end of the table. */
static bool read_cells(const char *row, char cells[CELLS][512])
{
	if (*row != '|')
		return false;
	row += 2;
	for (u32 i = 0; i < CELLS; i++) {
		const char *end = strstr(row, i + 1 < CELLS ? " | " : " |\n");

		assert_non_null(end);
		assert_true((size_t)(end - row) < sizeof(cells[i]));
		(void)snprintf(cells[i], sizeof(cells[i]), "%.*s", (int)(end - row), row);
		row = end + 3;
	}
	return true;
}

static bool begins(const char *text, const char *with, size_t n)
{
	return strncmp(text, with, n) == 0;
}

/* The meaning begins with the phrase of the messages, and has each word that is a value. */
static void check_meaning(const char *node, const struct schema_prop *prop, const char *cell)
{
	const char *word, *end;

	if (!begins(cell, prop->what, strcspn(prop->what, ":,;\"(")))
		mistake(node, prop->name, "the meaning", prop->what);
	for (word = strchr(prop->what, '"'); word != NULL; word = strchr(end + 1, '"')) {
		char value[64];

		end = strchr(word + 1, '"');
		assert_non_null(end);
		(void)snprintf(value, sizeof(value), "%.*s", (int)(end - word) + 1, word);
		if (strstr(cell, value) == NULL)
			mistake(node, prop->name, "a value", value);
	}
}

static void check_row(const char *node, const struct schema_prop *prop, char cells[CELLS][512])
{
	const char *type =
		prop->type == PROP_IRQS ? "list of interrupts" : schema_type_names[prop->type];

	if (strcmp(cells[1], type) != 0)
		mistake(node, prop->name, "the type", type);
	if (prop->required != 0 && !begins(cells[2], "required", 8))
		mistake(node, prop->name, "the default", "required");
	if (prop->required == 0 && begins(cells[2], "required", 8))
		mistake(node, prop->name, "the default", prop->fallback);
	if (prop->fallback != NULL && strstr(cells[2], prop->fallback) == NULL)
		mistake(node, prop->name, "the default", prop->fallback);
	check_meaning(node, prop, cells[3]);
}

static void rows_match_the_tables(void **state)
{
	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(sections); s++) {
		const struct schema *schema = &schemas[sections[s].id];
		const struct schema_prop *prop;
		const char *node = sections[s].node, *row = table_of(node);
		char cells[CELLS][512];
		u32 rows = 0, props = 0;

		assert_non_null(row);
		for (; read_cells(row, cells); row = strchr(row, '\n') + 1, rows++) {
			prop = schema_find(&arm64_platform, schema, cells[0]);
			if (prop == NULL)
				mistake(node, cells[0], "the name", "a property");
			else
				check_row(node, prop, cells);
		}
		while (schema_row(&arm64_platform, schema, props) != NULL)
			props++;
		if (rows != props)
			mistake(node, "the table", "the number", "that of config/tables.c");
	}
	assert_int_equal(num_mistakes, 0);
}

/* No other section has a table of properties, and no kind of node lacks a section. */
static void every_node_has_a_section(void **state)
{
	u32 tables = 0, with_props = 0;

	(void)state;
	for (const char *p = page; (p = strstr(p, "\n| property |")) != NULL; p++)
		tables++;
	for (u32 id = 0; id < SCHEMA_COUNT; id++)
		with_props += schemas[id].num_props != 0 && id != SCHEMA_TEMPLATE &&
			      id != SCHEMA_GUEST_VMM;
	assert_int_equal(tables, ARRAY_SIZE(sections));
	assert_int_equal(with_props, ARRAY_SIZE(sections));
}

static void bounds_are_the_tables(void **state)
{
	static const struct {
		u32 number;
		const char *of;
	} bounds[] = {
		{ CONFIG_MAX_GUESTS, "guests with instances of templates" },
		{ CONFIG_MAX_REGIONS, "regions in each guest" },
		{ CONFIG_MAX_COMPONENTS, "components with the vmms" },
		{ CONFIG_MAX_GRANTS, "regions in each component" },
		{ CONFIG_MAX_THREADS, "vCPUs and components together" },
		{ CONFIG_MAX_CHANNELS, "channels with the lines to consoles and shared memory" },
		{ CONFIG_MAX_TEMPLATES, "templates" },
		{ GRANTS_MAX, "grants" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bounds); i++) {
		char text[96];

		(void)snprintf(text, sizeof(text), " %u %s", bounds[i].number, bounds[i].of);
		if (strstr(page, text) == NULL)
			mistake("bounds", bounds[i].of, "the number", text);
	}
	assert_int_equal(num_mistakes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_match_the_tables),
		cmocka_unit_test(every_node_has_a_section),
		cmocka_unit_test(bounds_are_the_tables),
	};

	return cmocka_run_group_tests(tests, page_open, page_close);
}
