/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as a component. Its line is a channel to the console. Its script is a file of the
 * bundle that the description grants under the name "script".
 */
#include "components/lib/runtime.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#include <mullion/string.h>

static struct term term;

/* Serve @bits, typed bytes, and the notifications that arrive meanwhile. */
static void serve(u64 bits)
{
	char batch[PORT_TYPED];
	u32 n;

	do {
		if ((bits & NOTIFY_TIMER) != 0)
			term_timer(&term);
		if ((bits & NOTIFY_LOG) != 0)
			term_news(&term);
		/* While a batch is served, the port has room for more. */
		while ((n = port_read(batch)) != 0)
			term_input(&term, batch, n);
		bits = port_missed();
	} while (bits != 0);
}

static void init(const struct component_info *info)
{
	const struct grant_info *channel = grant_find(info, GRANT_CHANNEL, NULL);
	const struct grant_info *script = grant_find(info, GRANT_FILE, "script");
	struct term_config config = { .script = NULL };

	if (!port_open(info, channel)) {
		log_line("%s: the description gives it no channel to a console", info->name);
		sys_exit(1);
	}
	(void)str_copy(config.self, sizeof(config.self), info->name);
	(void)str_copy(config.console, sizeof(config.console), channel->detail);
	/* A restart does not repeat the script. */
	if (script != NULL && info->starts == 0) {
		config.script = (const char *)(uintptr_t)script->address;
		config.script_bytes = script->size;
	}
	term_start(&term, &config);
	serve(port_missed());
}

static void timer(void)
{
	serve(NOTIFY_TIMER);
}

static const struct program program = { .init = init, .timer = timer, .notified = serve };

void component_main(const struct component_info *info)
{
	runtime_run(&program, info);
}
