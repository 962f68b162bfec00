/* SPDX-License-Identifier: Apache-2.0 */
/* From start.S, on the core's own tables, to core_main(): the machine's facts, and the secrets of
 * this boot. */
#include <arch/boot.h>

#include "arch/x86_64/boot.h"
#include "arch/x86_64/pure/handover.h"
#include "drivers/uart/uart.h"
#include <abi/image.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/log.h>
#include <mullion/space.h>

extern u8 _start[], _boot_begin[], _boot_text_used[], _boot_end[], _text_end[], _text_used[];
extern u8 _boot_bss[], _bss_end[], _end[];
extern const struct image_bundle image_bundle_record;

/* For messages before the rate is known: it is within a factor of ten. */
#define UNKNOWN_HZ UINT64_C(1000000000)

struct boot_info boot_info;

/* Named by the compiler (-fstack-protector). */
extern u64 __stack_chk_guard;
u64 __stack_chk_guard = 0x6e6f696c6c756d00;
void __stack_chk_fail(void) __noreturn;

void __stack_chk_fail(void)
{
	panic("a function's stack frame was overwritten");
}

/* One step of SplitMix64: spreads what little the counters differ from boot to boot. */
__boot static u64 mix(u64 x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* The bundle behind the core, where the loader has put both. */
__boot static void find_bundle(u64 image_pa)
{
	const struct image_bundle *record = &image_bundle_record;

	if (record->size == 0)
		return;
	boot_info.bundle_pa = HPA(image_pa - IMAGE_SETUP_BYTES + record->offset);
	boot_info.bundle_bytes = record->size;
	boot_info.bundle = arch_map(boot_info.bundle_pa, record->size, SPACE_READ);
	if (boot_info.bundle == NULL)
		log_error("the bundle behind the image is too large to map (%lu bytes)",
			  record->size);
}

/* A record that contradicts the facts would be a guest's memory in the core, or worse. */
__boot static void hand_over(u32 loader, const struct host_facts *facts)
{
	const struct handover record = {
		.num_cpus = facts->num_cpus,
		.boot_apic_id = boot_cpu.arch.apic_id,
		.start_page = TRAMPOLINE_PA,
		.memory_top = handover_top(facts),
		.tsc_hz = facts->tsc_hz,
		.loaded = facts->image_pa != 0 ? facts->image_pa : core_image_pa,
		.core = core_image_pa,
		.core_end = core_image_pa + boot_info.image_bytes,
		.bundle = boot_info.bundle_pa.v,
		.bundle_bytes = boot_info.bundle_bytes,
	};
	const char *wrong = handover_check(&record, facts);

	log_info("hand-over by %s: %u CPUs, start-up page 0x%lx, RAM to 0x%lx, core from 0x%lx at "
		 "0x%lx",
		 loader_name(loader), record.num_cpus, record.start_page, record.memory_top,
		 record.loaded, record.core);
	if (wrong != NULL)
		stop_machine("the hand-over's %s is wrong: start the core by another loader, or "
			     "update the firmware",
			     wrong);
}

__boot void x86_boot(u32 loader, u32 info)
{
	static __boot_bss struct host_facts facts;
	u64 seed;

	boot_info.counter_hz = UNKNOWN_HZ;
	boot_info.image_pa = HPA(core_image_pa);
	boot_info.image_bytes = (u64)(_end - _start);
	boot_info.boot_bytes = (u64)(_boot_end - _boot_begin) + (u64)(_bss_end - _boot_bss);
	boot_info.boot_text_bytes = (u64)(_boot_text_used - _boot_begin);
	boot_info.text_bytes = (u64)(_text_used - _boot_end);
	tables_init(&boot_cpu);
	if (cpu_init(&boot_cpu) != OK)
		stop_machine("the boot CPU lacks what the core needs");
	loader_read(loader, info, &facts);
	boot_info.efi = loader == LOADER_EFI;
	find_bundle(facts.image_pa != 0 ? facts.image_pa : core_image_pa);
	describe_host(&facts);
	hand_over(loader, &facts);
	for (u32 i = 0; i < BOOT_ENTROPY; i++)
		boot_info.has_entropy |= cpu_random(&boot_info.entropy[i]);
	(void)cpu_random(&seed);
	/* A NUL first stops strings. */
	__stack_chk_guard = mix(seed ^ read_tsc()) & ~UINT64_C(0xff);
	cpu_describe(boot_info.cpu_model, sizeof(boot_info.cpu_model));
	core_main();
}
