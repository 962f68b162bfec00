/* SPDX-License-Identifier: Apache-2.0 */
/* Between efi.c, which runs under the firmware, and start.S. */
#ifndef X86_64_EFI_H
#define X86_64_EFI_H

#include "arch/x86_64/pure/loader.h"

struct efi_system_table;

/* Known to start.S. */
struct efi_copy {
	u64 core; /* physical address of the copy, below 4 GiB */
	struct efi_record *record;
};

/** efi_boot() - from start.S: leave the firmware, with a copy of the core at @copy. Returns 0 if
 * boot services have ended, else the status for the firmware, after printing the reason. */
u64 efi_boot(void *handle, struct efi_system_table *system, struct efi_copy *copy);

#endif
