/* SPDX-License-Identifier: Apache-2.0 */
/* Measures against leaks by speculation, as pure/predict.c has chosen them. */
#include "arch/x86_64/predict.h"

#include "arch/x86_64/pure/predict.h"
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>

#define LEAF_VENDOR     0u
#define LEAF_FEATURES   7u
#define LEAF_EXTENDED8  0x80000008u
#define LEAF_EXTENDED21 0x80000021u
#define VENDOR_AMD      0x68747541u /* "Auth", of EBX */
#define VENDOR_HYGON    0x6f677948u /* "Hygo" */

static struct x86_predict_plan plan;
u8 predict_at_entry;

__boot void predict_init(void)
{
	u32 vendor = cpuid(LEAF_VENDOR, 0).b;
	struct x86_predict_cpu cpu = {
		.amd = vendor == VENDOR_AMD || vendor == VENDOR_HYGON,
		.leaf7_edx = cpuid_if(LEAF_FEATURES, 0).d,
		.extended8_ebx = cpuid_if(LEAF_EXTENDED8, 0).b,
		.extended21_eax = cpuid_if(LEAF_EXTENDED21, 0).a,
		.extended21_ecx = cpuid_if(LEAF_EXTENDED21, 0).c,
	};

	if ((cpu.leaf7_edx & L7_EDX_CAPABILITIES) != 0)
		cpu.capabilities = read_msr(MSR_ARCH_CAPABILITIES);
	plan = x86_predict_plan(&cpu);
	predict_at_entry =
		(u8)((plan.returns ? PREDICT_RETURNS : 0) | (plan.clear ? PREDICT_CLEAR : 0));
}

__boot void predict_init_cpu(void)
{
	if (plan.ibrs)
		write_msr(MSR_SPEC_CTRL, SPEC_CTRL_IBRS);
	if (plan.automatic)
		write_msr(MSR_EFER, read_msr(MSR_EFER) | EFER_AIBRSE);
}

void predict_warn(void)
{
	if (plan.open_targets)
		log_info("guests on one CPU can steer each other's branch prediction: this CPU has "
			 "no barrier (IBPB)");
	if (plan.open_tables)
		log_info("a component can read the core's memory by speculation (Meltdown) on this "
			 "CPU: run trusted components only");
	if (plan.open_buffers)
		log_info("this CPU leaks buffers between guests, and clears them by no "
			 "instruction: update its microcode");
}

bool predict_command(u64 value)
{
	if (!plan.barrier || (value & ~PRED_CMD_IBPB) != 0)
		return false;
	write_msr(MSR_PRED_CMD, value);
	return true;
}

void predict_barrier(struct cpu *cpu, const struct guest *next)
{
	cpu->arch.predicts_for = next;
	if (plan.barrier)
		write_msr(MSR_PRED_CMD, PRED_CMD_IBPB);
	if (plan.flush)
		write_msr(MSR_FLUSH_CMD, FLUSH_CMD_L1D);
}
