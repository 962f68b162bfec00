/* SPDX-License-Identifier: Apache-2.0 */
/* The header of an ELF file of 64 bits, with its program headers right behind it. */
#ifndef TESTS_SUPPORT_ELF_HEADER_H
#define TESTS_SUPPORT_ELF_HEADER_H

#include <elf.h>

/** elf_header() - of a program for the ELF @machine (EM_AARCH64 and so on) with @num segments. */
static inline Elf64_Ehdr elf_header(Elf64_Half machine, Elf64_Addr entry, Elf64_Half num)
{
	return (Elf64_Ehdr){ .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64,
					  ELFDATA2LSB, EV_CURRENT },
			     .e_type = ET_EXEC,
			     .e_machine = machine,
			     .e_version = EV_CURRENT,
			     .e_entry = entry,
			     .e_phoff = sizeof(Elf64_Ehdr),
			     .e_phentsize = sizeof(Elf64_Phdr),
			     .e_phnum = num };
}

#endif
