/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sequence that isolates branch predictors between guests. It is chosen once for each CPU, from
 * its ID registers and its firmware. Pure: no emulator implements these features, so the tests run
 * a model of such CPUs.
 *
 * Sources: Arm ARM ID_AA64PFR0_EL1.CSV2, ID_AA64MMFR1_EL1.ECBHB and CLRBHB of ISAR2; DEN0028,
 * sections 7.4 to 7.6. Arm's advisories on cache speculation side-channels and on Spectre-BHB have
 * the cores and the lengths of the loop.
 */
#ifndef ARM64_PURE_PREDICT_H
#define ARM64_PURE_PREDICT_H

#include <mullion/types.h>

struct predict_cpu {
	u64 midr, pfr0, mmfr1, isar2;
	/* The firmware's answer to SMCCC_ARCH_FEATURES of WORKAROUND_1 to 3, on this CPU. */
	s32 workaround[3];
};

/* Done, in this order, before another guest runs. All zero: nothing is needed. */
struct predict_plan {
	u32 call;     /* a firmware call without arguments, or 0 */
	u8 loop;      /* number of branches that fill the history; 0: no loop */
	bool clear;   /* CLRBHB */
	bool targets; /* not mitigated: branch targets of one guest steer another's */
	bool history; /* the same of branch history */
};

/** predict_plan() - for the CPU @cpu. Any context. */
struct predict_plan predict_plan(const struct predict_cpu *cpu);

#endif
