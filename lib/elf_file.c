/* SPDX-License-Identifier: Apache-2.0 */
/* ELF files: see <mullion/elf_file.h>. */
#include <mullion/elf_file.h>

#include <mullion/bytes.h>
#include <mullion/string.h>

#define HEADER_BYTES 64u /* of either class */
#define SEGMENT_64   56u
#define SEGMENT_32   32u

static const char damaged[] = "has program headers outside of the file or of memory; build or "
			      "fetch it again";

enum err elf_open(const void *data, size_t size, struct elf_file *file)
{
	static const u8 magic[4] = { 0x7f, 'E', 'L', 'F' };
	const u8 *p = data;
	bool wide;

	if (size < HEADER_BYTES || memcmp(p, magic, sizeof(magic)) != 0)
		return ERR_FORMAT;
	wide = p[4] == 2;
	*file = (struct elf_file){
		.data = p,
		.size = size,
		.wide = wide,
		.little = p[5] == 1 && (wide || p[4] == 1),
		.current = p[6] == 1 && load32(p + 20) == 1,
		.type = load16(p + 16),
		.machine = load16(p + 18),
		.entry = wide ? load64(p + 24) : load32(p + 24),
		.headers = wide ? load64(p + 32) : load32(p + 28),
		.header_bytes = load16(p + (wide ? 54 : 42)),
		.count = load16(p + (wide ? 56 : 44)),
	};
	return OK;
}

bool elf_has_segments(const struct elf_file *file)
{
	return file->header_bytes == (file->wide ? SEGMENT_64 : SEGMENT_32) &&
	       file->count <= ELF_MAX_HEADERS;
}

bool elf_is_inside(const struct elf_file *file)
{
	return file->headers <= file->size &&
	       (u64)file->count * file->header_bytes <= file->size - file->headers;
}

struct elf_segment elf_segment(const struct elf_file *file, u32 index)
{
	const u8 *p = file->data + file->headers + (u64)index * file->header_bytes;

	if (file->wide)
		return (struct elf_segment){
			.type = load32(p),
			.flags = load32(p + 4),
			.offset = load64(p + 8),
			.vaddr = load64(p + 16),
			.paddr = load64(p + 24),
			.bytes = load64(p + 32),
			.memory = load64(p + 40),
		};
	return (struct elf_segment){
		.type = load32(p),
		.offset = load32(p + 4),
		.vaddr = load32(p + 8),
		.paddr = load32(p + 12),
		.bytes = load32(p + 16),
		.memory = load32(p + 20),
		.flags = load32(p + 24),
	};
}

static bool is_sound(const struct elf_file *file, const struct elf_segment *s, u64 limit)
{
	return s->offset <= file->size && s->bytes <= file->size - s->offset &&
	       s->bytes <= s->memory && s->paddr <= limit && s->memory <= limit - s->paddr;
}

enum err elf_load(const struct elf_file *file, u64 limit, struct elf_load *load, const char **why)
{
	*load = (struct elf_load){ .low = UINT64_MAX, .entry = file->entry };
	*why = damaged;
	if (!elf_has_segments(file) || !elf_is_inside(file))
		return ERR_INVALID;
	for (u32 i = 0; i < file->count; i++) {
		struct elf_segment s = elf_segment(file, i);

		if (s.type != ELF_PT_LOAD || s.memory == 0)
			continue;
		if (!is_sound(file, &s, limit))
			return ERR_INVALID;
		*why = "has more than 8 segments; link it with fewer";
		if (load->num_pieces == ELF_MAX_PIECES)
			return ERR_UNSUPPORTED;
		*why = damaged;
		load->pieces[load->num_pieces++] =
			(struct elf_piece){ s.paddr, s.offset, s.bytes, s.memory };
		load->low = MIN(load->low, s.paddr);
		load->high = MAX(load->high, s.paddr + s.memory);
		if ((s.flags & ELF_PF_X) != 0 && file->entry >= s.vaddr &&
		    file->entry - s.vaddr < s.bytes)
			load->entry = file->entry - s.vaddr + s.paddr;
	}
	*why = "has nothing to load; name the linked kernel";
	return load->num_pieces == 0 ? ERR_INVALID : OK;
}
