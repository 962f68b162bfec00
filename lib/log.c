/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages. All text goes into one ring, which a console drains. Without a console the ring keeps
 * the latest text, so that early errors are printed once the UART is known. If a component owns the
 * console, it reads the ring. After a panic only the CPU that panicked prints, and without the
 * lock: its holder may be the thread that panicked.
 */
#include <mullion/log.h>

#include <arch/boot.h>
#include <arch/cpu.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/format.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>
#include <stdatomic.h>

#ifndef CONFIG_LOG_RING_SIZE
#define CONFIG_LOG_RING_SIZE 4096
#endif
#define RING_BYTES  ((u32)CONFIG_LOG_RING_SIZE) /* power of two */
#define LINE_BYTES  544u                        /* the longest message of config's checks */
#define STAMP_BYTES 32u                         /* with NUL, also after 500 years */
#define LOAD_BYTES  1024u                       /* most that is printed at once, deferred */
#define PREFIX      "mullion: "
#define PANIC_WAIT  10000000u /* passes of a loop: some tens of milliseconds */

static struct spinlock log_lock = SPINLOCK_INIT(RANK_LOG);
static char ring[RING_BYTES] GUARDED_BY(log_lock);
static u64 ring_head GUARDED_BY(log_lock); /* bytes ever put in */
/* Bytes printed, or read while a component owns the console. */
static u64 ring_tail GUARDED_BY(log_lock);
static bool owned GUARDED_BY(log_lock); /* by a component */
static _Atomic bool watched, news;
static _Atomic bool deferred; /* a full console keeps text in the ring */
static log_put *console GUARDED_BY(log_lock);
static enum log_level max_level = LOG_INFO;
static _Atomic(struct cpu *) panic_cpu;
static _Atomic bool panicking;

/* A panic is printed even if a component owns the console. */
static bool may_print(void) REQUIRES(&log_lock)
{
	return console != NULL && (!owned || atomic_load(&panicking));
}

/* Deferred: until the console is full, so the time is bounded. */
static __attribute__((noinline)) void ring_drain(void) REQUIRES(&log_lock)
{
	bool wait = !atomic_load(&deferred) || atomic_load(&panicking);
	u32 left = wait ? UINT32_MAX : LOAD_BYTES;

	while (may_print() && ring_tail != ring_head && left != 0) {
		u32 at = (u32)ring_tail % RING_BYTES;
		u32 n = MIN(MIN((u32)(ring_head - ring_tail), RING_BYTES - at), left), taken;

		/* Before the call: after a panic within it this text is not printed again. */
		ring_tail += n;
		left -= n;
		taken = (u32)console(ring + at, n, wait);
		ring_tail -= n - taken;
		if (taken < n)
			return;
	}
}

static u64 backlog(void) REQUIRES(&log_lock)
{
	return may_print() ? ring_head - ring_tail : 0;
}

static void ring_put(const char *text, size_t n) REQUIRES(&log_lock)
{
	for (size_t i = 0; i < n; i++) {
		if (ring_head - ring_tail == RING_BYTES)
			ring_tail++; /* full: the oldest byte is dropped */
		ring[ring_head++ % RING_BYTES] = text[i];
	}
	ring_drain();
}

/* Returns true to print; false on a CPU that did not panic while another did. */
static bool log_enter(void) TRY_ACQUIRES(&log_lock) NO_LOCK_ANALYSIS
{
	if (atomic_load(&panicking))
		return atomic_load(&panic_cpu) == this_cpu();
	spin_lock(&log_lock);
	if (!atomic_load(&panicking) || atomic_load(&panic_cpu) == this_cpu())
		return true;
	spin_unlock(&log_lock);
	return false;
}

static void log_leave(void) RELEASES(&log_lock) NO_LOCK_ANALYSIS
{
	if (!atomic_load(&panicking) || atomic_load(&panic_cpu) != this_cpu())
		spin_unlock(&log_lock);
}

/* Seconds since the machine's counter started. */
static size_t stamp(char text[STAMP_BYTES])
{
	u64 us = arch_time_now().v / 1000;

	return format(text, STAMP_BYTES, "[%5lu.%06lu] ", us / 1000000, us % 1000000);
}

void log_raw(const char *text, size_t n)
{
	char time[STAMP_BYTES];
	u64 left;

	if (!log_enter())
		return;
	/* Under the lock: no line is older than the one before it. */
	ring_put(time, stamp(time));
	ring_put(text, n);
	left = backlog();
	log_leave();
	/* The caller may hold any lock, so no thread is woken and no timer armed here. The kick's
	 * handler does that, or the run loop of a guest whose exit took the kick. */
	if ((left != 0 || atomic_load(&watched)) && !atomic_exchange(&news, true)) {
		atomic_store(&this_cpu()->resched, true);
		arch_cpu_kick(this_cpu()->id);
	}
}

bool log_take_news(void)
{
	return atomic_load_explicit(&news, memory_order_relaxed) && atomic_exchange(&news, false);
}

__boot void log_watch(bool watch)
{
	atomic_store(&watched, watch);
}

__boot void log_defer(void)
{
	atomic_store(&deferred, true);
}

u64 log_print(void)
{
	u64 left;

	if (!log_enter())
		return 0;
	ring_drain();
	left = backlog();
	log_leave();
	return left;
}

void log_flush(void)
{
	atomic_store(&deferred, false);
	log_console_owned(false);
}

void log_console_owned(bool by_component)
{
	if (!log_enter())
		return;
	owned = by_component;
	ring_drain();
	log_leave();
}

static u64 first_byte(void) REQUIRES(&log_lock)
{
	return ring_head > RING_BYTES ? ring_head - RING_BYTES : 0;
}

void log_bounds(u64 *first, u64 *next)
{
	*first = *next = 0;
	if (!log_enter())
		return;
	*first = first_byte();
	*next = ring_head;
	log_leave();
}

u64 log_shown(void)
{
	u64 shown;

	if (!log_enter())
		return 0;
	shown = ring_tail;
	log_leave();
	return shown;
}

u64 log_read(u64 *at, char *to, u64 bytes)
{
	u64 n;

	if (!log_enter())
		return 0;
	*at = MIN(MAX(*at, first_byte()), ring_head);
	n = MIN(bytes, ring_head - *at);
	for (u64 i = 0; i < n; i++)
		to[i] = ring[(*at + i) % RING_BYTES];
	if (owned)
		ring_tail = MAX(ring_tail, *at + n);
	log_leave();
	return n;
}

static void emit(const char *prefix, const char *fmt, va_list args) __printf(2, 0);

static void emit(const char *prefix, const char *fmt, va_list args)
{
	char line[LINE_BYTES];
	size_t n = format(line, sizeof(line), "%s", prefix);

	n += format_va(line + n, sizeof(line) - n - 1, fmt, args);
	n = MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	log_raw(line, n);
}

void log_emit(enum log_level level, const char *fmt, ...)
{
	va_list args;

	if (level > max_level)
		return;
	va_start(args, fmt);
	emit(PREFIX, fmt, args);
	va_end(args);
}

__boot void log_attach_console(log_put *put)
{
	if (!log_enter())
		return;
	console = put;
	ring_drain();
	log_leave();
}

void log_set_level(enum log_level level)
{
	max_level = level;
}

/*
 * From here on only this CPU prints, without the lock; but a line that another one is at is let
 * end, for a while. A second CPU that panics just stops.
 */
void log_panic_begin(void)
{
	bool expected = false;

	if (atomic_load(&panicking) && atomic_load(&panic_cpu) == this_cpu())
		arch_stop(); /* a panic inside the panic: no report is possible */
	if (!atomic_compare_exchange_strong(&panicking, &expected, true))
		arch_stop();
	atomic_store(&panic_cpu, this_cpu());
	for (u32 i = 0; i < PANIC_WAIT; i++) {
		if (atomic_load(&log_lock.serving) == atomic_load(&log_lock.ticket))
			return;
		arch_cpu_relax();
	}
}

void panic(const char *fmt, ...)
{
	va_list args;

	log_panic_begin();
	va_start(args, fmt);
	emit(PREFIX "panic: ", fmt, args);
	va_end(args);
	arch_backtrace();
	log_emit(LOG_ERROR, "panic: the machine is stopped");
	arch_stop();
}

__boot void stop_machine(const char *fmt, ...)
{
	va_list args;

	atomic_store(&deferred, false);
	va_start(args, fmt);
	emit(PREFIX, fmt, args);
	va_end(args);
	arch_stop();
}
