/* SPDX-License-Identifier: Apache-2.0 */
/* Branch predictors between guests: see predict.h. */
#include "arch/arm64/pure/predict.h"

#include "arch/arm64/pure/psci.h"

#define CSV2(pfr0)    FIELD(pfr0, 59, 56)
#define ECBHB(mmfr1)  FIELD(mmfr1, 63, 60)
#define CLRBHB(isar2) FIELD(isar2, 31, 28)
#define CSV2_CONTEXTS 1u /* targets of one context do not steer another */
#define CSV2_BHB      3u /* nor does history */

/* Cores without CSV2 that predict no targets from another context, by implementer << 12 | part. */
static const u32 safe_targets[] = {
	0x41d03, /* Cortex-A53 */
	0x41d04, /* Cortex-A35 */
	0x41d05, /* Cortex-A55 */
};

/* Cores whose history can be steered: branches that replace it all; 0: only the firmware can. */
static const struct {
	u32 core;
	u8 loop;
} histories[] = {
	{ 0x41d07, 8 },  /* Cortex-A57 */
	{ 0x41d08, 8 },  /* Cortex-A72 */
	{ 0x41d09, 0 },  /* Cortex-A73 */
	{ 0x41d0a, 0 },  /* Cortex-A75 */
	{ 0x41d0b, 24 }, /* Cortex-A76 */
	{ 0x41d0c, 24 }, /* Neoverse-N1 */
	{ 0x41d0d, 24 }, /* Cortex-A77 */
	{ 0x41d0e, 24 }, /* Cortex-A76AE */
	{ 0x41d40, 32 }, /* Neoverse-V1 */
	{ 0x41d41, 32 }, /* Cortex-A78 */
	{ 0x41d42, 32 }, /* Cortex-A78AE */
	{ 0x41d44, 32 }, /* Cortex-X1 */
	{ 0x41d47, 32 }, /* Cortex-A710 */
	{ 0x41d48, 32 }, /* Cortex-X2 */
	{ 0x41d49, 32 }, /* Neoverse-N2 */
	{ 0x41d4b, 32 }, /* Cortex-A78C */
};

__boot static u32 core_of(u64 midr)
{
	return (u32)(FIELD(midr, 31, 24) << 12 | FIELD(midr, 15, 4));
}

/* Is a firmware work-around (number @n) there and needed on this CPU? */
__boot static bool offered(const struct predict_cpu *cpu, u32 n)
{
	return cpu->workaround[n - 1] == 0;
}

__boot static void targets(const struct predict_cpu *cpu, struct predict_plan *plan)
{
	if (CSV2(cpu->pfr0) >= CSV2_CONTEXTS || cpu->workaround[0] > 0)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(safe_targets); i++)
		if (core_of(cpu->midr) == safe_targets[i])
			return;
	if (offered(cpu, 1))
		plan->call = SMCCC_ARCH_WORKAROUND_1;
	else
		plan->targets = true;
}

__boot static void history(const struct predict_cpu *cpu, struct predict_plan *plan)
{
	u32 i = 0;

	if (ECBHB(cpu->mmfr1) != 0 || CSV2(cpu->pfr0) >= CSV2_BHB || cpu->workaround[2] > 0)
		return;
	while (i < ARRAY_SIZE(histories) && histories[i].core != core_of(cpu->midr))
		i++;
	if (i == ARRAY_SIZE(histories))
		return;
	if (CLRBHB(cpu->isar2) != 0) {
		plan->clear = true;
	} else if (histories[i].loop != 0 && plan->call == 0) {
		plan->loop = histories[i].loop;
	} else if (offered(cpu, 3)) {
		/* It does what WORKAROUND_1 does as well. */
		plan->call = SMCCC_ARCH_WORKAROUND_3;
	} else if (histories[i].loop != 0) {
		plan->loop = histories[i].loop;
	} else {
		plan->history = true;
	}
}

__boot struct predict_plan predict_plan(const struct predict_cpu *cpu)
{
	struct predict_plan plan = { 0 };

	targets(cpu, &plan);
	history(cpu, &plan);
	return plan;
}
