/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries of managers: records and bytes that are assembled in the core and copied out whole.
 * Counters are read while they run, so no path that counts takes a lock for a reader.
 */
#include "core/manage/internal.h"

#include <arch/boot.h>
#include <arch/speculation.h>
#include <arch/time.h>
#include <mullion/component.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/host.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/string.h>
#include <mullion/version.h>

#define LOG_PIECE 256u /* bytes of text on the stack */

const struct system *managed;
const struct host *managed_host;
const char *managed_cpu_model;

/* @to is zero before. */
static void set_name(char *to, size_t size, const char *from)
{
	memcpy(to, from, strnlen(from, size - 1));
}

/* All of a record, or nothing. */
s64 query_record(const struct manage_call *call, query_function *fill, u64 bytes)
{
	union {
		struct manage_guest guest;
		struct manage_vcpu vcpu;
		struct manage_component component;
		struct manage_thread thread;
		struct manage_cpu cpu;
		struct manage_region region;
		struct manage_irq irq;
		struct manage_host host;
	} record;
	enum err err = ERR_TOO_BIG;

	memset(&record, 0, sizeof(record));
	if (!fill(call, &record))
		err = ERR_NOT_FOUND;
	else if (call->bytes >= bytes)
		err = component_copy_out(call->by, call->buffer_va, &record, bytes);
	return err == OK ? (s64)bytes : -(s64)err;
}

/* --- Guests ----------------------------------------------------------------------------------- */

static u64 exits_of(const struct vcpu *vcpu)
{
	u64 exits = 0;

	for (u32 i = 0; i < EXIT_COUNT; i++)
		exits += vcpu->exits[i];
	return exits;
}

static void view_guest(const struct guest *guest, void *data)
{
	struct manage_guest *record = data;
	u32 starved;

	if (guest == NULL)
		return;
	record->state = atomic_load(&guest->state);
	record->resets = guest->resets;
	record->crashes = guest->crashes;
	record->start_pc = guest->config->entry.v;
	record->core = (struct manage_core_memory){ (guest->object_pages + guest->profile_pages) *
							    PAGE_SIZE,
						    guest->num_vcpus * THREAD_STACK_BYTES,
						    guest->space.table_pages * PAGE_SIZE };
	for (u32 i = 0; i < guest->num_vcpus; i++) {
		record->exits += exits_of(guest->vcpus[i]);
		record->run_ns += sched_run_ns(&guest->vcpus[i]->thread);
		starved = sched_starved_s(&guest->vcpus[i]->thread);
		record->starved_s = MAX(record->starved_s, starved);
	}
}

bool query_guest(const struct manage_call *call, void *data)
{
	const struct config_guest *config = &managed->guests[call->id];
	struct manage_guest *record = data;

	record->id = (u32)call->id;
	record->state = GUEST_ABSENT;
	record->vcpus = config->num_vcpus;
	record->regions = config->num_regions;
	record->aspace_node = config->aspace;
	set_name(record->name, sizeof(record->name), config->name);
	set_name(record->template_name, sizeof(record->template_name), config->template_name);
	if (config->vmm < managed->num_components) {
		const struct component *vmm = component_find(managed->components[config->vmm].name);

		set_name(record->vmm, sizeof(record->vmm), managed->components[config->vmm].name);
		if (vmm != NULL) {
			record->vmm_state = atomic_load(&vmm->state);
			record->vmm_gave_up = vmm->gave_up;
			record->vmm_helps = vmm->thread.helps;
			record->vmm_help_ends = vmm->thread.help_ends;
		}
	}
	for (u32 i = 0; i < config->num_regions; i++)
		if (config->regions[i].kind == REGION_RAM)
			record->ram_bytes += config->regions[i].size;
	guest_view((u32)call->id, view_guest, record);
	return true;
}

/* One of a guest's parts by its index; @found: the guest is there and has it. */
struct part {
	u32 index;
	bool found;
	void *record;
};

/* They count through the guests of the description, created or not. */
static u32 first_vcpu_id(u32 guest)
{
	u32 id = 0;

	while (guest-- > 0)
		id += managed->guests[guest].num_vcpus;
	return id;
}

static void view_vcpu(const struct guest *guest, void *data)
{
	struct part *part = data;
	struct manage_vcpu *record = part->record;
	struct vcpu_figures figures;
	const struct vcpu *vcpu;

	_Static_assert(EXIT_COUNT <= ARRAY_SIZE(record->exits), "abi/manage.h has too few");
	if (guest == NULL || part->index >= guest->num_vcpus)
		return;
	vcpu = guest->vcpus[arch_index_clamp(part->index, guest->num_vcpus)];
	part->found = true;
	set_name(record->guest, sizeof(record->guest), guest->config->name);
	record->index = vcpu->index;
	record->id = first_vcpu_id(guest->id) + vcpu->index;
	record->thread = vcpu->thread.id;
	record->node = guest->config->vcpus[vcpu->index].node;
	record->resets = vcpu->starts - MIN(vcpu->starts, 1u);
	record->held = atomic_load(&vcpu->held);
	record->cpu = atomic_load(&vcpu->thread.cpu);
	record->state = atomic_load(&vcpu->thread.state);
	record->pause_reason = atomic_load(&vcpu->thread.pause_reason);
	record->priority = vcpu->thread.home.priority;
	arch_vcpu_figures(vcpu, &figures);
	record->pc = figures.pc;
	record->virqs_pending = figures.virqs_pending;
	record->virqs_active = figures.virqs_active;
	record->run_ns = sched_run_ns(&vcpu->thread);
	record->switches = vcpu->thread.switches;
	record->refused_edges = atomic_load(&vcpu->thread.refused_edges);
	record->starved_s = sched_starved_s(&vcpu->thread);
	memcpy(record->exits, vcpu->exits, sizeof(vcpu->exits));
}

bool query_vcpu(const struct manage_call *call, void *record)
{
	struct part part = { PART_INDEX(call->id), false, record };

	guest_view(PART_GUEST(call->id), view_vcpu, &part);
	return part.found;
}

static enum err copy_profile(const struct manage_call *call, const struct guest *guest)
{
	u32 index = PART_INDEX(call->id);
	const struct vcpu *vcpu;

	if (index >= guest->num_vcpus)
		return ERR_NOT_FOUND;
	vcpu = guest->vcpus[arch_index_clamp(index, guest->num_vcpus)];
	if (vcpu->profile == NULL)
		return ERR_NOT_FOUND;
	return component_copy_out(call->by, call->buffer_va, vcpu->profile,
				  sizeof(struct manage_profile));
}

s64 query_profile(const struct manage_call *call)
{
	struct guest *guest;
	enum err err;

	if (call->bytes < sizeof(struct manage_profile))
		return -(s64)ERR_TOO_BIG;
	err = guest_pin(PART_GUEST(call->id), &guest);
	if (err == OK) {
		err = copy_profile(call, guest);
		guest_unpin(PART_GUEST(call->id));
	}
	return err == OK ? (s64)sizeof(struct manage_profile) : -(s64)err;
}

static void view_region(const struct guest *guest, void *data)
{
	const struct part *part = data;
	struct manage_region *record = part->record;

	if (guest != NULL)
		record->hpa = guest->regions[part->index].hpa.v;
}

bool query_region(const struct manage_call *call, void *data)
{
	const struct config_guest *guest = &managed->guests[PART_GUEST(call->id)];
	struct manage_region *record = data;
	struct part part = { PART_INDEX(call->id), false, record };
	const struct config_region *config;

	if (part.index >= guest->num_regions)
		return false;
	part.index = (u32)arch_index_clamp(part.index, guest->num_regions);
	config = &guest->regions[part.index];
	set_name(record->name, sizeof(record->name), config->name);
	record->kind = (u32)config->kind;
	record->access = config->access;
	record->gpa = config->gpa.v;
	record->size = config->size;
	guest_view(PART_GUEST(call->id), view_region, &part);
	return true;
}

/* --- Components and threads --------------------------------------------------------------------
 */

bool query_component(const struct manage_call *call, void *data)
{
	const struct component *component = component_get((u32)call->id);
	struct manage_component *record = data;
	const struct config_component *config;

	if (component == NULL)
		return false;
	config = component->config;
	record->id = (u32)call->id;
	set_name(record->name, sizeof(record->name), config->name);
	if (config->serves < managed->num_guests)
		set_name(record->guest, sizeof(record->guest),
			 managed->guests[config->serves].name);
	record->policy = (u32)config->policy;
	component_describe(component, record);
	return true;
}

static void view_thread(const struct thread *thread, void *data)
{
	struct manage_thread *record = data;

	set_name(record->name, sizeof(record->name), thread->name);
	record->kind = (u32)thread->kind;
	record->state = atomic_load(&thread->state);
	record->pause_reason = atomic_load(&thread->pause_reason);
	record->cpu = atomic_load(&thread->cpu);
	record->priority = thread->home.priority;
	record->run_ns = sched_run_ns(thread);
	record->switches = thread->switches;
	record->slice_ns = thread->home.slice.v;
	record->id = thread->id;
	record->stack_bytes = THREAD_STACK_BYTES;
	record->stack_used = arch_thread_used(thread);
}

bool query_thread(const struct manage_call *call, void *record)
{
	return thread_view((u32)call->id, view_thread, record);
}

/* --- The machine -------------------------------------------------------------------------------
 */

struct sum {
	u32 cpu;
	u64 exits;
};

static void view_exits(const struct guest *guest, void *data)
{
	struct sum *sum = data;

	for (u32 i = 0; guest != NULL && i < guest->num_vcpus; i++)
		if (guest->vcpus[i]->thread.cpu == sum->cpu)
			sum->exits += exits_of(guest->vcpus[i]);
}

bool query_cpu(const struct manage_call *call, void *data)
{
	const struct cpu *cpu = cpu_get((u32)call->id);
	struct sum sum = { (u32)call->id, 0 };
	struct manage_cpu *record = data;

	if (cpu == NULL)
		return false;
	record->id = cpu->id;
	record->online = atomic_load(&cpu->online);
	record->identity = managed_host->cpus[call->id].identity;
	sched_describe(cpu->id, record);
	record->timers = timer_count(cpu->id, &record->timers_fired);
	for (u32 id = 0; id < managed->num_guests; id++)
		guest_view(id, view_exits, &sum);
	record->exits = sum.exits;
	return true;
}

bool query_irq(const struct manage_call *call, void *record)
{
	return irq_describe((u32)call->id, record);
}

bool query_host(const struct manage_call *call, void *data)
{
	struct manage_host *record = data;

	if (call->id != 0)
		return false;
	record->cpus = cpu_count;
	set_name(record->version, sizeof(record->version), MULLION_VERSION);
	set_name(record->machine, sizeof(record->machine), managed_host->compatible);
	set_name(record->controller, sizeof(record->controller), irqchip->name);
	set_name(record->cpu_model, sizeof(record->cpu_model), managed_cpu_model);
	for (u32 i = 0; i < managed_host->num_memory; i++)
		record->ram_bytes += managed_host->memory[i].size;
	record->ram_free_bytes = ram_free_bytes();
	record->ram_dirty_bytes = ram_dirty_bytes();
	record->heap_pages = page_total();
	record->heap_free_pages = page_free_count();
	record->text_bytes = boot_info.text_bytes;
	record->image_bytes = boot_info.image_bytes - boot_info.boot_bytes;
	record->description_bytes = boot_info.description_bytes;
	record->now_ns = arch_time_now().v;
	record->boot_ns = boot_info.boot_ns;
	record->counter_hz = boot_info.counter_hz;
	record->guests = managed->num_guests;
	record->components = managed->num_components;
	log_bounds(&record->log_first, &record->log_next);
	return true;
}

/* Piece by piece, at most what the ring held at the beginning. */
s64 query_log(const struct manage_call *call)
{
	u64 done = 0, at, first, next;
	char text[LOG_PIECE];

	if (call->id != 0)
		return -(s64)ERR_NOT_FOUND;
	log_bounds(&first, &next);
	at = call->argument == MANAGE_LOG_UNPRINTED ? log_shown()
						    : MIN(MAX(call->argument, first), next);
	while (done < call->bytes && at < next) {
		u64 n = log_read(&at, text, MIN(MIN(call->bytes - done, next - at), LOG_PIECE));
		enum err err = component_copy_out(call->by, call->buffer_va + done, text, n);
		if (err != OK)
			return -(s64)err;
		at += n;
		done += n;
	}
	*call->second = at;
	return (s64)done;
}

s64 query_tree(const struct manage_call *call)
{
	u64 size = managed->tree->size, n;
	enum err err = OK;

	if (call->id != 0)
		return -(s64)ERR_NOT_FOUND;
	*call->second = size;
	if (call->argument > size)
		return -(s64)ERR_RANGE;
	n = MIN(call->bytes, size - call->argument);
	if (n != 0)
		err = component_copy_out(call->by, call->buffer_va,
					 managed->tree->blob + call->argument, n);
	return err == OK ? (s64)n : -(s64)err;
}
