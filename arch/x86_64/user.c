/* SPDX-License-Identifier: Apache-2.0 */
/* Components in ring 3: the state that is switched for them, and the meaning of their
 * exceptions. */
#include <arch/user.h>

#include "arch/x86_64/tables.h"
#include <arch/irq.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <asm/trap.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/space.h>
#include <mullion/string.h>
#include <mullion/thread.h>

_Static_assert(offsetof(struct arch_user, vector) == USER_VECTOR, "known to assembly");
_Static_assert(offsetof(struct arch_user, rip) == USER_RIP, "known to assembly");
_Static_assert(offsetof(struct arch_user, ss) + 8 == USER_END, "known to assembly");
_Static_assert(offsetof(struct arch_user, host_sp) == USER_HOST_SP, "known to assembly");
_Static_assert(offsetof(struct arch_user, cr3) == USER_CR3, "known to assembly");
_Static_assert(offsetof(struct arch_user, r) == 0 && USER_END % 16 == 0, "known to assembly");

/* Of a page fault (Intel SDM vol. 3 §4.7). */
#define FAULT_WRITE BIT(1)
#define FAULT_FETCH BIT(4)

void x86_user_enter(struct arch_user *user);

void arch_user_reset(struct arch_user *user, const struct space *space, u64 entry, u64 stack,
		     u64 argument)
{
	u64 *root = space->root;

	root[SPACE_ENTRIES - 1] = mmu_root_entry();
	memset(user, 0, sizeof(*user));
	user->r[USER_RDI] = argument;
	user->rip = entry;
	user->cs = SELECTOR_USER_CODE;
	user->rflags = RFLAGS_FIXED | RFLAGS_IF;
	user->rsp = stack;
	user->ss = SELECTOR_USER_DATA;
	user->cr3 = space->root_pa.v;
	user->space = space;
}

/* Set (no access) or clear the bits of @space's ports in the CPU's bitmap. */
static void set_ports(struct cpu_tables *tables, const struct space *space, bool denied)
{
	for (u32 i = 0; i < space->num_ports; i++)
		for (u32 n = 0; n < space->ports[i].count; n++) {
			u32 port = space->ports[i].first + n;

			if (denied)
				tables->bitmap[port / 8] |= (u8)BIT(port % 8);
			else
				tables->bitmap[port / 8] &= (u8)~BIT(port % 8);
		}
}

/* Segment registers that ring 3 can load have no value of another program or guest. */
static void load_regime(struct cpu *cpu, const struct arch_user *user)
{
	__asm__ volatile("mov %w0, %%ds\n\t"
			 "mov %w0, %%es\n\t"
			 "mov %w0, %%fs\n\t"
			 "mov %w0, %%gs"
			 :
			 : "r"(0));
	write_msr(MSR_FS_BASE, 0);
	write_msr(MSR_GS_BASE, 0);
	if (cpu->arch.tables->ports_of != NULL)
		set_ports(cpu->arch.tables, cpu->arch.tables->ports_of, true);
	set_ports(cpu->arch.tables, user->space, false);
	cpu->arch.tables->ports_of = user->space;
	cpu->arch.regime = user;
}

enum user_trap arch_user_run(struct arch_user *user)
{
	struct cpu *cpu = this_cpu();

	if (cpu->arch.regime != user)
		load_regime(cpu, user);
	if (cpu->arch.tsc_aux != 0) {
		write_msr(MSR_TSC_AUX, 0); /* a guest's value, which ring 3 could read */
		cpu->arch.tsc_aux = 0;
	}
	if (cpu->arch.tables->stale)
		tables_restore(cpu->arch.tables);
	cpu->arch.tables->tss.rsp[0] = (u64)user + USER_END;
	atomic_store(&cpu->arch.user_entered, user->cr3 | (++cpu->arch.user_entries % PAGE_SIZE));
	x86_user_enter(user);
	atomic_store(&cpu->arch.user_entered, 0);
	if (user->vector == USER_SYSCALL_VECTOR)
		return USER_SYSCALL;
	if (user->vector >= VECTOR_EXCEPTIONS) {
		cpu->arch.vector = user->vector;
		arch_irq_take();
		return USER_INTERRUPTED;
	}
	user->cr2 = read_cr2();
	return USER_FAULT;
}

static const char *cause(const struct arch_user *user)
{
	switch (user->vector) {
	case 0: return "division error";
	case 1: return "debug exception";
	case 3: return "breakpoint";
	case 6: return "undefined instruction";
	case 7: return "FP or SIMD instruction";
	case 12: return "stack fault";
	case 13: return "privileged instruction, I/O port or address";
	case VECTOR_PF:
		if (user->error & FAULT_FETCH)
			return "instruction fetch";
		return (user->error & FAULT_WRITE) != 0 ? "write" : "read";
	case 17: return "misaligned access";
	default: return "exception";
	}
}

void arch_user_dump(const struct arch_user *user)
{
	static const char *const names[] = { "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8 ",
					     "r9 ", "r10", "r11", "r12", "r13", "r14", "r15" };
	const u64 *r = user->r;

	if (user->vector == VECTOR_PF)
		log_error("  %s, error code %04lx, address %016lx", cause(user), user->error,
			  user->cr2);
	else if (user->vector < VECTOR_EXCEPTIONS)
		log_error("  %s, vector %lu, error code %04lx", cause(user), user->vector,
			  user->error);
	for (u32 i = 0; i < USER_REGISTERS; i += 3) {
		thread_preempt_point();
		log_error("  %s %016lx %s %016lx %s %016lx", names[i], r[i], names[i + 1], r[i + 1],
			  names[i + 2], r[i + 2]);
	}
	log_error("  rip %016lx rsp %016lx rflags %08lx", user->rip, user->rsp, user->rflags);
}
