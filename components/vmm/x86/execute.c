/* SPDX-License-Identifier: Apache-2.0 */
/* Decoding, operands and effects of instructions; see execute.h. */
#include "components/vmm/x86/execute.h"

#include "arch/x86_64/pure/guest_walk.h"
#include <abi/component.h>
#include <mullion/string.h>

#define RAX 0u
#define RCX 1u
#define RDX 2u
#define RSP 4u
#define RSI 6u
#define RDI 7u

#define RFLAGS_ZF BIT(6)
#define RFLAGS_DF BIT(10)
#define RFLAGS_AC BIT(18)
#define CR0_PE    BIT(0)

/* One instruction under way, on copies of the registers. */
struct execution {
	struct x86_insn_state *state;
	const struct x86_bus *bus;
	struct x86_decoder d;
	struct x86_modrm m;
	u32 width; /* of the operands */
	u64 r[16], flags;
	bool hit;     /* an operand is in the page of the exit's access */
	bool again;   /* none is: the guest has changed its code, its tables or its registers */
	bool repeats; /* a string is not at its end */
};

/* An operand in the guest's memory; it may cross a page. */
struct place {
	u64 gpa[2];
	u32 bytes[2];
};

static bool raise(struct execution *e, u32 vector, u32 error)
{
	e->state->exception = vector;
	e->state->error = error;
	return false;
}

/* --- Registers -------------------------------------------------------------------------------- */

static u64 get_register(const struct execution *e, u32 reg, u32 width)
{
	if (x86_is_high(&e->d, (u8)reg, width))
		return e->r[reg - 4] >> 8 & 0xff;
	return e->r[reg & 15] & x86_width_mask(width);
}

static void merge(u64 *reg, u64 mask, u64 value)
{
	*reg = (*reg & ~mask) | (value & mask);
}

/* Four bytes clear the upper half. */
static void set_register(struct execution *e, u32 reg, u32 width, u64 value)
{
	if (x86_is_high(&e->d, (u8)reg, width))
		merge(&e->r[reg - 4], 0xff00, value << 8);
	else
		merge(&e->r[reg & 15], width == 4 ? UINT64_MAX : x86_width_mask(width),
		      width == 4 ? (u32)value : value);
}

/* --- Addresses -------------------------------------------------------------------------------- */

static bool is_canonical(u64 linear)
{
	return linear >> 47 == 0 || linear >> 47 == 0x1ffff;
}

static bool is_within(const struct execution *e, u32 segment, u64 offset, bool write)
{
	const struct x86_insn_state *s = e->state;
	u64 last = offset + e->width - 1, limit = s->segments[segment].limit;

	if (write && !s->segments[segment].writable && (s->cr0 & CR0_PE) != 0)
		return false;
	if (!s->segments[segment].expands_down)
		return last <= limit;
	return offset > limit && last <= (s->segments[segment].large ? UINT32_MAX : 0xffff);
}

static bool find_linear(struct execution *e, u32 segment, u64 offset, bool write, u64 *linear)
{
	const struct x86_insn_state *s = e->state;
	u64 base = s->segments[segment].base;
	bool valid;

	if (s->code_bytes == 8) {
		*linear = offset + (segment >= X86_FS ? base : 0);
		valid = is_canonical(*linear) && is_canonical(*linear + e->width - 1);
	} else {
		*linear = (base + offset) & UINT32_MAX;
		valid = is_within(e, segment, offset, write);
	}
	return valid || raise(e, segment == X86_SS ? X86_VECTOR_SS : X86_VECTOR_GP, 0);
}

static bool find_physical(struct execution *e, u64 linear, bool write, u64 *gpa)
{
	struct x86_insn_state *s = e->state;
	struct guest_walk walk = { .cr0 = s->cr0,
				   .cr3 = s->cr3,
				   .cr4 = s->cr4,
				   .efer = s->efer,
				   .read = e->bus->table,
				   .context = e->bus->context };
	struct guest_access access = { .user = s->cpl == 3,
				       .write = write,
				       .ac = (s->rflags & RFLAGS_AC) != 0 };
	u32 error;

	if (!guest_walk_access(&walk, linear, &access, gpa, &error)) {
		s->cr2 = linear;
		return raise(e, X86_VECTOR_PF, error);
	}
	if (*gpa / PAGE_SIZE == s->gpa / PAGE_SIZE)
		e->hit = true;
	return true;
}

static bool locate(struct execution *e, u32 segment, u64 offset, bool write, struct place *place)
{
	u64 linear, left;

	if (!find_linear(e, segment, offset, write, &linear))
		return false;
	left = PAGE_SIZE - linear % PAGE_SIZE;
	place->bytes[0] = (u32)MIN(left, e->width);
	place->bytes[1] = e->width - place->bytes[0];
	if (!find_physical(e, linear, write, &place->gpa[0]))
		return false;
	if (place->bytes[1] == 0)
		return true;
	linear += place->bytes[0];
	if (e->state->code_bytes != 8)
		linear &= UINT32_MAX;
	return find_physical(e, linear, write, &place->gpa[1]);
}

/* --- Accesses: behind the checks of all operands ---------------------------------------------- */

static bool must_repeat(struct execution *e)
{
	e->again = !e->hit;
	return e->again;
}

static bool operand_load(struct execution *e, const struct place *place, u64 *value)
{
	const struct x86_bus *bus = e->bus;
	u64 high = 0;

	*value = 0;
	if (must_repeat(e))
		return false;
	if (!bus->read(bus->context, place->gpa[0], place->bytes[0], value))
		return raise(e, X86_VECTOR_GP, 0);
	*value &= x86_width_mask(place->bytes[0]);
	if (place->bytes[1] == 0)
		return true;
	if (!bus->read(bus->context, place->gpa[1], place->bytes[1], &high))
		return raise(e, X86_VECTOR_GP, 0);
	*value |= (high & x86_width_mask(place->bytes[1])) << (8 * place->bytes[0]);
	return true;
}

static bool operand_store(struct execution *e, const struct place *place, u64 value)
{
	const struct x86_bus *bus = e->bus;

	if (must_repeat(e))
		return false;
	if (!bus->write(bus->context, place->gpa[0], place->bytes[0],
			value & x86_width_mask(place->bytes[0])))
		return raise(e, X86_VECTOR_GP, 0);
	if (place->bytes[1] != 0 && !bus->write(bus->context, place->gpa[1], place->bytes[1],
						value >> (8 * place->bytes[0])))
		return raise(e, X86_VECTOR_GP, 0);
	return true;
}

/* --- The memory operand ----------------------------------------------------------------------- */

static u32 segment_or(const struct execution *e, u32 usual)
{
	return e->d.segment != X86_SEGMENTS ? e->d.segment : usual;
}

/* The operand that ModRM names, and @more bytes on. The instruction is decoded to its end. */
static bool operand(struct execution *e, bool write, u64 more, struct place *place)
{
	const struct x86_modrm *m = &e->m;
	u64 offset = m->displacement + more;
	u32 usual = m->base == RSP || m->base == X86_RBP ? X86_SS : X86_DS;

	if (!m->memory || e->d.refused)
		return false;
	if (m->base == X86_BASE_RIP)
		offset += e->state->rip + e->d.at;
	else if (m->base != X86_NO_REGISTER)
		offset += e->r[m->base & 15];
	if (m->index != X86_NO_REGISTER)
		offset += e->r[m->index & 15] << m->scale;
	offset &= x86_width_mask(x86_address_bytes(&e->d));
	return locate(e, segment_or(e, usual), offset, write, place);
}

static bool modify_at(struct execution *e, enum x86_operation operation, u64 b, u64 more,
		      u64 *before)
{
	bool write = operation != X86_CMP && operation != X86_TEST && operation != X86_BT;
	struct place place;
	u64 result;

	if (!operand(e, write, more, &place) || !operand_load(e, &place, before))
		return false;
	result = x86_compute(operation, e->width, *before, b & x86_width_mask(e->width), &e->flags);
	return !write || operand_store(e, &place, result);
}

static bool modify(struct execution *e, enum x86_operation operation, u64 b)
{
	u64 before;

	return modify_at(e, operation, b, 0, &before);
}

/* XCHG and XADD: the register gets what was in memory. */
static bool exchange(struct execution *e, enum x86_operation operation)
{
	u64 before;

	if (!modify_at(e, operation, get_register(e, e->m.reg, e->width), 0, &before))
		return false;
	set_register(e, e->m.reg, e->width, before);
	return true;
}

/* Memory is written in either case. */
static bool compare_exchange(struct execution *e)
{
	u64 before, expected = get_register(e, RAX, e->width);
	struct place place;

	if (!operand(e, true, 0, &place) || !operand_load(e, &place, &before))
		return false;
	(void)x86_compute(X86_CMPXCHG, e->width, expected, before, &e->flags);
	if (before == expected)
		return operand_store(e, &place, get_register(e, e->m.reg, e->width));
	set_register(e, RAX, e->width, before);
	return operand_store(e, &place, before);
}

/* The register's bit number has a sign, and reaches beyond the operand. */
static bool change_bit_of_register(struct execution *e, enum x86_operation operation)
{
	u32 unused = 64 - 8 * e->width;
	s64 number = (s64)(get_register(e, e->m.reg, e->width) << unused) >> unused;
	s64 operands = number >> (e->width == 2 ? 4 : e->width == 4 ? 5 : 6);
	u64 before;

	return modify_at(e, operation, (u64)number, (u64)(operands * (s64)e->width), &before);
}

/* Opcodes 00 to 3B: with a register. Bit 1: the register is the destination. */
static bool arithmetic(struct execution *e, u8 opcode)
{
	enum x86_operation operation = opcode >> 3;
	u64 value, result;
	struct place place;

	e->m = x86_next_modrm(&e->d);
	if ((opcode & 2) == 0)
		return modify(e, operation, get_register(e, e->m.reg, e->width));
	if (!operand(e, false, 0, &place) || !operand_load(e, &place, &value))
		return false;
	result = x86_compute(operation, e->width, get_register(e, e->m.reg, e->width), value,
			     &e->flags);
	if (operation != X86_CMP)
		set_register(e, e->m.reg, e->width, result);
	return true;
}

static u64 immediate(struct execution *e)
{
	return x86_next_signed(&e->d, MIN(e->width, 4u));
}

/* F6 and F7. */
static bool unary(struct execution *e)
{
	e->m = x86_next_modrm(&e->d);
	switch (e->m.reg & 7) {
	case 0:
	case 1: return modify(e, X86_TEST, immediate(e));
	case 2: return modify(e, X86_NOT, 0);
	case 3: return modify(e, X86_NEG, 0);
	default: return false;
	}
}

/* --- The stack -------------------------------------------------------------------------------- */

static u32 stack_bytes(const struct execution *e)
{
	if (e->state->code_bytes == 8)
		return 8;
	return e->state->segments[X86_SS].large ? 4 : 2;
}

static void set_stack_width(struct execution *e)
{
	e->width = x86_operand_bytes(&e->d);
	if (e->state->code_bytes == 8 && e->width == 4)
		e->width = 8;
}

static bool push(struct execution *e)
{
	u32 bytes = stack_bytes(e);
	struct place from, to;
	u64 top, value;

	set_stack_width(e);
	top = (e->r[RSP] - e->width) & x86_width_mask(bytes);
	if (!operand(e, false, 0, &from) || !locate(e, X86_SS, top, true, &to) ||
	    !operand_load(e, &from, &value) || !operand_store(e, &to, value))
		return false;
	set_register(e, RSP, bytes, top);
	return true;
}

/* An operand with RSP uses its value behind the instruction. */
static bool pop(struct execution *e)
{
	u32 bytes = stack_bytes(e);
	u64 top = e->r[RSP] & x86_width_mask(bytes), value;
	struct place from, to;

	set_stack_width(e);
	e->m = x86_next_modrm(&e->d);
	set_register(e, RSP, bytes, top + e->width);
	return (e->m.reg & 7) == 0 && locate(e, X86_SS, top, false, &from) &&
	       operand(e, true, 0, &to) && operand_load(e, &from, &value) &&
	       operand_store(e, &to, value);
}

/* FE and FF. */
static bool count_or_push(struct execution *e, u8 opcode)
{
	e->m = x86_next_modrm(&e->d);
	switch (e->m.reg & 7) {
	case 0: return modify(e, X86_INC, 0);
	case 1: return modify(e, X86_DEC, 0);
	case 6: return opcode == 0xff && push(e);
	default: return false;
	}
}

/* --- Strings ---------------------------------------------------------------------------------- */

enum string {
	INS = 0x6c,
	OUTS = 0x6e,
	MOVS = 0xa4,
	CMPS = 0xa6,
	STOS = 0xaa,
	LODS = 0xac,
	SCAS = 0xae,
};

static void step(struct execution *e, u32 index, u32 address)
{
	u64 width = e->width;

	set_register(e, index, address,
		     e->r[index] + ((e->flags & RFLAGS_DF) != 0 ? -width : width));
}

static bool port(struct execution *e, bool in, u64 *value)
{
	struct place place = { { PORT_BASE + get_register(e, RDX, 2) }, { e->width } };

	return in ? operand_load(e, &place, value) : operand_store(e, &place, *value);
}

static bool compare(struct execution *e, u64 value, const struct place *with)
{
	u64 other;

	if (!operand_load(e, with, &other))
		return false;
	(void)x86_compute(X86_CMP, e->width, value, other, &e->flags);
	return true;
}

/* The accesses of one element, whose places are checked. */
static bool move_element(struct execution *e, enum string kind, const struct place *from,
			 const struct place *to)
{
	u64 value = get_register(e, RAX, e->width);

	switch (kind) {
	case INS: return port(e, true, &value) && operand_store(e, to, value);
	case OUTS: return operand_load(e, from, &value) && port(e, false, &value);
	case MOVS: return operand_load(e, from, &value) && operand_store(e, to, value);
	case CMPS: return operand_load(e, from, &value) && compare(e, value, to);
	case STOS: return operand_store(e, to, value);
	case SCAS: return compare(e, value, to);
	default: break;
	}
	if (!operand_load(e, from, &value))
		return false;
	set_register(e, RAX, e->width, value);
	return true;
}

static bool string(struct execution *e, enum string kind)
{
	u32 address = x86_address_bytes(&e->d);
	u64 mask = x86_width_mask(address), left = e->r[RCX] & mask;
	bool has_from = kind == OUTS || kind == MOVS || kind == CMPS || kind == LODS;
	bool has_to = kind != OUTS && kind != LODS, compares = kind == CMPS || kind == SCAS;
	struct place from = { 0 }, to = { 0 };

	if (kind == INS || kind == OUTS)
		e->width = MIN(e->width, 4u);
	if (e->d.repeat != 0 && left == 0)
		return true;
	if (has_from && !locate(e, segment_or(e, X86_DS), e->r[RSI] & mask, false, &from))
		return false;
	if (has_to && !locate(e, X86_ES, e->r[RDI] & mask, !compares, &to))
		return false;
	if (kind == INS || kind == OUTS)
		e->hit = PORT_BASE + get_register(e, RDX, 2) == e->state->gpa;
	if (!move_element(e, kind, &from, &to))
		return false;
	if (has_from)
		step(e, RSI, address);
	if (has_to)
		step(e, RDI, address);
	if (e->d.repeat == 0)
		return true;
	set_register(e, RCX, address, left - 1);
	e->repeats =
		left != 1 && (!compares || ((e->flags & RFLAGS_ZF) != 0) == (e->d.repeat == 0xf3));
	return true;
}

/* --- Opcodes ---------------------------------------------------------------------------------- */

static bool two_bytes(struct execution *e)
{
	u8 opcode = x86_next_byte(&e->d);

	e->width = opcode == 0xb0 || opcode == 0xc0 ? 1 : x86_operand_bytes(&e->d);
	e->m = x86_next_modrm(&e->d);
	switch (opcode) {
	case 0xa3:
	case 0xab:
	case 0xb3:
	case 0xbb: return change_bit_of_register(e, X86_BT + (opcode >> 3 & 3));
	case 0xba:
		return (e->m.reg & 4) != 0 &&
		       modify(e, X86_BT + (e->m.reg & 3), x86_next_byte(&e->d));
	case 0xb0:
	case 0xb1: return compare_exchange(e);
	case 0xc0:
	case 0xc1: return exchange(e, X86_XADD);
	default: return false;
	}
}

static bool with_register(struct execution *e, u8 opcode)
{
	e->m = x86_next_modrm(&e->d);
	if (opcode >= 0x86)
		return exchange(e, X86_XCHG);
	return modify(e, X86_TEST, get_register(e, e->m.reg, e->width));
}

static bool with_immediate(struct execution *e, u8 opcode)
{
	e->m = x86_next_modrm(&e->d);
	return modify(e, e->m.reg & 7, opcode == 0x83 ? x86_next_signed(&e->d, 1) : immediate(e));
}

static bool run(struct execution *e)
{
	u8 opcode = x86_next_opcode(&e->d);

	e->width = (opcode & 1) == 0 ? 1 : x86_operand_bytes(&e->d);
	if (opcode < 0x40 && (opcode & 4) == 0)
		return arithmetic(e, opcode);
	switch (opcode) {
	case 0x0f: return two_bytes(e);
	case 0x80:
	case 0x81:
	case 0x83: return with_immediate(e, opcode);
	case 0x84:
	case 0x85:
	case 0x86:
	case 0x87: return with_register(e, opcode);
	case 0x8f: return pop(e);
	case 0xf6:
	case 0xf7: return unary(e);
	case 0xfe:
	case 0xff: return count_or_push(e, opcode);
	default: break;
	}
	switch (opcode & 0xfe) {
	case INS:
	case OUTS:
	case MOVS:
	case CMPS:
	case STOS:
	case LODS:
	case SCAS: return string(e, opcode & 0xfe);
	default: return false;
	}
}

void x86_execute(struct x86_insn_state *s, const struct x86_bus *bus)
{
	struct execution e = {
		.state = s,
		.bus = bus,
		.d = { .bytes = s->code,
		       .count = s->count,
		       .code_bytes = s->code_bytes,
		       .segment = X86_SEGMENTS },
		.flags = s->rflags,
	};

	s->exception = 0;
	s->length = 0;
	memcpy(e.r, s->r, sizeof(e.r));
	if (run(&e) && !e.d.refused) {
		memcpy(s->r, e.r, sizeof(e.r));
		s->rflags = e.flags;
		s->length = e.repeats ? 0 : e.d.at;
	} else if (e.again) {
		s->length = X86_INSN_AGAIN;
	} else if (s->exception == 0) {
		(void)raise(&e, X86_VECTOR_GP, 0);
	}
}
