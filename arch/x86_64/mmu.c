/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own address space. mmu_boot() runs on the tables of boot/start.S, and makes those that
 * stay; later code adds to them. No page is writable and executable; memory of guests is mapped
 * only in the copy windows, each seen by one CPU.
 */
#include <arch/mmu.h>

#include "arch/x86_64/boot.h"
#include <arch/boot.h>
#include <asm/cpu.h>
#include <asm/port.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/irq.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

#define SPARE_TABLES 4u /* for maps that are made before there is a heap */
#define BLOCK        MIB(2)
#define ROOT_CORE    (PTE_ENTRIES - 1) /* the entry of a first table that leads to the core */

#define COMPONENT_BITS 47 /* the lower half */
#define GUEST_BITS     40

/* Linker script. */
extern u8 _boot_begin[], _boot_text_end[], _boot_end[], _boot_bss[];
extern u8 _start[], _text_end[], _rodata_end[], _bss_end[], _boot_stack[], _boot_fatal_stack[];
extern u8 _boot_nmi_stack[];

_Atomic u64 mmu_stacks_changed, mmu_guest_flushes;
u64 mmu_image_pa = CORE_PA;

static u64 level0[PTE_ENTRIES] __aligned(4096);
static u64 level1[PTE_ENTRIES] __aligned(4096);
static u64 level2[PTE_ENTRIES] __aligned(4096);
static u64 level3[PTE_ENTRIES] __aligned(4096); /* the first 2 MiB: image and boot stacks */
static u64 spare[SPARE_TABLES][PTE_ENTRIES] __aligned(4096);
static u32 spare_used;
static u64 small_next, large_next = CORE_SMALL_END;

static u64 *table_slot(u64 *table, u32 level, u64 va)
{
	return &table[(va >> pte_shift(level)) % PTE_ENTRIES];
}

/* The core's tables are for the supervisor alone. */
static u64 table_entry(u64 pa)
{
	return pa | PTE_PRESENT | PTE_WRITE | PTE_ACCESSED;
}

__boot static void map_part(const u8 *from, const u8 *to, enum pte_kind kind)
{
	for (u64 va = (u64)from; va < (u64)to; va += PAGE_SIZE)
		*table_slot(level3, 3, va) = pte_core_leaf(mmu_pa((void *)va), 3, kind);
}

__boot static void map_stack(u64 top, const u8 *pages, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*table_slot(level3, 3, top - bytes + at) =
			pte_core_leaf(mmu_pa(pages + at), 3, PTE_DATA);
}

u64 mmu_root_entry(void)
{
	return level0[ROOT_CORE];
}

u64 mmu_cr3(void)
{
	return mmu_pa(level0);
}

__boot u64 mmu_boot(u64 image_pa)
{
	mmu_image_pa = image_pa;
	map_part(_start, _boot_text_end, PTE_CODE);
	map_part(_boot_text_end, _boot_end, PTE_RODATA);
	map_part(_boot_end, _text_end, PTE_CODE);
	map_part(_text_end, _rodata_end, PTE_RODATA);
	map_part(_rodata_end, _bss_end, PTE_DATA);
	map_stack(BOOT_STACK_TOP, _boot_stack, CPU_STACK_BYTES);
	map_stack(BOOT_FATAL_TOP, _boot_fatal_stack, CPU_EXCEPTION_BYTES);
	map_stack(BOOT_NMI_TOP, _boot_nmi_stack, CPU_EXCEPTION_BYTES);
	*table_slot(level2, 2, CORE_VA) = table_entry(mmu_pa(level3));
	*table_slot(level1, 1, CORE_VA) = table_entry(mmu_pa(level2));
	*table_slot(level0, 0, CORE_VA) = table_entry(mmu_pa(level1));
	return mmu_cr3();
}

static u64 *table_alloc(u64 *pa)
{
	u64 *table;

	if (spare_used < SPARE_TABLES) {
		table = spare[spare_used++];
		*pa = mmu_pa(table);
		return table;
	}
	if (page_total() == 0)
		return NULL;
	table = page_alloc(1);
	if (table != NULL)
		*pa = page_to_hpa(table).v;
	return table;
}

static u64 *table_va(u64 entry)
{
	u64 pa = entry & PTE_ADDRESS;

	if (pa - mmu_image_pa < (u64)_bss_end - CORE_VA)
		return (u64 *)(CORE_VA + (pa - mmu_image_pa));
	return page_from_hpa(HPA(pa));
}

/* The level-3 table for @va, made when there is none. */
__boot static u64 *level3_for(u64 va)
{
	u64 *entry = table_slot(level2, 2, va), pa, *table;

	if (*entry & PTE_PRESENT)
		return table_va(*entry);
	table = table_alloc(&pa);
	if (table != NULL)
		*entry = table_entry(pa);
	return table;
}

/* @va, @pa, @bytes are page multiples; nothing is mapped there yet. */
__boot static bool map_pages(u64 va, u64 pa, u64 bytes, enum pte_kind kind)
{
	while (bytes != 0) {
		u64 n = PAGE_SIZE, *table;

		if (IS_ALIGNED(va | pa, BLOCK) && bytes >= BLOCK) {
			n = BLOCK;
			*table_slot(level2, 2, va) = pte_core_leaf(pa, 2, kind);
		} else {
			table = level3_for(va);
			if (table == NULL)
				return false;
			*table_slot(table, 3, va) = pte_core_leaf(pa, 3, kind);
		}
		va += n;
		pa += n;
		bytes -= n;
	}
	return true;
}

/* Find room and map; an unmapped page stays before and behind. */
__boot static void *map_somewhere(hpa_t hpa, u64 size, enum pte_kind kind)
{
	u64 pa = ALIGN_DOWN(hpa.v, PAGE_SIZE);
	u64 bytes = ALIGN_UP(hpa.v + size, PAGE_SIZE) - pa, va;

	if (size == 0 || hpa.v + size < hpa.v)
		return NULL;
	if (small_next == 0)
		small_next = ALIGN_UP((u64)_bss_end, PAGE_SIZE);
	if (bytes >= BLOCK) {
		va = large_next + pa % BLOCK;
		if (bytes > CORE_LARGE_END - large_next ||
		    ALIGN_UP(va + bytes, BLOCK) + BLOCK > CORE_LARGE_END)
			return NULL;
		large_next = ALIGN_UP(va + bytes, BLOCK) + BLOCK;
	} else {
		va = small_next + PAGE_SIZE;
		if (va < CORE_VA + BLOCK && va + bytes > CORE_IMAGE_END)
			va = CORE_VA + BLOCK;
		if (va + bytes + PAGE_SIZE > CORE_SMALL_END)
			return NULL;
		small_next = va + bytes;
	}
	if (!map_pages(va, pa, bytes, kind))
		return NULL;
	return (void *)(va + (hpa.v - pa));
}

/* A port is not mapped: its number stands for it (asm/port.h). */
__boot void *arch_map(hpa_t pa, u64 bytes, u32 flags)
{
	if (pa.v >= PORT_BASE)
		return pa.v - PORT_BASE < PORT_COUNT ? (void *)(pa.v - PORT_BASE) : NULL;
	if (flags & SPACE_DEVICE)
		return map_somewhere(pa, bytes, PTE_DEVICE);
	return map_somewhere(pa, bytes, flags & SPACE_WRITE ? PTE_DATA : PTE_RODATA);
}

/* The core's tables change at boot, on one CPU, and here. */
static struct spinlock table_lock = SPINLOCK_INIT(RANK_MMU);

static u64 *stack_table(u64 va)
{
	u64 *entry = table_slot(level2, 2, va), *table = NULL;

	/* Taken outside the lock, whose rank is above the heap's; lost races give it back. */
	if (!(*entry & PTE_PRESENT))
		table = page_alloc(1);
	spin_lock(&table_lock);
	if (!(*entry & PTE_PRESENT) && table != NULL) {
		*entry = table_entry(page_to_hpa(table).v);
		table = NULL;
	}
	spin_unlock(&table_lock);
	page_free(table, 1);
	return *entry & PTE_PRESENT ? table_va(*entry) : NULL;
}

void mmu_see_stacks(void)
{
	u64 now = atomic_load(&mmu_stacks_changed);

	if (this_cpu()->arch.stacks_seen == now)
		return;
	this_cpu()->arch.stacks_seen = now;
	write_cr3(read_cr3());
}

bool mmu_map_stack(u64 va, hpa_t pa, u64 bytes)
{
	u64 *table = stack_table(va);

	if (table == NULL)
		return false;
	mmu_see_stacks();
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*(volatile u64 *)table_slot(table, 3, va + at) =
			pte_core_leaf(pa.v + at, 3, PTE_DATA);
	return true;
}

void mmu_unmap_stack(u64 va, u64 bytes)
{
	u64 *table = table_va(*table_slot(level2, 2, va));

	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*(volatile u64 *)table_slot(table, 3, va + at) = 0;
	atomic_fetch_add(&mmu_stacks_changed, 1);
	mmu_see_stacks();
}

/* Unmap a part of the image and give its memory back. */
static void give_back(const u8 *from, const u8 *to)
{
	for (u64 va = (u64)from; va < (u64)to; va += PAGE_SIZE)
		*table_slot(level3, 3, va) = 0;
	atomic_fetch_add(&mmu_stacks_changed, 1);
	mmu_see_stacks();
	ram_free(HPA(mmu_pa(from)), (u64)(to - from));
}

/* It stays mapped: it unmaps its caller. */
static __attribute__((noinline)) __noreturn void leave_boot(void)
{
	cpus_release();
	give_back(_boot_begin, _boot_end);
	give_back(_boot_bss, _bss_end);
	sched_loop();
}

__boot void arch_leave_boot(void)
{
	stages_log();
	leave_boot();
}

/* --- Copy windows: two 2 MiB slots for each CPU, one for a block, one for pages --- */

static void window_map_pages(struct cpu *cpu, u64 pa, u64 bytes, u64 va)
{
	u64 table_pa, *table = cpu->arch.window_table, entry = pte_core_leaf(pa, 3, PTE_DATA);

	if (table == NULL) {
		table = table_alloc(&table_pa);
		if (table == NULL)
			panic("no memory for the copy window of CPU %u", cpu->id);
		cpu->arch.window_table = table;
		*table_slot(level2, 2, va) = table_entry(table_pa);
	}
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*(volatile u64 *)&table[at / PAGE_SIZE] = entry + at;
}

void *arch_window_map(hpa_t pa, u64 bytes)
{
	struct cpu *cpu = this_cpu();
	u64 from = ALIGN_DOWN(pa.v, PAGE_SIZE);
	u64 size = ALIGN_UP(pa.v + bytes, PAGE_SIZE) - from;
	u64 va = CORE_WINDOW(cpu->arch.window);

	ASSERT(cpu->arch.window_bytes == 0 && bytes != 0 && size <= BLOCK);
	if (size == BLOCK && IS_ALIGNED(from, BLOCK)) {
		*(volatile u64 *)table_slot(level2, 2, va) = pte_core_leaf(from, 2, PTE_DATA);
	} else {
		va += BLOCK;
		window_map_pages(cpu, from, size, va);
	}
	cpu->arch.window_va = va;
	cpu->arch.window_bytes = size;
	return (u8 *)va + (pa.v - from);
}

void arch_window_unmap(void)
{
	struct cpu *cpu = this_cpu();
	u64 va = cpu->arch.window_va, bytes = cpu->arch.window_bytes;

	ASSERT(bytes != 0);
	if (va == CORE_WINDOW(cpu->arch.window)) {
		*(volatile u64 *)table_slot(level2, 2, va) = 0;
		bytes = PAGE_SIZE; /* one entry, so one INVLPG */
	} else {
		memset(cpu->arch.window_table, 0, bytes / PAGE_SIZE * sizeof(u64));
	}
	if (bytes > 8 * PAGE_SIZE)
		write_cr3(read_cr3());
	else
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			invalidate_page(va + at);
	cpu->arch.window_bytes = 0;
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
