/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers of the format and its byte order, for the files of lib/fdt. */
#ifndef LIB_FDT_INTERNAL_H
#define LIB_FDT_INTERNAL_H

#include <mullion/fdt.h>

/* Devicetree Specification v0.4 §5.4.1. */
#define FDT_TOKEN_BEGIN_NODE 1u
#define FDT_TOKEN_END_NODE   2u
#define FDT_TOKEN_PROP       3u
#define FDT_TOKEN_NOP        4u
#define FDT_TOKEN_END        9u
#define FDT_TOKEN_SIZE       4u
#define FDT_PROP_HEADER      12u /* token, length, name's offset */

/* §5.2: offsets of the header's fields. */
#define FDT_H_MAGIC        0u
#define FDT_H_TOTALSIZE    4u
#define FDT_H_STRUCT       8u
#define FDT_H_STRINGS      12u
#define FDT_H_RESERVATIONS 16u
#define FDT_H_VERSION      20u
#define FDT_H_LAST_COMP    24u
#define FDT_H_STRINGS_SIZE 32u
#define FDT_H_STRUCT_SIZE  36u
#define FDT_HEADER_V16     36u
#define FDT_HEADER_V17     40u
#define FDT_RESERVATION    16u /* bytes of an entry, §5.3 */

/* A cell that may alias any object. */
typedef u32 __attribute__((may_alias)) fdt_cell_t;

/* fdt_load32() - read a cell, big-endian, at any alignment. No access is misaligned, because the
 * core may run with the MMU off. */
static inline u32 fdt_load32(const u8 *p)
{
	if (IS_ALIGNED((uintptr_t)p, sizeof(fdt_cell_t)))
		return __builtin_bswap32(*(const fdt_cell_t *)(const void *)p);
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

/* fdt_load64() - read two cells, big-endian, at any alignment. */
static inline u64 fdt_load64(const u8 *p)
{
	return (u64)fdt_load32(p) << 32 | fdt_load32(p + 4);
}

/* fdt_store32() - write a cell, big-endian, at any alignment. */
static inline void fdt_store32(u8 *p, u32 value)
{
	p[0] = (u8)(value >> 24);
	p[1] = (u8)(value >> 16);
	p[2] = (u8)(value >> 8);
	p[3] = (u8)value;
}

/* fdt_find_cell() - return the next node behind @after that has a property of one cell with @value.
 * @after: FDT_NONE: search from the root. Returns FDT_NONE if there is none. */
fdt_node_t fdt_find_cell(const struct fdt *fdt, fdt_node_t after, u32 value);

/* fdt_ancestors() - store the nodes from the root (stack[0]) to @node. Returns their number; 0 if
 * @node is no node. */
u32 fdt_ancestors(const struct fdt *fdt, fdt_node_t node, fdt_node_t stack[FDT_MAX_DEPTH]);

#endif
