/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Validation of the control registers that a guest writes: CR0, CR4, EFER and XCR0. Each
 * function returns true if the processor accepts the value; otherwise the guest gets #GP.
 *
 * Sources: SDM vol. 3, 2.5 (control registers), 2.2.1 (EFER), 2.6 (XCR0); APM vol. 2, 3.1.
 */
#ifndef X86_64_PURE_CR_H
#define X86_64_PURE_CR_H

#include "arch/x86_64/pure/regs.h"
#include <mullion/types.h>

/* The state on which a write depends. CR4 and EFER as the guest sees them. */
struct cr_state {
	u64 cr0, cr3, cr4, efer;
	bool code64; /* CS.L of the running code segment */
	bool cpl0;
};

/** cr4_offer() - the CR4 bits that a guest may set. The parameters are the answers that CPUID gives
 * to that guest: leaf 1 ECX and EDX, leaf 7 EBX and ECX. Pure. */
u64 cr4_offer(u32 leaf1_ecx, u32 leaf1_edx, u32 leaf7_ebx, u32 leaf7_ecx);
/** efer_offer() - the EFER bits that a guest may set, from leaf 0x80000001 EDX as it sees it. */
u64 efer_offer(u32 extended1_edx);

/** cr0_is_valid() - SDM vol. 3, 2.5 and 4.1; APM vol. 2, 3.1.1. */
bool cr0_is_valid(const struct cr_state *state, u64 value);
/** cr0_efer() - EFER once CR0 has @value: LMA follows LME and PG. SDM vol. 3, 9.8.5. */
u64 cr0_efer(u64 efer, u64 value);
/** cr4_is_valid() - @offer: cr4_offer(). SDM vol. 3, 2.5 and 4.10.1. */
bool cr4_is_valid(const struct cr_state *state, u64 value, u64 offer);
/** cr_loads_pdptes() - returns true if a write that changes CR0 and CR4 from @state to @cr0 and
 * @cr4 reloads the page-directory pointers of PAE paging. SDM vol. 3, 4.4.1. */
bool cr_loads_pdptes(const struct cr_state *state, u64 cr0, u64 cr4);
/** efer_is_valid() - @offer: efer_offer(). LMA may be written with its present value alone. APM
 * vol. 2, 3.1.7. */
bool efer_is_valid(const struct cr_state *state, u64 value, u64 offer);
/** pat_is_valid() - @value for IA32_PAT: no reserved memory type. SDM vol. 3, 11.12.2. */
bool pat_is_valid(u64 value);
/** xcr0_is_valid() - @offer: the extended state that the guest may enable. SDM vol. 1, 13.3. */
bool xcr0_is_valid(u64 value, u64 offer);

#endif
