/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUID as a guest sees it: the machine's answers, less the features that are not switched, not
 * virtualised or not allowed. A leaf without a row in the table reads as zero.
 *
 * Sources: SDM vol. 2A, CPUID; APM vol. 3, appendix E; kernel's Documentation/virt/kvm/cpuid.rst.
 */
#ifndef X86_64_PURE_CPUID_H
#define X86_64_PURE_CPUID_H

#include <mullion/types.h>

#define CPUID_BASIC_MAX      0x1fu       /* largest basic leaf that a guest is offered */
#define CPUID_HYPERVISOR     0x40000000u /* signature */
#define CPUID_HYPERVISOR_MAX 0x40000010u
#define CPUID_EXTENDED       0x80000000u
#define CPUID_EXTENDED_MAX   0x80000008u

/* Extended state that a guest may enable: x87, SSE, AVX, AVX-512 (three parts), PKRU. No state of
 * IA32_XSS is offered. */
#define CPUID_XCR0_OFFER (UINT64_C(0x7) | UINT64_C(0xe0) | BIT(9))

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* The facts on which an answer depends. */
struct cpuid_view {
	void (*machine)(u32 leaf, u32 subleaf, struct cpuid_regs *regs); /* executes CPUID */
	u32 largest[2];   /* the machine's largest leaves, basic and extended */
	u32 index;        /* of the vCPU; its APIC id */
	u32 vcpus;        /* of the guest */
	u32 address_bits; /* of the guest's physical addresses */
	u32 tsc_khz;      /* rate of the guest's TSC; 0: unknown */
	u32 lapic_khz;    /* rate of its LAPIC timer */
	bool tsc_invariant, tsc_deadline;
	bool apic_enabled; /* IA32_APIC_BASE.EN */
	u64 cr4, xcr0;     /* the guest's */
};

/** cpuid_begin() - fill @view->largest from the machine. */
void cpuid_begin(struct cpuid_view *view);

/** cpuid_answer() - the answer for @leaf and @subleaf in @regs. Any context; @view->machine() is
 * called at most 20 times. @view->largest is filled. SDM vol. 2A, CPUID. */
void cpuid_answer(const struct cpuid_view *view, u32 leaf, u32 subleaf, struct cpuid_regs *regs);

/** cpuid_xcr0() - the extended state that a guest may enable in XCR0, given @machine's CPUID. Any
 * context. SDM vol. 1, 13.3. */
u64 cpuid_xcr0(void (*machine)(u32 leaf, u32 subleaf, struct cpuid_regs *regs));

#endif
