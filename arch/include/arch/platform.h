/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture contract: the properties of an architecture for the configuration. A table and
 * not functions, because a host program has the tables of all architectures and takes the one of
 * the machine that is described. Everything here is pure and runs at boot or in a host program.
 */
#ifndef ARCH_PLATFORM_H
#define ARCH_PLATFORM_H

#include <mullion/config.h>
#include <mullion/fdt.h>
#include <mullion/host.h>

struct config_run;
struct placing;
struct schema_prop;
struct tree_check;

#define ARCH_IRQ_CELLS 3 /* of an interrupt's specifier, at most */

/* A write to its doorbell only notifies the vmm (<abi/component.h>). */
#define ARCH_MODEL_DOORBELL BIT(0)
/* Its contents are memory of the vmm, the region of the same name. */
#define ARCH_MODEL_DISK BIT(1)
/* It is a port of a network. */
#define ARCH_MODEL_NETWORK BIT(2)

/* A device that a vmm can emulate. */
struct arch_model {
	const char *compatible; /* for the guest's tree: a list of strings, "" without a tree */
	u32 compatible_len;     /* bytes, with each NUL */
	enum arch_model_irq {
		ARCH_MODEL_IRQ,     /* it needs an interrupt line */
		ARCH_MODEL_MAY_IRQ, /* it can do without */
		ARCH_MODEL_NO_IRQ,
	} irq;
	u32 flags;
};

struct arch_platform {
	/* cpu_read() - the bits of @cpu->identity that count, and @cpu->usable, of a cpu node. */
	void (*cpu_read)(const struct fdt *tree, fdt_node_t node, struct host_cpu *cpu);
	/* host_read() - @host->arch, the registers that the core keeps, the clock, and whether the
	 * core drives @uart (FDT_NONE without one). ERR_TOO_BIG, ERR_FORMAT as host_read(). */
	enum err (*host_read)(const struct fdt *tree, fdt_node_t uart, struct host *host);

	/* Properties of guests and templates beside those of every architecture. */
	const struct schema_prop *guest_props;
	u32 num_guest_props;
	/* guest_parse() - those properties into @guest->arch. */
	void (*guest_parse)(struct config_run *run, struct config_guest *guest);
	/* guest_check() - what they mean to each other, and to the guest's regions. */
	void (*guest_check)(struct config_run *run, const struct config_guest *guest);
	/* guest_finish() - what follows from all interrupts of the guest. */
	void (*guest_finish)(struct config_guest *guest);
	/* max_vcpus() - at most so many; @what begins the reason, or is NULL for no bound. */
	u32 (*max_vcpus)(const struct config_guest *guest, const char **what);
	/* vcpu_identity() - the number of vCPU @index in its CPU node. */
	u64 (*vcpu_identity)(u32 index);
	/* guest_summary() - what guests of this kind differ by, e.g. of the interrupt controller.
	 */
	const char *(*guest_summary)(const struct config_guest *guest);
	/* guest_budget() - bytes of its virtual interrupts' state, and pages of further tables. */
	void (*guest_budget)(const struct config_guest *guest, u64 *bytes, u64 *table_pages);
	u32 heap_pages; /* that guests share */
	/* tree_check() - a supplied tree, read into @seen, against the guest. */
	void (*tree_check)(struct tree_check *check, const struct host *seen);

	u32 irq_cells;           /* of a specifier: at most ARCH_IRQ_CELLS, the trigger is last */
	const char *irq_form;    /* a specifier in words, e.g. "three cells <type number flags>" */
	const char *irq_example; /* e.g. "<0 1 4>" */
	/* irq_decode() - a specifier. Returns false if it names no line that can be assigned;
	 * irq_check() then says why, as it does for a wrong trigger. */
	bool (*irq_decode)(const u32 *cells, bool of_guest, u32 *line, bool *level);
	/* irq_name() - the specifier in short, without its trigger, into @text of 32 bytes. */
	void (*irq_name)(const u32 *cells, char *text);
	/* irq_check() - report each mistake. @on_host, @on_guest: whose line it is. */
	void (*irq_check)(struct config_run *run, fdt_node_t node, const char *property,
			  bool on_host, bool on_guest, const u32 *cells);

	/* Names of the types of kernel; without the property it is the first. */
	const char *const *kernel_types;
	u32 num_kernel_types;
	/* boot_check() - the kernel's file must be one that the guest can start; its span. */
	void (*boot_check)(struct config_run *run, struct config_guest *guest);
	/* boot_place() - the pieces that a guest starts with, each to its place. */
	void (*boot_place)(struct placing *placing);

	u16 elf_machine;           /* of components: ELF_... of <mullion/elf.h> */
	const char *const *models; /* names of emulated devices */
	const struct arch_model *model_trees;
	u32 num_models;
	/* Guests have I/O ports: port n is address PORT_BASE + n (<abi/component.h>). */
	bool has_ports;
	/* A guest's RAM continues behind this range of its addresses; size 0: there is none. */
	struct host_range ram_hole;
	/* Compatibles of devices that have registers and interrupts, and never do DMA. */
	const char *const *harmless;
	u32 num_harmless;
};

/** arch_platform() - the table of the architecture whose machine @tree describes. Any context. */
const struct arch_platform *arch_platform(const struct fdt *tree);

#endif
