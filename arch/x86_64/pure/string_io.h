/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS, one element at a time: its address, and the registers behind it. The guest executes
 * the instruction again for the next element, so interrupts come between two.
 *
 * Source: SDM vol. 2, INS and OUTS; SDM vol. 1, 3.3.7 and 7.3.9.
 */
#ifndef X86_64_PURE_STRING_IO_H
#define X86_64_PURE_STRING_IO_H

#include <mullion/types.h>

struct string_io {
	bool in, repeat, code64;
	u8 width;         /* bytes of an element: 1, 2 or 4 */
	u8 address_bytes; /* 2, 4 or 8 */
	u8 segment;       /* STRING_IO_ES and following */
	/* Of that segment; not used by 64-bit code, but for the bases of FS and GS. */
	u64 base;
	u32 limit;
	bool expands_down, large; /* the upper bound of one that expands down is 4 GiB */
};

#define STRING_IO_ES 0u
#define STRING_IO_SS 2u
#define STRING_IO_DS 3u
#define STRING_IO_FS 4u

/** string_io_segment() - of an OUTS whose bytes are @code: the last override, or DS. */
u8 string_io_segment(const u8 *code, u32 count);
/** string_io_left() - elements that are left to do, by @rcx. */
u64 string_io_left(const struct string_io *io, u64 rcx);
/** string_io_address() - linear address of the element at index register @index. Returns false if
 * it is beyond the segment's limit or not canonical. */
bool __must_check string_io_address(const struct string_io *io, u64 index, u64 *linear);
/** string_io_step() - RSI or RDI, and RCX, behind one element. @down: EFLAGS.DF. */
void string_io_step(const struct string_io *io, bool down, u64 *index, u64 *rcx);

#endif
