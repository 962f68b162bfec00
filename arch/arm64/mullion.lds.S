/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's layout: one piece of memory, header first. Each part that is mapped differently has
 * pages of its own. Code and data of the boot lie together, to be released. The boot CPU's stacks
 * come last: they are mapped elsewhere, with guard pages. Objects lie under $(O)/core/, the name of
 * their flavour; `core/config/` is the room config.
 */
#include <abi/image.h>
#include <asm/cpu.h>
#include <asm/mmu.h>

#define BOOT_ROOMS(sections)                \
	*core/config/[a-z]*.o(sections)          \
	*core/boot/[a-z]*.o(sections)            \
	*core/component/create.o(sections)  \
	*lib/cpio.o(sections)               \
	*lib/elf.o(sections)                \
	*lib/elf_file.o(sections)           \
	*lib/file_kind.o(sections)          \
	*lib/similar.o(sections)            \
	*lib/fdt/read.o(sections)           \
	*lib/fdt/value.o(sections)          \
	*arch/arm64/early.o(sections)       \
	*arch/arm64/efi.o(sections)         \
	*arch/arm64/platform.o(sections)         \
	*arch/arm64/pure/boot.o(sections)        \
	*arch/arm64/pure/config.o(sections)      \
	*arch/arm64/pure/host.o(sections)        \
	*arch/arm64/pure/image.o(sections)

OUTPUT_ARCH(aarch64)
ENTRY(_start)

SECTIONS
{
	. = CORE_VA;
	.head : {
		_start = .;
		KEEP(*(.head))
		. = ALIGN(4096);
	}
	/*
	 * Boot code: whole rooms, and functions marked __boot. arch_leave_boot() unmaps these pages
	 * and releases them.
	 */
	_boot_begin = ABSOLUTE(_start);
	.boot.text : {
		KEEP(*(.boot.record))
		BOOT_ROOMS(.text .text.*)
		*(.boot.text)
		/* Functions of other rooms that only these call: the linker reports a change of
		 * that. */
		*(.text.str_append .text.str_copy .text.str_has_prefix .text.strncmp .text.memchr)
		*(.text.stop_machine)
		*(.text.random_add .text.random_start)
		*(.text.firmware_error_name .text.firmware_cpu_on)
		_boot_text_used = .;
		. = ALIGN(4096);
	}
	_boot_text_end = ABSOLUTE(.);
	.boot.rodata : {
		BOOT_ROOMS(.rodata .rodata.*)
		. = ALIGN(4096);
	}
	_boot_end = ABSOLUTE(.);
	.text : {
		/* First what has tables aligned to 2 KiB, so that nothing lies between. */
		*(.text.vectors)
		*(.text.entry)
		*(.text .text.*)
		_text_used = .;
		. = ALIGN(4096);
		_text_end = .;
	}
	.rodata : {
		*(.rodata .rodata.*)
		KEEP(*(.symbols))
		. = ALIGN(4096);
		_rodata_end = .;
	}
	.data : {
		*(.data .data.*)
	}
	.bss : {
		*(.bss .bss.[A-Za-z_]* COMMON)
	}
	.bss.pages : {
		. = ALIGN(4096);
		*(.bss..tables)
		. = ALIGN(4096);
		_boot_bss = .; /* given back as well */
		*(.bss..boot)
		. = ALIGN(4096);
		_bss_end = .;
		_boot_stack = .;
		. += CPU_STACK_BYTES;
		_boot_exception_stack = .;
		. += CPU_EXCEPTION_BYTES;
		_end = .;
	}
	/* For the PE header. */
	_data_bytes = ABSOLUTE(_end - _rodata_end);
	ASSERT(image_bundle_record == _start + IMAGE_BUNDLE_RECORD, "tools/pack looks elsewhere")
	ASSERT(_end <= CORE_IMAGE_END, "the core is larger than its window")
	/DISCARD/ : { *(.comment) *(.note .note.*) *(.eh_frame*) *(.gnu.hash) *(.dyn*) *(.interp) }
}

#ifndef __clang__
/* Resident code must not call or read released pages. (lld has no such check.) */
NOCROSSREFS_TO(.boot.text .text)
NOCROSSREFS_TO(.boot.rodata .text)
NOCROSSREFS_TO(.boot.text .rodata)
NOCROSSREFS_TO(.boot.text .data)
NOCROSSREFS_TO(.boot.rodata .rodata)
NOCROSSREFS_TO(.boot.rodata .data)
#endif
