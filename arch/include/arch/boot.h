/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: facts that boot hands to the core, and the end of the machine. */
#ifndef ARCH_BOOT_H
#define ARCH_BOOT_H

#include <mullion/fdt.h>
#include <mullion/types.h>

#define BOOT_ENTROPY 8u /* words */

struct boot_info {
	const void *tree; /* host device tree, mapped read-only; NULL when the loader gave none */
	u64 tree_bytes;   /* readable there */
	struct fdt fdt;   /* the view of it, unless fdt_open() failed with tree_err */
	enum err tree_err;
	const void *bundle; /* cpio archive behind the image, mapped read-only; NULL when none */
	u64 bundle_bytes;
	hpa_t bundle_pa, tree_pa;
	hpa_t image_pa;              /* the core, page-aligned */
	u64 image_bytes, text_bytes; /* text: without what runs at boot only */
	u64 boot_text_bytes;
	u64 boot_bytes; /* all that arch_leave_boot() gives back */
	/* The core's share of the RAM: the system's description, and the heap. */
	hpa_t description_pa, heap_pa;
	u64 description_bytes, heap_bytes;
	bool efi;                  /* entered as an EFI application */
	u64 entropy[BOOT_ENTROPY]; /* from the CPU's generator; else of the counter */
	bool has_entropy;          /* a part of it is from the generator */
	u64 counter_hz;            /* rate of the counter behind arch_time_now() */
	u64 boot_ns;               /* when the core began, by that clock */
	char cpu_model[48];        /* of the boot CPU, e.g. "Cortex-A57 r1p0" */
};

extern struct boot_info boot_info;

/** arch_leave_boot() - let the started CPUs enter sched_loop(), free the memory of boot code and
 * data, enter sched_loop(). Boot CPU, last. */
void arch_leave_boot(void) __noreturn;
/** core_index_tree() - give @tree the index, unless it is too large; the tree that had it before is
 * no longer in use. Boot CPU. */
void core_index_tree(struct fdt *tree);
/** core_main() - core/boot: the arch has set up its address space and boot_info; boot CPU. */
void core_main(void) __noreturn;

/** arch_map() - map @bytes of host memory, or of a device's registers with SPACE_DEVICE, for the
 * rest of the run; read-only without SPACE_WRITE. A page before and behind stays unmapped. Returns
 * NULL if the core's space is used up. Boot CPU. */
void *arch_map(hpa_t pa, u64 bytes, u32 flags);
/** arch_reboot(), arch_poweroff() - restart the machine, switch it off. Should the firmware not do
 * so, that is logged, and the machine stops. Any context. */
void arch_reboot(void) __noreturn;
void arch_poweroff(void) __noreturn;
/** arch_stop() - this CPU stops, and every other that runs a guest, waits or takes interrupts. A
 * CPU that is busy in the core, as with a panic's report, continues until then. Any context. */
void arch_stop(void) __noreturn;
/** arch_backtrace() - log this CPU's call chain with names. Any context. */
void arch_backtrace(void);

#endif
