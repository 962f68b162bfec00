/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The interface between the part of a vCPU that is common to both vendors (vcpu.c, guest.c, exit.c)
 * and the processor's virtualisation (svm/, vmx/). Nothing outside those depends on the vendor.
 */
#ifndef X86_64_VIRT_H
#define X86_64_VIRT_H

#include "arch/x86_64/pure/exception.h"
#include "arch/x86_64/pure/guest_code.h"
#include "arch/x86_64/pure/guest_walk.h"
#include "arch/x86_64/pure/length.h"
#include <mullion/err.h>
#include <mullion/guest.h>
#include <mullion/sched.h>

/* State in the control structure that exits read or change. */
enum virt_field {
	VIRT_RFLAGS, /* written alone: arch.rflags has it */
	VIRT_CR0,
	VIRT_CR2,
	VIRT_CR3,
	VIRT_CR4,
	VIRT_DR6,
	VIRT_PAT,
	VIRT_EFER, /* as the guest sees it */
	VIRT_TSC_OFFSET,
	VIRT_CODE64, /* 1: the code segment is 64-bit */
	VIRT_CPL
};

/* A segment register, as the processor keeps it. */
struct virt_segment {
	u64 base;
	u32 limit;
	bool writable, expands_down, large;
};

struct virt {
	const char *name;
	u8 space_kind; /* of a guest's address space: enum arch_space_kind */
	/* Returns true if the CPU is of the vendor. */
	bool (*suits)(void);
	/* Prepare all CPUs. Returns NULL, or the sentence that says what is missing and the remedy.
	 * Boot CPU or another, once. */
	const char *(*probe)(void);
	/* The control structure of @vcpu. ERR_NO_MEMORY. */
	enum err (*create)(struct vcpu *vcpu);
	void (*destroy)(struct vcpu *vcpu);
	/* Reset values, then those of @start. The vCPU is not loaded. */
	void (*reset)(struct vcpu *vcpu, const struct vcpu_start *start);
	/* This CPU's registers that the control structure does not switch. Own thread. */
	void (*load)(struct vcpu *vcpu);
	void (*save)(struct vcpu *vcpu);
	/* Enter the guest and serve its exits, until one needs the core or vcpu_has_work(). Returns
	 * false if vcpu->arch.exit needs the core. */
	bool (*run)(struct vcpu *vcpu);
	u64 (*read)(const struct vcpu *vcpu, enum virt_field field);
	void (*write)(struct vcpu *vcpu, enum virt_field field, u64 value);
	/* Set CR0, CR3, CR4 and EFER of @walk, and @code_bytes as of x86_decode(). Returns the
	 * linear address of the instruction. */
	u64 (*code)(const struct vcpu *vcpu, struct guest_walk *walk, u8 *code_bytes);
	/* Segment register @number: ES, CS, SS, DS, FS, GS. */
	struct virt_segment (*segment)(const struct vcpu *vcpu, u32 number);
	/* The next entry delivers exception @vector, with @error unless that is VIRT_NO_ERROR. */
	void (*raise)(struct vcpu *vcpu, u32 vector, u64 error);
	/* The next entries are recorded, or no longer; see arch_vcpu_profile(). */
	void (*profile)(struct vcpu *vcpu, bool on);
	void (*dump)(const struct vcpu *vcpu);
};

#define VIRT_NO_ERROR EXCEPTION_NO_ERROR

#define VIRT_NO_MEMORY "the core's heap has no pages for it: describe fewer guests"

/* Of a guest's map of ports: a bit for each, and a page of ones behind them. */
#define PORT_MAP_PAGES 3u

#define INTERRUPT_8259 256 /* and the vector */

#define RFLAGS_TF BIT(8)

#define VECTOR_DB 1u
#define VECTOR_UD 6u
#define VECTOR_SS 12u
#define VECTOR_GP 13u
#define VECTOR_PF 14u

extern const struct virt svm, virt_vmx;
/* The processor's; NULL: it has none, or it was not probed yet. */
extern const struct virt *virt;

/* --- exit.c: exits that both vendors have. Each returns false if vcpu->arch.exit needs the core.
 */

/** exit_stop() - stop the guest with a dump, because of @why. */
bool exit_stop(struct vcpu *vcpu, const char *why);
/** exit_offers() - the bits of control registers that @guest may set, from its CPUID. */
void exit_offers(struct guest *guest);
/** exit_facts() - the facts on which @vcpu's CPUID depends, but for what its exits find. */
void exit_facts(struct vcpu *vcpu);
/** exit_cpuid(), exit_rdmsr(), exit_wrmsr(), exit_xsetbv(), exit_hlt() - the instructions of these
 * names. */
bool exit_cpuid(struct vcpu *vcpu);
bool exit_rdmsr(struct vcpu *vcpu);
bool exit_wrmsr(struct vcpu *vcpu);
bool exit_xsetbv(struct vcpu *vcpu);
bool exit_hlt(struct vcpu *vcpu);
/** exit_call() - VMCALL or VMMCALL at privilege level @cpl. */
bool exit_call(struct vcpu *vcpu, enum insn_kind kind, u32 cpl);
/** exit_ignored() - an instruction without effect (WBINVD, INVD). */
bool exit_ignored(struct vcpu *vcpu, enum insn_kind kind);
/** exit_undefined() - an instruction that the guest does not have. */
bool exit_undefined(struct vcpu *vcpu);
/** exit_cr_write() - a write of CR4 or CR8, which is decoded. */
bool exit_cr_write(struct vcpu *vcpu);
/** exit_cr() - a write of CR0, CR4 or CR8; @next_rip is behind the instruction. */
bool exit_cr(struct vcpu *vcpu, u32 control, u64 value, u64 next_rip);
/** exit_port() - one access to @port; @next_rip is behind the instruction. */
bool exit_port(struct vcpu *vcpu, u16 port, u8 width, bool in, u64 next_rip);
/** exit_trap() - the single step over the instruction that has just ended: #DB. */
void exit_trap(struct vcpu *vcpu);
/** exit_finish() - the next instruction is at @next_rip. Returns true. */
static inline bool exit_finish(struct vcpu *vcpu, u64 next_rip)
{
	vcpu->arch.rip = next_rip;
	vcpu->arch.moved = true;
	if ((vcpu->arch.rflags & RFLAGS_TF) != 0)
		exit_trap(vcpu);
	return true;
}
/** exit_memory() - an access to guest-physical @gpa, where nothing is mapped, or not for that.
 * @how: EXIT_MEMORY_*. */
bool exit_memory(struct vcpu *vcpu, u64 gpa, u32 how);
#define EXIT_MEMORY_WRITE  0x1u
#define EXIT_MEMORY_FETCH  0x2u
#define EXIT_MEMORY_WALK   0x4u /* of the guest's page tables */
#define EXIT_MEMORY_DENIED 0x8u /* something is mapped */

/* --- fetch.c: of the loaded @vcpu, own thread ---------------------------------------------------
 */

/* The bytes at RIP, at most INSN_MAX, up to the end of the code that translates. */
struct exit_code {
	u8 bytes[GUEST_CODE_BYTES];
	u32 count, slot; /* of bytes; in arch.decoded */
	u8 code_bytes;
	bool code64;
};

void exit_fetch(struct vcpu *vcpu, struct exit_code *code);
/** exit_walk() - the walk of @vcpu's page tables as they are now. */
struct guest_walk exit_walk(struct vcpu *vcpu);
/** exit_decode() - the instruction at RIP, if it is of @kind. Returns false if it is not, because
 * the guest has changed its code or its tables; then the guest executes it again. */
bool exit_decode(struct vcpu *vcpu, enum insn_kind kind, struct insn *insn);
/** exit_forget_code() - unmap what exit_fetch() has mapped of its guest: another is to be loaded.
 */
void exit_forget_code(struct vcpu *vcpu);

/* --- execute.c ------------------------------------------------------------------------------- */

/** exit_execute() - have the guest's vmm execute the instruction of @code, which accesses @gpa, an
 * address or PORT_BASE and a port. Returns false. */
bool exit_execute(struct vcpu *vcpu, u64 gpa, const struct exit_code *code);
/** exit_string_port() - the same, with INS or OUTS of @port. */
bool exit_string_port(struct vcpu *vcpu, u16 port);
/** exit_executed() - the answer to that. */
void exit_executed(struct vcpu *vcpu, enum err result);

/* --- vcpu.c ---------------------------------------------------------------------------------- */

/** vcpu_apply() - the consequences of a LAPIC or IOAPIC write by @vcpu. Most have none, or an event
 * of the vCPU itself, which its next entry finds. Own thread, no locks. */
void vcpu_apply_rest(struct vcpu *vcpu, struct lapic_effect *effect);
static inline void vcpu_apply(struct vcpu *vcpu, struct lapic_effect *effect)
{
	u64 others = (effect->kicks & ~BIT(vcpu->index)) | effect->starts | effect->lines;

	if ((others | effect->timer) != 0 || effect->eoi != LAPIC_NONE)
		vcpu_apply_rest(vcpu, effect);
}
/** vcpu_raise() - exception @vector with @error is @vcpu's next event; see struct virt. An NMI or
 * interrupt whose delivery has ended in it stays pending. Returns true if the processor is to shut
 * down: its double fault must not find a table. Own thread. */
bool vcpu_raise(struct vcpu *vcpu, u32 vector, u64 error);
/** vcpu_next_interrupt() - the interrupt that the processor would take next, if it takes any. That
 * is a vector of the LAPIC, INTERRUPT_8259 and the vector that the 8259 requests, or LAPIC_NONE.
 * lapic_fold() comes first. Own thread. */
static inline int vcpu_next_interrupt(const struct vcpu *vcpu)
{
	const struct lapic *lapic = &vcpu->arch.lapic;
	u32 request;

	if (lapic->external == 0)
		return lapic_next(lapic);
	if ((lapic->external & LAPIC_ACKNOWLEDGED) != 0)
		return vcpu->arch.requested;
	if (!lapic_external(lapic))
		return lapic_next(lapic);
	request = atomic_load(&vcpu->guest->arch.request);
	return request != 0 ? (int)request : lapic_next(lapic);
}
/** vcpu_acknowledge() - the processor will take @interrupt of vcpu_next_interrupt(), and no other
 * before it. Returns false if the 8259 has withdrawn that request meanwhile. Own thread. */
bool __must_check vcpu_acknowledge(struct vcpu *vcpu, int interrupt);
/** vcpu_take_interrupt() - the processor takes @interrupt, which was acknowledged. Own thread. */
void vcpu_take_interrupt(struct vcpu *vcpu, int interrupt);
/** vcpu_create(), vcpu_destroy() - the memory of @vcpu's state, after exit_offers(). ERR_NO_MEMORY.
 */
enum err __must_check vcpu_create(struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);
/** guest_end_lines() - the guest has ended the interrupts of @pins of its IOAPIC: the machine's
 * lines there may signal again. Any CPU; takes the routes' lock. */
void guest_end_lines(const struct guest *guest, u32 pins);
/** vcpu_kicks() - kick the vCPUs of @mask. Any CPU. */
void vcpu_kicks(const struct guest *guest, u64 mask);
/** vcpu_serve() - have the component that served @vcpu last serve the access of its exit. Returns
 * false if the exit is the core's, or the vCPU has to leave. Own thread, no locks. */
bool __must_check vcpu_serve(struct vcpu *vcpu);
/** vcpu_started() - the SIPI of @exit, by @vcpu, has had @result. Own thread. */
void vcpu_started(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result);
/** vcpu_write_tsc_aux() - the loaded @vcpu writes @value to IA32_TSC_AUX. Returns false if it gets
 * #GP. Own thread. */
bool vcpu_write_tsc_aux(struct vcpu *vcpu, u64 value);
/** vcpu_has_work() - Returns true if @vcpu must not enter its guest again, because arch_vcpu_run()
 * or the core has something to do first. Own thread, interrupts masked: a request that follows
 * kicks the CPU, and ends the guest's run at once. */
static inline bool vcpu_has_work(const struct vcpu *vcpu)
{
	const struct arch_vcpu *arch = &vcpu->arch;
	u64 asked = atomic_load_explicit(&vcpu->requests, memory_order_acquire);
	u32 events = atomic_load_explicit(&arch->lapic.events, memory_order_relaxed);

	return (asked | arch->starts | (events & (LAPIC_EVENT_INIT | LAPIC_EVENT_TIMER))) != 0 ||
	       sched_needed();
}
/** vcpu_clock() - the present for @vcpu's LAPIC timer. Own thread. */
struct lapic_clock vcpu_clock(const struct vcpu *vcpu);

/* --- fpu.c ----------------------------------------------------------------------------------- */

/** fpu_bytes() - of the XSAVE area of a guest that may use the state in @mask. */
u64 fpu_bytes(u64 mask);
/** fpu_reset() - power-up values in @area. SDM vol. 3, table 9-1. */
void fpu_reset(void *area);
/** fpu_load(), fpu_save() - the extended state of @mask, and then XCR0 for the guest. */
void fpu_load(const void *area, u64 mask, u64 xcr0);
void fpu_save(void *area, u64 mask);
/** fpu_xcr0() - set XCR0 to @value, which has been validated. */
void fpu_xcr0(u64 value);

#endif
