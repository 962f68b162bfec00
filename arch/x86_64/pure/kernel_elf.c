/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF kernels of 32 and 64 bits, loaded at their segments' physical addresses. The entry is that of
 * the PVH note (xen.org, "x86/HVM direct boot ABI") or the file's own.
 */
#include "arch/x86_64/pure/kernel_parts.h"

#include <mullion/bytes.h>
#include <mullion/elf_file.h>

#define NOTES_MAX    64 /* notes of a segment that are read */
#define PHYS32_ENTRY 18

enum err kernel_elf_load(const u8 *data, size_t size, struct x86_kernel *kernel, const char **why)
{
	struct elf_file file;
	struct elf_load load;
	enum err err;

	*why = "is no ELF file; build or fetch it again";
	if (elf_open(data, size, &file) != OK)
		return ERR_INVALID;
	*why = "is an ELF file of another architecture; name one for x86-64";
	if (!file.little || !file.current)
		return ERR_UNSUPPORTED;
	if (file.machine != ELF_386 && file.machine != ELF_X86_64)
		return ERR_UNSUPPORTED;
	err = elf_load(&file, X86_KERNEL_LIMIT, &load, why);
	if (err != OK)
		return err;
	kernel->low = load.low;
	kernel->high = load.high;
	kernel->entry = load.entry;
	kernel->file_bytes = size;
	kernel->num_pieces = load.num_pieces;
	for (u32 i = 0; i < load.num_pieces; i++)
		kernel->pieces[i] = (struct x86_piece){ load.pieces[i].gpa, load.pieces[i].offset,
							load.pieces[i].bytes };
	return OK;
}

/* The entry in the notes of one segment; 0: none. */
static u64 find_note(const struct elf_file *elf, const struct elf_segment *s)
{
	u64 at = s->offset, end = s->offset + s->bytes;

	for (u32 i = 0; i < NOTES_MAX && end - at >= 12; i++) {
		const u8 *note = elf->data + at;
		u64 name = ALIGN_UP((u64)load32(note), 4), desc = load32(note + 4);

		if (name > end - at - 12 || ALIGN_UP(desc, 4) > end - at - 12 - name)
			return 0;
		if (load32(note + 8) == PHYS32_ENTRY && load32(note) == 4 && note[12] == 'X' &&
		    note[13] == 'e' && note[14] == 'n' && note[15] == 0 && desc >= 4)
			return load32(note + 12 + name);
		at += 12 + name + ALIGN_UP(desc, 4);
	}
	return 0;
}

static u64 pvh_entry(const u8 *data, size_t size)
{
	struct elf_file elf;

	if (elf_open(data, size, &elf) != OK || !elf_has_segments(&elf) || !elf_is_inside(&elf))
		return 0;
	for (u32 i = 0; i < elf.count; i++) {
		struct elf_segment s = elf_segment(&elf, i);
		u64 entry;

		if (s.type != ELF_PT_NOTE || s.offset > size || s.bytes > size - s.offset)
			continue;
		entry = find_note(&elf, &s);
		if (entry != 0)
			return entry;
	}
	return 0;
}

enum err kernel_elf_read(const u8 *data, size_t size, struct x86_kernel *kernel, const char **why)
{
	u64 entry = pvh_entry(data, size);
	enum err err;

	if (entry == 0 && multiboot_version(data, size) != 0)
		return multiboot_read(data, size, kernel, why);
	err = kernel_elf_load(data, size, kernel, why);
	if (err != OK)
		return err;
	*why = "is an ELF file without a PVH note or Multiboot header; name the bzImage";
	if (entry == 0)
		return ERR_UNSUPPORTED;
	*why = "has its PVH entry outside of its memory; build or fetch it again";
	if (entry < kernel->low || entry >= kernel->high)
		return ERR_INVALID;
	kernel->boot = X86_BOOT_PVH;
	kernel->entry = entry;
	return OK;
}
