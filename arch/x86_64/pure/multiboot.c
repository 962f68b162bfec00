/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers of Multiboot 0.6.96 (§3.1) and Multiboot2 2.0 (§3.1): loaded as ELF files, or by the
 * addresses that the header gives.
 */
#include "arch/x86_64/pure/kernel_parts.h"

#include <mullion/bytes.h>

#define MAGIC_1     0x1badb002u
#define SEARCH_1    8192u
#define FLAG_PLACES BIT(16) /* the header gives addresses */
#define MAGIC_2     0xe85250d6u
#define SEARCH_2    32768u
#define TAGS_MAX    64
#define TAG_END     0
#define TAG_REQUEST 1
#define TAG_PLACES  2
#define TAG_ENTRY   3
#define TAG_FLAGS   4
#define OPTIONAL    1 /* a loader may ignore the tag */

static const char damaged[] = "has a Multiboot header that contradicts itself; build it again";

struct places {
	bool given;
	u32 header, load, load_end, bss_end, entry;
};

static u64 find_header(const u8 *data, size_t size, u32 magic, u32 search, u32 step, u32 words)
{
	for (u64 at = 0; at + 4 * (u64)words <= MIN(size, search); at += step) {
		u32 sum = 0;

		if (load32(data + at) != magic)
			continue;
		for (u32 i = 0; i < words; i++)
			sum += load32(data + at + 4 * (u64)i);
		if (sum == 0)
			return at;
	}
	return UINT64_MAX;
}

static u64 header_1(const u8 *data, size_t size)
{
	return find_header(data, size, MAGIC_1, SEARCH_1, 4, 3);
}

static u64 header_2(const u8 *data, size_t size)
{
	return find_header(data, size, MAGIC_2, SEARCH_2, 8, 4);
}

u32 multiboot_version(const u8 *data, size_t size)
{
	if (header_2(data, size) != UINT64_MAX)
		return 2;
	return header_1(data, size) != UINT64_MAX ? 1 : 0;
}

/* §3.1.3: the file's byte at the header goes to p->header. */
static enum err load_places(const struct places *p, u64 header, size_t size,
			    struct x86_kernel *kernel)
{
	u64 offset, bytes;

	if (p->load > p->header || p->header - p->load > header)
		return ERR_INVALID;
	offset = header - (p->header - p->load);
	bytes = p->load_end == 0 ? size - offset : (u64)p->load_end - p->load;
	if ((p->load_end != 0 && p->load_end < p->load) || bytes > size - offset || bytes == 0)
		return ERR_INVALID;
	kernel->low = p->load;
	kernel->high = MAX(p->load + bytes, (u64)p->bss_end);
	kernel->entry = p->entry;
	kernel->file_bytes = offset + bytes;
	kernel->num_pieces = 1;
	kernel->pieces[0] = (struct x86_piece){ p->load, offset, bytes };
	return kernel->high > X86_KERNEL_LIMIT ? ERR_INVALID : OK;
}

static enum err read_1(const u8 *data, size_t size, u64 at, struct places *p)
{
	if ((load32(data + at + 4) & FLAG_PLACES) == 0)
		return OK;
	if (size - at < 32)
		return ERR_INVALID;
	*p = (struct places){ true,
			      load32(data + at + 12),
			      load32(data + at + 16),
			      load32(data + at + 20),
			      load32(data + at + 24),
			      load32(data + at + 28) };
	return OK;
}

/* Tags that a loader must understand and this one does not are refused. */
static enum err read_2(const u8 *data, size_t size, u64 at, struct places *p)
{
	u64 end = at + load32(data + at + 8), entry = 0;

	if (load32(data + at + 4) != 0)
		return ERR_UNSUPPORTED;
	if (end > size)
		return ERR_INVALID;
	at += 16;
	for (u32 i = 0; i < TAGS_MAX && at < end && end - at >= 8; i++) {
		u32 type = load16(data + at), bytes = load32(data + at + 4);

		if (type == TAG_END)
			break;
		if (bytes < 8 || bytes > end - at)
			return ERR_INVALID;
		if (type == TAG_PLACES && bytes >= 24)
			*p = (struct places){ true,
					      load32(data + at + 8),
					      load32(data + at + 12),
					      load32(data + at + 16),
					      load32(data + at + 20),
					      0 };
		else if (type == TAG_ENTRY && bytes >= 12)
			entry = load32(data + at + 8);
		else if (type != TAG_REQUEST && type != TAG_FLAGS &&
			 (load16(data + at + 2) & OPTIONAL) == 0)
			return ERR_UNSUPPORTED;
		at += ALIGN_UP((u64)bytes, 8);
	}
	p->entry = (u32)entry;
	return p->given && entry == 0 ? ERR_INVALID : OK;
}

enum err multiboot_read(const u8 *data, size_t size, struct x86_kernel *kernel, const char **why)
{
	u32 version = multiboot_version(data, size);
	u64 at = version == 2 ? header_2(data, size) : header_1(data, size);
	struct places places = { 0 };
	enum err err =
		version == 2 ? read_2(data, size, at, &places) : read_1(data, size, at, &places);

	*why = err == ERR_UNSUPPORTED ? "needs a Multiboot2 tag that is not served" : damaged;
	if (err == OK && places.given)
		err = load_places(&places, at, size, kernel);
	else if (err == OK)
		err = kernel_elf_load(data, size, kernel, why);
	if (err != OK)
		return err;
	if (places.entry != 0)
		kernel->entry = places.entry;
	*why = "has its entry outside of its memory; build it again";
	if (kernel->entry < kernel->low || kernel->entry >= kernel->high)
		return ERR_INVALID;
	kernel->boot = version == 2 ? X86_BOOT_MULTIBOOT2 : X86_BOOT_MULTIBOOT;
	return OK;
}
