/* SPDX-License-Identifier: Apache-2.0 */
/* Exits that both vendors have: instructions that the guest cannot execute by itself, ports, memory
 * that is not there. Each handler ends in an answer, an exception for the guest, or its stop. */
#include "arch/x86_64/predict.h"
#include "arch/x86_64/virt.h"

#include "arch/x86_64/pure/cpuid.h"
#include "arch/x86_64/pure/cr.h"
#include "arch/x86_64/pure/decode.h"
#include "arch/x86_64/pure/length.h"
#include <abi/component.h>
#include <arch/boot.h>
#include <mullion/guest.h>

#define CALL_LOG     0x4d554c01u /* "MUL", 1 */
#define CALL_UNKNOWN (-1000)

#define DR6_BS BIT(14) /* a single step */

bool exit_stop(struct vcpu *vcpu, const char *why)
{
	vcpu->arch.exit->kind = EXIT_ERROR;
	vcpu->arch.exit->error.why = why;
	return false;
}

/* --- The instruction -------------------------------------------------------------------------- */

/* RIP behind the instruction, which is of @kind, on a CPU that does not report it. */
static __cold bool decode_next(struct vcpu *vcpu, enum insn_kind kind)
{
	struct insn insn;

	if (!exit_decode(vcpu, kind, &insn))
		return false;
	vcpu->arch.next_rip = vcpu->arch.rip + insn.length;
	return true;
}

/* Returns false if there is no such instruction any more: the guest executes it again. */
static bool find_next(struct vcpu *vcpu, enum insn_kind kind)
{
	return vcpu->arch.next_rip != 0 || decode_next(vcpu, kind);
}

/* Each handler finds the next instruction before it changes anything: without one, the guest
 * executes its instruction again. */
void exit_trap(struct vcpu *vcpu)
{
	virt->write(vcpu, VIRT_DR6, virt->read(vcpu, VIRT_DR6) | DR6_BS);
	virt->raise(vcpu, VECTOR_DB, VIRT_NO_ERROR);
}

static bool fault(struct vcpu *vcpu)
{
	virt->raise(vcpu, VECTOR_GP, 0);
	return true;
}

bool exit_undefined(struct vcpu *vcpu)
{
	virt->raise(vcpu, VECTOR_UD, VIRT_NO_ERROR);
	return true;
}

bool exit_ignored(struct vcpu *vcpu, enum insn_kind kind)
{
	if (virt->read(vcpu, VIRT_CPL) != 0)
		return fault(vcpu); /* QEMU has the exit first */
	return !find_next(vcpu, kind) || exit_finish(vcpu, vcpu->arch.next_rip);
}

bool exit_hlt(struct vcpu *vcpu)
{
	if (!find_next(vcpu, INSN_HLT))
		return true;
	(void)exit_finish(vcpu, vcpu->arch.next_rip);
	vcpu->arch.exit->kind = EXIT_WAIT;
	return false;
}

/* Text of a guest for the core's log. RBX is its length; the text is in RCX, RDX, RSI, RDI and R8
 * to R11. From 32-bit code it is in the lower halves of the first four. */
static __cold bool call_log(struct vcpu *vcpu)
{
	bool code64 = virt->read(vcpu, VIRT_CODE64) != 0;
	static const u8 order[] = { VCPU_RCX, VCPU_RDX, VCPU_RSI, VCPU_RDI, 8, 9, 10, 11 };
	struct vcpu_exit *exit = vcpu->arch.exit;
	u32 part = code64 ? 8 : 4, count = code64 ? 8 : 4;
	u64 length = vcpu->arch.r[VCPU_RBX];

	if (!code64)
		length = (u32)length;
	if (length > part * count)
		return true;
	for (u32 i = 0; i < length; i++)
		exit->log.text[i] = (char)(vcpu->arch.r[order[i / part]] >> i % part * 8);
	exit->log.len = (u32)length;
	exit->kind = EXIT_LOG;
	vcpu->arch.r[VCPU_RAX] = 0;
	return false;
}

/* The kernel alone may call (CPL 0); for other code there is no such instruction. An unknown call
 * returns -1000, as it does from KVM. */
bool exit_call(struct vcpu *vcpu, enum insn_kind kind, u32 cpl)
{
	u32 number = (u32)vcpu->arch.r[VCPU_RAX];

	if (cpl != 0)
		return exit_undefined(vcpu);
	if (!find_next(vcpu, kind))
		return true;
	vcpu->arch.r[VCPU_RAX] = (u64)CALL_UNKNOWN;
	(void)exit_finish(vcpu, vcpu->arch.next_rip);
	return number != CALL_LOG || call_log(vcpu);
}

/* --- CPUID, MSRs, control registers ----------------------------------------------------------- */

static void machine_cpuid(u32 leaf, u32 subleaf, struct cpuid_regs *regs)
{
	__asm__ volatile("cpuid"
			 : "=a"(regs->eax), "=b"(regs->ebx), "=c"(regs->ecx), "=d"(regs->edx)
			 : "a"(leaf), "c"(subleaf));
}

void exit_facts(struct vcpu *vcpu)
{
	struct cpuid_view *view = &vcpu->arch.cpuid;

	*view = (struct cpuid_view){
		.machine = machine_cpuid,
		.index = vcpu->index,
		.vcpus = vcpu->guest->num_vcpus,
		.address_bits = vcpu->guest->space.address_bits,
		.tsc_khz = (u32)(boot_info.counter_hz / 1000),
		.lapic_khz = LAPIC_TIMER_KHZ,
		.tsc_invariant = true,
		.tsc_deadline = true,
	};
	cpuid_begin(view);
}

bool exit_cpuid(struct vcpu *vcpu)
{
	struct cpuid_view *view = &vcpu->arch.cpuid;
	u64 *r = vcpu->arch.r;
	struct cpuid_regs regs;

	if (!find_next(vcpu, INSN_CPUID))
		return true;
	view->apic_enabled = lapic_is_on(&vcpu->arch.lapic);
	view->cr4 = virt->read(vcpu, VIRT_CR4);
	view->xcr0 = vcpu->arch.xcr0;
	cpuid_answer(view, (u32)r[VCPU_RAX], (u32)r[VCPU_RCX], &regs);
	r[VCPU_RAX] = regs.eax;
	r[VCPU_RBX] = regs.ebx;
	r[VCPU_RCX] = regs.ecx;
	r[VCPU_RDX] = regs.edx;
	return exit_finish(vcpu, vcpu->arch.next_rip);
}

void exit_offers(struct guest *guest)
{
	struct cpuid_view view = { .machine = machine_cpuid,
				   .vcpus = guest->num_vcpus,
				   .address_bits = guest->space.address_bits,
				   .apic_enabled = true };
	struct cpuid_regs leaf1, leaf7, extended;

	cpuid_begin(&view);
	cpuid_answer(&view, 1, 0, &leaf1);
	cpuid_answer(&view, 7, 0, &leaf7);
	cpuid_answer(&view, 0x80000001, 0, &extended);
	guest->arch.cr4_offer = cr4_offer(leaf1.ecx, leaf1.edx, leaf7.ebx, leaf7.ecx);
	guest->arch.efer_offer = efer_offer(extended.edx);
	guest->arch.xcr0_offer = cpuid_xcr0(machine_cpuid);
}

static struct cr_state cr_state_of(const struct vcpu *vcpu)
{
	return (struct cr_state){
		.cr0 = virt->read(vcpu, VIRT_CR0),
		.cr3 = virt->read(vcpu, VIRT_CR3),
		.cr4 = virt->read(vcpu, VIRT_CR4),
		.efer = virt->read(vcpu, VIRT_EFER),
		.code64 = virt->read(vcpu, VIRT_CODE64) != 0,
		.cpl0 = virt->read(vcpu, VIRT_CPL) == 0,
	};
}

static bool write_efer(struct vcpu *vcpu, u64 value)
{
	struct cr_state state = cr_state_of(vcpu);

	if (!efer_is_valid(&state, value, vcpu->guest->arch.efer_offer))
		return false;
	virt->write(vcpu, VIRT_EFER, value);
	return true;
}

/* Registers of the vCPU. SDM vol. 3, 17.17.3 for TSC_ADJUST. */
static bool read_cpu_msr(struct vcpu *vcpu, u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_EFER: *value = virt->read(vcpu, VIRT_EFER); return true;
	case MSR_TSC_ADJUST: *value = vcpu->arch.tsc_adjust; return true;
	case MSR_PAT: *value = virt->read(vcpu, VIRT_PAT); return true;
	default: return false;
	}
}

static void move_tsc(struct vcpu *vcpu, u64 change)
{
	vcpu->arch.tsc_offset += change;
	vcpu->arch.tsc_adjust += change;
	virt->write(vcpu, VIRT_TSC_OFFSET, vcpu->arch.tsc_offset);
}

static bool write_cpu_msr(struct vcpu *vcpu, u32 msr, u64 value)
{
	switch (msr) {
	case MSR_EFER: return write_efer(vcpu, value);
	case MSR_TSC: move_tsc(vcpu, value - vcpu_clock(vcpu).tsc); return true;
	case MSR_TSC_ADJUST: move_tsc(vcpu, value - vcpu->arch.tsc_adjust); return true;
	case MSR_PAT:
		if (!pat_is_valid(value))
			return false;
		virt->write(vcpu, VIRT_PAT, value);
		return true;
	case MSR_TSC_AUX: return vcpu_write_tsc_aux(vcpu, value);
	case MSR_PRED_CMD: return predict_command(value);
	default: return false;
	}
}

/* Those of the timer's registers that count; the others need no clock. */
static struct lapic_clock *lapic_clock_for(const struct vcpu *vcpu, u32 reg,
					   struct lapic_clock *clock)
{
	if (reg < LAPIC_INITIAL || reg > LAPIC_DIVIDE)
		return NULL;
	*clock = vcpu_clock(vcpu);
	return clock;
}

static bool read_x2apic(struct vcpu *vcpu, u32 reg, u64 *value)
{
	struct lapic *lapic = &vcpu->arch.lapic;
	struct lapic_clock clock;

	return lapic_is_x2(lapic) &&
	       lapic_read(lapic, lapic_clock_for(vcpu, reg, &clock), reg, value);
}

static bool write_x2apic(struct vcpu *vcpu, u32 reg, u64 value)
{
	struct lapic *lapic = &vcpu->arch.lapic;
	struct lapic_effect effect;
	struct lapic_clock clock;

	if (!lapic_is_x2(lapic) ||
	    !lapic_write(&vcpu->guest->arch.bus, lapic, lapic_clock_for(vcpu, reg, &clock), reg,
			 value, &effect))
		return false;
	vcpu_apply(vcpu, &effect);
	return true;
}

/* The other registers of the LAPIC. */
static bool read_lapic_msr(const struct vcpu *vcpu, u32 msr, u64 *value)
{
	const struct lapic *lapic = &vcpu->arch.lapic;

	*value = msr == MSR_APIC_BASE ? atomic_load(&lapic->base) : lapic_deadline_read(lapic);
	return true;
}

static bool write_lapic_msr(struct vcpu *vcpu, u32 msr, u64 value)
{
	struct lapic_effect effect = { .eoi = LAPIC_NONE, .timer = true };

	if (msr != MSR_APIC_BASE)
		lapic_deadline_write(&vcpu->arch.lapic, value);
	else if (!lapic_base_write(&vcpu->arch.lapic, value))
		return false;
	vcpu_apply(vcpu, &effect);
	return true;
}

static bool read_msr_value(struct vcpu *vcpu, u32 msr, u64 *value)
{
	switch (msr_action(msr, false)) {
	case MSR_CONSTANT:
	case MSR_STATE: return msr_read(&vcpu->arch.msrs, msr, value);
	case MSR_TO_X2APIC: return read_x2apic(vcpu, msr - MSR_X2APIC, value);
	case MSR_TO_LAPIC: return read_lapic_msr(vcpu, msr, value);
	case MSR_TO_CPU: return read_cpu_msr(vcpu, msr, value);
	default: return false;
	}
}

static bool write_msr_value(struct vcpu *vcpu, u32 msr, u64 value)
{
	switch (msr_action(msr, true)) {
	case MSR_IGNORE:
	case MSR_MATCH:
	case MSR_STATE: return msr_write(&vcpu->arch.msrs, msr, value);
	case MSR_TO_X2APIC: return write_x2apic(vcpu, msr - MSR_X2APIC, value);
	case MSR_TO_LAPIC: return write_lapic_msr(vcpu, msr, value);
	case MSR_TO_CPU: return write_cpu_msr(vcpu, msr, value);
	default: return false;
	}
}

bool exit_rdmsr(struct vcpu *vcpu)
{
	u64 *r = vcpu->arch.r, value;

	if (!find_next(vcpu, INSN_RDMSR))
		return true;
	if (!read_msr_value(vcpu, (u32)r[VCPU_RCX], &value))
		return fault(vcpu);
	r[VCPU_RAX] = (u32)value;
	r[VCPU_RDX] = value >> 32;
	return exit_finish(vcpu, vcpu->arch.next_rip);
}

bool exit_wrmsr(struct vcpu *vcpu)
{
	u64 *r = vcpu->arch.r;

	if (!find_next(vcpu, INSN_WRMSR))
		return true;
	if (!write_msr_value(vcpu, (u32)r[VCPU_RCX], r[VCPU_RDX] << 32 | (u32)r[VCPU_RAX]))
		return fault(vcpu);
	return exit_finish(vcpu, vcpu->arch.next_rip);
}

bool exit_xsetbv(struct vcpu *vcpu)
{
	u64 *r = vcpu->arch.r, value = (r[VCPU_RDX] << 32) | (u32)r[VCPU_RAX];

	if ((virt->read(vcpu, VIRT_CR4) & CR4_OSXSAVE) == 0)
		return exit_undefined(vcpu); /* QEMU's exit precedes this #UD */
	if (!find_next(vcpu, INSN_XSETBV))
		return true;
	if ((u32)r[VCPU_RCX] != 0 || virt->read(vcpu, VIRT_CPL) != 0 ||
	    !xcr0_is_valid(value, vcpu->guest->arch.xcr0_offer))
		return fault(vcpu);
	vcpu->arch.xcr0 = value;
	fpu_xcr0(value);
	return exit_finish(vcpu, vcpu->arch.next_rip);
}

bool exit_cr(struct vcpu *vcpu, u32 control, u64 value, u64 next)
{
	struct cr_state state = cr_state_of(vcpu);

	if (!state.code64)
		value = (u32)value;
	switch (control) {
	case 0:
		if (!cr0_is_valid(&state, value))
			return fault(vcpu);
		virt->write(vcpu, VIRT_CR0, value);
		break;
	case 4:
		if (!cr4_is_valid(&state, value, vcpu->guest->arch.cr4_offer))
			return fault(vcpu);
		virt->write(vcpu, VIRT_CR4, value);
		break;
	case 8:
		if (value > 0xf)
			return fault(vcpu);
		atomic_store(&vcpu->arch.lapic.tpr, (u32)value << 4);
		break;
	default: break;
	}
	return exit_finish(vcpu, next);
}

bool exit_cr_write(struct vcpu *vcpu)
{
	struct insn insn;

	if (!exit_decode(vcpu, INSN_CR_WRITE, &insn))
		return true;
	return exit_cr(vcpu, insn.control, vcpu->arch.r[insn.reg], vcpu->arch.rip + insn.length);
}

/* --- Ports and memory ------------------------------------------------------------------------- */

/* The part of RAX that a read of @width bytes changes. */
static void set_rax(struct vcpu *vcpu, u8 width, u64 value)
{
	u64 mask = width == 4 ? UINT64_MAX : MASK(8u * width - 1, 0);

	if (width == 4)
		value = (u32)value;
	vcpu->arch.r[VCPU_RAX] = (vcpu->arch.r[VCPU_RAX] & ~mask) | (value & mask);
}

bool exit_port(struct vcpu *vcpu, u16 port, u8 width, bool in, u64 next)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	gpa_t at = GPA(PORT_BASE + port);

	/* A port that is not there reads as ones and ignores writes. The last one that was served
	 * is there. */
	if (at.v - vcpu->served.base >= vcpu->served.span && region_find(vcpu->guest, at) == NULL) {
		if (in)
			set_rax(vcpu, width, UINT64_MAX);
		return exit_finish(vcpu, next);
	}
	exit->kind = in ? EXIT_READ : EXIT_WRITE;
	exit->access.at = at;
	exit->access.width = width;
	exit->access.value = vcpu->arch.r[VCPU_RAX] & MASK(8u * width - 1, 0);
	vcpu->arch.access = (struct x86_access){ .next_rip = next, .port = true, .width = width };
	return vcpu_serve(vcpu);
}

/* An access that cannot be decoded, or no access of an instruction's operand. */
static bool memory_fault(struct vcpu *vcpu, u64 gpa, u32 how)
{
	struct vcpu_exit *exit = vcpu->arch.exit;

	exit->kind = EXIT_FAULT;
	exit->fault.gpa = GPA(gpa);
	exit->fault.gva = GVA(UINT64_MAX);
	exit->fault.write = (how & EXIT_MEMORY_WRITE) != 0;
	exit->fault.exec = (how & EXIT_MEMORY_FETCH) != 0;
	exit->fault.walk = (how & EXIT_MEMORY_WALK) != 0;
	exit->fault.permission = (how & EXIT_MEMORY_DENIED) != 0;
	return false;
}

static bool ioapic_access(struct vcpu *vcpu, u32 offset, const struct x86_insn *insn)
{
	struct guest *guest = vcpu->guest;
	struct lapic_effect effect = { .eoi = LAPIC_NONE };
	u32 value = 0;

	spin_lock(&guest->arch.lock);
	if (insn->write)
		ioapic_write(&guest->arch.ioapic, &guest->arch.bus, offset,
			     (u32)x86_insn_store(insn, vcpu->arch.r), &effect);
	else
		value = ioapic_read(&guest->arch.ioapic, offset);
	spin_unlock(&guest->arch.lock);
	vcpu_apply(vcpu, &effect);
	if (!insn->write)
		x86_insn_load(insn, vcpu->arch.r, value);
	return true;
}

/* Registers of the xAPIC are 16 bytes apart (SDM vol. 3, 10.4.1). */
static bool xapic_access(struct vcpu *vcpu, u32 offset, const struct x86_insn *insn)
{
	struct lapic *lapic = &vcpu->arch.lapic;
	struct lapic_effect effect = { .eoi = LAPIC_NONE };
	struct lapic_clock clock = vcpu_clock(vcpu);
	u32 reg = offset / 16;
	u64 value = 0;

	if (insn->write) {
		if (lapic_write(&vcpu->guest->arch.bus, lapic, &clock, reg,
				(u32)x86_insn_store(insn, vcpu->arch.r), &effect))
			vcpu_apply(vcpu, &effect);
	} else if (lapic_read(lapic, &clock, reg, &value)) {
		x86_insn_load(insn, vcpu->arch.r, value);
	}
	return true;
}

/* The vmm has no access to them: they have no instructions but the core's. */
static bool is_controller(u64 gpa)
{
	return gpa - IOAPIC_BASE < IOAPIC_SIZE || gpa - LAPIC_BASE < PAGE_SIZE;
}

/* The interrupt controllers' frames. Returns false if @gpa is in neither. */
static bool controller_access(struct vcpu *vcpu, u64 gpa, const struct x86_insn *insn)
{
	const struct lapic *lapic = &vcpu->arch.lapic;

	if (insn->width != 4 || gpa % 4 != 0)
		return false;
	if (gpa - IOAPIC_BASE < IOAPIC_SIZE)
		return ioapic_access(vcpu, (u32)(gpa - IOAPIC_BASE), insn);
	if (gpa - LAPIC_BASE < PAGE_SIZE && lapic_is_on(lapic) && !lapic_is_x2(lapic))
		return xapic_access(vcpu, (u32)(gpa - LAPIC_BASE), insn);
	return false;
}

bool exit_memory(struct vcpu *vcpu, u64 gpa, u32 how)
{
	struct vcpu_exit *exit = vcpu->arch.exit;
	u64 rip = vcpu->arch.rip;
	struct exit_code code;
	struct x86_insn insn;

	/* An access of the instruction at RIP, and not of an event's delivery. */
	if ((how & (EXIT_MEMORY_FETCH | EXIT_MEMORY_WALK | EXIT_MEMORY_DENIED)) != 0 ||
	    vcpu->arch.delivering)
		return memory_fault(vcpu, gpa, how);
	exit_fetch(vcpu, &code);
	if (!x86_decode(code.bytes, code.count, code.code_bytes, &insn) ||
	    insn.write != ((how & EXIT_MEMORY_WRITE) != 0))
		return is_controller(gpa) || code.count == 0 ? memory_fault(vcpu, gpa, how)
							     : exit_execute(vcpu, gpa, &code);
	if (controller_access(vcpu, gpa, &insn)) {
		(void)exit_finish(vcpu, rip + insn.length);
		return vcpu->arch.starts == 0;
	}
	exit->kind = insn.write ? EXIT_WRITE : EXIT_READ;
	exit->access.at = GPA(gpa);
	exit->access.width = insn.width;
	exit->access.value = insn.write ? x86_insn_store(&insn, vcpu->arch.r) : 0;
	vcpu->arch.access = (struct x86_access){ .next_rip = rip + insn.length, .insn = insn };
	return vcpu_serve(vcpu);
}

/* An access that nothing answers reads as ones. */
void arch_vcpu_answer(struct vcpu *vcpu, const struct vcpu_exit *exit, enum err result, u64 value)
{
	const struct x86_access *access = &vcpu->arch.access;

	if (result != OK)
		value = UINT64_MAX;
	switch (exit->kind) {
	case EXIT_READ:
		if (access->port)
			set_rax(vcpu, access->width, value);
		else
			x86_insn_load(&access->insn, vcpu->arch.r, value);
		(void)exit_finish(vcpu, access->next_rip);
		break;
	case EXIT_WRITE: (void)exit_finish(vcpu, access->next_rip); break;
	case EXIT_INSN: exit_executed(vcpu, result); break;
	case EXIT_FAULT: virt->raise(vcpu, VECTOR_GP, 0); break;
	case EXIT_CPU_ON: vcpu_started(vcpu, exit, result); break;
	default: break;
	}
}
