/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding: prefixes, opcode, ModRM with SIB and displacement, immediate; see decode.h. */
#include "arch/x86_64/pure/decode.h"

#define REX_R 4u
#define REX_W 8u

/* One instruction under way. Each byte is fetched by decode_byte(), which bounds them all. */
struct decoder {
	const u8 *bytes;
	u32 count, at;
	bool code64;
	u8 rex;
	bool small_operand, small_address; /* prefixes 66 and 67 */
	bool refused;                      /* LOCK, or the instruction is too long */
};

static u8 decode_byte(struct decoder *d)
{
	if (d->at >= d->count || d->at >= X86_INSN_MAX) {
		d->refused = true;
		return 0;
	}
	return d->bytes[d->at++];
}

static u64 decode_number(struct decoder *d, u32 bytes)
{
	u64 value = 0;

	for (u32 i = 0; i < bytes; i++)
		value |= (u64)decode_byte(d) << (8 * i);
	return value;
}

/* Returns the first byte behind the prefixes. A REX prefix counts directly before the opcode. */
static u8 decode_prefixes(struct decoder *d)
{
	for (;;) {
		u8 byte = decode_byte(d);

		if (d->code64 && (byte & 0xf0) == 0x40) {
			d->rex = byte;
			continue;
		}
		switch (byte) {
		case 0x66: d->small_operand = true; break;
		case 0x67: d->small_address = true; break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65: /* segments */
		case 0xf2:
		case 0xf3: break; /* no meaning */
		case 0xf0: d->refused = true; break;
		default: return byte;
		}
		d->rex = 0;
		if (d->refused)
			return 0;
	}
}

/* Bytes of a 16-bit address behind ModRM. */
static u32 small_displacement(u8 modrm)
{
	u32 mod = modrm >> 6;

	return mod == 1 ? 1 : mod == 2 || (mod == 0 && (modrm & 7) == 6) ? 2 : 0;
}

/* ModRM and all that belongs to it. Returns its register field; *@memory: it names memory. */
static u8 decode_modrm(struct decoder *d, bool *memory)
{
	u8 modrm = decode_byte(d);
	u32 mod = modrm >> 6, rm = modrm & 7, displacement;

	*memory = mod != 3;
	if (*memory && d->small_address && !d->code64) {
		(void)decode_number(d, small_displacement(modrm));
	} else if (*memory) {
		if (rm == 4)
			rm = decode_byte(d) & 7; /* SIB: its base */
		displacement = mod == 1 ? 1 : mod == 2 || rm == 5 ? 4 : 0;
		(void)decode_number(d, displacement);
	}
	return (u8)((modrm >> 3 & 7) | ((d->rex & REX_R) != 0 ? 8 : 0));
}

static u8 operand_width(const struct decoder *d)
{
	if ((d->rex & REX_W) != 0)
		return 8;
	return d->small_operand ? 2 : 4;
}

/* Without REX, byte registers 4 to 7 are the high halves of 0 to 3. */
static void set_register(const struct decoder *d, struct x86_insn *insn, u8 reg, u8 width)
{
	insn->high = width == 1 && d->rex == 0 && reg >= 4;
	insn->reg = insn->high ? reg - 4 : reg;
	insn->reg_width = width;
}

static bool decode_move(struct decoder *d, u8 opcode, struct x86_insn *insn)
{
	bool memory;
	u8 reg = decode_modrm(d, &memory);

	insn->write = (opcode & 2) == 0;
	insn->width = (opcode & 1) == 0 ? 1 : operand_width(d);
	set_register(d, insn, reg, insn->width);
	return memory;
}

/* An immediate of four bytes stands for eight with its sign. */
static bool decode_immediate(struct decoder *d, u8 opcode, struct x86_insn *insn)
{
	bool memory;
	u8 reg = decode_modrm(d, &memory);

	insn->write = true;
	insn->has_immediate = true;
	insn->width = (opcode & 1) == 0 ? 1 : operand_width(d);
	insn->immediate = decode_number(d, MIN((u32)insn->width, 4u));
	if (insn->width == 8)
		insn->immediate = (u64)(s64)(s32)insn->immediate;
	return memory && (reg & 7) == 0;
}

/* The accumulator and an address in the instruction. */
static bool decode_offset(struct decoder *d, u8 opcode, struct x86_insn *insn)
{
	u32 bytes = d->code64 ? 8 : 4;

	if (d->small_address)
		bytes /= 2;
	(void)decode_number(d, bytes);
	insn->write = (opcode & 2) != 0;
	insn->width = (opcode & 1) == 0 ? 1 : operand_width(d);
	insn->reg_width = insn->width;
	return true;
}

static bool decode_extended(struct decoder *d, struct x86_insn *insn, u8 width, u8 extend)
{
	bool memory;
	u8 reg = decode_modrm(d, &memory);

	insn->width = width;
	insn->extend = extend;
	insn->reg = reg;
	insn->reg_width = operand_width(d);
	return memory;
}

static bool decode_two_bytes(struct decoder *d, struct x86_insn *insn)
{
	u8 opcode = decode_byte(d), width = (opcode & 1) == 0 ? 1 : 2;

	switch (opcode) {
	case 0xb6:
	case 0xb7: return decode_extended(d, insn, width, X86_EXTEND_ZERO);
	case 0xbe:
	case 0xbf: return decode_extended(d, insn, width, X86_EXTEND_SIGN);
	default: return false;
	}
}

static bool decode_opcode(struct decoder *d, u8 opcode, struct x86_insn *insn)
{
	switch (opcode) {
	case 0x0f: return decode_two_bytes(d, insn);
	case 0x88:
	case 0x89:
	case 0x8a:
	case 0x8b: return decode_move(d, opcode, insn);
	case 0xa0:
	case 0xa1:
	case 0xa2:
	case 0xa3: return decode_offset(d, opcode, insn);
	case 0xc6:
	case 0xc7: return decode_immediate(d, opcode, insn);
	case 0x63: /* MOVSXD; ARPL outside of 64-bit code, and a plain MOV without REX.W */
		return (d->rex & REX_W) != 0 && decode_extended(d, insn, 4, X86_EXTEND_SIGN);
	default: return false;
	}
}

bool x86_decode(const u8 *bytes, u32 count, bool code64, struct x86_insn *insn)
{
	struct decoder d = { .bytes = bytes, .count = count, .code64 = code64 };
	u8 opcode = decode_prefixes(&d);
	bool known;

	*insn = (struct x86_insn){ 0 };
	known = !d.refused && decode_opcode(&d, opcode, insn);
	insn->length = (u8)d.at;
	return known && !d.refused;
}

static u64 width_mask(u32 width)
{
	return width == 8 ? UINT64_MAX : BIT(8 * width) - 1;
}

u64 x86_insn_store(const struct x86_insn *insn, const u64 r[16])
{
	u64 value = insn->has_immediate ? insn->immediate : r[insn->reg & 15];

	return (insn->high ? value >> 8 : value) & width_mask(insn->width);
}

void x86_insn_load(const struct x86_insn *insn, u64 r[16], u64 value)
{
	u64 *reg = &r[insn->reg & 15];
	u64 mask = width_mask(insn->reg_width);
	u32 unused = 64 - 8 * (u32)insn->width;

	value &= width_mask(insn->width);
	if (insn->extend == X86_EXTEND_SIGN)
		value = (u64)((s64)(value << unused) >> unused);
	if (insn->high)
		*reg = (*reg & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	else if (insn->reg_width == 4)
		*reg = value & mask;
	else
		*reg = (*reg & ~mask) | (value & mask);
}
