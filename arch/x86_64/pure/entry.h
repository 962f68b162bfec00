/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks of a VM entry: a virtual-machine control structure that the processor refuses is
 * compared with the rules of SDM vol. 3, chapter 27, in the order of the manual. Pure.
 */
#ifndef X86_64_PURE_ENTRY_H
#define X86_64_PURE_ENTRY_H

#include "arch/x86_64/pure/exception.h"
#include <mullion/types.h>

/* Segment registers in the order of their fields. */
enum entry_segment {
	ENTRY_ES,
	ENTRY_CS,
	ENTRY_SS,
	ENTRY_DS,
	ENTRY_FS,
	ENTRY_GS,
	ENTRY_LDTR,
	ENTRY_TR,
	ENTRY_SEGMENTS
};

/* The fields that take part, each in a slot of struct entry_state.field[]. */
enum entry_field {
	ENTRY_PIN,
	ENTRY_PRIMARY,
	ENTRY_SECONDARY,
	ENTRY_EXIT_CONTROLS,
	ENTRY_CONTROLS,
	ENTRY_CR3_TARGETS,
	ENTRY_IO_A,
	ENTRY_IO_B,
	ENTRY_MSR_BITMAP,
	ENTRY_VPID,
	ENTRY_EPTP,
	ENTRY_EXIT_STORES,
	ENTRY_EXIT_LOADS,
	ENTRY_LOADS,
	ENTRY_EVENT,
	ENTRY_EVENT_ERROR,
	ENTRY_EVENT_LENGTH,
	ENTRY_HOST_CR0,
	ENTRY_HOST_CR3,
	ENTRY_HOST_CR4,
	ENTRY_HOST_SYSENTER_ESP,
	ENTRY_HOST_SYSENTER_EIP,
	ENTRY_HOST_PAT,
	ENTRY_HOST_EFER,
	ENTRY_HOST_ES,
	ENTRY_HOST_CS,
	ENTRY_HOST_SS,
	ENTRY_HOST_DS,
	ENTRY_HOST_FS,
	ENTRY_HOST_GS,
	ENTRY_HOST_TR,
	ENTRY_HOST_FS_BASE,
	ENTRY_HOST_GS_BASE,
	ENTRY_HOST_TR_BASE,
	ENTRY_HOST_GDT_BASE,
	ENTRY_HOST_IDT_BASE,
	ENTRY_HOST_RIP,
	ENTRY_CR0,
	ENTRY_CR3,
	ENTRY_CR4,
	ENTRY_DEBUGCTL,
	ENTRY_DR7,
	ENTRY_SYSENTER_ESP,
	ENTRY_SYSENTER_EIP,
	ENTRY_PAT,
	ENTRY_EFER,
	ENTRY_SELECTOR, /* of each segment register */
	ENTRY_BASE = ENTRY_SELECTOR + ENTRY_SEGMENTS,
	ENTRY_LIMIT = ENTRY_BASE + ENTRY_SEGMENTS,
	ENTRY_RIGHTS = ENTRY_LIMIT + ENTRY_SEGMENTS,
	ENTRY_GDT_BASE = ENTRY_RIGHTS + ENTRY_SEGMENTS,
	ENTRY_IDT_BASE,
	ENTRY_GDT_LIMIT,
	ENTRY_IDT_LIMIT,
	ENTRY_RIP,
	ENTRY_RFLAGS,
	ENTRY_ACTIVITY,
	ENTRY_BLOCKING,
	ENTRY_PENDING_DEBUG,
	ENTRY_LINK,
	ENTRY_PDPTE, /* four */
	ENTRY_FIELDS = ENTRY_PDPTE + 4
};

/* The processor's capabilities. A pair of controls: bits that must be 1, bits that may be 1. */
struct entry_caps {
	u64 pin, primary, secondary, exit, entry; /* low half: must be 1; high half: may be 1 */
	u64 cr0_fixed0, cr0_fixed1, cr4_fixed0, cr4_fixed1;
	u64 misc, ept_vpid;
	u32 address_bits;
};

struct entry_state {
	struct entry_caps caps;
	u64 field[ENTRY_FIELDS];
};

/** entry_encoding() - the VMCS encoding of a field. SDM vol. 3, appendix B. */
u32 entry_encoding(enum entry_field field);
/** entry_check() - the first rule that @state breaks, as a sentence; NULL: it breaks none. */
const char *entry_check(const struct entry_state *state);
/** entry_check_controls(), entry_check_host(), entry_check_guest() - the parts of entry_check(). */
const char *entry_check_controls(const struct entry_state *state);
const char *entry_check_host(const struct entry_state *state);
const char *entry_check_guest(const struct entry_state *state);

/* Bits of the controls (SDM vol. 3, 25.6 to 25.8). */
#define PIN_INTERRUPT   BIT(0)
#define PIN_NMI         BIT(3)
#define PIN_VIRTUAL_NMI BIT(5)
#define PIN_PREEMPTION  BIT(6)
#define PIN_POSTED      BIT(7)

#define PRIMARY_WINDOW     BIT(2)
#define PRIMARY_TSC_OFFSET BIT(3)
#define PRIMARY_HLT        BIT(7)
#define PRIMARY_MWAIT      BIT(10)
#define PRIMARY_RDPMC      BIT(11)
#define PRIMARY_CR3_LOAD   BIT(15)
#define PRIMARY_CR3_STORE  BIT(16)
#define PRIMARY_CR8_LOAD   BIT(19)
#define PRIMARY_CR8_STORE  BIT(20)
#define PRIMARY_TPR_SHADOW BIT(21)
#define PRIMARY_NMI_WINDOW BIT(22)
#define PRIMARY_IO_BITMAPS BIT(25)
#define PRIMARY_MSR_BITMAP BIT(28)
#define PRIMARY_MONITOR    BIT(29)
#define PRIMARY_SECONDARY  BIT(31)

#define SECONDARY_APIC_ACCESS   BIT(0)
#define SECONDARY_EPT           BIT(1)
#define SECONDARY_RDTSCP        BIT(3)
#define SECONDARY_X2APIC        BIT(4)
#define SECONDARY_VPID          BIT(5)
#define SECONDARY_WBINVD        BIT(6)
#define SECONDARY_UNRESTRICTED  BIT(7)
#define SECONDARY_APIC_REGISTER BIT(8)
#define SECONDARY_DELIVERY      BIT(9)
#define SECONDARY_INVPCID       BIT(12)
#define SECONDARY_ENCLS         BIT(15)
#define SECONDARY_PML           BIT(17)
#define SECONDARY_XSAVES        BIT(20)
#define SECONDARY_ENCLV         BIT(28)

#define EXIT_DEBUG         BIT(2)
#define EXIT_HOST64        BIT(9)
#define EXIT_ACKNOWLEDGE   BIT(15)
#define EXIT_SAVE_PAT      BIT(18)
#define EXIT_LOAD_PAT      BIT(19)
#define EXIT_SAVE_EFER     BIT(20)
#define EXIT_LOAD_EFER     BIT(21)
#define EXIT_SAVE_PREEMPTS BIT(22)

#define ENTER_DEBUG     BIT(2)
#define ENTER_IA32E     BIT(9)
#define ENTER_SMM       BIT(10)
#define ENTER_DUAL      BIT(11)
#define ENTER_LOAD_PAT  BIT(14)
#define ENTER_LOAD_EFER BIT(15)

/* Interruption information (25.8.3, 25.9.2), beside that of exception.h. */
#define EVENT_UNBLOCKED BIT(12)

/* Interruptibility (25.4.2). */
#define BLOCKED_STI     BIT(0)
#define BLOCKED_MOV_SS  BIT(1)
#define BLOCKED_SMI     BIT(2)
#define BLOCKED_NMI     BIT(3)
#define BLOCKED_ENCLAVE BIT(4)

/* Access rights (25.4.1). */
#define RIGHTS_TYPE(rights) FIELD(rights, 3, 0)
#define RIGHTS_CODE_DATA    BIT(4)
#define RIGHTS_DPL(rights)  FIELD(rights, 6, 5)
#define RIGHTS_PRESENT      BIT(7)
#define RIGHTS_LONG         BIT(13)
#define RIGHTS_DEFAULT      BIT(14)
#define RIGHTS_GRANULAR     BIT(15)
#define RIGHTS_UNUSABLE     BIT(16)

#define EPTP_WRITE_BACK UINT64_C(6)
#define EPTP_LEVELS     (UINT64_C(3) << 3)

/** entry_event_has_error() - exception @vector pushes an error code. SDM vol. 3, table 6-1. */
static inline bool entry_event_has_error(u64 vector)
{
	return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

#endif
