/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making components, at boot: their memory, address space and grants, all of it out of the
 * description. Afterwards nothing is allocated for them any more; a restart uses the same again.
 */
#include "core/component/internal.h"

#include <mullion/elf.h>
#include <mullion/guest.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/string.h>
#include <mullion/window.h>

#define INFO_BYTES ALIGN_UP(sizeof(struct component_info), PAGE_SIZE)

_Static_assert(COMPONENT_TAG > CONFIG_MAX_GUESTS && COMPONENT_TAG + CONFIG_MAX_COMPONENTS <= 256,
	       "VMIDs of 8 bits, not a guest's");
_Static_assert(COMPONENT_INFO + INFO_BYTES <= COMPONENT_TEXT && COMPONENT_STACK > ELF_STACK_MAX,
	       "no room for the information or the stack");
_Static_assert(GRANTS_MAX < COMPONENT_NOTHING && CONFIG_MAX_REGIONS <= UINT16_MAX, "too many");
_Static_assert(GRANTS_MAX <= NOTIFY_GRANTS, "a grant has at most one bit");

/* While one is made. */
struct builder {
	struct component *component;
	struct component_info *info;
	enum err err;      /* the first error; later steps have no effect */
	u64 next_va;       /* of the next grant that has addresses */
	u32 next_bit;      /* of the notification word */
	hpa_t fresh, kept; /* the next piece of its memory that is zeroed at a start, or is not */
};

/* A grant as the core sees it, and as the component does. */
struct grant {
	struct component_grant *core;
	struct grant_info *info;
};

enum err component_setup(const struct system *system)
{
	component_system = system;
	return channel_make_all(system);
}

/* --- Grants ------------------------------------------------------------------------------------
 */

/* Returns false if there are too many. */
static bool add_grant(struct builder *b, enum grant_kind kind, const char *name,
		      struct grant *grant)
{
	struct component *component = b->component;
	u32 index = component->num_grants;

	if (b->err == OK && index == GRANTS_MAX)
		b->err = ERR_TOO_BIG;
	if (b->err != OK)
		return false;
	component->num_grants++;
	b->info->num_grants++;
	grant->info = &b->info->grants[index];
	grant->core = &component->grants[index];
	grant->info->kind = kind;
	(void)str_copy(grant->info->name, sizeof(grant->info->name), name);
	grant->core->kind = (u8)kind;
	grant->core->bit = COMPONENT_NOTHING;
	if (kind == GRANT_CHANNEL || kind == GRANT_INTERRUPT || kind == GRANT_DOORBELL) {
		grant->core->bit = (u8)b->next_bit;
		grant->info->bit = (u16)b->next_bit++;
	}
	return true;
}

/* A grant of addresses alone. */
static void grant_range(struct builder *b, enum grant_kind kind, const struct config_region *region,
			struct grant *grant)
{
	if (!add_grant(b, kind, region->name, grant))
		return;
	grant->info->address = region->gpa.v;
	grant->info->size = region->size;
}

static void map_piece(struct builder *b, u64 va, hpa_t hpa, u64 size, u32 flags)
{
	if (b->err == OK)
		b->err = space_map(&b->component->space, GPA(va), hpa, size, flags);
}

/* Addresses for @hpa; an unmapped page lies between any two grants. */
static void give_addresses(struct builder *b, struct grant_info *info, hpa_t hpa, u64 size,
			   u32 flags)
{
	u64 mapped = ALIGN_UP(size, PAGE_SIZE);

	if (size == 0 || size > COMPONENT_GUEST - b->next_va - PAGE_SIZE) {
		b->err = ERR_RANGE;
		return;
	}
	info->size = size;
	info->address = b->next_va;
	b->next_va += mapped + PAGE_SIZE;
	map_piece(b, info->address, hpa, mapped, flags);
}

/* The same for what a device may be given the address of. */
static void give_memory(struct builder *b, struct grant_info *info, hpa_t hpa, u64 size, u32 flags)
{
	give_addresses(b, info, hpa, size, SPACE_READ | SPACE_WRITE | flags);
	if (b->component->config->trusted_dma)
		info->device_address = hpa.v;
}

/* Ports have no address in the component's space: they keep their own. */
static void give_ports(struct builder *b, struct grant_info *info, hpa_t first, u64 count)
{
	info->address = first.v;
	info->size = count;
	b->err = space_grant_ports(&b->component->space, (u32)(first.v - PORT_BASE), (u32)count);
}

/* Where the first grant goes: behind the program, which is checked to lie below the second place.
 */
static u64 first_grant(const struct config_component *config)
{
	for (u32 i = 0; i < config->num_segments; i++)
		if (config->segments[i].va + config->segments[i].size >= COMPONENT_GRANTS)
			return COMPONENT_GRANTS_HIGH;
	return COMPONENT_GRANTS;
}

static void describe_port(struct grant_info *info, const struct config_port *port)
{
	info->flags |= (u16)(GRANT_NETWORK | (port->free ? GRANT_FREE : 0) |
			     (port->trunk ? GRANT_TRUNK : 0));
	info->vlan = port->vlan;
	info->frames_per_second = port->frames_per_second;
	info->kib_per_second = port->kib_per_second;
	memcpy(info->mac, port->mac, sizeof(info->mac));
}

static void grant_channel(struct builder *b, u32 number, u32 end)
{
	const struct config_channel *config = &component_system->channels[number];
	struct channel *channel = &component_channels[number];
	struct grant grant;

	if (!add_grant(b, GRANT_CHANNEL, config->name, &grant))
		return;
	if (channel->size != 0)
		give_memory(b, grant.info, channel->memory, channel->size, 0);
	(void)str_copy(grant.info->detail, sizeof(grant.info->detail),
		       component_system->components[config->ends[end ^ 1]].name);
	grant.info->flags = end == 0 ? GRANT_FIRST : 0;
	if (config->port.used)
		describe_port(grant.info, &config->port);
	grant.core->channel = number;
	grant.core->end = (u16)end;
	channel->bits[end] = grant.core->bit;
	channel->ends[end] = b->component;
}

static void grant_channels(struct builder *b)
{
	for (u32 i = 0; i < component_system->num_channels; i++)
		for (u32 end = 0; end < 2; end++)
			if (component_system->channels[i].ends[end] == b->component->id)
				grant_channel(b, i, end);
}

static void grant_interrupt(struct builder *b, const char *name, const struct config_irq *irq)
{
	struct irq_route route = {
		.deliver = component_interrupt,
		.owner = b->component,
		.owner_name = b->component->config->name,
		.line = irq->host,
		.cpu = (u32)__builtin_ctzll(b->component->config->affinity),
		.max_per_second = irq->max_per_second,
		.level = irq->level,
		.masks = true,
	};
	struct grant grant;

	if (!add_grant(b, GRANT_INTERRUPT, name, &grant))
		return;
	grant.core->host_line = irq->host;
	route.target = grant.core->bit;
	b->err = irq_route(&route);
	if (b->err != OK)
		log_error("component '%s': host interrupt %u: %s", b->component->config->name,
			  irq->host, err_name(b->err));
}

/* The next @size bytes of its own memory. */
static hpa_t next_piece(struct builder *b, bool kept, u64 size)
{
	hpa_t *next = kept ? &b->kept : &b->fresh;
	hpa_t at = *next;

	next->v += ALIGN_UP(size, PAGE_SIZE);
	return at;
}

static void grant_piece(struct builder *b, const struct config_grant *config)
{
	static const enum grant_kind kinds[] = {
		[CONFIG_GRANT_DEVICE] = GRANT_DEVICE,
		[CONFIG_GRANT_MEMORY] = GRANT_MEMORY,
		[CONFIG_GRANT_FILE] = GRANT_FILE,
		[CONFIG_GRANT_SHARED] = GRANT_MEMORY,
	};
	bool file = config->kind == CONFIG_GRANT_FILE;
	bool device = config->kind == CONFIG_GRANT_DEVICE;
	hpa_t hpa = config->hpa;
	struct grant grant;

	if (!add_grant(b, config->pci ? GRANT_PCI : kinds[config->kind], config->name, &grant))
		return;
	if (config->compatible != NULL)
		(void)str_copy(grant.info->detail, sizeof(grant.info->detail), config->compatible);
	if (config->kept)
		grant.info->flags = GRANT_KEPT;
	if (config->kind == CONFIG_GRANT_SHARED)
		hpa = component_shared(config->channel);
	else if (!device)
		hpa = next_piece(b, file || config->kept, config->size);
	if (device && !space_has(hpa.v))
		give_ports(b, grant.info, hpa, config->size);
	else if (file)
		give_addresses(b, grant.info, hpa, config->size, SPACE_READ);
	else
		give_memory(b, grant.info, hpa, config->size, device ? SPACE_DEVICE : 0);
	if (b->err == OK && config->data != NULL)
		window_write(hpa, config->data, config->data_bytes);
	for (u32 i = 0; i < config->num_irqs; i++)
		grant_interrupt(b, config->name, &config->irqs[i]);
}

static void grant_virtual(struct builder *b, u32 index, const struct config_region *region)
{
	struct component *component = b->component;
	struct grant grant;

	grant_range(b, GRANT_VIRTUAL, region, &grant);
	if (b->err != OK)
		return;
	(void)str_copy(grant.info->detail, sizeof(grant.info->detail), region->device);
	component->virtual_grant[index] = (u8)(grant.info - b->info->grants);
	for (u32 i = 0; i < region->num_irqs; i++)
		if (add_grant(b, GRANT_LINE, region->name, &grant)) {
			grant.core->guest_line = region->irqs[i].guest;
			grant.info->address = region->irqs[i].guest;
		}
	if (region->doorbell && add_grant(b, GRANT_DOORBELL, region->name, &grant))
		component->doorbell[index] = grant.core->bit;
}

static void grant_guest(struct builder *b)
{
	const struct config_guest *guest = b->component->serves;
	struct grant grant;

	for (u32 i = 0; guest != NULL && i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		if (region->kind == REGION_VIRTUAL)
			grant_virtual(b, i, region);
		if (region->kind == REGION_RAM)
			grant_range(b, GRANT_RAM, region, &grant);
		if (region->kind == REGION_ROM)
			grant_range(b, GRANT_ROM, region, &grant);
	}
}

static void grant_control(struct builder *b)
{
	const struct config_component *config = b->component->config;
	u64 guests = config->manages_all ? 0 : config->manages;
	struct grant grant;

	if (config->reads_log)
		(void)add_grant(b, GRANT_LOG, "", &grant);
	if (config->manages_all && add_grant(b, GRANT_MANAGE, "", &grant))
		grant.info->guest = GRANT_ALL;
	for (u32 i = 0; i < component_system->num_guests; i++)
		if ((guests & BIT(i)) != 0 &&
		    add_grant(b, GRANT_MANAGE, component_system->guests[i].name, &grant))
			grant.info->guest = i;
}

static void build_grants(struct builder *b)
{
	const struct config_component *config = b->component->config;

	grant_channels(b);
	for (u32 i = 0; i < config->num_grants; i++)
		grant_piece(b, &config->grants[i]);
	grant_guest(b);
	grant_control(b);
}

/* --- The whole ---------------------------------------------------------------------------------
 */

static struct component *component_allocate(const struct config_component *config)
{
	const struct system *system = component_system;
	const struct config_guest *guest =
		config->serves < system->num_guests ? &system->guests[config->serves] : NULL;
	u32 vcpus = guest != NULL ? guest->num_vcpus : 0;
	u64 bytes = sizeof(struct component) + vcpus * sizeof(struct exit_slot);
	u64 pages = ALIGN_UP(bytes, PAGE_SIZE) / PAGE_SIZE;
	struct component *component = page_alloc(pages);

	if (component == NULL)
		return NULL;
	component->config = config;
	component->id = (u32)(config - system->components);
	component->serves = guest;
	component->num_vcpus = vcpus;
	component->object_pages = pages;
	spin_init(&component->lock, RANK_COMPONENT);
	list_init(&component->queue);
	timer_init(&component->timer, component_timer);
	timer_init(&component->watchdog, component_watchdog);
	memset(component->virtual_grant, COMPONENT_NOTHING, sizeof(component->virtual_grant));
	memset(component->doorbell, COMPONENT_NOTHING, sizeof(component->doorbell));
	return component;
}

/* Memory: segments, stack, grants that are zeroed; then the information, grants that are not. */
static enum err allocate_memory(struct builder *b)
{
	struct component *component = b->component;
	const struct config_component *config = component->config;
	u64 fresh = config->stack_bytes, kept = INFO_BYTES;
	enum err err;

	if (config->stack_bytes == 0 || config->stack_bytes > ELF_STACK_MAX ||
	    !IS_ALIGNED(config->stack_bytes, PAGE_SIZE))
		return ERR_RANGE;
	for (u32 i = 0; i < config->num_segments; i++)
		fresh += config->segments[i].size;
	for (u32 i = 0; i < config->num_grants; i++) {
		const struct config_grant *grant = &config->grants[i];

		if (grant->kind == CONFIG_GRANT_FILE || grant->kept)
			kept += ALIGN_UP(grant->size, PAGE_SIZE);
		else if (grant->kind == CONFIG_GRANT_MEMORY)
			fresh += ALIGN_UP(grant->size, PAGE_SIZE);
	}
	err = ram_alloc(fresh + kept, PAGE_SIZE, &component->memory);
	if (err != OK)
		return err;
	component->fresh_bytes = fresh;
	component->memory_bytes = fresh + kept;
	b->fresh = component->memory;
	b->kept = HPA(component->memory.v + fresh);
	return OK;
}

/* Every component has its program, in the order that space_load() expects, a stack and info. */
static void map_program(struct builder *b)
{
	const struct config_component *config = b->component->config;

	for (u32 i = 0; i < config->num_segments; i++) {
		const struct config_segment *segment = &config->segments[i];

		map_piece(b, segment->va, next_piece(b, false, segment->size), segment->size,
			  SPACE_READ | (segment->write ? SPACE_WRITE : 0) |
				  (segment->exec ? SPACE_EXEC : 0));
	}
	map_piece(b, COMPONENT_STACK - config->stack_bytes,
		  next_piece(b, false, config->stack_bytes), config->stack_bytes,
		  SPACE_READ | SPACE_WRITE);
	b->component->info = next_piece(b, true, INFO_BYTES);
	map_piece(b, COMPONENT_INFO, b->component->info, INFO_BYTES, SPACE_READ);
}

static void describe(struct builder *b)
{
	const struct component *component = b->component;
	struct component_info *info = b->info;

	info->magic = COMPONENT_INFO_MAGIC;
	info->vcpus = component->num_vcpus;
	(void)str_copy(info->name, sizeof(info->name), component->config->name);
	if (component->serves != NULL)
		(void)str_copy(info->guest, sizeof(info->guest), component->serves->name);
	(void)str_copy(info->arguments, sizeof(info->arguments), component->config->arguments);
}

static enum err build(struct builder *b)
{
	struct component *component = b->component;
	const struct config_component *config = component->config;

	b->err = space_init(&component->space, SPACE_OF_COMPONENT,
			    (u16)(COMPONENT_TAG + component->id));
	if (b->err == OK)
		b->err = allocate_memory(b);
	if (b->err != OK)
		return b->err;
	map_program(b);
	build_grants(b);
	if (b->err != OK)
		return b->err;
	describe(b);
	space_use_on(&component->space, config->affinity);
	window_write(component->info, b->info, sizeof(*b->info));
	return thread_init(&component->thread, THREAD_COMPONENT, config->name, component_main,
			   component, config->priority, config->slice, config->affinity);
}

enum err component_create(const struct config_component *config, struct component **out)
{
	struct builder b = { .next_va = first_grant(config) };
	enum err err = ERR_NO_MEMORY;

	ASSERT(config == &component_system->components[component_count]);
	b.component = component_allocate(config);
	if (b.component == NULL)
		return ERR_NO_MEMORY;
	b.info = page_alloc(INFO_BYTES / PAGE_SIZE);
	if (b.info != NULL) {
		err = build(&b);
		page_free(b.info, INFO_BYTES / PAGE_SIZE);
	}
	if (err != OK) {
		component_destroy(b.component);
		return err;
	}
	components[component_count++] = b.component;
	*out = b.component;
	return OK;
}

static void revoke(struct component *component)
{
	for (u32 i = 0; i < component->num_grants; i++) {
		const struct component_grant *grant = &component->grants[i];

		/* After a failed creation, a grant may belong to another component. */
		if (grant->kind == GRANT_CHANNEL &&
		    component_channels[grant->channel].ends[grant->end] == component)
			component_channels[grant->channel].ends[grant->end] = NULL;
		if (grant->kind == GRANT_INTERRUPT)
			irq_unroute(grant->host_line, component);
	}
}

void component_destroy(struct component *component)
{
	revoke(component);
	if (component->thread.entry != NULL)
		thread_destroy(&component->thread);
	space_destroy(&component->space);
	if (component->memory_bytes != 0)
		ram_free(component->memory, component->memory_bytes);
	if (component_count != 0 && components[component_count - 1] == component)
		component_count--;
	page_free(component, component->object_pages);
}
