/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Machine checks of the machine (pure/mcheck.c has the policy). One in a guest ends its run, and
 * one in the core or in a component comes by the table of interrupts, wherever that was. It only
 * keeps its values then: the log's lock may be held. They are printed when the CPU takes interrupts
 * next. Errors that are corrected raise none. They are seen with the next one that does.
 */
#include "arch/x86_64/mcheck.h"

#include "arch/x86_64/irq.h"
#include "arch/x86_64/pure/mcheck.h"
#include "drivers/irqchip/apic.h"
#include <arch/boot.h>
#include <arch/time.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/guest.h>
#include <mullion/log.h>

#define FEATURE_MCA BIT(14) /* of CPUID leaf 1 */

#define VENDOR_INTEL 0x756e6547u /* "Genu", of EBX */

struct mcheck_state {
	struct mcheck_found found;
	struct mcheck_rate rate;
};

static struct mcheck_state states[CONFIG_MAX_CPUS];

static u64 read_bank(u32 msr)
{
	return read_msr(msr);
}

static void write_bank(u32 msr, u64 value)
{
	write_msr(msr, value);
}

static struct mcheck_cpu this_machine(void)
{
	return (struct mcheck_cpu){
		.cap = (cpuid(1, 0).d & FEATURE_MCA) != 0 ? read_msr(MSR_MCG_CAP) : 0,
		.amd = cpuid(0, 0).b != VENDOR_INTEL,
		.read = read_bank,
		.write = write_bank,
	};
}

static struct mcheck_state *own_state(void)
{
	return &states[this_cpu()->id];
}

static struct mcheck_found *scan(void)
{
	struct mcheck_cpu cpu = this_machine();
	struct mcheck_state *state = own_state();

	state->found = mcheck_scan(&cpu);
	return &state->found;
}

static const char *class_name(enum mcheck_class class)
{
	static const char *const names[] = {
		[MCHECK_NONE] = "no error on this CPU",
		[MCHECK_CORRECTED] = "corrected",
		[MCHECK_OPTIONAL] = "not corrected, and not used yet",
		[MCHECK_MEMORY] = "not corrected, in memory",
		[MCHECK_FATAL] = "not corrected, and the CPU's state may be wrong",
	};

	return names[class];
}

void mcheck_print(void)
{
	const struct mcheck_found *found = &own_state()->found;

	log_error("machine check on CPU %u: %s; %u banks, MCG_STATUS 0x%lx", this_cpu()->id,
		  class_name(found->class), found->errors, found->global);
	if (found->errors != 0)
		log_error("  bank %u: status 0x%lx address 0x%lx misc 0x%lx", found->bank,
			  found->status, found->address, found->misc);
}

/* A CPU with an error in each instruction must not fill the log. */
static void print_some(void)
{
	struct mcheck_state *state = own_state();
	u32 skipped;

	if (!mcheck_may_log(&state->rate, arch_time_now().v, &skipped))
		return;
	if (skipped != 0)
		log_error("%u machine checks on CPU %u had no message", skipped, this_cpu()->id);
	mcheck_print();
}

__boot void mcheck_init_cpu(struct cpu *cpu)
{
	struct mcheck_cpu banks = this_machine();

	if (scan()->errors != 0) {
		log_warn("CPU %u: an error from before the start", cpu->id);
		mcheck_print();
	}
	mcheck_start(&banks);
}

void core_machine_check(struct trap_frame *frame)
{
	struct arch_cpu *cpu = &this_cpu()->arch;

	if (mcheck_judge(scan(), false) != MCHECK_GO_ON)
		core_trap(frame);
	cpu->mchecks++;
	/* The CPU may be about to wait, behind its look for machine checks. */
	apic_send_self(VECTOR_KICK);
}

void mcheck_report(void)
{
	this_cpu()->arch.mchecks = 0;
	print_some();
}

static bool owns(const struct guest *guest, u64 address)
{
	for (u32 i = 0; i < guest->num_regions; i++) {
		const struct region *region = &guest->regions[i];

		if ((region->config->kind == REGION_RAM || region->config->kind == REGION_ROM) &&
		    address - region->hpa.v < region->size)
			return true;
	}
	return false;
}

/* Its memory keeps the error: a guest that uses that address again is reset again. */
bool exit_machine_check(struct vcpu *vcpu)
{
	const struct mcheck_found *found = scan();

	switch (mcheck_judge(found, owns(vcpu->guest, found->address))) {
	case MCHECK_GO_ON: print_some(); return true;
	case MCHECK_RESET_GUEST:
		print_some();
		log_error("guest '%s': machine check at 0x%lx of its memory: it is reset",
			  vcpu->guest->config->name, found->address);
		vcpu->arch.exit->kind = EXIT_SYSTEM_RESET;
		return false;
	default: break;
	}
	mcheck_print();
	panic("machine check while guest '%s' ran", vcpu->guest->config->name);
}
