/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels: bzImage (Linux Documentation/arch/x86/boot.rst), and the choice between the kinds. ELF
 * and Multiboot files are read in kernel_elf.c and multiboot.c.
 */
#include "arch/x86_64/pure/kernel.h"

#include "arch/x86_64/pure/bytes.h"
#include "arch/x86_64/pure/kernel_parts.h"

#define BZ_SYSSIZE     0x1f4u /* 16-byte units */
#define BZ_VERSION     0x206u
#define BZ_INITRD_MAX  0x22cu
#define BZ_ALIGNMENT   0x230u
#define BZ_RELOCATABLE 0x234u
#define BZ_XLOADFLAGS  0x236u
#define BZ_CMDLINE     0x238u
#define BZ_PREFERRED   0x258u
#define BZ_INIT_SIZE   0x260u
#define BZ_END         0x268u

#define BZ_MAGIC        0x53726448u /* "HdrS" */
#define BZ_VERSION_MIN  0x020cu     /* the first with xloadflags */
#define XLF_KERNEL_64   BIT(0)
#define SECTOR          512u
#define SETUP_SECTS_OLD 4u /* what 0 means */
#define ENTRY_64        0x200u

struct magic {
	u32 offset, bytes;
	const char *text;
	enum x86_file kind;
};

/* First match wins: a bzImage with an EFI stub is a PE file as well. */
static const struct magic magics[] = {
	{ BZ_HEADER, 4, "HdrS", X86_FILE_BZIMAGE },
	{ 0x38, 4, "ARM\x64", X86_FILE_OTHER_ARCH },
	{ 0x38, 4, "RSC\x05", X86_FILE_OTHER_ARCH },
	{ 0, 4, "\177ELF", X86_FILE_ELF },
	{ 0, 2, "\x1f\x8b", X86_FILE_GZIP },
	{ 0, 6, "\xfd\x37zXZ\0", X86_FILE_OTHER_COMPRESSION },
	{ 0, 4, "\x28\xb5\x2f\xfd", X86_FILE_OTHER_COMPRESSION }, /* zstd */
	{ 0, 4, "\x04\x22\x4d\x18", X86_FILE_OTHER_COMPRESSION }, /* lz4 */
	{ 0, 3, "BZh", X86_FILE_OTHER_COMPRESSION },
	{ 0, 4, "\xd0\x0d\xfe\xed", X86_FILE_FDT },
	{ 0, 6, "070701", X86_FILE_CPIO },
	{ 0, 2, "MZ", X86_FILE_PE },
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

enum x86_file x86_file_kind(const void *data, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++)
		if (has_magic(data, size, &magics[i]))
			return magics[i].kind;
	return multiboot_version(data, size) != 0 ? X86_FILE_MULTIBOOT : X86_FILE_UNKNOWN;
}

const char *x86_file_name(enum x86_file kind)
{
	static const char *const names[] = {
		[X86_FILE_BZIMAGE] = "a bzImage",
		[X86_FILE_ELF] = "an ELF file",
		[X86_FILE_MULTIBOOT] = "a Multiboot kernel",
		[X86_FILE_GZIP] = "a gzip'd file",
		[X86_FILE_OTHER_COMPRESSION] = "a compressed file (xz, zstd, lz4 or bzip2)",
		[X86_FILE_OTHER_ARCH] = "a Linux kernel of another architecture",
		[X86_FILE_FDT] = "a device tree",
		[X86_FILE_CPIO] = "a cpio archive",
		[X86_FILE_PE] = "a PE program (EFI)",
		[X86_FILE_UNKNOWN] = "a file of no known kind",
	};

	return (size_t)kind < ARRAY_SIZE(names) ? names[kind] : names[X86_FILE_UNKNOWN];
}

static bool is_power_of_two(u64 n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static enum err read_bzimage(const u8 *data, size_t size, struct x86_kernel *kernel,
			     const char **why)
{
	u64 sectors, preferred, init_size, body;

	*why = "is shorter than its header";
	if (size < BZ_END)
		return ERR_INVALID;
	*why = "uses a boot protocol before 2.12, which has no 64-bit entry; name one built from "
	       "Linux 3.8 or later";
	if (load16(data + BZ_VERSION) < BZ_VERSION_MIN)
		return ERR_UNSUPPORTED;
	*why = "has no 64-bit entry; name one that was built for x86-64";
	if ((load16(data + BZ_XLOADFLAGS) & XLF_KERNEL_64) == 0)
		return ERR_UNSUPPORTED;
	sectors = data[BZ_SETUP_SECTS] != 0 ? data[BZ_SETUP_SECTS] : SETUP_SECTS_OLD;
	preferred = load64(data + BZ_PREFERRED);
	init_size = load32(data + BZ_INIT_SIZE);
	body = (u64)load32(data + BZ_SYSSIZE) * 16;
	kernel->boot = X86_BOOT_LINUX;
	kernel->header_bytes = (sectors + 1) * SECTOR;
	kernel->file_bytes = kernel->header_bytes + body;
	kernel->align = data[BZ_RELOCATABLE] != 0 ? load32(data + BZ_ALIGNMENT) : 0;
	kernel->initrd_max = load32(data + BZ_INITRD_MAX);
	kernel->cmdline_bytes = load32(data + BZ_CMDLINE);
	*why = "has a header that contradicts itself; build or fetch it again";
	if (body <= ENTRY_64 || init_size < body || preferred > X86_KERNEL_LIMIT ||
	    (kernel->align != 0 && !is_power_of_two(kernel->align)))
		return ERR_INVALID;
	*why = "is cut short";
	if (size < kernel->file_bytes)
		return ERR_TOO_BIG;
	kernel->low = preferred;
	kernel->high = preferred + init_size;
	kernel->entry = preferred + ENTRY_64;
	kernel->num_pieces = 1;
	kernel->pieces[0] = (struct x86_piece){ preferred, kernel->header_bytes, body };
	return OK;
}

enum err x86_kernel_read(const void *data, size_t size, struct x86_kernel *kernel, const char **why)
{
	*kernel = (struct x86_kernel){ .initrd_max = UINT32_MAX, .cmdline_bytes = UINT32_MAX };
	switch (x86_file_kind(data, size)) {
	case X86_FILE_BZIMAGE: return read_bzimage(data, size, kernel, why);
	case X86_FILE_ELF: return kernel_elf_read(data, size, kernel, why);
	case X86_FILE_MULTIBOOT: return multiboot_read(data, size, kernel, why);
	default: *why = "is no kernel"; return ERR_FORMAT;
	}
}

void x86_kernel_move(struct x86_kernel *kernel, u64 low)
{
	u64 by = low - kernel->low;

	kernel->low += by;
	kernel->high += by;
	kernel->entry += by;
	for (u32 i = 0; i < kernel->num_pieces; i++)
		kernel->pieces[i].gpa += by;
}
