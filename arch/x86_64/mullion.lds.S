/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's layout: one piece of memory, at CORE_PA in the ELF file. The headers for loaders come
 * before it, in a page that is not used later. Parts that are mapped
 * differently have pages of their own. Boot code lies together, to be given back. The boot CPU's
 * stacks come last: they are mapped elsewhere, with guard pages.
 */
#include <abi/image.h>
#include <asm/cpu.h>
#include <asm/mmu.h>

#define OFFSET (CORE_VA - CORE_PA)

#define BOOT_ROOMS(sections)                \
	*core/config/[a-z]*.o(sections)          \
	*core/boot/[a-z]*.o(sections)            \
	*core/component/create.o(sections)  \
	*lib/cpio.o(sections)               \
	*lib/date.o(sections)               \
	*lib/elf.o(sections)                \
	*lib/similar.o(sections)            \
	*lib/fdt/read.o(sections)           \
	*lib/fdt/value.o(sections)          \
	*arch/x86_64/describe.o(sections)        \
	*arch/x86_64/efi.o(sections)             \
	*arch/x86_64/loader.o(sections)          \
	*arch/x86_64/platform.o(sections)        \
	*arch/x86_64/rtc.o(sections)             \
	*arch/x86_64/stages.o(sections)          \
	*arch/x86_64/pure/acpi.o(sections)       \
	*arch/x86_64/pure/boot.o(sections)       \
	*arch/x86_64/pure/cmos.o(sections)       \
	*arch/x86_64/pure/handover.o(sections)   \
	*arch/x86_64/pure/host.o(sections)       \
	*arch/x86_64/pure/host_tree.o(sections)  \
	*arch/x86_64/pure/loader.o(sections)     \
	*arch/x86_64/pure/mtrr.o(sections)       \
	*arch/x86_64/pure/platform.o(sections)

OUTPUT_ARCH(i386:x86-64)
ENTRY(_entry)

PHDRS
{
	core PT_LOAD FLAGS(7);
	note PT_NOTE FLAGS(4);
}

SECTIONS
{
	. = CORE_VA - IMAGE_SETUP_BYTES;
	.setup : AT(ADDR(.setup) - OFFSET) {
		KEEP(*(.setup))
	} :core
	.head : AT(ADDR(.head) - OFFSET) {
		_start = .;
		KEEP(*(.head))
		ASSERT(. - _start <= 4096, "the way in must lie in one page");
	} :core
	.note : AT(ADDR(.note) - OFFSET) {
		KEEP(*(.note.pvh))
	} :core :note
	/*
	 * Boot code: whole rooms, and functions marked __boot. arch_leave_boot() unmaps these
	 * pages and gives them back.
	 */
	_boot_begin = ABSOLUTE(_start);
	.boot.text : AT(ADDR(.boot.text) - OFFSET) {
		BOOT_ROOMS(.text .text.*)
		*(.boot.text)
		/* Functions of other rooms that only boot code uses; the linker verifies it. */
		*(.text.str_append .text.str_has_prefix .text.strncmp .text.memchr)
		*(.text.stop_machine)
		*(.text.random_add .text.random_start)
		_boot_text_used = .;
		. = ALIGN(4096);
	} :core
	_boot_text_end = ABSOLUTE(.);
	.boot.rodata : AT(ADDR(.boot.rodata) - OFFSET) {
		*(.boot.tables)
		BOOT_ROOMS(.rodata .rodata.*)
		. = ALIGN(4096);
	} :core
	_boot_end = ABSOLUTE(.);
	.text : AT(ADDR(.text) - OFFSET) {
		*(.text .text.*)
		_text_used = .;
		. = ALIGN(4096);
		_text_end = .;
	} :core
	.rodata : AT(ADDR(.rodata) - OFFSET) {
		*(.rodata .rodata.*)
		KEEP(*(.symbols))
		. = ALIGN(4096);
		_rodata_end = .;
	} :core
	.data : AT(ADDR(.data) - OFFSET) {
		*(.data .data.*)
		_file_end = .;
	} :core
	.bss : AT(ADDR(.bss) - OFFSET) {
		*(.bss .bss.[A-Za-z_]* COMMON)
		. = ALIGN(4096);
		*(.bss..tables)
		. = ALIGN(4096);
		_boot_bss = .; /* given back as well */
		*(.bss..boot)
		. = ALIGN(4096);
		_bss_end = .;
		_boot_stack = .;
		. += CPU_STACK_BYTES;
		_boot_fatal_stack = .;
		. += CPU_EXCEPTION_BYTES;
		_boot_nmi_stack = .;
		. += CPU_EXCEPTION_BYTES;
		_end = .;
	} :core
	_entry = ABSOLUTE(entry32 - OFFSET);
	/* Numbers for the headers in setup.S. */
	_image_bytes = ABSOLUTE(_end - _start);
	_image_paragraphs = ABSOLUTE((_end - _start) / 16);
	_code_bytes = ABSOLUTE(_rodata_end - _start);
	_data_bytes = ABSOLUTE(_end - _rodata_end);
	_efi_offset = ABSOLUTE(efi_entry - _start);
	ASSERT(_end <= CORE_IMAGE_END, "the core is larger than its window")
	/DISCARD/ : {
		*(.comment) *(.note.gnu* .note.GNU*) *(.eh_frame*) *(.gnu.hash) *(.dyn*) *(.interp)
	}
}

#ifndef __clang__
/* Code that stays must not call or read code that is given back. (lld has no such check.) */
NOCROSSREFS_TO(.boot.text .text)
NOCROSSREFS_TO(.boot.rodata .text)
NOCROSSREFS_TO(.boot.text .rodata)
NOCROSSREFS_TO(.boot.text .data)
NOCROSSREFS_TO(.boot.rodata .rodata)
NOCROSSREFS_TO(.boot.rodata .data)
#endif
