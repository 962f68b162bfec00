/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a component's ELF headers: see <mullion/elf.h>. */
#include <mullion/elf.h>

#include <abi/component.h>
#include <mullion/string.h>

/* Elf64_Ehdr and Elf64_Phdr, as they lie in the file. */
struct header {
	u8 ident[16];
	u16 type, machine;
	u32 version;
	u64 entry, phoff, shoff;
	u32 flags;
	u16 ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};
struct program_header {
	u32 type, flags;
	u64 offset, vaddr, paddr, filesz, memsz, align;
};
_Static_assert(sizeof(struct header) == 64, "as in the file");
_Static_assert(sizeof(struct program_header) == 56, "as in the file");

#define IDENT_CLASS   4
#define IDENT_DATA    5
#define IDENT_VERSION 6
#define CLASS_64      2
#define DATA_LITTLE   1
#define TYPE_EXEC     2
#define TYPE_DYN      3
#define PT_LOAD       1u
#define PT_DYNAMIC    2u
#define PT_INTERP     3u
#define PF_X          BIT(0)
#define PF_W          BIT(1)
#define HEADERS_MAX   64 /* program headers; linkers make about ten */

#define SPACE_END COMPONENT_PROGRAM_END

struct refusal {
	enum err err;
	const char *why;
};

#define ACCEPT ((struct refusal){ OK, NULL })
#define REFUSE(code, text)                                   \
	return (struct refusal)                              \
	{                                                    \
		.err = (code), .why = "is not usable: " text \
	}

static struct refusal elf_check_header(const struct header *h, size_t size, u16 machine)
{
	static const u8 magic[4] = { 0x7f, 'E', 'L', 'F' };

	if (memcmp(h->ident, magic, sizeof(magic)) != 0)
		REFUSE(ERR_FORMAT, "it is no ELF file");
	if (h->ident[IDENT_CLASS] != CLASS_64 || h->ident[IDENT_DATA] != DATA_LITTLE)
		REFUSE(ERR_UNSUPPORTED, "it is not for a 64-bit little-endian machine");
	if (h->ident[IDENT_VERSION] != 1 || h->version != 1)
		REFUSE(ERR_UNSUPPORTED, "its ELF version is not 1");
	if (h->machine != machine)
		REFUSE(ERR_UNSUPPORTED, "it is for another architecture");
	if (h->type == TYPE_DYN)
		REFUSE(ERR_UNSUPPORTED, "it is a shared object; link it with -static -no-pie");
	if (h->type != TYPE_EXEC)
		REFUSE(ERR_UNSUPPORTED, "it is not linked to an executable");
	if (h->phentsize != sizeof(struct program_header) || h->phnum > HEADERS_MAX)
		REFUSE(ERR_FORMAT, "its program headers have an odd size or number");
	if (h->phoff > size || h->phnum * sizeof(struct program_header) > size - h->phoff)
		REFUSE(ERR_FORMAT, "its program headers lie behind the end of the file");
	return ACCEPT;
}

static struct refusal check_segment(const struct program_header *ph, size_t size)
{
	if ((ph->flags & PF_W) != 0 && (ph->flags & PF_X) != 0)
		REFUSE(ERR_DENIED, "a segment is both writable and executable");
	if (ph->filesz > ph->memsz)
		REFUSE(ERR_INVALID, "a segment has more bytes in the file than in memory");
	if (ph->offset > size || ph->filesz > size - ph->offset)
		REFUSE(ERR_FORMAT, "a segment lies behind the end of the file");
	if (ph->vaddr < COMPONENT_TEXT || ph->vaddr >= SPACE_END ||
	    ph->memsz > SPACE_END - ph->vaddr)
		REFUSE(ERR_RANGE, "a segment lies outside of 0x120000 to 0x700000; link it with "
				  "the components' script");
	return ACCEPT;
}

/* In rising order; there are four at most. */
static struct refusal elf_insert(struct elf_program *program, const struct config_segment *segment)
{
	u32 at = program->num_segments;

	if (at == CONFIG_MAX_SEGMENTS)
		REFUSE(ERR_TOO_BIG, "it has more than 4 segments");
	while (at > 0 && program->segments[at - 1].va > segment->va)
		at--;
	if (at > 0 && segment->va - program->segments[at - 1].va < program->segments[at - 1].size)
		REFUSE(ERR_OVERLAP, "two segments share a page");
	if (at < program->num_segments && program->segments[at].va - segment->va < segment->size)
		REFUSE(ERR_OVERLAP, "two segments share a page");
	for (u32 i = program->num_segments; i > at; i--)
		program->segments[i] = program->segments[i - 1];
	program->segments[at] = *segment;
	program->num_segments++;
	return ACCEPT;
}

static struct refusal add_segment(struct elf_program *program, const struct program_header *ph,
				  const u8 *data, size_t size)
{
	struct refusal refusal = check_segment(ph, size);
	struct config_segment segment = {
		.va = ALIGN_DOWN(ph->vaddr, PAGE_SIZE),
		.data = data,
		.file_bytes = ph->filesz,
		.skip = ph->vaddr & (PAGE_SIZE - 1),
		.write = (ph->flags & PF_W) != 0,
		.exec = (ph->flags & PF_X) != 0,
	};

	if (refusal.err != OK)
		return refusal;
	segment.data += ph->offset;
	segment.size = ALIGN_UP(segment.skip + ph->memsz, PAGE_SIZE);
	return elf_insert(program, &segment);
}

static struct refusal read_segments(const struct header *h, const u8 *data, size_t size,
				    struct elf_program *program)
{
	for (u32 i = 0; i < h->phnum; i++) {
		struct refusal refusal = ACCEPT;
		struct program_header ph;

		memcpy(&ph, data + h->phoff + i * sizeof(ph), sizeof(ph));
		if (ph.type == PT_DYNAMIC || ph.type == PT_INTERP)
			REFUSE(ERR_UNSUPPORTED, "it wants a dynamic linker; link it with -static");
		if (ph.type == PT_LOAD && ph.memsz != 0)
			refusal = add_segment(program, &ph, data, size);
		if (refusal.err != OK)
			return refusal;
	}
	return ACCEPT;
}

static struct refusal check_entry(const struct elf_program *program)
{
	if (!IS_ALIGNED(program->entry, 4))
		REFUSE(ERR_INVALID, "its entry point is not aligned");
	for (u32 i = 0; i < program->num_segments; i++) {
		const struct config_segment *segment = &program->segments[i];
		u64 offset = program->entry - segment->va;

		if (segment->exec && offset >= segment->skip &&
		    offset < segment->skip + segment->file_bytes)
			return ACCEPT;
	}
	REFUSE(ERR_INVALID, "its entry point is not in an executable segment");
}

enum err elf_read(const void *data, size_t size, u16 machine, struct elf_program *program,
		  const char **why)
{
	struct refusal refusal = { ERR_FORMAT, "is not usable: it is too short for an ELF file" };
	struct header h;

	memset(program, 0, sizeof(*program));
	if (size >= sizeof(h)) {
		memcpy(&h, data, sizeof(h));
		refusal = elf_check_header(&h, size, machine);
		program->entry = h.entry;
	}
	if (refusal.err == OK)
		refusal = read_segments(&h, data, size, program);
	if (refusal.err == OK)
		refusal = check_entry(program);
	*why = refusal.why;
	return refusal.err;
}
