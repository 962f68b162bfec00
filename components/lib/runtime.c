/* SPDX-License-Identifier: Apache-2.0 */
/* The event loop of every component, and look-up of grants and arguments. */
#include "components/lib/runtime.h"

#include <mullion/err.h>
#include <mullion/format.h>
#include <mullion/string.h>

#define LINE_BYTES 200u

void runtime_start(const struct program *program, const struct component_info *info)
{
	if (info->magic != COMPONENT_INFO_MAGIC)
		sys_exit(ERR_FORMAT);
	if (program->init != NULL)
		program->init(info);
}

/* Everything but an exit. The old run's end comes first, then the reset. All other
 * notifications are for the devices of the new run. */
static void serve_others(const struct program *program, u64 bits)
{
	if ((bits & NOTIFY_GONE) && program->gone != NULL)
		program->gone();
	if ((bits & NOTIFY_RESET) && program->reset != NULL)
		program->reset();
	if ((bits & NOTIFY_TIMER) && program->timer != NULL)
		program->timer();
	if ((bits & ~NOTIFY_RUNTIME) && program->notified != NULL)
		program->notified(bits & ~NOTIFY_RUNTIME);
	if ((bits & NOTIFY_END) && program->end != NULL)
		program->end();
}

u64 runtime_serve(const struct program *program, u64 bits, struct component_exit *exit)
{
	struct answer answer = ANSWER_FAULT;

	/* The vCPU that was answered is gone: its guest was reset or destroyed. */
	if (bits & NOTIFY_ERROR)
		return sys_wait(exit);
	serve_others(program, bits);
	if (!(bits & NOTIFY_EXIT))
		return sys_wait(exit);
	if (program->exit != NULL)
		answer = program->exit(exit->where, exit->offset, exit->value, exit->number);
	return sys_resume_wait(EXIT_VCPU(exit->where), answer.value, (u32)answer.flags, exit);
}

u32 grant_count(const struct component_info *info)
{
	return MIN(info->num_grants, GRANTS_MAX);
}

const struct grant_info *grant_find(const struct component_info *info, enum grant_kind kind,
				    const char *name)
{
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind == (u32)kind && (name == NULL || str_equal(grant->name, name)))
			return grant;
	}
	return NULL;
}

u32 grant_index(const struct component_info *info, const struct grant_info *grant)
{
	return (u32)(grant - info->grants);
}

const char *argument_find(const struct component_info *info, const char *name)
{
	const char *at = info->arguments;
	size_t n = strlen(name);

	while (*at != '\0') {
		if (*at == ' ') {
			at++;
			continue;
		}
		if (strncmp(at, name, n) == 0 && (at[n] == '=' || at[n] == ' ' || at[n] == '\0'))
			return at[n] == '=' ? at + n + 1 : "";
		while (*at != '\0' && *at != ' ')
			at++;
	}
	return NULL;
}

static u32 digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	if (c >= 'a' && c <= 'f')
		return (u32)(c - 'a') + 10;
	if (c >= 'A' && c <= 'F')
		return (u32)(c - 'A') + 10;
	return UINT32_MAX;
}

u64 argument_number(const struct component_info *info, const char *name, u64 fallback)
{
	const char *at = argument_find(info, name);
	u64 value = 0;
	u32 base = 10;

	if (at == NULL)
		return fallback;
	if (at[0] == '0' && at[1] == 'x') {
		base = 16;
		at += 2;
	}
	if (digit_value(*at) >= base)
		return fallback;
	for (; digit_value(*at) < base; at++)
		value = value * base + digit_value(*at);
	return value;
}

bool argument_is(const char *value, const char *text)
{
	size_t n = strlen(text);

	return strncmp(value, text, n) == 0 && (value[n] == ' ' || value[n] == '\0');
}

static u8 __guest *find_memory(const struct component_info *info, u32 kind, u64 gpa, u64 bytes)
{
	for (u32 i = 0; i < grant_count(info); i++) {
		const struct grant_info *grant = &info->grants[i];

		if (grant->kind == kind && gpa >= grant->address &&
		    gpa - grant->address <= grant->size &&
		    bytes <= grant->size - (gpa - grant->address))
			return sys_guest_memory(gpa);
	}
	return NULL;
}

u8 __guest *guest_memory(const struct component_info *info, u64 gpa, u64 bytes)
{
	return find_memory(info, GRANT_RAM, gpa, bytes);
}

const u8 __guest *guest_readable(const struct component_info *info, u64 gpa, u64 bytes)
{
	const u8 __guest *at = guest_memory(info, gpa, bytes);

	return at != NULL ? at : find_memory(info, GRANT_ROM, gpa, bytes);
}

void log_line(const char *fmt, ...)
{
	char line[LINE_BYTES];
	va_list args;
	size_t n;

	va_start(args, fmt);
	n = format_va(line, sizeof(line) - 1, fmt, args);
	va_end(args);
	n = MIN(n, sizeof(line) - 2);
	line[n++] = '\n';
	sys_log(line, n);
}
