/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Trapped system registers and instructions. A register that the guest's ID registers exclude is
 * undefined there, as on a CPU without it. Other registers are emulated, or read as zero and
 * written without effect where the architecture allows that.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/pure/esr.h"
#include <arch/mmu.h>
#include <mullion/log.h>

#define ACTLR_EL1     SYSREG(3, 0, 1, 0, 1)
#define ICC_SGI1R_EL1 SYSREG(3, 0, 12, 11, 5)
#define DC_ISW        SYSREG(1, 0, 7, 6, 2)
#define DC_CSW        SYSREG(1, 0, 7, 10, 2)
#define DC_CISW       SYSREG(1, 0, 7, 14, 2)
#define OSDLR_EL1     SYSREG(2, 0, 1, 3, 4)
#define DBGPRCR_EL1   SYSREG(2, 0, 1, 4, 4)
#define OSDTRRX_EL1   SYSREG(2, 0, 0, 0, 2)
#define OSDTRTX_EL1   SYSREG(2, 0, 0, 3, 2)
#define OSECCR_EL1    SYSREG(2, 0, 0, 6, 2)
#define MDCCINT_EL1   SYSREG(2, 0, 0, 2, 0)
#define MDRAR_EL1     SYSREG(2, 0, 1, 0, 0)
#define MDCCSR_EL0    SYSREG(2, 3, 0, 1, 0)
#define DBGDTR_EL0    SYSREG(2, 3, 0, 4, 0)
#define DBGDTRRX_EL0  SYSREG(2, 3, 0, 5, 0)
#define CLAIMSET_EL1  SYSREG(2, 0, 7, 8, 6)
#define CLAIMCLR_EL1  SYSREG(2, 0, 7, 9, 6)
#define AUTHSTAT_EL1  SYSREG(2, 0, 7, 14, 6)

/* RAZ/WI: implemented by every ARMv8.0 CPU, and nothing is behind them here. */
static bool is_ignored(u32 reg)
{
	switch (reg) {
	case ACTLR_EL1:
	case OSDLR_EL1:
	case DBGPRCR_EL1:
	case OSDTRRX_EL1:
	case OSDTRTX_EL1:
	case OSECCR_EL1:
	case MDCCINT_EL1:
	case MDRAR_EL1:
	case MDCCSR_EL0:
	case DBGDTR_EL0:
	case DBGDTRRX_EL0:
	case CLAIMSET_EL1:
	case CLAIMCLR_EL1:
	case AUTHSTAT_EL1: return true;
	default: return false;
	}
}

/*
 * Set/way maintenance reaches one CPU's caches and is meant by guests as "all of memory". The sweep
 * does that by address, once, over the guest's RAM. Until the guest switches its caches on or off
 * (HCR_EL2.TVM shows), guest_set_way (vectors.S) skips every further operation.
 */
static void set_way(struct vcpu *vcpu)
{
	vcpu_sweep(vcpu);
	write_sysreg(read_sysreg(hcr_el2) | HCR_TVM, hcr_el2);
}

/* Registers that HCR_EL2.TVM traps, while a switch of the caches is waited for. */
static bool memory_control(struct vcpu *vcpu, u32 reg, u64 value)
{
	u64 before = read_sysreg(sctlr_el1);

	switch (reg) {
	case SYSREG(3, 0, 1, 0, 0):
		write_sysreg(value, sctlr_el1);
		if (((before ^ value) & SCTLR_C) != 0) {
			vcpu_sweep(vcpu);
			if (value & SCTLR_C)
				write_sysreg(read_sysreg(hcr_el2) & ~HCR_TVM, hcr_el2);
		}
		break;
	case SYSREG(3, 0, 2, 0, 0): write_sysreg(value, ttbr0_el1); break;
	case SYSREG(3, 0, 2, 0, 1): write_sysreg(value, ttbr1_el1); break;
	case SYSREG(3, 0, 2, 0, 2): write_sysreg(value, tcr_el1); break;
	case SYSREG(3, 0, 5, 2, 0): write_sysreg(value, esr_el1); break;
	case SYSREG(3, 0, 6, 0, 0): write_sysreg(value, far_el1); break;
	case SYSREG(3, 0, 5, 1, 0): write_sysreg(value, afsr0_el1); break;
	case SYSREG(3, 0, 5, 1, 1): write_sysreg(value, afsr1_el1); break;
	case SYSREG(3, 0, 10, 2, 0): write_sysreg(value, mair_el1); break;
	case SYSREG(3, 0, 10, 3, 0): write_sysreg(value, amair_el1); break;
	case SYSREG(3, 0, 13, 0, 1): write_sysreg(value, contextidr_el1); break;
	default: return false;
	}
	return true;
}

static bool is_id_space(u32 reg)
{
	return (reg & SYSREG(3, 7, 15, 8, 0)) == SYSREG(3, 0, 0, 0, 0) && SYSREG_CRM(reg) != 0;
}

/* The rarely used ones. False: undefined for this guest. */
static bool cold_register(struct vcpu *vcpu, u32 reg, bool write, u64 *value)
{
	if (timer_sysreg(vcpu, reg, write, value))
		return true;
	if (SYSREG_OP0(reg) == 2 && debug_sysreg(vcpu, reg, write, value))
		return true;
	if (write && (reg == DC_ISW || reg == DC_CSW || reg == DC_CISW)) {
		set_way(vcpu);
		return true;
	}
	if (write && memory_control(vcpu, reg, *value))
		return true;
	*value = 0;
	return is_ignored(reg);
}

static bool undefined(struct vcpu *vcpu, u32 reg, bool write)
{
	if (!vcpu->arch.warned_sysreg)
		log_info("guest '%s': %s of S%u_%u_C%u_C%u_%u is undefined here (reported once)",
			 vcpu->guest->config->name, write ? "write" : "read", SYSREG_OP0(reg),
			 SYSREG_OP1(reg), SYSREG_CRN(reg), SYSREG_CRM(reg), SYSREG_OP2(reg));
	vcpu->arch.warned_sysreg = true;
	inject_undef(vcpu);
	return true;
}

bool sysreg_quick(struct vcpu *vcpu, u64 esr)
{
	u32 reg = (u32)esr & (u32)SYSREG_MASK;
	u64 value = 0;

	if ((esr & SYSREG_READ) == 0) {
		if (reg != ICC_SGI1R_EL1 || !virq_sgi(vcpu, reg_read(vcpu, SYSREG_RT((u32)esr))))
			return false;
		virq_flush(vcpu);
	} else {
		if (is_id_space(reg))
			value = vcpu->guest->arch.id[SYSREG_CRM(reg) << 3 | SYSREG_OP2(reg)];
		else if (reg == CNTPCT_EL0)
			value = timer_now(vcpu);
		else if (reg != ACTLR_EL1)
			return false;
		reg_write(vcpu, SYSREG_RT((u32)esr), value);
	}
	write_sysreg(read_sysreg(elr_el2) + 4, elr_el2);
	write_sysreg(read_sysreg(spsr_el2) & ~(PSR_SS | PSR_BTYPE), spsr_el2);
	return true;
}

bool sysreg_trap(struct vcpu *vcpu, struct arm64_trap *trap)
{
	u32 iss = (u32)ESR_ISS(trap->esr);
	u32 reg = iss & (u32)SYSREG_MASK;
	bool write = (iss & SYSREG_READ) == 0;
	u64 value = write ? reg_read(vcpu, SYSREG_RT(iss)) : 0;
	bool leave = false;

	if (virq_sysreg(vcpu, iss, write, &value)) {
		virq_flush(vcpu);
	} else if (is_id_space(reg) && !write) {
		value = vcpu->guest->arch.id[SYSREG_CRM(reg) << 3 | SYSREG_OP2(reg)];
	} else if (cold_register(vcpu, reg, write, &value)) {
		virq_flush(vcpu);
		leave = (atomic_load(&vcpu->requests) & VCPU_REQ_SWEEP) != 0;
	} else {
		return undefined(vcpu, reg, write);
	}
	if (!write)
		reg_write(vcpu, SYSREG_RT(iss), value);
	trap_skip(trap);
	if (leave)
		vcpu->arch.exit->kind = EXIT_NONE;
	return !leave;
}
