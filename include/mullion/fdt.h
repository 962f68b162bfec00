/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flattened device trees: a bounded reader and a writer. (Devicetree Specification v0.4,
 * chapter 5.)
 *
 * fdt_open() checks the whole blob once (header, structure block, names, nesting, strings); every
 * later call on that view stays inside it and cannot fail. No recursion, no allocation; the
 * nesting is at most FDT_MAX_DEPTH. Any context; a view is read-only and may be shared.
 */
#ifndef MULLION_FDT_H
#define MULLION_FDT_H

#include <mullion/err.h>
#include <mullion/types.h>

#define FDT_MAX_DEPTH 32
#define FDT_MAX_SIZE  MIB(2)
#define FDT_MAGIC     0xd00dfeed /* spelled as in libfdt, which tools and tests include too */

/* A node is the offset of its FDT_BEGIN_NODE token in the structure block. */
typedef u32 fdt_node_t;
#define FDT_NONE UINT32_MAX

struct fdt {
	const u8 *blob;
	u32 size; /* bytes, the header's totalsize */
	u32 structure, structure_size;
	u32 strings, strings_size;
	u32 reservations;
	const u32 *index; /* of fdt_index(), a word for each of the structure block; or NULL */
};

struct fdt_prop {
	const char *name;
	const u8 *data;
	u32 len;    /* bytes */
	u32 offset; /* of the FDT_PROP token in the structure block */
};

/** fdt_open() - check @blob (at most @size bytes readable) and make a view of it.
 * Returns ERR_FORMAT when it breaks the format, ERR_TOO_BIG above FDT_MAX_SIZE or FDT_MAX_DEPTH. */
enum err __must_check fdt_open(struct fdt *fdt, const void *blob, size_t size);

/** fdt_index_bytes() - return the bytes that fdt_index() needs: the structure block's size. */
size_t fdt_index_bytes(const struct fdt *fdt);
/** fdt_index() - build an index in @words, which has fdt_index_bytes(). The view keeps it in use.
 * Walks from node to node then take a bounded number of steps. */
void fdt_index(struct fdt *fdt, u32 *words);

/* Functions that return a node return FDT_NONE if there is none. */

/** fdt_root() - return the root node. */
fdt_node_t fdt_root(const struct fdt *fdt);
/** fdt_first_child() - return the first child of @node. */
fdt_node_t fdt_first_child(const struct fdt *fdt, fdt_node_t node);
/** fdt_next_sibling() - return the next child of @node's parent. */
fdt_node_t fdt_next_sibling(const struct fdt *fdt, fdt_node_t node);
/** fdt_parent() - return the parent of @node. */
fdt_node_t fdt_parent(const struct fdt *fdt, fdt_node_t node);
/** fdt_next() - return the next node in pre-order over the whole tree. @depth: updated; the root
 * has 0. */
fdt_node_t fdt_next(const struct fdt *fdt, fdt_node_t node, u32 *depth);
/** fdt_child() - return the child of @node with this name. A name without '@' also matches a node
 * with a unit address. */
fdt_node_t fdt_child(const struct fdt *fdt, fdt_node_t node, const char *name);
/** fdt_find() - return the node with this absolute path. Names match as for fdt_child(). */
fdt_node_t fdt_find(const struct fdt *fdt, const char *path);
/** fdt_find_phandle() - return the node with this phandle. */
fdt_node_t fdt_find_phandle(const struct fdt *fdt, u32 phandle);
/** fdt_find_compatible() - return the first node behind @after in pre-order that is compatible.
 * @after: FDT_NONE: search from the root. */
fdt_node_t fdt_find_compatible(const struct fdt *fdt, fdt_node_t after, const char *compatible);
/** fdt_name() - return the node's name with its unit address; "" for the root and for
 * FDT_NONE. */
const char *fdt_name(const struct fdt *fdt, fdt_node_t node);
/** fdt_path() - write the node's full path, always NUL-terminated, cut at @size. Returns @buf. */
char *fdt_path(const struct fdt *fdt, fdt_node_t node, char *buf, size_t size);

/** fdt_first_prop() - store the first property of @node. Returns false if it has none. */
bool fdt_first_prop(const struct fdt *fdt, fdt_node_t node, struct fdt_prop *prop);
/** fdt_next_prop() - replace @prop by the next property. Returns false if it was the last. */
bool fdt_next_prop(const struct fdt *fdt, struct fdt_prop *prop);
/** fdt_get() - store the property with this name. Returns false if @node does not have it. */
bool fdt_get(const struct fdt *fdt, fdt_node_t node, const char *name, struct fdt_prop *prop);
/** fdt_has() - return true if @node has the property. */
bool fdt_has(const struct fdt *fdt, fdt_node_t node, const char *name);
/* Typed reads: ERR_NOT_FOUND without the property, ERR_FORMAT when its size or text is not of the
 * type. (fdt_get_str: libfdt exports an fdt_get_string, and host programs link both.) */
/** fdt_get_u32() - read a value of one cell. */
enum err __must_check fdt_get_u32(const struct fdt *fdt, fdt_node_t node, const char *name,
				  u32 *out);
/** fdt_get_u64() - one value of one cell (32 bits) or two (64 bits). */
enum err __must_check fdt_get_u64(const struct fdt *fdt, fdt_node_t node, const char *name,
				  u64 *out);
/** fdt_get_cell() - cell @index of an array of cells; ERR_RANGE past its end. */
enum err __must_check fdt_get_cell(const struct fdt *fdt, fdt_node_t node, const char *name,
				   u32 index, u32 *out);
/** fdt_get_str() - read one string that ends in NUL. */
enum err __must_check fdt_get_str(const struct fdt *fdt, fdt_node_t node, const char *name,
				  const char **out);
/** fdt_get_str_at() - string @index of a string list; ERR_RANGE past its end. */
enum err __must_check fdt_get_str_at(const struct fdt *fdt, fdt_node_t node, const char *name,
				     u32 index, const char **out);
/** fdt_next_string() - return the string of a list at *@at, and move *@at behind it. *@at is 0 at
 * first. Returns NULL behind the last, or if the string does not end in the property. */
const char *fdt_next_string(const struct fdt_prop *prop, u32 *at);
/** fdt_is_compatible() - return true if the node's list has @compatible. */
bool fdt_is_compatible(const struct fdt *fdt, fdt_node_t node, const char *compatible);
/** fdt_is_enabled() - status absent, "okay" or "ok". */
bool fdt_is_enabled(const struct fdt *fdt, fdt_node_t node);
/** fdt_reg() - entry @index of reg, translated through every parent's ranges to a CPU address.
 * Returns ERR_NOT_FOUND, ERR_RANGE past the last entry, ERR_FORMAT, ERR_FAULT if a ranges maps
 * nothing there. */
enum err __must_check fdt_reg(const struct fdt *fdt, fdt_node_t node, u32 index, u64 *address,
			      u64 *size);
/** fdt_reg_local() - the same as it stands in the node, not translated (CPU nodes, bus-local
 * addresses). A size of no cells is 0. */
enum err __must_check fdt_reg_local(const struct fdt *fdt, fdt_node_t node, u32 index, u64 *address,
				    u64 *size);
/** fdt_reservation() - entry @index of the memory reservation block; false past the last. */
bool fdt_reservation(const struct fdt *fdt, u32 index, u64 *address, u64 *size);

#define fdt_for_each_child(fdt, node, child)                                   \
	for (fdt_node_t child = fdt_first_child(fdt, node); child != FDT_NONE; \
	     child = fdt_next_sibling(fdt, child))
#define fdt_for_each_prop(fdt, node, prop) \
	for (bool more_ = fdt_first_prop(fdt, node, prop); more_; more_ = fdt_next_prop(fdt, prop))

/* The writer keeps its first error (@err), so a caller checks once, at the end. */
#define FDT_WRITER_STRINGS 1024

struct fdt_writer {
	u8 *buf;
	size_t size; /* of buf, bytes */
	size_t used; /* structure bytes so far, header included */
	size_t prop; /* where the last property begins, 0: a node came after it */
	u32 depth;
	bool closed; /* a child has ended here: no property may follow */
	enum err err;
	void (*yield)(void); /* called after each node; NULL unless set after fdt_writer_init() */
	u32 strings_used, num_names;
	u16 names[FDT_WRITER_STRINGS / 16]; /* where each begins */
	char strings[FDT_WRITER_STRINGS];
};

/** fdt_writer_init() - begin a tree in @buf, which has @size bytes. */
void fdt_writer_init(struct fdt_writer *w, void *buf, size_t size);
/** fdt_begin() - begin a node; "" for the root. Its properties come before its children. */
void fdt_begin(struct fdt_writer *w, const char *name);
/** fdt_begin_at() - begin a node with a unit address. */
void fdt_begin_at(struct fdt_writer *w, const char *name, u64 unit_address);
/** fdt_end() - end the current node. */
void fdt_end(struct fdt_writer *w);
/** fdt_put() - add a property with @len bytes. */
void fdt_put(struct fdt_writer *w, const char *name, const void *data, u32 len);
/** fdt_put_empty() - add a property without a value. */
void fdt_put_empty(struct fdt_writer *w, const char *name);
/** fdt_put_u32() - add a property of one cell. */
void fdt_put_u32(struct fdt_writer *w, const char *name, u32 value);
/** fdt_put_u64() - add a property of two cells. */
void fdt_put_u64(struct fdt_writer *w, const char *name, u64 value);
/** fdt_put_cells() - add a property of @count cells. */
void fdt_put_cells(struct fdt_writer *w, const char *name, const u32 *cells, u32 count);
/** fdt_append_cells() - append cells to the last property, whose length must be whole cells. */
void fdt_append_cells(struct fdt_writer *w, const u32 *cells, u32 count);
/** fdt_put_string() - add a property with one string and its NUL. */
void fdt_put_string(struct fdt_writer *w, const char *name, const char *text);
/** fdt_put_strings() - add a list of @count strings, each with its NUL. */
void fdt_put_strings(struct fdt_writer *w, const char *name, const char *const *list, u32 count);
/** fdt_writer_finish() - close the tree and move the strings behind it.
 * Returns the first error of all calls: ERR_TOO_BIG, ERR_STATE for unbalanced nodes, ERR_INVALID
 * for a bad name. */
enum err __must_check fdt_writer_finish(struct fdt_writer *w, u32 *total);

#endif
