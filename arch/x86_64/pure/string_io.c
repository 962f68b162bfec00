/* SPDX-License-Identifier: Apache-2.0 */
/* Elements of INS and OUTS; see string_io.h. */
#include "arch/x86_64/pure/string_io.h"

#define CODE_MAX 15u

static u64 address_mask(const struct string_io *io)
{
	return io->address_bytes == 8 ? UINT64_MAX : MASK(8u * io->address_bytes - 1, 0);
}

/* The part of a register that an address of this size changes; 32 bits clear the upper half. */
static u64 merged(const struct string_io *io, u64 before, u64 value)
{
	if (io->address_bytes == 2)
		return (before & ~UINT64_C(0xffff)) | (value & 0xffff);
	return value & address_mask(io);
}

u8 string_io_segment(const u8 *code, u32 count)
{
	u8 segment = STRING_IO_DS;

	for (u32 i = 0; i < count && i < CODE_MAX; i++)
		switch (code[i]) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e: segment = (u8)(code[i] >> 3 & 3); break;
		case 0x64:
		case 0x65: segment = (u8)(code[i] - 0x60); break;
		case 0x66:
		case 0x67:
		case 0xf0:
		case 0xf2:
		case 0xf3: break;
		default: return segment;
		}
	return segment;
}

u64 string_io_left(const struct string_io *io, u64 rcx)
{
	return io->repeat ? rcx & address_mask(io) : 1;
}

static bool element_is_within(const struct string_io *io, u64 offset)
{
	u64 last = offset + io->width - 1;

	if (!io->expands_down)
		return last <= io->limit;
	return offset > io->limit && last <= (io->large ? UINT32_MAX : 0xffff);
}

static bool element_is_canonical(u64 linear)
{
	return linear >> 47 == 0 || linear >> 47 == 0x1ffff;
}

bool string_io_address(const struct string_io *io, u64 index, u64 *linear)
{
	u64 offset = index & address_mask(io);

	if (io->code64) {
		*linear = offset + (io->segment >= STRING_IO_FS ? io->base : 0);
		return element_is_canonical(*linear) &&
		       element_is_canonical(*linear + io->width - 1);
	}
	*linear = (io->base + offset) & UINT32_MAX;
	return element_is_within(io, offset);
}

void string_io_step(const struct string_io *io, bool down, u64 *index, u64 *rcx)
{
	*index = merged(io, *index, down ? *index - io->width : *index + io->width);
	if (io->repeat)
		*rcx = merged(io, *rcx, *rcx - 1);
}
