/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs: per-CPU data and stacks, controls that each sets for itself, start by INIT and SIPI, kick.
 */
#include <arch/cpu.h>

#include "arch/common/mmu.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/irq.h"
#include "arch/x86_64/mcheck.h"
#include "arch/x86_64/predict.h"
#include "arch/x86_64/pure/mtrr.h"
#include "arch/x86_64/tables.h"
#include "drivers/irqchip/apic.h"
#include <arch/boot.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <arch/time.h>
#include <asm/sysreg.h>
#include <mullion/format.h>
#include <mullion/host.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/string.h>
#include <stdatomic.h>

_Static_assert(offsetof(struct cpu, arch.vector) == CPU_VECTOR, "known to assembly");

#define INIT_WAIT_NS  UINT64_C(10000000) /* Intel MultiProcessor Specification 1.4 §B.4 */
#define SIPI_WAIT_NS  UINT64_C(200000)
#define START_WAIT_NS UINT64_C(1000000000)

#define FEATURE_MTRR BIT(12) /* of CPUID leaf 1 */
/* Of CPUID leaf 7. */
#define FEATURE_SMEP BIT(7)
#define FEATURE_SMAP BIT(20)
#define FEATURE_UMIP BIT(2)
/* Of CPUID leaf 0x80000001. */
#define LEAF_EXTENDED  0x80000001u
#define FEATURE_RDTSCP BIT(27)

/* The page attribute table out of reset (Intel SDM vol. 3 §11.12.4), on which pure/pte.c relies.
 */
#define PAT_RESET UINT64_C(0x0007040600070406)

#define DR7_RESET UINT64_C(0x400)

/* Linked at its place in trampoline.S. */
struct trampoline_data {
	u64 boot_cr3, core_cr3, stack, entry;
};

extern u8 trampoline[], trampoline_end[], trampoline_data[], secondary_entry[];
extern u8 boot_level0[];

static struct cpu_tables boot_tables;
struct cpu boot_cpu = { .arch = { .tables = &boot_tables,
				  .stack_top = BOOT_STACK_TOP - STACK_RESERVED,
				  .fatal_top = BOOT_FATAL_TOP - STACK_RESERVED,
				  .nmi_top = BOOT_NMI_TOP - STACK_RESERVED } };

/* The brand string (AMD APM vol. 3 E.4.2) without the blanks before it. */
__boot void cpu_describe(char *buf, size_t size)
{
	u32 text[13] = { 0 };
	const char *from = (const char *)text;

	for (u32 i = 0; i < 3; i++) {
		struct cpuid leaf = cpuid_if(0x80000002u + i, 0);
		const u32 words[] = { leaf.a, leaf.b, leaf.c, leaf.d };

		memcpy(&text[4 * (u64)i], words, sizeof(words));
	}
	while (*from == ' ')
		from++;
	(void)str_copy(buf, size, *from != '\0' ? from : "x86-64");
}

__boot static u32 own_apic_id(void)
{
	struct cpuid topology = cpuid_if(0xb, 0);

	return topology.b != 0 ? topology.d : cpuid(1, 0).b >> 24;
}

__boot static void read_memory_types(struct mtrr_state *state)
{
	u64 cap = (cpuid(1, 0).d & FEATURE_MTRR) != 0 ? read_msr(MSR_MTRR_CAP) : 0;

	for (u32 i = 0; cap != 0 && i < MTRR_REGISTERS; i++) {
		u32 msr = mtrr_msr(cap, i);

		state->values[i] = msr != 0 ? read_msr(msr) : 0;
	}
}

/* INIT may have reset them. Caches are off meanwhile (Intel SDM vol. 3 §11.11.8). */
__boot static void write_memory_types(const struct mtrr_state *state)
{
	u64 cr0 = read_cr0();

	write_cr0(cr0 | CR0_CD);
	__asm__ volatile("wbinvd" : : : "memory");
	write_cr3(read_cr3());
	write_msr(MSR_MTRR_DEF, 0);
	for (u32 i = 2; i < MTRR_REGISTERS; i++) {
		u32 msr = mtrr_msr(state->values[0], i);

		if (msr != 0)
			write_msr(msr, state->values[i]);
	}
	write_msr(MSR_MTRR_DEF, state->values[1]);
	__asm__ volatile("wbinvd" : : : "memory");
	write_cr3(read_cr3());
	write_cr0(cr0);
}

/* The boot CPU's memory types are every CPU's. */
__boot static enum err share_memory_types(const struct cpu *cpu)
{
	static __boot_bss struct mtrr_state boot, own;
	u32 msr;

	read_memory_types(cpu == &boot_cpu ? &boot : &own);
	if (cpu == &boot_cpu || mtrr_differs(&boot, &own) == 0)
		return OK;
	if (own.values[0] == boot.values[0])
		write_memory_types(&boot);
	read_memory_types(&own);
	msr = mtrr_differs(&boot, &own);
	if (msr == 0)
		return OK;
	log_error("CPU %u has other memory types than the boot CPU (MTRR 0x%x) and is not used: "
		  "update the firmware",
		  cpu->id, msr);
	return ERR_UNSUPPORTED;
}

__boot enum err cpu_init(struct cpu *cpu)
{
	struct cpuid features = cpuid_if(7, 0);
	u64 cr4 = CR4_PAE | CR4_DE | CR4_MCE | CR4_TSD; /* TSD: a component reads no counter */

	if (features.b & FEATURE_SMEP)
		cr4 |= CR4_SMEP;
	if (features.b & FEATURE_SMAP)
		cr4 |= CR4_SMAP;
	if (features.c & FEATURE_UMIP)
		cr4 |= CR4_UMIP;
	write_cr4(cr4);
	/* FP and vector instructions trap (TS): their registers are the guest's. */
	write_cr0(CR0_PE | CR0_MP | CR0_TS | CR0_ET | CR0_NE | CR0_WP | CR0_PG);
	/* A loader's entries into its kernel (a kernel's, by kexec), and its breakpoints. */
	write_msr(MSR_SYSENTER_CS, 0);
	__asm__ volatile("mov %0, %%dr7" : : "r"(DR7_RESET));
	write_msr(MSR_PAT, PAT_RESET);
	if (cpuid_if(LEAF_EXTENDED, 0).d & FEATURE_RDTSCP)
		write_msr(MSR_TSC_AUX, 0);
	if (cpu == &boot_cpu)
		predict_init();
	predict_init_cpu();
	mcheck_init_cpu(cpu);
	if (cpu == &boot_cpu)
		cpu->arch.apic_id = own_apic_id();
	if (cpu->arch.apic_id == own_apic_id())
		return share_memory_types(cpu);
	log_error("CPU %u has APIC id %u, and the ACPI tables say %u", cpu->id, own_apic_id(),
		  cpu->arch.apic_id);
	return ERR_UNSUPPORTED;
}

__boot static enum err bring_up_self(struct cpu *cpu)
{
	enum err err;

	tables_init(cpu);
	err = cpu_init(cpu);
	if (err != OK)
		return err;
	apic_init_cpu();
	time_init_cpu();
	return OK;
}

__boot enum err arch_cpus_init(struct host *host)
{
	enum err err = cpus_number(host, boot_cpu.arch.apic_id);

	if (err != OK)
		return err;
	for (u32 id = 0; id < cpu_count; id++)
		cpu_get(id)->arch.apic_id = (u32)host->cpus[id].identity;
	host->page_sizes = (u32)KIB(4);
	cpus_bring_up(bring_up_self);
	return OK;
}

/* --- Start of another CPU --------------------------------------------------------------------- */

/* A stack of the CPU in slot @index of its own; its top, 0 without memory. */
__boot static u64 make_stack(const struct cpu *cpu, u32 index, u64 bytes)
{
	u64 end = CORE_CPU_STACK(cpu->id * CORE_STACKS_OF_CPU + index + 1);
	void *pages = page_alloc(bytes / PAGE_SIZE);

	if (pages == NULL || !core_map_stack(end - bytes, page_to_hpa(pages), bytes))
		return 0;
	*(const struct cpu **)(end - STACK_RESERVED) = cpu;
	return end - STACK_RESERVED;
}

__boot static enum err make_stacks(struct cpu *cpu)
{
	cpu->arch.stack_top = make_stack(cpu, 0, CPU_STACK_BYTES);
	cpu->arch.fatal_top = make_stack(cpu, 1, CPU_EXCEPTION_BYTES);
	cpu->arch.nmi_top = make_stack(cpu, 2, CPU_EXCEPTION_BYTES);
	cpu->arch.tables = page_alloc(ALIGN_UP(sizeof(struct cpu_tables), PAGE_SIZE) / PAGE_SIZE);
	if (cpu->arch.stack_top == 0 || cpu->arch.fatal_top == 0 || cpu->arch.nmi_top == 0 ||
	    cpu->arch.tables == NULL)
		return ERR_NO_MEMORY;
	return OK;
}

__boot static void put_page(const void *bytes, u64 count)
{
	memcpy(arch_window_map(HPA(TRAMPOLINE_PA), PAGE_SIZE), bytes, count);
	arch_window_unmap();
}

__boot static void put_trampoline(const struct cpu *cpu)
{
	const struct trampoline_data data = {
		.boot_cr3 = mmu_pa(boot_level0),
		.core_cr3 = mmu_cr3(),
		.stack = cpu->arch.stack_top,
		.entry = (u64)secondary_entry,
	};
	u8 *page;

	put_page(trampoline, (u64)(trampoline_end - trampoline));
	page = arch_window_map(HPA(TRAMPOLINE_PA), PAGE_SIZE);
	memcpy(page + (trampoline_data - trampoline), &data, sizeof(data));
	arch_window_unmap();
}

/* Returns true once @cpu is online; false after @ns nanoseconds. */
__boot static bool wait_for(const struct cpu *cpu, u64 ns)
{
	u64 end = arch_time_now().v + ns;

	while (!atomic_load(&cpu->online) && arch_time_now().v < end)
		arch_cpu_relax();
	return atomic_load(&cpu->online);
}

__boot enum err arch_cpu_start(struct cpu *cpu)
{
	static __boot_bss u8 saved[PAGE_SIZE];
	u32 page = (u32)(TRAMPOLINE_PA >> PAGE_SHIFT);

	if (make_stacks(cpu) != OK) {
		log_error("no memory for the stacks of CPU %u", cpu->id);
		return ERR_NO_MEMORY;
	}
	memcpy(saved, arch_window_map(HPA(TRAMPOLINE_PA), PAGE_SIZE), PAGE_SIZE);
	arch_window_unmap();
	put_trampoline(cpu);
	apic_send(cpu->arch.apic_id, APIC_IPI_INIT);
	(void)wait_for(cpu, INIT_WAIT_NS);
	apic_send(cpu->arch.apic_id, APIC_IPI_SIPI | page);
	if (!wait_for(cpu, SIPI_WAIT_NS))
		apic_send(cpu->arch.apic_id, APIC_IPI_SIPI | page);
	/* A CPU that started later would run code that is removed: INIT keeps it in its wait for a
	 * SIPI. */
	if (!wait_for(cpu, START_WAIT_NS))
		apic_send(cpu->arch.apic_id, APIC_IPI_INIT);
	put_page(saved, PAGE_SIZE);
	if (atomic_load(&cpu->online))
		return OK;
	log_error("CPU %u (APIC id %u) does not start", cpu->id, cpu->arch.apic_id);
	return ERR_HARDWARE;
}

void cpu_park(void)
{
	atomic_store(&this_cpu()->online, false);
	cpu_stop();
}

void arch_cpu_kick(u32 cpu)
{
	apic_send(cpu_get(cpu)->arch.apic_id, APIC_IPI_FIXED | VECTOR_KICK);
}

/* An interrupt comes no earlier than the instruction behind STI. */
void arch_cpu_idle(void)
{
	__asm__ volatile("sti\n\thlt\n\tcli" : : : "memory");
	arch_irq_take();
}
