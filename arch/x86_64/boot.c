/* SPDX-License-Identifier: Apache-2.0 */
/* From start.S, on the core's own tables, to core_main(): the machine's facts, and the secrets of
 * this boot. */
#include <arch/boot.h>

#include "arch/common/boot.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/pure/handover.h"
#include "drivers/uart/uart.h"
#include <abi/image.h>
#include <arch/cpu.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/log.h>

/* For messages before the rate is known: it is within a factor of ten. */
#define UNKNOWN_HZ UINT64_C(1000000000)

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
	boot_describe_image();
	tables_init(&boot_cpu);
	if (cpu_init(&boot_cpu) != OK)
		stop_machine("the boot CPU lacks what the core needs");
	loader_read(loader, info, &facts);
	boot_info.efi = loader == LOADER_EFI;
	boot_find_bundle((facts.image_pa != 0 ? facts.image_pa : core_image_pa) -
			 IMAGE_SETUP_BYTES);
	describe_host(&facts);
	hand_over(loader, &facts);
	for (u32 i = 0; i < BOOT_ENTROPY; i++)
		boot_info.has_entropy |= cpu_random(&boot_info.entropy[i]);
	(void)cpu_random(&seed);
	boot_set_guard(seed ^ read_tsc());
	cpu_describe(boot_info.cpu_model, sizeof(boot_info.cpu_model));
	core_main();
}
