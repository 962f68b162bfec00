/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest starts with: pristine images from the bundle and a device tree, put into its RAM and
 * cleaned to the point of coherency, since it starts with its caches off.
 */
#include <mullion/guest.h>

#include <arch/mmu.h>
#include <mullion/guest_tree.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/random.h>
#include <mullion/sched.h>

/* Copied at a time; between two pieces others may run. */
#define PIECE_BYTES KIB(128)

/* At boot there is nobody else; and a vCPU that restarts its guest has stopped already: it cannot
 * give its CPU away and come back. */
static void breathe(void)
{
	if (sched_context() == CONTEXT_ORPHAN)
		thread_breathe();
}

static enum err load_image(const struct guest *guest, const struct config_image *image)
{
	enum err err = OK;

	if (image->data == NULL)
		return OK;
	for (u64 at = 0; at < image->size && err == OK; at += PIECE_BYTES) {
		err = guest_load(guest, GPA(image->load.v + at), image->data + at,
				 MIN(image->size - at, PIECE_BYTES));
		breathe();
	}
	return err;
}

static enum err load_generated_tree(const struct guest *guest)
{
	/* The bound that the checks computed, and that the heap's size allows for. */
	u64 pages = ALIGN_UP(guest->config->tree.span, PAGE_SIZE) / PAGE_SIZE;
	void *tree = page_alloc(pages);
	u8 seed[GUEST_TREE_SEED_BYTES];
	u32 bytes;
	enum err err;

	if (tree == NULL)
		return ERR_NO_MEMORY;
	random_fill(seed, sizeof(seed));
	err = guest_tree_write(guest->config, seed, tree, pages * PAGE_SIZE, &bytes);
	if (err == OK)
		err = guest_load(guest, guest->config->tree.load, tree, bytes);
	page_free(tree, pages);
	return err;
}

enum err guest_load_images(struct guest *guest)
{
	const struct config_guest *config = guest->config;
	enum err err = load_image(guest, &config->kernel);

	if (err == OK)
		err = load_image(guest, &config->initrd);
	if (err == OK)
		err = config->tree.data != NULL ? load_image(guest, &config->tree)
						: load_generated_tree(guest);
	arch_invalidate_icache();
	if (err != OK)
		log_error("guest '%s': loading its images: %s", config->name, err_name(err));
	return err;
}
