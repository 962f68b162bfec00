/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The identification registers as a guest sees them: the machine's, without what is not switched,
 * not virtualised or not allowed. Unknown fields read as zero, which the architecture defines as
 * "not implemented" for the whole ID space.
 */
#ifndef ARM64_PURE_IDREGS_H
#define ARM64_PURE_IDREGS_H

#include <mullion/types.h>

#define IDREG_COUNT     64
#define IDREG(crm, op2) ((crm) << 3 | (op2))
#define IDREG_PFR0_32   IDREG(1, 0)
#define IDREG_DFR0_32   IDREG(1, 2)
#define IDREG_AA64PFR0  IDREG(4, 0)
#define IDREG_AA64PFR1  IDREG(4, 1)
#define IDREG_AA64DFR0  IDREG(5, 0)
#define IDREG_AA64ISAR0 IDREG(6, 0)
#define IDREG_AA64ISAR1 IDREG(6, 1)
#define IDREG_AA64ISAR2 IDREG(6, 2)
#define IDREG_AA64MMFR0 IDREG(7, 0)
#define IDREG_AA64MMFR1 IDREG(7, 1)
#define IDREG_AA64MMFR2 IDREG(7, 2)

struct idreg_offer {
	bool pauth;       /* pointer authentication keys are switched */
	bool gic_sysregs; /* the guest has a GICv3 CPU interface */
	u8 ipa_bits;      /* of the guest's physical address space: bounds PARange */
};

/** idregs_sanitise() - @out[CRm << 3 | op2] for the guest from @raw, the machine's. Any context;
 * Arm ARM D13.2. */
void idregs_sanitise(const u64 raw[IDREG_COUNT], const struct idreg_offer *offer,
		     u64 out[IDREG_COUNT]);

/** idregs_has_pauth() - does a machine with these registers have pointer authentication? */
bool idregs_has_pauth(const u64 raw[IDREG_COUNT]);

/** idregs_parange_bits() - the size of physical addresses that an ID_AA64MMFR0_EL1 value states, in
 * bits. */
u32 idregs_parange_bits(u64 mmfr0);

#endif
