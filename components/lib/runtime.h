/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The runtime of components: one event loop that turns notifications into calls of the program's
 * functions, and look-up of what was granted. A program has one thread; nothing here takes a lock.
 */
#ifndef COMPONENTS_RUNTIME_H
#define COMPONENTS_RUNTIME_H

#include "components/lib/sys.h"

#define NOTIFY_RUNTIME (NOTIFY_EXIT | NOTIFY_RESET | NOTIFY_TIMER | NOTIFY_GONE | NOTIFY_END)
/* No notification has this bit, every -(enum err) does. */
#define NOTIFY_ERROR BIT(58)

/* A program's answer to an exit; it is passed in two registers. */
struct answer {
	u64 value; /* that the guest reads; with RESUME_STATE, an address */
	u64 flags; /* RESUME_*, but for RESUME_WAIT */
};
#define ANSWER(value) ((struct answer){ value, 0 })
#define ANSWER_FAULT  ((struct answer){ 0, RESUME_FAULT })

/* A program's functions for events; each may be NULL. */
struct program {
	/* Once, before anything else. */
	void (*init)(const struct component_info *info);
	/* The served guest was reset. Always called before an exit that came later. */
	void (*reset)(void);
	void (*timer)(void);
	/* The served guest was destroyed. */
	void (*gone)(void);
	/* The machine is about to go off: bring output to its end. */
	void (*end)(void);
	/* Bits of grants, NOTIFY_LOG, NOTIFY_CHANGE. */
	void (*notified)(u64 bits);
	/* An access of the served guest's: the members of its struct component_exit. */
	struct answer (*exit)(u64 where, u64 offset, u64 value, u64 number);
};

/** component_main() - a program's beginning, in its own main.c: calls runtime_run(). A return
 * ends the component. */
void component_main(const struct component_info *info);

/** runtime_start() - check @info, and init. */
void runtime_start(const struct program *program, const struct component_info *info);
/** runtime_serve() - serve @bits, then wait. @exit: the record that came with them; it is
 * overwritten. Returns the next bits. */
u64 runtime_serve(const struct program *program, u64 bits, struct component_exit *exit);
/** runtime_run() - start, and serve without end. In sys.c: an exit costs no call but that of
 * the program. */
void runtime_run(const struct program *program, const struct component_info *info) __noreturn;

/** grant_find() - the first grant of that kind and name (NULL: any name), or NULL. */
const struct grant_info *grant_find(const struct component_info *info, enum grant_kind kind,
				    const char *name);
/** grant_count() - how many grants there are. */
u32 grant_count(const struct component_info *info);
/** grant_index() - what system calls know @grant by. */
u32 grant_index(const struct component_info *info, const struct grant_info *grant);

/** argument_find() - Returns the value behind the word "@name=" of the component's arguments; it
 * ends at a blank or at the end. "": the word @name alone; NULL: neither. */
const char *argument_find(const struct component_info *info, const char *name);
/** argument_number() - the same as a number, decimal or 0x...; @fallback when there is none. */
u64 argument_number(const struct component_info *info, const char *name, u64 fallback);
/** argument_is() - whether the value at @value (of argument_find()) is @text. */
bool argument_is(const char *value, const char *text);

/** guest_memory() - @bytes of the served guest's RAM at @gpa, or NULL where they do not lie within
 * one GRANT_RAM. The guest may write there at any time: fetch once, check the copy, use the copy.
 */
u8 __guest *guest_memory(const struct component_info *info, u64 gpa, u64 bytes);
/** guest_readable() - the same, within one GRANT_RAM or GRANT_ROM. */
const u8 __guest *guest_readable(const struct component_info *info, u64 gpa, u64 bytes);

/** log_line() - format() to the core's log, as one line (of at most 200 bytes). */
void log_line(const char *fmt, ...) __printf(1, 2);

#endif
