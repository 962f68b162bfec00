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

#define INFO_BYTES ALIGN_UP(sizeof(struct component_info), PAGE_SIZE)

_Static_assert(COMPONENT_TAG > CONFIG_MAX_GUESTS && COMPONENT_TAG + CONFIG_MAX_COMPONENTS <= 256,
	       "VMIDs of 8 bits, not a guest's");
_Static_assert(COMPONENT_INFO + INFO_BYTES <= COMPONENT_TEXT && COMPONENT_STACK > ELF_STACK_MAX,
	       "no room for the information or the stack");
_Static_assert(GRANTS_MAX < COMPONENT_NOTHING && CONFIG_MAX_REGIONS <= UINT16_MAX, "too many");

/* While one is made. */
struct builder {
	struct component *component;
	struct component_info *info;
	u64 next_va;       /* of the next grant that has addresses */
	u32 next_bit;      /* of the notification word */
	hpa_t fresh, kept; /* the next piece of its memory that is zeroed at a start, or is not */
};

enum err component_setup(const struct system *system)
{
	component_system = system;
	return channel_make_all(system);
}

/* --- Grants ------------------------------------------------------------------------------------
 */

static enum err add_grant(struct builder *b, enum grant_kind kind, const char *name,
			  struct grant_info **info, struct component_grant **grant)
{
	struct component *component = b->component;
	u32 index = component->num_grants;

	if (index == GRANTS_MAX)
		return ERR_TOO_BIG;
	component->num_grants++;
	b->info->num_grants++;
	*info = &b->info->grants[index];
	*grant = &component->grants[index];
	(*info)->kind = kind;
	(void)str_copy((*info)->name, sizeof((*info)->name), name);
	(*grant)->kind = (u8)kind;
	(*grant)->bit = COMPONENT_NOTHING;
	return OK;
}

static enum err give_bit(struct builder *b, struct grant_info *info, struct component_grant *grant)
{
	if (b->next_bit == NOTIFY_GRANTS)
		return ERR_TOO_BIG;
	grant->bit = (u8)b->next_bit;
	info->bit = (u16)b->next_bit;
	b->next_bit++;
	return OK;
}

/* Addresses for @hpa; an unmapped page lies between any two grants. */
static enum err give_addresses(struct builder *b, struct grant_info *info, hpa_t hpa, u64 size,
			       u32 flags)
{
	u64 mapped = ALIGN_UP(size, PAGE_SIZE);

	if (size == 0 || size > COMPONENT_GUEST - b->next_va - PAGE_SIZE)
		return ERR_RANGE;
	info->size = size;
	info->address = b->next_va;
	b->next_va += mapped + PAGE_SIZE;
	return space_map(&b->component->space, GPA(info->address), hpa, mapped, flags);
}

/* Ports have no address in the component's space: they keep their own. */
static enum err give_ports(struct builder *b, struct grant_info *info, hpa_t first, u64 count)
{
	info->address = first.v;
	info->size = count;
	return space_grant_ports(&b->component->space, (u32)(first.v - PORT_BASE), (u32)count);
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

static enum err grant_channel(struct builder *b, u32 number, u32 end)
{
	const struct config_channel *config = &component_system->channels[number];
	struct channel *channel = &component_channels[number];
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = add_grant(b, GRANT_CHANNEL, config->name, &info, &grant);

	if (err == OK)
		err = give_bit(b, info, grant);
	if (err == OK && channel->size != 0)
		err = give_addresses(b, info, channel->memory, channel->size,
				     SPACE_READ | SPACE_WRITE);
	if (err != OK)
		return err;
	(void)str_copy(info->detail, sizeof(info->detail),
		       component_system->components[config->ends[end ^ 1]].name);
	info->flags = end == 0 ? GRANT_FIRST : 0;
	grant->value = number;
	grant->end = (u16)end;
	channel->bits[end] = grant->bit;
	channel->ends[end] = b->component;
	return OK;
}

static enum err grant_channels(struct builder *b)
{
	enum err err = OK;

	for (u32 i = 0; err == OK && i < component_system->num_channels; i++)
		for (u32 end = 0; err == OK && end < 2; end++)
			if (component_system->channels[i].ends[end] == b->component->id)
				err = grant_channel(b, i, end);
	return err;
}

static enum err grant_interrupt(struct builder *b, const char *name, const struct config_irq *irq)
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
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = add_grant(b, GRANT_INTERRUPT, name, &info, &grant);

	if (err == OK)
		err = give_bit(b, info, grant);
	if (err == OK) {
		route.target = grant->bit;
		err = irq_route(&route);
	}
	if (err != OK) {
		log_error("component '%s': host interrupt %u: %s", b->component->config->name,
			  irq->host, err_name(err));
		return err;
	}
	grant->value = irq->host;
	return OK;
}

/* The next @size bytes of its own memory. */
static hpa_t next_piece(struct builder *b, bool kept, u64 size)
{
	hpa_t *next = kept ? &b->kept : &b->fresh;
	hpa_t at = *next;

	next->v += ALIGN_UP(size, PAGE_SIZE);
	return at;
}

static enum err grant_piece(struct builder *b, const struct config_grant *config)
{
	static const enum grant_kind kinds[] = {
		[CONFIG_GRANT_DEVICE] = GRANT_DEVICE,
		[CONFIG_GRANT_MEMORY] = GRANT_MEMORY,
		[CONFIG_GRANT_FILE] = GRANT_FILE,
	};
	bool file = config->kind == CONFIG_GRANT_FILE;
	u32 flags = SPACE_READ | (file ? 0 : SPACE_WRITE);
	hpa_t hpa = config->hpa;
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = add_grant(b, kinds[config->kind], config->name, &info, &grant);

	if (err != OK)
		return err;
	if (config->compatible != NULL)
		(void)str_copy(info->detail, sizeof(info->detail), config->compatible);
	if (config->kind == CONFIG_GRANT_DEVICE)
		flags |= SPACE_DEVICE;
	else
		hpa = next_piece(b, file || config->kept, config->size);
	if (config->kind == CONFIG_GRANT_DEVICE && !space_has(hpa.v))
		err = give_ports(b, info, hpa, config->size);
	else
		err = give_addresses(b, info, hpa, config->size, flags);
	if (err == OK && file)
		space_put(hpa, config->data, config->size);
	for (u32 i = 0; err == OK && i < config->num_irqs; i++)
		err = grant_interrupt(b, config->name, &config->irqs[i]);
	return err;
}

static enum err grant_virtual(struct builder *b, u32 index, const struct config_region *region)
{
	struct component *component = b->component;
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = add_grant(b, GRANT_VIRTUAL, region->name, &info, &grant);

	if (err != OK)
		return err;
	info->address = region->gpa.v;
	info->size = region->size;
	(void)str_copy(info->detail, sizeof(info->detail), region->device);
	component->virtual_grant[index] = (u8)(info - b->info->grants);
	for (u32 i = 0; i < region->num_irqs; i++) {
		err = add_grant(b, GRANT_LINE, region->name, &info, &grant);
		if (err != OK)
			return err;
		grant->value = region->irqs[i].guest;
	}
	if (!region->doorbell)
		return OK;
	err = add_grant(b, GRANT_DOORBELL, region->name, &info, &grant);
	if (err == OK)
		err = give_bit(b, info, grant);
	if (err != OK)
		return err;
	component->doorbell[index] = grant->bit;
	return OK;
}

static enum err grant_guest(struct builder *b)
{
	const struct config_guest *guest = b->component->serves;
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = OK;

	for (u32 i = 0; err == OK && guest != NULL && i < guest->num_regions; i++) {
		const struct config_region *region = &guest->regions[i];

		if (region->kind == REGION_VIRTUAL)
			err = grant_virtual(b, i, region);
		if (region->kind != REGION_RAM)
			continue;
		err = add_grant(b, GRANT_RAM, region->name, &info, &grant);
		if (err != OK)
			break;
		info->address = region->gpa.v;
		info->size = region->size;
	}
	return err;
}

static enum err grant_control(struct builder *b)
{
	const struct config_component *config = b->component->config;
	struct component_grant *grant;
	struct grant_info *info;
	enum err err = OK;

	if (config->reads_log)
		err = add_grant(b, GRANT_LOG, "", &info, &grant);
	if (err == OK && config->manages_all) {
		err = add_grant(b, GRANT_MANAGE, "", &info, &grant);
		if (err == OK)
			info->guest = GRANT_ALL;
		return err;
	}
	for (u32 i = 0; err == OK && i < component_system->num_guests; i++) {
		if ((config->manages & BIT(i)) == 0)
			continue;
		err = add_grant(b, GRANT_MANAGE, component_system->guests[i].name, &info, &grant);
		if (err == OK)
			info->guest = i;
	}
	return err;
}

static enum err build_grants(struct builder *b)
{
	const struct config_component *config = b->component->config;
	enum err err = grant_channels(b);

	for (u32 i = 0; err == OK && i < config->num_grants; i++)
		err = grant_piece(b, &config->grants[i]);
	if (err == OK)
		err = grant_guest(b);
	if (err == OK)
		err = grant_control(b);
	return err;
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
static enum err map_program(struct builder *b)
{
	struct component *component = b->component;
	const struct config_component *config = component->config;
	enum err err = OK;

	for (u32 i = 0; err == OK && i < config->num_segments; i++) {
		const struct config_segment *segment = &config->segments[i];

		err = space_map(&component->space, GPA(segment->va),
				next_piece(b, false, segment->size), segment->size,
				SPACE_READ | (segment->write ? SPACE_WRITE : 0) |
					(segment->exec ? SPACE_EXEC : 0));
	}
	if (err == OK)
		err = space_map(&component->space, GPA(COMPONENT_STACK - config->stack_bytes),
				next_piece(b, false, config->stack_bytes), config->stack_bytes,
				SPACE_READ | SPACE_WRITE);
	component->info = next_piece(b, true, INFO_BYTES);
	if (err == OK)
		err = space_map(&component->space, GPA(COMPONENT_INFO), component->info, INFO_BYTES,
				SPACE_READ);
	return err;
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
	enum err err = space_init(&component->space, SPACE_OF_COMPONENT,
				  (u16)(COMPONENT_TAG + component->id));

	if (err == OK)
		err = allocate_memory(b);
	if (err == OK)
		err = map_program(b);
	if (err == OK)
		err = build_grants(b);
	if (err != OK)
		return err;
	describe(b);
	space_use_on(&component->space, component->config->affinity);
	space_put(component->info, b->info, sizeof(*b->info));
	return thread_init(&component->thread, THREAD_COMPONENT, component->config->name,
			   component_main, component, component->config->priority,
			   component->config->slice, component->config->affinity);
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
		    component_channels[grant->value].ends[grant->end] == component)
			component_channels[grant->value].ends[grant->end] = NULL;
		if (grant->kind == GRANT_INTERRUPT)
			irq_unroute(grant->value, component);
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
