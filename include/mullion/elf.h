/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of a component: a static ELF executable, 64-bit, little-endian, for AArch64. The
 * headers alone are read, once, at boot; every offset in them is foreign until checked.
 */
#ifndef MULLION_ELF_H
#define MULLION_ELF_H

#include <mullion/config.h>
#include <mullion/elf_file.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct elf_program {
	u64 entry; /* within an executable segment */
	u32 num_segments;
	struct config_segment segments[CONFIG_MAX_SEGMENTS]; /* rising addresses, no overlap */
};

/* Where segments may lie: below the largest stack, whose top is COMPONENT_STACK. */
#define ELF_STACK_MAX MIB(1)

/** elf_read() - read the PT_LOAD segments of the @size bytes at @data, which must remain. @machine:
 * the file's e_machine. Any context. *@why: the reason of an error, as text to follow the file's
 * name. ERR_FORMAT: no ELF file, or a header beyond the file. ERR_UNSUPPORTED: another machine, or
 * a program that is not static. ERR_TOO_BIG: more than CONFIG_MAX_SEGMENTS segments. ERR_DENIED: a
 * segment is writable and executable. ERR_RANGE: outside of a component's space. ERR_OVERLAP: two
 * segments on one page. ERR_INVALID: another contradiction. (System V ABI, Object Files; ELF for
 * the Arm 64-bit Architecture.) */
enum err __must_check elf_read(const void *data, size_t size, u16 machine,
			       struct elf_program *program, const char **why);

#endif
