/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels: bzImage (Linux Documentation/arch/x86/boot.rst), and the choice between the kinds. ELF
 * and Multiboot files are read in kernel_elf.c and multiboot.c.
 */
#include "arch/x86_64/pure/kernel.h"

#include "arch/x86_64/pure/kernel_parts.h"
#include <mullion/bytes.h>
#include <mullion/file_kind.h>

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

#define BZ_VERSION_MIN  0x020cu /* the first with xloadflags */
#define XLF_KERNEL_64   BIT(0)
#define SECTOR          512u
#define SETUP_SECTS_OLD 4u /* what 0 means */
#define ENTRY_64        0x200u

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
	switch (file_kind(data, size)) {
	case FILE_LINUX_X86: return read_bzimage(data, size, kernel, why);
	case FILE_ELF: return kernel_elf_read(data, size, kernel, why);
	default: break;
	}
	if (multiboot_version(data, size) != 0)
		return multiboot_read(data, size, kernel, why);
	*why = "is no kernel";
	return ERR_FORMAT;
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
