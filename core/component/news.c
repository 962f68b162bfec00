/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications for managers and readers of the log. The UART's owner follows from the states. */
#include "core/component/internal.h"

#include <mullion/log.h>

static _Atomic bool watching;
static hpa_t console; /* registers of the UART that the core prints on */

/* Returns true if a component that runs has the registers of the console's UART. */
static bool console_is_owned(void)
{
	for (u32 i = 0; i < component_count; i++) {
		const struct config_component *config = components[i]->config;

		if (atomic_load(&components[i]->state) != COMPONENT_RUNNING)
			continue;
		for (u32 k = 0; k < config->num_grants; k++)
			if (config->grants[k].kind == CONFIG_GRANT_DEVICE &&
			    config->grants[k].hpa.v == console.v)
				return true;
	}
	return false;
}

void component_notify_log(void)
{
	for (u32 i = 0; i < component_count; i++)
		if (components[i]->config->reads_log)
			component_notify(components[i], NOTIFY_LOG);
}

void component_changed(void)
{
	if (!atomic_load(&watching))
		return;
	log_console_owned(console_is_owned());
	for (u32 i = 0; i < component_count; i++)
		if (component_is_manager(components[i]->config))
			component_notify(components[i], NOTIFY_CHANGE);
}

__boot void component_watch_states(hpa_t registers)
{
	console = registers;
	atomic_store(&watching, true);
	component_changed();
}
