/* SPDX-License-Identifier: Apache-2.0 */
/* Branch predictors between guests: the barrier that a CPU reports (AMD64 Technology: Indirect
 * Branch Control Extension; SDM vol. 4, IA32_PRED_CMD). */
#include "arch/x86_64/virt.h"

#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>

#define LEAF_FEATURES 7u
#define LEAF_EXTENDED 0x80000008u
#define F7_BARRIER    BIT(26) /* of EDX */
#define E8_BARRIER    BIT(12) /* of EBX */

static bool has_barrier;
u8 predict_fills_returns;

void predict_probe(void)
{
	has_barrier = (cpuid_if(LEAF_FEATURES, 0).d & F7_BARRIER) != 0 ||
		      (cpuid_if(LEAF_EXTENDED, 0).b & E8_BARRIER) != 0;
	predict_fills_returns = has_barrier;
	if (!has_barrier)
		log_info("guests on one CPU can steer each other's branch prediction: this CPU has "
			 "no barrier (IBPB)");
}

bool predict_command(u64 value)
{
	if (!has_barrier || (value & ~PRED_CMD_IBPB) != 0)
		return false;
	write_msr(MSR_PRED_CMD, value);
	return true;
}

void predict_barrier(struct cpu *cpu, const struct guest *next)
{
	cpu->arch.predicts_for = next;
	if (has_barrier)
		write_msr(MSR_PRED_CMD, PRED_CMD_IBPB);
}
