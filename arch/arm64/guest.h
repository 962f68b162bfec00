/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of the arm64 guest room, for vcpu.c, exit.c, sysregs.c, smccc.c, timer.c and inject.c. A
 * fast handler runs between a guest's exit and its return: x0..x30 are in vcpu->arch, the program
 * counter and PSTATE in ELR_EL2 and SPSR_EL2.
 */
#ifndef ARM64_GUEST_H
#define ARM64_GUEST_H

#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/guest.h>

/** exit_hvc(), exit_sync(), exit_irq(), exit_fiq(), exit_serror() - the fast handlers, called from
 * vectors.S. True: back to the guest; false: to arch_vcpu_run()'s caller. */
bool exit_hvc(struct vcpu *vcpu, u64 esr);
bool exit_sync(struct vcpu *vcpu, u64 esr);
/** exit_abort_quick() - a data abort with a valid syndrome (ISV) that is an access to the virtual
 * distributor, or to what a component serves. vectors.S knows the values. */
enum quick {
	QUICK_NOT = 0,   /* it is not, or cannot be served at once: nothing was done */
	QUICK_DONE = 1,  /* back to the guest */
	QUICK_LEAVE = 2, /* the exit says what for */
};
u32 exit_abort_quick(struct vcpu *vcpu, u64 esr);
/* A trapped register (ESR_EC_SYS64) that is served in a few instructions. False: it is not one;
 * nothing was done. */
bool sysreg_quick(struct vcpu *vcpu, u64 esr);
bool exit_irq(struct vcpu *vcpu);
bool exit_fiq(struct vcpu *vcpu);
bool exit_serror(struct vcpu *vcpu);
/** exit_recorded() - the same for a vCPU whose exits are recorded. @slot: synchronous, IRQ, FIQ,
 * SError. */
bool exit_recorded(struct vcpu *vcpu, u32 slot);
/** record_entry() - @vcpu's guest is entered next. vectors.S calls it. */
void record_entry(struct vcpu *vcpu);

/** smccc_offer_init() - what a guest is offered. */
void smccc_offer_init(struct smccc_offer *offer, const struct config_guest *config);
/** smccc_ask() - the machine's firmware about WORKAROUND_1 to 3 on this CPU: ARCH_FEATURES'
 * answers, negative without that firmware. smccc_firmware() - call it: @id with @argument. */
void smccc_ask(s32 workaround[3]);
s64 smccc_firmware(u32 id, u64 argument);
/** smccc_serve() - serve the firmware call in x0 to x7; result as of a fast handler. */
bool smccc_serve(struct vcpu *vcpu);
/** sysreg_trap() - serve a trapped system register or instruction (EC 0x18). A handler of exit.c's
 * table. */
bool sysreg_trap(struct vcpu *vcpu, struct arm64_trap *trap);

/** arm64_vcpu_load() - @vcpu's state into this CPU, wherever it is now: before its EL1 registers
 * are touched. Own thread. */
void arm64_vcpu_load(struct vcpu *vcpu);

/** timer_vcpu_init() - its timer events. timer_vcpu_stop() - none of them will come. */
void timer_vcpu_init(struct vcpu *vcpu);
void timer_vcpu_stop(struct vcpu *vcpu);
/** timer_put() - the vCPU was just taken out of the hardware: an event comes for its virtual timer.
 * timer_load() - the hardware's timer is about to take over. Own CPU. */
void timer_put(struct vcpu *vcpu);
void timer_load(struct vcpu *vcpu);
/** timer_update() - the emulated physical timer's line and deadline after time or a register
 * changed. */
void timer_update(struct vcpu *vcpu);
/** timer_watch() - have the deadline within two milliseconds: its interrupt makes a controller that
 * forgets one look again (gicv2_forgets). */
void timer_watch(struct vcpu *vcpu);
/** timer_look() - in ten milliseconds, if the vCPU runs then, take out of its list registers what
 * is pending there for a line that has fallen. Own CPU. */
void timer_look(struct vcpu *vcpu);
/** timer_now() - the guest's physical count. */
static inline u64 timer_now(const struct vcpu *vcpu)
{
	isb();
	return read_sysreg(cntpct_el0) - vcpu->guest->arch.cntvoff;
}
/** timer_sysreg() - serve CNTP_CTL, CVAL, TVAL, CNTPCT; false: some other register. */
bool timer_sysreg(struct vcpu *vcpu, u32 reg, bool write, u64 *value);

/** serror_take() - take the pending system error of this CPU, if there is one (vectors.S). Returns
 * its syndrome (ESR_EL2), or 0. TPIDR_EL0 and TPIDRRO_EL0 are clobbered. serror_look() - the guest
 * of @vcpu gets a system error that is pending or deferred. Own CPU, interrupts masked. */
u64 serror_take(void);
void serror_look(struct vcpu *vcpu);
/** serror_settle() - a system error that @vcpu's accesses have caused becomes its own before
 * anything else runs: wait for them, and look. Its registers were just stored; the guest's vectors
 * are active. Arm ARM D1.10.5, DDI 0587 (RAS). */
static inline void serror_settle(struct vcpu *vcpu)
{
	dsb(sy);
	isb(); /* no early read of ISR_EL1 */
	if (__builtin_expect(
		    (read_sysreg(isr_el1) & ISR_A) != 0 || (vcpu->arch.extra & EXTRA_RAS) != 0, 0))
		serror_look(vcpu);
}

/** debug_cpu_init() - no breakpoint or watchpoint of this CPU is on. Once, before any guest. */
void debug_cpu_init(void);
/** debug_load() - @debug's breakpoints and watchpoints into this CPU. */
void debug_load(const struct debug_state *debug);
/** debug_sysreg() - serve a register of op0 2; false: some other register. The vCPU is active. */
bool debug_sysreg(struct vcpu *vcpu, u32 reg, bool write, u64 *value);

/** extra_state() - EXTRA_* of every vCPU on a machine with the ID registers @raw. */
u32 extra_state(const u64 *raw);
/** extra_reset() - the optional state of @vcpu out of reset. extra_save(), extra_load() - what
 * vcpu->arch.extra says between it and the hardware. Own CPU. */
void extra_reset(struct vcpu *vcpu);
void extra_save(struct vcpu *vcpu);
void extra_load(const struct vcpu *vcpu);
/** predict_cpu_init() - what this CPU's branch predictors need. Once, after the firmware was found.
 * predict_barrier() - do it: @next is about to run here, and another guest has before. */
void predict_cpu_init(struct cpu *cpu);
void predict_barrier(struct cpu *cpu, const struct guest *next);
/* ID registers of the boot CPU, [CRm << 3 | op2] as in struct arch_guest. */
extern u64 machine_id[ARM64_ID_REGS];
extern s32 machine_workaround[3]; /* smccc_ask() on the boot CPU */
/** controls_init() - this CPU's EL2 controls that are the same for all guests and components. Once,
 * before any runs. */
void controls_init(void);

/** inject_undef() - the instruction of @vcpu's trap is undefined for this guest. */
void inject_undef(struct vcpu *vcpu);
/** inject_fault() - the abort that answers @exit, an access or fault. pc and pstate are in
 * vcpu->arch. Own thread. */
void inject_fault(struct vcpu *vcpu, const struct vcpu_exit *exit);
/** guest_translate() - stage 1 of the loaded @vcpu: @va as EL1 or EL0 reads it. False: it faults.
 * Uses the copy window. */
bool guest_translate(struct vcpu *vcpu, u64 va, bool el0, gpa_t *gpa);
/** guest_fetch() - the instruction word at @pc of the loaded guest; false when it cannot be read.
 */
bool guest_fetch(struct vcpu *vcpu, u64 pc, u64 pstate, u32 *insn);

/* SPSR of AArch64: the branch type; of both: AArch32 state. */
#define VECTOR_TABLE_BYTES 0x800u
#define PSR_A32            BIT(4)

/** trap_skip() - pc and pstate of @trap go behind its instruction, which was emulated; step and
 * branch-type state are cleared. */
void trap_skip(struct arm64_trap *trap);
/** vcpu_skip() - the same of @vcpu's trap, and the base register of an undecoded access is updated.
 * Own thread. */
void vcpu_skip(struct vcpu *vcpu);

/** reg_read() - general register @reg; number 31 is XZR. reg_write() - set it. */
static inline u64 reg_read(const struct vcpu *vcpu, u32 reg)
{
	return reg == 31 ? 0 : vcpu->arch.x[reg];
}

static inline void reg_write(struct vcpu *vcpu, u32 reg, u64 value)
{
	if (reg != 31)
		vcpu->arch.x[reg] = value;
}

/* Is @pc in the loaded guest's vector table, after an exception was taken there? */
static inline bool in_vectors(u64 pc, u64 pstate)
{
	return pc - read_sysreg(vbar_el1) < VECTOR_TABLE_BYTES &&
	       (pstate & (PSR_MODE_MASK | PSR_A32)) == PSR_MODE_EL1H;
}

/* Sub-set of extend_value() that is hot: inline. */
static inline u64 load_value(u64 value, u64 esr)
{
	u32 shift;

	/* Nearly all are words. */
	if ((esr & (ISS_SAS | ISS_SSE)) == ISS_SAS_WORD)
		return (u32)value;
	shift = 64 - (8u << FIELD(esr, 23, 22));
	value <<= shift;
	value = (esr & ISS_SSE) != 0 ? (u64)((s64)value >> shift) : value >> shift;
	return (esr & ISS_SF) != 0 ? value : value & UINT32_MAX;
}

#endif
