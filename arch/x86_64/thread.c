/* SPDX-License-Identifier: Apache-2.0 */
/* The frame of a thread that does not run, and the switch (switch.S). Stacks are in arch/common. */
#include <arch/thread.h>

#include "arch/common/thread.h"
#include <asm/mmu.h>
#include <mullion/cpu.h>

_Static_assert(offsetof(struct thread, arch) == 0, "known to assembly");
_Static_assert(offsetof(struct arch_thread, sp) == THREAD_SP, "known to assembly");

/* switch.S's frame. */
struct frame {
	u64 r15, r14, r13, r12, rbx, rbp, rip;
};
_Static_assert(sizeof(struct frame) == THREAD_FRAME_BYTES, "known to assembly");

void thread_switch(struct arch_thread *from, const struct arch_thread *to);
void thread_begin(void);

void thread_prepare(struct arch_thread *arch, void (*start)(void))
{
	struct frame *frame = (struct frame *)(arch->stack_top - sizeof(*frame));

	frame->rip = (u64)thread_begin;
	frame->rbx = (u64)start;
	arch->sp = (u64)frame;
}

void arch_thread_switch(struct thread *from, struct thread *to)
{
	struct cpu *cpu = this_cpu();

	mmu_see_stacks();
	*(struct cpu **)to->arch.stack_top = cpu;
	cpu->arch.stack_top = to->arch.stack_top;
	thread_switch(&from->arch, &to->arch);
}
