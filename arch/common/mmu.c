/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own address space. core_tables_make() maps the image at its linked address, and later
 * code adds to those tables. No page is writable and executable; memory of guests is mapped only in
 * the copy windows, each seen by one CPU.
 */
#include "arch/common/mmu.h"

#include "arch/common/cpus.h"
#include <arch/mmu.h>
#include <asm/core_entry.h>
#include <mullion/config.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>
#include <stdatomic.h>

#define SPARE_TABLES 4u /* for maps that are made before there is a heap */
#define BLOCK        MIB(2)

_Static_assert(CORE_STACKS_END <= CORE_END, "the stacks end within the core's 1 GiB");
_Static_assert(CORE_LARGE_END - CORE_SMALL_END >= CONFIG_MAX_MAPPED + 16 * BLOCK,
	       "room for files, trees and heap, with devices and gaps");
_Static_assert(IS_ALIGNED(CORE_STACKS, BLOCK), "the stacks have level-3 tables of their own");

/* Linker script. */
extern u8 _boot_begin[], _boot_text_end[], _boot_end[], _boot_bss[];
extern u8 _start[], _text_end[], _rodata_end[], _bss_end[];

/* Data of whole pages lies together, so that no alignment leaves a gap. */
#define TABLES __aligned(4096) __section(".bss..tables")

u64 core_level0[SPACE_ENTRIES] TABLES;
static u64 level1[SPACE_ENTRIES] TABLES;
static u64 level2[SPACE_ENTRIES] TABLES;
static u64 level3[SPACE_ENTRIES] TABLES; /* the first 2 MiB: image and boot stacks */
static u64 spare[SPARE_TABLES][SPACE_ENTRIES] TABLES;
static u32 spare_used;
static u64 small_next, large_next = CORE_SMALL_END;
u64 core_image_pa;

static u64 *table_slot(u64 *table, u32 level, u64 va)
{
	return &table[(va >> space_level_shift(level)) % SPACE_ENTRIES];
}

/* A table's content is seen before the entry that leads to it. */
static void link_table(u64 *slot, u64 pa)
{
	atomic_store_explicit((_Atomic u64 *)slot, core_table(pa), memory_order_release);
}

/* All of them lie in one table. */
static void write_pages(u64 *table, u64 va, u64 pa, u64 bytes, enum pte_kind kind)
{
	u64 *slot = table_slot(table, 3, va), entry = core_leaf(pa, 3, kind);

	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*slot++ = entry + at;
}

/* Symbols may be physical addresses in here: only their distances are used. */
__boot static void map_part(const u8 *from, const u8 *to, enum pte_kind kind)
{
	u64 at = (u64)(from - _start);

	write_pages(level3, CORE_VA + at, core_image_pa + at, (u64)(to - from), kind);
}

__boot static u64 table_pa(const u64 *table)
{
	return core_image_pa + (u64)((const u8 *)table - _start);
}

__boot void core_tables_stack(u64 top, const u8 *pages, u64 bytes)
{
	write_pages(level3, top - bytes, core_image_pa + (u64)(pages - _start), bytes, PTE_DATA);
}

__boot void core_tables_make(u64 image_pa, enum pte_kind code)
{
	core_image_pa = image_pa;
	map_part(_start, _boot_text_end, code);
	map_part(_boot_text_end, _boot_end, PTE_RODATA);
	map_part(_boot_end, _text_end, code);
	map_part(_text_end, _rodata_end, PTE_RODATA);
	map_part(_rodata_end, _bss_end, PTE_DATA);
	link_table(table_slot(level2, 2, CORE_VA), table_pa(level3));
	link_table(table_slot(level1, 1, CORE_VA), table_pa(level2));
	link_table(table_slot(core_level0, 0, CORE_VA), table_pa(level1));
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

	if (pa - core_image_pa < (u64)_bss_end - CORE_VA)
		return (u64 *)(CORE_VA + (pa - core_image_pa));
	return page_from_hpa(HPA(pa));
}

/* The level-3 table for @va, made when there is none. */
__boot static u64 *level3_for(u64 va)
{
	u64 *entry = table_slot(level2, 2, va), pa, *table;

	if (*entry != 0)
		return table_va(*entry);
	table = table_alloc(&pa);
	if (table != NULL)
		link_table(entry, pa);
	return table;
}

/* @va, @pa, @bytes are page multiples; nothing is mapped there yet. */
__boot static bool map_range(u64 va, u64 pa, u64 bytes, enum pte_kind kind)
{
	while (bytes != 0) {
		u64 n = PAGE_SIZE, *table;

		if (IS_ALIGNED(va | pa, BLOCK) && bytes >= BLOCK) {
			n = BLOCK;
			*table_slot(level2, 2, va) = core_leaf(pa, 2, kind);
		} else {
			table = level3_for(va);
			if (table == NULL)
				return false;
			write_pages(table, va, pa, n, kind);
		}
		va += n;
		pa += n;
		bytes -= n;
	}
	core_added();
	return true;
}

__boot void *core_map(hpa_t hpa, u64 size, u32 flags)
{
	enum pte_kind kind = flags & SPACE_DEVICE  ? PTE_DEVICE
			     : flags & SPACE_WRITE ? PTE_DATA
						   : PTE_RODATA;
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
	if (!map_range(va, pa, bytes, kind))
		return NULL;
	return (void *)(va + (hpa.v - pa));
}

/* The core's tables change at boot, on one CPU, and here. */
static struct spinlock table_lock = SPINLOCK_INIT(RANK_MMU);

u64 *core_level3(u64 va)
{
	u64 *entry = table_slot(level2, 2, va), *table = NULL;

	/* Taken outside the lock, whose rank is above the heap's; lost races give it back. */
	if (*entry == 0)
		table = page_alloc(1);
	spin_lock(&table_lock);
	if (*entry == 0 && table != NULL) {
		link_table(entry, page_to_hpa(table).v);
		table = NULL;
	}
	spin_unlock(&table_lock);
	page_free(table, 1);
	return *entry != 0 ? table_va(*entry) : NULL;
}

bool core_map_stack(u64 va, hpa_t pa, u64 bytes)
{
	u64 *table = core_level3(va);

	if (table == NULL)
		return false;
	write_pages(table, va, pa.v, bytes, PTE_DATA);
	core_added();
	return true;
}

void core_unmap(u64 va, u64 bytes)
{
	u64 *table = table_va(*table_slot(level2, 2, va));

	memset(table_slot(table, 3, va), 0, bytes / PAGE_SIZE * sizeof(u64));
	core_removed(va, bytes);
}

/* Unmap a part of the image and give its memory back. */
static void give_back(const u8 *from, const u8 *to)
{
	core_unmap((u64)from, (u64)(to - from));
	ram_free(HPA(mmu_pa(from)), (u64)(to - from));
}

/* It stays mapped, because it unmaps its caller. */
void core_leave_boot(void)
{
	cpus_release();
	give_back(_boot_begin, _boot_end);
	give_back(_boot_bss, _bss_end);
	sched_loop();
}

/* --- Copy windows: two 2 MiB slots for each CPU, one for a block, one for pages --- */

static void window_map_pages(struct cpu *cpu, u64 pa, u64 bytes, u64 va)
{
	u64 table_pa, *table = cpu->arch.window_table;

	if (table == NULL) {
		table = table_alloc(&table_pa);
		if (table == NULL)
			panic("no memory for the copy window of CPU %u", cpu->id);
		cpu->arch.window_table = table;
		link_table(table_slot(level2, 2, va), table_pa);
	}
	write_pages(table, va, pa, bytes, PTE_DATA);
}

void *arch_window_map(hpa_t pa, u64 bytes)
{
	struct cpu *cpu = this_cpu();
	u64 from = ALIGN_DOWN(pa.v, PAGE_SIZE);
	u64 size = ALIGN_UP(pa.v + bytes, PAGE_SIZE) - from;
	u64 va = CORE_WINDOW(cpu->arch.window);

	ASSERT(cpu->arch.window_bytes == 0 && bytes != 0 && size <= BLOCK);
	if (size == BLOCK && IS_ALIGNED(from, BLOCK)) {
		*table_slot(level2, 2, va) = core_leaf(from, 2, PTE_DATA);
	} else {
		va += BLOCK;
		window_map_pages(cpu, from, size, va);
	}
	core_window_added();
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
		*table_slot(level2, 2, va) = 0;
		bytes = PAGE_SIZE; /* one entry, so one invalidation */
	} else {
		memset(cpu->arch.window_table, 0, bytes / PAGE_SIZE * sizeof(u64));
	}
	core_window_removed(va, bytes);
	cpu->arch.window_bytes = 0;
}
