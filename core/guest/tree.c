/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's device tree: what does not depend on the architecture. Root, /chosen, memory and
 * passed-through devices are written here; CPUs, controller, timer and firmware interface by
 * the architecture. Bindings: Devicetree Specification v0.4, and Linux's for arm,primecell and
 * fixed-clock.
 */
#include <mullion/fdt.h>
#include <mullion/format.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

#define PATH_BYTES 64       /* '/', a region's name, '@' and sixteen digits */
#define CLOCK_HZ   24000000 /* nominal: the guest cannot change the device's real clock */
#define KASLR_SEED 8        /* bytes of the seed; rng-seed gets the rest */

/* Interrupt specifier cells (arm,gic binding): type, number, trigger. */
#define INTID_PPI          16
#define INTID_SPI          32
#define CELL_SPI           0
#define CELL_PPI           1
#define TRIGGER_EDGE       1
#define TRIGGER_LEVEL_HIGH 4

static void device_path(const struct config_region *region, char path[PATH_BYTES])
{
	(void)format(path, PATH_BYTES, "/%s@%llx", region->name, (unsigned long long)region->gpa.v);
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

/* The region's string list in the tree holds @compatible. */
static bool has_compatible(const struct config_region *region, const char *compatible)
{
	u32 at = 0;

	while (region->compatible != NULL && at < region->compatible_len) {
		const char *text = region->compatible + at;
		size_t len = strnlen(text, region->compatible_len - at);

		if (len == strlen(compatible) && memcmp(text, compatible, len) == 0)
			return true;
		at += (u32)len + 1;
	}
	return false;
}

static void write_interrupts(struct fdt_writer *w, const struct config_region *region)
{
	fdt_put_empty(w, "interrupts");
	for (u32 i = 0; i < region->num_irqs; i++) {
		u32 intid = region->irqs[i].guest;
		bool spi = intid >= INTID_SPI;
		const u32 cells[] = { spi ? CELL_SPI : CELL_PPI,
				      intid - (spi ? INTID_SPI : INTID_PPI),
				      region->irqs[i].level ? TRIGGER_LEVEL_HIGH : TRIGGER_EDGE };

		fdt_append_cells(w, cells, ARRAY_SIZE(cells));
	}
}

/* Linux binds a driver to a PrimeCell only if it can switch on the bus clock; a PL011 needs its
 * baud clock too. */
static void write_clocks(struct fdt_writer *w, const struct config_region *region)
{
	static const char *const pl011[] = { "uartclk", "apb_pclk" };
	static const char *const other[] = { "apb_pclk" };
	static const u32 clocks[] = { GUEST_TREE_CLOCK, GUEST_TREE_CLOCK };

	if (has_compatible(region, "arm,pl011")) {
		fdt_put_cells(w, "clocks", clocks, ARRAY_SIZE(pl011));
		fdt_put_strings(w, "clock-names", pl011, ARRAY_SIZE(pl011));
	} else {
		fdt_put_cells(w, "clocks", clocks, ARRAY_SIZE(other));
		fdt_put_strings(w, "clock-names", other, ARRAY_SIZE(other));
	}
}

static void write_device(struct fdt_writer *w, const struct config_region *region)
{
	fdt_begin_at(w, region->name, region->gpa.v);
	fdt_put(w, "compatible", region->compatible, region->compatible_len);
	write_reg(w, region);
	if (region->num_irqs > 0)
		write_interrupts(w, region);
	if (has_compatible(region, "arm,primecell"))
		write_clocks(w, region);
	fdt_end(w);
}

static void write_clock(struct fdt_writer *w)
{
	fdt_begin(w, "clock");
	fdt_put_string(w, "compatible", "fixed-clock");
	fdt_put_u32(w, "#clock-cells", 0);
	fdt_put_u32(w, "clock-frequency", CLOCK_HZ);
	fdt_put_u32(w, "phandle", GUEST_TREE_CLOCK);
	fdt_end(w);
}

static void write_regions(struct fdt_writer *w, const struct config_guest *g)
{
	bool clock = false;

	for (u32 i = 0; i < g->num_regions; i++) {
		const struct config_region *region = &g->regions[i];

		if (region->kind == REGION_RAM) {
			write_memory(w, region);
		} else if (region->compatible != NULL) {
			write_device(w, region);
			clock |= has_compatible(region, "arm,primecell");
		}
	}
	if (clock)
		write_clock(w);
}

enum err guest_tree_write(const struct config_guest *g, guest_describe *describe,
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
	write_regions(&w, g);
	describe(g, &w);
	fdt_end(&w);
	return fdt_writer_finish(&w, total);
}
