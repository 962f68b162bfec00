/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's own device tree: written from its description, or supplied by the user and then held
 * against the description. Pure: runs in the core and in tools/check.
 */
#ifndef MULLION_GUEST_TREE_H
#define MULLION_GUEST_TREE_H

#include <mullion/config.h>
#include <mullion/err.h>
#include <mullion/host.h>
#include <mullion/types.h>

/* The phandle of the guest's interrupt controller, which the root names as interrupt-parent. */
#define GUEST_TREE_CONTROLLER 1

#define GUEST_TREE_SEED_BYTES 64

struct fdt_writer;

/* The architecture's part of a guest's tree. Pure. */
struct guest_nodes {
	/* device() - the interrupts of a device's node, and what else its driver needs there. */
	void (*device)(struct fdt_writer *w, const struct config_region *region);
	/* machine() - the nodes of CPUs, firmware, timer and interrupt controller. */
	void (*machine)(struct fdt_writer *w, const struct config_guest *g);
};

/** guest_tree_write() - write the tree of @g into @buf (@size bytes, at most FDT_MAX_SIZE are
 * used). @nodes adds the architecture's part. @seed: fresh random bytes; the guest gets them as
 * rng-seed and kaslr-seed. @yield: called after each node, or NULL. @total: bytes of the tree.
 * Returns ERR_TOO_BIG if it does not fit. Any context, no locks. */
enum err __must_check guest_tree_write(const struct config_guest *g,
				       const struct guest_nodes *nodes,
				       const u8 seed[GUEST_TREE_SEED_BYTES], void *buf, size_t size,
				       u32 *total, void (*yield)(void));

/** guest_tree_check() - hold a supplied tree against what the guest will find: memory, CPUs,
 * initrd, and what the architecture adds. Every mistake goes to @diag, with g->node and
 * "device-tree", and is counted there.
 * @scratch: overwritten; it is too large for a core stack. Returns ERR_INVALID after any mistake.
 */
enum err __must_check guest_tree_check(const struct fdt *supplied, const struct config_guest *g,
				       struct host *scratch, struct diag *diag);

#endif
