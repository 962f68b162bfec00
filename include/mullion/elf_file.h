/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF files: headers and segments, of 32 and 64 bits, little-endian. Every number in a file is
 * foreign until it is checked. (System V ABI, "Object Files".) Pure.
 */
#ifndef MULLION_ELF_FILE_H
#define MULLION_ELF_FILE_H

#include <mullion/err.h>
#include <mullion/types.h>

/* e_machine. */
#define ELF_386    3
#define ELF_X86_64 62
#define ELF_ARM64  183

#define ELF_EXEC 2 /* e_type: linked to fixed addresses */
#define ELF_DYN  3 /* position-independent, or a shared object */

/* p_type, p_flags. */
#define ELF_PT_LOAD    1u
#define ELF_PT_DYNAMIC 2u
#define ELF_PT_INTERP  3u
#define ELF_PT_NOTE    4u
#define ELF_PF_X       BIT(0)
#define ELF_PF_W       BIT(1)

#define ELF_MAX_HEADERS 64 /* program headers; linkers make about ten */
#define ELF_MAX_PIECES  8  /* segments of a guest's program */

struct elf_file {
	const u8 *data;
	u64 size, headers, entry;
	u32 count, header_bytes;
	u16 type, machine;
	bool wide; /* 64 bits */
	bool little;
	bool current; /* version 1 */
};

struct elf_segment {
	u32 type, flags;
	u64 offset, vaddr, paddr, bytes, memory;
};

/* A guest's program in its memory: the bytes of its pieces, and zeroes. */
struct elf_load {
	u64 low, high; /* guest memory that it takes: [low, high) */
	u64 entry;     /* physical, of the first instruction */
	u32 num_pieces;
	struct elf_piece {
		u64 gpa, offset, bytes, memory; /* @bytes of the file; @memory with zeroes */
	} pieces[ELF_MAX_PIECES];
};

/** elf_open() - read the header of the @size bytes at @data. Returns ERR_FORMAT if it is no ELF
 * file, or shorter than a header. Any context. */
enum err __must_check elf_open(const void *data, size_t size, struct elf_file *file);
/** elf_has_segments() - Returns true if the table of segments has a sound form. Any context. */
bool elf_has_segments(const struct elf_file *file);
/** elf_is_inside() - Returns true if the table of segments lies in the file. Any context. */
bool elf_is_inside(const struct elf_file *file);
/** elf_segment() - Returns a segment of a file with a sound table, @index below its count. */
struct elf_segment elf_segment(const struct elf_file *file, u32 index);

/** elf_load() - where a guest's program goes, by the physical addresses of its segments, all below
 * @limit. @limit is at most 2^63. *@why: the reason of an error, as the end of "the kernel ...".
 * Returns ERR_UNSUPPORTED if it has too many segments. Returns ERR_INVALID if it contradicts
 * itself. Any context. */
enum err __must_check elf_load(const struct elf_file *file, u64 limit, struct elf_load *load,
			       const char **why);

#endif
