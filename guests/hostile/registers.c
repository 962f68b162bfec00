/* SPDX-License-Identifier: Apache-2.0 */
/* Every system register encoding, read and written; random instructions. */
#include "hostile.h"

/* Writes that would only take our own ground away, and prove nothing. */
static bool is_ground(u32 encoding)
{
	static const u32 ground[] = {
		SYSREG(3, 0, 1, 0, 0),  /* SCTLR_EL1 */
		SYSREG(3, 0, 2, 0, 0),  /* TTBR0_EL1 */
		SYSREG(3, 0, 2, 0, 2),  /* TCR_EL1 */
		SYSREG(3, 0, 10, 2, 0), /* MAIR_EL1 */
		SYSREG(3, 0, 12, 0, 0), /* VBAR_EL1 */
		SYSREG(3, 0, 13, 0, 4), /* TPIDR_EL1 */
		SYSREG(3, 0, 4, 2, 0),  /* SPSel */
		SYSREG(3, 0, 4, 2, 3),  /* PAN */
	};

	for (u32 i = 0; i < ARRAY_SIZE(ground); i++)
		if (encoding == ground[i])
			return true;
	return false;
}

static u32 encoding_of(u32 op0, u32 index)
{
	return SYSREG(op0, index >> 11 & 7, index >> 7 & 15, index >> 3 & 15, index & 7);
}

void registers(void)
{
	u32 answered = 0;

	for (u32 op0 = 2; op0 < 4; op0++)
		for (u32 index = 0; index < 1u << 14; index++) {
			u32 encoding = encoding_of(op0, index), before = LOAD(faults);
			u64 value = 0;

			(void)execute_mrs(encoding, &value);
			answered += LOAD(faults) == before;
			if (is_ground(encoding))
				continue;
			(void)execute_msr(encoding, random_next());
			(void)execute_msr(encoding, ~0ull);
			(void)execute_msr(encoding, 0);
		}
	/* Cache, address and TLB operations and whatever lies between them, at an address with
	 * nothing. */
	for (u32 index = 0; index < 1u << 14; index++) {
		u64 regs[3] = { 0 };

		(void)execute(0xd5080000u | (encoding_of(0, index) & 0x7ffe0), regs);
	}
	gic_init_cpu();
	print("hostile: %u registers answered\n", answered);
}

/* Anything may happen to us. */
void instructions(void)
{
	print("hostile: instructions goes on\n");
	for (u32 i = 0; i < 50000; i++) {
		u64 regs[3] = { random_next(), random_next(), random_next() & MASK(38, 0) };
		u32 word = (u32)random_next();

		/* No branches: they end in a loop of our own sooner than in anything new. */
		if ((word >> 26 & 7) == 5 && (word >> 29 & 3) != 2)
			continue;
		/* Nor system registers: those are a case of their own, and some values hang QEMU's timers. */
		if (word >> 24 == 0xd5)
			continue;
		(void)execute(word, regs);
	}
}
