/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's own exceptions and panics: registers, the cause in words, the call chain by name. None
 * is expected and none is survived. The printed text must suffice to find the mistake.
 */
#include <asm/trap.h>

#include "arch/common/backtrace.h"
#include "arch/x86_64/boot.h"
#include "arch/x86_64/mcheck.h"
#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <stdatomic.h>

/* Of a page fault (Intel SDM vol. 3 §4.7). */
#define FAULT_PRESENT BIT(0)
#define FAULT_WRITE   BIT(1)
#define FAULT_FETCH   BIT(4)

static bool is_within(u64 fp, u64 top, u64 bytes)
{
	return fp >= top + STACK_RESERVED - bytes && fp <= top - 16;
}

bool trap_on_stack(u64 fp)
{
	const struct arch_cpu *cpu = &this_cpu()->arch;

	return (fp & 15) == 0 && (is_within(fp, cpu->stack_top, CPU_STACK_BYTES) ||
				  is_within(fp, cpu->fatal_top, CPU_EXCEPTION_BYTES) ||
				  is_within(fp, cpu->nmi_top, CPU_EXCEPTION_BYTES));
}

/* Intel SDM vol. 3 table 6-1. */
static const char *exception_name(u64 vector)
{
	static const char *const names[] = {
		[0] = "division error",
		[1] = "debug exception",
		[2] = "NMI",
		[3] = "breakpoint",
		[4] = "overflow",
		[5] = "bound range exceeded",
		[6] = "invalid opcode",
		[7] = "device not available",
		[8] = "double fault",
		[10] = "invalid TSS",
		[11] = "segment not present",
		[12] = "stack fault",
		[13] = "general protection",
		[14] = "page fault",
		[16] = "x87 error",
		[17] = "alignment check",
		[18] = "machine check",
		[19] = "SIMD error",
		[20] = "virtualization",
		[21] = "control protection",
	};

	return vector < ARRAY_SIZE(names) && names[vector] != NULL ? names[vector] : "exception";
}

static void print_cause(const struct trap_frame *frame)
{
	const struct cpu *cpu = this_cpu();
	u64 address = read_cr2(), end = cpu->arch.stack_top + STACK_RESERVED - CPU_STACK_BYTES;

	log_error("panic: %s in the core on CPU %u (vector %lu, error code 0x%lx)",
		  exception_name(frame->vector), cpu->id, frame->vector, frame->error);
	if (frame->vector == VECTOR_MC)
		mcheck_print();
	if (frame->vector == VECTOR_PF)
		log_error("cause: %s at 0x%lx, %s",
			  (frame->error & FAULT_FETCH) != 0   ? "instruction fetch"
			  : (frame->error & FAULT_WRITE) != 0 ? "write"
							      : "read",
			  address,
			  (frame->error & FAULT_PRESENT) != 0 ? "which is not permitted"
							      : "where nothing is mapped");
	/* The frame of the page fault does not fit either, hence the double fault. */
	if (frame->vector == VECTOR_DF && address < end && address >= end - PAGE_SIZE)
		log_error("cause: stack overflow (the guard page below this CPU's stack was hit)");
}

void core_trap(struct trap_frame *frame)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8 ",
					     "r9 ", "r10", "r11", "r12", "r13", "r14", "r15" };
	struct cpu *cpu = this_cpu();
	const u64 *r = frame->r;

	if (atomic_fetch_add(&cpu->arch.trapped, 1) != 0)
		arch_stop(); /* an exception during the report of one */
	log_panic_begin();
	print_cause(frame);
	log_address("rip", frame->rip);
	log_error("rsp 0x%lx rflags 0x%lx cs 0x%lx cr3 0x%lx", frame->rsp, frame->rflags, frame->cs,
		  read_cr3());
	for (u32 i = 0; i < USER_REGISTERS; i += 3)
		log_error("%s %016lx %s %016lx %s %016lx", names[i], r[i], names[i + 1], r[i + 1],
			  names[i + 2], r[i + 2]);
	log_error("current vCPU %p", (void *)cpu->current);
	backtrace(r[USER_RBP]);
	log_error("panic: the machine is stopped");
	arch_stop();
}
