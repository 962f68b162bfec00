/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Components: names, CPUs and priorities, the guests that they manage, what lies in their address
 * space, and the program that they run.
 */
#include <abi/component.h>
#include <mullion/elf.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

/* Bytes of a disk's channel, at least: a page, and 32 sectors (components/lib/disk.h). */
#define DISK_CHANNEL (PAGE_SIZE + 32u * 512u)

/* A piece of a component's space as the region that it would be in a guest: judged by the same
 * code. */
static struct config_region as_region(const struct config_grant *grant)
{
	return (struct config_region){
		.kind = grant->kind == CONFIG_GRANT_DEVICE ? REGION_DEVICE : REGION_RAM,
		.node = grant->node,
		.hpa_fixed = grant->kind == CONFIG_GRANT_DEVICE,
		.hpa = grant->hpa,
		.size = grant->size,
	};
}

static void check_grant(struct config_run *run, struct config_grant *grant, u32 owner)
{
	struct config_region region = as_region(grant);
	bool reported = grant->size == 0 && !config_has(run, grant->node, "size");

	if (grant->kind == CONFIG_GRANT_FILE || reported)
		return;
	check_shape(run, &region);
	grant->size = region.size;
	if (region.size != 0)
		check_host_side(run, &region, owner);
}

/* The vmms of a template's instances would all have the device. */
static bool is_of_instance(const struct system *system, const struct config_component *component)
{
	return component->serves < system->num_guests && system->guests[component->serves].absent;
}

/* Regions and channels lie behind one another, with a page between any two, below the memory of a
 * guest. */
static void check_room(struct config_run *run, const struct config_component *component)
{
	const struct system *system = run->system;
	u32 index = (u32)(component - system->components);
	u64 room = COMPONENT_GUEST - COMPONENT_GRANTS;

	for (u32 i = 0; i < system->num_channels; i++)
		if (system->channels[i].ends[0] == index || system->channels[i].ends[1] == index)
			room -= system->channels[i].size + PAGE_SIZE;
	config_for_each_grant (component, grant) {
		if (grant->size != 0 && grant->size + PAGE_SIZE > room) {
			config_error(run, grant->node, "size",
				     "does not fit into the component's address space, where 0x%lx "
				     "bytes are left for it; write less",
				     room - PAGE_SIZE);
			return;
		}
		room -= grant->size + PAGE_SIZE;
	}
}

void check_grants(struct config_run *run)
{
	u32 owner = run->system->num_guests;

	config_for_each_component (run->system, component) {
		config_for_each_grant (component, grant) {
			if (grant->kind == CONFIG_GRANT_DEVICE &&
			    is_of_instance(run->system, component))
				config_error(run, grant->node, place_property(run, grant->node),
					     "each instance of the template would have this part "
					     "of the machine; remove the region");
			else
				check_grant(run, grant, owner);
		}
		check_room(run, component);
		owner++;
	}
}

/* Components and guests go by their names at the terminal: no two may have the same. */
static void check_component_name(struct config_run *run, const struct config_component *component)
{
	const struct system *system = run->system;
	const struct config_component *first =
		&system->components[config_find_component(system, component->name)];

	/* A vmm's name is no node's: the report is about the other one. */
	if (first != component && component->serves < system->num_guests)
		config_error(run, first->node, NULL,
			     "is the name of the vmm of guest '%s'; rename the component",
			     system->guests[component->serves].name);
	config_for_each_guest (system, guest)
		if (str_equal(guest->name, component->name))
			config_error(run, component->node, NULL,
				     "a guest has this name; rename the component");
}

static u64 cpus_of_guest(const struct config_guest *guest)
{
	u64 cpus = 0;

	for (u32 i = 0; i < guest->num_vcpus; i++)
		cpus |= BIT(guest->vcpus[i].cpu);
	return cpus;
}

/* Guests whose vmm has a channel to it, and the one that it serves, cause work of a component. */
static bool works_for(const struct system *system, const struct config_component *component,
		      const struct config_guest *guest)
{
	u32 index = (u32)(component - system->components);

	if (guest->vmm == index)
		return true;
	for (u32 i = 0; guest->vmm < system->num_components && i < system->num_channels; i++) {
		const u32 *ends = system->channels[i].ends;

		if ((ends[0] == index && ends[1] == guest->vmm) ||
		    (ends[1] == index && ends[0] == guest->vmm))
			return true;
	}
	return false;
}

/* A component can run on a guest's budget only on the CPUs of that guest's vCPUs. */
static void warn_excluded(struct config_run *run, const struct config_component *component)
{
	config_for_each_guest (run->system, guest) {
		u64 excluded = cpus_of_guest(guest) & ~component->affinity;

		if (excluded == 0 || !works_for(run->system, component, guest))
			continue;
		config_warning(run, component->node, "cpus",
			       "excludes CPU %u of guest '%s': its work for vCPUs there runs at "
			       "the component's own priority and cost; add the CPU",
			       (u32)__builtin_ctzll(excluded), guest->name);
		return;
	}
}

static void check_affinity(struct config_run *run, struct config_component *component)
{
	const struct system *system = run->system;
	const char *whose;
	u32 limit = cpu_limit(run, &whose);
	struct fdt_prop prop;

	component->affinity = limit < 64 ? BIT(limit) - 1 : UINT64_MAX;
	if (component->serves < system->num_guests)
		component->affinity = cpus_of_guest(&system->guests[component->serves]);
	if (!config_get(run, component->node, "cpus", &prop) || prop.len == 0 || prop.len % 4 != 0)
		return;
	component->affinity = 0;
	for (u32 i = 0; i < prop.len / 4; i++) {
		u32 cpu = config_cell(&prop, i);

		if (cpu < limit) {
			component->affinity |= BIT(cpu);
			continue;
		}
		config_error(run, component->node, "cpus", "there is no CPU %u: %s %u CPU%s", cpu,
			     whose, limit, limit == 1 ? "" : "s");
		return;
	}
	warn_excluded(run, component);
}

/* Below its guest a vmm would answer only when the guest waits, and a guest may wait for it. */
static void check_vmm_priority(struct config_run *run, const struct config_component *component)
{
	const struct config_guest *guest;
	u32 highest = 0;

	if (component->serves == run->system->num_guests)
		return;
	guest = &run->system->guests[component->serves];
	for (u32 i = 0; i < guest->num_vcpus; i++)
		highest = MAX(highest, guest->vcpus[i].priority);
	if (component->priority > highest)
		return;
	if (highest == UINT8_MAX)
		config_error(run, guest->node, "priority",
			     "leaves none for the guest's vmm, whose is above; write <%u> or less",
			     UINT8_MAX - 1);
	else
		config_error(run, component->node, "priority",
			     "a vmm's must be above its guest's, %u; write <%u> or more", highest,
			     highest + 1);
}

static void check_manages(struct config_run *run, struct config_component *component)
{
	const char *name;

	for (u32 i = 0;; i++) {
		struct similar similar;
		u32 index = 0;

		name = config_string_at(run, component->node, "manages-guests", i);
		if (name == NULL)
			return;
		similar_init(&similar, name);
		config_for_each_guest (run->system, guest) {
			if (str_equal(guest->name, name))
				break;
			similar_offer(&similar, guest->name);
			index++;
		}
		if (index < run->system->num_guests)
			component->manages |= BIT(index);
		else
			config_error(run, component->node, "manages-guests",
				     "there is no guest '%s'%s", name, similar_hint(&similar, ""));
	}
}

/* Entries of a component's table of grants, as abi/component.h lays it out. */
static u32 count_entries(const struct system *system, const struct config_component *component)
{
	u32 index = (u32)(component - system->components);
	u32 count = (component->manages_all ? 1u : 0u) + (component->reads_log ? 1u : 0u);

	for (u64 bits = component->manages_all ? 0 : component->manages; bits != 0;
	     bits &= bits - 1)
		count++;
	config_for_each_grant (component, grant)
		count += 1 + grant->num_irqs;
	for (u32 i = 0; i < system->num_channels; i++)
		count += (system->channels[i].ends[0] == index ? 1u : 0u) +
			 (system->channels[i].ends[1] == index ? 1u : 0u);
	if (component->serves == system->num_guests)
		return count;
	/* An emulated device: itself, its line, and perhaps a doorbell. */
	config_for_each_region (&system->guests[component->serves], region)
		if (region->kind == REGION_VIRTUAL)
			count += 1 + region->num_irqs + (region->doorbell ? 1 : 0);
		else if (region_is_memory(region))
			count++;
	return count;
}

/* The vmm's channel of that name, or NULL. */
static const struct config_channel *channel_named(const struct config_run *run, u32 vmm,
						  const char *name)
{
	for (u32 i = 0; i < run->system->num_channels; i++) {
		const struct config_channel *channel = &run->system->channels[i];

		if (str_equal(channel->name, name) &&
		    (channel->ends[0] == vmm || channel->ends[1] == vmm))
			return channel;
	}
	return NULL;
}

static void check_disk(struct config_run *run, const struct config_component *component,
		       const struct config_region *region)
{
	u32 vmm = (u32)(component - run->system->components);
	const struct config_channel *channel;
	char name[2 * CONFIG_NAME_MAX];
	bool memory = false;

	(void)format(name, sizeof(name), "%s-%s", run->system->guests[component->serves].name,
		     region->name);
	channel = channel_named(run, vmm, name);
	if (channel == NULL)
		channel = channel_named(run, vmm, region->name);
	config_for_each_grant (component, grant)
		if (str_equal(grant->name, region->name))
			memory = grant->kind == CONFIG_GRANT_FILE ||
				 (grant->kind == CONFIG_GRANT_MEMORY && grant->kept);
	if (memory && channel != NULL)
		config_error(run, region->node, "device",
			     "the disk has memory of the vmm and the channel '%s'; remove one",
			     channel->name);
	else if (channel != NULL && channel->size < DISK_CHANNEL)
		config_error(run, channel->node, "size",
			     "too small for the requests of a disk; write <0x100000>");
	else if (!memory && channel == NULL)
		config_error(
			run, region->node, "device",
			"the vmm has no memory for this disk; write %s { type = \"file\"; "
			"file = \"disk.img\"; }; in the vmm's aspace, or type = \"memory\" with "
			"kept, or a channel '%s' between the disk's component and '%s'",
			region->name, name, component->name);
}

/* An emulated disk is memory of the vmm, the region of the same name, or lies behind a channel. */
static void check_disks(struct config_run *run, const struct config_component *component)
{
	if (component->serves == run->system->num_guests)
		return;
	config_for_each_region (&run->system->guests[component->serves], region)
		if (region->device != NULL &&
		    (run->platform->model_trees[region->model].flags & ARCH_MODEL_DISK) != 0)
			check_disk(run, component, region);
}

static void check_restart(struct config_run *run, const struct config_component *component)
{
	static const char *const properties[] = { "restart-limit", "restart-period-ms" };

	for (u32 i = 0; component->policy != RESTART_LIMITED && i < ARRAY_SIZE(properties); i++)
		if (config_has(run, component->node, properties[i]))
			config_warning(run, component->node, properties[i],
				       "has no effect without restart = \"limited\"; remove it");
}

/* A stack for each vCPU and each component. */
static void check_threads(struct config_run *run)
{
	u32 count = run->system->num_components;

	config_for_each_guest (run->system, guest)
		count += guest->num_vcpus;
	if (count > CONFIG_MAX_THREADS)
		config_error(run, fdt_find(run->tree, "/guests"), NULL,
			     "all vCPUs and components, with those of instances, are %u; at most "
			     "%u: give guests fewer vCPUs",
			     count, CONFIG_MAX_THREADS);
}

void check_components(struct config_run *run)
{
	check_threads(run);
	config_for_each_component (run->system, component) {
		u32 entries;

		check_component_name(run, component);
		check_affinity(run, component);
		check_vmm_priority(run, component);
		check_restart(run, component);
		check_manages(run, component);
		check_disks(run, component);
		entries = count_entries(run->system, component);
		if (entries > GRANTS_MAX)
			config_error(run, component->node, NULL,
				     "'%s' would have %u grants: regions, interrupts, channels, "
				     "guests; at most %u",
				     component->name, entries, GRANTS_MAX);
	}
}

static void check_program(struct config_run *run, struct config_component *component)
{
	struct elf_program program;
	const char *why = NULL;

	if (!find_file(run, component->node, "program", component->program, &component->data,
		       &component->data_bytes))
		return;
	if (elf_read(component->data, component->data_bytes, run->platform->elf_machine, &program,
		     &why) != OK) {
		config_error(run, component->node, "program",
			     "%s; name a program that is built from components/", why);
		return;
	}
	component->entry = program.entry;
	component->num_segments = program.num_segments;
	memcpy(component->segments, program.segments, sizeof(program.segments));
}

static void check_grant_file(struct config_run *run, struct config_grant *grant)
{
	if (grant->kind == CONFIG_GRANT_MEMORY && grant->file != NULL && !grant->kept)
		config_error(run, grant->node, "file",
			     "memory that a restart zeroes would lose it; write kept;");
	if (grant->file == NULL ||
	    !find_file(run, grant->node, "file", grant->file, &grant->data, &grant->data_bytes))
		return;
	if (grant->kind == CONFIG_GRANT_FILE)
		grant->size = grant->data_bytes;
	else if (grant->data_bytes > grant->size && grant->size != 0)
		config_error(run, grant->node, "size",
			     "the file '%s' has 0x%lx bytes; write <0x%lx> or more", grant->file,
			     grant->data_bytes, ALIGN_UP(grant->data_bytes, PAGE_SIZE));
}

void check_programs(struct config_run *run)
{
	config_for_each_component (run->system, component) {
		check_program(run, component);
		config_for_each_grant (component, grant)
			check_grant_file(run, grant);
	}
}
