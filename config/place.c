/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where kernel, tree and initrd go in guest memory. The kernel goes to the start of RAM as its
 * header asks; tree and initrd as high as a kernel can reach them, so that a kernel that is older
 * than image_size has room behind it. (Linux Documentation/arm64/booting.rst §2 and §4.)
 */
#include <arch/image.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

typedef unsigned long long ull;

/* Before Linux 4.2 the tree must lie within this of the kernel's base. */
#define TREE_REACH MIB(512)
/* Kernel and initrd must lie within this, from a multiple of 1 GiB. */
#define INITRD_REACH       GIB(32)
#define INITRD_REACH_ALIGN GIB(1)
/* A tree must not cross a multiple of this, nor be larger. */
#define TREE_MAX MIB(2)

struct taken {
	const char *property, *what;
	u64 base, size;
};

/* One guest's placement under way. */
struct placing {
	struct config_run *run;
	struct config_guest *guest;
	const struct config_region *ram; /* where tree and initrd go */
	u64 text_offset;
	struct taken taken[3];
	u32 num_taken;
};

u64 generated_tree_bytes(const struct config_guest *guest)
{
	u64 bytes = KIB(3) + strlen(guest->bootargs) + (u64)guest->num_vcpus * 192;

	config_for_each_region (guest, region)
		bytes += 192 + region->compatible_len + (u64)region->num_irqs * 12;
	return ALIGN_UP(bytes, PAGE_SIZE);
}

/* The largest RAM; of equals the lowest. NULL when there is none. */
static const struct config_region *main_ram(const struct config_guest *guest)
{
	const struct config_region *best = NULL;

	config_for_each_region (guest, region)
		if (region->kind == REGION_RAM && region->size != 0 &&
		    (best == NULL || region->size > best->size))
			best = region;
	return best;
}

static const struct config_region *memory_at(const struct config_guest *guest, u64 gpa)
{
	config_for_each_region (guest, region)
		if (region_is_memory(region) && range_within(gpa, 1, region->gpa.v, region->size))
			return region;
	return NULL;
}

/* Was there RAM, had it been described rightly? Then its mistakes were told, and this one is none.
 */
static bool has_refused_memory(const struct config_guest *guest)
{
	config_for_each_region (guest, region)
		if (region->size == 0 && (region_is_memory(region) ||
					  (region->kind == REGION_VIRTUAL && !region->device)))
			return true;
	return false;
}

static void take(struct placing *p, const char *property, const char *what, u64 base, u64 size)
{
	p->taken[p->num_taken++] = (struct taken){ property, what, base, size };
}

static const struct taken *find_taken(const struct placing *p, u64 base, u64 size)
{
	for (u32 i = 0; i < p->num_taken; i++)
		if (ranges_overlap(base, size, p->taken[i].base, p->taken[i].size))
			return &p->taken[i];
	return NULL;
}

/* The highest free place of @size bytes in [@low, @high), or false. Each step passes one that is
 * taken. */
static bool find_place(const struct placing *p, u64 low, u64 high, u64 size, u64 align, u64 *base)
{
	const struct taken *taken;

	for (u32 tries = 0; tries <= p->num_taken; tries++) {
		if (high < size || ALIGN_DOWN(high - size, align) < low)
			return false;
		*base = ALIGN_DOWN(high - size, align);
		taken = find_taken(p, *base, size);
		if (taken == NULL)
			return true;
		high = taken->base;
	}
	return false;
}

/* An address that the user chose: inside one memory region, and clear of what was placed before. */
static bool check_fixed(struct placing *p, const char *property, const char *what, u64 base,
			u64 size)
{
	const struct config_region *region = memory_at(p->guest, base);
	char path[128], text[FORMAT_BYTES_MAX];
	const struct taken *taken;

	if (region == NULL) {
		config_error(p->run, p->guest->node, property,
			     "is in no RAM or ROM of the guest; write an address from <0x%llx>",
			     (ull)p->ram->gpa.v);
		return false;
	}
	if (!range_within(base, size, region->gpa.v, region->size)) {
		config_error(p->run, p->guest->node, property,
			     "the %s of %s from 0x%llx does not fit into %s, which ends at 0x%llx; "
			     "write a lower address or make the region larger",
			     what, format_bytes(text, sizeof(text), size), (ull)base,
			     fdt_path(p->run->tree, region->node, path, sizeof(path)),
			     (ull)(region->gpa.v + region->size - 1));
		return false;
	}
	taken = find_taken(p, base, size);
	if (taken != NULL) {
		config_error(p->run, p->guest->node, property,
			     "the %s at 0x%llx to 0x%llx overlaps the %s at 0x%llx to 0x%llx; "
			     "write another address, or leave it out",
			     what, (ull)base, (ull)(base + size - 1), taken->what, (ull)taken->base,
			     (ull)(taken->base + taken->size - 1));
		return false;
	}
	return true;
}

/* Where the kernel must start so that base and text_offset come out right. */
static bool check_linux_address(struct placing *p, struct config_image *kernel)
{
	u64 offset = p->text_offset, over = (kernel->load.v - offset) % IMAGE_BASE_ALIGN;
	u64 in_block = offset % IMAGE_BASE_ALIGN;
	u64 below = MAX(ALIGN_DOWN(kernel->load.v, IMAGE_BASE_ALIGN) + in_block, offset);

	if (kernel->load.v >= offset && over == 0)
		return true;
	if (offset == 0)
		config_error(p->run, p->guest->node, "load-address",
			     "an arm64 Image must lie at a multiple of 2 MiB; write <0x%llx>",
			     (ull)below);
	else
		config_error(p->run, p->guest->node, "load-address",
			     "this Image must lie 0x%llx bytes (its text_offset) above a multiple "
			     "of 2 MiB; write <0x%llx>",
			     (ull)p->text_offset, (ull)below);
	return false;
}

static bool choose_kernel_address(struct placing *p, struct config_image *kernel)
{
	u64 base = p->ram->gpa.v;

	if (p->guest->kind == IMAGE_LINUX && !IS_ALIGNED(base, IMAGE_BASE_ALIGN)) {
		config_error(p->run, p->ram->node, "guest-address",
			     "RAM that a Linux kernel starts in must begin at a multiple of 2 MiB; "
			     "write <0x%llx>",
			     (ull)ALIGN_UP(base, IMAGE_BASE_ALIGN));
		return false;
	}
	kernel->load = GPA(base + p->text_offset);
	return true;
}

static void report_too_large(struct placing *p, const char *property, const char *what, u64 bytes)
{
	char text[FORMAT_BYTES_MAX], ram[FORMAT_BYTES_MAX], path[128];
	u64 needed = bytes;

	for (u32 i = 0; i < p->num_taken; i++)
		needed += p->taken[i].size;
	config_error(p->run, p->guest->node, property,
		     "the %s takes %s, which does not fit into the %s of %s%s; write size = "
		     "<0x%llx> there or more",
		     what, format_bytes(text, sizeof(text), bytes),
		     format_bytes(ram, sizeof(ram), p->ram->size),
		     fdt_path(p->run->tree, p->ram->node, path, sizeof(path)),
		     p->num_taken > 0 ? " beside what is there" : "",
		     (ull)ALIGN_UP(needed + p->text_offset + TREE_MAX, MIB(2)));
}

static bool place_kernel(struct placing *p)
{
	struct config_image *kernel = &p->guest->kernel;
	struct image_header header;
	u64 span = MAX(kernel->span, 1);

	if (p->guest->kind == IMAGE_NONE || (kernel->data != NULL && kernel->span == 0))
		return false;
	if (p->guest->kind == IMAGE_LINUX && kernel->data != NULL &&
	    arch_image_decode(kernel->data, kernel->size, &header) == OK)
		p->text_offset = header.text_offset;
	if (kernel->load_fixed) {
		if (p->guest->kind == IMAGE_LINUX && kernel->data != NULL &&
		    !check_linux_address(p, kernel))
			return false;
		if (!IS_ALIGNED(kernel->load.v, 4)) {
			config_error(p->run, p->guest->node, "load-address",
				     "code must start at a multiple of 4; write <0x%llx>",
				     (ull)ALIGN_DOWN(kernel->load.v, 4));
			return false;
		}
		if (!check_fixed(p, "load-address", "kernel", kernel->load.v, span))
			return false;
	} else {
		if (!choose_kernel_address(p, kernel))
			return false;
		if (!range_within(kernel->load.v, span, p->ram->gpa.v, p->ram->size)) {
			report_too_large(p, "kernel", "kernel", span);
			return false;
		}
	}
	p->guest->entry = kernel->load;
	take(p, "load-address", "kernel", kernel->load.v, span);
	return true;
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
				     "its tree may take %llu bytes, and at most 2 MiB can be "
				     "given; shorten compatible and bootargs",
				     (ull)tree->span);
		tree->span = TREE_MAX;
	}
	slot = power_of_two_above(tree->span);
	if (tree->load_fixed) {
		if (!IS_ALIGNED(tree->load.v, 8) || tree->load.v % TREE_MAX + tree->span > TREE_MAX)
			config_error(p->run, p->guest->node, "device-tree-address",
				     "a tree must start at a multiple of 8 and, with its %llu "
				     "bytes, not cross a multiple of 2 MiB; write <0x%llx>",
				     (ull)tree->span, (ull)ALIGN_DOWN(tree->load.v, TREE_MAX));
		else if (check_fixed(p, "device-tree-address", "tree", tree->load.v, tree->span))
			take(p, "device-tree-address", "tree", tree->load.v, tree->span);
		return;
	}
	if (p->guest->kind == IMAGE_LINUX && end > kernel_base + TREE_REACH &&
	    kernel_base >= p->ram->gpa.v)
		end = kernel_base + TREE_REACH;
	if (find_place(p, p->ram->gpa.v, end, slot, slot, &tree->load.v))
		take(p, "device-tree-address", "tree", tree->load.v, tree->span);
	else
		report_too_large(p, "kernel", "guest's tree", slot);
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
				     "not a multiple of 4096; write <0x%llx>",
				     (ull)ALIGN_DOWN(initrd->load.v, PAGE_SIZE));
		else if (check_fixed(p, "initrd-address", "initrd", initrd->load.v, span))
			take(p, "initrd-address", "initrd", initrd->load.v, span);
		return;
	}
	if (p->guest->kind == IMAGE_LINUX)
		end = MIN(end, window);
	if (find_place(p, low, end, span, PAGE_SIZE, &initrd->load.v))
		take(p, "initrd-address", "initrd", initrd->load.v, span);
	else
		report_too_large(p, "initrd", "initrd", span);
}

static void place_guest(struct config_run *run, struct config_guest *guest)
{
	struct placing p = { .run = run, .guest = guest, .ram = main_ram(guest) };
	fdt_node_t aspace = config_child(run, guest->node, "aspace");
	const struct config_region *chosen;

	if (p.ram == NULL) {
		if (aspace != FDT_NONE && guest->num_regions > 0 && !has_refused_memory(guest))
			config_error(run, aspace, NULL,
				     "has no region of type \"ram\"; a guest needs one for its "
				     "kernel and tree");
		return;
	}
	if (!place_kernel(&p))
		return;
	/* Tree and initrd go beside the kernel where that is RAM at all. */
	chosen = memory_at(guest, guest->kernel.load.v);
	if (chosen != NULL && chosen->kind == REGION_RAM)
		p.ram = chosen;
	/* What the user has placed comes first, so that what the core may choose keeps clear of it.
	 */
	if (guest->initrd.load_fixed && !guest->tree.load_fixed) {
		place_initrd(&p);
		place_tree(&p);
	} else {
		place_tree(&p);
		place_initrd(&p);
	}
}

void place_images(struct config_run *run)
{
	config_for_each_guest (run->system, guest)
		place_guest(run, guest);
}
