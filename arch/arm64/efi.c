/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Started as an EFI application: find the device tree, end boot services, continue as if started as
 * an Image. Runs with the firmware's MMU and stack, where the image was loaded, so no address of
 * anything may stand in static data. (UEFI 2.9 §4, §7.)
 */
#include <mullion/types.h>

#include "arch/arm64/efi.h"
#include <asm/sysreg.h>

#define EFI_ERROR             (UINT64_C(1) << 63)
#define EFI_INVALID_PARAMETER (EFI_ERROR | 2)
#define EFI_UNSUPPORTED       (EFI_ERROR | 3)
#define EFI_BUFFER_TOO_SMALL  (EFI_ERROR | 5)
#define EFI_LOADER_DATA       2
#define EXIT_TRIES            8
#define MAP_SLACK             4096 /* the map may grow between asking its size and using it */
#define FDT_MAGIC_LE          0xedfe0dd0u

typedef u64 efi_status;

struct efi_guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

struct efi_text_output {
	void *reset;
	efi_status (*output_string)(struct efi_text_output *self, const char16 *text);
};

struct efi_boot_services {
	u8 header[24];
	void *tpl[2];
	void *pages[2];
	efi_status (*get_memory_map)(u64 *bytes, void *map, u64 *key, u64 *entry_bytes,
				     u32 *version);
	efi_status (*allocate_pool)(u32 type, u64 bytes, void **buffer);
	void *unused[20];
	efi_status (*exit_boot_services)(void *handle, u64 key);
};

_Static_assert(offsetof(struct efi_boot_services, exit_boot_services) == 232, "UEFI 2.9 §4.4");

struct efi_table {
	struct efi_guid guid;
	const void *table;
};

struct efi_system_table {
	u8 header[24];
	const char16 *vendor;
	u32 revision;
	void *in[2];
	void *out_handle;
	struct efi_text_output *out;
	void *err[2];
	void *runtime;
	struct efi_boot_services *boot;
	u64 num_tables;
	const struct efi_table *tables;
};

_Static_assert(offsetof(struct efi_system_table, tables) == 112, "UEFI 2.9 §4.3");

static const void *efi_tree(const struct efi_system_table *system)
{
	/* EFI_DTB_GUID, b1b621d5-f19c-41a5-830b-d9152c69aae0. */
	static const struct efi_guid tree = {
		0xb1b621d5, 0xf19c, 0x41a5, { 0x83, 0x0b, 0xd9, 0x15, 0x2c, 0x69, 0xaa, 0xe0 }
	};

	for (u64 i = 0; i < system->num_tables; i++) {
		const struct efi_table *entry = &system->tables[i];
		bool same = entry->guid.a == tree.a && entry->guid.b == tree.b &&
			    entry->guid.c == tree.c;

		for (u32 j = 0; same && j < sizeof(tree.d); j++)
			same = entry->guid.d[j] == tree.d[j];
		if (same && entry->table != NULL && *(const u32 *)entry->table == FDT_MAGIC_LE)
			return entry->table;
	}
	return NULL;
}

static void print(struct efi_system_table *system, const char16 *text)
{
	if (system->out != NULL)
		system->out->output_string(system->out, text);
}

/* After the first try only GetMemoryMap may be called, so the buffer has slack from the start. */
static efi_status exit_boot(struct efi_boot_services *boot, void *handle)
{
	u64 room = 0, bytes, key, entry_bytes;
	u32 version;
	void *map;
	efi_status status;

	status = boot->get_memory_map(&room, NULL, &key, &entry_bytes, &version);
	if (status != EFI_BUFFER_TOO_SMALL)
		return status | EFI_ERROR;
	room += MAP_SLACK;
	status = boot->allocate_pool(EFI_LOADER_DATA, room, &map);
	for (u32 i = 0; status == 0 && i < EXIT_TRIES; i++) {
		bytes = room;
		status = boot->get_memory_map(&bytes, map, &key, &entry_bytes, &version);
		if (status != 0)
			break;
		status = boot->exit_boot_services(handle, key);
		if (status != EFI_INVALID_PARAMETER)
			break;
		status = i + 1 < EXIT_TRIES ? 0 : status; /* the map changed meanwhile: once more */
	}
	return status;
}

u64 efi_boot(void *handle, struct efi_system_table *system, const void **tree)
{
	efi_status status;

	if (read_sysreg(CurrentEL) != CURRENTEL_EL2) {
		print(system, u"mullion: the firmware runs at EL1, but the hypervisor needs EL2 "
			      u"(QEMU virt: -machine virtualization=on).\r\n");
		return EFI_UNSUPPORTED;
	}
	*tree = efi_tree(system);
	if (*tree == NULL) {
		print(system, u"mullion: no device tree from the firmware; start QEMU with "
			      u"-machine acpi=off, or let the firmware give one.\r\n");
		return EFI_UNSUPPORTED;
	}
	status = exit_boot(system->boot, handle);
	if (status != 0)
		print(system, u"mullion: the firmware did not end its boot services.\r\n");
	return status;
}
