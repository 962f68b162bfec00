/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Channels: those under /channels, the ports of networks, and a serial line for each component and
 * guest that has a console. A line's first end is the console. The line has the name of the guest
 * or component at its second end.
 */
#include <abi/serial.h>
#include <mullion/string.h>

#include "config/internal.h"

#define CHANNEL_MAX MIB(1)

/* The name of a component's line. */
static const char *line_name(const struct system *system, const struct config_component *component)
{
	return component->serves < system->num_guests ? system->guests[component->serves].name
						      : component->name;
}

static bool joins(const struct config_channel *channel, u32 end)
{
	return channel->ends[0] == end || channel->ends[1] == end;
}

/* A component finds its channels by their names. */
static void add_channel(struct config_run *run, const struct config_channel *channel, u32 max)
{
	struct system *system = run->system;

	for (u32 i = 0; i < system->num_channels; i++) {
		const struct config_channel *other = &system->channels[i];

		if (!str_equal(other->name, channel->name) ||
		    (!joins(other, channel->ends[0]) && !joins(other, channel->ends[1])))
			continue;
		config_error(run, channel->node, NULL,
			     "one of its ends has a channel '%s' already, a console's line; rename "
			     "this one",
			     channel->name);
		return;
	}
	if (system->num_channels < max)
		system->channels[system->num_channels++] = *channel;
}

static void parse_line(struct config_run *run, const struct config_component *component, u32 max)
{
	struct config_channel line = {
		.ends = { 0, (u32)(component - run->system->components) },
		.size = sizeof(struct serial_line),
		.node = component->node,
	};
	const char *console = config_string(run, component->node, "console");

	if (console == NULL ||
	    !config_find_end(run, component->node, "console", console, &line.ends[0]))
		return;
	if (line.ends[0] == line.ends[1]) {
		config_error(run, component->node, "console",
			     "a component cannot be its own console; name another");
		return;
	}
	(void)str_copy(line.name, sizeof(line.name), line_name(run->system, component));
	add_channel(run, &line, max);
}

static bool parse_ends(struct config_run *run, struct config_channel *channel)
{
	const char *first = config_string_at(run, channel->node, "between", 0);
	const char *second = config_string_at(run, channel->node, "between", 1);

	if (first == NULL)
		return false;
	if (second == NULL || config_string_at(run, channel->node, "between", 2) != NULL)
		return config_error(run, channel->node, "between",
				    "a channel has two ends; write e.g. "
				    "between = \"console\", \"mterm\";");
	if (!config_find_end(run, channel->node, "between", first, &channel->ends[0]) ||
	    !config_find_end(run, channel->node, "between", second, &channel->ends[1]))
		return false;
	if (channel->ends[0] == channel->ends[1])
		config_error(run, channel->node, "between",
			     "both ends are the same; name two components");
	return channel->ends[0] != channel->ends[1];
}

static void parse_channel(struct config_run *run, fdt_node_t node, u32 max)
{
	struct config_channel channel = { .node = node };

	(void)str_copy(channel.name, sizeof(channel.name), fdt_name(run->tree, node));
	(void)config_u64(run, node, "size", &channel.size);
	if (channel.size > CHANNEL_MAX || !IS_ALIGNED(channel.size, PAGE_SIZE))
		config_error(run, node, "size",
			     "must be a multiple of 4096 up to 0x%lx; write <0x%lx>", CHANNEL_MAX,
			     MIN(ALIGN_UP(MIN(channel.size, CHANNEL_MAX), PAGE_SIZE), CHANNEL_MAX));
	else if (parse_ends(run, &channel))
		add_channel(run, &channel, max);
}

static void parse_ports(struct config_run *run, u32 guest, u32 max)
{
	config_for_each_region (&run->system->guests[guest], region) {
		struct config_channel port = { .node = region->node };

		if (region->kind == REGION_VIRTUAL && parse_port(run, guest, region, &port))
			add_channel(run, &port, max);
	}
}

/* Memory of /shared is a channel without ends. */
static void parse_shared(struct config_run *run, fdt_node_t node, u32 max)
{
	struct config_channel channel = { .node = node };

	channel.ends[0] = channel.ends[1] = run->system->num_components;
	(void)str_copy(channel.name, sizeof(channel.name), fdt_name(run->tree, node));
	(void)config_u64(run, node, "size", &channel.size);
	if (channel.size == 0 || !IS_ALIGNED(channel.size, PAGE_SIZE) ||
	    channel.size > BIT(CONFIG_IPA_BITS))
		config_error(run, node, "size",
			     "must be a multiple of 4096, not 0, below 2^%u; write e.g. <0x1000>",
			     CONFIG_IPA_BITS);
	else
		add_channel(run, &channel, max);
}

enum err parse_channels(struct config_run *run)
{
	fdt_node_t channels = fdt_find(run->tree, "/channels");
	u64 count = config_channel_count(run);
	u32 max = (u32)MIN(count, CONFIG_MAX_CHANNELS);

	run->system->channels = arena_alloc(run, max * sizeof(*run->system->channels));
	if (run->system->channels == NULL)
		return ERR_NO_MEMORY;
	if (count > CONFIG_MAX_CHANNELS)
		config_error(run, channels, NULL,
			     "%lu channels, the lines of consoles, ports of networks and shared "
			     "memory included; at most %u",
			     count, CONFIG_MAX_CHANNELS);
	config_for_each_component (run->system, component)
		parse_line(run, component, max);
	for (u32 i = 0; i < run->system->num_guests; i++)
		parse_ports(run, i, max);
	config_for_each_child (run, channels, it)
		parse_channel(run, it.node, max);
	config_for_each_child (run, fdt_find(run->tree, "/shared"), it)
		parse_shared(run, it.node, max);
	return OK;
}
