/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tree -> struct system. Runs over whatever schema_check() let pass, so that the checks behind it
 * find as many mistakes as they can: what was refused gets its default, a region without place or
 * size gets size 0, which every check leaves out.
 */
#include <mullion/log.h>
#include <mullion/string.h>

#include "core/config/internal.h"

#define ARENA_ALIGN 16

void *arena_alloc(struct config_run *run, size_t bytes)
{
	size_t at = ALIGN_UP(run->arena_used, ARENA_ALIGN);

	if (at > run->arena_bytes || bytes > run->arena_bytes - at)
		return NULL;
	run->arena_used = at + bytes;
	memset(run->arena + at, 0, bytes);
	return run->arena + at;
}

static u32 count_children(const struct fdt *tree, fdt_node_t node, u32 max)
{
	u32 count = 0;

	if (node != FDT_NONE)
		fdt_for_each_child (tree, node, child)
			count++;
	return MIN(count, max);
}

bool interrupt_cells(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		     u32 cells[3])
{
	struct fdt_prop prop;

	if (!fdt_get(run->tree, node, name, &prop) || prop.len % 12 != 0 ||
	    index >= CONFIG_MAX_IRQS)
		return false;
	for (u32 i = 0; i < 3; i++)
		if (fdt_get_cell(run->tree, node, name, 3 * index + i, &cells[i]) != OK)
			return false;
	return true;
}

static u32 count_irqs(const struct fdt *tree, fdt_node_t node)
{
	struct fdt_prop prop;

	if (!fdt_get(tree, node, "interrupts", &prop) || prop.len % 12 != 0)
		return 0;
	return MIN(prop.len / 12, CONFIG_MAX_IRQS);
}

/* INTID of <type number flags>, or 0 when it is none that a guest can have (check_irqs() says why).
 */
static u32 intid_of(const u32 cells[3], u32 count)
{
	if (cells[0] == 0 && cells[1] < count)
		return INTID_SPI_FIRST + cells[1];
	return 0;
}

static enum err parse_irqs(struct config_run *run, struct config_region *region)
{
	const char *guest_side = fdt_has(run->tree, region->node, "guest-interrupts")
					 ? "guest-interrupts"
					 : "interrupts";
	u32 count = count_irqs(run->tree, region->node);
	u32 cells[3];

	if (count == 0 || region->kind != REGION_DEVICE)
		return OK;
	region->irqs = arena_alloc(run, count * sizeof(*region->irqs));
	if (region->irqs == NULL)
		return ERR_NO_MEMORY;
	region->num_irqs = count;
	for (u32 i = 0; i < count; i++) {
		struct config_irq *irq = &region->irqs[i];

		if (interrupt_cells(run, region->node, "interrupts", i, cells)) {
			irq->host = intid_of(cells, INTID_SPI_END - INTID_SPI_FIRST);
			irq->level = cells[2] == 4;
		}
		if (interrupt_cells(run, region->node, guest_side, i, cells))
			irq->guest = intid_of(cells, GUEST_SPIS);
	}
	return OK;
}

bool region_kind_parse(const char *text, enum region_kind *kind)
{
	static const char *const names[] = {
		[REGION_RAM] = "ram",
		[REGION_ROM] = "rom",
		[REGION_DEVICE] = "device",
		[REGION_ALIAS] = "alias",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (str_equal(text, names[i])) {
			*kind = (enum region_kind)i;
			return true;
		}
	}
	return false;
}

static enum err parse_region(struct config_run *run, fdt_node_t node, struct config_region *region)
{
	const char *type = config_string(run, node, "type");
	struct fdt_prop prop;
	bool placed;

	region->node = node;
	(void)str_copy(region->name, sizeof(region->name), fdt_name(run->tree, node));
	placed = config_u64(run, node, "guest-address", &region->gpa.v);
	region->hpa_fixed = config_u64(run, node, "host-address", &region->hpa.v);
	if (type == NULL || !region_kind_parse(type, &region->kind)) {
		region->kind =
			REGION_VIRTUAL; /* so that no check takes it for something it may not be */
		return OK;
	}
	if (!config_u64(run, node, "size", &region->size) || !placed ||
	    (region->kind == REGION_DEVICE && !region->hpa_fixed))
		region->size = 0;
	if (region->kind == REGION_DEVICE && fdt_get(run->tree, node, "compatible", &prop)) {
		region->compatible = (const char *)prop.data;
		region->compatible_len = prop.len;
	}
	return parse_irqs(run, region);
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
	if (target->size == 0 || !fdt_has(run->tree, alias->node, "guest-address"))
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
	} else if (guest->regions[guest->console].kind != REGION_DEVICE) {
		config_error(run, guest->node, "console",
			     "region '%s' is no device; name the UART's region", name);
		guest->console = guest->num_regions;
	}
}

static enum err parse_regions(struct config_run *run, struct config_guest *guest)
{
	fdt_node_t aspace = fdt_child(run->tree, guest->node, "aspace");
	u32 count = count_children(run->tree, aspace, CONFIG_MAX_REGIONS);
	u32 i = 0;
	enum err err;

	guest->regions = arena_alloc(run, count * sizeof(*guest->regions));
	if (guest->regions == NULL)
		return ERR_NO_MEMORY;
	if (count > 0) {
		fdt_for_each_child (run->tree, aspace, node) {
			if (i == count)
				break;
			err = parse_region(run, node, &guest->regions[i++]);
			if (err != OK)
				return err;
		}
	}
	guest->num_regions = count;
	sort_regions(guest);
	config_for_each_region (guest, region)
		if (region->kind == REGION_ALIAS)
			resolve_alias(run, guest, region);
	resolve_console(run, guest);
	return OK;
}

/* How many vCPUs a guest has; what cannot be is for check_vcpus() to say. */
static u32 vcpu_count(const struct fdt *tree, fdt_node_t guest)
{
	const struct config_run view = { .tree = tree };
	fdt_node_t vcpus = fdt_child(tree, guest, "vcpus");
	u32 count;

	if (vcpus == FDT_NONE)
		return 1;
	if (!config_u32(&view, vcpus, "count", &count))
		count = MAX(count_children(tree, vcpus, CONFIG_MAX_VCPUS), 1);
	return MIN(count, CONFIG_MAX_VCPUS);
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

static enum err parse_guest(struct config_run *run, fdt_node_t node, struct config_guest *guest)
{
	const char *bootargs = config_string(run, node, "bootargs");

	guest->node = node;
	(void)str_copy(guest->name, sizeof(guest->name), fdt_name(run->tree, node));
	guest->autostart = fdt_has(run->tree, node, "autostart");
	guest->trap_wfi = fdt_has(run->tree, node, "trap-wfi");
	guest->trng = !fdt_has(run->tree, node, "no-trng");
	/* The empty string at the name's end: a constant of this room is gone after boot. */
	guest->bootargs = bootargs == NULL ? guest->name + strlen(guest->name) : bootargs;
	if (strlen(guest->bootargs) >= CONFIG_BOOTARGS_MAX)
		config_error(run, node, "bootargs", "%zu bytes are too long; use at most %u",
			     strlen(guest->bootargs), CONFIG_BOOTARGS_MAX - 1);
	parse_image(run, node, "kernel", "load-address", &guest->kernel);
	parse_image(run, node, "initrd", "initrd-address", &guest->initrd);
	parse_image(run, node, "device-tree", "device-tree-address", &guest->tree);
	parse_kernel_type(run, guest);
	parse_controller(run, guest);
	guest->num_vcpus = vcpu_count(run->tree, node);
	guest->vcpus = arena_alloc(run, guest->num_vcpus * sizeof(*guest->vcpus));
	if (guest->vcpus == NULL)
		return ERR_NO_MEMORY;
	return parse_regions(run, guest);
}

static void parse_vmm(struct config_run *run)
{
	static const char *const levels[] = {
		[LOG_ERROR] = "error",
		[LOG_WARN] = "warn",
		[LOG_INFO] = "info",
		[LOG_DEBUG] = "debug",
	};
	fdt_node_t vmm = fdt_child(run->tree, fdt_root(run->tree), "vmm");
	const char *level;

	run->system->log_level = CONFIG_LOG_LEVEL;
	if (vmm == FDT_NONE)
		return;
	run->system->stay = fdt_has(run->tree, vmm, "stay");
	level = config_string(run, vmm, "log-level");
	if (level == NULL)
		return;
	for (u32 i = 0; i < ARRAY_SIZE(levels); i++) {
		if (str_equal(level, levels[i])) {
			run->system->log_level = i;
			return;
		}
	}
	config_error(run, vmm, "log-level",
		     "no such level; write \"error\", \"warn\", \"info\" or \"debug\"");
}

enum err parse_system(struct config_run *run)
{
	struct system *system = run->system;
	fdt_node_t guests = fdt_child(run->tree, fdt_root(run->tree), "guests");
	u32 count = count_children(run->tree, guests, CONFIG_MAX_GUESTS);
	enum err err;

	*system = (struct system){ .tree = run->tree };
	if (run->host != NULL)
		system->uart = run->host->uart;
	parse_vmm(run);
	system->guests = arena_alloc(run, count * sizeof(*system->guests));
	if (system->guests == NULL)
		return ERR_NO_MEMORY;
	if (count == 0)
		return OK;
	fdt_for_each_child (run->tree, guests, node) {
		if (system->num_guests == count)
			break;
		err = parse_guest(run, node, &system->guests[system->num_guests]);
		if (err != OK)
			return err;
		system->num_guests++;
	}
	return OK;
}

static size_t rounded(size_t bytes)
{
	return ALIGN_UP(bytes, ARENA_ALIGN) + ARENA_ALIGN;
}

size_t config_arena_bytes(const struct fdt *tree)
{
	fdt_node_t guests = fdt_child(tree, fdt_root(tree), "guests");
	u32 num_guests = count_children(tree, guests, CONFIG_MAX_GUESTS);
	size_t bytes = rounded(num_guests * sizeof(struct config_guest)) + sizeof(struct host);
	u32 i = 0;

	if (num_guests == 0)
		return bytes;
	fdt_for_each_child (tree, guests, guest) {
		fdt_node_t aspace = fdt_child(tree, guest, "aspace");
		u32 regions = count_children(tree, aspace, CONFIG_MAX_REGIONS);

		if (i++ == num_guests)
			break;
		bytes += rounded(vcpu_count(tree, guest) * sizeof(struct config_vcpu));
		bytes += rounded(regions * sizeof(struct config_region));
		if (regions == 0)
			continue;
		fdt_for_each_child (tree, aspace, region)
			bytes += rounded(count_irqs(tree, region) * sizeof(struct config_irq));
	}
	return bytes;
}
