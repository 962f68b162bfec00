/* SPDX-License-Identifier: Apache-2.0 */
/* The core's own address space: its use. Guests' and components' spaces: maintenance. */
#include <arch/mmu.h>

#include "arch/common/mmu.h"
#include "arch/x86_64/boot.h"
#include <arch/boot.h>
#include <asm/core_entry.h>
#include <asm/cpu.h>
#include <asm/port.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>

#define ROOT_CORE (SPACE_ENTRIES - 1) /* the entry of a first table that leads to the core */

#define COMPONENT_BITS 47 /* the lower half */
#define GUEST_BITS     40

_Static_assert(CORE_CPU_STACK(CONFIG_MAX_CPUS *CORE_STACKS_OF_CPU) <= CORE_VIEWS(0),
	       "each CPU has its stacks");
_Static_assert(MMU_VIEWS *PAGE_SIZE <= CORE_VIEW_BYTES, "each CPU has its views");
_Static_assert(CORE_VIEWS(CORE_WINDOWS) <= CORE_END, "the views end within the core's 1 GiB");

/* Linker script. */
extern u8 _boot_stack[], _boot_fatal_stack[], _boot_nmi_stack[];

_Atomic u64 mmu_stacks_changed, mmu_guest_flushes;

u64 mmu_root_entry(void)
{
	return core_level0[ROOT_CORE];
}

u64 mmu_cr3(void)
{
	return mmu_pa(core_level0);
}

__boot u64 mmu_boot(u64 image_pa)
{
	core_tables_make(image_pa, PTE_CODE);
	core_tables_stack(BOOT_STACK_TOP, _boot_stack, CPU_STACK_BYTES);
	core_tables_stack(BOOT_FATAL_TOP, _boot_fatal_stack, CPU_EXCEPTION_BYTES);
	core_tables_stack(BOOT_NMI_TOP, _boot_nmi_stack, CPU_EXCEPTION_BYTES);
	return mmu_cr3();
}

/* A port is not mapped: its number stands for it (asm/port.h). */
__boot void *arch_map(hpa_t pa, u64 bytes, u32 flags)
{
	if (pa.v >= PORT_BASE)
		return pa.v - PORT_BASE < PORT_COUNT ? (void *)(pa.v - PORT_BASE) : NULL;
	return core_map(pa, bytes, flags);
}

void mmu_see_stacks(void)
{
	u64 now = atomic_load(&mmu_stacks_changed);

	if (this_cpu()->arch.stacks_seen == now)
		return;
	this_cpu()->arch.stacks_seen = now;
	write_cr3(read_cr3());
}

__boot void arch_leave_boot(void)
{
	stages_log();
	core_leave_boot();
}

/* --- Views --- */

static u64 view_va(const struct cpu *cpu, u32 view)
{
	return CORE_VIEWS(cpu->arch.window) + (u64)view * PAGE_SIZE;
}

static volatile u64 *view_entry(u64 va)
{
	u64 *table = core_level3(va);

	return table != NULL ? &table[va / PAGE_SIZE % SPACE_ENTRIES] : NULL;
}

const u8 *mmu_view(u32 view, hpa_t pa)
{
	struct cpu *cpu = this_cpu();
	u64 va = view_va(cpu, view), entry = core_leaf(pa.v, 3, PTE_RODATA), before;
	volatile u64 *slot = view_entry(va);

	if (slot == NULL)
		return NULL;
	before = *slot;
	if (before != entry) {
		*slot = entry;
		if (before != 0)
			core_window_removed(va, PAGE_SIZE);
		cpu->arch.views |= (u32)BIT(view);
	}
	return (const u8 *)va;
}

void mmu_views_drop(void)
{
	struct cpu *cpu = this_cpu();

	for (; cpu->arch.views != 0; cpu->arch.views &= cpu->arch.views - 1) {
		u64 va = view_va(cpu, (u32)__builtin_ctz(cpu->arch.views));

		volatile u64 *entry = view_entry(va);

		if (entry != NULL)
			*entry = 0;
		core_window_removed(va, PAGE_SIZE);
	}
}

/* --- Spaces of guests and components: maintenance (the codec is pure/pte.c) --- */

void arch_space_init(struct space *space, enum space_use use)
{
	space->kind = use == SPACE_OF_COMPONENT ? SPACE_IA32E : guest_space_kind();
	space->address_bits = use == SPACE_OF_COMPONENT ? COMPONENT_BITS : GUEST_BITS;
	space->start_level = 0;
}

u64 arch_space_encode(u32 kind, u32 level, struct space_entry entry)
{
	return pte_encode(kind, level, entry);
}

/* A component's translations live from its entry to its exit, because each loads CR3 and no page is
 * global. So it is enough that the CPU leaves the component. A CPU that leaves a guest flushes at
 * the next entry to any. */
void arch_space_sync(const struct space *space, gpa_t gpa, u64 bytes)
{
	(void)gpa;
	(void)bytes;
	if (space->kind != SPACE_IA32E)
		atomic_fetch_add(&mmu_guest_flushes, 1);
	atomic_thread_fence(memory_order_seq_cst);
	for (u32 id = 0; id < cpu_count; id++) {
		struct cpu *cpu = cpu_get(id);
		u64 entered = atomic_load(&cpu->arch.user_entered);

		if ((space->cpus & BIT(id)) == 0 || cpu == this_cpu() ||
		    (entered & PTE_ADDRESS) != space->root_pa.v)
			continue;
		arch_cpu_kick(id);
		while (atomic_load(&cpu->arch.user_entered) == entered)
			arch_cpu_relax();
	}
}

/* Caches are coherent with devices and with instruction fetches (Intel SDM vol. 3 §11.6). */
void arch_clean_invalidate(const void *va, u64 bytes)
{
	(void)va;
	(void)bytes;
}

void arch_copy_clean(void *to, const void *from, u64 bytes)
{
	u64 words = bytes / sizeof(u64);

	__asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
}

void arch_zero_clean(void *va, u64 bytes)
{
	u64 words = bytes / sizeof(u64);

	__asm__ volatile("rep stosq" : "+D"(va), "+c"(words) : "a"(0) : "memory");
}
