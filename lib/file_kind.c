/* SPDX-License-Identifier: Apache-2.0 */
/* The kind of a file by its first bytes: see file_kind.h. */
#include <mullion/file_kind.h>

#define SHORT_BYTES 64u /* no header of a kernel is shorter */

struct magic {
	u32 offset, bytes;
	const char *text;
	enum file_kind kind;
};

/* The first match counts: a kernel with an EFI stub is a PE program as well. */
static const struct magic magics[] = {
	{ 0x38, 4, "ARM\x64", FILE_LINUX_ARM64 },
	{ 0x38, 4, "RSC\x05", FILE_LINUX_RISCV },
	{ 0x202, 4, "HdrS", FILE_LINUX_X86 },
	{ 0x24, 4, "\x18\x28\x6f\x01", FILE_LINUX_ARM },
	{ 0, 2, "\x1f\x8b", FILE_GZIP },
	{ 0, 6, "\xfd\x37zXZ\0", FILE_COMPRESSED },
	{ 0, 4, "\x28\xb5\x2f\xfd", FILE_COMPRESSED }, /* zstd */
	{ 0, 4, "\x04\x22\x4d\x18", FILE_COMPRESSED }, /* lz4 */
	{ 0, 4, "\x02\x21\x4c\x18", FILE_COMPRESSED }, /* lz4, old frame */
	{ 0, 3, "BZh", FILE_COMPRESSED },
	{ 0, 5, "\x5d\0\0\x80\0", FILE_COMPRESSED }, /* lzma, 8 MiB dictionary */
	{ 0, 5, "\x5d\0\0\0\x04", FILE_COMPRESSED }, /* lzma, 64 MiB dictionary */
	{ 0, 4, "\177ELF", FILE_ELF },
	{ 0, 4, "\xd0\x0d\xfe\xed", FILE_FDT },
	{ 0, 4, "\x27\x05\x19\x56", FILE_UIMAGE },
	{ 0, 6, "070701", FILE_CPIO },
	{ 0, 6, "070702", FILE_CPIO },
	{ 0, 2, "MZ", FILE_PE },
};

static bool has_magic(const u8 *data, size_t size, const struct magic *magic)
{
	if (size < magic->offset + magic->bytes)
		return false;
	for (u32 i = 0; i < magic->bytes; i++)
		if (data[magic->offset + i] != (u8)magic->text[i])
			return false;
	return true;
}

enum file_kind file_kind(const void *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (has_magic(data, size, &magics[i]))
			return magics[i].kind == FILE_LINUX_ARM64 && size < SHORT_BYTES
				       ? FILE_SHORT
				       : magics[i].kind;
	return size < SHORT_BYTES ? FILE_SHORT : FILE_UNKNOWN;
}

const char *file_kind_name(enum file_kind kind)
{
	static const char *const names[FILE_KINDS] = {
		[FILE_LINUX_ARM64] = "a Linux kernel for arm64",
		[FILE_LINUX_X86] = "a Linux kernel for x86 (bzImage)",
		[FILE_LINUX_RISCV] = "a Linux kernel for RISC-V",
		[FILE_LINUX_ARM] = "a Linux kernel for 32-bit arm",
		[FILE_GZIP] = "a gzip'd file",
		[FILE_COMPRESSED] = "a compressed file (xz, zstd, lz4, bzip2 or lzma)",
		[FILE_ELF] = "an ELF file",
		[FILE_FDT] = "a device tree",
		[FILE_UIMAGE] = "a U-Boot uImage",
		[FILE_CPIO] = "a cpio archive",
		[FILE_PE] = "a PE program (EFI)",
		[FILE_SHORT] = "shorter than a kernel's header of 64 bytes",
		[FILE_UNKNOWN] = "a file of no known kind",
	};

	return names[kind];
}
