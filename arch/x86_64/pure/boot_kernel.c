/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of a guest's kernel, for checks at boot and for each start of the guest. */
#include "arch/x86_64/pure/boot.h"

#include "arch/x86_64/pure/platform.h"

/* Bytes that end at 4 GiB begin at the reset vector. */
void x86_boot_raw(const struct config_guest *guest, struct x86_kernel *kernel)
{
	u64 low = guest->kernel.load_fixed ? guest->kernel.load.v : X86_LOW_MEMORY;
	u64 size = MAX(guest->kernel.size, 1);
	bool firmware = low + size == X86_HOLE_END;

	*kernel = (struct x86_kernel){
		.boot = firmware ? X86_BOOT_FIRMWARE : X86_BOOT_FLAT,
		.low = low,
		.high = low + size,
		.entry = firmware ? X86_HOLE_END - 16 : low,
		.initrd_max = UINT32_MAX,
		.cmdline_bytes = UINT32_MAX,
		.num_pieces = 1,
		.pieces = { { low, 0, guest->kernel.size } },
	};
}

void x86_boot_kernel(const struct config_guest *guest, struct x86_kernel *kernel)
{
	const char *why;

	if (guest->kernel_type == X86_KERNEL_RAW ||
	    x86_kernel_read(guest->kernel.data, guest->kernel.size, kernel, &why) != OK)
		x86_boot_raw(guest, kernel);
	else
		x86_kernel_move(kernel, guest->kernel.load.v);
}
