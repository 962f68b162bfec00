/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture contract: vCPUs. struct arch_vcpu and struct arch_guest come from <asm/vcpu.h>.
 */
#ifndef ARCH_VCPU_H
#define ARCH_VCPU_H

#include <asm/vcpu.h>
#include <mullion/err.h>
#include <mullion/exit.h>
#include <mullion/types.h>

struct guest;
struct vcpu;
struct config_guest;
struct fdt_writer;

/** arch_guest_init() - controller, vCPUs and what else @guest has of the architecture, from its
 * configuration. Its address space and its vCPUs' threads exist. Returns ERR_NO_MEMORY, ERR_INVALID
 * or ERR_UNSUPPORTED. */
enum err __must_check arch_guest_init(struct guest *guest);
/** arch_guest_destroy() - give back what arch_guest_init() took; also of a guest it failed for or
 * never saw. */
void arch_guest_destroy(struct guest *guest);
/** arch_guest_reset() - the same back to reset state. No vCPU runs. */
void arch_guest_reset(struct guest *guest);
/** arch_guest_describe() - write the architecture's nodes of a guest's tree (controller, timer,
 * psci, cpus). */
void arch_guest_describe(const struct config_guest *config, struct fdt_writer *w);

/** arch_vcpu_reset() - every guest-visible register to reset values; starts at @entry with @context
 * in the first argument. Own thread. */
void arch_vcpu_reset(struct vcpu *vcpu, u64 entry, u64 context);
/** arch_vcpu_put() - the vCPU has stopped: take its state out of this CPU, and give back what it
 * holds of the CPU's own interrupts and timers. Own thread. */
void arch_vcpu_put(struct vcpu *vcpu);
/** arch_vcpu_run() - run until an exit that needs the rest of the core. Its state is loaded first
 * if it is not, and stays so until another vCPU's is. Own thread, no locks. */
void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit);
/** arch_vcpu_answer() - the end of @exit, which stopped the vCPU before an instruction. An access
 * or fault with an error: a synchronous external abort at its address. An access with OK: the
 * instruction is done; a read's register gets @value, with the width and sign of @exit. A firmware
 * call: @result as the architecture encodes it. Its values are OK, ERR_INVALID or ERR_NOT_FOUND (no
 * such CPU, bad parameter), ERR_RANGE (bad entry address), ERR_EXISTS (the CPU is on). Further ones
 * are ERR_BUSY (the CPU is starting), ERR_DENIED and ERR_UNSUPPORTED; others are an internal
 * failure. Own thread. */
void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value);
/** arch_vcpu_wants_irq() - a virtual interrupt would be taken or would end WFI. Own thread. */
bool arch_vcpu_wants_irq(struct vcpu *vcpu);
/** arch_vcpu_resample() - what is pending for a line that has fallen no longer is. Own thread. */
void arch_vcpu_resample(struct vcpu *vcpu);
/** arch_vcpu_posted() - something was posted since arch_vcpu_wants_irq(), or it was never asked.
 * Own thread. */
bool arch_vcpu_posted(const struct vcpu *vcpu);
/** arch_vcpu_identity() - the CPU identity (MPIDR affinity) of vCPU @index. Pure. */
u64 arch_vcpu_identity(u32 index);
/* The last known state of a vCPU, for queries while it runs. */
struct vcpu_figures {
	u64 pc;                          /* where it last left the guest */
	u32 virqs_pending, virqs_active; /* of its private interrupts */
};

/** arch_vcpu_figures() - a snapshot without locks. Any CPU. */
void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures);
/** arch_vcpu_dump() - log registers and the faulting instruction. May yield between lines: the
 * vCPU's own thread, no locks. */
void arch_vcpu_dump(struct vcpu *vcpu);

#endif
