/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages, panics and assertions.
 *
 * Every message goes into a ring; while no console is attached the ring keeps it, and
 * log_attach_console() prints what was kept. Messages before the UART is known are not lost.
 */
#ifndef MULLION_LOG_H
#define MULLION_LOG_H

#include <mullion/err.h>
#include <mullion/types.h>
#include <stdarg.h>

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

/** log_emit() - format one message (no newline needed; one is added). Any context, takes the log
 * lock. */
void log_emit(enum log_level level, const char *fmt, ...) __printf(2, 3);

/** log_raw() - one line of @n bytes, its newline with it, behind the time stamp that every line
 * has:
 * "[    1.234567] ", seconds since the counter started. Any context, takes the log lock. */
void log_raw(const char *text, size_t n);

/** log_put - prints @n bytes of @text, in order. Without @wait only what the device has room for.
 * Returns how many bytes were taken; with @wait, all. Under the log lock. */
typedef size_t log_put(const char *text, size_t n, bool wait);

/* The text of one source since its latest line. */
struct log_line {
	u32 used;
	char text[128];
};

/** log_attach_console() - print through @put from now on; text that was kept is printed first. */
void log_attach_console(log_put *put);

/** log_defer() - no text waits for a full console from now on. It stays in the ring, and a kick as
 * of log_watch() follows; log_print() prints it. Boot CPU. */
void log_defer(void);

/** log_print() - prints what the console has room for, at most 1 KiB. Returns how many bytes the
 * core has yet to print. Any context. */
u64 log_print(void);

/** log_continue() - prints as log_print(), and lets a timer do that again while text is left. Any
 * context, no locks. */
void log_continue(void);

/** log_lines() - @n bytes of a guest or a component, which is @name: each complete line of @line
 * and @text is printed, with '?' for what is no printable character. After a line it sleeps for up
 * to 16 ms while 2 KiB are unprinted. The thread that @line belongs to, no locks. */
void log_lines(struct log_line *line, const char *name, const char *text, u32 n);

/** log_flush() - prints all of the ring, and waits for the console from now on: for the machine's
 * end. Any context. */
void log_flush(void);

/** log_console_owned() - a component prints the log, or no longer does. Meanwhile only a panic's
 * text is printed here. Text that the component has not read is printed at the end. Any context. */
void log_console_owned(bool by_component);

/** log_watch() - new text kicks the CPU that logged it from now on. Its next interrupt finds
 * log_take_news() true, once; threads can be woken and timers armed there. Any context. */
void log_watch(bool watch);
bool log_take_news(void);

/** log_news() - after new text: call the function of log_notify_with(), then log_continue(). Any
 * context, no locks. */
void log_news(void);
/** log_notify_with() - as log_watch(true); @notify notifies the readers of the log. Boot CPU. */
void log_notify_with(void (*notify)(void));

/** log_bounds() - numbers of the first byte that the ring still holds, and of the next to come; all
 * text since boot is counted. Any context. */
void log_bounds(u64 *first, u64 *next);

/** log_shown() - number of the byte up to which the log was printed, or read by the component that
 * prints. Any context. */
u64 log_shown(void);

/** log_read() - up to @bytes of text from byte number @*at on, which is first moved up to what the
 * ring still holds. Returns their number. Any context. */
u64 log_read(u64 *at, char *to, u64 bytes);

/** log_set_level() - messages above @level are dropped. */
void log_set_level(enum log_level level);

#define log_error(...) log_emit(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)  log_emit(LOG_WARN, __VA_ARGS__)
#define log_info(...)  log_emit(LOG_INFO, __VA_ARGS__)
#ifdef CONFIG_LOG_DEBUG
#define log_debug(...) log_emit(LOG_DEBUG, __VA_ARGS__)
#else
#define log_debug(...) ((void)0)
#endif

/** log_address() - an error message: @what, the address @pc, and its place in a function of the
 * core. A core with the table of tools/symbols. */
void log_address(const char *what, u64 pc);

/** panic() - print the message, registers' backtrace and stop the whole machine. Never reachable by
 * a guest. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/** log_panic_begin() - this CPU is dying: from now on its text alone is printed, without the log
 * lock. */
void log_panic_begin(void);

/** stop_machine() - stop cleanly, with a message and without a dump: the user must cure the cause,
 * e.g. a missing tree. */
void stop_machine(const char *fmt, ...) __printf(1, 2) __noreturn;

#define ASSERT_TEXT(file, line, cond) file ":" ASSERT_LINE(line) ": assertion failed: " cond
#define ASSERT_LINE(line)             #line

/* Internal invariants only; stays on in release builds; no side effects in @cond. */
#define ASSERT(cond)                                                         \
	do {                                                                 \
		if (__builtin_expect(!(cond), 0))                            \
			panic("%s", ASSERT_TEXT(__FILE__, __LINE__, #cond)); \
	} while (0)

#endif
