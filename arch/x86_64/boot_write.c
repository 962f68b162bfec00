/* SPDX-License-Identifier: Apache-2.0 */
/* The pieces of a guest's start: kernel, initrd, and the boot block of its protocol. The thread of
 * the first vCPU writes them, with the guest's priority and on its account. */
#include <arch/vcpu.h>

#include "arch/x86_64/pure/boot.h"
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/random.h>

#define BLOCK_PAGES (X86_BLOCK_BYTES / PAGE_SIZE)

/* @scratch is zero. An ELF file relies on zeroes outside its pieces. */
static enum err put_kernel(struct vcpu *vcpu, const struct x86_kernel *kernel, const u8 *scratch)
{
	const u8 *file = vcpu->guest->config->kernel.data;
	bool zero = kernel->boot != X86_BOOT_LINUX && kernel->boot != X86_BOOT_FLAT &&
		    kernel->boot != X86_BOOT_FIRMWARE;
	enum err err = OK;

	for (u64 at = kernel->low; zero && err == OK && at < kernel->high; at += X86_BLOCK_BYTES)
		err = guest_load_pieces(vcpu, GPA(at), scratch,
					MIN(kernel->high - at, X86_BLOCK_BYTES));
	for (u32 i = 0; err == OK && i < kernel->num_pieces; i++)
		err = guest_load_pieces(vcpu, GPA(kernel->pieces[i].gpa),
					file + kernel->pieces[i].offset, kernel->pieces[i].bytes);
	return err;
}

static enum err put_block(struct vcpu *vcpu, const struct x86_kernel *kernel, u8 *block)
{
	u16 ebda = (u16)((X86_BLOCK + X86_BLOCK_EBDA) >> 4);
	u8 seed[X86_SEED_BYTES];
	enum err err;

	random_fill(seed, sizeof(seed));
	x86_boot_block(vcpu->guest->config, kernel, seed, block);
	if (!vcpu_preempt_point(vcpu))
		return ERR_BUSY;
	err = guest_load_pieces(vcpu, GPA(X86_BLOCK), block, X86_BLOCK_BYTES);
	if (err == OK)
		err = guest_load(vcpu->guest, GPA(X86_EBDA_POINTER), &ebda, sizeof(ebda));
	return err;
}

static enum err put_all(struct vcpu *vcpu, const struct x86_kernel *kernel, u8 *block)
{
	const struct config_image *initrd = &vcpu->guest->config->initrd;
	enum err err = put_kernel(vcpu, kernel, block);

	if (err == OK && initrd->data != NULL)
		err = guest_load_pieces(vcpu, initrd->load, initrd->data, initrd->size);
	if (err == OK && kernel->boot != X86_BOOT_FIRMWARE)
		err = put_block(vcpu, kernel, block);
	return err;
}

enum err arch_boot_write(struct vcpu *vcpu)
{
	const struct config_guest *config = vcpu->guest->config;
	u8 *block = page_alloc(BLOCK_PAGES);
	struct x86_kernel kernel;
	enum err err;

	if (block == NULL)
		return ERR_NO_MEMORY;
	x86_boot_kernel(config, &kernel);
	err = put_all(vcpu, &kernel, block);
	page_free(block, BLOCK_PAGES);
	vcpu->start = (struct vcpu_start){ .sipi = false };
	x86_boot_start(config, &kernel, &vcpu->start.boot);
	if (err != OK && err != ERR_BUSY)
		log_error("guest '%s': writing its pieces: %s", config->name, err_name(err));
	return err;
}
