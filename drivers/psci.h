/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware's PSCI (DEN0022), as a client: start CPUs, end the machine. */
#ifndef DRIVERS_PSCI_H
#define DRIVERS_PSCI_H

#include <mullion/err.h>
#include <mullion/host.h>
#include <mullion/types.h>

/** firmware_init() - remember whether there is PSCI. Boot CPU.
 * Returns ERR_NOT_FOUND when the tree has none, ERR_UNSUPPORTED when it is called by HVC, which EL2
 * cannot. */
enum err __must_check firmware_init(const struct host *host);

/** firmware_version() - PSCI version as major << 16 | minor; 0 without PSCI. §5.1.1. */
u32 firmware_version(void);

/** firmware_cpu_on() - start the CPU @mpidr at physical @entry with @context in x0. §5.1.4.
 * Returns the PSCI return code (0: accepted); -1 (NOT_SUPPORTED) without PSCI. */
s32 firmware_cpu_on(u64 mpidr, hpa_t entry, u64 context);

/** firmware_error_name() - a PSCI return code in words. */
const char *firmware_error_name(s32 code);

/** firmware_off()/firmware_reset() - SYSTEM_OFF, SYSTEM_RESET; they return only if the firmware
 * refused. */
void firmware_off(void);
void firmware_reset(void);

#endif
