/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of a mistake: node path, property, its value as it would stand in DTS, and what the
 * check says. Also the nearest-name hint. The same code, so the same text, on the host and at boot.
 */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define TEXT_MAX   512
#define PATH_MAX_  160
#define VALUE_MAX  96
#define CELLS_MAX  12 /* of a value that are shown */
#define STRING_MAX 48 /* bytes of a string that are shown */

/* A text that grows at its end and is cut at its size. */
struct text {
	char *buf;
	size_t size, used;
};

static void add_va(struct text *text, const char *fmt, va_list args) __printf(2, 0);
static void add(struct text *text, const char *fmt, ...) __printf(2, 3);

static void add_va(struct text *text, const char *fmt, va_list args)
{
	size_t room = text->size - text->used;
	size_t n = format_va(text->buf + text->used, room, fmt, args);

	text->used += MIN(n, room - 1);
}

static void add(struct text *text, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_va(text, fmt, args);
	va_end(args);
}

/* Counts and interrupt numbers are read in decimal, addresses and sizes in hexadecimal. */
static void add_number(struct text *text, u32 value)
{
	add(text, value < PAGE_SIZE ? "%u" : "0x%x", value);
}

static void add_value(struct text *text, const struct fdt_prop *prop)
{
	u32 cells = prop->len / 4;

	if (prop->len == 0)
		return;
	add(text, " = ");
	if (schema_reads_as_text(prop)) {
		for (u32 at = 0; at < prop->len;
		     at += (u32)strlen((const char *)prop->data + at) + 1) {
			const char *string = (const char *)prop->data + at;

			add(text, "%s\"%.*s%s\"", at == 0 ? "" : ", ", STRING_MAX, string,
			    strlen(string) > STRING_MAX ? "..." : "");
			if (text->used + 1 >= text->size)
				break;
		}
	} else if (prop->len % 4 != 0) {
		for (u32 i = 0; i < MIN(prop->len, CELLS_MAX); i++)
			add(text, "%s%02x", i == 0 ? "[" : " ", prop->data[i]);
		add(text, prop->len > CELLS_MAX ? " ...]" : "]");
	} else if (cells == 1) {
		add_number(text, config_cell(prop, 0));
	} else {
		for (u32 i = 0; i < MIN(cells, CELLS_MAX); i++) {
			add(text, i == 0 ? "<" : " ");
			add_number(text, config_cell(prop, i));
		}
		add(text, cells > CELLS_MAX ? " ...>" : ">");
	}
}

/* A mistake in a template comes up in each guest that is made from it: tell it once. (FNV-1a; a
 * text that is lost because another has the same hash is told when that one is put right.) */
static bool is_told(struct config_run *run, const char *text)
{
	u32 hash = 2166136261;

	for (; *text != '\0'; text++)
		hash = (hash ^ (u8)*text) * 16777619;
	for (u32 i = 0; i < MIN(run->num_told, TOLD_MAX); i++)
		if (run->told[i] == hash)
			return true;
	run->told[run->num_told++ % TOLD_MAX] = hash;
	return false;
}

/* @count: errors or warnings, one more when the message was not given before. */
static void report(struct config_run *run, const char *severity, u32 *count, fdt_node_t node,
		   const char *property, const char *fmt, va_list args) __printf(6, 0);

static void report(struct config_run *run, const char *severity, u32 *count, fdt_node_t node,
		   const char *property, const char *fmt, va_list args)
{
	char buf[TEXT_MAX], path[PATH_MAX_], value[VALUE_MAX];
	struct text text = { buf, sizeof(buf), 0 }, value_text = { value, sizeof(value), 0 };
	struct fdt_prop prop;

	/* Where the value was written, which may be the template. */
	if (node != FDT_NONE && property != NULL && !fdt_has(run->tree, node, property) &&
	    config_has(run, node, property))
		node = config_base(run, node);
	add(&text, "%s: ", severity);
	if (node != FDT_NONE)
		add(&text, "%s: ", fdt_path(run->tree, node, path, sizeof(path)));
	value[0] = '\0';
	if (property != NULL) {
		if (node != FDT_NONE && fdt_get(run->tree, node, property, &prop))
			add_value(&value_text, &prop);
		add(&text, "%s%s: ", property, value);
	}
	add_va(&text, fmt, args);
	if (is_told(run, buf) && *count > 0)
		return;
	(*count)++;
	run->diag->report(run->diag, node, property, buf);
}

void config_error(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		  ...)
{
	va_list args;

	va_start(args, fmt);
	report(run, "error", &run->diag->errors, node, property, fmt, args);
	va_end(args);
}

void config_warning(struct config_run *run, fdt_node_t node, const char *property, const char *fmt,
		    ...)
{
	va_list args;

	va_start(args, fmt);
	report(run, "warning", &run->diag->warnings, node, property, fmt, args);
	va_end(args);
}

#define NEAREST_MAX 32 /* bytes of a name that are looked at */

/* Edits (insert, delete, replace, swap of neighbours) from @a to @b; both at most NEAREST_MAX long.
 */
static u32 edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	u8 rows[3][NEAREST_MAX + 1];
	u8 *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (u8)j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = (u8)i;
		for (size_t j = 1; j <= b_len; j++) {
			u32 best = last[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u);

			best = MIN(best, last[j] + 1u);
			best = MIN(best, row[j - 1] + 1u);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1u);
			row[j] = (u8)best;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

void nearest_init(struct nearest *nearest, const char *wanted)
{
	*nearest = (struct nearest){ .wanted = wanted };
	/* Below this: one edit and another for each three characters. Beyond, it would be a guess.
	 */
	nearest->distance = (u32)MIN(strlen(wanted), NEAREST_MAX) / 3 + 2;
}

void nearest_offer(struct nearest *nearest, const char *candidate)
{
	size_t a = strlen(nearest->wanted), b = strlen(candidate);
	u32 distance;

	if (a > NEAREST_MAX || b > NEAREST_MAX)
		return;
	distance = edit_distance(nearest->wanted, a, candidate, b);
	if (distance < nearest->distance) {
		nearest->distance = distance;
		nearest->best = candidate;
	}
}

const char *nearest_hint(const struct nearest *nearest, char *buf)
{
	buf[0] = '\0';
	if (nearest->best != NULL)
		(void)format(buf, NEAREST_HINT_MAX, "; did you mean '%s'?", nearest->best);
	return buf;
}
