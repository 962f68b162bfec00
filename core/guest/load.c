/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading of a guest: pristine images from the bundle and a device tree. They are copied to its RAM
 * and cleaned to the point of coherency, because a guest starts with its caches off. The thread of
 * its first vCPU does so before the first entry, with the guest's priority and on its account.
 */
#include <mullion/guest.h>

#include <arch/mmu.h>
#include <mullion/guest_tree.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/random.h>

/* Copied at a time, in less than 20,000 instructions: 13 or 16 for 128 bytes that are aligned. */
#define PIECE_BYTES KIB(128)
#define SLOW_BYTES  KIB(2)

/* @zeroes: @data is a page of them, for any length. */
static enum err load_bytes(struct vcpu *vcpu, u64 gpa, const u8 *data, u64 bytes, bool zeroes)
{
	bool fast = IS_ALIGNED(gpa | (u64)(uintptr_t)data, 16);
	u64 piece = fast ? (zeroes ? PAGE_SIZE : PIECE_BYTES) : SLOW_BYTES;
	enum err err = OK;

	for (u64 at = 0; at < bytes && err == OK; at += piece) {
		err = guest_load(vcpu->guest, GPA(gpa + at), zeroes ? data : data + at,
				 MIN(bytes - at, piece));
		if (err == OK && !vcpu_preempt_point(vcpu))
			err = ERR_BUSY;
	}
	return err;
}

enum err guest_load_pieces(struct vcpu *vcpu, gpa_t to, const u8 *from, u64 bytes)
{
	return load_bytes(vcpu, to.v, from, bytes, false);
}

/* The memory of all segments is zero before the first one's bytes. */
static enum err load_segments(struct vcpu *vcpu, const struct config_image *image)
{
	u8 *zeroes = page_alloc(1);
	enum err err = zeroes == NULL ? ERR_NO_MEMORY : OK;

	for (u32 i = 0; i < image->num_pieces && err == OK; i++)
		err = load_bytes(vcpu, image->pieces[i].gpa, zeroes, image->pieces[i].memory, true);
	page_free(zeroes, 1);
	for (u32 i = 0; i < image->num_pieces && err == OK; i++)
		err = load_bytes(vcpu, image->pieces[i].gpa, image->data + image->pieces[i].offset,
				 image->pieces[i].bytes, false);
	return err;
}

static enum err load_image(struct vcpu *vcpu, const struct config_image *image)
{
	if (image->data == NULL)
		return OK;
	if (image->num_pieces != 0)
		return load_segments(vcpu, image);
	return load_bytes(vcpu, image->load.v, image->data, image->size, false);
}

static enum err load_generated_tree(const struct guest *guest, const struct guest_nodes *nodes)
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
	err = guest_tree_write(guest->config, nodes, seed, tree, pages * PAGE_SIZE, &bytes,
			       thread_preempt_point);
	if (err == OK)
		err = guest_load(guest, guest->config->tree.load, tree, bytes);
	page_free(tree, pages);
	return err;
}

enum err guest_load_images(struct vcpu *vcpu, const struct guest_nodes *nodes)
{
	const struct config_guest *config = vcpu->guest->config;
	enum err err;

	/* The reset of the guest came before, and took 10,000 instructions. */
	thread_preempt_point();
	err = load_image(vcpu, &config->kernel);
	if (err == OK)
		err = load_image(vcpu, &config->initrd);
	if (err == OK)
		err = config->tree.data != NULL ? load_image(vcpu, &config->tree)
						: load_generated_tree(vcpu->guest, nodes);
	if (err != OK && err != ERR_BUSY)
		log_error("guest '%s': loading its images: %s", config->name, err_name(err));
	return err;
}
