/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptor tables: segments and task state of each CPU, one interrupt descriptor table for all.
 */
#include "arch/x86_64/tables.h"

#include "arch/x86_64/boot.h"
#include <asm/trap.h>
#include <mullion/string.h>

#define GATE_INTERRUPT UINT64_C(0x8e00) /* present, interrupts masked */
#define GATE_USER      UINT64_C(0x6000) /* ring 3 may use it by INT */

#define SEGMENT_CODE      UINT64_C(0x00af9b000000ffff)
#define SEGMENT_DATA      UINT64_C(0x00cf93000000ffff)
#define SEGMENT_USER_CODE UINT64_C(0x00affb000000ffff)
#define SEGMENT_USER_DATA UINT64_C(0x00cff3000000ffff)
#define SEGMENT_TSS       UINT64_C(0x0000890000000000)
#define TSS_BUSY          BIT(41)

static struct gate {
	u64 low, high;
} idt[VECTOR_COUNT];

struct pointer {
	u16 limit;
	u64 base;
} __packed;

/* Intel SDM vol. 3 §6.14.1 */
__boot static void set_gate(u32 vector, u64 flags, u32 ist)
{
	u64 to = (u64)(trap_stubs + (u64)vector * TRAP_STUB_BYTES);

	idt[vector] = (struct gate){
		FIELD(to, 15, 0) | SELECTOR_CODE << 16 | (u64)ist << 32 |
			(GATE_INTERRUPT | flags) << 32 | FIELD(to, 31, 16) << 48,
		FIELD(to, 63, 32),
	};
}

__boot static void fill_idt(void)
{
	for (u32 vector = 0; vector < VECTOR_COUNT; vector++)
		set_gate(vector, 0, 0);
	set_gate(VECTOR_DF, 0, IST_FATAL);
	set_gate(VECTOR_MC, 0, IST_FATAL);
	set_gate(VECTOR_NMI, 0, IST_NMI);
	set_gate(USER_SYSCALL_VECTOR, GATE_USER, 0);
}

static void fill_gdt(struct cpu_tables *tables)
{
	u64 tss = (u64)&tables->tss, limit = sizeof(tables->tss) + BITMAP_BYTES - 1;

	tables->gdt[SELECTOR_CODE / 8] = SEGMENT_CODE;
	tables->gdt[SELECTOR_DATA / 8] = SEGMENT_DATA;
	tables->gdt[SELECTOR_USER_DATA / 8] = SEGMENT_USER_DATA;
	tables->gdt[SELECTOR_USER_CODE / 8] = SEGMENT_USER_CODE;
	tables->gdt[SELECTOR_TSS / 8] =
		SEGMENT_TSS | limit | FIELD(tss, 23, 0) << 16 | FIELD(tss, 31, 24) << 56;
	tables->gdt[SELECTOR_TSS / 8 + 1] = FIELD(tss, 63, 32);
}

__boot void tables_init(struct cpu *cpu)
{
	struct cpu_tables *tables = cpu->arch.tables;
	struct pointer gdtr = { sizeof(tables->gdt) - 1, (u64)tables->gdt };
	struct pointer idtr = { sizeof(idt) - 1, (u64)idt };

	if (cpu == &boot_cpu)
		fill_idt();
	fill_gdt(tables);
	tables->tss.ist[IST_FATAL - 1] = cpu->arch.fatal_top;
	tables->tss.ist[IST_NMI - 1] = cpu->arch.nmi_top;
	tables->tss.bitmap_offset =
		(u16)(offsetof(struct cpu_tables, bitmap) - offsetof(struct cpu_tables, tss));
	memset(tables->bitmap, 0xff, sizeof(tables->bitmap));
	*(struct cpu **)cpu->arch.fatal_top = cpu;
	*(struct cpu **)cpu->arch.nmi_top = cpu;
	__asm__ volatile("lgdt %0\n\t"
			 "lidt %1\n\t"
			 "ltr %w2\n\t"
			 "lldt %w3"
			 :
			 : "m"(gdtr), "m"(idtr), "r"(SELECTOR_TSS), "r"(0)
			 : "memory");
}

void tables_restore(struct cpu_tables *tables)
{
	struct pointer gdtr = { sizeof(tables->gdt) - 1, (u64)tables->gdt };

	tables->stale = false;
	tables->gdt[SELECTOR_TSS / 8] &= ~TSS_BUSY;
	__asm__ volatile("lgdt %0\n\t"
			 "ltr %w1"
			 :
			 : "m"(gdtr), "r"(SELECTOR_TSS)
			 : "memory");
}
