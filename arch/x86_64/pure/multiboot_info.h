/* SPDX-License-Identifier: Apache-2.0 */
/* The information that a Multiboot kernel gets: at X86_BLOCK_INFO, and in a part of the block. */
#ifndef X86_PURE_MULTIBOOT_INFO_H
#define X86_PURE_MULTIBOOT_INFO_H

#include "arch/x86_64/pure/boot.h"

#define MULTIBOOT_LOADER_1 0x2badb002u
#define MULTIBOOT_LOADER_2 0x36d76289u

/** multiboot_write_1(), multiboot_write_2() - the information of @guest into its block. */
void multiboot_write_1(const struct config_guest *guest, u8 *block);
void multiboot_write_2(const struct config_guest *guest, u8 *block);

/** multiboot_info() - where the information of Multiboot version @version is. */
u64 multiboot_info(u32 version);

#endif
