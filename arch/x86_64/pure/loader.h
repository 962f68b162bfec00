/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot loader's information: foreign data, so every count and length is bounded. PVH is Xen's
 * include/public/arch-x86/hvm/start_info.h, as QEMU and Linux use it. Others: multiboot2
 * (specification 2.0 §3.6), Linux's zero page (Documentation/arch/x86/zero-page.rst), UEFI.
 */
#ifndef X86_64_PURE_LOADER_H
#define X86_64_PURE_LOADER_H

/* Loaders, by their protocol. */
#define LOADER_PVH        1
#define LOADER_MULTIBOOT2 2
#define LOADER_LINUX      3
#define LOADER_EFI        4

#ifndef __ASSEMBLER__
#include "arch/x86_64/pure/acpi.h"

/* The record that efi.c leaves for the core. */
struct efi_record {
	u64 scratch; /* start.S has a stack here */
	u64 image;   /* where the firmware has loaded the core: its bundle lies behind it */
	u64 rsdp;    /* 0: none */
	u64 map, map_bytes, entry_bytes;
};

/** loader_parse() - memory map, modules, command line and RSDP at @info into @facts. Pure.
 * ERR_FORMAT when something cannot be read or is not what the protocol says: *@what names it. */
enum err __must_check loader_parse(const struct acpi_memory *memory, u32 loader, u64 info,
				   struct host_facts *facts, const char **what);
/** loader_name() - of the protocol. Pure. */
const char *loader_name(u32 loader);
#endif

#endif
