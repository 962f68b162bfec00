/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a component's ELF headers: see <mullion/elf.h>. */
#include <mullion/elf.h>

#include <abi/component.h>
#include <mullion/elf_file.h>
#include <mullion/string.h>

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

static struct refusal elf_check_header(const struct elf_file *file, u16 machine)
{
	if (!file->wide || !file->little)
		REFUSE(ERR_UNSUPPORTED, "it is not for a 64-bit little-endian machine");
	if (!file->current)
		REFUSE(ERR_UNSUPPORTED, "its ELF version is not 1");
	if (file->machine != machine)
		REFUSE(ERR_UNSUPPORTED, "it is for another architecture");
	if (file->type == ELF_DYN)
		REFUSE(ERR_UNSUPPORTED, "it is a shared object; link it with -static -no-pie");
	if (file->type != ELF_EXEC)
		REFUSE(ERR_UNSUPPORTED, "it is not linked to an executable");
	if (!elf_has_segments(file))
		REFUSE(ERR_FORMAT, "its program headers have an odd size or number");
	if (!elf_is_inside(file))
		REFUSE(ERR_FORMAT, "its program headers lie behind the end of the file");
	return ACCEPT;
}

static struct refusal check_segment(const struct elf_segment *ph, size_t size)
{
	if ((ph->flags & ELF_PF_W) != 0 && (ph->flags & ELF_PF_X) != 0)
		REFUSE(ERR_DENIED, "a segment is both writable and executable");
	if (ph->bytes > ph->memory)
		REFUSE(ERR_INVALID, "a segment has more bytes in the file than in memory");
	if (ph->offset > size || ph->bytes > size - ph->offset)
		REFUSE(ERR_FORMAT, "a segment lies behind the end of the file");
	if (ph->vaddr < COMPONENT_TEXT || ph->vaddr >= SPACE_END ||
	    ph->memory > SPACE_END - ph->vaddr)
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

static struct refusal add_segment(struct elf_program *program, const struct elf_file *file,
				  const struct elf_segment *ph)
{
	struct refusal refusal = check_segment(ph, file->size);
	struct config_segment segment = {
		.va = ALIGN_DOWN(ph->vaddr, PAGE_SIZE),
		.data = file->data,
		.file_bytes = ph->bytes,
		.skip = ph->vaddr & (PAGE_SIZE - 1),
		.write = (ph->flags & ELF_PF_W) != 0,
		.exec = (ph->flags & ELF_PF_X) != 0,
	};

	if (refusal.err != OK)
		return refusal;
	segment.data += ph->offset;
	segment.size = ALIGN_UP(segment.skip + ph->memory, PAGE_SIZE);
	return elf_insert(program, &segment);
}

static struct refusal read_segments(const struct elf_file *file, struct elf_program *program)
{
	for (u32 i = 0; i < file->count; i++) {
		struct elf_segment ph = elf_segment(file, i);
		struct refusal refusal = ACCEPT;

		if (ph.type == ELF_PT_DYNAMIC || ph.type == ELF_PT_INTERP)
			REFUSE(ERR_UNSUPPORTED, "it wants a dynamic linker; link it with -static");
		if (ph.type == ELF_PT_LOAD && ph.memory != 0)
			refusal = add_segment(program, file, &ph);
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
	struct refusal refusal = { ERR_FORMAT, "is not usable: it is no ELF file" };
	struct elf_file file;

	memset(program, 0, sizeof(*program));
	if (elf_open(data, size, &file) == OK) {
		refusal = elf_check_header(&file, machine);
		program->entry = file.entry;
	}
	if (refusal.err == OK)
		refusal = read_segments(&file, program);
	if (refusal.err == OK)
		refusal = check_entry(program);
	*why = refusal.why;
	return refusal.err;
}
