/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of measures against leaks by speculation; see predict.h. */
#include "arch/x86_64/pure/predict.h"

static bool has(u64 word, u64 bits)
{
	return (word & bits) == bits;
}

/* MDS and what followed it on Intel's CPUs; TSA on AMD's. */
static void plan_buffers(const struct x86_predict_cpu *cpu, struct x86_predict_plan *plan)
{
	u64 c = cpu->capabilities;
	bool leaks, clears;

	if (cpu->amd) {
		leaks = has(cpu->extended21_eax, E21_EAX_VERW_CLEAR) &&
			!has(cpu->extended21_ecx, E21_ECX_TSA_SQ_NO | E21_ECX_TSA_L1_NO);
		clears = leaks;
	} else {
		leaks = !has(c, CAPABILITY_MDS_NO) || has(c, CAPABILITY_RFDS_CLEAR) ||
			(has(c, CAPABILITY_FB_CLEAR) &&
			 !has(c, CAPABILITY_SBDR_NO | CAPABILITY_FBSDP_NO | CAPABILITY_PSDP_NO));
		clears = has(cpu->leaf7_edx, L7_EDX_MD_CLEAR) || has(c, CAPABILITY_FB_CLEAR) ||
			 has(c, CAPABILITY_RFDS_CLEAR);
	}
	plan->clear = leaks && clears;
	plan->open_buffers = leaks && !clears;
}

struct x86_predict_plan x86_predict_plan(const struct x86_predict_cpu *cpu)
{
	u64 c = cpu->capabilities;
	struct x86_predict_plan plan = { 0 };

	plan.barrier =
		has(cpu->leaf7_edx, L7_EDX_SPEC_CTRL) || has(cpu->extended8_ebx, E8_EBX_IBPB);
	plan.open_targets = !plan.barrier;
	plan.returns = plan.barrier;
	plan.automatic = cpu->amd && has(cpu->extended21_eax, E21_EAX_AUTO_IBRS);
	if (!plan.automatic)
		plan.ibrs = cpu->amd ? has(cpu->extended8_ebx, E8_EBX_IBRS | E8_EBX_IBRS_ALWAYS)
				     : has(c, CAPABILITY_IBRS_ALL);
	plan_buffers(cpu, &plan);
	if (!cpu->amd && !has(c, CAPABILITY_RDCL_NO)) {
		plan.open_tables = true;
		plan.flush =
			has(cpu->leaf7_edx, L7_EDX_L1D_FLUSH) && !has(c, CAPABILITY_SKIP_L1DFL);
		plan.open_buffers |= !has(cpu->leaf7_edx, L7_EDX_L1D_FLUSH);
	}
	return plan;
}
