/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ARM64_EFI_H
#define ARM64_EFI_H

#include <mullion/types.h>

struct efi_system_table;

/** efi_boot() - from head.S: leave the firmware with the device tree in @tree.
 * Returns 0 if boot services have ended, else the status for the firmware, after printing the
 * reason. */
u64 efi_boot(void *handle, struct efi_system_table *system, const void **tree);

#endif
