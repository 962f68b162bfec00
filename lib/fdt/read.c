/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees: opening and walking. (Devicetree Specification v0.4, chapter 5.)
 *
 * There is one tokeniser, and it checks bounds always; fdt_open() runs it over the whole blob and
 * refuses what does not fit, so that for the walks afterwards it never fails.
 */
#include "internal.h"
#include <mullion/string.h>

struct token {
	u32 tag;
	u32 next;         /* offset of the token behind, in the structure block */
	const char *name; /* of a node or property */
	const u8 *data;
	u32 len; /* of @data, bytes */
};

/* Offsets here are at most FDT_MAX_SIZE and multiples of 4; no sum can wrap. */
static bool read_token(const struct fdt *fdt, u32 offset, struct token *token)
{
	const u8 *p = fdt->blob + fdt->structure;
	u32 size = fdt->structure_size, end, name;

	if (offset > size || size - offset < FDT_TOKEN_SIZE)
		return false;
	token->tag = fdt_load32(p + offset);
	end = offset + FDT_TOKEN_SIZE;
	switch (token->tag) {
	case FDT_TOKEN_BEGIN_NODE:
		token->name = (const char *)p + end;
		/* Without its NUL it ends past @size, as the last line finds. */
		end += (u32)strnlen(token->name, size - end) + 1;
		break;
	case FDT_TOKEN_PROP:
		if (size - offset < FDT_PROP_HEADER)
			return false;
		end = offset + FDT_PROP_HEADER;
		token->len = fdt_load32(p + offset + 4);
		name = fdt_load32(p + offset + 8);
		if (token->len > size - end || name >= fdt->strings_size)
			return false;
		token->name = (const char *)fdt->blob + fdt->strings + name;
		token->data = p + end;
		end += token->len;
		break;
	case FDT_TOKEN_END_NODE:
	case FDT_TOKEN_NOP:
	case FDT_TOKEN_END: break;
	default: return false;
	}
	token->next = (u32)ALIGN_UP(end, FDT_TOKEN_SIZE);
	return token->next <= size;
}

/* The first token at or behind @offset that is no NOP. An unreadable one counts as the end. */
static u32 skip_nops(const struct fdt *fdt, u32 offset, struct token *token)
{
	for (;; offset = token->next) {
		if (!read_token(fdt, offset, token)) {
			token->tag = FDT_TOKEN_END;
			return offset;
		}
		if (token->tag != FDT_TOKEN_NOP)
			return offset;
	}
}

/* Names appear in messages and paths: printable ASCII, no '/', not empty. */
static bool is_node_name(const char *name)
{
	const char *p = name;

	for (; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '/')
			return false;
	return p != name;
}

static bool in_blob(u32 total, u32 header, u32 offset, u32 size)
{
	return offset >= header && offset <= total && size <= total - offset;
}

/* §5.2. The blocks may come in any order; all must lie inside totalsize. */
static enum err check_header(struct fdt *fdt, size_t size)
{
	const u8 *blob = fdt->blob;
	u32 version, header;

	if (size < FDT_HEADER_V16 || fdt_load32(blob + FDT_H_MAGIC) != FDT_MAGIC)
		return ERR_FORMAT;
	version = fdt_load32(blob + FDT_H_VERSION);
	header = version >= 17 ? FDT_HEADER_V17 : FDT_HEADER_V16;
	fdt->size = fdt_load32(blob + FDT_H_TOTALSIZE);
	if (version < 16 || fdt_load32(blob + FDT_H_LAST_COMP) > MIN(version, 17u) ||
	    fdt->size > size || fdt->size < header)
		return ERR_FORMAT;
	if (fdt->size > FDT_MAX_SIZE)
		return ERR_TOO_BIG;
	fdt->structure = fdt_load32(blob + FDT_H_STRUCT);
	fdt->strings = fdt_load32(blob + FDT_H_STRINGS);
	fdt->strings_size = fdt_load32(blob + FDT_H_STRINGS_SIZE);
	fdt->reservations = fdt_load32(blob + FDT_H_RESERVATIONS);
	if (!in_blob(fdt->size, header, fdt->structure, 0) ||
	    !in_blob(fdt->size, header, fdt->strings, fdt->strings_size) ||
	    !in_blob(fdt->size, header, fdt->reservations, 0))
		return ERR_FORMAT;
	/* Version 16 does not say how long the structure block is: its FDT_END does. */
	if (version >= 17)
		fdt->structure_size = fdt_load32(blob + FDT_H_STRUCT_SIZE);
	else
		fdt->structure_size = (u32)ALIGN_DOWN(fdt->size - fdt->structure, FDT_TOKEN_SIZE);
	if (!in_blob(fdt->size, header, fdt->structure, fdt->structure_size) ||
	    !IS_ALIGNED(fdt->structure | fdt->structure_size, FDT_TOKEN_SIZE) ||
	    !IS_ALIGNED(fdt->reservations, 8))
		return ERR_FORMAT;
	return OK;
}

/* The last string ends in NUL, so every offset in the block is the start of a terminated string. */
static bool check_strings(const struct fdt *fdt)
{
	const u8 *strings = fdt->blob + fdt->strings;

	if (fdt->strings_size == 0)
		return true;
	for (u32 i = 0; i < fdt->strings_size; i++)
		if (strings[i] != '\0' && (strings[i] <= ' ' || strings[i] > '~'))
			return false;
	return strings[fdt->strings_size - 1] == '\0';
}

/* §5.3: the reservation block ends with an entry of zeros. As everywhere, an empty range ends it.
 */
static bool check_reservations(const struct fdt *fdt)
{
	for (u32 at = fdt->reservations; fdt->size - at >= FDT_RESERVATION; at += FDT_RESERVATION)
		if (fdt_load64(fdt->blob + at + 8) == 0)
			return true;
	return false;
}

/* §5.4.2: one root with an empty name at the start; properties before children; balanced; FDT_END.
 */
static enum err check_structure(const struct fdt *fdt)
{
	bool closed = false; /* a child has ended in the node that we are in */
	u32 depth = 0, offset = 0;
	struct token token;

	if (!read_token(fdt, 0, &token) || token.tag != FDT_TOKEN_BEGIN_NODE ||
	    token.name[0] != '\0')
		return ERR_FORMAT;
	do {
		if (!read_token(fdt, offset, &token))
			return ERR_FORMAT;
		switch (token.tag) {
		case FDT_TOKEN_BEGIN_NODE:
			if (offset != 0 && !is_node_name(token.name))
				return ERR_FORMAT;
			if (depth == FDT_MAX_DEPTH)
				return ERR_TOO_BIG;
			depth++;
			closed = false;
			break;
		case FDT_TOKEN_END_NODE:
			depth--;
			closed = true;
			break;
		case FDT_TOKEN_PROP:
			if (closed || token.name[0] == '\0')
				return ERR_FORMAT;
			break;
		case FDT_TOKEN_END: return ERR_FORMAT;
		default: break;
		}
		offset = token.next;
	} while (depth > 0);
	return read_token(fdt, offset, &token) && token.tag == FDT_TOKEN_END ? OK : ERR_FORMAT;
}

enum err fdt_open(struct fdt *fdt, const void *blob, size_t size)
{
	enum err err;

	*fdt = (struct fdt){ .blob = blob };
	err = check_header(fdt, size);
	if (err != OK)
		return err;
	if (!check_strings(fdt) || !check_reservations(fdt))
		return ERR_FORMAT;
	return check_structure(fdt);
}

fdt_node_t fdt_root(const struct fdt *fdt)
{
	(void)fdt;
	return 0;
}

/* The next FDT_BEGIN_NODE behind @node; *depth follows, and ends below its start past the subtree.
 */
static fdt_node_t next_node(const struct fdt *fdt, fdt_node_t node, u32 *depth)
{
	struct token token;
	u32 offset = node;

	if (!read_token(fdt, node, &token) || token.tag != FDT_TOKEN_BEGIN_NODE)
		return FDT_NONE;
	for (;;) {
		offset = skip_nops(fdt, token.next, &token);
		switch (token.tag) {
		case FDT_TOKEN_BEGIN_NODE: (*depth)++; return offset;
		case FDT_TOKEN_END_NODE:
			if (*depth == 0)
				return FDT_NONE;
			(*depth)--;
			break;
		case FDT_TOKEN_PROP: break;
		default: return FDT_NONE;
		}
	}
}

fdt_node_t fdt_next(const struct fdt *fdt, fdt_node_t node, u32 *depth)
{
	return next_node(fdt, node, depth);
}

fdt_node_t fdt_first_child(const struct fdt *fdt, fdt_node_t node)
{
	u32 depth = 0;

	return next_node(fdt, node, &depth);
}

fdt_node_t fdt_next_sibling(const struct fdt *fdt, fdt_node_t node)
{
	/* One above @node, so that the parent's end shows as a depth below. */
	u32 depth = 1;

	do {
		node = next_node(fdt, node, &depth);
	} while (node != FDT_NONE && depth > 1);
	return depth == 1 ? node : FDT_NONE;
}

u32 fdt_ancestors(const struct fdt *fdt, fdt_node_t node, fdt_node_t stack[FDT_MAX_DEPTH])
{
	fdt_node_t at = fdt_root(fdt);
	u32 depth = 0;

	while (at != FDT_NONE && at <= node && depth < FDT_MAX_DEPTH) {
		stack[depth] = at;
		if (at == node)
			return depth + 1;
		at = fdt_next(fdt, at, &depth);
	}
	return 0;
}

fdt_node_t fdt_parent(const struct fdt *fdt, fdt_node_t node)
{
	fdt_node_t stack[FDT_MAX_DEPTH];
	u32 count = fdt_ancestors(fdt, node, stack);

	return count > 1 ? stack[count - 2] : FDT_NONE;
}

static fdt_node_t find_child(const struct fdt *fdt, fdt_node_t node, const char *name, size_t len)
{
	bool unit = memchr(name, '@', len) != NULL;

	fdt_for_each_child (fdt, node, child) {
		const char *have = fdt_name(fdt, child);

		if (strncmp(have, name, len) == 0 &&
		    (have[len] == '\0' || (have[len] == '@' && !unit)))
			return child;
	}
	return FDT_NONE;
}

fdt_node_t fdt_child(const struct fdt *fdt, fdt_node_t node, const char *name)
{
	return find_child(fdt, node, name, strlen(name));
}

fdt_node_t fdt_find(const struct fdt *fdt, const char *path)
{
	fdt_node_t node = fdt_root(fdt);

	if (*path != '/')
		return FDT_NONE;
	while (node != FDT_NONE) {
		size_t len = 0;

		while (*path == '/')
			path++;
		if (*path == '\0')
			break;
		while (path[len] != '\0' && path[len] != '/')
			len++;
		node = find_child(fdt, node, path, len);
		path += len;
	}
	return node;
}

const char *fdt_name(const struct fdt *fdt, fdt_node_t node)
{
	struct token token;

	if (!read_token(fdt, node, &token) || token.tag != FDT_TOKEN_BEGIN_NODE)
		return "";
	return token.name;
}

char *fdt_path(const struct fdt *fdt, fdt_node_t node, char *buf, size_t size)
{
	fdt_node_t stack[FDT_MAX_DEPTH];
	u32 count = fdt_ancestors(fdt, node, stack);

	(void)str_copy(buf, size, count == 1 ? "/" : "");
	for (u32 i = 1; i < count; i++) {
		(void)str_append(buf, size, "/");
		(void)str_append(buf, size, fdt_name(fdt, stack[i]));
	}
	return buf;
}

/* The property at or behind @offset; false when another token comes first. */
static bool prop_at(const struct fdt *fdt, u32 offset, struct fdt_prop *prop)
{
	struct token token;

	offset = skip_nops(fdt, offset, &token);
	if (token.tag != FDT_TOKEN_PROP)
		return false;
	*prop = (struct fdt_prop){
		.name = token.name, .data = token.data, .len = token.len, .offset = offset
	};
	return true;
}

bool fdt_first_prop(const struct fdt *fdt, fdt_node_t node, struct fdt_prop *prop)
{
	struct token token;

	if (!read_token(fdt, node, &token) || token.tag != FDT_TOKEN_BEGIN_NODE)
		return false;
	return prop_at(fdt, token.next, prop);
}

bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop)
{
	struct token token;

	if (!read_token(fdt, prop->offset, &token) || token.tag != FDT_TOKEN_PROP)
		return false;
	return prop_at(fdt, token.next, prop);
}

bool fdt_reservation(const struct fdt *fdt, u32 index, u64 *address, u64 *size)
{
	u32 at = fdt->reservations;

	for (; fdt->size - at >= FDT_RESERVATION; at += FDT_RESERVATION) {
		*address = fdt_load64(fdt->blob + at);
		*size = fdt_load64(fdt->blob + at + 8);
		if (*size == 0)
			return false;
		if (index-- == 0)
			return true;
	}
	return false;
}
