/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees: writing one from front to back. Property names gather inside the writer,
 * each once, and move behind the structure block at the end. The first error sticks.
 */
#include "internal.h"
#include <mullion/format.h>
#include <mullion/string.h>

/* The header, then a reservation block that holds its end alone, then the structure block. */
#define RESERVATIONS ALIGN_UP(FDT_HEADER_V17, 8)
#define STRUCTURE    (RESERVATIONS + FDT_RESERVATION)
#define NAME_MAX_                                                                      \
	64 /* of a node with its unit address; the specification's own names end at 31 \
	    */

static void fail(struct fdt_writer *w, enum err err)
{
	if (w->err == OK)
		w->err = err;
}

/* Room for @bytes more, padded to whole tokens; NULL once anything has failed. */
static u8 *reserve(struct fdt_writer *w, size_t bytes)
{
	size_t padded = ALIGN_UP(bytes, FDT_TOKEN_SIZE);
	u8 *p = w->buf + w->used;

	if (w->err != OK)
		return NULL;
	if (bytes > FDT_MAX_SIZE || padded > w->size - w->used) {
		fail(w, ERR_TOO_BIG);
		return NULL;
	}
	memset(p + bytes, 0, padded - bytes);
	w->used += padded;
	return p;
}

static void put_token(struct fdt_writer *w, u32 token)
{
	u8 *p = reserve(w, FDT_TOKEN_SIZE);

	if (p != NULL)
		fdt_store32(p, token);
}

/* §2.2.1 and §2.2.4: the characters of node and property names. */
static bool is_name(const char *name, const char *more)
{
	for (const char *p = name; *p != '\0'; p++)
		if (!((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		      (*p >= 'A' && *p <= 'Z') || strchr(",._+-", *p) != NULL ||
		      strchr(more, *p) != NULL))
			return false;
	return *name != '\0';
}

void fdt_writer_init(struct fdt_writer *w, void *buf, size_t size)
{
	size = MIN(size, (size_t)FDT_MAX_SIZE);
	*w = (struct fdt_writer){ .buf = buf, .size = size };
	if (w->size < STRUCTURE) {
		fail(w, ERR_TOO_BIG);
		return;
	}
	memset(w->buf, 0, STRUCTURE);
	w->used = STRUCTURE;
}

void fdt_begin(struct fdt_writer *w, const char *name)
{
	size_t bytes = strlen(name) + 1;
	u8 *p;

	/* One root, whose name is empty. */
	if (w->depth == 0 ? w->closed : w->depth == FDT_MAX_DEPTH)
		fail(w, w->depth == 0 ? ERR_STATE : ERR_TOO_BIG);
	if (w->depth == 0 ? *name != '\0' : !is_name(name, "@"))
		fail(w, ERR_INVALID);
	put_token(w, FDT_TOKEN_BEGIN_NODE);
	p = reserve(w, bytes);
	if (p == NULL)
		return;
	memcpy(p, name, bytes);
	w->prop = 0;
	w->depth++;
	w->closed = false;
}

void fdt_begin_at(struct fdt_writer *w, const char *name, u64 unit_address)
{
	char full[NAME_MAX_];

	if (format(full, sizeof(full), "%s@%lx", name, unit_address) >= sizeof(full))
		fail(w, ERR_INVALID);
	fdt_begin(w, full);
}

void fdt_end(struct fdt_writer *w)
{
	if (w->depth == 0)
		fail(w, ERR_STATE);
	put_token(w, FDT_TOKEN_END_NODE);
	if (w->err != OK)
		return;
	w->prop = 0;
	w->depth--;
	w->closed = true;
	if (w->yield != NULL)
		w->yield();
}

/* The offset of @name among the strings, where it is added if need be. */
static u32 intern(struct fdt_writer *w, const char *name)
{
	size_t bytes = strlen(name) + 1;
	u32 at = w->strings_used;

	for (u32 i = 0; i < w->num_names; i++)
		if (str_equal(w->strings + w->names[i], name))
			return w->names[i];
	if (bytes > sizeof(w->strings) - at || w->num_names == ARRAY_SIZE(w->names)) {
		fail(w, ERR_TOO_BIG);
		return 0;
	}
	w->names[w->num_names++] = (u16)at;
	memcpy(w->strings + at, name, bytes);
	w->strings_used += (u32)bytes;
	return at;
}

/* A property's head; the room for its @len bytes is given back. */
static u8 *begin_prop(struct fdt_writer *w, const char *name, u32 len)
{
	u8 *p;

	if (!is_name(name, "?#"))
		fail(w, ERR_INVALID);
	/* Properties come before the children of their node. */
	if (w->depth == 0 || w->closed)
		fail(w, ERR_STATE);
	p = reserve(w, FDT_PROP_HEADER);
	if (p == NULL)
		return NULL;
	w->prop = (size_t)(p - w->buf);
	fdt_store32(p, FDT_TOKEN_PROP);
	fdt_store32(p + 4, len);
	fdt_store32(p + 8, intern(w, name));
	return reserve(w, len);
}

void fdt_put(struct fdt_writer *w, const char *name, const void *data, u32 len)
{
	u8 *p = begin_prop(w, name, len);

	if (p != NULL && len > 0)
		memcpy(p, data, len);
}

void fdt_put_empty(struct fdt_writer *w, const char *name)
{
	fdt_put(w, name, NULL, 0);
}

void fdt_put_u32(struct fdt_writer *w, const char *name, u32 value)
{
	fdt_put_cells(w, name, &value, 1);
}

void fdt_put_u64(struct fdt_writer *w, const char *name, u64 value)
{
	const u32 cells[] = { (u32)(value >> 32), (u32)value };

	fdt_put_cells(w, name, cells, ARRAY_SIZE(cells));
}

static void store_cells(u8 *p, const u32 *cells, u32 count)
{
	for (u32 i = 0; p != NULL && i < count; i++)
		fdt_store32(p + (size_t)i * FDT_TOKEN_SIZE, cells[i]);
}

void fdt_put_cells(struct fdt_writer *w, const char *name, const u32 *cells, u32 count)
{
	if (count > FDT_MAX_SIZE / FDT_TOKEN_SIZE)
		fail(w, ERR_TOO_BIG);
	else
		store_cells(begin_prop(w, name, count * FDT_TOKEN_SIZE), cells, count);
}

void fdt_append_cells(struct fdt_writer *w, const u32 *cells, u32 count)
{
	u32 len = 0;
	u8 *p;

	if (w->prop == 0)
		fail(w, ERR_STATE);
	if (w->err == OK)
		len = fdt_load32(w->buf + w->prop + 4);
	if (len % FDT_TOKEN_SIZE != 0)
		fail(w, ERR_STATE);
	if (count > FDT_MAX_SIZE / FDT_TOKEN_SIZE)
		fail(w, ERR_TOO_BIG);
	p = reserve(w, (size_t)count * FDT_TOKEN_SIZE);
	if (p == NULL)
		return;
	fdt_store32(w->buf + w->prop + 4, len + count * FDT_TOKEN_SIZE);
	store_cells(p, cells, count);
}

void fdt_put_string(struct fdt_writer *w, const char *name, const char *text)
{
	fdt_put_strings(w, name, &text, 1);
}

void fdt_put_strings(struct fdt_writer *w, const char *name, const char *const *list, u32 count)
{
	size_t len = 0;
	u8 *p;

	for (u32 i = 0; i < count; i++)
		len += strlen(list[i]) + 1;
	if (len > FDT_MAX_SIZE) {
		fail(w, ERR_TOO_BIG);
		return;
	}
	p = begin_prop(w, name, (u32)len);
	for (u32 i = 0; p != NULL && i < count; i++) {
		size_t bytes = strlen(list[i]) + 1;

		memcpy(p, list[i], bytes);
		p += bytes;
	}
}

enum err fdt_writer_finish(struct fdt_writer *w, u32 *total)
{
	size_t structure_end;
	u8 *strings;

	if (w->depth != 0 || !w->closed)
		fail(w, ERR_STATE);
	put_token(w, FDT_TOKEN_END);
	structure_end = w->used;
	strings = reserve(w, w->strings_used);
	if (strings == NULL)
		return w->err;
	memcpy(strings, w->strings, w->strings_used);
	fdt_store32(w->buf + FDT_H_MAGIC, FDT_MAGIC);
	fdt_store32(w->buf + FDT_H_TOTALSIZE, (u32)w->used);
	fdt_store32(w->buf + FDT_H_STRUCT, (u32)STRUCTURE);
	fdt_store32(w->buf + FDT_H_STRINGS, (u32)structure_end);
	fdt_store32(w->buf + FDT_H_RESERVATIONS, (u32)RESERVATIONS);
	fdt_store32(w->buf + FDT_H_VERSION, 17);
	fdt_store32(w->buf + FDT_H_LAST_COMP, 16);
	fdt_store32(w->buf + FDT_H_STRINGS_SIZE, w->strings_used);
	fdt_store32(w->buf + FDT_H_STRUCT_SIZE, (u32)(structure_end - STRUCTURE));
	*total = (u32)w->used;
	return OK;
}
