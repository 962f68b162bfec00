/* SPDX-License-Identifier: Apache-2.0 */
/* Files: each must be in the bundle, and a kernel must be one that the guest can start. */
#include <mullion/cpio.h>

#include "config/internal.h"

bool find_file(struct config_run *run, fdt_node_t node, const char *property, const char *file,
	       const u8 **data, u64 *bytes)
{
	struct cpio_entry entry;
	struct similar similar;
	enum err err;

	if (file == NULL || run->bundle == NULL)
		return false;
	if (cpio_find(run->bundle, run->bundle_bytes, file, &entry) == OK) {
		if (entry.size == 0)
			return config_error(run, node, property,
					    "the file is empty; pack the right one");
		*data = entry.data;
		*bytes = entry.size;
		return true;
	}
	similar_init(&similar, file);
	err = cpio_first(run->bundle, run->bundle_bytes, &entry);
	for (; err == OK; err = cpio_next(run->bundle, run->bundle_bytes, &entry))
		similar_offer(&similar, entry.name);
	return config_error(
		run, node, property, "no such file in the bundle%s",
		similar_hint(&similar, "; put it into the folder that pack takes images from"));
}

/* No bundle, or none of the file: the data stays NULL, and what needs it is left out. */
static void find_image(struct config_run *run, const struct config_guest *guest,
		       const char *property, struct config_image *image)
{
	if (find_file(run, guest->node, property, image->file, &image->data, &image->size))
		image->span = image->size;
}

void check_images(struct config_run *run)
{
	config_for_each_guest (run->system, guest) {
		find_image(run, guest, "kernel", &guest->kernel);
		find_image(run, guest, "initrd", &guest->initrd);
		find_image(run, guest, "device-tree", &guest->tree);
		if (guest->kernel.data != NULL)
			run->platform->boot_check(run, guest);
	}
}
