/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/length.c and guest_walk.c: any bytes as an instruction, and as page tables. */
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/guest_walk.h"
#include "arch/x86_64/pure/length.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

struct tables {
	const u8 *bytes;
	size_t size;
	u32 reads;
};

/* The input over and over is the guest's memory, but for its last part. */
static bool read_entry(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	struct tables *tables = context;

	tables->reads++;
	CHECK(bytes == 4 || bytes == 8);
	*entry = 0;
	if (gpa >> 46 != 0)
		return false;
	for (u32 i = 0; i < bytes; i++)
		*entry |= (u64)tables->bytes[(gpa + i) % tables->size] << 8 * i;
	return true;
}

static void walk(const u8 *data, size_t size)
{
	struct tables tables = { .bytes = data, .size = size };
	struct guest_walk walk = { .read = read_entry, .context = &tables };
	u64 linear, gpa = 0;

	if (size < 5 * sizeof(u64))
		return;
	memcpy(&walk.cr0, data, sizeof(u64));
	memcpy(&walk.cr3, data + 8, sizeof(u64));
	memcpy(&walk.cr4, data + 16, sizeof(u64));
	memcpy(&walk.efer, data + 24, sizeof(u64));
	memcpy(&linear, data + 32, sizeof(u64));
	if (guest_walk(&walk, linear, &gpa)) {
		CHECK((gpa & 0xfff) == (linear & 0xfff));
		CHECK((walk.cr0 & CR0_PG) == 0 || gpa >> 52 == 0);
	}
	CHECK(tables.reads <= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn insn, part;

	walk(data, size);
	for (u32 mode = 0; mode < 2; mode++) {
		u32 count = (u32)(size < 64 ? size : 64);

		if (!insn_length(data, count, mode == 1, &insn))
			continue;
		CHECK(insn.length <= count && insn.length <= INSN_MAX && insn.length > 0);
		CHECK(insn.kind > INSN_OTHER && insn.kind < INSN_COUNT);
		CHECK(insn.control < 16 && insn.reg < 16);
		/* Nothing behind the instruction counts, and no part of it is one. */
		CHECK(insn_length(data, insn.length, mode == 1, &part));
		CHECK(memcmp(&insn, &part, sizeof(insn)) == 0);
		CHECK(!insn_length(data, insn.length - 1u, mode == 1, &part));
	}
	return 0;
}
