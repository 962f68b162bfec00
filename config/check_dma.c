/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices that can reach memory by themselves. No IOMMU confines them: the owner of one can access
 * all of the machine's memory. The description must say that it may. The machine's tree says
 * whether the device at the region's host address does DMA. Where the tree has nothing there, the
 * region's compatible does. An unknown device does DMA.
 */
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"
#include "config/schema.h"

#define NAME_SHOWN_MAX 48 /* bytes of a compatible that are shown */

/* Beginnings of properties that show that a device does DMA, or has another device do it. */
static const char *const signs[] = { "dma", "#dma-", "iommu", "#iommu-" };

static bool is_harmless(const struct config_run *run, const char *compatible)
{
	const struct arch_platform *platform = run->platform;

	return schema_index(platform->harmless, platform->num_harmless, compatible) <
	       platform->num_harmless;
}

/* The facts about a device. */
struct device {
	bool harmless;
	const char *property;   /* that shows DMA; or NULL */
	const char *compatible; /* the first; NULL without any */
	fdt_node_t node;        /* of the machine's tree; FDT_NONE: it has none there */
};

static void read_device(const struct config_run *run, fdt_node_t node, struct device *device)
{
	const struct fdt *tree = run->host->tree;
	struct fdt_prop prop;
	const char *text;

	*device = (struct device){ .node = node };
	for (u32 i = 0; fdt_get_str_at(tree, node, "compatible", i, &text) == OK; i++) {
		if (i == 0)
			device->compatible = text;
		device->harmless |= is_harmless(run, text);
	}
	fdt_for_each_prop (tree, node, &prop)
		for (u32 i = 0; i < ARRAY_SIZE(signs); i++)
			if (str_has_prefix(prop.name, signs[i]))
				device->property = prop.name;
	device->harmless &= device->property == NULL;
}

static bool is_at(const struct fdt *tree, fdt_node_t node, u64 hpa, u64 size)
{
	u64 base, bytes;
	enum err err = OK;

	for (u32 i = 0; err == OK || err == ERR_FAULT; i++) {
		err = fdt_reg(tree, node, i, &base, &bytes);
		if (err == OK && bytes <= UINT64_MAX - base &&
		    ranges_overlap(hpa, size, base, bytes))
			return true;
	}
	return false;
}

/* The first device in the range that is not harmless; of harmless ones the last. A device that the
 * tree disables is there as well. */
static void find_device(const struct config_run *run, u64 hpa, u64 size, struct device *device)
{
	const struct fdt *tree = run->host->tree;
	u32 depth = 0;

	device->node = FDT_NONE;
	for (fdt_node_t node = fdt_root(tree); node != FDT_NONE;
	     node = fdt_next(tree, node, &depth)) {
		if (!fdt_has(tree, node, "reg") || !is_at(tree, node, hpa, size))
			continue;
		read_device(run, node, device);
		if (!device->harmless)
			return;
	}
}

/* The facts in the region itself. */
static void read_claim(const struct config_run *run, fdt_node_t node, struct device *device)
{
	const char *text;

	*device = (struct device){ .node = FDT_NONE };
	for (u32 i = 0; (text = config_string_at(run, node, "compatible", i)) != NULL; i++) {
		if (i == 0)
			device->compatible = text;
		device->harmless |= is_harmless(run, text);
	}
}

static const char *what_it_is(const struct config_run *run, const struct device *device,
			      char buf[256])
{
	char path[128];

	if (device->node != FDT_NONE && run->host != NULL)
		(void)fdt_path(run->host->tree, device->node, path, sizeof(path));
	if (device->node != FDT_NONE && device->property != NULL)
		(void)format(buf, 256, "the machine's %s has the property %s", path,
			     device->property);
	else if (device->compatible == NULL)
		(void)format(buf, 256, "%s%s has no compatible that says what it is",
			     device->node != FDT_NONE ? "the machine's " : "",
			     device->node != FDT_NONE ? path : "the region");
	else
		(void)format(buf, 256, "%s%s is \"%.*s\", not known to be without DMA",
			     device->node != FDT_NONE ? "the machine's " : "",
			     device->node != FDT_NONE ? path : "the device", NAME_SHOWN_MAX,
			     device->compatible);
	return buf;
}

void check_dma(struct config_run *run, const struct config_region *region, u32 owner)
{
	const struct system *system = run->system;
	bool is_guest = owner < system->num_guests;
	const struct config_component *component =
		is_guest ? NULL : &system->components[owner - system->num_guests];
	bool trusted = is_guest ? system->guests[owner].trusted_dma : component->trusted_dma;
	const char *where = is_guest ? "the guest" : "the component";
	const char *place = place_property(run, region->node);
	const char *name = is_guest ? system->guests[owner].name : component->name;
	struct device device = { .node = FDT_NONE };
	char buf[256];

	if (!is_guest && component->serves < system->num_guests)
		where = "the node vmm";
	if (run->host != NULL && run->host->tree != NULL)
		find_device(run, region->hpa.v, region->size, &device);
	if (device.node == FDT_NONE)
		read_claim(run, region->node, &device);
	if (device.harmless)
		return;
	(void)what_it_is(run, &device, buf);
	if (trusted)
		config_warning(run, region->node, place,
			       "'%s' is trusted with a device that may do DMA, and can then reach "
			       "all of the machine's memory: %s",
			       name, buf);
	else
		config_error(run, region->node, place,
			     "the device may do DMA, and '%s' could reach all memory: %s; remove "
			     "the region%s, or write trusted-dma; in "
			     "%s if it may",
			     name, buf,
			     device.node == FDT_NONE && device.compatible == NULL
				     ? ", write the device's compatible"
				     : "",
			     where);
}
