/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding of the instructions of decode.h. */
#include "arch/x86_64/pure/decode_parts.h"

static void set_register(const struct x86_decoder *d, struct x86_insn *insn, u8 reg, u8 width)
{
	insn->high = x86_is_high(d, reg, width);
	insn->reg = insn->high ? reg - 4 : reg;
	insn->reg_width = width;
}

static u8 decode_width(const struct x86_decoder *d, u32 opcode)
{
	return (opcode & 1) == 0 ? 1 : x86_operand_bytes(d);
}

/* An immediate of four bytes stands for eight with its sign. */
static void decode_immediate(struct x86_decoder *d, struct x86_insn *insn)
{
	insn->write = true;
	insn->has_immediate = true;
	insn->immediate = x86_next_number(d, MIN((u32)insn->width, 4u));
	if (insn->width == 8)
		insn->immediate = (u64)(s64)(s32)insn->immediate;
}

/* The accumulator and an address in the instruction. */
static void decode_offset(struct x86_decoder *d, u8 opcode, struct x86_insn *insn)
{
	(void)x86_next_number(d, x86_address_bytes(d));
	insn->write = (opcode & 2) != 0;
	insn->width = decode_width(d, opcode);
	insn->reg_width = insn->width;
}

static void set_extended(const struct x86_decoder *d, struct x86_insn *insn, u8 reg, u8 width)
{
	insn->width = width;
	insn->reg = reg;
	insn->reg_width = x86_operand_bytes(d);
}

/* ModRM is decoded in one place, for the sake of the compiler. */
static bool decode_opcode(struct x86_decoder *d, u8 first, struct x86_insn *insn)
{
	u32 opcode = first == 0x0f ? 0x0f00u | x86_next_byte(d) : first;
	struct x86_modrm m;

	if ((opcode & ~3u) == 0xa0) {
		decode_offset(d, first, insn);
		return true;
	}
	m = x86_next_modrm(d);
	switch (opcode) {
	case 0x88:
	case 0x89:
	case 0x8a:
	case 0x8b:
		insn->write = (opcode & 2) == 0;
		insn->width = decode_width(d, opcode);
		set_register(d, insn, m.reg, insn->width);
		return m.memory;
	case 0xc6:
	case 0xc7:
		insn->width = decode_width(d, opcode);
		decode_immediate(d, insn);
		return m.memory && (m.reg & 7) == 0;
	case 0x0fb6:
	case 0x0fb7:
	case 0x0fbe:
	case 0x0fbf:
		insn->extend = (opcode & 8) == 0 ? X86_EXTEND_ZERO : X86_EXTEND_SIGN;
		set_extended(d, insn, m.reg, (opcode & 1) == 0 ? 1 : 2);
		return m.memory;
	case 0x63: /* MOVSXD; ARPL outside of 64-bit code, and a plain MOV without REX.W */
		insn->extend = X86_EXTEND_SIGN;
		set_extended(d, insn, m.reg, 4);
		return m.memory && (d->rex & X86_REX_W) != 0;
	default: return false;
	}
}

bool x86_decode(const u8 *bytes, u32 count, u8 code_bytes, struct x86_insn *insn)
{
	struct x86_decoder d = { .bytes = bytes, .count = count, .code_bytes = code_bytes };
	u8 opcode = x86_next_opcode(&d);
	bool known;

	*insn = (struct x86_insn){ 0 };
	known = !d.lock && decode_opcode(&d, opcode, insn);
	insn->length = (u8)d.at;
	return known && !d.refused;
}

u64 x86_insn_store(const struct x86_insn *insn, const u64 r[16])
{
	u64 value = insn->has_immediate ? insn->immediate : r[insn->reg & 15];

	return (insn->high ? value >> 8 : value) & x86_width_mask(insn->width);
}

void x86_insn_load(const struct x86_insn *insn, u64 r[16], u64 value)
{
	u64 *reg = &r[insn->reg & 15];
	u64 mask = x86_width_mask(insn->reg_width);
	u32 unused = 64 - 8 * (u32)insn->width;

	value &= x86_width_mask(insn->width);
	if (insn->extend == X86_EXTEND_SIGN)
		value = (u64)((s64)(value << unused) >> unused);
	if (insn->high)
		*reg = (*reg & ~UINT64_C(0xff00)) | (value & 0xff) << 8;
	else if (insn->reg_width == 4)
		*reg = value & mask;
	else
		*reg = (*reg & ~mask) | (value & mask);
}
