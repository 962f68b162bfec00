/* SPDX-License-Identifier: Apache-2.0 */
/* lib/elf.c and elf_file.c: an accepted program lies within its file and its address space. */
#include <mullion/elf.h>

#include <abi/component.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

static void check_segment(const struct elf_program *program, u32 i, const u8 *data, size_t size)
{
	const struct config_segment *segment = &program->segments[i];
	u64 end = COMPONENT_PROGRAM_END;

	CHECK(!segment->write || !segment->exec);
	CHECK(IS_ALIGNED(segment->va | segment->size, PAGE_SIZE) && segment->size != 0);
	CHECK(segment->va >= COMPONENT_TEXT && segment->va < end &&
	      segment->size <= end - segment->va);
	CHECK(segment->skip < PAGE_SIZE && segment->file_bytes <= segment->size - segment->skip);
	CHECK(segment->data >= data && (size_t)(segment->data - data) <= size &&
	      segment->file_bytes <= size - (size_t)(segment->data - data));
	if (i > 0)
		CHECK(segment[-1].va + segment[-1].size <= segment->va);
}

/* The same file as a guest's. */
static void check_load(const u8 *data, size_t size)
{
	const char *why = NULL;
	struct elf_load load;
	struct elf_file file;

	if (elf_open(data, size, &file) != OK)
		return;
	if (elf_load(&file, BIT(40), &load, &why) != OK) {
		CHECK(why != NULL);
		return;
	}
	CHECK(load.num_pieces > 0 && load.num_pieces <= ELF_MAX_PIECES);
	CHECK(load.low < load.high && load.high <= BIT(40));
	for (u32 i = 0; i < load.num_pieces; i++) {
		const struct elf_piece *piece = &load.pieces[i];

		CHECK(piece->offset <= size && piece->bytes <= size - piece->offset);
		CHECK(piece->bytes <= piece->memory && piece->gpa >= load.low &&
		      piece->memory <= load.high - piece->gpa);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct elf_program program;
	const char *why;
	enum err err = elf_read(data, size, ELF_ARM64, &program, &why);
	bool found = false;

	check_load(data, size);
	CHECK((err == OK) == (why == NULL));
	if (err != OK)
		return 0;
	CHECK(program.num_segments > 0 && program.num_segments <= CONFIG_MAX_SEGMENTS);
	for (u32 i = 0; i < program.num_segments; i++) {
		check_segment(&program, i, data, size);
		found |= program.segments[i].exec &&
			 program.entry - program.segments[i].va < program.segments[i].size;
	}
	CHECK(found);
	return 0;
}
