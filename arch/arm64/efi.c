/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Started as an EFI application: find the device tree, end boot services, continue as if started as
 * an Image. Runs with the firmware's MMU and stack, where the image was loaded, so no address of
 * anything may stand in static data. (UEFI 2.9 §4, §7.)
 */
#include <mullion/types.h>

#include "arch/arm64/efi.h"
#include "drivers/efi/efi.h"
#include <asm/sysreg.h>

#define FDT_MAGIC_LE 0xedfe0dd0u

u64 efi_boot(void *handle, struct efi_system_table *system, const void **tree)
{
	/* EFI_DTB_GUID */
	static const struct efi_guid guid = {
		0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 }
	};
	struct efi_map map = { 0 };
	efi_status status;

	if (read_sysreg(CurrentEL) != CURRENTEL_EL2) {
		efi_print(system, u"mullion: the firmware runs at EL1, but the hypervisor needs "
				  u"EL2 (QEMU virt: -machine virtualization=on).\r\n");
		return EFI_UNSUPPORTED;
	}
	*tree = efi_find(system, &guid);
	if (*tree == NULL || *(const u32 *)*tree != FDT_MAGIC_LE) {
		efi_print(system, u"mullion: no device tree from the firmware; start QEMU with "
				  u"-machine acpi=off, or let the firmware give one.\r\n");
		return EFI_UNSUPPORTED;
	}
	status = efi_map_room(system->boot, &map.room);
	if (status == 0)
		status = system->boot->allocate_pool(EFI_LOADER_DATA, map.room, &map.at);
	if (status == 0)
		status = efi_exit_boot(system->boot, handle, &map);
	if (status != 0)
		efi_print(system, u"mullion: the firmware did not end its boot services.\r\n");
	return status;
}
