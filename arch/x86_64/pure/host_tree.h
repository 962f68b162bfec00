/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PC has no device tree. The facts of its boot loader and its ACPI tables are collected in struct
 * host_facts, and written as a tree. So the core reads one form of description, and the checker
 * reads the same tree on a developer's machine.
 */
#ifndef X86_64_PURE_HOST_TREE_H
#define X86_64_PURE_HOST_TREE_H

#include <mullion/err.h>
#include <mullion/host.h>
#include <mullion/types.h>

#define FACTS_MAX_OVERRIDES 16
#define FACTS_MAX_ECAMS     4
#define FACTS_MAX_IOMMUS    8
#define HOST_TREE_BYTES     KIB(16)

/* A register: memory-mapped, or an I/O port. */
struct host_register {
	enum { REGISTER_NONE, REGISTER_MEMORY, REGISTER_PORT } space;
	u64 address;
};

struct host_facts {
	/* Of the loader. */
	u64 rsdp;     /* physical address; 0: not known */
	u64 image_pa; /* where the loader has put the core and its bundle; 0: where it runs */
	u32 num_memory;
	struct host_range memory[HOST_MAX_MEMORY]; /* in the loader's order */
	bool memory_cut;                           /* there were more */
	u64 initrd_start, initrd_end;              /* 0, 0: none */
	char command_line[256];
	/* Of the ACPI tables. */
	u32 num_cpus;
	u32 apic_ids[HOST_MAX_CPUS]; /* of CPUs that can be started */
	bool cpus_cut;
	u64 lapic;
	u32 num_ioapics;
	struct facts_ioapic {
		u64 base;
		u32 gsi_base;
	} ioapics[X86_MAX_IOAPICS];
	u32 num_overrides;
	struct facts_override {
		u8 isa_irq;
		u32 gsi;
		bool level, low;
	} overrides[FACTS_MAX_OVERRIDES];
	u32 num_ecams;
	struct facts_ecam {
		u64 base; /* configuration space of bus 0 */
		u32 segment, first_bus, last_bus;
	} ecams[FACTS_MAX_ECAMS];
	u32 num_iommus;
	struct facts_iommu {
		u64 base;
		bool amd; /* else Intel's */
	} iommus[FACTS_MAX_IOMMUS];
	u32 pm_timer;                   /* port; 0: none */
	bool pm_timer_32;               /* 32 bits, else 24 */
	u64 hpet;                       /* 0: none */
	u32 pm1a_control, pm1b_control; /* ports; 0: none */
	struct host_register reset;
	u8 reset_value;
	struct host_register uart; /* a 16550 */
	u32 uart_gsi;              /* UINT32_MAX: no interrupt */
	/* Of the CPU. */
	u64 tsc_hz;
};

/** facts_add_memory() - RAM of the loader's map, without the first MiB and without parts of pages.
 * Pure. */
void facts_add_memory(struct host_facts *facts, u64 base, u64 size);
/** facts_add_cpu() - a CPU that can be started. Pure. */
void facts_add_cpu(struct host_facts *facts, u32 apic_id);
/** facts_isa_irq() - the global system interrupt of ISA interrupt @irq, with its trigger. Pure. */
u32 facts_isa_irq(const struct host_facts *facts, u32 irq, bool *level, bool *low);
/** facts_add_ecam() - configuration space of the PCI buses @first to @last of @segment. Pure. */
void facts_add_ecam(struct host_facts *facts, u64 base, u32 segment, u32 first, u32 last);
/** facts_add_iommu() - an IOMMU's registers, once. Pure. */
void facts_add_iommu(struct host_facts *facts, u64 base, bool amd);
/** facts_has_memory() - Returns true if all of [@base, @end) is RAM. Pure. */
bool facts_has_memory(const struct host_facts *facts, u64 base, u64 end);
/** host_tree_write() - write the tree into @buf of @size bytes; *@total is its size. Pure.
 * ERR_TOO_BIG. */
enum err __must_check host_tree_write(const struct host_facts *facts, void *buf, size_t size,
				      u32 *total);

#endif
