/* SPDX-License-Identifier: Apache-2.0 */
/* The console as a program: notifications in, system calls out. */
#include "components/console/console.h"

#include <abi/manage.h>

#define TURNS     4u /* of the pump, before notifications are read again */
#define FINISH_NS UINT64_C(1000000000)

static struct console console;
static bool has_log;
static u64 log_next; /* the byte of the core's log that comes next */
static u64 alarm_ns = UINT64_MAX;
static bool finishing; /* the machine is about to go off */

static bool log_is_wanted(void)
{
	return console.log_more && console.log_at == console.log_size;
}

static void fetch_log(void)
{
	s64 n;

	if (!log_is_wanted())
		return;
	n = sys_guest_ctl(MANAGE_LOG, 0, console.log, sizeof(console.log), log_next, &log_next);
	console.log_at = 0;
	console.log_size = n > 0 ? (u32)n : 0;
	console.log_more = n > 0;
}

static void set_alarm(u64 when_ns)
{
	if (when_ns != alarm_ns)
		sys_timer_set(NS(when_ns));
	alarm_ns = when_ns;
}

/* All that is to be seen goes out before the next wait, however slow the UART is. */
static void finish(void)
{
	u64 until = sys_time(NULL).v + FINISH_NS, now = 0;
	bool more = true;

	while ((more || output_used(console.output) > 0) && now < until) {
		now = sys_time(NULL).v;
		fetch_log();
		more = console_pump(&console, now) || log_is_wanted();
	}
}

/* Work beyond TURNS continues by the timer at once, so that notifications are served in between. */
static void run(void)
{
	u64 now_ns = sys_time(NULL).v;
	bool more = true;

	if (finishing)
		finish();
	for (u32 i = 0; i < TURNS && more; i++) {
		fetch_log();
		more = console_pump(&console, now_ns);
		more |= log_is_wanted();
	}
	if (more)
		set_alarm(now_ns);
	else
		set_alarm(console_alarm(&console));
}

/* The log from where the core itself stopped to print it. */
static void find_log(const struct component_info *info)
{
	has_log = grant_find(info, GRANT_LOG, NULL) != NULL;
	log_next = MANAGE_LOG_UNPRINTED;
	console.log_more = has_log;
}

static void init(const struct component_info *info)
{
	alarm_ns = UINT64_MAX;
	console = (struct console){ 0 };
	find_log(info);
	console_start(&console, info);
	if (console.uart_bit != 0)
		sys_irq_done(console.uart_interrupt);
	run();
}

static void timer(void)
{
	alarm_ns = UINT64_MAX;
	run();
}

static void end(void)
{
	finishing = true;
	run();
}

static void notified(u64 bits)
{
	if (has_log && (bits & NOTIFY_LOG) != 0)
		console.log_more = true;
	run();
	if ((bits & console.uart_bit) != 0)
		sys_irq_done(console.uart_interrupt);
}

const struct program console_program = {
	.init = init,
	.timer = timer,
	.end = end,
	.notified = notified,
};
