/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The x86-64 part of vCPUs and guests. General registers are in struct arch_vcpu during the whole
 * of an exit; the rest is in the processor's control structure (virt.h).
 */
#ifndef ASM_VCPU_H
#define ASM_VCPU_H

/* Registers in struct arch_vcpu, by their numbers in instructions; svm/enter.S and vmx/enter.S use
 * the offsets. */
#define VCPU_RAX 0
#define VCPU_RCX 1
#define VCPU_RDX 2
#define VCPU_RBX 3
#define VCPU_RSP 4
#define VCPU_RBP 5
#define VCPU_RSI 6
#define VCPU_RDI 7

#ifndef __ASSEMBLER__

#include "arch/x86_64/pure/boot.h"
#include "arch/x86_64/pure/cpuid.h"
#include "arch/x86_64/pure/decode.h"
#include "arch/x86_64/pure/guest_code.h"
#include "arch/x86_64/pure/insn_state.h"
#include "arch/x86_64/pure/ioapic.h"
#include "arch/x86_64/pure/length.h"
#include "arch/x86_64/pure/msr.h"
#include <mullion/spinlock.h>
#include <mullion/timer.h>
#include <mullion/types.h>

struct vcpu_exit;
struct vmcb;
struct vmx_vcpu;

/* Where a vCPU begins: by the boot protocol, or at a page that a SIPI names. */
struct vcpu_start {
	struct x86_start boot;
	bool sipi;
	u8 page;
};

/* An access that stopped the vCPU and waits for its answer. */
struct x86_access {
	u64 next_rip;
	bool port;
	u8 width;             /* of a port's part of RAX */
	struct x86_insn insn; /* of an access to memory */
};

#define VCPU_CODE_PAGES 4u

#define VCPU_DECODED 8u

/* An instruction that was decoded: its first and last 8 of 15 bytes. */
struct x86_decoded {
	u64 low, high;
	bool code64;
	struct insn insn; /* length 0: none */
};

struct arch_vcpu {
	u64 r[16]; /* first: known to assembly. RAX and RSP: copies of the control structure's */
	u64 rip;
	u64 rflags;   /* at the last exit; only the control structure's can be changed */
	u64 next_rip; /* behind the instruction of the last exit; 0: not reported */
	bool moved;   /* `rip` differs from the control structure's, because an instruction ended */
	struct vcpu_exit *exit;                    /* the exit that arch_vcpu_run() fills */
	struct vmcb *vmcb;                         /* on SVM */
	void (*enter)(u64 *r, u64 vmcb, u64 host); /* svm_enter(), or for a recording */
	u64 vmcb_pa, host_pa; /* of that block, and of the CPU's own one while it is loaded */
	void *vmcs;           /* on VMX, of unknown form */
	struct vmx_vcpu *vmx;
	struct lapic lapic;
	struct msr_state msrs;
	struct timer_event timer; /* the LAPIC timer is due */
	struct x86_access access;
	struct x86_insn_state insn;               /* of an exit that the vmm executes */
	struct guest_code code[VCPU_CODE_PAGES];  /* by the number of the page */
	struct x86_decoded decoded[VCPU_DECODED]; /* by the address */
	struct cpuid_view cpuid;                  /* what its CPUID shows */
	u64 starts; /* vCPUs that have received a SIPI from this one, and are not started yet */
	void *fpu;  /* XSAVE area */
	u64 xcr0;
	u64 dr[4];
	u64 tsc_offset, tsc_adjust;
	u64 tsc_aux;
	u64 event;       /* an interrupted delivery, which the next entry repeats; 0: none */
	bool delivering; /* the last exit has interrupted the delivery of an event */
	bool nmi_masked; /* until the IRET of the NMI's handler has run */
	bool nmi_ends;   /* that IRET runs next, as a single step (svm/event.c) */
	u64 step_rflags, step_dr6; /* before that step */
	int requested;             /* the interrupt that was acknowledged last */
};

struct arch_guest {
	struct spinlock lock; /* of the IOAPIC */
	struct lapic_bus bus;
	struct ioapic ioapic;
	_Atomic u32 request; /* of the vmm's 8259: INTERRUPT_8259 and its vector; 0: none */
	u64 cr4_offer, efer_offer, xcr0_offer;
	u8 *port_map; /* a clear bit: the port is the guest's */
};

#endif /* __ASSEMBLER__ */
#endif
