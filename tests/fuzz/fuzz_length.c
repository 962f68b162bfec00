/* SPDX-License-Identifier: Apache-2.0 */
/* arch/x86_64/pure/length.c, guest_walk.c and guest_code.c: any bytes as an instruction, and as
 * page tables, which change under a kept translation. */
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/guest_code.h"
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

/* --- A kept translation against a new one --- */

#define PAGES 8u

static _Alignas(4096) u8 memory[PAGES * PAGE_SIZE];

static const u8 *map_page(void *context, u32 slot, u64 gpa)
{
	(void)context;
	CHECK(slot < GUEST_CODE_PAGES && gpa % PAGE_SIZE == 0);
	return gpa < sizeof(memory) ? memory + gpa : NULL;
}

/* The first bytes choose the form of paging. Each three that follow change an entry among the first
 * of a page, and choose the page of code to fetch. */
static void changed_tables(const u8 *data, size_t size)
{
	const struct guest_code_memory guest = { .map = map_page };
	struct guest_code kept = { 0 };
	struct guest_walk now = { .cr0 = CR0_PG | CR0_PE };

	if (size < 2)
		return;
	memset(memory, 0, sizeof(memory));
	now.cr4 = (data[0] & 1 ? CR4_PAE : 0) | (data[0] & 2 ? CR4_PSE : 0);
	now.efer = data[0] & 4 ? EFER_LMA : 0;
	for (size_t i = 1; i + 3 <= size; i += 3) {
		u8 one[GUEST_CODE_BYTES] = { 0 }, two[GUEST_CODE_BYTES] = { 0 };
		u64 linear = (u64)(data[i + 2] & 3) << 12 | data[i + 2] >> 2;
		u32 at = (data[i] & 7) * (u32)PAGE_SIZE + (u32)(data[i] >> 3 & 7) * 4;
		u32 entry = (u32)(data[i + 1] >> 4) << 12 | (data[i + 1] & 7) |
			    (u32)(data[i + 1] & 8) << 4;
		struct guest_code anew = { 0 };
		u32 count;

		memcpy(memory + at, &entry, sizeof(entry));
		now.cr3 = data[i] >> 6 == 0 ? PAGE_SIZE : 0;
		count = guest_code_fetch(&anew, &guest, &now, linear, one);
		CHECK(guest_code_fetch(&kept, &guest, &now, linear, two) == count);
		CHECK(memcmp(one, two, sizeof(one)) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct insn insn, part;

	walk(data, size);
	changed_tables(data, size);
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
