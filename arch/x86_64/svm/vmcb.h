/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual machine control block of SVM: its layout, and the codes of #VMEXIT. APM vol. 2,
 * appendices B and C. */
#ifndef X86_64_SVM_VMCB_H
#define X86_64_SVM_VMCB_H

#include <mullion/types.h>

struct vmcb_segment {
	u16 selector, attributes;
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area. */
	u16 cr_read, cr_write; /* intercepts, a bit for each register */
	u16 dr_read, dr_write;
	u32 exceptions;
	u32 intercepts[3]; /* from 0x0c; INTERCEPT_* are numbers of bits */
	u8 reserved0[0x3c - 0x18];
	u16 pause_threshold, pause_count;
	u64 iopm, msrpm;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved1[3];
	u64 vintr; /* V_TPR, V_IRQ and others: VINTR_* */
	u64 interrupt_shadow;
	u64 exit_code, exit_info1, exit_info2;
	u64 exit_int_info;
	u64 nested_control;
	u8 reserved2[0xa8 - 0x98];
	u64 event;
	u64 nested_cr3;
	u64 virtual_ext;
	u32 clean;
	u32 reserved3;
	u64 next_rip;
	u8 fetched; /* bytes of the instruction, with decode assists */
	u8 bytes[15];
	u8 reserved4[0x400 - 0xe0];
	/* State save area. */
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved5[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved6;
	u64 efer;
	u8 reserved7[0x548 - 0x4d8];
	u64 cr4, cr3, cr0, dr7, dr6, rflags, rip;
	u8 reserved8[0x5d8 - 0x580];
	u64 rsp, s_cet, ssp, isst;
	u64 rax, star, lstar, cstar, sfmask, kernel_gs_base;
	u64 sysenter_cs, sysenter_esp, sysenter_eip, cr2;
	u8 reserved9[0x668 - 0x648];
	u64 pat;
	u8 reserved10[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmcb, iopm) == 0x40, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct vmcb, event) == 0xa8, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "APM vol. 2, table B-1");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "APM vol. 2, table B-2");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "APM vol. 2, table B-2");
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "one page");

/* #VMEXIT codes. An intercept of intercepts[] with number n has code 0x60 + n. */
#define VMEXIT_CR_READ   0x00u
#define VMEXIT_CR_WRITE  0x10u
#define VMEXIT_DR_READ   0x20u
#define VMEXIT_DR_WRITE  0x30u
#define VMEXIT_EXCEPTION 0x40u
#define VMEXIT_INTERCEPT 0x60u
#define VMEXIT_NPF       0x400u
#define VMEXIT_ROWS      0xc0u /* codes below have a row in the table */
#define VMEXIT_INVALID   0xffffffffu

#define INTERCEPT_INTR     0u
#define INTERCEPT_NMI      1u
#define INTERCEPT_SMI      2u
#define INTERCEPT_INIT     3u
#define INTERCEPT_VINTR    4u
#define INTERCEPT_RDPMC    15u
#define INTERCEPT_CPUID    18u
#define INTERCEPT_RSM      19u
#define INTERCEPT_IRET     20u
#define INTERCEPT_INVD     22u
#define INTERCEPT_PAUSE    23u
#define INTERCEPT_HLT      24u
#define INTERCEPT_INVLPGA  26u
#define INTERCEPT_IOIO     27u
#define INTERCEPT_MSR      28u
#define INTERCEPT_TASK     29u
#define INTERCEPT_FREEZE   30u
#define INTERCEPT_SHUTDOWN 31u
#define INTERCEPT_VMRUN    32u
#define INTERCEPT_VMMCALL  33u
#define INTERCEPT_VMLOAD   34u
#define INTERCEPT_VMSAVE   35u
#define INTERCEPT_STGI     36u
#define INTERCEPT_CLGI     37u
#define INTERCEPT_SKINIT   38u
#define INTERCEPT_WBINVD   41u
#define INTERCEPT_MONITOR  42u
#define INTERCEPT_MWAIT    43u
#define INTERCEPT_MWAIT_IF 44u
#define INTERCEPT_XSETBV   45u
#define INTERCEPT_RDPRU    46u

#define VINTR_TPR     MASK(3, 0)
#define VINTR_IRQ     BIT(8)
#define VINTR_TOP     (MASK(19, 16) | BIT(20)) /* the highest priority; V_TPR is ignored */
#define VINTR_MASKING BIT(24)
#define VINTR_VECTOR  MASK(39, 32)
#define VINTR_REQUEST (VINTR_IRQ | VINTR_TOP | VINTR_VECTOR)

#define TLB_FLUSH_ALL 1u

/* Attributes of a segment: a descriptor's bits 55:52 and 47:40. */
#define SEGMENT_TYPE     0x01cu /* S, code, expand-down */
#define SEGMENT_DOWN     0x014u
#define SEGMENT_WRITE    0x01au /* S, code, writable */
#define SEGMENT_WRITABLE 0x012u
#define SEGMENT_LONG     0x200u
#define SEGMENT_DEFAULT  0x400u

#endif
