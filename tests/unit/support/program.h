/* SPDX-License-Identifier: Apache-2.0 */
/* The smallest program of a component: an ELF file with one segment. */
#ifndef TESTS_SUPPORT_PROGRAM_H
#define TESTS_SUPPORT_PROGRAM_H

#include <abi/component.h>

#include "support/elf_header.h"

struct program {
	Elf64_Ehdr header;
	Elf64_Phdr segment;
	uint32_t text[4];
};

/** program_make() - a program for the ELF @machine (EM_AARCH64 and so on). */
static inline struct program program_make(uint16_t machine)
{
	return (struct program){
		.header = elf_header(machine, COMPONENT_TEXT + offsetof(struct program, text), 1),
		.segment = { .p_type = PT_LOAD,
			     .p_flags = PF_R | PF_X,
			     .p_vaddr = COMPONENT_TEXT,
			     .p_filesz = sizeof(struct program),
			     .p_memsz = sizeof(struct program) },
	};
}

#endif
