/* SPDX-License-Identifier: Apache-2.0 */
/* The table of model-specific registers; see msr.h. */
#include "arch/x86_64/pure/msr.h"

#define MTRR_CAP_VALUE (MSR_MTRR_PAIRS | BIT(8) | BIT(10)) /* fixed ranges, write-combining */
#define MTRR_DEF_VALID (BIT(11) | BIT(10) | MASK(2, 0))
#define MTRR_VALID     BIT(11) /* of a mask */

#define MISC_FAST_STRINGS BIT(0)
#define MISC_NO_BTS       BIT(11)
#define MISC_NO_PEBS      BIT(12)
#define MISC_WRITABLE     MISC_FAST_STRINGS

struct row {
	u32 first, last;
	u8 read, write; /* enum msr_action */
	u64 value;
};

/* Sorted, and without overlaps; a binary search reads it. */
static const struct row rows[] = {
	{ MSR_TSC, MSR_TSC, MSR_PASS, MSR_TO_CPU, 0 }, /* the offset applies to RDMSR as well */
	{ 0x17, 0x17, MSR_CONSTANT, MSR_REFUSE, 0 },   /* PLATFORM_ID */
	{ MSR_APIC_BASE, MSR_APIC_BASE, MSR_TO_LAPIC, MSR_TO_LAPIC, 0 },
	{ 0x34, 0x34, MSR_CONSTANT, MSR_REFUSE, 0 }, /* SMI_COUNT */
	/* Locked, with VMX and SMX off. */
	{ MSR_FEATURE_CTL, MSR_FEATURE_CTL, MSR_CONSTANT, MSR_REFUSE, 1 },
	{ MSR_TSC_ADJUST, MSR_TSC_ADJUST, MSR_TO_CPU, MSR_TO_CPU, 0 },
	{ MSR_PRED_CMD, MSR_PRED_CMD, MSR_REFUSE, MSR_TO_CPU, 0 },
	{ MSR_UCODE_WRITE, MSR_UCODE_WRITE, MSR_REFUSE, MSR_IGNORE, 0 },
	{ MSR_UCODE_REV, MSR_UCODE_REV, MSR_CONSTANT, MSR_IGNORE, 0 },
	{ 0xce, 0xce, MSR_CONSTANT, MSR_REFUSE, 0 }, /* PLATFORM_INFO */
	{ MSR_MTRR_CAP, MSR_MTRR_CAP, MSR_CONSTANT, MSR_REFUSE, MTRR_CAP_VALUE },
	{ MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_PASS, MSR_PASS, 0 },
	{ MSR_MCG_CAP, MSR_MCG_CAP, MSR_CONSTANT, MSR_REFUSE, 0 }, /* no banks */
	{ MSR_MCG_STATUS, MSR_MCG_STATUS, MSR_STATE, MSR_STATE, 0 },
	{ MSR_MISC_ENABLE, MSR_MISC_ENABLE, MSR_STATE, MSR_STATE, 0 },
	{ MSR_DEBUGCTL, MSR_DEBUGCTL, MSR_CONSTANT, MSR_IGNORE, 0 }, /* no last-branch records */
	{ MSR_MTRR_PHYS, MSR_MTRR_PHYS + 2 * MSR_MTRR_PAIRS - 1, MSR_STATE, MSR_STATE, 0 },
	{ MSR_MTRR_FIX64K, MSR_MTRR_FIX64K, MSR_STATE, MSR_STATE, 0 },
	{ MSR_MTRR_FIX16K, MSR_MTRR_FIX16K + 1, MSR_STATE, MSR_STATE, 0 },
	{ MSR_MTRR_FIX4K, MSR_MTRR_FIX4K + 7, MSR_STATE, MSR_STATE, 0 },
	{ MSR_PAT, MSR_PAT, MSR_TO_CPU, MSR_TO_CPU, 0 },
	{ MSR_MTRR_DEF, MSR_MTRR_DEF, MSR_STATE, MSR_STATE, 0 },
	{ MSR_PERF_GLOBAL, MSR_PERF_GLOBAL, MSR_CONSTANT, MSR_MATCH, 0 }, /* no counters */
	{ MSR_TSC_DEADLINE, MSR_TSC_DEADLINE, MSR_TO_LAPIC, MSR_TO_LAPIC, 0 },
	{ MSR_X2APIC, MSR_X2APIC_LAST, MSR_TO_X2APIC, MSR_TO_X2APIC, 0 },
	{ MSR_XSS, MSR_XSS, MSR_CONSTANT, MSR_MATCH, 0 },
	{ MSR_EFER, MSR_EFER, MSR_TO_CPU, MSR_TO_CPU, 0 },
	{ MSR_STAR, MSR_SFMASK, MSR_PASS, MSR_PASS, 0 },
	{ MSR_FS_BASE, MSR_KERNEL_GS_BASE, MSR_PASS, MSR_PASS, 0 },
	{ MSR_TSC_AUX, MSR_TSC_AUX, MSR_PASS, MSR_TO_CPU, 0 },
	{ MSR_SYSCFG, MSR_SYSCFG, MSR_CONSTANT, MSR_IGNORE, 0 },
	{ MSR_HWCR, MSR_HWCR, MSR_CONSTANT, MSR_IGNORE, 0 },
	{ 0xc001001a, 0xc001001a, MSR_CONSTANT, MSR_REFUSE, 0 }, /* TOP_MEM */
	{ 0xc001001d, 0xc001001d, MSR_CONSTANT, MSR_REFUSE, 0 }, /* TOP_MEM2 */
	{ 0xc001001f, 0xc001001f, MSR_CONSTANT, MSR_IGNORE, 0 }, /* NB_CFG */
	{ MSR_AMD_PATCH, MSR_AMD_PATCH, MSR_REFUSE, MSR_IGNORE, 0 },
	{ 0xc0010055, 0xc0010055, MSR_CONSTANT, MSR_IGNORE, 0 }, /* interrupt pending message */
	{ 0xc0010058, 0xc0010058, MSR_CONSTANT, MSR_IGNORE, 0 }, /* MMIO configuration base */
	/* SVMDIS and LOCK. */
	{ MSR_VM_CR, MSR_VM_CR, MSR_CONSTANT, MSR_REFUSE, 0x18 },
	{ 0xc0011020, 0xc0011023, MSR_CONSTANT, MSR_IGNORE, 0 }, /* LS, IC, DC, BU configuration */
	/* LFENCE serialises; the bit cannot be cleared. */
	{ MSR_DE_CFG, MSR_DE_CFG, MSR_CONSTANT, MSR_IGNORE, 2 },
	{ 0xc001102a, 0xc001102a, MSR_CONSTANT, MSR_IGNORE, 0 }, /* BU_CFG2 */
};

static const struct row *msr_row(u32 msr)
{
	u32 low = 0, high = ARRAY_SIZE(rows);

	while (low < high) {
		u32 middle = (low + high) / 2;

		if (msr > rows[middle].last)
			low = middle + 1;
		else if (msr < rows[middle].first)
			high = middle;
		else
			return &rows[middle];
	}
	return NULL;
}

enum msr_action msr_listed_action(u32 msr, bool write)
{
	const struct row *row = msr_row(msr);

	if (row == NULL)
		return MSR_REFUSE;
	return (enum msr_action)(write ? row->write : row->read);
}

void msr_state_reset(struct msr_state *state, u32 address_bits)
{
	*state = (struct msr_state){ .address_bits = address_bits };
	state->misc_enable = MISC_FAST_STRINGS | MISC_NO_BTS | MISC_NO_PEBS;
}

/* The place of a register of struct msr_state; NULL: there is none. */
static u64 *slot(struct msr_state *state, u32 msr)
{
	if (msr - MSR_MTRR_PHYS < 2 * MSR_MTRR_PAIRS)
		return &state->mtrr_phys[msr - MSR_MTRR_PHYS];
	if (msr - MSR_MTRR_FIX16K < 2)
		return &state->mtrr_fixed[1 + msr - MSR_MTRR_FIX16K];
	if (msr - MSR_MTRR_FIX4K < 8)
		return &state->mtrr_fixed[3 + msr - MSR_MTRR_FIX4K];
	switch (msr) {
	case MSR_MTRR_FIX64K: return &state->mtrr_fixed[0];
	case MSR_MTRR_DEF: return &state->mtrr_def;
	case MSR_MISC_ENABLE: return &state->misc_enable;
	case MSR_MCG_STATUS: return &state->mcg_status;
	default: return NULL;
	}
}

bool msr_read(const struct msr_state *state, u32 msr, u64 *value)
{
	const struct row *row = msr_row(msr);
	u64 *place;

	if (row == NULL)
		return false;
	if (row->read == MSR_CONSTANT) {
		*value = row->value;
		return true;
	}
	place = slot((struct msr_state *)state, msr);
	if (row->read != MSR_STATE || place == NULL)
		return false;
	*value = *place;
	return true;
}

/* UC, WC, WT, WP, WB (SDM vol. 3, table 11-8). */
static bool is_memory_type(u64 type)
{
	return type <= 6 && type != 2 && type != 3;
}

static bool fixed_is_valid(u64 value)
{
	for (u32 i = 0; i < 8; i++, value >>= 8)
		if (!is_memory_type(value & 0xff))
			return false;
	return true;
}

/* SDM vol. 3, 11.11.2. */
static bool mtrr_is_valid(const struct msr_state *state, u32 msr, u64 value)
{
	u64 address = MASK(state->address_bits - 1, 12);

	if (msr == MSR_MTRR_DEF)
		return (value & ~MTRR_DEF_VALID) == 0 && is_memory_type(value & 7);
	if (msr - MSR_MTRR_PHYS >= 2 * MSR_MTRR_PAIRS)
		return fixed_is_valid(value);
	if ((msr & 1) == 0)
		return (value & ~(address | 0xff)) == 0 && is_memory_type(value & 0xff);
	return (value & ~(address | MTRR_VALID)) == 0;
}

static bool write_state(struct msr_state *state, u32 msr, u64 value)
{
	u64 *place = slot(state, msr);

	if (place == NULL)
		return false;
	switch (msr) {
	case MSR_MISC_ENABLE:
		if (((value ^ *place) & ~MISC_WRITABLE) != 0)
			return false;
		break;
	case MSR_MCG_STATUS:
		if (value != 0) /* SDM vol. 3, 15.3.1.2 */
			return false;
		break;
	default:
		if (!mtrr_is_valid(state, msr, value))
			return false;
		break;
	}
	*place = value;
	return true;
}

bool msr_write(struct msr_state *state, u32 msr, u64 value)
{
	const struct row *row = msr_row(msr);

	if (row == NULL)
		return false;
	switch (row->write) {
	case MSR_IGNORE: return true;
	case MSR_MATCH: return value == row->value;
	case MSR_STATE: return write_state(state, msr, value);
	default: return false;
	}
}

static void clear_bit(u8 *map, u64 bit)
{
	map[bit / 8] &= (u8) ~(1u << bit % 8);
}

static void set_all(u8 *map, u64 bytes)
{
	for (u64 i = 0; i < bytes; i++)
		map[i] = 0xff;
}

/* Call @pass for each register and direction that passes. */
static void each_pass(u8 *map, void (*pass)(u8 *map, u32 msr, bool write))
{
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		for (u32 msr = rows[i].first; msr <= rows[i].last; msr++) {
			if (rows[i].read == MSR_PASS)
				pass(map, msr, false);
			if (rows[i].write == MSR_PASS)
				pass(map, msr, true);
		}
}

/* Vectors of 2 KiB for 0, 0xc0000000 and 0xc0010000: two bits to a register, the read first. */
static void pass_svm(u8 *map, u32 msr, bool write)
{
	static const u32 bases[] = { 0, 0xc0000000, 0xc0010000 };

	for (u32 i = 0; i < ARRAY_SIZE(bases); i++)
		if (msr - bases[i] < 0x2000)
			clear_bit(map + i * KIB(2), 2 * (u64)(msr - bases[i]) + write);
}

void msr_bitmap_svm(u8 *map)
{
	set_all(map, MSR_SVM_BITMAP_BYTES);
	each_pass(map, pass_svm);
}

/* Reads of low registers, reads of high ones, then the writes. */
static void pass_vmx(u8 *map, u32 msr, bool write)
{
	u8 *part = map + (write ? KIB(2) : 0);

	if (msr < 0x2000)
		clear_bit(part, msr);
	else if (msr - 0xc0000000 < 0x2000)
		clear_bit(part + KIB(1), msr - 0xc0000000);
}

void msr_bitmap_vmx(u8 *map)
{
	set_all(map, MSR_VMX_BITMAP_BYTES);
	each_pass(map, pass_vmx);
}
