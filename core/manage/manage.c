/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations of managers. Every call goes through one table, whose row has the right that the
 * operation needs. A component's pointer or index is compared with the description before its use.
 */
#include "core/manage/internal.h"

#include <abi/component.h>
#include <arch/boot.h>
#include <arch/speculation.h>
#include <arch/time.h>
#include <mullion/component.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/profile.h>

#define NS_PER_MS UINT64_C(1000000)

static s64 manage_result(enum err err)
{
	return -(s64)err;
}

/* --- Acts on a guest -------------------------------------------------------------------------- */

static s64 guest_make(const struct manage_call *call)
{
	const struct config_guest *config = &managed->guests[call->id];
	struct guest *guest;
	enum err err = guest_create((u32)call->id, config, &guest);

	if (err == OK)
		log_info("guest '%s' created", config->name);
	return manage_result(err);
}

static s64 guest_unmake(const struct manage_call *call)
{
	enum err err;

	scrub_start(); /* a system that destroys nothing has no use for the thread */
	err = guest_destroy((u32)call->id);
	if (err == OK)
		log_info("guest '%s' destroyed", managed->guests[call->id].name);
	return manage_result(err);
}

/* @act, while no other act is under way with that guest. */
static s64 on_guest(const struct manage_call *call, enum err (*act)(struct guest *guest))
{
	struct guest *guest;
	enum err err = guest_pin((u32)call->id, &guest);

	if (err == OK) {
		err = act(guest);
		guest_unpin((u32)call->id);
	}
	return manage_result(err);
}

static s64 on_vcpu(const struct manage_call *call, enum err (*act)(struct vcpu *vcpu))
{
	u32 id = PART_GUEST(call->id), index = PART_INDEX(call->id);
	struct guest *guest;
	enum err err = guest_pin(id, &guest);

	if (err != OK)
		return manage_result(err);
	if (index >= guest->num_vcpus)
		err = ERR_NOT_FOUND;
	else
		err = act(guest->vcpus[arch_index_clamp(index, guest->num_vcpus)]);
	guest_unpin(id);
	return manage_result(err);
}

static enum err power_off(struct guest *guest)
{
	return guest_end(guest, false);
}

static enum err halt(struct guest *guest)
{
	return guest_end(guest, true);
}

static enum err start(struct guest *guest)
{
	enum err err = guest_start(guest);

	if (err == OK)
		log_info("guest '%s' started", guest->config->name);
	return err;
}

static s64 guest_look(const struct manage_call *call)
{
	u64 ms = MIN(call->argument, (u64)MANAGE_WATCH_MS);
	struct guest *guest;
	enum err err = guest_pin((u32)call->id, &guest);

	if (err == OK) {
		guest_watch(guest, NS(arch_time_now().v + ms * NS_PER_MS));
		guest_unpin((u32)call->id);
	}
	return manage_result(err);
}

/* --- Acts on a component, and on the whole ---------------------------------------------------- */

static s64 on_component(const struct manage_call *call,
			enum err (*act)(struct component *component))
{
	struct component *component = component_get((u32)call->id);

	return component == NULL ? manage_result(ERR_NOT_FOUND) : manage_result(act(component));
}

static enum err manage_stop(struct component *component)
{
	component_stop(component);
	return OK;
}

static s64 stop_thread(const struct manage_call *call)
{
	return manage_result(thread_stop((u32)call->id));
}

static s64 set_log_level(const struct manage_call *call)
{
	if (call->argument > LOG_DEBUG)
		return manage_result(ERR_INVALID);
	log_set_level((enum log_level)call->argument);
	return 0;
}

static s64 power_machine_off(const struct manage_call *call)
{
	(void)call;
	log_info("powered off by its manager");
	component_finish(arch_poweroff);
	return 0;
}

static s64 reboot_machine(const struct manage_call *call)
{
	(void)call;
	log_info("rebooted by its manager");
	component_finish(arch_reboot);
	return 0;
}

/* --- The table -------------------------------------------------------------------------------- */

/* The object that the right concerns. Of a guest, `id` is its number, or has it in its upper part.
 * OF_ALL needs the right to manage all. */
enum object { OF_GUEST, OF_GUEST_PART, OF_LOG, OF_ALL };

/* A row has one of these functions. */
static const struct operation {
	enum object object;
	u32 bytes; /* of @record's record */
	enum err (*guest)(struct guest *guest);
	enum err (*vcpu)(struct vcpu *vcpu);
	enum err (*component)(struct component *component);
	query_function *record;
	s64 (*other)(const struct manage_call *call);
} operations[MANAGE_OPERATIONS] = {
	[MANAGE_GUEST_CREATE] = { OF_GUEST, .other = guest_make },
	[MANAGE_GUEST_DESTROY] = { OF_GUEST, .other = guest_unmake },
	[MANAGE_GUEST_START] = { OF_GUEST, .guest = start },
	[MANAGE_GUEST_STOP] = { OF_GUEST, .guest = power_off },
	[MANAGE_GUEST_PAUSE] = { OF_GUEST, .guest = guest_pause },
	[MANAGE_GUEST_RESUME] = { OF_GUEST, .guest = guest_resume },
	[MANAGE_GUEST_RESET] = { OF_GUEST, .guest = guest_reset },
	[MANAGE_GUEST_HALT] = { OF_GUEST, .guest = halt },
	[MANAGE_GUEST_WATCH] = { OF_GUEST, .other = guest_look },
	[MANAGE_GUEST_PROFILE] = { OF_GUEST, .guest = guest_profile },
	[MANAGE_GUEST_PROFILE_END] = { OF_GUEST, .guest = guest_profile_end },
	[MANAGE_VCPU_PAUSE] = { OF_GUEST_PART, .vcpu = vcpu_pause },
	[MANAGE_VCPU_RESUME] = { OF_GUEST_PART, .vcpu = vcpu_continue },
	[MANAGE_VCPU_HALT] = { OF_GUEST_PART, .vcpu = vcpu_halt },
	[MANAGE_VCPU_RESET] = { OF_GUEST_PART, .vcpu = vcpu_reset },
	[MANAGE_COMPONENT_START] = { OF_ALL, .component = component_start },
	[MANAGE_COMPONENT_STOP] = { OF_ALL, .component = manage_stop },
	[MANAGE_COMPONENT_RESTART] = { OF_ALL, .component = component_restart },
	[MANAGE_COMPONENT_KILL] = { OF_ALL, .component = component_kill },
	[MANAGE_THREAD_STOP] = { OF_ALL, .other = stop_thread },
	[MANAGE_LOG_LEVEL] = { OF_ALL, .other = set_log_level },
	[MANAGE_POWEROFF] = { OF_ALL, .other = power_machine_off },
	[MANAGE_REBOOT] = { OF_ALL, .other = reboot_machine },
	[MANAGE_GUEST] = { OF_GUEST, sizeof(struct manage_guest), .record = query_guest },
	[MANAGE_VCPU] = { OF_GUEST_PART, sizeof(struct manage_vcpu), .record = query_vcpu },
	[MANAGE_PROFILE] = { OF_GUEST_PART, .other = query_profile },
	[MANAGE_COMPONENT] = { OF_ALL, sizeof(struct manage_component), .record = query_component },
	[MANAGE_THREAD] = { OF_ALL, sizeof(struct manage_thread), .record = query_thread },
	[MANAGE_CPU] = { OF_ALL, sizeof(struct manage_cpu), .record = query_cpu },
	[MANAGE_REGION] = { OF_GUEST_PART, sizeof(struct manage_region), .record = query_region },
	[MANAGE_IRQ] = { OF_ALL, sizeof(struct manage_irq), .record = query_irq },
	[MANAGE_HOST] = { OF_ALL, sizeof(struct manage_host), .record = query_host },
	[MANAGE_LOG] = { OF_LOG, .other = query_log },
	[MANAGE_TREE] = { OF_ALL, .other = query_tree },
};

static s64 perform(const struct operation *operation, const struct manage_call *call)
{
	if (operation->guest != NULL)
		return on_guest(call, operation->guest);
	if (operation->vcpu != NULL)
		return on_vcpu(call, operation->vcpu);
	if (operation->component != NULL)
		return on_component(call, operation->component);
	if (operation->record != NULL)
		return query_record(call, operation->record, operation->bytes);
	return operation->other(call);
}

/* Where @id names a guest, it is clamped. */
static enum err check_right(const struct config_component *config, enum object object, u64 *id)
{
	u32 shift = object == OF_GUEST_PART ? 16 : 0;
	u64 guest = *id >> shift;

	if (object == OF_LOG)
		return config->reads_log ? OK : ERR_DENIED;
	if (!component_is_manager(config))
		return ERR_DENIED;
	if (object == OF_ALL)
		return config->manages_all ? OK : ERR_DENIED;
	if (guest >= managed->num_guests)
		return ERR_NOT_FOUND;
	guest = arch_index_clamp(guest, managed->num_guests);
	*id = guest << shift | (*id & (BIT(shift) - 1));
	return config->manages_all || (config->manages & BIT(guest)) != 0 ? OK : ERR_DENIED;
}

s64 manage_call(struct component *component, u64 operation, u64 id, u64 buffer_va, u64 bytes,
		u64 argument, u64 *second)
{
	struct manage_call call = { component, id, buffer_va, bytes, argument, second };
	enum err err;

	*second = 0;
	if (managed == NULL)
		return manage_result(ERR_DENIED);
	if (operation >= MANAGE_OPERATIONS)
		return manage_result(ERR_UNSUPPORTED);
	/* No object has a number that large, so the rows cast it to 32 bits without loss. */
	if (id > UINT32_MAX)
		return manage_result(ERR_NOT_FOUND);
	operation = arch_index_clamp(operation, MANAGE_OPERATIONS);
	err = check_right(component->config, operations[operation].object, &call.id);
	return err != OK ? manage_result(err) : perform(&operations[operation], &call);
}

/* --- Start ----------------------------------------------------------------------------------- */

__boot void manage_start(const struct system *system, const struct host *host,
			 const char *cpu_model)
{
	managed_host = host;
	managed_cpu_model = cpu_model;
	managed = system;
	log_defer();
	component_set_manager(manage_call);
	for (u32 i = 0; i < system->num_components; i++)
		if (system->components[i].reads_log)
			log_notify_with(component_notify_log);
	component_watch_states(HPA(host->uart_regs.base));
}
