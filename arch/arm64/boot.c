/* SPDX-License-Identifier: Apache-2.0 */
/* From head.S, MMU on, to core_main(): the loader's arguments, and the secrets of this boot. */
#include <arch/boot.h>

#include "arch/arm64/boot.h"
#include "arch/common/boot.h"
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/fdt.h>
#include <mullion/log.h>

#define SYS_RNDRRS   S3_3_C2_C4_1
#define RANDOM_TRIES 16

static u64 key[2]; /* of pointer authentication, the same on every CPU */

/* A number of the CPU's generator (FEAT_RNG, Arm ARM D13.2.121), reseeded for each. It may be empty
 * for a moment: the manual recommends a few tries. Returns false if @value is the counter. */
__boot static bool random_number(u64 *value)
{
	u64 ok = 0;

	*value = read_sysreg(cntpct_el0);
	if (FIELD(read_sysreg(id_aa64isar0_el1), 63, 60) == 0)
		return false;
	for (u32 i = 0; i < RANDOM_TRIES && ok == 0; i++)
		/* Z is set when there was no number. */
		__asm__ volatile("mrs %0, " SYSREG_STR(SYS_RNDRRS) "\n\tcset %1, ne"
				 : "=r"(*value), "=r"(ok)
				 :
				 : "cc");
	return ok != 0;
}

__boot static u64 gather_entropy(void)
{
	const struct fdt *fdt = &boot_info.fdt;
	fdt_node_t chosen;
	u64 seed, value;

	for (u32 i = 0; i < BOOT_ENTROPY; i++)
		boot_info.has_entropy |= random_number(&boot_info.entropy[i]);
	(void)random_number(&seed);

	if (boot_info.tree != NULL && boot_info.tree_err == OK) {
		chosen = fdt_find(fdt, "/chosen");
		if (chosen != FDT_NONE && fdt_get_u64(fdt, chosen, "kaslr-seed", &value) == OK)
			seed ^= value;
	}
	return seed;
}

/* Only from functions that never return: their calls have returned, so no signed address is on the
 * stack. */
void seed_keys(void)
{
	if (mmu_registers.sctlr & SCTLR_ENIA) {
		write_sysreg(key[0], SYS_APIAKEYLO_EL1);
		write_sysreg(key[1], SYS_APIAKEYHI_EL1);
		isb();
	}
}

/* The loader's tree, if @pa holds one: x0 may as well be 0 or point at ATAGS. */
__boot static void take_tree(u64 pa)
{
	const u8 *header;
	u32 magic, size;

	if (pa == 0 || !IS_ALIGNED(pa, 8))
		return;
	header = arch_window_map(HPA(pa), 8);
	magic = __builtin_bswap32(*(const u32 *)header);
	size = __builtin_bswap32(*(const u32 *)(header + 4));
	arch_window_unmap();
	if (magic != FDT_MAGIC || size > FDT_MAX_SIZE)
		return;
	boot_info.tree = arch_map(HPA(pa), size, SPACE_READ);
	boot_info.tree_bytes = size;
	boot_info.tree_pa = HPA(pa);
	if (boot_info.tree == NULL)
		return;
	boot_info.tree_err = fdt_open(&boot_info.fdt, boot_info.tree, size);
	if (boot_info.tree_err == OK)
		core_index_tree(&boot_info.fdt);
}

__boot void arm64_boot(u64 tree_pa, u64 image_pa, u64 efi)
{
	u64 seed;

	arm64_time_early();
	boot_describe_image();
	boot_info.efi = efi != 0;
	take_tree(tree_pa);
	boot_find_bundle(image_pa);
	seed = gather_entropy();
	boot_set_guard(seed);
	key[0] = boot_mix(seed ^ 1);
	key[1] = boot_mix(seed ^ 2);
	seed_keys();
	cpu_describe(boot_info.cpu_model, sizeof(boot_info.cpu_model));
	if (cpu_init(&boot_cpu) != OK)
		stop_machine("the boot CPU lacks what the core needs");
	core_main();
}
