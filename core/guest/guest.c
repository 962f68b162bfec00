/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest's life: create, start, stop, reset, destroy.
 *
 * Nobody waits for a vCPU to stop. Whoever wants a guest stopped or reset sets its state and asks
 * every vCPU to stop; the last one to do so finishes the work on its own CPU.
 */
#include <mullion/guest.h>

#include <arch/boot.h>
#include <arch/cpu.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>

#define VCPU_ALIGN 64 /* a cache line, so that two CPUs' vCPUs share none */

u32 guest_count;
bool guests_stay;
static struct guest *guests[CONFIG_MAX_GUESTS];
static _Atomic u32 guests_alive; /* started and not ended */

struct guest *guest_get(u32 id)
{
	return id < guest_count ? guests[id] : NULL;
}

/* One piece of heap holds the guest, its regions and its vCPUs: one thing to take and to give back.
 */
static struct guest *allocate(const struct config_guest *config)
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

static enum err take_memory(const struct config_region *config, struct region *region)
{
	enum err err;

	region->hpa = config->hpa;
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

__boot static void say_no_memory(const struct config_guest *guest,
				 const struct config_region *region, enum err err)
{
	char size[FORMAT_BYTES_MAX], left[FORMAT_BYTES_MAX];

	(void)format_bytes(size, sizeof(size), region->size);
	(void)format_bytes(left, sizeof(left), ram_free_bytes());
	if (err == ERR_NO_MEMORY)
		log_error(
			"guest '%s': region '%s' takes %s, but %s are left in all; make it smaller",
			guest->name, region->name, size, left);
	else
		log_error("guest '%s': region '%s': %s at host-address 0x%llx: %s", guest->name,
			  region->name, size, (unsigned long long)region->hpa.v, err_name(err));
}

__boot static enum err create_regions(struct guest *guest)
{
	const struct config_guest *config = guest->config;

	for (u32 i = 0; i < config->num_regions; i++) {
		struct region *region = &guest->regions[i];
		enum err err = take_memory(&config->regions[i], region);

		if (err != OK) {
			say_no_memory(config, &config->regions[i], err);
			return err;
		}
		region->config = &config->regions[i];
		region->gpa = config->regions[i].gpa;
		region->size = config->regions[i].size;
		guest->num_regions = i + 1;
	}
	return OK;
}

static u32 stage2_flags(enum region_kind kind)
{
	switch (kind) {
	case REGION_RAM: return STAGE2_READ | STAGE2_WRITE | STAGE2_EXEC;
	case REGION_ROM: return STAGE2_READ | STAGE2_EXEC;
	default: return STAGE2_READ | STAGE2_WRITE | STAGE2_DEVICE;
	}
}

static enum err map_regions(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		struct region *region = &guest->regions[i];
		const struct config_region *config = region->config;
		enum region_kind kind = config->kind;
		enum err err;

		if (kind == REGION_VIRTUAL)
			continue;
		if (kind == REGION_ALIAS) {
			region->hpa = guest->regions[config->alias_of].hpa;
			kind = guest->config->regions[config->alias_of].kind;
		}
		err = stage2_map(&guest->stage2, region->gpa, region->hpa, region->size,
				 stage2_flags(kind));
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

		for (u32 k = 0; k < config->num_irqs; k++) {
			const struct config_irq *irq = &config->irqs[k];
			enum err err = irq_route(irq->host, guest, irq->guest, irq->level,
						 guest->config->vcpus[0].cpu);

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

/* Of a guest that was not created whole, some interrupts may be another's: that clash was the
 * failure. */
static void unroute_interrupts(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct config_region *config = guest->regions[i].config;

		for (u32 k = 0; k < config->num_irqs; k++) {
			const struct irq_route *route = irq_lookup(config->irqs[k].host);

			if (route != NULL && route->guest == guest)
				irq_unroute(config->irqs[k].host);
		}
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
		if (err == OK)
			err = arch_vcpu_init(vcpu);
		if (err != OK)
			return err;
	}
	return OK;
}

enum err guest_create(const struct config_guest *config, struct guest **out)
{
	struct guest *guest;
	enum err err;

	if (guest_count == CONFIG_MAX_GUESTS)
		return ERR_NO_MEMORY;
	guest = allocate(config);
	if (guest == NULL)
		return ERR_NO_MEMORY;
	guest->id = guest_count;
	err = create_regions(guest);
	if (err == OK)
		err = stage2_init(&guest->stage2, (u16)(guest->id + 1));
	if (err == OK)
		err = map_regions(guest);
	if (err == OK)
		err = arch_guest_init(guest);
	if (err == OK)
		err = create_vcpus(guest);
	if (err == OK)
		err = route_interrupts(guest);
	if (err != OK) {
		guest_destroy(guest);
		return err;
	}
	guests[guest_count++] = guest;
	*out = guest;
	return OK;
}

void guest_destroy(struct guest *guest)
{
	for (u32 i = 0; i < guest->num_vcpus; i++)
		if (atomic_load(&guest->vcpus[i]->thread.state) != VCPU_UNKNOWN)
			thread_destroy(&guest->vcpus[i]->thread);
	unroute_interrupts(guest);
	arch_guest_destroy(guest);
	if (guest->stage2.root != NULL)
		stage2_destroy(&guest->stage2);
	for (u32 i = 0; i < guest->num_regions; i++)
		if (owns_memory(guest->regions[i].config))
			ram_free(guest->regions[i].hpa, guest->regions[i].size);
	if (guest_count != 0 && guests[guest_count - 1] == guest)
		guest_count--;
	page_free(guest, guest->object_pages);
}

static enum err start_first(struct guest *guest)
{
	const struct config_guest *config = guest->config;

	atomic_store(&guest->state, GUEST_RUNNING);
	return vcpu_start(guest->vcpus[0], config->entry.v, config->tree.load.v);
}

enum err guest_start(struct guest *guest)
{
	enum err err = guest_load_images(guest);

	if (err != OK)
		return err;
	atomic_fetch_add(&guests_alive, 1);
	err = start_first(guest);
	if (err != OK)
		atomic_fetch_sub(&guests_alive, 1);
	return err;
}

/* Stop every vCPU on the way to @state. Only one way out of RUNNING is taken; a later wish finds it
 * gone. */
static void leave_running(struct guest *guest, enum guest_state state)
{
	spin_lock(&guest->lock);
	if (atomic_load(&guest->state) == GUEST_RUNNING) {
		atomic_store(&guest->state, state);
		/* Under the lock: the last vCPU to stop must not restart the guest before all were
		 * asked. */
		for (u32 i = 0; i < guest->num_vcpus; i++)
			vcpu_request(guest->vcpus[i], VCPU_REQ_STOP);
	}
	spin_unlock(&guest->lock);
}

void guest_stop(struct guest *guest, bool crashed)
{
	leave_running(guest, crashed ? GUEST_CRASHED : GUEST_STOPPED);
}

void guest_reset(struct guest *guest)
{
	leave_running(guest, GUEST_RESETTING);
}

static void guest_ended(struct guest *guest)
{
	if (atomic_load(&guest->state) == GUEST_STOPPED)
		log_info("guest '%s' powered off", guest->config->name);
	if (atomic_fetch_sub(&guests_alive, 1) != 1)
		return;
	log_info("no guest is running");
	if (!guests_stay)
		arch_poweroff();
}

static void guest_restart(struct guest *guest)
{
	/* One that crashed while it was being asked to stop is reset with the others. */
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		enum err err = OK;

		if (atomic_load(&guest->vcpus[i]->thread.state) == VCPU_HALTED)
			err = thread_set_state(&guest->vcpus[i]->thread, VCPU_RESET);
		ASSERT(err ==
		       OK); /* the table has the edge, and nobody else is left to take another */
	}
	arch_guest_reset(guest);
	guest->resets++;
	guest->warnings = 0;
	log_info("guest '%s' reset (%u)", guest->config->name, guest->resets);
	if (guest_load_images(guest) == OK && start_first(guest) == OK)
		return;
	atomic_store(&guest->state, GUEST_CRASHED);
	guest_ended(guest);
}

void guest_vcpu_stopped(struct vcpu *vcpu)
{
	struct guest *guest = vcpu->guest;
	enum guest_state state;
	bool last;

	spin_lock(&guest->lock);
	last = --guest->running == 0;
	if (last && atomic_load(&guest->state) == GUEST_RUNNING)
		atomic_store(&guest->state,
			     GUEST_STOPPED); /* every vCPU is off: nobody can come back */
	state = atomic_load(&guest->state);
	spin_unlock(&guest->lock);
	if (!last)
		return;
	if (state == GUEST_RESETTING)
		guest_restart(guest);
	else
		guest_ended(guest);
}
