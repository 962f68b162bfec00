/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree -> guests. Runs over whatever schema_check() let pass, so that the checks behind it find as
 * many mistakes as they can: what was refused gets its default, a region without place or size
 * gets size 0, which every check leaves out.
 */
#include <mullion/format.h>
#include <mullion/string.h>
#include <mullion/thread.h>

#include "config/internal.h"

bool interrupt_cells(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		     u32 cells[3])
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || prop.len % 12 != 0 || index >= prop.len / 12 ||
	    index >= CONFIG_MAX_IRQS)
		return false;
	for (u32 i = 0; i < 3; i++)
		cells[i] = config_cell(&prop, 3 * index + i);
	return true;
}

u32 count_irqs(const struct config_run *run, fdt_node_t node)
{
	struct fdt_prop prop;

	if (!config_get(run, node, "interrupts", &prop) || prop.len % 12 != 0)
		return 0;
	return MIN(prop.len / 12, CONFIG_MAX_IRQS);
}

/* INTID of <type number flags>, or 0 when it is none that can be given (check_irqs() says why). */
static u32 intid_of(const u32 cells[3], u32 count)
{
	if (cells[0] == 0 && cells[1] < count)
		return INTID_SPI_FIRST + cells[1];
	return 0;
}

enum err parse_irqs(struct config_run *run, fdt_node_t node, bool on_host, u32 *num_irqs,
		    struct config_irq **irqs)
{
	const char *guest_side =
		config_has(run, node, "guest-interrupts") ? "guest-interrupts" : "interrupts";
	u32 count = count_irqs(run, node), rate = 0;
	u32 cells[3];

	if (count == 0)
		return OK;
	*irqs = arena_alloc(run, count * sizeof(**irqs));
	if (*irqs == NULL)
		return ERR_NO_MEMORY;
	*num_irqs = count;
	(void)config_u32(run, node, "max-per-second", &rate);
	for (u32 i = 0; i < count; i++) {
		struct config_irq *irq = &(*irqs)[i];

		if (interrupt_cells(run, node, "interrupts", i, cells)) {
			if (on_host)
				irq->host = intid_of(cells, INTID_SPI_END - INTID_SPI_FIRST);
			irq->level = cells[2] == 4;
			irq->max_per_second = rate;
		}
		if (interrupt_cells(run, node, guest_side, i, cells))
			irq->guest = intid_of(cells, GUEST_SPIS);
	}
	return OK;
}

bool region_kind_parse(const char *text, enum region_kind *kind)
{
	static const char *const names[] = {
		[REGION_RAM] = "ram",     [REGION_ROM] = "rom",         [REGION_DEVICE] = "device",
		[REGION_ALIAS] = "alias", [REGION_VIRTUAL] = "virtual",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_equal(text, names[i])) {
			*kind = (enum region_kind)i;
			return true;
		}
	}
	return false;
}

/* What a vmm can emulate, and what it is to the guest's tree. */
static const struct {
	const char *device, *compatible;
	u32 compatible_len;
} models[] = {
	{ "pl011", "arm,pl011\0arm,primecell", sizeof("arm,pl011\0arm,primecell") },
	{ "pl031", "arm,pl031\0arm,primecell", sizeof("arm,pl031\0arm,primecell") },
	{ "virtio-console", "virtio,mmio", sizeof("virtio,mmio") },
};

/* A region without a known device stays as one of an unknown type: no check looks at it. */
static enum err parse_virtual(struct config_run *run, struct config_region *region)
{
	const char *device = config_string(run, region->node, "device");
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];

	if (device == NULL)
		return OK;
	nearest_init(&nearest, device);
	for (size_t i = 0; i < ARRAY_SIZE(models); i++) {
		nearest_offer(&nearest, models[i].device);
		if (!str_equal(models[i].device, device))
			continue;
		region->device = device;
		if (region->compatible != NULL)
			return OK;
		region->compatible_len = models[i].compatible_len;
		region->compatible =
			arena_text(run, models[i].compatible, models[i].compatible_len);
		return region->compatible != NULL ? OK : ERR_NO_MEMORY;
	}
	config_error(run, region->node, "device", "no vmm emulates that%s",
		     nearest.best == NULL ? "; write \"pl011\", \"pl031\" or \"virtio-console\""
					  : nearest_hint(&nearest, hint));
	return OK;
}

static void parse_extent(struct config_run *run, struct config_region *region)
{
	bool placed = config_u64(run, region->node, "guest-address", &region->gpa.v);

	if (!config_u64(run, region->node, "size", &region->size) || !placed ||
	    (region->kind == REGION_DEVICE && !region->hpa_fixed))
		region->size = 0;
	if (region->kind == REGION_VIRTUAL && region->device == NULL)
		region->size = 0;
}

/* Half of one type and half of another would be neither. */
static void check_same_type(struct config_run *run, fdt_node_t node)
{
	const char *own = config_string(run, node, "type");
	fdt_node_t base = config_base(run, node);
	const char *inherited = base == FDT_NONE ? own : config_string(run, base, "type");

	if (own != NULL && inherited != NULL && !str_equal(own, inherited))
		config_error(run, node, "type",
			     "the template's region of this name is \"%s\"; leave type out, or "
			     "give the region another name",
			     inherited);
}

static enum err parse_region(struct config_run *run, fdt_node_t node, struct config_region *region)
{
	const char *type = config_string(run, node, "type");
	struct fdt_prop prop;
	enum err err = OK;

	check_same_type(run, node);
	region->node = node;
	region->kind = REGION_VIRTUAL; /* of an unknown type: no check takes it for more */
	(void)str_copy(region->name, sizeof(region->name), fdt_name(run->tree, node));
	if (type == NULL || !region_kind_parse(type, &region->kind)) {
		(void)config_u64(run, node, "guest-address", &region->gpa.v);
		return OK;
	}
	if (region->kind != REGION_VIRTUAL)
		region->hpa_fixed = config_u64(run, node, "host-address", &region->hpa.v);
	if ((region->kind == REGION_DEVICE || region->kind == REGION_VIRTUAL) &&
	    config_get(run, node, "compatible", &prop)) {
		region->compatible = (const char *)prop.data;
		region->compatible_len = prop.len;
	}
	if (region->kind == REGION_VIRTUAL)
		err = parse_virtual(run, region);
	parse_extent(run, region);
	if (err == OK && (region->kind == REGION_DEVICE || region->device != NULL))
		err = parse_irqs(run, node, region->kind == REGION_DEVICE, &region->num_irqs,
				 &region->irqs);
	return err;
}

/* By address, for region_find(); in the tree's order where two are equal. */
static void sort_regions(struct config_guest *guest)
{
	for (u32 i = 1; i < guest->num_regions; i++) {
		struct config_region region = guest->regions[i];
		u32 at = i;

		for (; at > 0 && guest->regions[at - 1].gpa.v > region.gpa.v; at--)
			guest->regions[at] = guest->regions[at - 1];
		guest->regions[at] = region;
	}
}

static u32 find_region(const struct config_guest *guest, const char *name)
{
	for (u32 i = 0; i < guest->num_regions; i++)
		if (str_equal(guest->regions[i].name, name))
			return i;
	return guest->num_regions;
}

static void report_no_region(struct config_run *run, const struct config_guest *guest,
			     fdt_node_t node, const char *property, const char *name)
{
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];

	nearest_init(&nearest, name);
	config_for_each_region (guest, region)
		if (region->node != node)
			nearest_offer(&nearest, region->name);
	config_error(run, node, property, "guest '%s' has no region '%s'%s", guest->name, name,
		     nearest_hint(&nearest, hint));
}

/* An alias has the size of its region unless it says less; it is unusable (size 0) without one. */
static void resolve_alias(struct config_run *run, struct config_guest *guest,
			  struct config_region *alias)
{
	const char *name = config_string(run, alias->node, "alias-of");
	const struct config_region *target;
	u64 size = 0;

	alias->alias_of = name == NULL ? guest->num_regions : find_region(guest, name);
	alias->size = 0;
	if (name == NULL)
		return;
	if (alias->alias_of == guest->num_regions) {
		report_no_region(run, guest, alias->node, "alias-of", name);
		return;
	}
	target = &guest->regions[alias->alias_of];
	if (target->kind == REGION_ALIAS) {
		config_error(run, alias->node, "alias-of",
			     "region '%s' is an alias itself; name the region behind it", name);
		return;
	}
	if (target->kind == REGION_VIRTUAL && target->device != NULL) {
		config_error(run, alias->node, "alias-of",
			     "region '%s' is emulated, and cannot be seen a second time", name);
		return;
	}
	if (target->size == 0 || !config_has(run, alias->node, "guest-address"))
		return;
	if (!config_u64(run, alias->node, "size", &size))
		size = target->size;
	if (size > target->size)
		config_error(run, alias->node, "size",
			     "larger than region '%s' of 0x%llx bytes; write at most that", name,
			     (unsigned long long)target->size);
	else
		alias->size = size;
}

static void resolve_console(struct config_run *run, struct config_guest *guest)
{
	const char *name = config_string(run, guest->node, "console");

	guest->console = guest->num_regions;
	if (name == NULL || guest->num_regions == 0)
		return;
	guest->console = find_region(guest, name);
	if (guest->console == guest->num_regions) {
		report_no_region(run, guest, guest->node, "console", name);
	} else if (guest->regions[guest->console].kind != REGION_DEVICE &&
		   guest->regions[guest->console].kind != REGION_VIRTUAL) {
		config_error(run, guest->node, "console",
			     "region '%s' is no device; name the UART's region", name);
		guest->console = guest->num_regions;
	}
}

static enum err parse_regions(struct config_run *run, struct config_guest *guest)
{
	fdt_node_t aspace = config_child(run, guest->node, "aspace");
	u32 count = config_count_children(run, aspace, CONFIG_MAX_REGIONS);
	u32 i = 0;
	enum err err;

	guest->regions = arena_alloc(run, count * sizeof(*guest->regions));
	if (guest->regions == NULL)
		return ERR_NO_MEMORY;
	config_for_each_child (run, aspace, it) {
		if (i == count)
			break;
		err = parse_region(run, it.node, &guest->regions[i++]);
		if (err != OK)
			return err;
	}
	guest->num_regions = count;
	sort_regions(guest);
	config_for_each_region (guest, region)
		if (region->kind == REGION_ALIAS)
			resolve_alias(run, guest, region);
	resolve_console(run, guest);
	return OK;
}

static void parse_image(const struct config_run *run, fdt_node_t node, const char *file,
			const char *address, struct config_image *image)
{
	image->file = config_string(run, node, file);
	if (image->file != NULL && !config_is_file_name(image->file))
		image->file = NULL;
	image->load_fixed = config_u64(run, node, address, &image->load.v);
}

static void parse_kernel_type(struct config_run *run, struct config_guest *guest)
{
	const char *type = config_string(run, guest->node, "kernel-type");

	guest->kind = guest->kernel.file == NULL ? IMAGE_NONE : IMAGE_LINUX;
	if (type == NULL || str_equal(type, "linux"))
		return;
	if (str_equal(type, "raw"))
		guest->kind = guest->kernel.file == NULL ? IMAGE_NONE : IMAGE_RAW;
	else
		config_error(run, guest->node, "kernel-type",
			     "no such type of kernel; write \"linux\" or \"raw\"");
}

static void parse_controller(struct config_run *run, struct config_guest *guest)
{
	u32 version;

	guest->gicd = GPA(GUEST_GICD);
	guest->gicc = GPA(GUEST_GICC);
	guest->gicr = GPA(GUEST_GICR);
	(void)config_u64(run, guest->node, "gicd-address", &guest->gicd.v);
	(void)config_u64(run, guest->node, "gicc-address", &guest->gicc.v);
	(void)config_u64(run, guest->node, "gicr-address", &guest->gicr.v);
	guest->gic_version = run->host != NULL && run->host->gic == HOST_GIC_V2 ? 2 : 3;
	if (!config_u32(run, guest->node, "gic-version", &version))
		return;
	if (version != 2 && version != 3)
		config_error(run, guest->node, "gic-version",
			     "no such controller; write <2> or <3>");
	else if (run->host != NULL && run->host->gic != HOST_GIC_NONE &&
		 version != guest->gic_version)
		config_error(run, guest->node, "gic-version",
			     "this machine has a GICv%u, which cannot run GICv%u guests; write "
			     "<%u> or leave it out",
			     guest->gic_version, version, guest->gic_version);
	else
		guest->gic_version = (u8)version;
}

static void parse_counter(struct config_run *run, struct config_guest *guest)
{
	const char *counter = config_string(run, guest->node, "counter");

	guest->own_counter = counter != NULL && str_equal(counter, "own");
	if (counter != NULL && !guest->own_counter && !str_equal(counter, "machine"))
		config_error(run, guest->node, "counter",
			     "no such beginning; write \"machine\" or \"own\"");
}

/* The guest's priority, slice and partition are what its vCPUs have that say nothing else. */
static enum err parse_vcpus(struct config_run *run, struct config_guest *guest)
{
	fdt_node_t node = guest->node;
	fdt_node_t vcpus = config_child(run, node, "vcpus");
	struct config_vcpu of_guest = {
		.priority = parse_priority(run, node, PRIORITY_GUEST),
		.slice = parse_slice(run, node, SLICE_DEFAULT),
		.window = parse_partition(run, node, 0),
	};

	parse_limit(run, node, &of_guest);
	guest->num_vcpus = vcpu_count(run, node);
	guest->vcpus = arena_alloc(run, guest->num_vcpus * sizeof(*guest->vcpus));
	if (guest->vcpus == NULL)
		return ERR_NO_MEMORY;
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		struct config_vcpu *vcpu = &guest->vcpus[i];
		char name[16];

		*vcpu = of_guest;
		(void)format(name, sizeof(name), "vcpu%u", i);
		node = config_child(run, vcpus, name);
		if (node == FDT_NONE)
			continue;
		vcpu->priority = parse_priority(run, node, vcpu->priority);
		vcpu->slice = parse_slice(run, node, vcpu->slice);
		vcpu->window = parse_partition(run, node, vcpu->window);
		parse_limit(run, node, vcpu);
	}
	return OK;
}

static void parse_template(struct config_run *run, struct config_guest *guest)
{
	const char *name = config_string(run, guest->node, "template");
	struct nearest nearest;
	char hint[NEAREST_HINT_MAX];

	if (name == NULL)
		return;
	if (config_base(run, guest->node) != FDT_NONE) {
		(void)str_copy(guest->template_name, sizeof(guest->template_name), name);
		return;
	}
	nearest_init(&nearest, name);
	config_for_each_child (run, fdt_find(run->tree, "/templates"), it)
		nearest_offer(&nearest, fdt_name(run->tree, it.node));
	config_error(run, guest->node, "template", "no such template%s",
		     nearest.best == NULL ? "; write one under /templates"
					  : nearest_hint(&nearest, hint));
}

enum err parse_guest(struct config_run *run, fdt_node_t node, const char *name,
		     struct config_guest *guest)
{
	const char *bootargs = config_string(run, node, "bootargs");
	enum err err;

	guest->node = node;
	(void)str_copy(guest->name, sizeof(guest->name), name);
	guest->autostart = config_has(run, node, "autostart");
	guest->trap_wfi = config_has(run, node, "trap-wfi");
	guest->trusted_dma = config_has(run, node, "trusted-dma");
	guest->trng = !config_has(run, node, "no-trng");
	/* The empty string at the name's end: a constant of this room is gone after boot. */
	guest->bootargs = bootargs == NULL ? guest->name + strlen(guest->name) : bootargs;
	if (strlen(guest->bootargs) >= CONFIG_BOOTARGS_MAX)
		config_error(run, node, "bootargs", "%zu bytes are too long; use at most %u",
			     strlen(guest->bootargs), CONFIG_BOOTARGS_MAX - 1);
	parse_template(run, guest);
	parse_image(run, node, "kernel", "load-address", &guest->kernel);
	parse_image(run, node, "initrd", "initrd-address", &guest->initrd);
	parse_image(run, node, "device-tree", "device-tree-address", &guest->tree);
	parse_kernel_type(run, guest);
	parse_controller(run, guest);
	parse_counter(run, guest);
	err = parse_vcpus(run, guest);
	return err != OK ? err : parse_regions(run, guest);
}
