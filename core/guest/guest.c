/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests as objects: the table, and the parts of a guest. Guests are created and destroyed while
 * others run. Hence an act pins its guest, and one act at a time is under way with each guest.
 */
#include <mullion/guest.h>

#include <arch/speculation.h>
#include <mullion/component.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>

#include "core/guest/life.h"

#define FORGET_PASSES 4  /* close_accounts() */
#define VCPU_ALIGN    64 /* a cache line, so that two CPUs' vCPUs share none */

static struct spinlock table_lock = SPINLOCK_INIT(RANK_MANAGE);
static struct slot {
	struct guest *guest; /* created */
	bool busy;           /* being created, destroyed or acted on */
} slots[CONFIG_MAX_GUESTS] GUARDED_BY(table_lock);

/* Its callers know that the guest stays, or hold the lock. */
NO_LOCK_ANALYSIS struct guest *guest_get(u32 id)
{
	return id < CONFIG_MAX_GUESTS ? slots[arch_index_clamp(id, CONFIG_MAX_GUESTS)].guest : NULL;
}

enum err guest_pin(u32 id, struct guest **guest)
{
	enum err err = OK;

	if (id >= CONFIG_MAX_GUESTS)
		return ERR_NOT_FOUND;
	id = (u32)arch_index_clamp(id, CONFIG_MAX_GUESTS);
	spin_lock(&table_lock);
	if (slots[id].busy)
		err = ERR_BUSY;
	else if (slots[id].guest == NULL)
		err = ERR_NOT_FOUND;
	if (err == OK) {
		slots[id].busy = true;
		*guest = slots[id].guest;
	}
	spin_unlock(&table_lock);
	return err;
}

void guest_unpin(u32 id)
{
	spin_lock(&table_lock);
	slots[id].busy = false;
	spin_unlock(&table_lock);
}

void guest_view(u32 id, void (*view)(const struct guest *guest, void *data), void *data)
{
	spin_lock(&table_lock);
	view(guest_get(id), data);
	spin_unlock(&table_lock);
}

/* The slot's guest is @guest from now on. Still busy. */
static void publish(u32 id, struct guest *guest)
{
	spin_lock(&table_lock);
	slots[id].guest = guest;
	spin_unlock(&table_lock);
}

/* One piece of heap holds the guest, its regions and its vCPUs: one thing to take and to give back.
 */
static struct guest *guest_allocate(const struct config_guest *config)
{
	u64 regions = ALIGN_UP(sizeof(struct guest), VCPU_ALIGN);
	u64 pointers = regions + config->num_regions * sizeof(struct region);
	u64 vcpus = ALIGN_UP(pointers + config->num_vcpus * sizeof(struct vcpu *), VCPU_ALIGN);
	u64 stride = ALIGN_UP(sizeof(struct vcpu), VCPU_ALIGN);
	u64 pages = ALIGN_UP(vcpus + config->num_vcpus * stride, PAGE_SIZE) / PAGE_SIZE;
	u8 *block = page_alloc(pages);
	struct guest *guest = (struct guest *)(void *)block;

	if (block == NULL)
		return NULL;
	guest->config = config;
	guest->object_pages = pages;
	guest->regions = (struct region *)(void *)(block + regions);
	guest->vcpus = (struct vcpu **)(void *)(block + pointers);
	guest->num_vcpus = config->num_vcpus;
	spin_init(&guest->lock, RANK_GUEST);
	waitqueue_init(&guest->stopped);
	atomic_store(&guest->state, GUEST_CREATED);
	for (u32 i = 0; i < config->num_vcpus; i++) {
		struct vcpu *vcpu = (struct vcpu *)(void *)(block + vcpus + i * stride);

		vcpu->guest = guest;
		vcpu->index = i;
		guest->vcpus[i] = vcpu;
	}
	return guest;
}

/* Blocks of stage 2 are as large as both addresses' alignment allows. */
static u64 best_alignment(u64 size)
{
	if (size >= GIB(1))
		return GIB(1);
	return size >= MIB(2) ? MIB(2) : PAGE_SIZE;
}

static bool owns_memory(const struct config_region *config)
{
	return config->kind == REGION_RAM || config->kind == REGION_ROM;
}

static const struct system *described;

static bool is_kept(u64 base, u64 size, u64 *end)
{
	for (u32 i = 0; i < described->num_guests; i++) {
		const struct config_guest *guest = &described->guests[i];

		for (u32 j = 0; j < guest->num_regions; j++) {
			const struct config_region *region = &guest->regions[j];

			if (!region->hpa_fixed || !owns_memory(region) ||
			    region->hpa.v >= base + size || base >= region->hpa.v + region->size)
				continue;
			*end = region->hpa.v;
			return true;
		}
	}
	return false;
}

__cold void guest_keep_memory(const struct system *system)
{
	described = system;
	ram_keep(is_kept);
}

static enum err region_take_memory(const struct config_region *config, struct region *region)
{
	enum err err;

	region->hpa =
		config->kind == REGION_SHARED ? component_shared(config->alias_of) : config->hpa;
	if (!owns_memory(config))
		return OK;
	if (config->hpa_fixed)
		return ram_claim(config->hpa, config->size);
	err = ram_alloc(config->size, best_alignment(config->size), &region->hpa);
	if (err != OK) /* whole gigabytes in a row are rare on small machines */
		err = ram_alloc(config->size, MIN(best_alignment(config->size), MIB(2)),
				&region->hpa);
	return err;
}

static void say_no_memory(const struct config_guest *guest, const struct config_region *region,
			  u64 left_bytes)
{
	char size[FORMAT_BYTES_MAX], left[FORMAT_BYTES_MAX];

	log_error("guest '%s': region '%s' takes %s, but %s are left in all; make it smaller",
		  guest->name, region->name, format_bytes(size, sizeof(size), region->size),
		  format_bytes(left, sizeof(left), left_bytes));
}

/* There is enough in all, but not where it is wanted. */
__cold static void say_no_place(const struct config_guest *guest,
				const struct config_region *region, enum err err)
{
	char size[FORMAT_BYTES_MAX], left[FORMAT_BYTES_MAX], piece[FORMAT_BYTES_MAX];

	(void)format_bytes(size, sizeof(size), region->size);
	if (region->hpa_fixed)
		log_error("guest '%s': region '%s' takes %s at host-address 0x%lx, which are not "
			  "all free: %s",
			  guest->name, region->name, size, region->hpa.v, err_name(err));
	else
		log_error("guest '%s': region '%s' needs %s in one piece. %s are free, the largest "
			  "piece has %s; make the region smaller, or destroy a guest",
			  guest->name, region->name, size,
			  format_bytes(left, sizeof(left), ram_free_bytes()),
			  format_bytes(piece, sizeof(piece), ram_largest_bytes()));
}

/* All of it, before any of it is taken. */
static enum err check_budget(const struct config_guest *config)
{
	u64 left = ram_free_bytes(), pages = page_free_count();

	for (u32 i = 0; i < config->num_regions; i++) {
		const struct config_region *region = &config->regions[i];

		if (!owns_memory(region))
			continue;
		if (region->size > left) {
			say_no_memory(config, region, left);
			return ERR_NO_MEMORY;
		}
		left -= region->size;
	}
	if (config->heap_pages > pages) {
		log_error("guest '%s' takes %lu pages of the core's memory, but %lu are left",
			  config->name, config->heap_pages, pages);
		return ERR_NO_MEMORY;
	}
	return OK;
}

static enum err create_regions(struct guest *guest)
{
	const struct config_guest *config = guest->config;

	for (u32 i = 0; i < config->num_regions; i++) {
		struct region *region = &guest->regions[i];
		enum err err = region_take_memory(&config->regions[i], region);

		if (err != OK) {
			say_no_place(config, &config->regions[i], err);
			return err;
		}
		region->config = &config->regions[i];
		region->gpa = config->regions[i].gpa;
		region->size = config->regions[i].size;
		guest->num_regions = i + 1;
	}
	return OK;
}

static enum err map_regions(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		struct region *region = &guest->regions[i];
		const struct config_region *config = region->config;
		enum region_kind kind = config->kind;
		enum err err;

		if (kind == REGION_ALIAS) {
			region->hpa.v = guest->regions[config->alias_of].hpa.v + config->offset;
			kind = guest->config->regions[config->alias_of].kind;
		}
		if (kind == REGION_VIRTUAL)
			continue;
		if (space_has(region->gpa.v))
			err = space_map(&guest->space, region->gpa, region->hpa, region->size,
					config->access |
						(kind == REGION_DEVICE ? SPACE_DEVICE : 0));
		else
			err = space_grant_ports(&guest->space, (u32)(region->gpa.v - PORT_BASE),
						(u32)region->size);
		if (err != OK) {
			log_error("guest '%s': mapping region '%s': %s", guest->config->name,
				  config->name, err_name(err));
			return err;
		}
	}
	return OK;
}

static enum err route_interrupts(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *config = guest->regions[i].config;

		/* Of an emulated device they are lines that its component drives. */
		if (config->kind == REGION_VIRTUAL)
			continue;
		for (u32 k = 0; k < config->num_irqs; k++) {
			const struct config_irq *irq = &config->irqs[k];
			const struct irq_route route = {
				.deliver = arch_virq_deliver,
				.owner = guest,
				.owner_name = guest->config->name,
				.line = irq->host,
				.target = irq->guest,
				.cpu = guest->config->vcpus[0].cpu,
				.max_per_second = irq->max_per_second,
				.level = irq->level,
			};
			enum err err = irq_route(&route);

			if (err != OK) {
				log_error("guest '%s': region '%s': host interrupt %u: %s",
					  guest->config->name, config->name, irq->host,
					  err_name(err));
				return err;
			}
		}
	}
	return OK;
}

/* Of a guest that was not created whole, some lines may be another owner's: that clash was the
 * failure. */
static void unroute_interrupts(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *config = guest->regions[i].config;

		for (u32 k = 0; k < config->num_irqs; k++)
			irq_unroute(config->irqs[k].host, guest);
	}
}

static enum err create_vcpus(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		struct vcpu *vcpu = guest->vcpus[i];
		const struct config_vcpu *config = &guest->config->vcpus[i];
		const struct cpu *cpu = cpu_get(config->cpu);
		char name[THREAD_NAME_MAX];
		enum err err;

		if (cpu == NULL || !atomic_load(&cpu->online)) {
			log_error("guest '%s': vcpu %u: CPU %u is not there", guest->config->name,
				  i, config->cpu);
			return ERR_NOT_FOUND;
		}
		(void)format(name, sizeof(name), "%s/vcpu%u", guest->config->name, i);
		err = thread_init(&vcpu->thread, THREAD_VCPU, name, vcpu_main, vcpu,
				  config->priority, config->slice, BIT(config->cpu));
		if (err != OK)
			return err;
		space_use_on(&guest->space, BIT(config->cpu));
		vcpu->thread.home.window = config->window;
		if (config->budget.v != 0)
			account_limit(&vcpu->thread, &vcpu->budget, config->budget, config->period);
	}
	return OK;
}

static bool has_thread(const struct vcpu *vcpu)
{
	return atomic_load(&vcpu->thread.state) != VCPU_UNKNOWN;
}

/* Afterwards no component works on the vCPUs' accounts, or knows one. A CPU that chose such an
 * account before it was closed may still place a component there: the second pass evicts that one.
 * Until then, the component may charge bits and a timer to the account. The third pass forgets
 * these, the fourth the bits of a timer that has expired meanwhile. Each CPU has called the
 * scheduler at each pass, so a vCPU that stopped before has left its stack. */
static void close_accounts(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++)
		atomic_store(&guest->vcpus[i]->thread.home.closed, true);
	for (u32 pass = 0; pass < FORGET_PASSES; pass++) {
		for (u32 i = 0; i < guest->num_vcpus; i++)
			if (has_thread(guest->vcpus[i]))
				component_forget_payer(&guest->vcpus[i]->thread.home);
		sched_settle();
		irq_settle();
	}
}

/* Release the parts of a guest, which may be incomplete. No other thread knows the guest. */
static void take_apart(struct guest *guest)
{
	unroute_interrupts(guest);
	close_accounts(guest);
	component_guest_leave(guest);
	component_guest_detach(guest);
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		if (has_thread(guest->vcpus[i]))
			thread_destroy(&guest->vcpus[i]->thread);
		page_free(guest->vcpus[i]->profile, 1);
	}
	arch_guest_destroy(guest);
	space_destroy(&guest->space);
	for (u32 i = 0; i < guest->num_regions; i++)
		if (owns_memory(guest->regions[i].config))
			ram_free(guest->regions[i].hpa, guest->regions[i].size);
	page_free(guest, guest->object_pages);
}

static enum err put_together(u32 id, const struct config_guest *config, struct guest **out)
{
	struct guest *guest;
	enum err err = check_budget(config);

	if (err != OK)
		return err;
	guest = guest_allocate(config);
	if (guest == NULL)
		return ERR_NO_MEMORY;
	guest->id = id;
	err = create_regions(guest);
	if (err == OK)
		err = space_init(&guest->space, SPACE_OF_GUEST, (u16)(id + 1));
	if (err == OK)
		err = map_regions(guest);
	if (err == OK)
		err = create_vcpus(guest);
	if (err == OK)
		err = arch_guest_init(guest);
	if (err == OK)
		err = route_interrupts(guest);
	if (err == OK)
		err = component_guest_attach(guest);
	if (err != OK)
		take_apart(guest);
	else
		*out = guest;
	return err;
}

enum err guest_create(u32 id, const struct config_guest *config, struct guest **out)
{
	enum err err = OK;

	if (id >= CONFIG_MAX_GUESTS)
		return ERR_RANGE;
	spin_lock(&table_lock);
	if (slots[id].busy)
		err = ERR_BUSY;
	else if (slots[id].guest != NULL)
		err = ERR_EXISTS;
	else
		slots[id].busy = true;
	spin_unlock(&table_lock);
	if (err != OK)
		return err;
	err = put_together(id, config, out);
	if (err == OK)
		publish(id, *out);
	guest_unpin(id);
	if (err == OK)
		component_changed();
	return err;
}

enum err guest_destroy(u32 id)
{
	struct guest *guest;
	enum err err = guest_pin(id, &guest);

	if (err != OK)
		return err;
	guest_tear_down(guest);
	publish(id, NULL);
	take_apart(guest);
	guest_unpin(id);
	component_changed();
	return OK;
}
