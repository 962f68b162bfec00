/* SPDX-License-Identifier: Apache-2.0 */
/* System calls in a host build: see host.h. */
#include "components/lib/host.h"

#include <mullion/err.h>
#include <mullion/string.h>
#include <stdlib.h>

struct host_core host_core;

void host_core_reset(void)
{
	memset(&host_core, 0, sizeof(host_core));
	host_core.timer = NS(UINT64_MAX);
}

u64 sys_wait(struct component_exit *exit)
{
	u64 bits = host_core.bits;

	host_core.bits = 0;
	*exit = host_core.exit;
	return bits;
}

u64 sys_resume_wait(u32 vcpu, u64 value, u32 flags, struct component_exit *exit)
{
	host_core.resumed++;
	host_core.resume_vcpu = vcpu;
	host_core.resume_value = value;
	host_core.resume_flags = flags;
	return sys_wait(exit);
}

void sys_notify(u32 channel)
{
	if (channel < GRANTS_MAX)
		host_core.notified[channel]++;
}

void sys_irq_done(u32 interrupt)
{
	if (interrupt < GRANTS_MAX)
		host_core.served[interrupt]++;
}

void sys_timer_set(ns_t when)
{
	host_core.timer = when;
}

ns_t sys_time(ns_t *since_1970)
{
	if (since_1970 != NULL)
		*since_1970 = host_core.since_1970;
	return host_core.now;
}

bool sys_virq_set(u32 line, bool level)
{
	host_core.level_changes++;
	if (line < GRANTS_MAX)
		host_core.level[line] = level;
	return level && host_core.merges;
}

bool sys_vcpu_state(u32 vcpu, void *state)
{
	(void)vcpu;
	if (host_core.insn == NULL)
		return false;
	memcpy(state, host_core.insn, host_core.insn_bytes);
	return true;
}

u32 sys_virq_request(u32 vector)
{
	u32 before = host_core.request != 0 ? host_core.request - 1 : VIRQ_NONE;

	host_core.request = vector != VIRQ_NONE ? vector + 1 : 0;
	return before;
}

bool sys_random(u64 words[RANDOM_WORDS])
{
	for (u32 i = 0; i < RANDOM_WORDS; i++)
		words[i] = ++host_core.random;
	return !host_core.no_random;
}

s64 sys_guest_ctl(u32 operation, u64 id, void *buffer, size_t bytes, u64 argument, u64 *next)
{
	if (host_core.guest_ctl == NULL)
		return -(s64)ERR_UNSUPPORTED;
	return host_core.guest_ctl(operation, id, buffer, bytes, argument, next);
}

void sys_log(const char *text, size_t n)
{
	size_t used = strlen(host_core.log);

	n = MIN(n, sizeof(host_core.log) - 1 - used);
	memcpy(host_core.log + used, text, n);
}

void sys_yield(void)
{
}

void sys_exit(s64 code)
{
	exit((int)code);
}

u32 sys_mmio_get(u64 address, u32 bytes)
{
	host_core.mmio_bytes = bytes;
	return host_core.mmio_read != NULL ? host_core.mmio_read(address) : 0;
}

void sys_mmio_put(u64 address, u32 bytes, u32 value)
{
	host_core.mmio_bytes = bytes;
	if (host_core.mmio_write != NULL)
		host_core.mmio_write(address, value);
}

u32 sys_mmio_read(u64 address)
{
	return sys_mmio_get(address, 4);
}

void sys_mmio_write(u64 address, u32 value)
{
	sys_mmio_put(address, 4, value);
}

u8 __guest *sys_guest_memory(u64 gpa)
{
	return (u8 __guest __force *)(host_core.guest + gpa);
}
