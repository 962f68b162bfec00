/* SPDX-License-Identifier: Apache-2.0 */
/* PSCI client; see psci.h. Calls follow SMCCC (DEN0028): x0-x3 in, x0 out, x4-x17 may change. */
#include "drivers/psci.h"

#define PSCI_VERSION      0x84000000u
#define PSCI_CPU_ON       0xc4000003u
#define PSCI_SYSTEM_OFF   0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u
#define NOT_SUPPORTED     (-1)

static bool usable;

static s64 call(u32 function, u64 a, u64 b, u64 c)
{
	register u64 x0 __asm__("x0") = function;
	register u64 x1 __asm__("x1") = a;
	register u64 x2 __asm__("x2") = b;
	register u64 x3 __asm__("x3") = c;

	if (!usable)
		return NOT_SUPPORTED;
	__asm__ volatile("smc #0"
			 : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)
			 :
			 : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
			   "x15", "x16", "x17", "memory");
	return (s64)x0;
}

__boot enum err firmware_init(const struct host *host)
{
	/* HVC at EL2 traps to EL2: only SMC reaches the firmware. */
	usable = host->arch.arm64.psci == HOST_PSCI_SMC;
	return usable                                   ? OK
	       : host->arch.arm64.psci == HOST_PSCI_HVC ? ERR_UNSUPPORTED
							: ERR_NOT_FOUND;
}

u32 firmware_version(void)
{
	s64 version = call(PSCI_VERSION, 0, 0, 0);

	return version < 0 ? 0 : (u32)version;
}

s32 firmware_cpu_on(u64 mpidr, hpa_t entry, u64 context)
{
	return (s32)call(PSCI_CPU_ON, mpidr, entry.v, context);
}

const char *firmware_error_name(s32 code)
{
	/* DEN0022 §5.2.2, from -1 on. */
	static const char *const names[] = { "NOT_SUPPORTED",  "INVALID_PARAMETERS",
					     "DENIED",         "ALREADY_ON",
					     "ON_PENDING",     "INTERNAL_FAILURE",
					     "NOT_PRESENT",    "DISABLED",
					     "INVALID_ADDRESS" };

	if (code == 0)
		return "SUCCESS";
	if (code < 0 && -code <= (s32)ARRAY_SIZE(names))
		return names[-code - 1];
	return "unknown";
}

void firmware_off(void)
{
	call(PSCI_SYSTEM_OFF, 0, 0, 0);
}

void firmware_reset(void)
{
	call(PSCI_SYSTEM_RESET, 0, 0, 0);
}
