/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own address space. mmu_boot() runs at the load address with the MMU off, and maps the
 * image at its linked address. Later code adds to those tables. No page is writable and executable;
 * memory of guests is mapped only in the copy windows, each seen by one CPU.
 */
#include <arch/mmu.h>

#include "arch/arm64/boot.h"
#include <arch/boot.h>
#include <asm/cpu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

#define SPARE_TABLES    4u /* for maps that are made before there is a heap */
#define BLOCK           MIB(2)
#define FLUSH_PAGES_MAX 64 /* above, the whole VMID is flushed */

/* Linker script. */
extern u8 _boot_begin[], _boot_text_end[], _boot_end[], _boot_bss[];
extern u8 _start[], _text_end[], _rodata_end[], _bss_end[], _boot_stack[], _boot_exception_stack[];

struct mmu_registers mmu_registers;

/* Data of whole pages lies together, so that no alignment leaves a gap. */
#define TABLES __aligned(4096) __section(".bss..tables")

static u64 level0[PTE_ENTRIES] TABLES;
static u64 level1[PTE_ENTRIES] TABLES;
static u64 level2[PTE_ENTRIES] TABLES;
static u64 level3[PTE_ENTRIES] TABLES; /* the first 2 MiB: image and boot stacks */
static u64 spare[SPARE_TABLES][PTE_ENTRIES] TABLES;
static u32 spare_used;
static u64 small_next, large_next = CORE_SMALL_END;

static u64 *slot(u64 *table, u32 level, u64 va)
{
	return &table[(va >> pte_shift(level)) % PTE_ENTRIES];
}

static u64 table_entry(u64 pa)
{
	return pa | PTE_VALID | PTE_TABLE;
}

/* Map one part of the image; runs with MMU off, so @from and @to are physical. */
__boot static void map_part(u64 image_pa, u64 from, u64 to, enum pte_kind kind, bool guarded)
{
	for (u64 pa = from; pa < to; pa += PAGE_SIZE)
		*slot(level3, 3, CORE_VA + pa - image_pa) = pte_s1_leaf(pa, 3, kind, guarded);
}

__boot static void map_stack(u64 top, u64 pa, u64 bytes)
{
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*slot(level3, 3, top - bytes + at) = pte_s1_leaf(pa + at, 3, PTE_DATA, false);
}

/* From head.S, MMU off, at the physical address: every symbol's address is physical in here. */
__boot void mmu_boot(u64 image_pa)
{
	bool guarded = FIELD(read_sysreg(id_aa64pfr1_el1), 3, 0) != 0;
	u64 isar1 = read_sysreg(id_aa64isar1_el1), isar2 = read_sysreg(SYS_ID_AA64ISAR2_EL1);
	u64 parange = MIN(FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0), 5u);

	map_part(image_pa, image_pa, (u64)_boot_text_end, PTE_CODE, guarded);
	map_part(image_pa, (u64)_boot_text_end, (u64)_boot_end, PTE_RODATA, false);
	map_part(image_pa, (u64)_boot_end, (u64)_text_end, PTE_CODE, guarded);
	map_part(image_pa, (u64)_text_end, (u64)_rodata_end, PTE_RODATA, false);
	map_part(image_pa, (u64)_rodata_end, (u64)_bss_end, PTE_DATA, false);
	map_stack(BOOT_STACK_TOP, (u64)_boot_stack, CPU_STACK_BYTES);
	map_stack(BOOT_EXCEPTION_TOP, (u64)_boot_exception_stack, CPU_EXCEPTION_BYTES);
	*slot(level2, 2, CORE_VA) = table_entry((u64)level3);
	*slot(level1, 1, CORE_VA) = table_entry((u64)level2);
	*slot(level0, 0, CORE_VA) = table_entry((u64)level1);

	mmu_registers.ttbr0 = (u64)level0;
	mmu_registers.tcr = TCR_EL2_RES1 | (parange << TCR_PS_SHIFT) | TCR_SH0_INNER |
			    TCR_ORGN0_WBWA | TCR_IRGN0_WBWA | TCR_T0SZ(48);
	mmu_registers.mair = MAIR_EL2_VALUE;
	mmu_registers.sctlr = SCTLR_EL2_RES1 | SCTLR_M | SCTLR_C | SCTLR_I | SCTLR_SA | SCTLR_WXN;
	/* Address authentication by APIAKey: APA, API, or APA3 (Arm ARM D13.2.65, D13.2.66). */
	if (FIELD(isar1, 11, 4) != 0 || FIELD(isar2, 15, 12) != 0)
		mmu_registers.sctlr |= SCTLR_ENIA;
}

u64 mmu_pa(const void *va)
{
	return boot_info.image_pa.v + ((u64)va - CORE_VA);
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

	if (pa - boot_info.image_pa.v < (u64)_bss_end - CORE_VA)
		return (u64 *)(CORE_VA + (pa - boot_info.image_pa.v));
	return page_from_hpa(HPA(pa));
}

/* The level-3 table for @va, made when there is none. */
__boot static u64 *level3_for(u64 va)
{
	u64 *entry = slot(level2, 2, va), pa, *table;

	if (*entry & PTE_VALID)
		return table_va(*entry);
	table = table_alloc(&pa);
	if (table != NULL) {
		dsb(ishst);
		*entry = table_entry(pa);
	}
	return table;
}

/* @va, @pa, @bytes are page multiples; nothing is mapped there yet. */
__boot static bool map(u64 va, u64 pa, u64 bytes, enum pte_kind kind)
{
	while (bytes != 0) {
		u64 n = PAGE_SIZE, *table;

		if (IS_ALIGNED(va | pa, BLOCK) && bytes >= BLOCK) {
			n = BLOCK;
			*slot(level2, 2, va) = pte_s1_leaf(pa, 2, kind, false);
		} else {
			table = level3_for(va);
			if (table == NULL)
				return false;
			*slot(table, 3, va) = pte_s1_leaf(pa, 3, kind, false);
		}
		va += n;
		pa += n;
		bytes -= n;
	}
	dsb(ishst);
	isb();
	return true;
}

__boot void *arch_map(hpa_t hpa, u64 size, u32 flags)
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
	if (!map(va, pa, bytes, kind))
		return NULL;
	return (void *)(va + (hpa.v - pa));
}

/* The core's tables change at boot, on one CPU, and here. */
static struct spinlock table_lock = SPINLOCK_INIT(RANK_MMU);

static u64 *stack_table(u64 va)
{
	u64 *entry = slot(level2, 2, va), *table = NULL;

	/* Taken outside the lock, whose rank is above the heap's; lost races give it back. */
	if (!(*entry & PTE_VALID))
		table = page_alloc(1);
	spin_lock(&table_lock);
	if (!(*entry & PTE_VALID) && table != NULL) {
		dsb(ishst);
		*entry = table_entry(page_to_hpa(table).v);
		table = NULL;
	}
	spin_unlock(&table_lock);
	page_free(table, 1);
	return *entry & PTE_VALID ? table_va(*entry) : NULL;
}

bool mmu_map_stack(u64 va, hpa_t pa, u64 bytes)
{
	u64 *table = stack_table(va);

	if (table == NULL)
		return false;
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*slot(table, 3, va + at) = pte_s1_leaf(pa.v + at, 3, PTE_DATA, false);
	dsb(ishst);
	isb();
	return true;
}

void mmu_unmap_stack(u64 va, u64 bytes)
{
	u64 *table = table_va(*slot(level2, 2, va));

	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		*slot(table, 3, va + at) = 0;
	dsb(ishst);
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		__asm__ volatile("tlbi vae2is, %0" : : "r"((va + at) >> PAGE_SHIFT) : "memory");
	dsb(ish);
	isb();
}

/* Unmap a part of the image and give its memory back. */
static void give_back(const u8 *from, const u8 *to)
{
	for (u64 va = (u64)from; va < (u64)to; va += PAGE_SIZE)
		*slot(level3, 3, va) = 0;
	dsb(ishst);
	for (u64 va = (u64)from; va < (u64)to; va += PAGE_SIZE)
		__asm__ volatile("tlbi vae2is, %0" : : "r"(va >> PAGE_SHIFT) : "memory");
	dsb(ish);
	isb();
	ram_free(HPA(mmu_pa(from)), (u64)(to - from));
}

void arch_leave_boot(void)
{
	cpus_release();
	give_back(_boot_begin, _boot_end);
	give_back(_boot_bss, _bss_end);
	sched_loop();
}

/* --- Copy windows: two 2 MiB slots for each CPU, one for a block, one for pages --- */

static void window_flush(u64 va, u64 bytes)
{
	dsb(nshst);
	if (bytes > 8 * PAGE_SIZE) {
		/* All of this CPU's entries: the core has few, and one instruction is cheaper. */
		__asm__ volatile("tlbi alle2" : : : "memory");
	} else {
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			__asm__ volatile("tlbi vae2, %0"
					 :
					 : "r"((va + at) >> PAGE_SHIFT)
					 : "memory");
	}
	dsb(nsh);
	isb();
}

static void window_map_pages(struct cpu *cpu, u64 pa, u64 bytes, u64 va)
{
	u64 table_pa, *table = cpu->arch.window_table, entry = pte_s1_leaf(pa, 3, PTE_DATA, false);

	if (table == NULL) {
		table = table_alloc(&table_pa);
		if (table == NULL)
			panic("no memory for the copy window of CPU %u", cpu->id);
		cpu->arch.window_table = table;
		dsb(ishst);
		*slot(level2, 2, va) = table_entry(table_pa);
	}
	for (u64 at = 0; at < bytes; at += PAGE_SIZE)
		table[at / PAGE_SIZE] = entry + at;
	dsb(nshst);
	isb();
}

void *arch_window_map(hpa_t pa, u64 bytes)
{
	struct cpu *cpu = this_cpu();
	u64 from = ALIGN_DOWN(pa.v, PAGE_SIZE);
	u64 size = ALIGN_UP(pa.v + bytes, PAGE_SIZE) - from;
	u64 va = CORE_WINDOW(cpu->arch.window);

	ASSERT(cpu->arch.window_bytes == 0 && bytes != 0 && size <= BLOCK);
	if (size == BLOCK && IS_ALIGNED(from, BLOCK)) {
		*slot(level2, 2, va) = pte_s1_leaf(from, 2, PTE_DATA, false);
		dsb(nshst);
		isb();
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
		*slot(level2, 2, va) = 0;
		bytes = PAGE_SIZE; /* one entry, so one TLBI */
	} else {
		memset(cpu->arch.window_table, 0, bytes / PAGE_SIZE * sizeof(u64));
	}
	window_flush(va, bytes);
	cpu->arch.window_bytes = 0;
}

/* --- Spaces of guests and components: maintenance (the codec is pure/pte.c) --- */

void arch_space_sync(const struct space *space, gpa_t gpa, u64 bytes)
{
	u64 loaded;

	dsb(ishst);
	if (space->cpus == 0)
		return;
	loaded = read_sysreg(vttbr_el2);
	/* TLBI by IPA works on the VMID in VTTBR_EL2. The table has to be the VMID's own: a walk
	 * may start. */
	write_sysreg(mmu_vttbr(space), vttbr_el2);
	isb();
	if (bytes > FLUSH_PAGES_MAX * PAGE_SIZE) {
		__asm__ volatile("tlbi vmalls12e1is" : : : "memory");
	} else {
		for (u64 at = 0; at < bytes; at += PAGE_SIZE)
			__asm__ volatile("tlbi ipas2e1is, %0"
					 :
					 : "r"((gpa.v + at) >> PAGE_SHIFT)
					 : "memory");
		dsb(ish);
		__asm__ volatile("tlbi vmalle1is" : : : "memory");
	}
	dsb(ish);
	isb();
	write_sysreg(loaded, vttbr_el2);
	isb();
}
