/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers: accessors, and the names of the bits that the core uses. One file, so that a
 * bit has one spelling everywhere (Arm ARM DDI 0487, part D; register names as there). May be
 * included from assembly: only the accessors are C.
 */
#ifndef ASM_SYSREG_H
#define ASM_SYSREG_H

#ifdef __ASSEMBLER__
#define SYS_BIT(n) (1 << (n))
#define SYS_VAL(v) (v)
#else
#include <mullion/types.h>
#define SYS_BIT(n) (UINT64_C(1) << (n))
#define SYS_VAL(v) UINT64_C(v)
#endif

/* Registers that assemblers know only with newer -march: by their encoding. */
#define SYS_APIAKEYLO_EL1    S3_0_C2_C1_0
#define SYS_APIAKEYHI_EL1    S3_0_C2_C1_1
#define SYS_ID_AA64ISAR2_EL1 S3_0_C0_C6_2
#define SYS_HCRX_EL2         S3_4_C1_C2_2
#define SYS_HFGRTR_EL2       S3_4_C1_C1_4
#define SYS_HFGWTR_EL2       S3_4_C1_C1_5
#define SYS_HFGITR_EL2       S3_4_C1_C1_6
#define SYS_HDFGRTR_EL2      S3_4_C3_C1_4
#define SYS_HDFGWTR_EL2      S3_4_C3_C1_5
#define SYS_DISR_EL1         S3_0_C12_C1_1
#define SYS_VDISR_EL2        S3_4_C12_C1_1
#define SYS_VSESR_EL2        S3_4_C5_C2_3
#define SYS_MPAM0_EL1        S3_0_C10_C5_1
#define SYS_MPAM1_EL1        S3_0_C10_C5_0
#define SYS_MPAMIDR_EL1      S3_0_C10_C4_4
#define SYS_MPAM2_EL2        S3_4_C10_C5_0
#define SYS_MPAMHCR_EL2      S3_4_C10_C4_0
#define SYS_TPIDR2_EL0       S3_3_C13_C0_5

/* GICv3 CPU interface (IHI 0069 §12.2, §12.4). */
#define SYS_ICC_PMR_EL1     S3_0_C4_C6_0
#define SYS_ICC_IAR1_EL1    S3_0_C12_C12_0
#define SYS_ICC_EOIR1_EL1   S3_0_C12_C12_1
#define SYS_ICC_BPR1_EL1    S3_0_C12_C12_3
#define SYS_ICC_DIR_EL1     S3_0_C12_C11_1
#define SYS_ICC_SGI1R_EL1   S3_0_C12_C11_5
#define SYS_ICC_CTLR_EL1    S3_0_C12_C12_4
#define SYS_ICC_SRE_EL1     S3_0_C12_C12_5
#define SYS_ICC_IGRPEN1_EL1 S3_0_C12_C12_7
#define SYS_ICC_SRE_EL2     S3_4_C12_C9_5
#define SYS_ICH_HCR_EL2     S3_4_C12_C11_0
#define SYS_ICH_VTR_EL2     S3_4_C12_C11_1
#define SYS_ICH_EISR_EL2    S3_4_C12_C11_3
#define SYS_ICH_ELRSR_EL2   S3_4_C12_C11_5
#define SYS_ICH_VMCR_EL2    S3_4_C12_C11_7
#define SYS_ICH_AP0R0_EL2   S3_4_C12_C8_0
#define SYS_ICH_AP0R1_EL2   S3_4_C12_C8_1
#define SYS_ICH_AP0R2_EL2   S3_4_C12_C8_2
#define SYS_ICH_AP0R3_EL2   S3_4_C12_C8_3
#define SYS_ICH_AP1R0_EL2   S3_4_C12_C9_0
#define SYS_ICH_AP1R1_EL2   S3_4_C12_C9_1
#define SYS_ICH_AP1R2_EL2   S3_4_C12_C9_2
#define SYS_ICH_AP1R3_EL2   S3_4_C12_C9_3
#define SYS_ICH_LR0_EL2     S3_4_C12_C12_0
#define SYS_ICH_LR1_EL2     S3_4_C12_C12_1
#define SYS_ICH_LR2_EL2     S3_4_C12_C12_2
#define SYS_ICH_LR3_EL2     S3_4_C12_C12_3
#define SYS_ICH_LR4_EL2     S3_4_C12_C12_4
#define SYS_ICH_LR5_EL2     S3_4_C12_C12_5
#define SYS_ICH_LR6_EL2     S3_4_C12_C12_6
#define SYS_ICH_LR7_EL2     S3_4_C12_C12_7
#define SYS_ICH_LR8_EL2     S3_4_C12_C13_0
#define SYS_ICH_LR9_EL2     S3_4_C12_C13_1
#define SYS_ICH_LR10_EL2    S3_4_C12_C13_2
#define SYS_ICH_LR11_EL2    S3_4_C12_C13_3
#define SYS_ICH_LR12_EL2    S3_4_C12_C13_4
#define SYS_ICH_LR13_EL2    S3_4_C12_C13_5
#define SYS_ICH_LR14_EL2    S3_4_C12_C13_6
#define SYS_ICH_LR15_EL2    S3_4_C12_C13_7

/* CurrentEL. */
#define CURRENTEL_EL2 0x8

/* SPSR_EL2 / PSTATE. */
#define PSR_MODE_EL0T 0x0
#define PSR_MODE_EL1H 0x5
#define PSR_MODE_MASK 0x1f
#define PSR_F         SYS_BIT(6)
#define PSR_I         SYS_BIT(7)
#define PSR_A         SYS_BIT(8)
#define PSR_D         SYS_BIT(9)
#define PSR_DAIF      (PSR_D | PSR_A | PSR_I | PSR_F)
#define PSR_SS        SYS_BIT(21)
#define PSR_BTYPE     (SYS_VAL(3) << 10)

#define MPIDR_AFFINITY SYS_VAL(0xff00ffffff) /* D13.2.102: Aff3, Aff2, Aff1, Aff0 */

/* SCTLR_EL2, and SCTLR_EL1 where the position is the same. */
#define SCTLR_M    SYS_BIT(0)
#define SCTLR_A    SYS_BIT(1)
#define SCTLR_C    SYS_BIT(2)
#define SCTLR_SA   SYS_BIT(3)
#define SCTLR_I    SYS_BIT(12)
#define SCTLR_WXN  SYS_BIT(19)
#define SCTLR_ENIA SYS_BIT(31)
/* Bits that read as one in SCTLR_EL2 with E2H=0 (EIS, EOS among them). D13.2.119. */
#define SCTLR_EL2_RES1 SYS_VAL(0x30c50830)
/* SCTLR_EL1 out of reset: RES1 bits, MMU and caches off. */
#define SCTLR_EL1_RES1 SYS_VAL(0x30d00800)

/* HCR_EL2. */
#define HCR_VM      SYS_BIT(0)
#define HCR_SWIO    SYS_BIT(1)
#define HCR_PTW     SYS_BIT(2)
#define HCR_FMO     SYS_BIT(3)
#define HCR_IMO     SYS_BIT(4)
#define HCR_AMO     SYS_BIT(5)
#define HCR_VSE     SYS_BIT(8)
#define HCR_FB      SYS_BIT(9)
#define HCR_BSU_IS  SYS_BIT(10)
#define HCR_DC      SYS_BIT(12)
#define HCR_TWI     SYS_BIT(13)
#define HCR_TID3    SYS_BIT(18)
#define HCR_TSC     SYS_BIT(19)
#define HCR_TIDCP   SYS_BIT(20)
#define HCR_TACR    SYS_BIT(21)
#define HCR_TSW     SYS_BIT(22)
#define HCR_TVM_BIT 26
#define HCR_TVM     SYS_BIT(HCR_TVM_BIT)
#define HCR_TGE     SYS_BIT(27)
#define HCR_RW      SYS_BIT(31)
#define HCR_E2H     SYS_BIT(34)
#define HCR_TERR    SYS_BIT(36)
#define HCR_APK     SYS_BIT(40)
#define HCR_API     SYS_BIT(41)

/* ISR_EL1, DISR_EL1, VSESR_EL2. */
#define ISR_A     SYS_BIT(8)
#define DISR_A    SYS_BIT(31)
#define VSESR_IDS SYS_BIT(24) /* the rest of the syndrome is implementation defined */

/* CPTR_EL2 with E2H=0. */
#define CPTR_RES1 SYS_VAL(0x32ff)
#define CPTR_TZ   SYS_BIT(8)
#define CPTR_TSM  SYS_BIT(12)
#define CPTR_TTA  SYS_BIT(20)
#define CPTR_TAM  SYS_BIT(30)

/* MDCR_EL2. */
#define MDCR_TPMCR SYS_BIT(5)
#define MDCR_TPM   SYS_BIT(6)
#define MDCR_TDA   SYS_BIT(9)
#define MDCR_TDOSA SYS_BIT(10)
#define MDCR_TDRA  SYS_BIT(11)
#define MDCR_TPMS  SYS_BIT(14)
#define MDCR_TTRF  SYS_BIT(19)

/* CNTHCTL_EL2 with E2H=0; CNTx_CTL. */
#define CNTHCTL_EL1PCTEN SYS_BIT(0)
#define CNTHCTL_EL1PCEN  SYS_BIT(1)
#define CNT_CTL_ENABLE   SYS_BIT(0)
#define CNT_CTL_IMASK    SYS_BIT(1)
#define CNT_CTL_ISTATUS  SYS_BIT(2)

/* TCR_EL2 with E2H=0, and the fields that VTCR_EL2 shares. */
#define TCR_T0SZ(bits)   (64 - (bits))
#define TCR_IRGN0_WBWA   SYS_BIT(8)
#define TCR_ORGN0_WBWA   SYS_BIT(10)
#define TCR_SH0_INNER    SYS_VAL(0x3000)
#define TCR_PS_SHIFT     16
#define TCR_EL2_RES1     (SYS_BIT(31) | SYS_BIT(23))
#define VTTBR_VMID_SHIFT 48

/* MAIR_EL2 as the core sets it: index 0 Device-nGnRE, 1 Normal write-back, 2 Normal non-cacheable.
 */
#define MAIR_EL2_VALUE SYS_VAL(0x44ff04)

/* ESR_ELx. */
#define ESR_EC_SHIFT    26
#define ESR_EC(esr)     (((esr) >> 26) & 0x3f)
#define ESR_EC_COUNT    64
#define ESR_IL          SYS_BIT(25)
#define ESR_ISS(esr)    ((esr)&0x1ffffff)
#define ESR_EC_UNKNOWN  0x00
#define ESR_EC_WFX      0x01
#define ESR_EC_CP15_32  0x03
#define ESR_EC_CP15_64  0x04
#define ESR_EC_CP14_32  0x05
#define ESR_EC_CP14_LS  0x06
#define ESR_EC_FP       0x07
#define ESR_EC_VMRS     0x08
#define ESR_EC_PAUTH    0x09
#define ESR_EC_LS64     0x0a
#define ESR_EC_CP14_64  0x0c
#define ESR_EC_BTI      0x0d
#define ESR_EC_ILL      0x0e
#define ESR_EC_SYS128   0x14
#define ESR_EC_SVC64    0x15
#define ESR_EC_HVC64    0x16
#define ESR_EC_SMC64    0x17
#define ESR_EC_SYS64    0x18
#define ESR_EC_SVE      0x19
#define ESR_EC_SME      0x1d
#define ESR_EC_FPAC     0x1c
#define ESR_EC_IABT_LOW 0x20
#define ESR_EC_IABT_CUR 0x21
#define ESR_EC_PC_ALIGN 0x22
#define ESR_EC_DABT_LOW 0x24
#define ESR_EC_DABT_CUR 0x25
#define ESR_EC_SP_ALIGN 0x26
#define ESR_EC_SERROR   0x2f
#define ESR_EC_BRK64    0x3c

/* Data and instruction abort ISS. */
#define ISS_ISV_SHIFT    24
#define ISS_ISV          SYS_BIT(ISS_ISV_SHIFT)
#define ISS_SAS          (SYS_VAL(3) << 22)
#define ISS_SAS_WORD     (SYS_VAL(2) << 22)
#define ISS_SSE          SYS_BIT(21)
#define ISS_SRT_SHIFT    16
#define ISS_SYS_RT_SHIFT 5
#define ISS_SF           SYS_BIT(15)
#define ISS_FNV          SYS_BIT(10)
#define ISS_CM           SYS_BIT(8)
#define ISS_S1PTW        SYS_BIT(7)
#define ISS_WNR          SYS_BIT(6)
#define ISS_FSC_MASK     SYS_VAL(0x3f)

/* Trapped system instruction or register. DC ISW, CSW and CISW have these in common: op0 1, op1 0,
 * CRn 7, CRm 6, 10 or 14, op2 2, a write, IL. */
#define ISS_OP0_HIGH_BIT  21
#define ISS_RT_MASK       (SYS_VAL(0x1f) << 5)
#define ISS_CRM_HIGH_MASK (SYS_VAL(3) << 3)
#define ESR_DC_SET_WAY    (SYS_VAL(ESR_EC_SYS64) << 26 | SYS_VAL(0x2141c04))

#ifndef __ASSEMBLER__
#define SYSREG_STR_(x) #x
#define SYSREG_STR(x)  SYSREG_STR_(x)

/* read_sysreg(esr_el2), write_sysreg(value, hcr_el2): no barrier; follow by isb() where it matters.
 */
#define read_sysreg(reg)                                                     \
	({                                                                   \
		u64 value_;                                                  \
		__asm__ volatile("mrs %0, " SYSREG_STR(reg) : "=r"(value_)); \
		value_;                                                      \
	})
#define write_sysreg(value, reg) \
	__asm__ volatile("msr " SYSREG_STR(reg) ", %x0" : : "rZ"((u64)(value)) : "memory")

#define isb()     __asm__ volatile("isb" : : : "memory")
#define dsb(kind) __asm__ volatile("dsb " #kind : : : "memory")
#define dmb(kind) __asm__ volatile("dmb " #kind : : : "memory")
#define wfi()     __asm__ volatile("wfi" : : : "memory")
#endif

#endif
