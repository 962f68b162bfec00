/* SPDX-License-Identifier: Apache-2.0 */
/* arch/arm64/pure/insn.c: an instruction is accepted exactly if it fits one of the manual's
 * encodings.
 */
#include "arch/arm64/pure/insn.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

enum form { UNSIGNED_OFFSET, UNSCALED, POST_INDEX, UNPRIVILEGED, PRE_INDEX, REGISTER_OFFSET };

/* Arm ARM C4.1.88: fixed bits of "load/store register" with general registers. */
static const struct {
	u32 mask, value;
} forms[] = {
	[UNSIGNED_OFFSET] = { 0x3f000000, 0x39000000 },
	[UNSCALED] = { 0x3f200c00, 0x38000000 },
	[POST_INDEX] = { 0x3f200c00, 0x38000400 },
	[UNPRIVILEGED] = { 0x3f200c00, 0x38000800 },
	[PRE_INDEX] = { 0x3f200c00, 0x38000c00 },
	[REGISTER_OFFSET] = { 0x3f204c00, 0x38204800 },
};

static void check(u32 insn)
{
	u32 opc = insn >> 22 & 3, wide = insn >> 30;
	bool prefetch = wide == 3 && opc >= 2, unallocated = wide == 2 && opc == 3;
	bool index, same = (insn >> 5 & 31) == (insn & 31) && (insn & 31) != 31;
	struct insn_access a;
	size_t form;

	for (form = 0; form < ARRAY_SIZE(forms); form++)
		if ((insn & forms[form].mask) == forms[form].value)
			break;
	index = form == POST_INDEX || form == PRE_INDEX;
	if (!insn_decode(insn, &a)) {
		CHECK(form == ARRAY_SIZE(forms) || prefetch || unallocated || (index && same));
		return;
	}
	CHECK(form < ARRAY_SIZE(forms) && !prefetch && !unallocated && !(index && same));
	CHECK(a.width == 1u << wide && a.reg == (insn & 31) && a.base == (insn >> 5 & 31));
	CHECK(a.write == (opc == 0) && a.sign_extend == (opc >= 2));
	CHECK(a.reg64 == (opc == 2 || (opc < 2 && wide == 3)));
	CHECK(a.writeback == index);
	if (index)
		CHECK(a.offset == (s32)(insn << 11) >> 23);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 insn;

	for (; size >= sizeof(insn); data += sizeof(insn), size -= sizeof(insn)) {
		memcpy(&insn, data, sizeof(insn));
		check(insn);
		/* Into the right neighbourhood: most words are something else altogether. */
		check((insn & ~0x3f000000u) | 0x38000000u);
		check((insn & ~0x3f000000u) | 0x39000000u);
	}
	return 0;
}
