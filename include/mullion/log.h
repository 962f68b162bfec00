/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages, panics and assertions.
 *
 * Every message goes into a ring; while no console is attached the ring keeps it, and
 * log_attach_console() prints what was kept. Nothing said before the UART is known gets lost.
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

/** log_attach_console() - from now on print through @put (bytes, count); prints what was kept
 * first. */
void log_attach_console(void (*put)(const char *text, size_t n));

/** log_console_owned() - a component prints, or no longer does. Meanwhile text goes into the ring
 * alone, but for a panic's; what the component has not read by the end is then printed. Any
 * context. */
void log_console_owned(bool by_component);

/** log_watch() - from now on new text kicks the CPU that logged it, whose next interrupt finds
 * log_take_news() true (once): a place where somebody can be woken. Any context. */
void log_watch(bool watch);
bool log_take_news(void);

/** log_bounds() - numbers of the first byte that the ring still holds, and of the next to come; all
 * text since boot is counted. Any context. */
void log_bounds(u64 *first, u64 *next);

/** log_shown() - number of the byte up to which the log was printed, or read by the component that
 * prints. Any context. */
u64 log_shown(void);

/** log_read() - up to @bytes of text from byte number @*at on, which is first moved up to what the
 * ring still holds. Return: how many. Any context. */
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

/** panic() - print the message, registers' backtrace and stop the whole machine. Never reachable by
 * a guest. */
void panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/** log_panic_begin() - this CPU is dying: from now on its text alone is printed, without the log
 * lock. */
void log_panic_begin(void);

/** stop_machine() - a clean stop for a condition the user must cure (no tree, EL1 start): message,
 * no dump. */
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
