/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own exceptions and panics: registers, the syndrome in words, the call chain by name.
 * None is expected and none is survived. The printed text must suffice to find the mistake.
 */
#include <asm/trap.h>

#include "arch/arm64/boot.h"
#include "arch/arm64/pure/esr.h"
#include "arch/common/backtrace.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <stdatomic.h>

bool trap_on_stack(u64 fp)
{
	const struct arch_cpu *cpu = &this_cpu()->arch;

	if ((fp & 15) != 0)
		return false;
	return (fp >= cpu->stack_top - CPU_STACK_BYTES && fp <= cpu->stack_top - 16) ||
	       (fp >= cpu->exception_top - CPU_EXCEPTION_BYTES && fp <= cpu->exception_top - 16);
}

const char *trap_class_name(u64 esr)
{
	static const char *const names[ESR_EC_COUNT] = {
		[ESR_EC_UNKNOWN] = "undefined instruction",
		[ESR_EC_WFX] = "WFI or WFE",
		[ESR_EC_FP] = "FP or SIMD instruction",
		[ESR_EC_PAUTH] = "pointer authentication while trapped",
		[ESR_EC_BTI] = "branch target exception",
		[ESR_EC_ILL] = "illegal execution state",
		[ESR_EC_SVC64] = "SVC",
		[ESR_EC_HVC64] = "HVC",
		[ESR_EC_SMC64] = "SMC",
		[ESR_EC_SYS64] = "system register",
		[ESR_EC_SVE] = "SVE instruction",
		[ESR_EC_FPAC] = "pointer authentication failure",
		[ESR_EC_IABT_LOW] = "instruction abort",
		[ESR_EC_IABT_CUR] = "instruction abort",
		[ESR_EC_PC_ALIGN] = "misaligned program counter",
		[ESR_EC_DABT_LOW] = "data abort",
		[ESR_EC_DABT_CUR] = "data abort",
		[ESR_EC_SP_ALIGN] = "misaligned stack pointer",
		[ESR_EC_SERROR] = "system error",
		[ESR_EC_BRK64] = "BRK",
	};
	const char *name = names[ESR_EC(esr)];

	return name != NULL ? name : "exception";
}

/* Fault status of aborts, Arm ARM D13.2.39 (ISS encoding for a data abort, DFSC). */
static const char *fault_name(u64 esr)
{
	switch (esr & ISS_FSC_MASK) {
	case 0x00 ... 0x03: return "address size fault";
	case 0x04 ... 0x07: return "translation fault";
	case 0x08 ... 0x0b: return "access flag fault";
	case 0x0c ... 0x0f: return "permission fault";
	case 0x10: return "external abort";
	case 0x14 ... 0x17: return "external abort on a table walk";
	case 0x18: return "parity or ECC error";
	case 0x21: return "alignment fault";
	case 0x30: return "TLB conflict";
	default: return "fault";
	}
}

static bool is_abort(u64 esr)
{
	return ESR_EC(esr) == ESR_EC_DABT_CUR || ESR_EC(esr) == ESR_EC_IABT_CUR;
}

static void print_cause(const struct trap_frame *frame, u32 vector)
{
	static const char *const kinds[] = { "synchronous exception", "IRQ", "FIQ", "SError" };
	const struct cpu *cpu = this_cpu();
	u64 esr = frame->esr, guard = cpu->arch.stack_top - CPU_STACK_BYTES;

	log_error("panic: %s in the core on CPU %u (vector %u)", kinds[vector & 3], cpu->id,
		  vector);
	/* An interrupt has no syndrome. */
	if ((vector & 3) == TRAP_SP0_IRQ || (vector & 3) == TRAP_SP0_FIQ)
		return;
	if (!is_abort(esr) || !syndrome_has_address(esr)) {
		log_error("cause: %s (ESR 0x%lx)", trap_class_name(esr), esr);
		return;
	}
	log_error("cause: %s: %s at 0x%lx (ESR 0x%lx)", trap_class_name(esr), fault_name(esr),
		  frame->far, esr);
	if (ESR_EC(esr) == ESR_EC_DABT_CUR && frame->far < guard && frame->far >= guard - PAGE_SIZE)
		log_error("cause: stack overflow (the guard page below this CPU's stack was hit)");
}

void core_trap(struct trap_frame *frame, u32 vector)
{
	struct cpu *cpu = this_cpu();

	if (atomic_fetch_add(&cpu->arch.trapped, 1) != 0)
		arch_stop(); /* an exception during the report of one */
	log_panic_begin();
	print_cause(frame, vector);
	log_address("pc", frame->elr);
	log_address("lr", trap_strip(frame->x[30]));
	log_error("sp 0x%lx spsr 0x%lx", frame->sp, frame->spsr);
	for (u32 i = 0; i < 30; i += 3)
		log_error("x%-2u %016lx x%-2u %016lx x%-2u %016lx", i, frame->x[i], i + 1,
			  frame->x[i + 1], i + 2, frame->x[i + 2]);
	log_error("x30 %016lx current vCPU %p", frame->x[30], (void *)cpu->current);
	backtrace(frame->x[29]);
	log_error("panic: the machine is stopped");
	arch_stop();
}
