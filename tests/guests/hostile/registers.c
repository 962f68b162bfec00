/* SPDX-License-Identifier: Apache-2.0 */
/* Every system register encoding, read and written; random instructions. */
#include "hostile.h"

#define WORDS 200000

extern u32 raw_slot;
void raw_run(const u64 regs[31]);

/* Writes that would only break this guest, and prove nothing. */
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

static struct jump back;

static bool leave(struct frame *frame, u64 vector)
{
	(void)frame;
	(void)vector;
	(void)ADD(faults, 1);
	jump_back(&back);
}

/* Returns true for an instruction that would only end this run. Branches loop, and a lost stack
 * pointer ends the guest. System registers are a case of their own (some values hang QEMU's
 * timers). QEMU 7.2 aborts on unallocated words among the half-precision two-register
 * operations. */
static bool is_dull(u32 word)
{
	bool branch = (word >> 26 & 7) == 5 && (word >> 29 & 3) != 2;
	bool half = (word >> 24 & 0xe) == 0xe && (word >> 17 & 0x3f) == 0x3c;

	return branch || half || word >> 24 == 0xd5 || (word & 31) == 31 || (word >> 5 & 31) == 31;
}

/* Random words with random registers; every one ends in an exception, if only the BRK behind it. */
void instructions(void)
{
	static u64 regs[31];

	this_cpu()->sync_hook = leave;
	for (u32 i = 0; i < WORDS; i++) {
		u32 word = (u32)random_next();

		if (is_dull(word))
			continue;
		for (u32 k = 0; k < ARRAY_SIZE(regs); k++)
			regs[k] = random_next() & ((i & 1) != 0 ? MASK(38, 3) : ~0ull);
		raw_slot = word;
		__asm__ volatile(
			"dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(&raw_slot)
			: "memory");
		if (jump_set(&back) == 0)
			raw_run(regs);
	}
}
