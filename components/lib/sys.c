/* SPDX-License-Identifier: Apache-2.0 */
/* System calls, and the loop that makes most of them. The instruction is in asm/syscall.h. */
#include <asm/syscall.h>

#include "components/lib/runtime.h"

static inline u64 waited(const struct result *result, struct component_exit *exit)
{
	exit->where = result->x[1];
	exit->offset = result->x[2];
	exit->value = result->x[3];
	exit->number = result->x[4];
	return result->x[0];
}

u64 sys_wait(struct component_exit *exit)
{
	struct result result = syscall_make(SYS_WAIT, 0, 0, 0, 0, 0);

	return waited(&result, exit);
}

u64 sys_resume_wait(u32 vcpu, u64 value, u32 flags, struct component_exit *exit)
{
	struct result result = syscall_resume_wait(vcpu, value, flags);

	return waited(&result, exit);
}

void runtime_run(const struct program *program, const struct component_info *info)
{
	struct answer (*serve)(u64 where, u64 offset, u64 value, u64 number) = program->exit;
	struct component_exit exit;
	u64 bits;

	runtime_start(program, info);
	bits = sys_wait(&exit);
	for (;;) {
		struct component_exit e = exit;

		/* One after the other stays in registers. */
		while (bits == NOTIFY_EXIT && serve != NULL) {
			struct answer answer = serve(e.where, e.offset, e.value, e.number);
			struct result result =
				syscall_resume_wait(EXIT_VCPU(e.where), answer.value, answer.flags);

			bits = waited(&result, &e);
		}
		exit = e;
		bits = runtime_serve(program, bits, &exit);
	}
}

void sys_notify(u32 channel)
{
	syscall_make(SYS_NOTIFY, channel, 0, 0, 0, 0);
}

void sys_irq_done(u32 interrupt)
{
	syscall_make(SYS_IRQ_DONE, interrupt, 0, 0, 0, 0);
}

void sys_timer_set(ns_t when)
{
	syscall_make(SYS_TIMER_SET, when.v, 0, 0, 0, 0);
}

ns_t sys_time(ns_t *since_1970)
{
	struct result result = syscall_make(SYS_TIME, 0, 0, 0, 0, 0);

	if (since_1970 != NULL)
		*since_1970 = NS(result.x[1]);
	return NS(result.x[0]);
}

bool sys_virq_set(u32 line, bool level)
{
	return syscall_make(SYS_VIRQ_SET, line, level, 0, 0, 0).x[0] == 1;
}

bool sys_vcpu_state(u32 vcpu, void *state)
{
	return syscall_make(SYS_VCPU_STATE, vcpu, (uintptr_t)state, 0, 0, 0).x[0] == 0;
}

u32 sys_virq_request(u32 vector)
{
	return (u32)syscall_make(SYS_VIRQ_REQUEST, vector, 0, 0, 0, 0).x[0];
}

bool sys_random(u64 words[RANDOM_WORDS])
{
	struct result result = syscall_make(SYS_RANDOM, 0, 0, 0, 0, 0);

	for (u32 i = 0; i < RANDOM_WORDS; i++)
		words[i] = result.x[1 + i];
	return result.x[0] == 0;
}

s64 sys_guest_ctl(u32 operation, u64 id, void *buffer, size_t bytes, u64 argument, u64 *next)
{
	struct result result =
		syscall_make(SYS_GUEST_CTL, operation, id, (uintptr_t)buffer, bytes, argument);

	if (next != NULL)
		*next = result.x[1];
	return (s64)result.x[0];
}

void sys_log(const char *text, size_t n)
{
	syscall_make(SYS_LOG, (uintptr_t)text, n, 0, 0, 0);
}

void sys_yield(void)
{
	syscall_make(SYS_YIELD, 0, 0, 0, 0, 0);
}

void sys_exit(s64 code)
{
	for (;;)
		syscall_make(SYS_EXIT, (u64)code, 0, 0, 0, 0);
}

u32 sys_mmio_read(u64 address)
{
	return *(volatile u32 *)(uintptr_t)address;
}

void sys_mmio_write(u64 address, u32 value)
{
	*(volatile u32 *)(uintptr_t)address = value;
}

u32 sys_mmio_get(u64 address, u32 bytes)
{
	if (bytes == 1)
		return *(volatile u8 *)(uintptr_t)address;
	return bytes == 2 ? *(volatile u16 *)(uintptr_t)address : sys_mmio_read(address);
}

void sys_mmio_put(u64 address, u32 bytes, u32 value)
{
	if (bytes == 1)
		*(volatile u8 *)(uintptr_t)address = (u8)value;
	else if (bytes == 2)
		*(volatile u16 *)(uintptr_t)address = (u16)value;
	else
		sys_mmio_write(address, value);
}

u8 __guest *sys_guest_memory(u64 gpa)
{
	return (u8 __guest __force *)(uintptr_t)(COMPONENT_GUEST + gpa);
}
