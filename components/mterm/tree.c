/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled description as text (Devicetree Specification v0.4, chapter 5). It is read and
 * printed in pieces, so that it may be larger than this component. The core has checked it; still
 * every step goes forward and stays within the size.
 */
#include "components/mterm/output.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#include <mullion/fdt.h>
#include <mullion/format.h>
#include <mullion/string.h>

#define PIECE     512u
#define PATH_MAX  256u
#define NAME_MAX  64u /* of a node or property, bytes with NUL: more is cut */
#define BEGIN     1u
#define END       2u
#define PROP      3u
#define NOP       4u
#define HEADER    40u
#define INDENT(n) ((int)(n)*8), ""

/* Two places are read in turns: structure and strings. */
enum place { STRUCTURE, STRINGS, PLACES };

struct reader {
	u64 size; /* of the whole tree, bytes */
	s64 error;
	u32 structure, structure_end, strings;
	struct {
		u64 at;
		u32 count;
		u8 bytes[PIECE];
	} pieces[PLACES];
};

struct printer {
	bool json;
	bool in_properties; /* JSON: of the node that is open */
	char wanted[PATH_MAX], path[PATH_MAX];
	u32 depth, base; /* of the node that is open; of the first one printed */
	u16 lengths[FDT_MAX_DEPTH + 1];
	u32 printed; /* nodes */
};

/* One byte; 0 behind the end or when the core gives none. */
static u8 byte_at(struct reader *r, enum place place, u64 at)
{
	s64 n;
	u64 size = 0;

	if (at - r->pieces[place].at < r->pieces[place].count)
		return r->pieces[place].bytes[at - r->pieces[place].at];
	n = port_ctl(MANAGE_TREE, 0, r->pieces[place].bytes, PIECE, at, &size);
	r->pieces[place].at = at;
	r->pieces[place].count = n > 0 ? (u32)MIN(n, (s64)PIECE) : 0;
	if (n < 0)
		r->error = n;
	else
		r->size = size;
	return n > 0 ? r->pieces[place].bytes[0] : 0;
}

static u32 word_at(struct reader *r, u64 at)
{
	u32 word = 0;

	for (u32 i = 0; i < 4; i++)
		word = word << 8 | byte_at(r, STRUCTURE, at + i);
	return word;
}

static bool open_tree(struct reader *r)
{
	u32 magic = word_at(r, 0);

	r->structure = word_at(r, 8);
	r->strings = word_at(r, 12);
	r->structure_end = r->structure + word_at(r, 36);
	return r->error == 0 && magic == FDT_MAGIC && r->structure >= HEADER &&
	       r->size <= FDT_MAX_SIZE && r->structure_end >= r->structure &&
	       r->structure_end <= r->size;
}

/* A string that ends in NUL. Returns its length without them, as it stands in the tree. */
static u32 read_name(struct reader *r, enum place place, u64 at, char name[NAME_MAX])
{
	u32 n = 0;

	for (; at + n < r->size; n++) {
		u8 c = byte_at(r, place, at + n);

		if (c == 0)
			break;
		if (n < NAME_MAX - 1)
			name[n] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	name[MIN(n, NAME_MAX - 1)] = '\0';
	return n;
}

/* --- Properties ------------------------------------------------------------------------------- */

static bool is_strings(struct reader *r, u32 at, u32 len)
{
	u8 last = 0;

	for (u32 i = 0; i < len; i++) {
		u8 c = byte_at(r, STRUCTURE, at + i);

		if ((c == 0 && last == 0) || (c != 0 && (c < ' ' || c > '~')))
			return false;
		last = c;
	}
	return last == 0;
}

static void put_strings(struct reader *r, const struct printer *p, u32 at, u32 len)
{
	bool inside = false;

	if (p->json)
		json_open('[');
	for (u32 i = 0; i < len && !out_stopped(); i++) {
		char c = (char)byte_at(r, STRUCTURE, at + i);

		if (!inside && p->json)
			json_string_begin();
		else if (!inside)
			out_text(i == 0 ? "\"" : ", \"");
		inside = c != '\0';
		if (!inside && p->json)
			json_string_end();
		else if (!inside)
			out_char('"');
		else if (p->json)
			json_string_more(&c, 1);
		else
			out_format(c == '"' || c == '\\' ? "\\%c" : "%c", c);
	}
	if (p->json)
		json_close(']');
}

static void put_cells(struct reader *r, const struct printer *p, u32 at, u32 len)
{
	if (p->json)
		json_open('[');
	else
		out_char('<');
	for (u32 i = 0; i < len && !out_stopped(); i += 4) {
		u32 cell = word_at(r, (u64)at + i);

		if (p->json)
			json_number(cell);
		else
			out_format("%s0x%x", i == 0 ? "" : " ", (unsigned int)cell);
	}
	if (p->json)
		json_close(']');
	else
		out_char('>');
}

static void put_bytes(struct reader *r, const struct printer *p, u32 at, u32 len)
{
	char digits[4];

	if (p->json) {
		json_open('{');
		json_key("bytes");
		json_string_begin();
	} else {
		out_char('[');
	}
	for (u32 i = 0; i < len && !out_stopped(); i++) {
		unsigned int c = byte_at(r, STRUCTURE, at + i);
		size_t n = format(digits, sizeof(digits), p->json || i == 0 ? "%02x" : " %02x", c);

		if (p->json)
			json_string_more(digits, n);
		else
			out_text(digits);
	}
	if (p->json) {
		json_string_end();
		json_close('}');
	} else {
		out_char(']');
	}
}

static void put_property(struct reader *r, const struct printer *p, u32 at, u32 len, u32 name_at)
{
	char name[NAME_MAX];

	(void)read_name(r, STRINGS, (u64)r->strings + name_at, name);
	if (p->json)
		json_key(name);
	else
		out_format("%*s%s%s", INDENT(p->depth - p->base), name, len == 0 ? "" : " = ");
	if (len == 0 && p->json)
		json_bool(true);
	else if (len != 0 && is_strings(r, at, len))
		put_strings(r, p, at, len);
	else if (len != 0 && len % 4 == 0)
		put_cells(r, p, at, len);
	else if (len != 0)
		put_bytes(r, p, at, len);
	if (!p->json)
		out_text(";\n");
}

/* --- Nodes ------------------------------------------------------------------------------------ */

/* Is the node that is open the wanted one, or below it? */
static bool is_printed(const struct printer *p)
{
	size_t n = strlen(p->wanted);

	return strncmp(p->path, p->wanted, n) == 0 && (p->path[n] == '\0' || p->path[n] == '/');
}

static void end_properties(struct printer *p)
{
	if (!p->json || !p->in_properties)
		return;
	p->in_properties = false;
	json_close('}');
	json_key("nodes");
	json_open('[');
}

static void begin_node(struct printer *p, const char *name)
{
	p->lengths[p->depth++] = (u16)strlen(p->path);
	if (p->depth > 1) {
		(void)str_append(p->path, sizeof(p->path), "/");
		(void)str_append(p->path, sizeof(p->path), name);
	}
	if (!is_printed(p))
		return;
	if (p->printed++ == 0)
		p->base = p->depth - 1;
	if (!p->json) {
		out_format("%*s%s {\n", INDENT(p->depth - p->base - 1), p->depth == 1 ? "/" : name);
		return;
	}
	end_properties(p);
	json_open('{');
	json_key("name");
	json_text(name);
	json_key("properties");
	json_open('{');
	p->in_properties = true;
}

static void end_node(struct printer *p)
{
	if (is_printed(p)) {
		end_properties(p);
		if (p->json) {
			json_close(']');
			json_close('}');
		} else {
			out_format("%*s};\n", INDENT(p->depth - p->base - 1));
		}
	}
	p->path[p->lengths[--p->depth]] = '\0';
}

/* Returns false when the tree is not as it should be. */
static bool print_tree(struct reader *r, struct printer *p)
{
	char name[NAME_MAX];
	u32 at = r->structure, len;

	while (at < r->structure_end && !out_stopped()) {
		u32 token = word_at(r, at);

		at += 4;
		switch (token) {
		case NOP: break;
		case BEGIN:
			if (p->depth == FDT_MAX_DEPTH)
				return false;
			at += (u32)ALIGN_UP(read_name(r, STRUCTURE, at, name) + 1, 4);
			begin_node(p, name);
			break;
		case END:
			if (p->depth == 0)
				return false;
			end_node(p);
			if (p->depth == 0)
				return true;
			break;
		case PROP:
			len = word_at(r, at);
			if (p->depth == 0 || len > r->structure_end - at)
				return false;
			if (is_printed(p))
				put_property(r, p, at + 8, len, word_at(r, (u64)at + 4));
			at += 8 + (u32)ALIGN_UP(len, 4);
			break;
		default: return false;
		}
	}
	return out_stopped();
}

static struct reader reader;

/* The path of the node that begins at @node of the structure. */
static void find_path(struct reader *r, u32 node, char *path, size_t size)
{
	u32 lengths[FDT_MAX_DEPTH], depth = 0, at = r->structure, token;
	char name[NAME_MAX];

	for (path[0] = '\0'; at < r->structure_end; at += 4) {
		bool found = at == r->structure + node;

		token = word_at(r, at);
		if (token == BEGIN && depth < FDT_MAX_DEPTH) {
			lengths[depth++] = (u32)strlen(path);
			at += (u32)ALIGN_UP(read_name(r, STRUCTURE, (u64)at + 4, name) + 1, 4);
			if (depth > 1 &&
			    (!str_append(path, size, "/") || !str_append(path, size, name)))
				found = false;
		} else if (token == PROP) {
			at += 8 + (u32)ALIGN_UP(word_at(r, (u64)at + 4), 4);
		} else if (token == END && depth > 0) {
			path[lengths[--depth]] = '\0';
		} else if (token != NOP) {
			break;
		}
		if (found && token == BEGIN)
			return;
	}
	path[0] = '\0';
}

void tree_path(u32 node, char *path, size_t size)
{
	memset(&reader, 0, sizeof(reader));
	path[0] = '\0';
	if (open_tree(&reader))
		find_path(&reader, node, path, size);
	if (path[0] == '\0')
		(void)str_copy(path, size, "-");
}

void run_tree(struct term *t, const struct call *call)
{
	const char *path = call->num_arguments == 1 ? call->arguments[0] : "/";
	struct printer p = { .json = (call->options & OPTION_JSON) != 0 };
	size_t n;

	(void)t;
	memset(&reader, 0, sizeof(reader));
	if (*path != '/' || !str_copy(p.wanted, sizeof(p.wanted), path)) {
		report_error(call, "a node's path begins with '/', for instance /guests");
		return;
	}
	for (n = strlen(p.wanted); n > 0 && p.wanted[n - 1] == '/'; n--)
		p.wanted[n - 1] = '\0';
	if (!open_tree(&reader)) {
		if (reader.error < 0)
			report_refused(call, reader.error);
		else
			report_error(call, "the core's description has no form that can be read");
		return;
	}
	json_begin();
	if (!print_tree(&reader, &p))
		report_error(call, "the description ends too early, or is not well-formed");
	else if (p.printed == 0 && !out_stopped())
		report_error(call, "there is no node '%.100s'; 'tree' shows all", path);
	else if (p.json)
		json_end();
}
