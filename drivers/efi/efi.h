/* SPDX-License-Identifier: Apache-2.0 */
/* The part of UEFI that the core uses until the end of boot services (UEFI 2.9 §4, §7). */
#ifndef DRIVERS_EFI_EFI_H
#define DRIVERS_EFI_EFI_H

#include <mullion/types.h>

/* UEFI's calling convention, where it is not the compiler's. */
#ifdef __x86_64__
#define EFI_CALL __attribute__((ms_abi))
#else
#define EFI_CALL
#endif

#define EFI_ERROR             (UINT64_C(1) << 63)
#define EFI_INVALID_PARAMETER (EFI_ERROR | 2)
#define EFI_UNSUPPORTED       (EFI_ERROR | 3)
#define EFI_BUFFER_TOO_SMALL  (EFI_ERROR | 5)

#define EFI_ALLOCATE_MAX 1 /* the address is the highest that will do */
#define EFI_LOADER_CODE  1
#define EFI_LOADER_DATA  2

#define EFI_EXIT_TRIES 8
#define EFI_MAP_SLACK  4096 /* the map may grow between asking its size and using it */

typedef __CHAR16_TYPE__ char16;
typedef u64 efi_status;

struct efi_guid {
	u32 a;
	u16 b, c;
	u8 d[8];
};

struct efi_text_output {
	void *reset;
	efi_status(EFI_CALL *output_string)(struct efi_text_output *self, const char16 *text);
};

struct efi_boot_services {
	u8 header[24];
	void *tpl[2];
	efi_status(EFI_CALL *allocate_pages)(u32 how, u32 type, u64 pages, u64 *address);
	void *free_pages;
	efi_status(EFI_CALL *get_memory_map)(u64 *bytes, void *map, u64 *key, u64 *entry_bytes,
					     u32 *version);
	efi_status(EFI_CALL *allocate_pool)(u32 type, u64 bytes, void **buffer);
	void *unused[20];
	efi_status(EFI_CALL *exit_boot_services)(void *handle, u64 key);
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

/* The firmware's memory map, and the room that it lies in. */
struct efi_map {
	void *at;
	u64 room, bytes, entry_bytes;
};

/** efi_find() - the firmware's table of @guid, or NULL. */
static inline const void *efi_find(const struct efi_system_table *system,
				   const struct efi_guid *guid)
{
	for (u64 i = 0; i < system->num_tables; i++) {
		const struct efi_guid *its = &system->tables[i].guid;
		bool same = its->a == guid->a && its->b == guid->b && its->c == guid->c;

		for (u32 j = 0; same && j < sizeof(guid->d); j++)
			same = its->d[j] == guid->d[j];
		if (same)
			return system->tables[i].table;
	}
	return NULL;
}

/** efi_print() - on the firmware's console, before the end of boot services. */
static inline void efi_print(struct efi_system_table *system, const char16 *text)
{
	if (system->out != NULL)
		system->out->output_string(system->out, text);
}

/** efi_map_room() - *@room: bytes for the memory map, with slack. */
static inline efi_status efi_map_room(struct efi_boot_services *boot, u64 *room)
{
	u64 key, entry_bytes;
	u32 version;
	efi_status status;

	*room = 0;
	status = boot->get_memory_map(room, NULL, &key, &entry_bytes, &version);
	if (status != EFI_BUFFER_TOO_SMALL)
		return status | EFI_ERROR;
	*room += EFI_MAP_SLACK;
	return 0;
}

/** efi_exit_boot() - end boot services; the map at that time is in @map. After the first try only
 * GetMemoryMap may be called, so the room has slack from the start. */
static inline efi_status efi_exit_boot(struct efi_boot_services *boot, void *handle,
				       struct efi_map *map)
{
	efi_status status = 0;
	u64 key;
	u32 version;

	for (u32 i = 0; i < EFI_EXIT_TRIES; i++) {
		map->bytes = map->room;
		status = boot->get_memory_map(&map->bytes, map->at, &key, &map->entry_bytes,
					      &version);
		if (status != 0)
			break;
		status = boot->exit_boot_services(handle, key);
		if (status != EFI_INVALID_PARAMETER)
			break;
		/* The map changed meanwhile: once more. */
	}
	return status;
}

#endif
