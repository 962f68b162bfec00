/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's device tree, without the architecture's part: root, /chosen, memory and devices.
 * (Devicetree Specification v0.4.)
 */
#include <mullion/fdt.h>
#include <mullion/format.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

#define PATH_BYTES 64 /* '/', a region's name, '@' and sixteen digits */
#define KASLR_SEED 8  /* bytes of the seed; rng-seed gets the rest */

static void device_path(const struct config_region *region, char path[PATH_BYTES])
{
	(void)format(path, PATH_BYTES, "/%s@%lx", region->name, region->gpa.v);
}

static void write_reg(struct fdt_writer *w, const struct config_region *region)
{
	const u32 cells[] = { (u32)(region->gpa.v >> 32), (u32)region->gpa.v,
			      (u32)(region->size >> 32), (u32)region->size };

	fdt_put_cells(w, "reg", cells, ARRAY_SIZE(cells));
}

static void write_chosen(struct fdt_writer *w, const struct config_guest *g, const u8 *seed)
{
	char path[PATH_BYTES];

	fdt_begin(w, "chosen");
	if (g->bootargs != NULL && g->bootargs[0] != '\0')
		fdt_put_string(w, "bootargs", g->bootargs);
	if (g->console < g->num_regions) {
		device_path(&g->regions[g->console], path);
		fdt_put_string(w, "stdout-path", path);
	}
	if (g->initrd.file != NULL) {
		fdt_put_u64(w, "linux,initrd-start", g->initrd.load.v);
		fdt_put_u64(w, "linux,initrd-end", g->initrd.load.v + g->initrd.size);
	}
	fdt_put(w, "kaslr-seed", seed, KASLR_SEED);
	fdt_put(w, "rng-seed", seed + KASLR_SEED, GUEST_TREE_SEED_BYTES - KASLR_SEED);
	fdt_end(w);
}

static void write_memory(struct fdt_writer *w, const struct config_region *region)
{
	fdt_begin_at(w, "memory", region->gpa.v);
	fdt_put_string(w, "device_type", "memory");
	write_reg(w, region);
	fdt_end(w);
}

static void write_device(struct fdt_writer *w, const struct guest_nodes *nodes,
			 const struct config_region *region)
{
	fdt_begin_at(w, region->name, region->gpa.v);
	fdt_put(w, "compatible", region->compatible, region->compatible_len);
	write_reg(w, region);
	nodes->device(w, region);
	fdt_end(w);
}

static void write_regions(struct fdt_writer *w, const struct guest_nodes *nodes,
			  const struct config_guest *g)
{
	for (u32 i = 0; i < g->num_regions; i++) {
		const struct config_region *region = &g->regions[i];

		if (region->kind == REGION_RAM)
			write_memory(w, region);
		else if (region->compatible != NULL)
			write_device(w, nodes, region);
	}
}

enum err guest_tree_write(const struct config_guest *g, const struct guest_nodes *nodes,
			  const u8 seed[GUEST_TREE_SEED_BYTES], void *buf, size_t size, u32 *total,
			  void (*yield)(void))
{
	struct fdt_writer w;

	fdt_writer_init(&w, buf, size);
	w.yield = yield;
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,guest");
	fdt_put_string(&w, "model", "Mullion guest");
	fdt_put_u32(&w, "#address-cells", 2);
	fdt_put_u32(&w, "#size-cells", 2);
	fdt_put_u32(&w, "interrupt-parent", GUEST_TREE_CONTROLLER);
	write_chosen(&w, g, seed);
	write_regions(&w, nodes, g);
	nodes->machine(&w, g);
	fdt_end(&w);
	return fdt_writer_finish(&w, total);
}
