/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Speculative store bypass (SMCCC_ARCH_WORKAROUND_2): a vCPU's own choice, which the firmware holds
 * for each CPU. The mitigation is on at power-on and whenever no vCPU is loaded. DEN0028,
 * section 7.5.
 */
#ifndef ARM64_PURE_BYPASS_H
#define ARM64_PURE_BYPASS_H

#include <mullion/types.h>

/* Arguments of the firmware's call. */
#define BYPASS_PERMIT  0
#define BYPASS_PREVENT 1
#define BYPASS_NO_CALL (-1)

/** bypass_chosen() - returns true if a guest's call with @argument in X1 permits the bypass. The
 * argument has 32 bits. */
static inline bool bypass_chosen(u64 argument)
{
	return (u32)argument == BYPASS_PERMIT;
}

/** bypass_at_load() - the call before a vCPU's state is used; @permitted: its choice. */
static inline s32 bypass_at_load(bool permitted)
{
	return permitted ? BYPASS_PERMIT : BYPASS_NO_CALL;
}

/** bypass_at_save() - the call when its state is stored. */
static inline s32 bypass_at_save(bool permitted)
{
	return permitted ? BYPASS_PREVENT : BYPASS_NO_CALL;
}

#endif
