/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The model-specific registers of a guest: one table decides each access. A register without a row
 * is refused, which gives the guest #GP. The bitmaps of SVM and VMX are made from the same table.
 *
 * Sources: SDM vol. 4, and vol. 3 24.6.9 (MSR bitmaps), 11.11 (MTRRs); APM vol. 2, 15.11 (MSRPM).
 */
#ifndef X86_64_PURE_MSR_H
#define X86_64_PURE_MSR_H

#include "arch/x86_64/pure/regs.h"
#include <mullion/types.h>

/* The answer to one direction of access. */
enum msr_action {
	MSR_REFUSE,    /* #GP */
	MSR_PASS,      /* in hardware, without an exit; the register is switched */
	MSR_CONSTANT,  /* a read: the row's value */
	MSR_IGNORE,    /* a write: no effect */
	MSR_MATCH,     /* a write: #GP unless it is the row's value */
	MSR_STATE,     /* in struct msr_state */
	MSR_TO_LAPIC,  /* of the local APIC: APIC base, TSC deadline */
	MSR_TO_X2APIC, /* its registers, in x2APIC mode */
	MSR_TO_CPU     /* of the vCPU: EFER, TSC, TSC_ADJUST, TSC_AUX, PRED_CMD, PAT */
};

#define MSR_MTRR_PAIRS 8u

/* The registers that are memory alone. */
struct msr_state {
	u64 misc_enable;
	u64 mcg_status;
	u64 mtrr_def;
	u64 mtrr_fixed[11];                /* 64K, 16K (2), 4K (8) */
	u64 mtrr_phys[2 * MSR_MTRR_PAIRS]; /* base, mask */
	u32 address_bits;                  /* of the guest's physical addresses */
};

#define MSR_SVM_BITMAP_BYTES KIB(8)
#define MSR_VMX_BITMAP_BYTES KIB(4)

/** msr_listed_action() - the answer of the table to a read of register @msr, or to a write. Any
 * context. */
enum msr_action msr_listed_action(u32 msr, bool write);
/** msr_action() - the same without a search for the registers of most exits. */
static inline enum msr_action msr_action(u32 msr, bool write)
{
	if (msr == MSR_TSC_DEADLINE)
		return MSR_TO_LAPIC;
	if (msr - MSR_X2APIC <= MSR_X2APIC_LAST - MSR_X2APIC)
		return MSR_TO_X2APIC;
	return msr_listed_action(msr, write);
}
/** msr_state_reset() - values after reset, for a guest with physical addresses of @address_bits.
 * SDM vol. 3, table 9-1. */
void msr_state_reset(struct msr_state *state, u32 address_bits);
/** msr_read() - read a register whose action is CONSTANT or STATE. Returns false for any other. */
bool __must_check msr_read(const struct msr_state *state, u32 msr, u64 *value);
/** msr_write() - write a register whose action is IGNORE, MATCH or STATE. Returns false if the
 * guest gets #GP. */
bool __must_check msr_write(struct msr_state *state, u32 msr, u64 value);

/** msr_bitmap_svm() - the permission map of MSR_SVM_BITMAP_BYTES: an access exits unless it passes.
 * APM vol. 2, 15.11. */
void msr_bitmap_svm(u8 *map);
/** msr_bitmap_vmx() - the bitmaps of MSR_VMX_BITMAP_BYTES: an access exits unless it passes. SDM
 * vol. 3, 24.6.9. */
void msr_bitmap_vmx(u8 *map);

#endif
