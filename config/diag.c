/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a mistake: node path, property, its value as it would stand in DTS, and what the
 * check says. The same code, so the same text, on the host and at boot.
 */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define TEXT_MAX    512
#define PATH_MAX_   160
#define VALUE_MAX   96
#define CHOICES_MAX 192 /* bytes of a list of words */
#define CELLS_MAX   12  /* of a value that are shown */
#define STRING_MAX  48  /* bytes of a string that are shown */

/* A text that grows at its end and is cut at its size. */
struct text {
	char *buf;
	size_t size, used;
};

static void text_add_va(struct text *text, const char *fmt, va_list args) __printf(2, 0);
static void text_add(struct text *text, const char *fmt, ...) __printf(2, 3);

static void text_add_va(struct text *text, const char *fmt, va_list args)
{
	size_t room = text->size - text->used;
	size_t n = format_va(text->buf + text->used, room, fmt, args);

	text->used += MIN(n, room - 1);
}

static void text_add(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	text_add_va(text, fmt, args);
	va_end(args);
}

/* Counts and interrupt numbers are read in decimal, addresses and sizes in hexadecimal. */
static void add_number(struct text *text, u32 value)
{
	text_add(text, value < PAGE_SIZE ? "%u" : "0x%x", value);
}

static void add_value(const struct config_run *run, struct text *text, const struct fdt_prop *prop)
{
	u32 cells = prop->len / 4;

	if (prop->len == 0)
		return;
	text_add(text, " = ");
	if (schema_reads_as_text(run->platform, prop)) {
		for (u32 at = 0; at < prop->len;
		     at += (u32)strlen((const char *)prop->data + at) + 1) {
			const char *string = (const char *)prop->data + at;

			text_add(text, "%s\"%.*s%s\"", at == 0 ? "" : ", ", STRING_MAX, string,
				 strlen(string) > STRING_MAX ? "..." : "");
			if (text->used + 1 >= text->size)
				break;
		}
	} else if (prop->len % 4 != 0) {
		for (u32 i = 0; i < MIN(prop->len, CELLS_MAX); i++)
			text_add(text, "%s%02x", i == 0 ? "[" : " ", prop->data[i]);
		text_add(text, prop->len > CELLS_MAX ? " ...]" : "]");
	} else if (cells == 1) {
		add_number(text, config_cell(prop, 0));
	} else {
		for (u32 i = 0; i < MIN(cells, CELLS_MAX); i++) {
			text_add(text, i == 0 ? "<" : " ");
			add_number(text, config_cell(prop, i));
		}
		text_add(text, cells > CELLS_MAX ? " ...>" : ">");
	}
}

/* A mistake in a template comes up in each guest that is made from it: it is reported once.
 * (FNV-1a. A text that is lost to another with the same hash appears once that one is cured.) */
static bool was_reported(struct config_run *run, const char *text)
{
	u32 hash = 2166136261;

	for (; *text != '\0'; text++)
		hash = (hash ^ (u8)*text) * 16777619;
	for (u32 i = 0; i < MIN(run->num_reported, REPORTED_MAX); i++)
		if (run->reported[i] == hash)
			return true;
	run->reported[run->num_reported++ % REPORTED_MAX] = hash;
	return false;
}

/* @count: errors or warnings, one more when the message was not given before. */
static void report_va(struct config_run *run, const char *severity, u32 *count, fdt_node_t node,
		      const char *property, const char *fmt, va_list args) __printf(6, 0);

static void report_va(struct config_run *run, const char *severity, u32 *count, fdt_node_t node,
		      const char *property, const char *fmt, va_list args)
{
	char buf[TEXT_MAX], path[PATH_MAX_], value[VALUE_MAX];
	struct text text = { buf, sizeof(buf), 0 }, value_text = { value, sizeof(value), 0 };
	struct fdt_prop prop;

	/* Where the value was written, which may be the template. */
	if (node != FDT_NONE && property != NULL && !fdt_has(run->tree, node, property) &&
	    config_has(run, node, property))
		node = config_base(run, node);
	text_add(&text, "%s: ", severity);
	if (node != FDT_NONE)
		text_add(&text, "%s: ", fdt_path(run->tree, node, path, sizeof(path)));
	value[0] = '\0';
	if (property != NULL) {
		if (node != FDT_NONE && fdt_get(run->tree, node, property, &prop))
			add_value(run, &value_text, &prop);
		text_add(&text, "%s%s: ", property, value);
	}
	text_add_va(&text, fmt, args);
	if (was_reported(run, buf) && *count > 0)
		return;
	(*count)++;
	run->diag->report(run->diag, node, property, buf);
}

bool config_error(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		  ...)
{
	va_list args;

	va_start(args, fmt);
	report_va(run, "error", &run->diag->errors, node, property, fmt, args);
	va_end(args);
	return false;
}

void config_warning(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		    ...)
{
	va_list args;

	va_start(args, fmt);
	report_va(run, "warning", &run->diag->warnings, node, property, fmt, args);
	va_end(args);
}

bool config_u32_within(struct config_run *run, fdt_node_t node, const char *name, u32 min, u32 max,
		       u32 *value)
{
	u32 given;

	if (!config_u32(run, node, name, &given))
		return false;
	if (given < min || given > max)
		return config_error(run, node, name, "out of range; write <%u> to <%u>", min, max);
	*value = given;
	return true;
}

u32 config_choose(struct config_run *run, fdt_node_t node, const char *property, const char *what,
		  const char *const *names, u32 count, u32 value)
{
	const char *given = config_string(run, node, property);
	char list[CHOICES_MAX];
	struct text text = { list, sizeof(list), 0 };
	u32 index;

	if (given == NULL)
		return value;
	index = schema_index(names, count, given);
	if (index < count)
		return index;
	for (u32 i = 0; i < count; i++)
		text_add(&text, "%s\"%s\"", i == 0 ? "" : i == count - 1 ? " or " : ", ", names[i]);
	config_error(run, node, property, "no such %s; write %s", what, list);
	return value;
}
