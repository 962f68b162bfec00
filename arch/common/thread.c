/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads' stacks. They are pages of the heap, mapped a second time in an area of their own. An
 * unmapped page below each turns an overflow into a fault.
 */
#include "arch/common/thread.h"

#include "arch/common/mmu.h"
#include <arch/thread.h>
#include <mullion/config.h>
#include <mullion/cpu.h>
#include <mullion/mem.h>
#include <mullion/spinlock.h>

_Static_assert(THREAD_STACK_BYTES == CPU_STACK_BYTES, "trap.c detects overflows by one size");
_Static_assert(CORE_SLOTS >= CONFIG_MAX_THREADS + 64,
	       "stacks of vCPUs, components, the core's threads");

static struct spinlock lock = SPINLOCK_INIT(RANK_MEMORY);
static u64 taken[CORE_SLOTS / 64] GUARDED_BY(lock);

static u64 slot_base(u32 slot)
{
	return CORE_STACKS + (u64)slot * STACK_SLOT + STACK_SLOT - THREAD_STACK_BYTES;
}

static u32 take_slot(void)
{
	u32 slot = CORE_SLOTS;

	spin_lock(&lock);
	for (u32 word = 0; word < CORE_SLOTS / 64 && slot == CORE_SLOTS; word++) {
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

enum err arch_thread_init(struct thread *thread, void (*start)(void))
{
	void *pages = page_alloc(THREAD_STACK_BYTES / PAGE_SIZE);
	u32 slot = CORE_SLOTS;

	if (pages == NULL)
		return ERR_NO_MEMORY;
	slot = take_slot();
	if (slot == CORE_SLOTS)
		goto no_slot;
	if (!core_map_stack(slot_base(slot), page_to_hpa(pages), THREAD_STACK_BYTES))
		goto no_table;
	thread->arch.pages = pages;
	thread->arch.stack_top = slot_base(slot) + THREAD_STACK_BYTES - STACK_RESERVED;
	thread_prepare(&thread->arch, start);
	return OK;
no_table:
	give_slot(slot);
no_slot:
	page_free(pages, THREAD_STACK_BYTES / PAGE_SIZE);
	return ERR_NO_MEMORY;
}

/* The pages were zero. */
__cold u64 arch_thread_used(const struct thread *thread)
{
	const volatile u64 *word = thread->arch.pages;
	u32 unused = 0;

	if (word == NULL)
		return 0;
	while (unused < THREAD_STACK_BYTES && word[unused / sizeof(u64)] == 0)
		unused += sizeof(u64);
	return THREAD_STACK_BYTES - unused;
}

void arch_thread_destroy(struct thread *thread)
{
	u64 base = thread->arch.stack_top + STACK_RESERVED - THREAD_STACK_BYTES;

	if (thread->arch.pages == NULL)
		return;
	core_unmap(base, THREAD_STACK_BYTES);
	give_slot((u32)((base - CORE_STACKS) / STACK_SLOT));
	page_free(thread->arch.pages, THREAD_STACK_BYTES / PAGE_SIZE);
	thread->arch.pages = NULL;
}

void arch_thread_adopt(struct thread *thread)
{
	thread->arch.stack_top = this_cpu()->arch.stack_top;
	thread->arch.pages = NULL;
}
