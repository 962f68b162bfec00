/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs on arm64: the state that is switched, and the controls that a guest runs under. A vCPU is
 * loaded when it runs and another's state is in the hardware, and is saved when another is about to
 * run. A thread of the core or a component in between costs a few registers (regime.h).
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/config.h"
#include "arch/arm64/pure/esr.h"
#include "arch/arm64/pure/idregs.h"
#include "arch/arm64/pure/psci.h"
#include "arch/arm64/regime.h"
#include "drivers/irqchip/gic.h"
#include <arch/mmu.h>
#include <arch/time.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/sched.h>
#include <mullion/steps.h>
#include <mullion/string.h>

_Static_assert(offsetof(struct vcpu, arch) == 0, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, x) == VCPU_X, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, trap.pc) == VCPU_PC, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, trap.pstate) == VCPU_PSTATE, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, host_sp) == VCPU_HOST_SP, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, way) == VCPU_WAY, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, apia) == VCPU_APIA, "known to assembly");
_Static_assert(offsetof(struct arm64_fp, fpsr) == 512, "known to fp.S");
_Static_assert(_Alignof(struct vcpu) >= 16, "SP_EL2 points at it while the guest runs");

void arm64_fp_save(struct arm64_fp *fp);
void arm64_fp_load(const struct arm64_fp *fp);

/* Traps that need the feature to exist, because their bits are RES0 without it. */
#define HCR_TLOR BIT(35)

/* HCR_EL2 of every guest (Arm ARM D13.2.48). */
#define HCR_GUEST                                                                          \
	(HCR_VM | HCR_SWIO | HCR_PTW | HCR_FMO | HCR_IMO | HCR_AMO | HCR_FB | HCR_BSU_IS | \
	 HCR_TID3 | HCR_TSC | HCR_TIDCP | HCR_TACR | HCR_TSW | HCR_RW)
/* Between guests: interrupts come to the core, EL1 is AArch64. */
#define HCR_NO_GUEST (HCR_FMO | HCR_IMO | HCR_AMO | HCR_RW)

#define PSTATE_RESET (PSR_MODE_EL1H | PSR_DAIF)
#define MPIDR_RES1   BIT(31)

/* A GICv2 guest talks to the machine's virtual CPU interface itself. */
static enum err map_gicv(struct guest *guest)
{
	hpa_t base;
	u64 bytes;

	if (!virq_gicv_frame(&base, &bytes))
		return OK;
	return space_map(&guest->space, guest->config->arch.arm64.gicc, base, bytes,
			 SPACE_READ | SPACE_WRITE | SPACE_DEVICE);
}

static void vcpu_init(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	arch->vmpidr = arm64_vcpu_identity(vcpu->index) | MPIDR_RES1;
	arch->hcr = vcpu->guest->arch.hcr;
	arch->extra = vcpu->guest->arch.extra;
	arch->way = read_sysreg(sctlr_el2) & SCTLR_ENIA ? BIT(WAY_KEYS_BIT) : 0;
	timer_vcpu_init(vcpu);
	/* The first vCPU reads the other redistributors before it starts their vCPUs. */
	virq_vcpu_reset(vcpu);
}

enum err arch_guest_init(struct guest *guest)
{
	const u64 *raw = machine_id;
	struct idreg_offer offer = {
		.gic_sysregs = guest->config->arch.arm64.gic_version == 3,
		.ipa_bits = guest->space.address_bits,
	};
	enum err err;

	offer.pauth = idregs_has_pauth(raw);
	idregs_sanitise(raw, &offer, guest->arch.id);
	guest->arch.midr = read_sysreg(midr_el1);
	guest->arch.vttbr = mmu_vttbr(&guest->space);
	guest->arch.vtcr =
		pte_s2_control(guest->space.address_bits, (u32)FIELD(raw[IDREG_AA64MMFR0], 3, 0));
	guest->arch.hcr = HCR_GUEST;
	if (offer.pauth)
		guest->arch.hcr |= HCR_API | HCR_APK;
	if (FIELD(raw[IDREG_AA64PFR0], 31, 28) != 0)
		guest->arch.hcr |= HCR_TERR;
	if (FIELD(raw[IDREG_AA64MMFR1], 19, 16) != 0)
		guest->arch.hcr |= HCR_TLOR;
	guest->arch.extra = extra_state(raw);
	smccc_offer_init(&guest->arch.firmware, guest->config);
	/* With an offset, a compare value near the end of time overflows in QEMU 7.2: it stops. */
	guest->arch.cntvoff = guest->config->own_counter ? read_sysreg(cntpct_el0) : 0;
	err = map_gicv(guest);
	if (err == OK)
		err = virq_guest_init(guest);
	for (u32 i = 0; err == OK && i < guest->num_vcpus; i++)
		vcpu_init(guest->vcpus[i]);
	return err;
}

void arch_guest_destroy(struct guest *guest)
{
	/* Another guest may get this structure: it is not the one that has trained predictors. */
	for (u32 id = 0; id < cpu_count; id++)
		if (cpu_get(id)->arch.predicts_for == guest)
			cpu_get(id)->arch.predicts_for = NULL;
	virq_guest_destroy(guest);
}

void arch_guest_reset(struct guest *guest)
{
	virq_guest_reset(guest);
}

enum err arch_boot_write(struct vcpu *vcpu)
{
	const struct config_guest *config = vcpu->guest->config;
	enum err err = guest_load_images(vcpu, &arm64_guest_nodes);

	vcpu->start = (struct vcpu_start){ config->entry.v, config->tree.load.v };
	invalidate_icache();
	return err;
}

static void save_registers(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

#define X(field, name, reset) arch->el1.field = read_sysreg(name);
	ARM64_EL1_REGS(X)
#undef X
	arch->hcr = read_sysreg(hcr_el2);
	if (__builtin_expect(arch->extra != 0, 0))
		extra_save(vcpu);
}

static void load_registers(const struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;

#define X(field, name, reset) write_sysreg(arch->el1.field, name);
	ARM64_EL1_REGS(X)
#undef X
	if (__builtin_expect(arch->extra != 0, 0))
		extra_load(vcpu);
}

/* Controls that differ between guests; those of every guest are set once (controls.c). */
static void load_controls(const struct guest *guest)
{
	const struct arch_guest *arch = &guest->arch;

	/* The physical timer traps, at EL1 and EL0; so does the counter, unless the guest's time is
	 * the machine's. */
	write_sysreg(arch->cntvoff == 0 ? CNTHCTL_EL1PCTEN : 0, cnthctl_el2);
	write_sysreg(arch->cntvoff, cntvoff_el2);
	write_sysreg(arch->midr, vpidr_el2);
	write_sysreg(arch->vtcr, vtcr_el2);
	write_sysreg(arch->vttbr, vttbr_el2);
}

static void unload(struct vcpu *vcpu)
{
	regime_guest(vcpu);
	virq_put(vcpu);
	arm64_fp_save(&vcpu->arch.fp);
	save_registers(vcpu);
	serror_settle(vcpu);
	/* A timer that continued would interrupt the next thread of this CPU. */
	write_sysreg(0, cntv_ctl_el0);
	timer_put(vcpu);
	write_sysreg(HCR_NO_GUEST, hcr_el2);
	isb();
	this_cpu()->current = NULL;
	regime_none();
}

static void load(struct vcpu *vcpu)
{
	struct cpu *cpu = this_cpu();

	if (cpu->current != NULL)
		unload(cpu->current);
	if (__builtin_expect(cpu->arch.predicts_for != vcpu->guest, 0))
		predict_barrier(cpu, vcpu->guest);
	timer_load(vcpu);
	load_controls(vcpu->guest);
	write_sysreg(vcpu->arch.vmpidr, vmpidr_el2);
	virq_load(vcpu);
	load_registers(vcpu);
	write_sysreg(vcpu->arch.hcr, hcr_el2);
	isb();
	arm64_fp_load(&vcpu->arch.fp);
	cpu->current = vcpu;
	regime_loaded(vcpu);
}

void arm64_vcpu_load(struct vcpu *vcpu)
{
	if (this_cpu()->current != vcpu)
		load(vcpu);
	else
		regime_guest(vcpu);
}

void arch_vcpu_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct arch_vcpu *arch = &vcpu->arch;

	if (this_cpu()->current == vcpu)
		unload(vcpu);
	timer_vcpu_stop(vcpu);
	memset(arch->x, 0, sizeof(arch->x));
	memset(arch->apia, 0, sizeof(arch->apia));
	memset(&arch->fp, 0, sizeof(arch->fp));
	extra_reset(vcpu);
	arch->trap.pc = start->pc;
	arch->trap.pstate = PSTATE_RESET;
	arch->x[0] = start->argument;
#define X(field, name, reset) arch->el1.field = (reset);
	ARM64_EL1_REGS(X)
#undef X
	arch->hcr = vcpu->guest->arch.hcr;
	arch->traps_wfi = false;
	arch->cntp_ctl = 0;
	arch->cntp_cval = 0;
	arch->cntp_level = false;
	arch->writeback = false;
	arch->vector_aborts = 0;
	/* A vCPU that wakes from CPU_SUSPEND keeps its interrupts, as one of them woke it. Its
	 * timer has just lost its level: the timer's interrupt stays pending as if set by software.
	 */
	if (atomic_load(&vcpu->fresh))
		virq_vcpu_reset(vcpu);
	else
		arch->virq.vgic.bank.soft |= arch->virq.vgic.bank.linked;
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	if (this_cpu()->current == vcpu)
		unload(vcpu);
	timer_vcpu_stop(vcpu);
	virq_vcpu_off(vcpu);
}

/* GICv2: an interrupt that the guest has yet to end is what may be forgotten (gicv2_forgets). */
static bool list_registers_used(void)
{
	u32 empty = mmio_read32(gicv2_gich + GICH_ELRSR0);

	return empty != BIT(gic->num_lrs) - 1;
}

/* WFI is left to the CPU while no other thread is READY and no manager watches (guest_watch()). */
static void choose_wfi(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	const struct guest *guest = vcpu->guest;
	bool others = !sched_alone();
	bool trap = others || guest->config->arch.arm64.trap_wfi ||
		    atomic_load_explicit(&guest->watch_until, memory_order_relaxed) != 0;

	/* With a stale virtual interrupt pending, WFI neither blocks nor traps (Arm ARM D1.6.2: it
	 * traps only if it would suspend). A lower priority would wait without end.
	 */
	if (others && !sched_ends() && !timer_is_armed(&arch->look))
		timer_look(vcpu);
	if (trap == arch->traps_wfi)
		return;
	arch->traps_wfi = trap;
	write_sysreg(read_sysreg(hcr_el2) ^ HCR_TWI, hcr_el2);
}

void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_NONE;
	vcpu->arch.exit = exit;
	if (__builtin_expect(this_cpu()->arch.regime != vcpu, 0))
		arm64_vcpu_load(vcpu);
	if (vcpu->arch.cntp_ctl & CNT_CTL_ENABLE)
		timer_update(vcpu);
	virq_flush(vcpu);
	if (gicv2_forgets) {
		if (list_registers_used())
			timer_watch(vcpu);
		else
			(void)timer_stop(&vcpu->arch.watch); /* it would end a WFI too early */
	}
	choose_wfi(vcpu);
	steps_end();
	arm64_enter(vcpu);
}

bool arch_vcpu_posted(const struct vcpu *vcpu)
{
	return atomic_load_explicit(&vcpu->arch.virq.vgic.flags, memory_order_acquire) != 0;
}

bool arch_vcpu_wants_irq(struct vcpu *vcpu)
{
	bool begins = vcpu->arch.wait_begins;

	vcpu->arch.wait_begins = false;
	if (vcpu->arch.cntp_ctl & CNT_CTL_ENABLE)
		timer_update(vcpu);
	if (!virq_wants(vcpu))
		return false;
	/* A list register may hold one for a line that has fallen. */
	if (begins) {
		virq_sync(vcpu);
		if (!virq_wants(vcpu))
			return false;
	}
	if (gicv2_forgets)
		timer_watch(vcpu);
	return true;
}

/* The base register of an access that was decoded by software, once it has been done. */
static void finish_writeback(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	if (!arch->writeback)
		return;
	arch->writeback = false;
	arm64_vcpu_load(vcpu);
	if (arch->writeback_reg != 31)
		arch->x[arch->writeback_reg] = arch->writeback_value;
	else if ((arch->trap.pstate & PSR_MODE_MASK) == PSR_MODE_EL1H)
		write_sysreg(arch->writeback_value, sp_el1);
	else
		write_sysreg(arch->writeback_value, sp_el0);
}

void trap_skip(struct arm64_trap *trap)
{
	trap->pc += (trap->esr & ESR_IL) != 0 ? 4 : 2;
	if (trap->pstate & PSR_A32)
		trap->pstate = a32_skip_it(trap->pstate);
	else
		trap->pstate &= ~PSR_BTYPE;
	trap->pstate &= ~PSR_SS;
}

void vcpu_skip(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	arch->vector_aborts = 0;
	trap_skip(&arch->trap);
	finish_writeback(vcpu);
}

static void set_result(struct vcpu *vcpu, enum err result)
{
	s64 value = PSCI_INTERNAL_FAILURE;

	switch (result) {
	case OK: value = PSCI_SUCCESS; break;
	case ERR_INVALID:
	case ERR_NOT_FOUND: value = PSCI_INVALID_PARAMETERS; break;
	case ERR_EXISTS: value = PSCI_ALREADY_ON; break;
	case ERR_BUSY: value = PSCI_ON_PENDING; break;
	case ERR_DENIED: value = PSCI_DENIED; break;
	case ERR_UNSUPPORTED: value = PSCI_NOT_SUPPORTED; break;
	default: break;
	}
	vcpu->arch.x[0] = (u64)value;
}

void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value)
{
	const struct arm64_access *access = &vcpu->arch.access;

	switch (exit->kind) {
	case EXIT_READ:
	case EXIT_WRITE:
	case EXIT_FAULT: break;
	default: set_result(vcpu, result); return;
	}
	if (result != OK) {
		inject_fault(vcpu, exit);
		return;
	}
	vcpu_skip(vcpu);
	if (exit->kind == EXIT_READ)
		reg_write(vcpu, access->reg,
			  extend_value(value, exit->access.width, access->sign_extend,
				       access->reg64));
}

/* Four registers to a line keep a dump on one screen. */
#define DUMP_LINES 11u

static void dump_line(const struct vcpu *vcpu, u32 line)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	const u64 *x = &arch->x[4 * MIN(line, 7u)];

	if (line < 7)
		log_error("  x%-2u %016lx x%-2u %016lx x%-2u %016lx x%-2u %016lx", 4 * line, x[0],
			  4 * line + 1, x[1], 4 * line + 2, x[2], 4 * line + 3, x[3]);
	else if (line == 7)
		log_error("  x28 %016lx x29 %016lx x30 %016lx", x[0], x[1], x[2]);
	else if (line == 8)
		log_error("  pc  %016lx pstate %08lx sp_el0 %016lx sp_el1 %016lx", arch->trap.pc,
			  arch->trap.pstate, arch->el1.sp_el0, arch->el1.sp_el1);
	else if (line == 9)
		log_error("  elr %016lx spsr %08lx esr %08lx far %016lx vbar %016lx", arch->el1.elr,
			  arch->el1.spsr, arch->el1.esr, arch->el1.far, arch->el1.vbar);
	else
		log_error("  sctlr %016lx tcr %016lx ttbr0 %016lx ttbr1 %016lx", arch->el1.sctlr,
			  arch->el1.tcr, arch->el1.ttbr0, arch->el1.ttbr1);
}

void arch_vcpu_dump(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;
	u32 insn;

	if (this_cpu()->current == vcpu) {
		regime_guest(vcpu);
		save_registers(vcpu);
	}
	if (syndrome_has_address(arch->trap.esr))
		log_error("  vcpu %u on CPU %u, exception syndrome %08lx, fault address %016lx",
			  vcpu->index, vcpu->thread.cpu, arch->trap.esr, arch->trap.far);
	else
		log_error("  vcpu %u on CPU %u, exception syndrome %08lx", vcpu->index,
			  vcpu->thread.cpu, arch->trap.esr);
	/* A line takes 8,000 instructions. */
	for (u32 line = 0; line < DUMP_LINES; line++) {
		thread_preempt_point();
		dump_line(vcpu, line);
	}
	if (this_cpu()->current == vcpu &&
	    guest_fetch(vcpu, arch->trap.pc, arch->trap.pstate, &insn))
		log_error("  instruction at pc: %08x", insn);
	else
		log_error("  instruction at pc: cannot be read");
}
