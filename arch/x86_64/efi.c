/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Started as an EFI application: copy the core below 4 GiB, end boot services, continue in the
 * copy. Runs with the firmware's tables and stack, where the image was loaded. So it is compiled as
 * position-independent code, and no address of anything may stand in static data.
 */
#include "arch/x86_64/efi.h"

#include "drivers/efi/efi.h"
#include <abi/image.h>
#include <mullion/string.h>

#define COPY_END UINT64_C(0xffffffff)

extern __attribute__((visibility("hidden"))) const u8 _start[], _end[];

static const void *efi_rsdp(const struct efi_system_table *system)
{
	/* EFI_ACPI_20_TABLE_GUID, ACPI_TABLE_GUID (UEFI 2.9 §4.6.1) */
	static const struct efi_guid later = {
		0x8868e871, 0xe4f1, 0x11d3, { 0xbc, 0x22, 0x00, 0x80, 0xc7, 0x3c, 0x88, 0x81 }
	};
	static const struct efi_guid first = {
		0xeb9d2d30, 0x2d88, 0x11d3, { 0x9a, 0x16, 0x00, 0x90, 0x27, 0x3f, 0xc1, 0x4d }
	};
	const void *rsdp = efi_find(system, &later);

	return rsdp != NULL ? rsdp : efi_find(system, &first);
}

/* One piece: the core, the record, the memory map. */
static efi_status copy_core(struct efi_boot_services *boot, struct efi_copy *copy,
			    struct efi_map *map)
{
	u64 core_bytes = ALIGN_UP((u64)(_end - _start), PAGE_SIZE), address = COPY_END;
	efi_status status = efi_map_room(boot, &map->room);

	if (status != 0)
		return status;
	/* Code: the firmware may map data as not executable. */
	status = boot->allocate_pages(EFI_ALLOCATE_MAX, EFI_LOADER_CODE,
				      (core_bytes + PAGE_SIZE + map->room) / PAGE_SIZE + 1,
				      &address);
	if (status != 0)
		return status;
	copy->core = address;
	copy->record = (struct efi_record *)(address + core_bytes);
	map->at = (void *)(address + core_bytes + PAGE_SIZE);
	memcpy((void *)address, _start, (u64)(_end - _start));
	return 0;
}

u64 efi_boot(void *handle, struct efi_system_table *system, struct efi_copy *copy)
{
	struct efi_map map = { 0 };
	efi_status status = copy_core(system->boot, copy, &map);

	if (status != 0) {
		efi_print(system, u"mullion: no memory below 4 GiB for the core.\r\n");
		return status;
	}
	*copy->record = (struct efi_record){
		.image = (u64)_start,
		.rsdp = (u64)efi_rsdp(system),
		.map = (u64)map.at,
	};
	status = efi_exit_boot(system->boot, handle, &map);
	copy->record->map_bytes = map.bytes;
	copy->record->entry_bytes = map.entry_bytes;
	if (status != 0)
		efi_print(system, u"mullion: the firmware did not end its boot services.\r\n");
	return status;
}
