/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU's own random numbers (FEAT_RNG, Arm ARM D13.2.121), for the core's generator. */
#include <arch/cpu.h>
#include <asm/sysreg.h>

#define SYS_RNDRRS S3_3_C2_C4_1 /* reseeded for each read */

/* It may be empty for a moment; the manual recommends a few tries. */
#define TRIES 16

bool arch_entropy(u64 *value)
{
	u64 ok = 0;

	*value = read_sysreg(cntpct_el0);
	if (FIELD(read_sysreg(id_aa64isar0_el1), 63, 60) == 0)
		return false;
	for (u32 i = 0; i < TRIES && ok == 0; i++)
		/* Z is set when there was no number. */
		__asm__ volatile("mrs %0, " SYSREG_STR(SYS_RNDRRS) "\n\tcset %1, ne"
				 : "=r"(*value), "=r"(ok)
				 :
				 : "cc");
	return ok != 0;
}
