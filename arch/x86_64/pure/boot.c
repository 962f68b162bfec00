/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Boot protocols of x86-64: which kernels start, and the places of kernel, block and initrd. All of
 * them lie below 4 GiB, within the first part of RAM.
 */
#include "arch/x86_64/pure/boot.h"

#include <mullion/string.h>

#include "arch/x86_64/pure/platform.h"
#include "config/internal.h"
#include <mullion/file_kind.h>

typedef unsigned long long ull;

#define CMDLINE_BYTES (X86_BLOCK_INFO - X86_BLOCK_CMDLINE)

_Static_assert(CMDLINE_BYTES >= CONFIG_BOOTARGS_MAX, "the longest command line fits");

static const char *kernel_advice(enum file_kind kind)
{
	switch (kind) {
	case FILE_GZIP: return "make the bundle with tools/pack, which unpacks it";
	case FILE_COMPRESSED: return "unpack it first";
	case FILE_PE: return "name the kernel, not an EFI program";
	case FILE_FDT: return "an x86-64 guest has none";
	case FILE_CPIO: return "did you mean initrd?";
	case FILE_LINUX_ARM64:
	case FILE_LINUX_RISCV:
	case FILE_LINUX_ARM: return "name one that was built for x86-64";
	default: return "name a bzImage, or write kernel-type = \"raw\"";
	}
}

void x86_boot_check(struct config_run *run, struct config_guest *guest)
{
	struct config_image *image = &guest->kernel;
	enum file_kind kind = file_kind(image->data, image->size);
	struct x86_kernel kernel;
	const char *why = "";
	enum err err;

	if (guest->kernel_type == X86_KERNEL_RAW) {
		if (kind == FILE_LINUX_X86 || kind == FILE_ELF || kind == FILE_GZIP)
			config_error(run, guest->node, "kernel",
				     "is %s, no raw binary; leave kernel-type out",
				     file_kind_name(kind));
		return;
	}
	image->span = 0;
	err = x86_kernel_read(image->data, image->size, &kernel, &why);
	if (err == ERR_FORMAT)
		config_error(run, guest->node, "kernel", "is %s, no kernel; %s",
			     file_kind_name(kind), kernel_advice(kind));
	else if (err == ERR_TOO_BIG)
		config_error(run, guest->node, "kernel",
			     "is cut short: its header says %llu bytes, and there are %llu; build "
			     "or fetch it again",
			     (ull)kernel.file_bytes, (ull)image->size);
	else if (err != OK)
		config_error(run, guest->node, "kernel", "%s", why);
	else if (strlen(guest->bootargs) > kernel.cmdline_bytes)
		config_error(run, guest->node, "bootargs",
			     "%zu bytes are too long for this kernel; use at most %u",
			     strlen(guest->bootargs), kernel.cmdline_bytes);
	else
		image->span = kernel.high - kernel.low;
}

/* The RAM that begins at 0 has everything. */
static bool find_low_ram(struct placing *p)
{
	const struct config_region *low = place_memory_at(p->guest, 0);

	if (low == NULL || low->kind != REGION_RAM || low->size < X86_BLOCK + X86_BLOCK_BYTES) {
		config_error(p->run, p->ram->node, "guest-address",
			     "the RAM of an x86-64 guest begins at 0 and has 1 MiB or more; write "
			     "<0>");
		return false;
	}
	p->ram = low;
	return true;
}

/* A kernel that may move goes to the lowest place that has room. */
static bool choose_place(struct placing *p, struct x86_kernel *kernel)
{
	u64 span = kernel->high - kernel->low;
	u64 low = kernel->low;

	if (range_within(low, span, p->ram->gpa.v, p->ram->size) && low >= X86_LOW_MEMORY)
		return true;
	if (kernel->align != 0) {
		low = ALIGN_UP(X86_LOW_MEMORY, kernel->align);
		if (range_within(low, span, p->ram->gpa.v, p->ram->size)) {
			x86_kernel_move(kernel, low);
			return true;
		}
	}
	place_too_large(p, "kernel", "kernel", span + (low - p->ram->gpa.v));
	return false;
}

static bool use_address(struct placing *p, struct x86_kernel *kernel)
{
	u64 low = p->guest->kernel.load.v;

	if (p->guest->kernel_type != X86_KERNEL_RAW && low != kernel->low) {
		if (kernel->align == 0) {
			config_error(p->run, p->guest->node, "load-address",
				     "this kernel lies where it was linked; write <0x%llx>, or "
				     "leave it out",
				     (ull)kernel->low);
			return false;
		}
		if (!IS_ALIGNED(low, kernel->align)) {
			config_error(p->run, p->guest->node, "load-address",
				     "this kernel must lie at a multiple of 0x%llx; write <0x%llx>",
				     (ull)kernel->align, (ull)ALIGN_UP(low, kernel->align));
			return false;
		}
		x86_kernel_move(kernel, low);
	}
	return place_fixed(p, "load-address", "kernel", low, kernel->high - kernel->low);
}

static bool place_kernel(struct placing *p, struct x86_kernel *kernel)
{
	struct config_guest *guest = p->guest;
	const char *why;

	if (guest->kernel.file == NULL || (guest->kernel.data != NULL && guest->kernel.span == 0))
		return false;
	if (guest->kernel_type == X86_KERNEL_RAW || guest->kernel.data == NULL)
		x86_boot_raw(guest, kernel);
	else if (x86_kernel_read(guest->kernel.data, guest->kernel.size, kernel, &why) != OK)
		return false;
	if (guest->kernel.load_fixed ? !use_address(p, kernel) : !choose_place(p, kernel))
		return false;
	guest->arch.x86.boot = kernel->boot;
	guest->kernel.load = GPA(kernel->low);
	guest->entry = GPA(kernel->entry);
	place_take(p, "load-address", "kernel", kernel->low, kernel->high - kernel->low);
	return true;
}

static void place_initrd(struct placing *p, const struct x86_kernel *kernel)
{
	struct config_image *initrd = &p->guest->initrd;
	u64 end = MIN(p->ram->gpa.v + p->ram->size, kernel->initrd_max + 1);
	u64 span = ALIGN_UP(MAX(initrd->size, 1), PAGE_SIZE);

	if (initrd->file == NULL || (p->run->bundle != NULL && initrd->data == NULL))
		return;
	if (initrd->load_fixed) {
		if (!IS_ALIGNED(initrd->load.v, PAGE_SIZE))
			config_error(p->run, p->guest->node, "initrd-address",
				     "not a multiple of 4096; write <0x%llx>",
				     (ull)ALIGN_DOWN(initrd->load.v, PAGE_SIZE));
		else if (place_fixed(p, "initrd-address", "initrd", initrd->load.v, span))
			place_take(p, "initrd-address", "initrd", initrd->load.v, span);
		return;
	}
	if (place_find(p, X86_LOW_MEMORY, end, span, PAGE_SIZE, &initrd->load.v))
		place_take(p, "initrd-address", "initrd", initrd->load.v, span);
	else
		place_too_large(p, "initrd", "initrd", span);
}

void x86_boot_place(struct placing *p)
{
	struct config_image *block = &p->guest->tree;
	struct x86_kernel kernel;

	if (!find_low_ram(p))
		return;
	block->load = GPA(X86_BLOCK);
	block->span = X86_BLOCK_BYTES;
	place_take(p, "load-address", "boot block", X86_BLOCK, X86_BLOCK_BYTES);
	if (place_kernel(p, &kernel))
		place_initrd(p, &kernel);
}
