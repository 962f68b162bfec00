/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees: opening and walking. (Devicetree Specification v0.4, chapter 5.)
 *
 * The only tokeniser always checks bounds. fdt_open() runs it over the whole blob and refuses a
 * blob that breaks them, so it never fails in later walks.
 *
 * The index has a word for each word of the structure block. A node has at least two words before
 * its contents (FDT_BEGIN_NODE, name). The index keeps its parent and its next sibling there, and
 * its first child in the first word of its first property. A node without properties has its first
 * child right behind its name.
 */
#include "internal.h"
#include <mullion/string.h>

struct token {
	u32 tag, next;    /* next: offset of the token behind, in the structure block */
	const char *name; /* of a node or property */
	const u8 *data;
	u32 len; /* of @data, bytes */
};

/* The offset behind a name that begins at @offset, by words where the blob is aligned; above @size
 * without a NUL. */
static u32 skip_name(const u8 *p, u32 offset, u32 size)
{
	if (!IS_ALIGNED((uintptr_t)p, FDT_TOKEN_SIZE))
		return offset + (u32)ALIGN_UP(strnlen((const char *)p + offset, size - offset) + 1,
					      FDT_TOKEN_SIZE);
	for (; offset < size; offset += FDT_TOKEN_SIZE) {
		u32 word = *(const fdt_cell_t *)(const void *)(p + offset);

		/* Only a zero byte sets its top bit here. */
		if (((word - 0x01010101u) & ~word & 0x80808080u) != 0)
			break;
	}
	return offset + FDT_TOKEN_SIZE;
}

/* Offsets here are at most FDT_MAX_SIZE and multiples of 4; no sum can wrap. */
static inline bool read_token(const struct fdt *fdt, u32 offset, struct token *token)
{
	const u8 *p = fdt->blob + fdt->structure;
	u32 size = fdt->structure_size, end, name;

	if (offset > size || size - offset < FDT_TOKEN_SIZE)
		return false;
	end = offset + FDT_TOKEN_SIZE;
	token->tag = fdt_load32(p + offset);
	token->len = 0;
	token->data = p;
	switch (token->tag) {
	case FDT_TOKEN_BEGIN_NODE:
		token->name = (const char *)p + end;
		/* Without its NUL it ends past @size, as the last line finds. */
		end = skip_name(p, end, size);
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

static inline bool is_node(const struct fdt *fdt, fdt_node_t node)
{
	return node < fdt->structure_size && IS_ALIGNED(node, FDT_TOKEN_SIZE) &&
	       fdt_load32(fdt->blob + fdt->structure + node) == FDT_TOKEN_BEGIN_NODE;
}

/* The offset behind a node's name; that of no token if it is no node. */
static inline u32 body_of(const struct fdt *fdt, fdt_node_t node)
{
	if (!is_node(fdt, node))
		return fdt->structure_size;
	return skip_name(fdt->blob + fdt->structure, node + FDT_TOKEN_SIZE, fdt->structure_size);
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
static enum err fdt_check_header(struct fdt *fdt, size_t size)
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
static enum err check_structure(struct fdt *fdt)
{
	bool closed = false; /* a child of the current node has ended */
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
	if (!read_token(fdt, offset, &token) || token.tag != FDT_TOKEN_END)
		return ERR_FORMAT;
	fdt->structure_size = token.next; /* no walk reads beyond it */
	return OK;
}

enum err fdt_open(struct fdt *fdt, const void *blob, size_t size)
{
	enum err err;

	*fdt = (struct fdt){ .blob = blob };
	err = fdt_check_header(fdt, size);
	if (err != OK)
		return err;
	if (!check_strings(fdt) || !check_reservations(fdt))
		return ERR_FORMAT;
	return check_structure(fdt);
}

size_t fdt_index_bytes(const struct fdt *fdt)
{
	return fdt->structure_size;
}

#define INDEX_PARENT  0u /* words of a node */
#define INDEX_SIBLING 1u

/* While the index is built: a node that is open. */
struct open_node {
	fdt_node_t node;
	u32 link; /* the word that names its next child; FDT_NONE: none does */
};

/* @node begins at @depth: it is its parent's next child. */
static void index_node(u32 *words, struct open_node *open, u32 depth, fdt_node_t node)
{
	u32 at = node / FDT_TOKEN_SIZE;

	words[at + INDEX_PARENT] = depth == 0 ? FDT_NONE : open[depth - 1].node;
	words[at + INDEX_SIBLING] = FDT_NONE;
	if (depth > 0) {
		if (open[depth - 1].link != FDT_NONE)
			words[open[depth - 1].link] = node;
		open[depth - 1].link = at + INDEX_SIBLING;
	}
	open[depth].node = node;
	open[depth].link = FDT_NONE;
}

void fdt_index(struct fdt *fdt, u32 *words)
{
	const u8 *p = fdt->blob + fdt->structure;
	struct open_node open[FDT_MAX_DEPTH] = { 0 };
	u32 depth = 0, offset = 0;
	bool first = false; /* nothing of the innermost node was seen yet */

	while (offset < fdt->structure_size) {
		u32 tag = fdt_load32(p + offset), at = offset / FDT_TOKEN_SIZE;

		if (tag == FDT_TOKEN_BEGIN_NODE) {
			index_node(words, open, depth++, offset);
			offset = skip_name(p, offset + FDT_TOKEN_SIZE, fdt->structure_size);
			first = true;
			continue;
		}
		offset += FDT_TOKEN_SIZE;
		if (tag == FDT_TOKEN_END_NODE) {
			depth--;
		} else if (tag == FDT_TOKEN_PROP) {
			if (first) {
				words[at] = FDT_NONE;
				open[depth - 1].link = at;
			}
			offset += FDT_PROP_HEADER - FDT_TOKEN_SIZE +
				  (u32)ALIGN_UP(fdt_load32(p + offset), FDT_TOKEN_SIZE);
		}
		first = first && tag == FDT_TOKEN_NOP;
	}
	fdt->index = words;
}

/* A node's words; NULL when it is none. */
static const u32 *index_of(const struct fdt *fdt, fdt_node_t node)
{
	return is_node(fdt, node) ? fdt->index + node / FDT_TOKEN_SIZE : NULL;
}

fdt_node_t fdt_root(const struct fdt *fdt)
{
	(void)fdt;
	return 0;
}

/* The next FDT_BEGIN_NODE behind @node; *depth follows, and ends below its start past the subtree.
 */
static fdt_node_t walk_on(const struct fdt *fdt, fdt_node_t node, u32 *depth)
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

fdt_node_t fdt_first_child(const struct fdt *fdt, fdt_node_t node)
{
	const u8 *p = fdt->blob + fdt->structure;
	u32 depth = 0, body = body_of(fdt, node);

	if (fdt->index == NULL)
		return walk_on(fdt, node, &depth);
	for (; body < fdt->structure_size; body += FDT_TOKEN_SIZE)
		switch (fdt_load32(p + body)) {
		case FDT_TOKEN_BEGIN_NODE: return body;
		case FDT_TOKEN_PROP: return fdt->index[body / FDT_TOKEN_SIZE];
		case FDT_TOKEN_NOP: break;
		default: return FDT_NONE;
		}
	return FDT_NONE;
}

fdt_node_t fdt_next_sibling(const struct fdt *fdt, fdt_node_t node)
{
	/* One above @node, so that the parent's end shows as a depth below. */
	const u32 *words;
	u32 depth = 1;

	if (fdt->index != NULL) {
		words = index_of(fdt, node);
		return words == NULL ? FDT_NONE : words[INDEX_SIBLING];
	}
	do {
		node = walk_on(fdt, node, &depth);
	} while (node != FDT_NONE && depth > 1);
	return depth == 1 ? node : FDT_NONE;
}

fdt_node_t fdt_next(const struct fdt *fdt, fdt_node_t node, u32 *depth)
{
	fdt_node_t next;
	const u32 *words;

	if (fdt->index == NULL)
		return walk_on(fdt, node, depth);
	next = fdt_first_child(fdt, node);
	if (next != FDT_NONE) {
		(*depth)++;
		return next;
	}
	for (words = index_of(fdt, node); words != NULL && *depth != 0;
	     words = index_of(fdt, words[INDEX_PARENT])) {
		if (words[INDEX_SIBLING] != FDT_NONE)
			return words[INDEX_SIBLING];
		(*depth)--;
	}
	return FDT_NONE;
}

/* fdt_ancestors() by the index: up from @node, then turned over. */
static u32 climb(const struct fdt *fdt, fdt_node_t node, fdt_node_t stack[FDT_MAX_DEPTH])
{
	const u32 *words;
	u32 count = 0;

	for (words = index_of(fdt, node); words != NULL && count < FDT_MAX_DEPTH;
	     words = index_of(fdt, node)) {
		stack[count++] = node;
		node = words[INDEX_PARENT];
	}
	for (u32 i = 0; i < count / 2; i++) {
		fdt_node_t other = stack[i];

		stack[i] = stack[count - 1 - i];
		stack[count - 1 - i] = other;
	}
	return count;
}

u32 fdt_ancestors(const struct fdt *fdt, fdt_node_t node, fdt_node_t stack[FDT_MAX_DEPTH])
{
	fdt_node_t at = fdt_root(fdt);
	u32 depth = 0;

	if (fdt->index != NULL)
		return climb(fdt, node, stack);
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
	const u32 *words;
	u32 count;

	if (fdt->index != NULL) {
		words = index_of(fdt, node);
		return words == NULL ? FDT_NONE : words[INDEX_PARENT];
	}
	count = fdt_ancestors(fdt, node, stack);
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
	if (!is_node(fdt, node))
		return "";
	return (const char *)fdt->blob + fdt->structure + node + FDT_TOKEN_SIZE;
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
static inline bool prop_at(const struct fdt *fdt, u32 offset, struct fdt_prop *prop)
{
	const u8 *p = fdt->blob + fdt->structure;
	u32 size = fdt->structure_size, tag = FDT_TOKEN_NOP, name;

	for (; tag == FDT_TOKEN_NOP; offset += FDT_TOKEN_SIZE) {
		if (offset >= size)
			return false;
		tag = fdt_load32(p + offset);
	}
	offset -= FDT_TOKEN_SIZE;
	if (tag != FDT_TOKEN_PROP || size - offset < FDT_PROP_HEADER)
		return false;
	prop->offset = offset;
	prop->len = fdt_load32(p + offset + 4);
	prop->data = p + offset + FDT_PROP_HEADER;
	name = fdt_load32(p + offset + 8);
	prop->name = (const char *)fdt->blob + fdt->strings + name;
	return prop->len <= size - offset - FDT_PROP_HEADER && name < fdt->strings_size;
}

static inline u32 behind(const struct fdt_prop *prop)
{
	return prop->offset + FDT_PROP_HEADER + (u32)ALIGN_UP(prop->len, FDT_TOKEN_SIZE);
}

bool fdt_first_prop(const struct fdt *fdt, fdt_node_t node, struct fdt_prop *prop)
{
	return prop_at(fdt, body_of(fdt, node), prop);
}

bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop)
{
	return prop_at(fdt, behind(prop), prop);
}

bool fdt_get(const struct fdt *fdt, fdt_node_t node, const char *name, struct fdt_prop *prop)
{
	struct fdt_prop at;

	for (bool more = prop_at(fdt, body_of(fdt, node), &at); more;
	     more = prop_at(fdt, behind(&at), &at))
		if (str_equal(at.name, name)) {
			*prop = at;
			return true;
		}
	return false;
}

fdt_node_t fdt_find_cell(const struct fdt *fdt, fdt_node_t after, u32 value)
{
	fdt_node_t node = FDT_NONE;
	u32 offset = after == FDT_NONE ? 0 : after;
	struct token token;

	for (; read_token(fdt, offset, &token) && token.tag != FDT_TOKEN_END; offset = token.next) {
		if (token.tag == FDT_TOKEN_BEGIN_NODE)
			node = offset;
		else if (token.tag == FDT_TOKEN_PROP && token.len == FDT_TOKEN_SIZE &&
			 fdt_load32(token.data) == value && node != after)
			return node;
	}
	return FDT_NONE;
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
