/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads' stacks and the switch. Stacks are pages of the heap, mapped a second time in an area of
 * their own. An unmapped page below each turns an overflow into a fault.
 */
#include <arch/thread.h>

#include "arch/arm64/boot.h"
#include <asm/mmu.h>
#include <asm/sysreg.h>
#include <mullion/config.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>
#include <mullion/thread.h>

_Static_assert(offsetof(struct thread, arch) == 0, "known to assembly");
_Static_assert(offsetof(struct arch_thread, sp) == THREAD_SP, "known to assembly");
_Static_assert(THREAD_STACK_BYTES == CPU_STACK_BYTES, "trap.c detects overflows by one size");

#define SLOTS 1024u /* stacks at a time; a multiple of 64 */
_Static_assert(SLOTS >= CONFIG_MAX_THREADS + 64, "stacks of vCPUs, components, the core's threads");

/* switch.S's frame. */
struct frame {
	u64 x29, x30, x19_to_x28[10];
};
_Static_assert(sizeof(struct frame) == THREAD_FRAME_BYTES, "known to assembly");

void thread_switch(struct arch_thread *from, const struct arch_thread *to);
void thread_begin(void);

static struct spinlock lock = SPINLOCK_INIT(RANK_MEMORY);
static u64 taken[SLOTS / 64] GUARDED_BY(lock);

static u64 slot_base(u32 slot)
{
	return CORE_STACKS + (u64)slot * CORE_STACK_SLOT + CORE_STACK_SLOT - THREAD_STACK_BYTES;
}

static u32 take_slot(void)
{
	u32 slot = SLOTS;

	spin_lock(&lock);
	for (u32 word = 0; word < SLOTS / 64 && slot == SLOTS; word++) {
		if (taken[word] == UINT64_MAX)
			continue;
		slot = word * 64 + (u32)__builtin_ctzll(~taken[word]);
		taken[word] |= BIT(slot % 64);
	}
	spin_unlock(&lock);
	return slot;
}

static void give_slot(u32 slot)
{
	spin_lock(&lock);
	taken[slot / 64] &= ~BIT(slot % 64);
	spin_unlock(&lock);
}

/* The first switch to the thread begins in @start. */
static void prepare_frame(struct arch_thread *arch, void (*start)(void))
{
	struct frame *frame = (struct frame *)(arch->stack_top - sizeof(*frame));

	memset(frame, 0, sizeof(*frame));
	frame->x30 = (u64)thread_begin;
	frame->x19_to_x28[0] = (u64)start;
	arch->sp = (u64)frame;
}

enum err arch_thread_init(struct thread *thread, void (*start)(void))
{
	void *pages = page_alloc(THREAD_STACK_BYTES / PAGE_SIZE);
	u32 slot = SLOTS;

	if (pages == NULL)
		return ERR_NO_MEMORY;
	slot = take_slot();
	if (slot == SLOTS)
		goto no_slot;
	if (!mmu_map_stack(slot_base(slot), page_to_hpa(pages), THREAD_STACK_BYTES))
		goto no_table;
	thread->arch.pages = pages;
	thread->arch.stack_top = slot_base(slot) + THREAD_STACK_BYTES;
	prepare_frame(&thread->arch, start);
	return OK;
no_table:
	give_slot(slot);
no_slot:
	page_free(pages, THREAD_STACK_BYTES / PAGE_SIZE);
	return ERR_NO_MEMORY;
}

void arch_thread_destroy(struct thread *thread)
{
	u64 base = thread->arch.stack_top - THREAD_STACK_BYTES;

	if (thread->arch.pages == NULL)
		return;
	mmu_unmap_stack(base, THREAD_STACK_BYTES);
	give_slot((u32)((base - CORE_STACKS) / CORE_STACK_SLOT));
	page_free(thread->arch.pages, THREAD_STACK_BYTES / PAGE_SIZE);
	thread->arch.pages = NULL;
}

void arch_thread_adopt(struct thread *thread)
{
	thread->arch.stack_top = this_cpu()->arch.stack_top;
	thread->arch.pages = NULL;
}

void arch_thread_switch(struct thread *from, struct thread *to)
{
	this_cpu()->arch.stack_top = to->arch.stack_top;
	thread_switch(&from->arch, &to->arch);
}
