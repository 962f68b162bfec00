/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a thread that does not run, and the switch (switch.S). Stacks are in arch/common. */
#include <arch/thread.h>

#include "arch/common/thread.h"
#include <mullion/cpu.h>

_Static_assert(offsetof(struct thread, arch) == 0, "known to assembly");
_Static_assert(offsetof(struct arch_thread, sp) == THREAD_SP, "known to assembly");

/* switch.S's frame. */
struct frame {
	u64 x29, x30, x19_to_x28[10];
};
_Static_assert(sizeof(struct frame) == THREAD_FRAME_BYTES, "known to assembly");

void thread_switch(struct arch_thread *from, const struct arch_thread *to);
void thread_begin(void);

void thread_prepare(struct arch_thread *arch, void (*start)(void))
{
	struct frame *frame = (struct frame *)(arch->stack_top - sizeof(*frame));

	frame->x30 = (u64)thread_begin;
	frame->x19_to_x28[0] = (u64)start;
	arch->sp = (u64)frame;
}

void arch_thread_switch(struct thread *from, struct thread *to)
{
	this_cpu()->arch.stack_top = to->arch.stack_top;
	thread_switch(&from->arch, &to->arch);
}
