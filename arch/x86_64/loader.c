/* SPDX-License-Identifier: Apache-2.0 */
/* The boot loader's information (pure/loader.c), and the search for ACPI's root pointer where the
 * loader has not found it. */
#include "arch/x86_64/boot.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <mullion/bytes.h>
#include <mullion/log.h>
#include <mullion/space.h>

/* The root pointer's usual places (ACPI 6.5 §5.2.5.1). */
#define BIOS_AREA       0xe0000u
#define BIOS_AREA_BYTES 0x20000u
#define EBDA_POINTER    0x40eu /* its segment */
#define EBDA_BYTES      0x400u

__boot const u8 *map_firmware(void *context, u64 pa, u64 bytes)
{
	(void)context;
	return arch_map(HPA(pa), bytes, SPACE_READ);
}

__boot static u64 find_rsdp(u64 pa, u64 bytes)
{
	const u8 *area = map_firmware(NULL, pa, bytes);

	return area != NULL ? acpi_find_rsdp(area, pa, bytes) : 0;
}

__boot void loader_read(u32 loader, u32 info, struct host_facts *facts)
{
	const struct acpi_memory memory = { .map = map_firmware };
	const u8 *ebda = map_firmware(NULL, EBDA_POINTER, sizeof(u16));
	const char *what;

	if (loader_parse(&memory, loader, info, facts, &what) != OK)
		stop_machine("the boot loader's %s at 0x%x cannot be used: start the core by "
			     "another loader (docs/x86-64.md)",
			     what, info);
	if (facts->rsdp == 0)
		facts->rsdp = find_rsdp(BIOS_AREA, BIOS_AREA_BYTES);
	if (facts->rsdp == 0 && ebda != NULL && load16(ebda) != 0)
		facts->rsdp = find_rsdp((u64)load16(ebda) << 4, EBDA_BYTES);
}
