/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture contract: vCPUs. From <asm/vcpu.h> come struct arch_vcpu, struct arch_guest, and
 * struct vcpu_start: where a vCPU begins. The core copies that one and does not look into it.
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <asm/vcpu.h>
#include <mullion/err.h>
#include <mullion/exit.h>
#include <mullion/types.h>

struct guest;
struct vcpu;

/** arch_guest_init() - controller, vCPUs and what else @guest has of the architecture, from its
 * configuration. Its address space and its vCPUs' threads exist. Returns ERR_NO_MEMORY, ERR_INVALID
 * or ERR_UNSUPPORTED. */
enum err __must_check arch_guest_init(struct guest *guest);
/** arch_guest_destroy() - give back what arch_guest_init() took; also of a guest it failed for or
 * never saw. */
void arch_guest_destroy(struct guest *guest);
/** arch_guest_reset() - the same back to reset state. No vCPU runs. */
void arch_guest_reset(struct guest *guest);
/** arch_boot_write() - write the pieces that the guest of @vcpu, its first, starts with, where
 * boot_place() has placed them; set vcpu->start. Instructions among them are what CPUs fetch.
 * Between pieces others may run. Returns ERR_BUSY if the vCPU has to stop; other errors are logged.
 * Its own thread, before it runs; no other vCPU of the guest is on. */
enum err __must_check arch_boot_write(struct vcpu *vcpu);

/** arch_vcpu_reset() - every guest-visible register to reset values, then those of @start. Own
 * thread. */
void arch_vcpu_reset(struct vcpu *vcpu, const struct vcpu_start *start);
/** arch_vcpu_put() - the vCPU has stopped: take its state out of this CPU, and give back what it
 * holds of the CPU's own interrupts and timers. Own thread. */
void arch_vcpu_put(struct vcpu *vcpu);
/** arch_vcpu_run() - run until an exit that needs the rest of the core. Its state is loaded first
 * if it is not, and stays so until another vCPU's is. Own thread, no locks. */
void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit);
/** arch_vcpu_answer() - the end of @exit, which stopped the vCPU before an instruction. An access
 * or fault with an error: the guest gets the exception of a failed access. An access with OK: the
 * instruction is done; a read's register gets @value, as the instruction extends it. EXIT_CPU_ON
 * and EXIT_CPU_SUSPEND: @result as the architecture encodes it. Its values are OK, ERR_NOT_FOUND
 * (no such vCPU), ERR_EXISTS (the vCPU is on), ERR_BUSY (the vCPU is starting) and ERR_DENIED;
 * others are an internal failure. Own thread. */
void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value);
/** arch_vcpu_wants_irq() - Returns true if a virtual interrupt would be taken, or would end a wait.
 * After EXIT_WAIT or EXIT_CPU_SUSPEND, one that is pending for a line that has fallen does not
 * count. Own thread; no locks. */
bool arch_vcpu_wants_irq(struct vcpu *vcpu);
/** arch_vcpu_posted() - something was posted since arch_vcpu_wants_irq(), or it was never asked.
 * Own thread. */
bool arch_vcpu_posted(const struct vcpu *vcpu);
/* The last known state of a vCPU, for queries while it runs. */
struct vcpu_figures {
	u64 pc;                          /* where it last left the guest */
	u32 virqs_pending, virqs_active; /* of its private interrupts */
};

/** arch_vcpu_figures() - a snapshot without locks. Any CPU. */
void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures);
/** arch_vcpu_profile() - from its next entry on @vcpu calls profile_exit() and profile_entry()
 * (mullion/profile.h), or no longer. Own thread. */
void arch_vcpu_profile(struct vcpu *vcpu, bool on);
/** arch_vcpu_dump() - log registers and the faulting instruction. May yield between lines: the
 * vCPU's own thread, no locks. */
void arch_vcpu_dump(struct vcpu *vcpu);

#endif
