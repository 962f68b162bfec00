/* SPDX-License-Identifier: Apache-2.0 */
/* From head.S, MMU on, to core_main(): the loader's arguments, and the secrets of this boot. */
#include <arch/boot.h>

#include "arch/arm64/boot.h"
#include <abi/image.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/fdt.h>
#include <mullion/log.h>

extern u8 _start[], _boot_begin[], _boot_text_used[], _boot_end[], _text_used[];
extern u8 _boot_bss[], _bss_end[], _end[];
extern const struct image_bundle image_bundle_record;

struct boot_info boot_info;

/* Named by the compiler (-fstack-protector). */
extern u64 __stack_chk_guard;
u64 __stack_chk_guard = 0x6e6f696c6c756d00;
void __stack_chk_fail(void) __noreturn;

#define SYS_RNDRRS   S3_3_C2_C4_1
#define RANDOM_TRIES 16

static u64 key[2]; /* of pointer authentication, the same on every CPU */

void __stack_chk_fail(void)
{
	panic("a function's stack frame was overwritten");
}

/* One step of SplitMix64: spreads what little the counters differ from boot to boot. */
static u64 mix(u64 x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

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

__boot static void find_bundle(void)
{
	const struct image_bundle *record = &image_bundle_record;

	if (record->magic != IMAGE_BUNDLE_MAGIC || record->offset == 0)
		return;
	boot_info.bundle_pa = HPA(boot_info.image_pa.v + record->offset);
	boot_info.bundle_bytes = record->size;
	boot_info.bundle = arch_map(boot_info.bundle_pa, record->size, SPACE_READ);
	if (boot_info.bundle == NULL)
		log_error("the bundle behind the image is too large to map (%lu bytes)",
			  record->size);
}

__boot void arm64_boot(u64 tree_pa, u64 image_pa, u64 efi)
{
	u64 seed;

	arm64_time_early();
	boot_info.image_pa = HPA(image_pa);
	boot_info.image_bytes = (u64)(_end - _start);
	boot_info.boot_bytes = (u64)(_boot_end - _boot_begin) + (u64)(_bss_end - _boot_bss);
	boot_info.boot_text_bytes = (u64)(_boot_text_used - _boot_begin);
	boot_info.text_bytes = (u64)(_text_used - _boot_end);
	boot_info.efi = efi != 0;
	take_tree(tree_pa);
	find_bundle();
	seed = gather_entropy();
	__stack_chk_guard = mix(seed) & ~UINT64_C(0xff); /* a NUL first stops strings */
	key[0] = mix(seed ^ 1);
	key[1] = mix(seed ^ 2);
	seed_keys();
	cpu_describe(boot_info.cpu_model, sizeof(boot_info.cpu_model));
	if (cpu_init(&boot_cpu) != OK)
		stop_machine("the boot CPU lacks what the core needs");
	core_main();
}
