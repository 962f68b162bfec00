/* SPDX-License-Identifier: Apache-2.0 */
/* Lengths of intercepted instructions; see length.h. */
#include "arch/x86_64/pure/length.h"

#define REX_B 1u
#define REX_R 4u

struct cursor {
	const u8 *bytes;
	u32 at, count;
	u8 rex;
	bool lock, repeat; /* prefixes F0 and F3 */
};

static bool next_byte(struct cursor *c, u8 *byte)
{
	if (c->at >= c->count || c->at >= INSN_MAX)
		return false;
	*byte = c->bytes[c->at++];
	return true;
}

static bool is_prefix(u8 byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf0:
	case 0xf2:
	case 0xf3: return true;
	default: return false;
	}
}

/* The first byte behind the prefixes. A REX prefix counts if it stands directly before the opcode.
 */
static bool skip_prefixes(struct cursor *c, bool code64, u8 *opcode)
{
	for (;;) {
		if (!next_byte(c, opcode))
			return false;
		if (code64 && (*opcode & 0xf0) == 0x40) {
			c->rex = *opcode;
			continue;
		}
		if (!is_prefix(*opcode))
			return true;
		c->rex = 0;
		c->lock |= *opcode == 0xf0;
		c->repeat |= *opcode == 0xf3;
	}
}

/* Opcode 0F 01: the whole second byte says which. */
static u8 group_0f01(u8 modrm)
{
	switch (modrm) {
	case 0xc1: return INSN_VMCALL;
	case 0xc8: return INSN_MONITOR;
	case 0xc9: return INSN_MWAIT;
	case 0xd1: return INSN_XSETBV;
	case 0xd9: return INSN_VMMCALL;
	case 0xf9: return INSN_RDTSCP;
	default: return INSN_OTHER;
	}
}

/* The two operands are registers, whatever the upper bits of the byte say. */
static u8 move(struct cursor *c, u8 kind, struct insn *insn)
{
	u8 modrm;

	if (!next_byte(c, &modrm))
		return INSN_OTHER;
	insn->control = (u8)((modrm >> 3 & 7) | ((c->rex & REX_R) != 0 ? 8 : 0));
	insn->reg = (u8)((modrm & 7) | ((c->rex & REX_B) != 0 ? 8 : 0));
	/* AMD: LOCK with CR0 is CR8 (APM vol. 3, MOV CRn). */
	if (c->lock && kind <= INSN_CR_WRITE && insn->control == 0)
		insn->control = 8;
	return kind;
}

static u8 two_bytes(struct cursor *c, struct insn *insn)
{
	u8 opcode, modrm;

	if (!next_byte(c, &opcode))
		return INSN_OTHER;
	switch (opcode) {
	case 0x01: return next_byte(c, &modrm) ? group_0f01(modrm) : INSN_OTHER;
	case 0x06: return INSN_CLTS;
	case 0x08: return INSN_INVD;
	case 0x09: return INSN_WBINVD;
	case 0x20: return move(c, INSN_CR_READ, insn);
	case 0x21: return move(c, INSN_DR_READ, insn);
	case 0x22: return move(c, INSN_CR_WRITE, insn);
	case 0x23: return move(c, INSN_DR_WRITE, insn);
	case 0x30: return INSN_WRMSR;
	case 0x31: return INSN_RDTSC;
	case 0x32: return INSN_RDMSR;
	case 0x33: return INSN_RDPMC;
	case 0xa2: return INSN_CPUID;
	default: return INSN_OTHER;
	}
}

bool insn_length(const u8 *bytes, u32 count, bool code64, struct insn *insn)
{
	struct cursor c = { .bytes = bytes, .count = count };
	u8 opcode;

	*insn = (struct insn){ .kind = INSN_OTHER };
	if (!skip_prefixes(&c, code64, &opcode))
		return false;
	if (opcode == 0x0f)
		insn->kind = two_bytes(&c, insn);
	else if (opcode == 0xf4)
		insn->kind = INSN_HLT;
	else if (opcode == 0x90 && c.repeat)
		insn->kind = INSN_PAUSE;
	insn->length = (u8)c.at;
	return insn->kind != INSN_OTHER;
}
