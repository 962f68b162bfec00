/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The boot protocol of arm64: a kernel with an Image header or raw bytes, a tree, an initrd. The
 * kernel goes to the start of RAM as its header asks. Tree and initrd go as high as a kernel can
 * reach them, so that a kernel that is older than image_size has room behind it. (Linux
 * Documentation/arm64/booting.rst §2 and §4.)
 */
#include "arch/arm64/pure/config.h"
#include "arch/arm64/pure/image.h"
#include "config/internal.h"
#include <mullion/file_kind.h>
#include <mullion/string.h>

/* Before Linux 4.2 the tree must lie within this of the kernel's base. */
#define TREE_REACH MIB(512)
/* Kernel and initrd must lie within this, from a multiple of 1 GiB. */
#define INITRD_REACH       GIB(32)
#define INITRD_REACH_ALIGN GIB(1)

static const char *kernel_advice(enum file_kind kind)
{
	switch (kind) {
	case FILE_GZIP: return "make the bundle with tools/pack, which unpacks it";
	case FILE_COMPRESSED: return "unpack it first";
	case FILE_ELF:
		return "name arch/arm64/boot/Image of the kernel's build, or write kernel-type = "
		       "\"elf\" for a bare program";
	case FILE_PE: return "take the Image out of it (a zboot kernel holds it compressed)";
	case FILE_UIMAGE: return "name the Image that it was made from";
	case FILE_FDT: return "did you mean device-tree?";
	case FILE_CPIO: return "did you mean initrd?";
	case FILE_LINUX_X86:
	case FILE_LINUX_RISCV:
	case FILE_LINUX_ARM: return "name one that was built for arm64";
	default: return "name an arm64 Image, or write kernel-type = \"raw\"";
	}
}

/* A kernel whose pages the CPU has not stops without a word. */
static void check_pages(struct config_run *run, const struct config_guest *guest, u32 size)
{
	u32 have = run->host != NULL ? run->host->page_sizes : 0;

	if (size <= KIB(4) || (have & size) != 0)
		return;
	if (have != 0)
		config_error(run, guest->node, "kernel",
			     "was built for pages of %u KiB, which this CPU has not; name one with "
			     "pages of 4 KiB",
			     size >> 10);
	else
		config_warning(run, guest->node, "kernel",
			       "was built for pages of %u KiB, which not every CPU has; it needs a "
			       "machine that has them",
			       size >> 10);
}

static void check_linux(struct config_run *run, struct config_guest *guest)
{
	struct config_image *kernel = &guest->kernel;
	enum file_kind kind = file_kind(kernel->data, kernel->size);
	struct image_header header = { 0 };

	kernel->span = 0;
	if (kind != FILE_LINUX_ARM64) {
		config_error(run, guest->node, "kernel", "is %s, no arm64 Image; %s",
			     file_kind_name(kind), kernel_advice(kind));
	} else if (arm64_image_decode(kernel->data, kernel->size, &header) != OK) {
		config_error(run, guest->node, "kernel",
			     "its header contradicts itself: text_offset 0x%lx, image_size "
			     "0x%lx; build or fetch it again, or write kernel-type = \"raw\" to "
			     "start it without",
			     header.text_offset, header.image_size);
	} else if (kernel->size < header.file_bytes) {
		config_error(run, guest->node, "kernel",
			     "is cut short: its header says %lu bytes, and there are %lu; build "
			     "or fetch it again",
			     header.file_bytes, kernel->size);
	} else if (header.big_endian) {
		config_error(
			run, guest->node, "kernel",
			"is a big-endian kernel; name one built with CONFIG_CPU_LITTLE_ENDIAN");
	} else {
		check_pages(run, guest, header.page_size);
		kernel->span = MAX(header.image_size, kernel->size);
	}
}

static void check_raw(struct config_run *run, const struct config_guest *guest)
{
	enum file_kind kind = file_kind(guest->kernel.data, guest->kernel.size);
	struct image_header header;

	/* One with a damaged header can only be started so. */
	if (kind == FILE_LINUX_ARM64 &&
	    arm64_image_decode(guest->kernel.data, guest->kernel.size, &header) == OK)
		config_warning(run, guest->node, "kernel",
			       "is an arm64 Image but started as raw bytes; write kernel-type = "
			       "\"linux\" to honour its header");
	else if (kind == FILE_ELF || kind == FILE_GZIP)
		config_error(run, guest->node, "kernel", "is %s, no raw binary; %s",
			     file_kind_name(kind),
			     kind == FILE_ELF ? "write kernel-type = \"elf\""
					      : kernel_advice(kind));
}

/* The reason for which an ELF file cannot be started, as the end of "the kernel ..."; NULL: none.
 */
static const char *read_elf(const struct config_image *kernel, struct elf_load *load)
{
	const char *why = NULL;
	struct elf_file file;

	if (elf_open(kernel->data, kernel->size, &file) != OK)
		return "is cut short; build or fetch it again";
	if (!file.wide || !file.little || !file.current || file.machine != ELF_ARM64)
		return "is an ELF file of another architecture; name one that was built for arm64";
	if (file.type != ELF_EXEC)
		return "is not linked to fixed addresses; link it with -static -no-pie";
	if (elf_load(&file, BIT(CONFIG_IPA_BITS), load, &why) != OK)
		return why;
	for (u32 i = 0; i < load->num_pieces; i++)
		if (load->entry >= load->pieces[i].gpa && IS_ALIGNED(load->entry, 4) &&
		    load->entry - load->pieces[i].gpa < load->pieces[i].bytes)
			return NULL;
	return "has its entry point outside of its segments, or at no multiple of 4; link it "
	       "with another entry";
}

static void check_elf(struct config_run *run, struct config_guest *guest)
{
	struct config_image *kernel = &guest->kernel;
	enum file_kind kind = file_kind(kernel->data, kernel->size);
	struct elf_piece *pieces;
	struct elf_load load;
	const char *why;

	kernel->span = 0;
	if (kind != FILE_ELF) {
		config_error(
			run, guest->node, "kernel", "is %s, no ELF file; %s", file_kind_name(kind),
			kind == FILE_LINUX_ARM64 ? "leave kernel-type out" : kernel_advice(kind));
		return;
	}
	why = read_elf(kernel, &load);
	if (why != NULL) {
		config_error(run, guest->node, "kernel", "%s", why);
		return;
	}
	pieces = arena_alloc(run, load.num_pieces * sizeof(*pieces));
	if (pieces == NULL) {
		config_error(run, guest->node, "kernel", "there is no memory for its segments");
		return;
	}
	memcpy(pieces, load.pieces, load.num_pieces * sizeof(*pieces));
	kernel->pieces = pieces;
	kernel->num_pieces = load.num_pieces;
	kernel->load = GPA(load.low);
	kernel->span = load.high - load.low;
	guest->entry = GPA(load.entry);
}

void arm64_boot_check(struct config_run *run, struct config_guest *guest)
{
	switch (guest->kernel_type) {
	case ARM64_KERNEL_LINUX: check_linux(run, guest); break;
	case ARM64_KERNEL_ELF: check_elf(run, guest); break;
	case ARM64_KERNEL_FIT:
		guest->kernel.span = 0;
		config_error(run, guest->node, "kernel",
			     "is not unpacked; make the bundle with tools/pack, which does so");
		break;
	default: check_raw(run, guest); break;
	}
}

/* Where the kernel must start so that base and text_offset come out right. */
static bool check_linux_address(struct placing *p, struct config_image *kernel)
{
	u64 offset = p->offset, over = (kernel->load.v - offset) % IMAGE_BASE_ALIGN;
	u64 in_block = offset % IMAGE_BASE_ALIGN;
	u64 below = MAX(ALIGN_DOWN(kernel->load.v, IMAGE_BASE_ALIGN) + in_block, offset);

	if (kernel->load.v >= offset && over == 0)
		return true;
	if (offset == 0)
		return config_error(p->run, p->guest->node, "load-address",
				    "an arm64 Image must lie at a multiple of 2 MiB; write <0x%lx>",
				    below);
	return config_error(p->run, p->guest->node, "load-address",
			    "this Image must lie 0x%lx bytes (its text_offset) above a multiple of "
			    "2 MiB; write <0x%lx>",
			    offset, below);
}

static bool choose_kernel_address(struct placing *p, struct config_image *kernel)
{
	u64 base = p->ram->gpa.v;

	if (p->guest->kernel_type == ARM64_KERNEL_LINUX && !IS_ALIGNED(base, IMAGE_BASE_ALIGN))
		return config_error(
			p->run, p->ram->node, "guest-address",
			"RAM that a Linux kernel starts in must begin at a multiple of 2 MiB; "
			"write <0x%lx>",
			ALIGN_UP(base, IMAGE_BASE_ALIGN));
	kernel->load = GPA(base + p->offset);
	return true;
}

/* The segments of an ELF file have their places; each must be in memory. */
static bool place_elf(struct placing *p)
{
	const struct config_image *kernel = &p->guest->kernel;

	if (kernel->load_fixed)
		return config_error(p->run, p->guest->node, "load-address",
				    "an ELF file has the addresses of its segments; remove it");
	for (u32 i = 0; i < kernel->num_pieces; i++) {
		const struct elf_piece *piece = &kernel->pieces[i];
		const struct config_region *region = place_memory_at(p->guest, piece->gpa);

		if (region == NULL ||
		    !range_within(piece->gpa, piece->memory, region->gpa.v, region->size))
			return config_error(p->run, p->guest->node, "kernel",
					    "its segment at 0x%lx to 0x%lx is not in RAM or ROM of "
					    "the guest; add a region there, or link it to 0x%lx",
					    piece->gpa, LAST(piece->gpa, piece->memory),
					    p->ram->gpa.v);
		place_take(p, "kernel", "kernel", piece->gpa, piece->memory);
	}
	return true;
}

/* The first instruction, where the description says it. */
static bool place_entry(struct placing *p)
{
	const struct config_image *kernel = &p->guest->kernel;
	u64 entry = p->guest->entry.v;

	if (!p->guest->arch.arm64.entry_fixed) {
		p->guest->entry = kernel->load;
		return true;
	}
	if (!IS_ALIGNED(entry, 4))
		return config_error(p->run, p->guest->node, "entry",
				    "code must start at a multiple of 4; write <0x%lx>",
				    ALIGN_DOWN(entry, 4));
	if (kernel->data != NULL && !range_within(entry, 4, kernel->load.v, kernel->size))
		return config_error(p->run, p->guest->node, "entry",
				    "is outside of the kernel at 0x%lx to 0x%lx; write <0x%lx>",
				    kernel->load.v, LAST(kernel->load.v, kernel->size),
				    kernel->load.v);
	return true;
}

static bool place_kernel(struct placing *p)
{
	struct config_image *kernel = &p->guest->kernel;
	struct image_header header;
	u64 span = MAX(kernel->span, 1);

	if (p->guest->kernel_type != ARM64_KERNEL_RAW && p->guest->arch.arm64.entry_fixed)
		return config_error(p->run, p->guest->node, "entry",
				    "the kernel's file has it; remove it, or write kernel-type = "
				    "\"raw\"");
	if (p->guest->kernel.file == NULL || (kernel->data != NULL && kernel->span == 0))
		return false;
	if (p->guest->kernel_type == ARM64_KERNEL_FIT)
		return true;
	if (p->guest->kernel_type == ARM64_KERNEL_ELF)
		return place_elf(p);
	if (p->guest->kernel_type == ARM64_KERNEL_LINUX && kernel->data != NULL &&
	    arm64_image_decode(kernel->data, kernel->size, &header) == OK)
		p->offset = header.text_offset;
	if (kernel->load_fixed) {
		if (p->guest->kernel_type == ARM64_KERNEL_LINUX && kernel->data != NULL &&
		    !check_linux_address(p, kernel))
			return false;
		if (!IS_ALIGNED(kernel->load.v, 4))
			return config_error(p->run, p->guest->node, "load-address",
					    "code must start at a multiple of 4; write <0x%lx>",
					    ALIGN_DOWN(kernel->load.v, 4));
		if (!place_fixed(p, "load-address", "kernel", kernel->load.v, span))
			return false;
	} else {
		if (!choose_kernel_address(p, kernel))
			return false;
		if (!range_within(kernel->load.v, span, p->ram->gpa.v, p->ram->size)) {
			place_too_large(p, "kernel", "kernel", span);
			return false;
		}
	}
	place_take(p, "load-address", "kernel", kernel->load.v, span);
	return place_entry(p);
}

static u64 power_of_two_above(u64 bytes)
{
	u64 power = PAGE_SIZE;

	while (power < bytes)
		power <<= 1;
	return power;
}

/* In a slot of a power of two, at most 2 MiB, aligned to itself: so it crosses no multiple of 2
 * MiB. */
static void place_tree(struct placing *p)
{
	struct config_image *tree = &p->guest->tree;
	u64 end = p->ram->gpa.v + p->ram->size;
	u64 kernel_base = ALIGN_DOWN(p->guest->kernel.load.v, IMAGE_BASE_ALIGN);
	u64 slot;

	tree->span = tree->file == NULL ? generated_tree_bytes(p->guest) : MAX(tree->size, 1);
	if (tree->span > TREE_MAX) {
		if (tree->file == NULL)
			config_error(p->run, p->guest->node, NULL,
				     "its tree may take %lu bytes, and at most 2 MiB can be "
				     "given; shorten compatible and bootargs",
				     tree->span);
		tree->span = TREE_MAX;
	}
	slot = power_of_two_above(tree->span);
	if (tree->load_fixed) {
		if (!IS_ALIGNED(tree->load.v, 8) || tree->load.v % TREE_MAX + tree->span > TREE_MAX)
			config_error(p->run, p->guest->node, "device-tree-address",
				     "a tree must start at a multiple of 8 and, with its %lu "
				     "bytes, not cross a multiple of 2 MiB; write <0x%lx>",
				     tree->span, ALIGN_DOWN(tree->load.v, TREE_MAX));
		else if (place_fixed(p, "device-tree-address", "tree", tree->load.v, tree->span))
			place_take(p, "device-tree-address", "tree", tree->load.v, tree->span);
		return;
	}
	if (p->guest->kernel_type == ARM64_KERNEL_LINUX && end > kernel_base + TREE_REACH &&
	    kernel_base >= p->ram->gpa.v)
		end = kernel_base + TREE_REACH;
	if (place_find(p, p->ram->gpa.v, end, slot, slot, &tree->load.v))
		place_take(p, "device-tree-address", "tree", tree->load.v, tree->span);
	else
		place_too_large(p, "kernel", "guest's tree", slot);
}

static void place_initrd(struct placing *p)
{
	struct config_image *initrd = &p->guest->initrd;
	u64 low = p->ram->gpa.v, end = p->ram->gpa.v + p->ram->size;
	u64 window = ALIGN_DOWN(p->guest->kernel.load.v, INITRD_REACH_ALIGN) + INITRD_REACH;
	u64 span = ALIGN_UP(MAX(initrd->size, 1), PAGE_SIZE);

	if (initrd->file == NULL || (p->run->bundle != NULL && initrd->data == NULL))
		return;
	if (initrd->load_fixed) {
		if (!IS_ALIGNED(initrd->load.v, PAGE_SIZE))
			config_error(p->run, p->guest->node, "initrd-address",
				     "not a multiple of 4096; write <0x%lx>",
				     ALIGN_DOWN(initrd->load.v, PAGE_SIZE));
		else if (place_fixed(p, "initrd-address", "initrd", initrd->load.v, span))
			place_take(p, "initrd-address", "initrd", initrd->load.v, span);
		return;
	}
	if (p->guest->kernel_type == ARM64_KERNEL_LINUX)
		end = MIN(end, window);
	if (place_find(p, low, end, span, PAGE_SIZE, &initrd->load.v))
		place_take(p, "initrd-address", "initrd", initrd->load.v, span);
	else
		place_too_large(p, "initrd", "initrd", span);
}

void arm64_boot_place(struct placing *p)
{
	const struct config_guest *guest = p->guest;
	const struct config_region *chosen;

	if (!place_kernel(p))
		return;
	/* Tree and initrd go beside the kernel where that is RAM at all. */
	chosen = place_memory_at(guest, guest->kernel.load.v);
	if (chosen != NULL && chosen->kind == REGION_RAM)
		p->ram = chosen;
	/* A place that the user chose comes first: all others keep clear of it. */
	if (guest->initrd.load_fixed && !guest->tree.load_fixed) {
		place_initrd(p);
		place_tree(p);
	} else {
		place_tree(p);
		place_initrd(p);
	}
}
