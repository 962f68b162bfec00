/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requirements of a CPU that runs guests, by CPUID and MSRs of VMX or SVM. Pure: no emulator lacks
 * each of them alone.
 */
#ifndef X86_64_PURE_OFFERS_H
#define X86_64_PURE_OFFERS_H

#include "arch/x86_64/pure/entry.h"

#define F1_VMX   BIT(5) /* CPUID 1, ECX */
#define F1_XSAVE BIT(26)
#define E1_SVM   BIT(2)  /* CPUID 0x80000001, ECX */
#define E1_NX    BIT(20) /* EDX */
#define SVM_NPT  BIT(0)  /* CPUID 0x8000000a, EDX */

#define CONTROL_LOCKED BIT(0) /* IA32_FEATURE_CONTROL */
#define CONTROL_VMX    BIT(2) /* outside SMX */
#define VM_CR_SVMDIS   BIT(4)

/* Controls of VMX that the core uses. */
#define NEED_PIN (PIN_INTERRUPT | PIN_NMI | PIN_VIRTUAL_NMI)
#define NEED_PRIMARY                                                                           \
	(PRIMARY_TSC_OFFSET | PRIMARY_HLT | PRIMARY_MWAIT | PRIMARY_RDPMC | PRIMARY_CR8_LOAD | \
	 PRIMARY_CR8_STORE | PRIMARY_IO_BITMAPS | PRIMARY_MSR_BITMAP | PRIMARY_MONITOR |       \
	 PRIMARY_SECONDARY)
#define NEED_WINDOWS (PRIMARY_WINDOW | PRIMARY_NMI_WINDOW)
#define NEED_EXIT                                                                      \
	(EXIT_DEBUG | EXIT_HOST64 | EXIT_ACKNOWLEDGE | EXIT_SAVE_PAT | EXIT_LOAD_PAT | \
	 EXIT_SAVE_EFER | EXIT_LOAD_EFER)
#define NEED_ENTRY (ENTER_DEBUG | ENTER_LOAD_PAT | ENTER_LOAD_EFER)

/* Registers that the CPU has not are zero. */
struct offers_vmx {
	u32 features; /* CPUID 1, ECX */
	u64 control;  /* IA32_FEATURE_CONTROL */
	u64 basic;    /* IA32_VMX_BASIC */
};

struct offers_svm {
	u32 features;                   /* CPUID 1, ECX */
	u32 extended_ecx, extended_edx; /* CPUID 0x80000001 */
	u32 svm_edx;                    /* CPUID 0x8000000a */
	u64 vm_cr;
};

/** offers_vmx_missing(), offers_svm_missing() - what @cpu lacks, as a sentence with the remedy, or
 * NULL. */
const char *offers_vmx_missing(const struct offers_vmx *cpu);
const char *offers_svm_missing(const struct offers_svm *cpu);
/** offers_controls_missing() - the same for the controls of VMX. */
const char *offers_controls_missing(const struct entry_caps *caps);

/** offers_controls() - the pair of capabilities @pair permits that all of @controls are 1. */
static inline bool offers_controls(u64 pair, u64 controls)
{
	return (controls & ~(pair >> 32)) == 0;
}

#endif
