/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual-machine control structure of VMX: encodings of fields that are no part of the entry
 * checker's state, and access to them. SDM vol. 3, appendix B. */
#ifndef X86_64_VMX_VMCS_H
#define X86_64_VMX_VMCS_H

#include "arch/x86_64/pure/entry.h"
#include <mullion/types.h>

#define VMCS_TSC_OFFSET       0x2010u
#define VMCS_XSS_EXITS        0x202cu
#define VMCS_ENCLS_EXITS      0x202eu
#define VMCS_ENCLV_EXITS      0x2036u
#define VMCS_GUEST_PHYSICAL   0x2400u
#define VMCS_EXCEPTIONS       0x4004u
#define VMCS_ERROR            0x4400u
#define VMCS_REASON           0x4402u
#define VMCS_EXIT_EVENT       0x4404u
#define VMCS_EXIT_ERROR       0x4406u
#define VMCS_INTERRUPTED      0x4408u /* IDT-vectoring information */
#define VMCS_INTERRUPTED_CODE 0x440au
#define VMCS_LENGTH           0x440cu
#define VMCS_GUEST_PAT        0x2804u
#define VMCS_GUEST_EFER       0x2806u
#define VMCS_ENTRY_CONTROLS   0x4012u
#define VMCS_CS_RIGHTS        0x4816u
#define VMCS_SS_RIGHTS        0x4818u
#define VMCS_BLOCKING         0x4824u
#define VMCS_PREEMPTION       0x482eu
#define VMCS_SYSENTER_CS      0x482au
#define VMCS_CR0_MASK         0x6000u
#define VMCS_CR4_MASK         0x6002u
#define VMCS_CR0_SHADOW       0x6004u
#define VMCS_CR4_SHADOW       0x6006u
#define VMCS_QUALIFICATION    0x6400u
#define VMCS_GUEST_CR0        0x6800u
#define VMCS_GUEST_CR3        0x6802u
#define VMCS_GUEST_CR4        0x6804u
#define VMCS_CS_BASE          0x6808u
#define VMCS_GUEST_RSP        0x681cu
#define VMCS_GUEST_RIP        0x681eu
#define VMCS_GUEST_RFLAGS     0x6820u
#define VMCS_HOST_RSP         0x6c14u

/** vmcs_read() - a field of the current structure; one that the CPU has not is undefined. */
static inline u64 vmcs_read(u32 encoding)
{
	u64 value;

	__asm__ volatile("vmread %1, %0" : "=r"(value) : "r"((u64)encoding) : "cc", "memory");
	return value;
}

/** vmcs_write() - write a field of the current structure. A field that the CPU has not is left. */
static inline void vmcs_write(u32 encoding, u64 value)
{
	__asm__ volatile("vmwrite %0, %1" : : "r"(value), "r"((u64)encoding) : "cc", "memory");
}

/** vmcs_set() - vmcs_write() of a field that the entry checker knows. */
static inline void vmcs_set(enum entry_field field, u64 value)
{
	vmcs_write(entry_encoding(field), value);
}

#endif
