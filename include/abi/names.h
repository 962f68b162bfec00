/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words for the numbers in the records of abi/manage.h, each table in the order of its enum, for
 * output to people or programs. A number behind a table's end is "invalid".
 */
#ifndef ABI_NAMES_H
#define ABI_NAMES_H

#include <mullion/types.h>

struct names {
	u32 count;
	const char *const *words;
};

#define NAMES(...)                                                             \
	{                                                                      \
		sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *), \
			(const char *const[])                                  \
		{                                                              \
			__VA_ARGS__                                            \
		}                                                              \
	}

enum names_table {
	NAMES_GUEST_STATE,     /* enum guest_state */
	NAMES_VCPU_STATE,      /* enum vcpu_state */
	NAMES_PAUSE_REASON,    /* enum pause_reason */
	NAMES_COMPONENT_STATE, /* enum component_state */
	NAMES_RESTART_POLICY,  /* enum restart_policy */
	NAMES_THREAD_KIND,     /* enum thread_kind */
	NAMES_REGION_KIND,     /* enum region_kind */
	NAMES_ACCESS,          /* manage_region.access */
	NAMES_EXIT_KIND,       /* enum exit_kind */
	NAMES_LOG_LEVEL,       /* enum log_level */
	NAMES_TABLES
};

static const struct names abi_names[NAMES_TABLES] = {
	[NAMES_GUEST_STATE] =
		NAMES("absent", "created", "running", "paused", "resetting", "stopped", "crashed"),
	[NAMES_VCPU_STATE] = NAMES("unknown", "reset", "ready", "running", "paused", "halted"),
	[NAMES_PAUSE_REASON] = NAMES("none", "wfi", "io", "asked", "wait"),
	[NAMES_COMPONENT_STATE] = NAMES("created", "running", "stopped", "faulted"),
	[NAMES_RESTART_POLICY] = NAMES("never", "always", "limited"),
	[NAMES_THREAD_KIND] = NAMES("idle", "vcpu", "core", "component"),
	[NAMES_REGION_KIND] = NAMES("ram", "rom", "device", "alias", "virtual", "shared"),
	[NAMES_ACCESS] = NAMES("-", "r", "w", "rw", "x", "rx", "wx", "rwx"),
	[NAMES_EXIT_KIND] =
		NAMES("none", "read", "write", "insn", "fault", "wait", "cpu_on", "cpu_off",
		      "cpu_suspend", "system_off", "system_reset", "log", "error"),
	[NAMES_LOG_LEVEL] = NAMES("error", "warn", "info", "debug"),
};

/** abi_name() - the word for @value of @table; "invalid" for none. Any context. */
static inline const char *abi_name(enum names_table table, u64 value)
{
	const struct names *names = &abi_names[table];

	return value < names->count ? names->words[value] : "invalid";
}

#endif
