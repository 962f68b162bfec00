/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ELF kernels of 32 and 64 bits, loaded at their segments' physical addresses. The entry is that of
 * the PVH note (xen.org, "x86/HVM direct boot ABI") or the file's own.
 */
#include "arch/x86_64/pure/kernel_parts.h"

#include <mullion/bytes.h>

#define EI_CLASS     4
#define CLASS_32     1
#define CLASS_64     2
#define EM_386       3
#define EM_X86_64    62
#define PT_LOAD      1
#define PT_NOTE      4
#define HEADERS_MAX  64 /* program headers that are read */
#define NOTES_MAX    64 /* notes of a segment that are read */
#define PHYS32_ENTRY 18

static const char damaged[] = "has program headers outside of the file or of memory; build or "
			      "fetch it again";

struct segment {
	u32 type;
	u64 offset, gpa, bytes, memory;
};

struct elf {
	const u8 *data;
	u64 size, headers, entry;
	u32 count, header_bytes;
	bool wide;
};

static enum err open_elf(const u8 *data, size_t size, struct elf *elf)
{
	u16 machine;

	if (size < 64 || (data[EI_CLASS] != CLASS_32 && data[EI_CLASS] != CLASS_64))
		return ERR_INVALID;
	*elf = (struct elf){ .data = data, .size = size, .wide = data[EI_CLASS] == CLASS_64 };
	machine = load16(data + 18);
	if (machine != EM_386 && machine != EM_X86_64)
		return ERR_UNSUPPORTED;
	elf->entry = elf->wide ? load64(data + 24) : load32(data + 24);
	elf->headers = elf->wide ? load64(data + 32) : load32(data + 28);
	elf->header_bytes = load16(data + (elf->wide ? 54 : 42));
	elf->count = load16(data + (elf->wide ? 56 : 44));
	if (elf->header_bytes < (elf->wide ? 56u : 32u) || elf->count > HEADERS_MAX ||
	    elf->headers > size || (u64)elf->count * elf->header_bytes > size - elf->headers)
		return ERR_INVALID;
	return OK;
}

static struct segment read_segment(const struct elf *elf, u32 index)
{
	const u8 *p = elf->data + elf->headers + (u64)index * elf->header_bytes;

	if (elf->wide)
		return (struct segment){ load32(p), load64(p + 8), load64(p + 24), load64(p + 32),
					 load64(p + 40) };
	return (struct segment){ load32(p), load32(p + 4), load32(p + 12), load32(p + 16),
				 load32(p + 20) };
}

static bool is_sound(const struct elf *elf, const struct segment *s)
{
	return s->offset <= elf->size && s->bytes <= elf->size - s->offset &&
	       s->bytes <= s->memory && s->gpa <= X86_KERNEL_LIMIT &&
	       s->memory <= X86_KERNEL_LIMIT - s->gpa;
}

enum err kernel_elf_load(const u8 *data, size_t size, struct x86_kernel *kernel, const char **why)
{
	struct elf elf;
	enum err err = open_elf(data, size, &elf);

	*why = err == ERR_UNSUPPORTED ? "is an ELF file of another architecture" : damaged;
	if (err != OK)
		return err;
	kernel->low = UINT64_MAX;
	for (u32 i = 0; i < elf.count; i++) {
		struct segment s = read_segment(&elf, i);

		if (s.type != PT_LOAD || s.memory == 0)
			continue;
		*why = damaged;
		if (!is_sound(&elf, &s))
			return ERR_INVALID;
		*why = "has more than 8 segments; link it with fewer";
		if (kernel->num_pieces == X86_MAX_PIECES)
			return ERR_UNSUPPORTED;
		kernel->pieces[kernel->num_pieces++] =
			(struct x86_piece){ s.gpa, s.offset, s.bytes };
		kernel->low = MIN(kernel->low, s.gpa);
		kernel->high = MAX(kernel->high, s.gpa + s.memory);
	}
	*why = "has nothing to load; name the linked kernel";
	kernel->entry = elf.entry;
	kernel->file_bytes = size;
	return kernel->num_pieces == 0 ? ERR_INVALID : OK;
}

/* The entry in the notes of one segment; 0: none. */
static u64 find_note(const struct elf *elf, const struct segment *s)
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
	struct elf elf;

	if (open_elf(data, size, &elf) != OK)
		return 0;
	for (u32 i = 0; i < elf.count; i++) {
		struct segment s = read_segment(&elf, i);
		u64 entry;

		if (s.type != PT_NOTE || s.offset > size || s.bytes > size - s.offset)
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
