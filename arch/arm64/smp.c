/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs: per-CPU data and stacks, controls that each sets for itself, start by PSCI, kick and stop.
 */
#include <arch/cpu.h>

#include "arch/arm64/boot.h"
#include "arch/arm64/guest.h"
#include "arch/arm64/irq.h"
#include "drivers/irqchip/gic.h"
#include "drivers/psci.h"
#include <arch/boot.h>
#include <arch/irq.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/format.h>
#include <mullion/guest.h>
#include <mullion/host.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/steps.h>
#include <stdatomic.h>

_Static_assert(offsetof(struct cpu, current) == CPU_CURRENT, "known to assembly");
_Static_assert(offsetof(struct cpu, arch.exception_top) == CPU_EXCEPTION_TOP, "known to assembly");
_Static_assert(offsetof(struct cpu, arch.stack_top) == CPU_STACK_TOP, "known to assembly");

/* MIDR_EL1: implementer and part number of the cores that are tested; QEMU's max has no
 * implementer. */
static const struct {
	u32 id; /* implementer << 12 | part */
	const char *name;
} models[] = {
	{ 0x41d03, "Cortex-A53" },   { 0x41d04, "Cortex-A35" },  { 0x41d05, "Cortex-A55" },
	{ 0x41d07, "Cortex-A57" },   { 0x41d08, "Cortex-A72" },  { 0x41d09, "Cortex-A73" },
	{ 0x41d0a, "Cortex-A75" },   { 0x41d0b, "Cortex-A76" },  { 0x41d0c, "Neoverse-N1" },
	{ 0x41d42, "Cortex-A78AE" }, { 0x41d49, "Neoverse-N2" }, { 0x00051, "QEMU max" },
};

struct cpu boot_cpu = { .arch = { .exception_top = BOOT_EXCEPTION_TOP,
				  .stack_top = BOOT_STACK_TOP } };
static u32 ipa_bits = PTE_S2_MAX_IPA_BITS;

void arch_space_init(struct space *space, enum space_use use)
{
	(void)use;
	space->kind = SPACE_STAGE2;
	space->address_bits = (u8)ipa_bits;
	space->start_level = (u8)pte_s2_start_level(ipa_bits);
}

__boot void cpu_describe(char *buf, size_t size)
{
	u64 midr = read_sysreg(midr_el1);
	u32 id = (u32)(FIELD(midr, 31, 24) << 12 | FIELD(midr, 15, 4));
	const char *name = NULL;

	for (u32 i = 0; i < ARRAY_SIZE(models); i++)
		if (models[i].id == id)
			name = models[i].name;
	if (name != NULL)
		format(buf, size, "%s r%lup%lu", name, FIELD(midr, 23, 20), FIELD(midr, 3, 0));
	else
		format(buf, size, "MIDR 0x%08lx", midr);
}

__boot enum err cpu_init(struct cpu *cpu)
{
	u32 bits = pte_s2_pa_bits((u32)FIELD(read_sysreg(id_aa64mmfr0_el1), 3, 0));

	cpu->arch.mpidr = read_sysreg(mpidr_el1) & MPIDR_AFFINITY;
	if (read_sysreg(hcr_el2) & HCR_E2H) {
		log_error("CPU 0x%lx cannot leave HCR_EL2.E2H=1: this core is not supported",
			  cpu->arch.mpidr);
		return ERR_UNSUPPORTED;
	}
	/* Guests' address space is what every CPU can do; it is settled before the first guest. */
	if (bits < ipa_bits) {
		if (cpu != &boot_cpu) {
			log_error("CPU 0x%lx has %u bits of physical address, the boot CPU more",
				  cpu->arch.mpidr, bits);
			return ERR_UNSUPPORTED;
		}
		ipa_bits = bits;
	}
	controls_init();
	isb();
	return OK;
}

/* PSCI: without it other CPUs cannot be started, nor the machine be powered off. */
__boot static enum err find_firmware(const struct host *host)
{
	enum err err = firmware_init(host);

	if (err == OK)
		return OK;
	log_warn(err == ERR_NOT_FOUND ? "no PSCI in the machine's tree"
				      : "PSCI by HVC cannot be called from EL2");
	if (cpu_count == 1)
		return OK;
	log_error(
		"%u CPUs cannot be started without PSCI by SMC: firmware (TF-A) must serve it, or "
		"the tree may list only the boot CPU",
		cpu_count - 1);
	return ERR_UNSUPPORTED;
}

/* ID_AA64MMFR0_EL1, Arm ARM D13.2.64: 0 is "not supported" of 16 KiB and "supported" of 64 KiB. */
__boot static u32 page_sizes(void)
{
	u64 mmfr0 = read_sysreg(id_aa64mmfr0_el1);

	return (u32)(KIB(4) + (FIELD(mmfr0, 23, 20) != 0 ? KIB(16) : 0) +
		     (FIELD(mmfr0, 27, 24) == 0 ? KIB(64) : 0));
}

__boot static enum err bring_up_self(struct cpu *cpu)
{
	enum err err = cpu_init(cpu);

	if (err != OK)
		return err;
	predict_cpu_init(cpu);
	return irq_init_cpu();
}

__boot enum err arch_cpus_init(struct host *host)
{
	enum err err = cpus_number(host, boot_cpu.arch.mpidr);

	if (err != OK)
		return err;
	for (u32 id = 0; id < cpu_count; id++)
		cpu_get(id)->arch.mpidr = host->cpus[id].identity;
	host->page_sizes = page_sizes();
	err = find_firmware(host);
	predict_cpu_init(this_cpu());
	cpus_bring_up(bring_up_self);
	return err;
}

/* Stacks out of the heap, mapped a second time with guard pages. */
__boot static enum err make_stacks(struct cpu *cpu)
{
	void *pages = page_alloc((CPU_STACK_BYTES + CPU_EXCEPTION_BYTES) / PAGE_SIZE);
	u8 *stack, *exception;
	hpa_t pa;

	if (pages == NULL)
		return ERR_NO_MEMORY;
	pa = page_to_hpa(pages);
	stack = arch_map(pa, CPU_STACK_BYTES, SPACE_READ | SPACE_WRITE);
	exception = arch_map(HPA(pa.v + CPU_STACK_BYTES), CPU_EXCEPTION_BYTES,
			     SPACE_READ | SPACE_WRITE);
	if (stack == NULL || exception == NULL)
		return ERR_NO_MEMORY;
	cpu->arch.stack_top = (u64)stack + CPU_STACK_BYTES;
	cpu->arch.exception_top = (u64)exception + CPU_EXCEPTION_BYTES;
	return OK;
}

__boot enum err arch_cpu_start(struct cpu *cpu)
{
	s32 code;

	if (make_stacks(cpu) != OK) {
		log_error("no memory for the stacks of CPU %u", cpu->id);
		return ERR_NO_MEMORY;
	}
	dsb(ish);
	code = firmware_cpu_on(cpu->arch.mpidr, HPA(mmu_pa(secondary_entry)), (u64)cpu);
	if (code != 0) {
		log_error("CPU %u (MPIDR 0x%lx) does not start: PSCI CPU_ON returned %d (%s)",
			  cpu->id, cpu->arch.mpidr, code, firmware_error_name(code));
		return ERR_HARDWARE;
	}
	return OK;
}

void cpu_park(void)
{
	atomic_store(&this_cpu()->online, false);
	for (;;)
		wfi();
}

void arm64_secondary(void)
{
	seed_keys();
	cpu_join();
}

void arch_cpu_kick(u32 cpu)
{
	gic->send_sgi(cpu, SGI_KICK);
}

void arch_cpu_idle(void)
{
	dsb(sy);
	steps_end();
	wfi();
	steps_begin(STEPS_IDLE);
	arch_irq_take();
}

void arch_stop(void)
{
	struct cpu *me = this_cpu();

	for (u32 id = 0; gic != NULL && id < cpu_count; id++)
		if (cpu_get(id) != me && atomic_load(&cpu_get(id)->online))
			gic->send_sgi(id, SGI_STOP);
	cpu_park();
}

void arch_poweroff(void)
{
	firmware_off();
	log_error("the firmware did not power the machine off");
	arch_stop();
}

void arch_reboot(void)
{
	firmware_reset();
	log_error("the firmware did not restart the machine");
	arch_stop();
}
