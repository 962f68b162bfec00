/* SPDX-License-Identifier: Apache-2.0 */
/* Common parts of arm64's boot files and head.S. */
#ifndef ARM64_BOOT_H
#define ARM64_BOOT_H

#include "arch/common/cpus.h"
#include <mullion/err.h>
#include <mullion/types.h>

/* Written by mmu_boot(), loaded by head.S on every CPU; the order is known there. */
struct mmu_registers {
	u64 ttbr0, tcr, mair, sctlr;
};

extern struct mmu_registers mmu_registers;

/** mmu_boot() - the core's tables for the image at @image_pa, and mmu_registers. The MMU is off.
 * Boot CPU. */
void mmu_boot(u64 image_pa);
/** early_refuse() - say at the first PL011 of @tree that the core cannot start at exception level
 * @el (1 or 3), and stop. @tree is as the loader gave it: without a valid one the core is silent.
 * Before the MMU is on. */
void early_refuse(u64 el, const void *tree) __noreturn;
/** arm64_boot() - the start in C: @tree_pa is the machine's tree or 0, @efi EFI's system table or
 * 0. Boot CPU. */
void arm64_boot(u64 tree_pa, u64 image_pa, u64 efi) __noreturn;
/** arm64_time_early() - read the counter's rate, before anything is logged. Boot CPU. */
void arm64_time_early(void);
/** arm64_secondary() - the start of every other CPU, behind head.S. */
void arm64_secondary(void) __noreturn;
/** cpu_init() - this CPU's mandatory features and controls. Returns ERR_UNSUPPORTED after it has
 * logged what the CPU lacks. Each CPU, once, before any guest. */
enum err __must_check cpu_init(struct cpu *cpu);
/** cpu_describe() - this CPU's model, e.g. "Cortex-A57 r1p0". Boot CPU. */
void cpu_describe(char *buf, size_t size);
/* head.S: where PSCI starts the other CPUs; and the two ways in. */
extern u8 secondary_entry[];

/* boot.c: load this CPU's pointer authentication key. */
void seed_keys(void);

#endif
