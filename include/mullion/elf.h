/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of a component: a static ELF executable, 64-bit, little-endian, for AArch64. The
 * headers alone are read, once, at boot; every offset in them is foreign until checked.
 */
#ifndef MULLION_ELF_H
#define MULLION_ELF_H

#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/types.h>

struct elf_program {
	u64 entry; /* within an executable segment */
	u32 num_segments;
	struct config_segment segments[CONFIG_MAX_SEGMENTS]; /* rising addresses, no overlap */
};

/* Where segments may lie: below the largest stack, whose top is COMPONENT_STACK. */
#define ELF_STACK_MAX MIB(1)

/** elf_read() - what @program is loaded from: the PT_LOAD segments of the @size bytes at @data,
 * which must stay. Return: ERR_FORMAT when it is no ELF file or a header leaves the file,
 * ERR_UNSUPPORTED for another machine or a program that is not static, ERR_TOO_BIG for more than
 * CONFIG_MAX_SEGMENTS segments, ERR_DENIED for one that is writable and executable, ERR_RANGE
 * outside of a component's space, ERR_OVERLAP for two on one page, ERR_INVALID for what else makes
 * no sense; *@why then says what is wrong, in words that follow the file's name. Any context.
 * (System V ABI, Object Files; ELF for the Arm 64-bit Architecture.) */
enum err __must_check elf_read(const void *data, size_t size, struct elf_program *program,
			       const char **why);

#endif
