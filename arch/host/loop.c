/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The CPUs' own stacks: each runs the real vcpu_loop() on one, and gives control back to the test
 * where a real CPU would be in its guest or asleep. One thread, so that every run repeats.
 */
#include <stdlib.h>
#include <ucontext.h>

#include <mullion/guest.h>

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

static struct fiber {
	ucontext_t context;
	u8 *stack; /* NULL: not started */
	void *fake;
	enum host_pause pause;
} fibers[CONFIG_MAX_CPUS];

static struct fiber *running; /* NULL: the test itself */
static ucontext_t test_context;
static const void *test_stack;
static size_t test_stack_bytes;

/* AddressSanitizer wants to be told of every change of stack. */
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

static void fiber_main(void)
{
	after_switch(NULL, &test_stack, &test_stack_bytes);
	vcpu_loop();
}

bool host_yield(enum host_pause pause)
{
	struct fiber *fiber = running;

	if (fiber == NULL)
		return false;
	fiber->pause = pause;
	running = NULL;
	before_switch(pause == HOST_ENDED ? NULL : &fiber->fake, test_stack, test_stack_bytes);
	if (swapcontext(&fiber->context, &test_context) != 0)
		abort();
	after_switch(fiber->fake, &test_stack, &test_stack_bytes);
	return true;
}

static void start(struct fiber *fiber)
{
	fiber->stack = malloc(STACK_BYTES);
	if (fiber->stack == NULL || getcontext(&fiber->context) != 0)
		abort();
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = STACK_BYTES;
	fiber->context.uc_link = NULL;
	makecontext(&fiber->context, fiber_main, 0);
}

enum host_pause host_loop(u32 id)
{
	struct fiber *fiber = &fibers[id];
	void *fake = NULL;

	host_cpu_select(id);
	if (fiber->stack == NULL)
		start(fiber);
	running = fiber;
	before_switch(&fake, fiber->stack, STACK_BYTES);
	if (swapcontext(&test_context, &fiber->context) != 0)
		abort();
	after_switch(fake, NULL, NULL);
	if (fiber->pause == HOST_ENDED) {
		free(fiber->stack);
		fiber->stack = NULL;
	}
	return fiber->pause;
}
