/* SPDX-License-Identifier: Apache-2.0 */
/* Images: is each in the bundle, and is it what its property says? */
#include <arch/image.h>
#include <mullion/cpio.h>

#include "config/internal.h"

typedef unsigned long long ull;

bool find_file(struct config_run *run, fdt_node_t node, const char *property, const char *file,
	       const u8 **data, u64 *bytes)
{
	struct cpio_entry entry;
	struct similar similar;
	char hint[SIMILAR_HINT_MAX];
	enum err err;

	if (file == NULL || run->bundle == NULL)
		return false;
	if (cpio_find(run->bundle, run->bundle_bytes, file, &entry) == OK) {
		if (entry.size == 0) {
			config_error(run, node, property, "the file is empty; pack the right one");
			return false;
		}
		*data = entry.data;
		*bytes = entry.size;
		return true;
	}
	similar_init(&similar, file);
	err = cpio_first(run->bundle, run->bundle_bytes, &entry);
	for (; err == OK; err = cpio_next(run->bundle, run->bundle_bytes, &entry))
		similar_offer(&similar, entry.name);
	config_error(run, node, property, "no such file in the bundle%s",
		     similar_hint(&similar, "; put it into the folder that pack takes images from",
				  hint));
	return false;
}

/* No bundle, or none of the file: the data stays NULL, and what needs it is left out. */
static void find_image(struct config_run *run, const struct config_guest *guest,
		       const char *property, struct config_image *image)
{
	if (find_file(run, guest->node, property, image->file, &image->data, &image->size))
		image->span = image->size;
}

static const char *kernel_advice(enum image_file kind)
{
	switch (kind) {
	case IMAGE_FILE_GZIP: return "make the bundle with tools/pack, which unpacks it";
	case IMAGE_FILE_OTHER_COMPRESSION: return "unpack it first";
	case IMAGE_FILE_ELF:
		return "name arch/arm64/boot/Image of the kernel's build, or turn a bare program "
		       "into bytes with objcopy -O binary and write kernel-type = \"raw\"";
	case IMAGE_FILE_PE: return "take the Image out of it (a zboot kernel holds it compressed)";
	case IMAGE_FILE_UIMAGE: return "name the Image that it was made from";
	case IMAGE_FILE_FDT: return "did you mean device-tree?";
	case IMAGE_FILE_CPIO: return "did you mean initrd?";
	case IMAGE_FILE_OTHER_ARCH: return "name one that was built for arm64";
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
	enum image_file kind = arch_image_kind(kernel->data, kernel->size);
	struct image_header header = { 0 };

	kernel->span = 0;
	if (kind != IMAGE_FILE_LINUX) {
		config_error(run, guest->node, "kernel", "is %s, no arm64 Image; %s",
			     arch_image_kind_name(kind), kernel_advice(kind));
	} else if (arch_image_decode(kernel->data, kernel->size, &header) != OK) {
		config_error(run, guest->node, "kernel",
			     "its header contradicts itself: text_offset 0x%llx, image_size "
			     "0x%llx; build or fetch it again, or write kernel-type = \"raw\" to "
			     "start it without",
			     (ull)header.text_offset, (ull)header.image_size);
	} else if (kernel->size < header.file_bytes) {
		config_error(run, guest->node, "kernel",
			     "is cut short: its header says %llu bytes, and there are %llu; build "
			     "or fetch it again",
			     (ull)header.file_bytes, (ull)kernel->size);
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
	enum image_file kind = arch_image_kind(guest->kernel.data, guest->kernel.size);
	struct image_header header;

	/* One with a damaged header can only be started so. */
	if (kind == IMAGE_FILE_LINUX &&
	    arch_image_decode(guest->kernel.data, guest->kernel.size, &header) == OK)
		config_warning(run, guest->node, "kernel",
			       "is an arm64 Image but started as raw bytes; write kernel-type = "
			       "\"linux\" to honour its header");
	else if (kind == IMAGE_FILE_ELF || kind == IMAGE_FILE_GZIP)
		config_error(run, guest->node, "kernel", "is %s, no raw binary; %s",
			     arch_image_kind_name(kind),
			     kind == IMAGE_FILE_ELF ? "turn it into bytes with objcopy -O binary"
						    : kernel_advice(kind));
}

void check_images(struct config_run *run)
{
	config_for_each_guest (run->system, guest) {
		find_image(run, guest, "kernel", &guest->kernel);
		find_image(run, guest, "initrd", &guest->initrd);
		find_image(run, guest, "device-tree", &guest->tree);
		if (guest->kernel.data != NULL && guest->kind == IMAGE_LINUX)
			check_linux(run, guest);
		else if (guest->kernel.data != NULL)
			check_raw(run, guest);
	}
}
