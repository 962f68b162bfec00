/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as a component: its line is a channel to the console, its script a file of the
 * bundle that the description grants it under the name "script".
 */
#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include "components/mterm/port.h"
#include "components/mterm/term.h"

#include <mullion/string.h>

#define CTRL_C 0x03

static struct term term;
static struct serial_end line;
static u8 typed[512]; /* taken from the line, not yet looked at */
static u32 num_typed;
static u64 missed; /* notifications that came while port_write() waited */

s64 port_ctl(u64 operation, u64 id, void *buffer, u64 bytes, u64 argument, u64 *second)
{
	*second = 0;
	return sys_guest_ctl((u32)operation, id, buffer, bytes, argument, second);
}

u64 port_time(u64 *since_1970)
{
	ns_t wall, now = sys_time(&wall);

	*since_1970 = wall.v;
	return now.v;
}

void port_timer(u64 when_ns)
{
	sys_timer_set(NS(when_ns));
}

/* Take what was typed meanwhile. Return: whether Ctrl-C was; it and all before it are gone then. */
static bool take_typed(void)
{
	num_typed += serial_receive(&line, typed + num_typed, (u32)sizeof(typed) - num_typed);
	for (u32 i = num_typed; i > 0; i--) {
		if (typed[i - 1] != CTRL_C)
			continue;
		num_typed -= i;
		memmove(typed, typed + i, num_typed);
		return true;
	}
	return false;
}

bool port_write(const char *text, size_t n)
{
	struct component_exit exit;
	size_t done = 0;

	for (;;) {
		done += serial_send(&line, (const u8 *)text + done, (u32)(n - done));
		if (done == n)
			return true;
		if (take_typed())
			return false;
		missed |= sys_wait(&exit);
	}
}

/* One batch at a time leaves the buffer free for what is typed while it is served. */
static void serve_typed(void)
{
	char batch[sizeof(typed)];
	u32 n;

	for (;;) {
		num_typed +=
			serial_receive(&line, typed + num_typed, (u32)sizeof(typed) - num_typed);
		n = num_typed;
		if (n == 0)
			return;
		memcpy(batch, typed, n);
		num_typed = 0;
		term_input(&term, batch, n);
	}
}

/* What came with @bits, and what came while that was served. */
static void serve(u64 bits)
{
	do {
		missed = 0;
		if ((bits & NOTIFY_TIMER) != 0)
			term_timer(&term);
		if ((bits & NOTIFY_LOG) != 0)
			term_news(&term);
		serve_typed();
		bits = missed;
	} while (bits != 0);
}

static void init(const struct component_info *info)
{
	const struct grant_info *channel = grant_find(info, GRANT_CHANNEL, NULL);
	const struct grant_info *script = grant_find(info, GRANT_FILE, "script");
	struct term_config config = { .script = NULL };

	if (channel == NULL || !serial_attach(&line, info, channel)) {
		log_line("%s: the description gives it no channel to a console", info->name);
		sys_exit(1);
	}
	(void)str_copy(config.self, sizeof(config.self), info->name);
	(void)str_copy(config.console, sizeof(config.console), channel->detail);
	/* What the script did stays done when the terminal is restarted. */
	if (script != NULL && info->starts == 0) {
		config.script = (const char *)(uintptr_t)script->address;
		config.script_bytes = script->size;
	}
	term_start(&term, &config);
	serve(missed);
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
