/* SPDX-License-Identifier: Apache-2.0 */
/* The hostile component's part for arm64: addresses, and what raw.S tries. */
#ifndef TESTS_HOSTILE_ATTACKS_H
#define TESTS_HOSTILE_ATTACKS_H

#include <mullion/types.h>

#define CORE_VA    UINT64_C(0xff0000000000)
#define PHYSICAL   UINT64_C(0x40200000)
#define DEVICE     UINT64_C(0x09000000)
#define HIGH       UINT64_C(0xffff000000000000)
#define RETURN     0xd65f03c0u /* RET */
#define NUM_GRANTS 0u

/* clang-format off */
#define RAW(X) \
	X(udf) X(brk) X(hvc) X(smc) X(svc_number) X(wfi) X(eret) X(fp) X(simd) X(fpcr) \
	X(mask) X(read_el1) X(write_el1) X(read_el2) X(counter) X(physical_counter) \
	X(guest_timer) X(cycle_counter) X(write_tpidrro) X(cache_type) X(clean) \
	X(zero) X(icache) X(tlb) X(translate) X(odd_pc) X(odd_stack) X(loop)
/* clang-format on */

/* No other register is readable. */
static inline u64 hidden_residue(void)
{
	return 0;
}

#endif
