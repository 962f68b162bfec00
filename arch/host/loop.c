/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stacks of CPUs and threads. Each CPU runs the real scheduler, and returns to the test where a
 * real CPU would be in its guest or idle. There is one host thread, so every run is identical.
 */
#include <stdlib.h>
#include <ucontext.h>

#include <arch/thread.h>
#include <mullion/guest.h>
#include <mullion/sched.h>

#include "arch/host/host.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAVE_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAVE_ASAN 1
#endif
#endif
#ifdef HAVE_ASAN
#include <sanitizer/common_interface_defs.h>
#endif

#define STACK_BYTES KIB(256)

struct fiber {
	ucontext_t context;
	u8 *stack;
	void *fake;
	void (*start)(void); /* of a thread that has not run yet */
};

static struct fiber_cpu {
	struct fiber own;      /* the CPU's, which becomes its idle thread */
	struct fiber *current; /* what it runs, or ran when it paused; NULL: not started */
	enum host_pause pause;
} cpus[CONFIG_MAX_CPUS];

static struct fiber_cpu *running; /* NULL: the test itself */
static ucontext_t test_context;
static const void *test_stack;
static size_t test_stack_bytes;

/* AddressSanitizer needs a call for every change of stack. */
static void before_switch(void **fake, const void *stack, size_t bytes)
{
#ifdef HAVE_ASAN
	__sanitizer_start_switch_fiber(fake, stack, bytes);
#else
	(void)fake, (void)stack, (void)bytes;
#endif
}

static void after_switch(void *fake, const void **stack, size_t *bytes)
{
#ifdef HAVE_ASAN
	__sanitizer_finish_switch_fiber(fake, stack, bytes);
#else
	(void)fake, (void)stack, (void)bytes;
#endif
}

static void prepare(struct fiber *fiber, void (*entry)(void))
{
	if (getcontext(&fiber->context) != 0)
		abort();
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_BYTES;
	fiber->context.uc_link = NULL;
	fiber->fake = NULL;
	makecontext(&fiber->context, entry, 0);
}

static void cpu_main(void)
{
	after_switch(NULL, &test_stack, &test_stack_bytes);
	/* The machine may have ended in an interrupt, or on a thread's stack. */
	this_cpu()->interrupts = 0;
	if (this_cpu()->thread != NULL)
		atomic_store(&this_cpu()->thread->on_cpu, false);
	sched_loop();
}

bool host_yield(enum host_pause pause)
{
	struct fiber_cpu *cpu = running;
	struct fiber *fiber;

	if (cpu == NULL)
		return false;
	fiber = cpu->current;
	cpu->pause = pause;
	running = NULL;
	before_switch(pause == HOST_ENDED ? NULL : &fiber->fake, test_stack, test_stack_bytes);
	if (swapcontext(&fiber->context, &test_context) != 0)
		abort();
	after_switch(fiber->fake, &test_stack, &test_stack_bytes);
	return true;
}

enum host_pause host_loop(u32 id)
{
	struct fiber_cpu *cpu = &cpus[id];
	void *fake = NULL;

	host_cpu_select(id);
	if (cpu->current == NULL) {
		cpu->own.stack = malloc(STACK_BYTES);
		if (cpu->own.stack == NULL)
			abort();
		prepare(&cpu->own, cpu_main);
		cpu->current = &cpu->own;
	}
	running = cpu;
	before_switch(&fake, cpu->current->stack, STACK_BYTES);
	if (swapcontext(&test_context, &cpu->current->context) != 0)
		abort();
	after_switch(fake, NULL, NULL);
	if (cpu->pause == HOST_ENDED) {
		free(cpu->own.stack);
		cpu->current = NULL;
	}
	return cpu->pause;
}

void (*host_on_relax)(void);

void arch_cpu_relax(void)
{
	u32 self = this_cpu()->id;

	if (host_yield(HOST_BUSY) || host_on_relax == NULL)
		return;
	host_on_relax();
	host_cpu_select(self);
}

/* --- Threads ---------------------------------------------------------------------------------- */

static void thread_main(void)
{
	struct fiber *fiber = running->current;

	after_switch(NULL, NULL, NULL);
	fiber->start();
}

enum err arch_thread_init(struct thread *thread, void (*start)(void))
{
	struct fiber *fiber = calloc(1, sizeof(*fiber));

	if (fiber == NULL)
		return ERR_NO_MEMORY;
	fiber->stack = malloc(STACK_BYTES);
	if (fiber->stack == NULL) {
		free(fiber);
		return ERR_NO_MEMORY;
	}
	fiber->start = start;
	prepare(fiber, thread_main);
	thread->arch.context = fiber;
	return OK;
}

u64 arch_thread_used(const struct thread *thread)
{
	(void)thread;
	return 0;
}

void arch_thread_destroy(struct thread *thread)
{
	struct fiber *fiber = thread->arch.context;

	free(fiber->stack);
	free(fiber);
	thread->arch.context = NULL;
}

void arch_thread_adopt(struct thread *thread)
{
	thread->arch.context = running->current;
}

void arch_thread_switch(struct thread *from, struct thread *to)
{
	struct fiber *self = from->arch.context, *next = to->arch.context;

	running->current = next;
	before_switch(&self->fake, next->stack, STACK_BYTES);
	if (swapcontext(&self->context, &next->context) != 0)
		abort();
	after_switch(self->fake, NULL, NULL);
}
