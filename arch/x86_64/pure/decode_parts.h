/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of an instruction: prefixes, opcode, ModRM with SIB and displacement, immediates. One
 * library for the core's decoder and the vmm's executor. Inline, so that each compiles the fields
 * that it uses. Pure.
 *
 * Source: SDM vol. 2, chapter 2.
 */
#ifndef X86_PURE_DECODE_PARTS_H
#define X86_PURE_DECODE_PARTS_H

#include "arch/x86_64/pure/decode.h"

#define X86_REX_B 1u
#define X86_REX_X 2u
#define X86_REX_R 4u
#define X86_REX_W 8u

#define X86_NO_REGISTER 16u
#define X86_BASE_RIP    17u /* the next instruction */
#define X86_RSP         4u
#define X86_RBP         5u

enum x86_segment { X86_ES, X86_CS, X86_SS, X86_DS, X86_FS, X86_GS, X86_SEGMENTS };

/* One instruction under way. Each byte is fetched by x86_next_byte(), which bounds them all. */
struct x86_decoder {
	const u8 *bytes;
	u32 count, at;
	u8 code_bytes; /* 8: 64-bit code; 4: 32-bit; 2: 16-bit */
	u8 rex;
	u8 segment;                              /* of the last override; X86_SEGMENTS: none */
	u8 repeat;                               /* F2 or F3, the last; 0: none */
	bool other_operand, other_address, lock; /* prefixes 66, 67, F0 */
	bool refused;                            /* the instruction is too long */
};

/* ModRM and all that belongs to it. */
struct x86_modrm {
	bool memory; /* it names memory, */
	u8 reg;      /* and this register, or extends the opcode */
	u8 base, index, scale;
	u64 displacement;
};

/** x86_next_byte() - Returns the next byte, or 0 behind the last: @d is refused then. */
static inline u8 x86_next_byte(struct x86_decoder *d)
{
	if (d->at >= d->count || d->at >= X86_INSN_MAX) {
		d->refused = true;
		return 0;
	}
	return d->bytes[d->at++];
}

/** x86_next_number() - Returns the next @bytes as a number, 0 to 8. */
static inline u64 x86_next_number(struct x86_decoder *d, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes; i++)
		value |= (u64)x86_next_byte(d) << (8 * i);
	return value;
}

/* The same, with its sign. */
static inline u64 x86_next_signed(struct x86_decoder *d, u32 bytes)
{
	u32 unused = 64 - 8 * bytes;

	return bytes == 0 ? 0 : (u64)((s64)(x86_next_number(d, bytes) << unused) >> unused);
}

/* Returns the first byte behind the prefixes. A REX prefix counts directly before the opcode. */
static inline u8 x86_next_opcode(struct x86_decoder *d)
{
	for (;;) {
		u8 byte = x86_next_byte(d);

		if (d->code_bytes == 8 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
			continue;
		}
		switch (byte) {
		case 0x66: d->other_operand = true; break;
		case 0x67: d->other_address = true; break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e: d->segment = byte >> 3 & 3; break;
		case 0x64:
		case 0x65: d->segment = byte - 0x60; break;
		case 0xf2:
		case 0xf3: d->repeat = byte; break;
		case 0xf0: d->lock = true; break;
		default: return byte;
		}
		d->rex = 0;
	}
}

/** x86_operand_bytes() - Returns the size of operands that are no bytes: 2, 4 or 8. */
static inline u8 x86_operand_bytes(const struct x86_decoder *d)
{
	if ((d->rex & X86_REX_W) != 0)
		return 8;
	return (d->code_bytes == 2) != d->other_operand ? 2 : 4;
}

/** x86_address_bytes() - Returns the size of addresses: 2, 4 or 8. */
static inline u8 x86_address_bytes(const struct x86_decoder *d)
{
	if (d->code_bytes == 8)
		return d->other_address ? 4 : 8;
	return (d->code_bytes == 2) != d->other_address ? 2 : 4;
}

/* Addresses of 16 bits: BX or BP, and SI or DI. */
static inline void x86_short_address(struct x86_decoder *d, u8 modrm, struct x86_modrm *m)
{
	static const u8 bases[8] = { 3, 3, 5, 5, 6, 7, 5, 3 };
	u32 mod = modrm >> 6, rm = modrm & 7;
	u32 bytes = mod == 1 ? 1 : mod == 2 || (mod == 0 && rm == 6) ? 2 : 0;

	m->base = mod == 0 && rm == 6 ? X86_NO_REGISTER : bases[rm];
	m->index = rm < 4 ? (u8)(6 + (rm & 1)) : X86_NO_REGISTER;
	m->displacement = x86_next_signed(d, bytes);
}

/** x86_long_address() - decode what follows @modrm, for addresses of 32 or 64 bits. */
static inline void x86_long_address(struct x86_decoder *d, u8 modrm, struct x86_modrm *m)
{
	u32 mod = modrm >> 6, rm = modrm & 7;
	bool no_base;

	if (rm == 4) {
		u8 sib = x86_next_byte(d);
		u8 index = (sib >> 3 & 7) | ((d->rex & X86_REX_X) != 0 ? 8 : 0);

		rm = sib & 7;
		m->scale = sib >> 6;
		m->index = index == X86_RSP ? X86_NO_REGISTER : index;
		no_base = mod == 0 && rm == 5;
		m->base = X86_NO_REGISTER;
	} else {
		no_base = mod == 0 && rm == 5;
		m->base = d->code_bytes == 8 ? X86_BASE_RIP : X86_NO_REGISTER;
	}
	if (!no_base)
		m->base = (u8)(rm | ((d->rex & X86_REX_B) != 0 ? 8 : 0));
	m->displacement = x86_next_signed(d, mod == 1 ? 1 : mod == 2 || no_base ? 4 : 0);
}

/** x86_next_modrm() - decode ModRM and what belongs to it. */
static inline struct x86_modrm x86_next_modrm(struct x86_decoder *d)
{
	u8 modrm = x86_next_byte(d);
	struct x86_modrm m = {
		.memory = modrm >> 6 != 3,
		.reg = (u8)((modrm >> 3 & 7) | ((d->rex & X86_REX_R) != 0 ? 8 : 0)),
		.index = X86_NO_REGISTER,
	};

	if (m.memory && x86_address_bytes(d) == 2)
		x86_short_address(d, modrm, &m);
	else if (m.memory)
		x86_long_address(d, modrm, &m);
	return m;
}

/** x86_width_mask() - Returns the bits of a value of @width bytes, 1 to 8. */
static inline u64 x86_width_mask(u32 width)
{
	return width == 8 ? UINT64_MAX : BIT(8 * width) - 1;
}

/* Without REX, byte registers 4 to 7 are the high halves of 0 to 3. */
static inline bool x86_is_high(const struct x86_decoder *d, u8 reg, u32 width)
{
	return width == 1 && d->rex == 0 && reg >= 4;
}

#endif
