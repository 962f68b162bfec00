/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls, as functions; abi/component.h describes each. On arm64 they trap into the
 * core; in a host build the fake core of components/lib/host.h answers. Indices are those of the
 * component's own grants, so calls that can only fail for a wrong index return nothing.
 */
#ifndef COMPONENTS_SYS_H
#define COMPONENTS_SYS_H

#include <abi/component.h>
#include <mullion/types.h>
#include <stdatomic.h>

/** sys_wait() - sleep until a notification comes. Returns its bits; with NOTIFY_EXIT, @exit. */
u64 sys_wait(struct component_exit *exit);
/** sys_resume_wait() - answer the exit of @vcpu with @value and @flags (RESUME_FAULT and so on),
 * and wait: one system call. Returns as sys_wait(). */
u64 sys_resume_wait(u32 vcpu, u64 value, u32 flags, struct component_exit *exit);
/** sys_notify() - set the other end's notification bit of the channel. */
void sys_notify(u32 channel);
/** sys_irq_done() - end the service of an interrupt: it is unmasked. */
void sys_irq_done(u32 interrupt);
/** sys_timer_set() - NOTIFY_TIMER at @when; NS(UINT64_MAX): never. */
void sys_timer_set(ns_t when);
/** sys_time() - Returns the core's clock. @since_1970, if not NULL: the wall clock, 0 unknown. */
ns_t sys_time(ns_t *since_1970);
/** sys_vcpu_state() - the state of @vcpu at its exit with EXIT_IS_INSN, into @state. Returns false
 * if there is no such exit. */
bool sys_vcpu_state(u32 vcpu, void *state);
/** sys_virq_set() - set the level of an interrupt line of the served guest. Returns true if its
 * event is lost, because the guest has not taken the interrupt of the one before. */
bool sys_virq_set(u32 line, bool level);
/** sys_virq_request() - request the interrupt @vector of the served guest's first vCPU, VIRQ_NONE:
 * none. Returns the request before, or VIRQ_NONE if there was none or it has been taken. */
u32 sys_virq_request(u32 vector);
/** sys_random() - random words of the core's generator. Returns false if it has no source. */
bool __must_check sys_random(u64 words[RANDOM_WORDS]);
/** sys_guest_ctl() - abi/manage.h. @next, if not NULL: the second result. Returns bytes, 0, or
 * -(enum err). */
s64 sys_guest_ctl(u32 operation, u64 id, void *buffer, size_t bytes, u64 argument, u64 *next);
/** sys_log() - write @n bytes to the core's log; each line has a stamp. */
void sys_log(const char *text, size_t n);
/** sys_yield() - let other threads of the same priority run. */
void sys_yield(void);
/** sys_exit() - end the component; the description's restart policy applies. */
void sys_exit(s64 code) __noreturn;

/** sys_mmio_read(), sys_mmio_write() - a device register of 32 bits at @address in a GRANT_DEVICE.
 */
u32 sys_mmio_read(u64 address);
void sys_mmio_write(u64 address, u32 value);
/** sys_mmio_get(), sys_mmio_put() - the same for a register of @bytes: 1, 2 or 4. */
u32 sys_mmio_get(u64 address, u32 bytes);
void sys_mmio_put(u64 address, u32 bytes, u32 value);

/** keep_order() - the compiler moves no memory access across. Stores before it are visible to a
 * restarted component, and to sharers of the memory on this CPU, before stores behind it. */
static inline void keep_order(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

/** sys_guest_memory() - where the served guest's address @gpa is seen. It says nothing about
 * whether there is memory: guest_memory() of runtime.h does. */
u8 __guest *sys_guest_memory(u64 gpa);

#endif
