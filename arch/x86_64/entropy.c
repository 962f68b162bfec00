/* SPDX-License-Identifier: Apache-2.0 */
/* The CPU's own random numbers (RDRAND, Intel SDM vol. 1 §7.3.17), for the core's generator. */
#include "arch/x86_64/boot.h"
#include <asm/sysreg.h>

#define TRIES 16 /* the manual recommends ten */

__boot bool cpu_random(u64 *value)
{
	bool ok = false;

	*value = read_tsc();
	if ((cpuid(1, 0).c & BIT(30)) == 0)
		return false;
	for (u32 i = 0; i < TRIES && !ok; i++)
		__asm__ volatile("rdrand %0" : "=r"(*value), "=@ccc"(ok));
	return ok;
}
