/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vCPUs on x86-64: the loop of entries and exits, and the states of a vCPU. A vCPU's state is
 * loaded when it runs and another's was before, and is saved when another is about to run.
 */
#include "arch/x86_64/predict.h"
#include "arch/x86_64/virt.h"

#include <arch/boot.h>
#include <arch/time.h>
#include <asm/sysreg.h>
#include <mullion/cpu.h>
#include <mullion/log.h>
#include <mullion/mem.h>
#include <mullion/sched.h>
#include <mullion/serve.h>
#include <mullion/string.h>

_Static_assert(offsetof(struct vcpu, arch) == 0, "known to assembly");
_Static_assert(offsetof(struct arch_vcpu, r) == 0, "known to assembly");

#define LEAF_EXTENDED 0x80000001u
#define E1_RDTSCP     BIT(27)

const struct virt *virt;

struct lapic_clock vcpu_clock(const struct vcpu *vcpu)
{
	return (struct lapic_clock){
		.ns = arch_time_now().v,
		.tsc = read_tsc() + vcpu->arch.tsc_offset,
		.tsc_khz = (u32)(boot_info.counter_hz / 1000),
	};
}

/* The host's deadline for the LAPIC timer. Own thread. */
static void arm_timer(struct vcpu *vcpu, const struct lapic_clock *clock)
{
	u64 due = lapic_timer_due(&vcpu->arch.lapic, clock);

	if (due != LAPIC_NEVER)
		timer_arm(&vcpu->arch.timer, NS(due));
	else
		(void)timer_stop(&vcpu->arch.timer);
}

static void timer_handler(struct timer_event *event)
{
	struct vcpu *vcpu = container_of(event, struct vcpu, arch.timer);

	atomic_fetch_or(&vcpu->arch.lapic.events, LAPIC_EVENT_TIMER);
	vcpu_kick(vcpu);
}

static bool has_event(const struct vcpu *vcpu, u32 event)
{
	return (atomic_load_explicit(&vcpu->arch.lapic.events, memory_order_relaxed) & event) != 0;
}

static void forget_timer(struct vcpu *vcpu)
{
	atomic_fetch_and(&vcpu->arch.lapic.events, ~LAPIC_EVENT_TIMER);
}

static void serve_timer(struct vcpu *vcpu)
{
	struct lapic_clock clock;

	if (!has_event(vcpu, LAPIC_EVENT_TIMER))
		return;
	forget_timer(vcpu);
	clock = vcpu_clock(vcpu);
	lapic_timer_expire(&vcpu->arch.lapic, &clock);
	arm_timer(vcpu, &clock);
}

void vcpu_kicks(const struct guest *guest, u64 mask)
{
	for (; mask != 0; mask &= mask - 1)
		vcpu_kick(guest->vcpus[__builtin_ctzll(mask)]);
}

void vcpu_apply_rest(struct vcpu *vcpu, struct lapic_effect *effect)
{
	struct guest *guest = vcpu->guest;

	if (effect->eoi != LAPIC_NONE) {
		spin_lock(&guest->arch.lock);
		ioapic_eoi(&guest->arch.ioapic, &guest->arch.bus, (u32)effect->eoi, effect);
		spin_unlock(&guest->arch.lock);
	}
	guest_end_lines(guest, effect->lines);
	vcpu->arch.starts |= effect->starts;
	if (effect->timer) {
		struct lapic_clock clock = vcpu_clock(vcpu);

		arm_timer(vcpu, &clock);
	}
	vcpu_kicks(guest, effect->kicks & ~BIT(vcpu->index));
}

/* The vmm learns that its request is taken, and may make another, whose note is folded later. A
 * vector of the LAPIC stays in IRR. */
bool vcpu_acknowledge(struct vcpu *vcpu, int interrupt)
{
	struct lapic *lapic = &vcpu->arch.lapic;
	u32 request = (u32)interrupt;

	if (interrupt >= INTERRUPT_8259 && (lapic->external & LAPIC_ACKNOWLEDGED) == 0) {
		if (!atomic_compare_exchange_strong(&vcpu->guest->arch.request, &request, 0))
			return false;
		lapic->external = LAPIC_ACKNOWLEDGED;
	}
	vcpu->arch.requested = interrupt;
	return true;
}

void vcpu_take_interrupt(struct vcpu *vcpu, int interrupt)
{
	struct lapic *lapic = &vcpu->arch.lapic;

	if (interrupt < INTERRUPT_8259)
		lapic_accept(lapic, (u32)interrupt);
	else
		lapic->external &= (u8)~LAPIC_ACKNOWLEDGED;
}

/* An NMI stays masked until the IRET of the exception's handler, as if it had been delivered. */
bool vcpu_raise(struct vcpu *vcpu, u32 vector, u64 error)
{
	struct exception_raised raised = exception_raise(vcpu->arch.event, vector, error);
	struct lapic *lapic = &vcpu->arch.lapic;

	vcpu->arch.event = raised.event;
	if (raised.later == 0)
		return raised.shutdown;
	if (EVENT_TYPE(raised.later) == EVENT_NMI)
		atomic_fetch_or(&lapic->events, LAPIC_EVENT_NMI);
	else if (vcpu->arch.requested < INTERRUPT_8259)
		lapic_return(lapic, (u32)vcpu->arch.requested);
	else
		lapic->external |= LAPIC_ACKNOWLEDGED;
	return raised.shutdown;
}

enum err vcpu_create(struct vcpu *vcpu)
{
	struct arch_vcpu *arch = &vcpu->arch;

	timer_init(&arch->timer, timer_handler);
	exit_facts(vcpu);
	if (fpu_bytes(vcpu->guest->arch.xcr0_offer) > PAGE_SIZE)
		return ERR_UNSUPPORTED;
	arch->fpu = page_alloc(1);
	if (arch->fpu == NULL)
		return ERR_NO_MEMORY;
	return virt->create(vcpu);
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (virt != NULL)
		virt->destroy(vcpu);
	page_free(vcpu->arch.fpu, 1);
	vcpu->arch.fpu = NULL;
}

/* --- Loading ---------------------------------------------------------------------------------- */

static void save(struct vcpu *vcpu)
{
	virt->save(vcpu);
	exit_forget_code(vcpu);
	this_cpu()->current = NULL;
}

static void set_tsc_aux(struct cpu *cpu, u64 value)
{
	if (cpu->arch.tsc_aux == value)
		return;
	write_msr(MSR_TSC_AUX, value);
	cpu->arch.tsc_aux = value;
}

/* On a CPU without the register reads pass and fault. */
bool vcpu_write_tsc_aux(struct vcpu *vcpu, u64 value)
{
	if ((cpuid_if(LEAF_EXTENDED, 0).d & E1_RDTSCP) == 0 || (value >> 32) != 0)
		return false;
	vcpu->arch.tsc_aux = value;
	set_tsc_aux(this_cpu(), value);
	return true;
}

/* A component may have run since, so IA32_TSC_AUX is loaded each time. */
static void load(struct vcpu *vcpu)
{
	struct cpu *cpu = this_cpu();

	set_tsc_aux(cpu, vcpu->arch.tsc_aux);
	if (cpu->arch.predicts_for != vcpu->guest)
		predict_barrier(cpu, vcpu->guest);
	if (cpu->current == vcpu)
		return;
	if (cpu->current != NULL)
		save(cpu->current);
	virt->load(vcpu);
	cpu->current = vcpu;
}

void arch_vcpu_reset(struct vcpu *vcpu, const struct vcpu_start *start)
{
	struct arch_vcpu *arch = &vcpu->arch;

	if (this_cpu()->current == vcpu)
		save(vcpu);
	(void)timer_stop(&arch->timer);
	forget_timer(vcpu);
	memset(arch->r, 0, sizeof(arch->r));
	arch->rip = 0;
	arch->rflags = RFLAGS_FIXED;
	arch->moved = true;
	arch->r[VCPU_RDX] = cpuid(1, 0).a; /* family, model, stepping (SDM vol. 3, 9.1.2) */
	memset(arch->dr, 0, sizeof(arch->dr));
	arch->xcr0 = 1;
	arch->tsc_aux = 0;
	arch->event = 0;
	arch->nmi_masked = false;
	arch->nmi_ends = false;
	arch->starts = 0;
	fpu_reset(arch->fpu);
	virt->reset(vcpu, start);
}

void arch_vcpu_put(struct vcpu *vcpu)
{
	if (this_cpu()->current == vcpu)
		save(vcpu);
	(void)timer_stop(&vcpu->arch.timer);
	forget_timer(vcpu);
}

/* --- Inline service (include/mullion/serve.h) ------------------------------------------------- */

/* Of ports the span is the region; of memory any access that begins in it ends in the region. */
static bool is_served(const struct vcpu *vcpu, const struct vcpu_exit *exit, u64 offset)
{
	const struct served_region *served = &vcpu->served;
	u64 span = exit->kind == EXIT_READ ? served->read_span : served->span;

	return offset < span && (served->base < PORT_BASE || exit->access.width <= span - offset);
}

/* The component's run is over. Its thread has to serve another trap than the answer: then the exit
 * waits in the core for the answer. A pending interrupt ends the guest's next run. */
static bool finish_service(struct vcpu *vcpu, enum user_trap trap,
			   const struct component_exit *record)
{
	struct component *component = vcpu->served.component;
	struct vcpu_exit *exit = vcpu->arch.exit;

	if (trap != USER_SYSCALL || !serve_answered(vcpu)) {
		serve_leave(vcpu, trap, record);
		return false;
	}
	vcpu->exits[exit->kind]++;
	arch_vcpu_answer(vcpu, exit, OK, arch_user_argument(&component->user, 1));
	exit->kind = EXIT_NONE;
	set_tsc_aux(this_cpu(), vcpu->arch.tsc_aux);
	if (serve_end(component))
		return true;
	serve_wake(component);
	return false;
}

bool vcpu_serve(struct vcpu *vcpu)
{
	const struct vcpu_exit *exit = vcpu->arch.exit;
	u64 offset = exit->access.at.v - vcpu->served.base;
	bool write = exit->kind == EXIT_WRITE;
	struct component_exit record;
	struct arch_user *user;

	if (!is_served(vcpu, exit, offset) || !serve_begin(vcpu))
		return false;
	user = &vcpu->served.component->user;
	record = serve_record(vcpu, offset, (u32)__builtin_ctz(exit->access.width), write,
			      vcpu->served.component->exits);
	record.value = write ? exit->access.value : 0;
	arch_user_set_result(user, 0, NOTIFY_EXIT);
	serve_present(user, &record);
	return finish_service(vcpu, arch_user_run(user), &record);
}

/* --- Running ---------------------------------------------------------------------------------- */

/* INIT takes the vCPU off, unless its SIPI has arrived as well. Returns false if it is off. */
static bool serve_init(struct vcpu *vcpu)
{
	struct vcpu_start start = { .sipi = true };
	u32 page;

	if (!lapic_take_init(&vcpu->arch.lapic))
		return true;
	if (vcpu->index == 0) {
		vcpu->arch.exit->kind = EXIT_SYSTEM_RESET;
		return false;
	}
	if (!lapic_take_sipi(&vcpu->arch.lapic, &page)) {
		vcpu->arch.exit->kind = EXIT_CPU_OFF;
		return false;
	}
	start.page = (u8)page;
	arch_vcpu_reset(vcpu, &start);
	load(vcpu);
	return true;
}

/* One of the vCPUs that have got a SIPI. Returns false if the core has to start it. */
static bool serve_starts(struct vcpu *vcpu)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	while (vcpu->arch.starts != 0) {
		u32 index = (u32)__builtin_ctzll(vcpu->arch.starts), page;

		vcpu->arch.starts &= vcpu->arch.starts - 1;
		if (!lapic_take_sipi(&vcpu->guest->vcpus[index]->arch.lapic, &page))
			continue;
		exit->kind = EXIT_CPU_ON;
		exit->cpu_on.target = index;
		exit->cpu_on.start = (struct vcpu_start){ .sipi = true, .page = (u8)page };
		return false;
	}
	return true;
}

/* A vCPU that has seen its INIT but has not stopped yet gets its SIPI at the next attempt. Between
 * two the core schedules, so it does stop. */
void vcpu_started(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result)
{
	u32 target = exit->cpu_on.target;

	if (result == OK)
		return;
	lapic_wait_again(&vcpu->guest->vcpus[target]->arch.lapic, exit->cpu_on.start.page,
			 result == ERR_EXISTS || result == ERR_BUSY);
	if (result == ERR_EXISTS || result == ERR_BUSY)
		vcpu->arch.starts |= BIT(target);
}

void arch_vcpu_run(struct vcpu *vcpu, struct vcpu_exit *exit)
{
	exit->kind = EXIT_NONE;
	vcpu->arch.exit = exit;
	load(vcpu);
	do {
		serve_timer(vcpu);
		if (!serve_starts(vcpu) || (has_event(vcpu, LAPIC_EVENT_INIT) && !serve_init(vcpu)))
			return;
		if (vcpu_has_work(vcpu))
			return;
	} while (virt->run(vcpu));
}

bool arch_vcpu_posted(const struct vcpu *vcpu)
{
	return (atomic_load(&vcpu->arch.lapic.events) & ~LAPIC_WAITING) != 0;
}

/* A level that has fallen stays in IRR until it is served (SDM vol. 3, 10.8.4). */
bool arch_vcpu_wants_irq(struct vcpu *vcpu)
{
	struct lapic *lapic = &vcpu->arch.lapic;

	serve_timer(vcpu);
	lapic_fold(lapic);
	if ((atomic_load(&lapic->events) & (LAPIC_EVENT_NMI | LAPIC_EVENT_INIT)) != 0)
		return true;
	return vcpu_next_interrupt(vcpu) != LAPIC_NONE && (vcpu->arch.rflags & RFLAGS_IF) != 0;
}

void arch_vcpu_figures(const struct vcpu *vcpu, struct vcpu_figures *figures)
{
	const struct lapic *lapic = &vcpu->arch.lapic;

	*figures = (struct vcpu_figures){ .pc = vcpu->arch.rip };
	for (u32 i = 0; i < 8; i++) {
		figures->virqs_pending += bit_count(lapic->irr[i]);
		figures->virqs_active += bit_count(lapic->isr[i]);
	}
}

void arch_vcpu_profile(struct vcpu *vcpu, bool on)
{
	virt->profile(vcpu, on);
}

void arch_vcpu_dump(struct vcpu *vcpu)
{
	static const char *const names[] = {
		"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
		"r8 ", "r9 ", "r10", "r11", "r12", "r13", "r14", "r15"
	};
	const u64 *r = vcpu->arch.r;

	log_error("  vcpu %u on CPU %u", vcpu->index, vcpu->thread.cpu);
	for (u32 i = 0; i < 16; i += 4) {
		thread_preempt_point();
		log_error("  %s %016lx %s %016lx %s %016lx %s %016lx", names[i], r[i], names[i + 1],
			  r[i + 1], names[i + 2], r[i + 2], names[i + 3], r[i + 3]);
	}
	thread_preempt_point();
	log_error("  rip %016lx rflags %08lx cr0 %08lx cr2 %016lx", vcpu->arch.rip,
		  vcpu->arch.rflags, virt->read(vcpu, VIRT_CR0), virt->read(vcpu, VIRT_CR2));
	log_error("  cr3 %016lx cr4 %08lx efer %08lx", virt->read(vcpu, VIRT_CR3),
		  virt->read(vcpu, VIRT_CR4), virt->read(vcpu, VIRT_EFER));
	virt->dump(vcpu);
}
