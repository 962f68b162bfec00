/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's layout: one piece of memory, header first, each part that is mapped differently on
 * pages of its own. The boot CPU's stacks come last: they are mapped elsewhere, with guard pages.
 */
#include <asm/cpu.h>
#include <asm/mmu.h>

OUTPUT_ARCH(aarch64)
ENTRY(_start)

SECTIONS
{
	. = CORE_VA;
	.text : {
		_start = .;
		KEEP(*(.head))
		*(.text .text.*)
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
		*(.bss .bss.* COMMON)
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
	ASSERT(_end <= CORE_IMAGE_END, "the core is larger than its window")
	/DISCARD/ : { *(.comment) *(.note .note.*) *(.eh_frame*) *(.gnu.hash) *(.dyn*) *(.interp) }
}
