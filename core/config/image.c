/* SPDX-License-Identifier: Apache-2.0 */
/* Images: is each in the bundle, and is it what its property says? */
#include <arch/image.h>
#include <mullion/cpio.h>
#include <mullion/string.h>

#include "core/config/internal.h"

typedef unsigned long long ull;

/* No bundle, or none of the file: the data stays NULL, and what needs it is left out. */
static void find_file(struct config_run *run, const struct config_guest *guest,
		      const char *property, struct config_image *image)
{
	struct cpio_entry entry;
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];
	enum err err;

	if (image->file == NULL || run->bundle == NULL)
		return;
	if (cpio_find(run->bundle, run->bundle_bytes, image->file, &entry) == OK) {
		if (entry.size == 0) {
			config_error(run, guest->node, property,
				     "the file is empty; pack the right one");
			return;
		}
		image->data = entry.data;
		image->size = entry.size;
		image->span = entry.size;
		return;
	}
	nearest_init(&nearest, image->file);
	err = cpio_first(run->bundle, run->bundle_bytes, &entry);
	for (; err == OK; err = cpio_next(run->bundle, run->bundle_bytes, &entry))
		nearest_offer(&nearest, entry.name);
	config_error(run, guest->node, property, "no such file in the bundle%s",
		     nearest.best == NULL ? "; put it into the folder that pack takes images from"
					  : nearest_hint(&nearest, hint));
}

static const char *kernel_advice(enum image_file kind)
{
	switch (kind) {
	case IMAGE_FILE_GZIP: return "make the bundle with tools/pack, which unpacks it";
	case IMAGE_FILE_OTHER_COMPRESSION: return "unpack it first";
	case IMAGE_FILE_ELF:
		return "name arch/arm64/boot/Image of the kernel's build, or turn a bare program "
		       "into bytes "
		       "with objcopy -O binary and write kernel-type = \"raw\"";
	case IMAGE_FILE_PE: return "take the Image out of it (a zboot kernel holds it compressed)";
	case IMAGE_FILE_UIMAGE: return "name the Image that it was made from";
	case IMAGE_FILE_FDT: return "did you mean device-tree?";
	case IMAGE_FILE_CPIO: return "did you mean initrd?";
	case IMAGE_FILE_OTHER_ARCH: return "name one that was built for arm64";
	default: return "name an arm64 Image, or write kernel-type = \"raw\"";
	}
}

static void check_linux(struct config_run *run, struct config_guest *guest)
{
	struct config_image *kernel = &guest->kernel;
	enum image_file kind = arch_image_kind(kernel->data, kernel->size);
	struct image_header header = { 0 };

	kernel->span = 0;
	if (kind != IMAGE_FILE_LINUX) {
		config_error(run, guest->node, "kernel", "is %s, no arm64 Image; %s",
			     arch_image_kind_name(kind), kernel_advice(kind));
	} else if (arch_image_decode(kernel->data, kernel->size, &header) != OK) {
		config_error(run, guest->node, "kernel",
			     "its header contradicts itself: text_offset 0x%llx, image_size "
			     "0x%llx; the file "
			     "is damaged, build or fetch it again",
			     (ull)header.text_offset, (ull)header.image_size);
	} else if (header.big_endian) {
		config_error(
			run, guest->node, "kernel",
			"is a big-endian kernel; name one built with CONFIG_CPU_LITTLE_ENDIAN");
	} else {
		kernel->span = MAX(header.image_size, kernel->size);
	}
}

static void check_raw(struct config_run *run, const struct config_guest *guest)
{
	enum image_file kind = arch_image_kind(guest->kernel.data, guest->kernel.size);

	if (kind == IMAGE_FILE_LINUX)
		config_warning(run, guest->node, "kernel",
			       "is an arm64 Image but started as raw bytes; write kernel-type = "
			       "\"linux\" to "
			       "honour its header");
	else if (kind == IMAGE_FILE_ELF || kind == IMAGE_FILE_GZIP)
		config_error(run, guest->node, "kernel", "is %s, no raw binary; %s",
			     arch_image_kind_name(kind),
			     kind == IMAGE_FILE_ELF ? "turn it into bytes with objcopy -O binary"
						    : kernel_advice(kind));
}

/* Every part of memory that the tree promises must be memory that the guest has. */
static void check_tree_memory(struct config_run *run, const struct config_guest *guest,
			      const struct host *seen)
{
	if (seen->num_memory == 0)
		config_error(run, guest->node, "device-tree",
			     "describes no memory; add a memory node");
	for (u32 i = 0; i < seen->num_memory; i++) {
		const struct host_range *range = &seen->memory[i];
		bool inside = false;

		config_for_each_region(guest, region) inside =
			inside ||
			(region->kind == REGION_RAM && region->size != 0 &&
			 range_within(range->base, range->size, region->gpa.v, region->size));
		if (!inside)
			config_error(run, guest->node, "device-tree",
				     "promises memory at 0x%llx to 0x%llx, which no region of type "
				     "\"ram\" "
				     "holds; change its memory node, or the region",
				     (ull)range->base, (ull)(range->base + range->size - 1));
	}
}

static void check_tree_frame(struct config_run *run, const struct config_guest *guest,
			     const char *name, u64 seen, u64 real)
{
	if (seen != real)
		config_error(run, guest->node, "device-tree",
			     "has the %s at 0x%llx, but the guest's is at 0x%llx; change the tree, "
			     "or the "
			     "guest's address property",
			     name, (ull)seen, (ull)real);
}

static void check_tree_controller(struct config_run *run, const struct config_guest *guest,
				  const struct host *seen)
{
	u32 version = seen->gic == HOST_GIC_V2 ? 2 : 3;

	if (seen->gic == HOST_GIC_NONE) {
		config_error(run, guest->node, "device-tree",
			     "describes no interrupt controller; add the node of a GICv%u",
			     guest->gic_version);
		return;
	}
	if (version != guest->gic_version) {
		config_error(run, guest->node, "device-tree",
			     "describes a GICv%u, but the guest has a GICv%u; change the tree, or "
			     "gic-version",
			     version, guest->gic_version);
		return;
	}
	check_tree_frame(run, guest, "distributor", seen->gicd.base, guest->gicd.v);
	if (version == 2)
		check_tree_frame(run, guest, "CPU interface", seen->gicc.base, guest->gicc.v);
	else
		check_tree_frame(run, guest, "redistributors", seen->gicr[0].base, guest->gicr.v);
}

/* A tree that was supplied is read as if it described a machine; that machine must be the guest. */
static enum err check_tree(struct config_run *run, const struct config_guest *guest)
{
	const struct config_image *image = &guest->tree;
	struct host *seen;
	struct fdt tree;
	enum err err = fdt_open(&tree, image->data, image->size);

	if (err == ERR_TOO_BIG) {
		config_error(run, guest->node, "device-tree",
			     "is larger than 2 MiB or nested too deeply");
		return OK;
	}
	if (err != OK) {
		config_error(run, guest->node, "device-tree",
			     "is no sound compiled device tree (%s); compile it with dtc",
			     arch_image_kind_name(arch_image_kind(image->data, image->size)));
		return OK;
	}
	seen = arena_alloc(run, sizeof(*seen));
	if (seen == NULL)
		return ERR_NO_MEMORY;
	if (host_read(&tree, seen) != OK) {
		config_error(run, guest->node, "device-tree",
			     "contradicts itself; check its reg properties");
	} else {
		check_tree_memory(run, guest, seen);
		check_tree_controller(run, guest, seen);
		if (seen->num_cpus > guest->num_vcpus)
			config_error(run, guest->node, "device-tree",
				     "describes %u CPUs, but the guest has %u vCPUs; change its "
				     "cpus node, or "
				     "count in vcpus",
				     seen->num_cpus, guest->num_vcpus);
	}
	run->arena_used = (size_t)((u8 *)seen - run->arena);
	return OK;
}

enum err check_images(struct config_run *run)
{
	config_for_each_guest(run->system, guest)
	{
		find_file(run, guest, "kernel", &guest->kernel);
		find_file(run, guest, "initrd", &guest->initrd);
		find_file(run, guest, "device-tree", &guest->tree);
		if (guest->kernel.data != NULL && guest->kind == IMAGE_LINUX)
			check_linux(run, guest);
		else if (guest->kernel.data != NULL)
			check_raw(run, guest);
		if (guest->tree.data != NULL && check_tree(run, guest) != OK)
			return ERR_NO_MEMORY;
	}
	return OK;
}
