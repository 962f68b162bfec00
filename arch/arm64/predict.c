/* SPDX-License-Identifier: Apache-2.0 */
/* Branch predictors between guests: the plan of pure/predict.c, made and done. */
#include "arch/arm64/guest.h"

#include "arch/arm64/boot.h"
#include <mullion/log.h>
#include <mullion/string.h>

s32 machine_workaround[3] = { -1, -1, -1 };

__boot void predict_cpu_init(struct cpu *cpu)
{
	struct predict_cpu self = {
		.midr = read_sysreg(midr_el1),
		.pfr0 = read_sysreg(id_aa64pfr0_el1),
		.mmfr1 = read_sysreg(id_aa64mmfr1_el1),
		.isar2 = read_sysreg(SYS_ID_AA64ISAR2_EL1),
	};
	struct predict_plan plan;

	smccc_ask(self.workaround);
	if (cpu == &boot_cpu)
		memcpy(machine_workaround, self.workaround, sizeof(machine_workaround));
	plan = predict_plan(&self);
	cpu->arch.predict = plan;
	/* Once: the other CPUs are like the first on most machines. */
	if (cpu == &boot_cpu && (plan.targets || plan.history))
		log_info("guests on one CPU can steer each other's branch prediction: this CPU and "
			 "its firmware cannot prevent it");
}

void predict_barrier(struct cpu *cpu, const struct guest *next)
{
	const struct predict_plan *plan = &cpu->arch.predict;
	u64 left = plan->loop;

	cpu->arch.predicts_for = next;
	if (plan->call != 0)
		(void)smccc_firmware(plan->call, 0);
	if (plan->loop != 0)
		__asm__ volatile("1:	b	2f\n"
				 "2:	subs	%0, %0, #1\n\t"
				 "b.ne	1b\n\t"
				 "dsb	nsh\n\t"
				 "isb"
				 : "+r"(left)
				 :
				 : "cc", "memory");
	if (plan->clear)
		__asm__ volatile("hint	#22\n\tisb" : : : "memory"); /* CLRBHB */
}
