/* SPDX-License-Identifier: Apache-2.0 */
/* Results and flags of arithmetic and logic; see execute.h. */
#include "components/vmm/x86/execute.h"

#define CF BIT(0)
#define PF BIT(2)
#define AF BIT(4)
#define ZF BIT(6)
#define SF BIT(7)
#define OF BIT(11)

static void set(u64 *flags, u64 flag, bool value)
{
	*flags = value ? *flags | flag : *flags & ~flag;
}

static bool sign(u64 value, u32 width)
{
	return (value >> (8 * width - 1) & 1) != 0;
}

static void set_result(u64 *flags, u64 result, u32 width)
{
	set(flags, PF, __builtin_parityll(result & 0xff) == 0);
	set(flags, ZF, result == 0);
	set(flags, SF, sign(result, width));
}

static u64 add(u32 width, u64 a, u64 b, u64 carry, u64 *flags)
{
	u64 result = (a + b + carry) & x86_width_mask(width);

	set(flags, CF, sign((a & b) | ((a | b) & ~result), width));
	set(flags, OF, sign(~(a ^ b) & (a ^ result), width));
	set(flags, AF, ((a ^ b ^ result) & 0x10) != 0);
	set_result(flags, result, width);
	return result;
}

static u64 subtract(u32 width, u64 a, u64 b, u64 borrow, u64 *flags)
{
	u64 result = (a - b - borrow) & x86_width_mask(width);

	set(flags, CF, sign((~a & b) | ((~a | b) & result), width));
	set(flags, OF, sign((a ^ b) & (a ^ result), width));
	set(flags, AF, ((a ^ b ^ result) & 0x10) != 0);
	set_result(flags, result, width);
	return result;
}

/* AF is undefined; processors clear it. */
static u64 logic(u32 width, u64 result, u64 *flags)
{
	*flags &= ~(CF | OF | AF);
	set_result(flags, result, width);
	return result;
}

/* INC and DEC leave CF. */
static u64 count(u32 width, u64 a, bool up, u64 *flags)
{
	u64 before = *flags & CF;
	u64 result = up ? add(width, a, 1, 0, flags) : subtract(width, a, 1, 0, flags);

	*flags = (*flags & ~CF) | before;
	return result;
}

/* @bit is below the width. */
static u64 change_bit(enum x86_operation operation, u64 a, u64 bit, u64 *flags)
{
	u64 mask = UINT64_C(1) << bit;

	set(flags, CF, (a & mask) != 0);
	switch (operation) {
	case X86_BTS: return a | mask;
	case X86_BTR: return a & ~mask;
	case X86_BTC: return a ^ mask;
	default: return a;
	}
}

u64 x86_compute(enum x86_operation operation, u32 width, u64 a, u64 b, u64 *flags)
{
	switch (operation) {
	case X86_ADD:
	case X86_XADD: return add(width, a, b, 0, flags);
	case X86_ADC: return add(width, a, b, *flags & CF, flags);
	case X86_SBB: return subtract(width, a, b, *flags & CF, flags);
	case X86_SUB:
	case X86_CMP:
	case X86_CMPXCHG: return subtract(width, a, b, 0, flags);
	case X86_NEG: return subtract(width, 0, a, 0, flags);
	case X86_OR: return logic(width, a | b, flags);
	case X86_AND:
	case X86_TEST: return logic(width, a & b, flags);
	case X86_XOR: return logic(width, a ^ b, flags);
	case X86_NOT: return ~a & x86_width_mask(width);
	case X86_INC:
	case X86_DEC: return count(width, a, operation == X86_INC, flags);
	case X86_XCHG: return b;
	default: return change_bit(operation, a, b & (8 * width - 1), flags);
	}
}
