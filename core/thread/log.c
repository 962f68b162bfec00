/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of guests and components for the log, and its console. A timer fills a console that is
 * full, one load at a time, so that no CPU waits for a UART.
 */
#include <arch/time.h>
#include <mullion/config.h>
#include <mullion/format.h>
#include <mullion/log.h>
#include <mullion/thread.h>
#include <mullion/timer.h>

#define PRINT_NS      UINT64_C(1000000) /* less than 16 characters take at 115,200 baud */
#define PACE_STEPS    16u               /* as long as a line takes at 115,200 baud */
#define BACKLOG_BYTES 2048u             /* unprinted, before lines are slowed down */

static void print_again(struct timer_event *event);

static struct timer_event print_timer = { .handler = print_again };
static _Atomic bool printing; /* the timer runs */
static void (*_Atomic notify_readers)(void);

void log_news(void)
{
	void (*notify)(void);

	if (!log_take_news())
		return;
	notify = atomic_load(&notify_readers);
	if (notify != NULL)
		notify();
	log_continue();
}

__boot void log_notify_with(void (*notify)(void))
{
	atomic_store(&notify_readers, notify);
	log_watch(true);
}

void log_continue(void)
{
	if (log_print() != 0 && !atomic_exchange(&printing, true))
		timer_arm(&print_timer, NS(arch_time_now().v + PRINT_NS));
}

/* Before the print: a line that comes after it arms the timer by itself. */
static void print_again(struct timer_event *event)
{
	(void)event;
	atomic_store(&printing, false);
	log_continue();
}

/* No faster than lines are printed. */
static void pace(void)
{
	for (u32 i = 0; i < PACE_STEPS && log_print() > BACKLOG_BYTES; i++)
		thread_sleep(NS(PRINT_NS));
}

static void print_line(struct log_line *line, const char *name)
{
	char text[CONFIG_NAME_MAX + sizeof(line->text) + 8];
	size_t n = format(text, sizeof(text), "[%s] %.*s\n", name, (int)line->used, line->text);

	line->used = 0;
	log_raw(text, MIN(n, sizeof(text) - 1));
	pace();
}

/* An escape sequence would change what others show on the same screen. */
void log_lines(struct log_line *line, const char *name, const char *text, u32 n)
{
	for (u32 i = 0; i < n; i++) {
		char c = text[i];

		if (c == '\n' || line->used == sizeof(line->text) - 1)
			print_line(line, name);
		if (c != '\n')
			line->text[line->used++] = (c >= ' ' && c <= '~') || c == '\t' ? c : '?';
	}
}
