/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2 controls that are the same for every guest and component, so no switch writes them. They are
 * traps, and values of registers whose reset value the architecture leaves open.
 */
#include "arch/arm64/guest.h"

#include "arch/arm64/boot.h"
#include "arch/arm64/pure/idregs.h"
#include "arch/arm64/pure/mpam.h"
#include "arch/arm64/regime.h"
#include <arch/mmu.h>

u64 machine_id[ARM64_ID_REGS];

/* SVE, SME and trace trap. Not FP: it would trap the core's own copying too, and CPACR_EL1 has a
 * component's FP trapped. */
#define CPTR_ALL (CPTR_RES1 | CPTR_TZ | CPTR_TSM | CPTR_TTA)
/* PMU, debug, OS lock, debug ROM, statistical profiling and trace filtering trap. */
#define MDCR_ALL (MDCR_TPM | MDCR_TPMCR | MDCR_TDA | MDCR_TDOSA | MDCR_TDRA | MDCR_TPMS | MDCR_TTRF)

/* B: a signed offset in instructions (Arm ARM C6.2.26). */
#define INSN_B        0x14000000u
#define INSN_B_OFFSET 0x03ffffffu

__boot static void memory_partitioning(void)
{
	u64 id = read_sysreg(SYS_MPAMIDR_EL1);

	/* A guest cannot choose: its accesses are in partition 0, as without partitions. */
	write_sysreg(0, SYS_MPAM0_EL1);
	write_sysreg(0, SYS_MPAM1_EL1);
	write_sysreg(mpam2_traps(id), SYS_MPAM2_EL2);
	if (mpamhcr_traps(id) != 0)
		write_sysreg(mpamhcr_traps(id), SYS_MPAMHCR_EL2);
}

__boot static void fine_grained_traps(void)
{
	write_sysreg(0, SYS_HFGRTR_EL2);
	write_sysreg(0, SYS_HFGWTR_EL2);
	write_sysreg(0, SYS_HFGITR_EL2);
	write_sysreg(0, SYS_HDFGRTR_EL2);
	write_sysreg(0, SYS_HDFGWTR_EL2);
}

/* HPMN: 0 is not allowed, and below the number of counters it would hide some (D13.3.18). */
__boot static u64 counters(void)
{
	u64 version = FIELD(read_sysreg(id_aa64dfr0_el1), 11, 8);

	return version != 0 && version != 0xf ? FIELD(read_sysreg(pmcr_el0), 15, 11) : 0;
}

#define READ_ID(crm, op2) machine_id[IDREG(crm, op2)] = read_sysreg(S3_0_C0_C##crm##_##op2)
#define READ_ID_ROW(crm)                                                            \
	do {                                                                        \
		READ_ID(crm, 0), READ_ID(crm, 1), READ_ID(crm, 2), READ_ID(crm, 3); \
		READ_ID(crm, 4), READ_ID(crm, 5), READ_ID(crm, 6), READ_ID(crm, 7); \
	} while (0)

__boot static void read_id_registers(void)
{
	READ_ID_ROW(1);
	READ_ID_ROW(2);
	READ_ID_ROW(3);
	READ_ID_ROW(4);
	READ_ID_ROW(5);
	READ_ID_ROW(6);
	READ_ID_ROW(7);
}

/* The core signs its return addresses: guests leave and enter by the paths that exchange keys. */
__boot static void exchange_keys(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(arm64_guest_branches); i++) {
		const struct guest_branch *branch = &arm64_guest_branches[i];
		u32 *word = arch_window_map(HPA(mmu_pa(branch->at)), sizeof(*word));

		*word = INSN_B | ((u32)(branch->to - branch->at) & INSN_B_OFFSET);
		arch_clean_invalidate(word, sizeof(*word));
		arch_window_unmap();
	}
	invalidate_icache();
}

__boot void controls_init(void)
{
	u64 pfr0 = read_sysreg(id_aa64pfr0_el1), pfr1 = read_sysreg(id_aa64pfr1_el1);

	write_sysreg(CPTR_ALL | (FIELD(pfr0, 47, 44) != 0 ? CPTR_TAM : 0), cptr_el2);
	write_sysreg(MDCR_ALL | counters(), mdcr_el2);
	write_sysreg(0, hstr_el2);
	write_sysreg(0, cnthctl_el2);
	if (FIELD(read_sysreg(id_aa64mmfr1_el1), 43, 40) != 0)
		write_sysreg(0, SYS_HCRX_EL2);
	if (FIELD(read_sysreg(id_aa64mmfr0_el1), 59, 56) != 0)
		fine_grained_traps();
	if (FIELD(pfr0, 43, 40) != 0 || FIELD(pfr1, 19, 16) != 0)
		memory_partitioning();
	debug_cpu_init();
	if (this_cpu() != &boot_cpu)
		return;
	read_id_registers();
	if (read_sysreg(sctlr_el2) & SCTLR_ENIA)
		exchange_keys();
}
