/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's device tree: what does not depend on the architecture. Root, /chosen, memory and
 * passed-through devices are written here; CPUs, controller, timer and firmware interface by
 * arch_guest_describe(). Bindings: Devicetree Specification v0.4, and Linux's for arm,primecell and
 * fixed-clock.
 */
#include <arch/vcpu.h>
#include <mullion/fdt.h>
#include <mullion/format.h>
#include <mullion/guest_tree.h>
#include <mullion/string.h>

#define PATH_BYTES 64       /* '/', a region's name, '@' and sixteen digits */
#define CLOCK_HZ   24000000 /* nominal: the guest cannot change the device's real clock */
#define KASLR_SEED 8        /* bytes of the seed; rng-seed gets the rest */
#define TEXT_MAX   320

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

enum err guest_tree_write(const struct config_guest *g, const u8 seed[GUEST_TREE_SEED_BYTES],
			  void *buf, size_t size, u32 *total)
{
	struct fdt_writer w;

	fdt_writer_init(&w, buf, size);
	fdt_begin(&w, "");
	fdt_put_string(&w, "compatible", "mullion,guest");
	fdt_put_string(&w, "model", "Mullion guest");
	fdt_put_u32(&w, "#address-cells", 2);
	fdt_put_u32(&w, "#size-cells", 2);
	fdt_put_u32(&w, "interrupt-parent", GUEST_TREE_CONTROLLER);
	write_chosen(&w, g, seed);
	write_regions(&w, g);
	arch_guest_describe(g, &w);
	fdt_end(&w);
	return fdt_writer_finish(&w, total);
}

struct check {
	const struct config_guest *g;
	struct diag *diag;
	u32 errors;
};

static void mistake(struct check *c, const char *fmt, ...) __printf(2, 3);

static void mistake(struct check *c, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;
	size_t used;

	used = format(text, sizeof(text), "error: /guests/%s: device-tree = \"%s\": ", c->g->name,
		      c->g->tree.file);
	used = MIN(used, sizeof(text) - 1);
	va_start(args, fmt);
	(void)format_va(text + used, sizeof(text) - used, fmt, args);
	va_end(args);
	c->diag->report(c->diag, c->g->node, "device-tree", text);
	c->diag->errors++;
	c->errors++;
}

/* Whether RAM regions, one behind the other, hold the whole range. Regions are sorted. */
static bool in_ram(const struct config_guest *g, u64 base, u64 size)
{
	for (u32 i = 0; i < g->num_regions && size > 0; i++) {
		const struct config_region *region = &g->regions[i];
		u64 part;

		if (region->kind != REGION_RAM || base < region->gpa.v ||
		    base - region->gpa.v >= region->size)
			continue;
		part = MIN(size, region->size - (base - region->gpa.v));
		base += part;
		size -= part;
	}
	return size == 0;
}

static void check_memory(struct check *c, const struct host *seen)
{
	if (seen->num_memory == 0)
		mistake(c, "it has no memory node; describe the guest's RAM");
	for (u32 i = 0; i < seen->num_memory; i++) {
		const struct host_range *range = &seen->memory[i];

		if (!in_ram(c->g, range->base, range->size))
			mistake(c,
				"its memory 0x%llx..0x%llx is not all inside the guest's RAM "
				"regions; make the two agree",
				(unsigned long long)range->base,
				(unsigned long long)(range->base + range->size - 1));
	}
}

static void check_cpus(struct check *c, const struct host *seen)
{
	u32 count = c->g->num_vcpus;

	if (seen->num_cpus == 0 || seen->num_cpus > count)
		mistake(c, "it has %u CPU nodes, and the guest has %u vCPUs; write one for each",
			seen->num_cpus, count);
	for (u32 i = 0; i < seen->num_cpus; i++) {
		bool known = false;

		for (u32 v = 0; v < count; v++)
			known |= arch_vcpu_identity(v) == seen->cpus[i].mpidr;
		if (!known)
			mistake(c,
				"no vCPU has the number 0x%llx of its CPU node; the first vCPU's "
				"is 0x%llx, the last one's 0x%llx",
				(unsigned long long)seen->cpus[i].mpidr,
				(unsigned long long)arch_vcpu_identity(0),
				(unsigned long long)arch_vcpu_identity(count - 1));
		if (count > 1 && !seen->cpus[i].psci)
			mistake(c, "CPU 0x%llx has no enable-method = \"psci\"",
				(unsigned long long)seen->cpus[i].mpidr);
	}
	if (seen->psci == HOST_PSCI_NONE)
		mistake(c, "it has no psci node; add one with compatible = \"arm,psci-1.0\" and "
			   "method = \"hvc\"");
}

static void check_frame(struct check *c, const char *frame, u64 seen, gpa_t expected)
{
	if (seen != expected.v)
		mistake(c,
			"its interrupt controller has %s at 0x%llx, and the guest's is at 0x%llx",
			frame, (unsigned long long)seen, (unsigned long long)expected.v);
}

static void check_controller(struct check *c, const struct host *seen)
{
	enum host_gic wanted = c->g->gic_version == 2 ? HOST_GIC_V2 : HOST_GIC_V3;

	if (seen->gic != wanted) {
		mistake(c, "it has %s, and the guest has a GICv%u",
			seen->gic == HOST_GIC_NONE ? "no interrupt controller"
			: seen->gic == HOST_GIC_V2 ? "a GICv2"
						   : "a GICv3",
			c->g->gic_version);
		return;
	}
	check_frame(c, "GICD", seen->gicd.base, c->g->gicd);
	if (wanted == HOST_GIC_V2)
		check_frame(c, "GICC", seen->gicc.base, c->g->gicc);
	else
		check_frame(c, "GICR", seen->num_gicr > 0 ? seen->gicr[0].base : 0, c->g->gicr);
}

static void check_initrd(struct check *c, const struct host *seen)
{
	const struct config_image *initrd = &c->g->initrd;

	if (initrd->file == NULL)
		return;
	if (seen->initrd_start != initrd->load.v ||
	    (initrd->data != NULL && seen->initrd_end != initrd->load.v + initrd->size))
		mistake(c,
			"its /chosen does not say where the initrd is; write "
			"linux,initrd-start = <0x%x 0x%x> and linux,initrd-end = <0x%x 0x%x>",
			(u32)(initrd->load.v >> 32), (u32)initrd->load.v,
			(u32)((initrd->load.v + initrd->size) >> 32),
			(u32)(initrd->load.v + initrd->size));
}

enum err guest_tree_check(const struct fdt *supplied, const struct config_guest *g,
			  struct host *scratch, struct diag *diag)
{
	struct check c = { .g = g, .diag = diag };
	enum err err = host_read(supplied, scratch);

	if (err != OK) {
		mistake(&c, "a CPU, memory, controller or timer node cannot be read (%s)",
			err_name(err));
		return ERR_INVALID;
	}
	check_memory(&c, scratch);
	check_cpus(&c, scratch);
	check_controller(&c, scratch);
	check_initrd(&c, scratch);
	return c.errors == 0 ? OK : ERR_INVALID;
}
