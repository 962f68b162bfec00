/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bits of control registers, and numbers of model-specific registers. Each has one spelling in the
 * core and in the pure parts (SDM vol. 3 and 4, APM vol. 2). May be included from assembly.
 */
#ifndef X86_64_PURE_REGS_H
#define X86_64_PURE_REGS_H

#ifdef __ASSEMBLER__
#define SYS_BIT(n) (1 << (n))
#else
#include <mullion/types.h>
#define SYS_BIT(n) (UINT64_C(1) << (n))
#endif

#define CR0_PE SYS_BIT(0)
#define CR0_MP SYS_BIT(1)
#define CR0_EM SYS_BIT(2)
#define CR0_TS SYS_BIT(3)
#define CR0_ET SYS_BIT(4)
#define CR0_NE SYS_BIT(5)
#define CR0_WP SYS_BIT(16)
#define CR0_AM SYS_BIT(18)
#define CR0_NW SYS_BIT(29)
#define CR0_CD SYS_BIT(30)
#define CR0_PG SYS_BIT(31)

#define CR4_VME        SYS_BIT(0)
#define CR4_PVI        SYS_BIT(1)
#define CR4_TSD        SYS_BIT(2)
#define CR4_DE         SYS_BIT(3)
#define CR4_PSE        SYS_BIT(4)
#define CR4_PAE        SYS_BIT(5)
#define CR4_MCE        SYS_BIT(6)
#define CR4_PGE        SYS_BIT(7)
#define CR4_PCE        SYS_BIT(8)
#define CR4_OSFXSR     SYS_BIT(9)
#define CR4_OSXMMEXCPT SYS_BIT(10)
#define CR4_UMIP       SYS_BIT(11)
#define CR4_VMXE       SYS_BIT(13)
#define CR4_FSGSBASE   SYS_BIT(16)
#define CR4_PCIDE      SYS_BIT(17)
#define CR4_OSXSAVE    SYS_BIT(18)
#define CR4_SMEP       SYS_BIT(20)
#define CR4_SMAP       SYS_BIT(21)
#define CR4_PKE        SYS_BIT(22)

#define SPEC_CTRL_IBRS SYS_BIT(0)
#define PRED_CMD_IBPB  SYS_BIT(0)
#define FLUSH_CMD_L1D  SYS_BIT(0)

#define EFER_SCE    SYS_BIT(0)
#define EFER_LME    SYS_BIT(8)
#define EFER_LMA    SYS_BIT(10)
#define EFER_NXE    SYS_BIT(11)
#define EFER_SVME   SYS_BIT(12)
#define EFER_AIBRSE SYS_BIT(21)

#define APIC_BASE_BSP    SYS_BIT(8)
#define APIC_BASE_X2APIC SYS_BIT(10)
#define APIC_BASE_ENABLE SYS_BIT(11)

#define MSR_TSC               0x10
#define MSR_APIC_BASE         0x1b
#define MSR_FEATURE_CTL       0x3a
#define MSR_TSC_ADJUST        0x3b
#define MSR_SPEC_CTRL         0x48
#define MSR_PRED_CMD          0x49
#define MSR_UCODE_WRITE       0x79
#define MSR_UCODE_REV         0x8b
#define MSR_MTRR_CAP          0xfe
#define MSR_ARCH_CAPABILITIES 0x10a
#define MSR_FLUSH_CMD         0x10b
#define MSR_SYSENTER_CS       0x174
#define MSR_SYSENTER_EIP      0x176
#define MSR_MCG_CAP           0x179
#define MSR_MCG_STATUS        0x17a
#define MSR_MCG_CTL           0x17b
#define MSR_MISC_ENABLE       0x1a0
#define MSR_DEBUGCTL          0x1d9
#define MSR_MTRR_PHYS         0x200
#define MSR_MTRR_FIX64K       0x250
#define MSR_MTRR_FIX16K       0x258
#define MSR_MTRR_FIX4K        0x268
#define MSR_PAT               0x277
#define MSR_MTRR_DEF          0x2ff
#define MSR_PERF_GLOBAL       0x38f
#define MSR_TSC_DEADLINE      0x6e0
#define MSR_X2APIC            0x800
#define MSR_X2APIC_LAST       0x83f
#define MSR_XSS               0xda0
#define MSR_EFER              0xc0000080
#define MSR_STAR              0xc0000081
#define MSR_SFMASK            0xc0000084
#define MSR_FS_BASE           0xc0000100
#define MSR_GS_BASE           0xc0000101
#define MSR_KERNEL_GS_BASE    0xc0000102
#define MSR_TSC_AUX           0xc0000103
#define MSR_SYSCFG            0xc0010010
#define MSR_HWCR              0xc0010015
#define MSR_AMD_PATCH         0xc0010020
#define MSR_VM_CR             0xc0010114
#define MSR_VM_HSAVE_PA       0xc0010117
#define MSR_DE_CFG            0xc0011029

#endif
