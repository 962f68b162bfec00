/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: a notification bit each way between two components, perhaps with shared memory. */
#include "core/component/internal.h"

#include <mullion/log.h>
#include <mullion/mem.h>

struct channel *component_channels;

__boot static enum err make(const struct config_channel *config, struct channel *channel)
{
	enum err err = OK;

	channel->size = config->size;
	if (config->size != 0)
		err = ram_alloc(config->size, PAGE_SIZE, &channel->memory);
	if (err != OK)
		log_error("channel '%s': %lu bytes of memory: %s", config->name, config->size,
			  err_name(err));
	return err;
}

__boot enum err channel_make_all(const struct system *system)
{
	u64 bytes = ALIGN_UP(system->num_channels * sizeof(struct channel), PAGE_SIZE);

	if (bytes == 0)
		return OK;
	component_channels = page_alloc(bytes / PAGE_SIZE);
	if (component_channels == NULL)
		return ERR_NO_MEMORY;
	for (u32 i = 0; i < system->num_channels; i++) {
		enum err err = make(&system->channels[i], &component_channels[i]);

		if (err != OK)
			return err;
	}
	return OK;
}

hpa_t component_shared(u32 channel)
{
	return component_channels[channel].memory;
}

void channel_notify(const struct component_grant *grant)
{
	const struct channel *channel = &component_channels[grant->channel];
	u32 other = grant->end ^ 1u;

	if (channel->ends[other] != NULL)
		component_notify(channel->ends[other], BIT(channel->bits[other]));
}

void channel_announce(struct component *component)
{
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_CHANNEL)
			component_notify(component, BIT(component->grants[i].bit));
	channel_notify_all(component);
}

void channel_notify_all(struct component *component)
{
	for (u32 i = 0; i < component->num_grants; i++)
		if (component->grants[i].kind == GRANT_CHANNEL)
			channel_notify(&component->grants[i]);
}
