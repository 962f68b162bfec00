/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions that the core does not decode: the guest's vmm executes them. The state that it
 * returns is checked here. */
#include "arch/x86_64/virt.h"

#include <mullion/string.h>

bool exit_execute(struct vcpu *vcpu, u64 gpa, const struct exit_code *code)
{
	struct x86_insn_state *s = &vcpu->arch.insn;
	struct guest_walk walk = exit_walk(vcpu);

	*s = (struct x86_insn_state){
		.rflags = vcpu->arch.rflags,
		.code_bytes = code->code_bytes,
		.cpl = (u8)virt->read(vcpu, VIRT_CPL),
		.count = (u8)code->count,
		.rip = vcpu->arch.rip,
		.gpa = gpa,
		.cr0 = walk.cr0,
		.cr3 = walk.cr3,
		.cr4 = walk.cr4,
		.efer = walk.efer,
	};
	memcpy(s->r, vcpu->arch.r, sizeof(s->r));
	memcpy(s->code, code->bytes, sizeof(s->code));
	for (u32 i = 0; i < X86_SEGMENTS; i++) {
		struct virt_segment segment = virt->segment(vcpu, i);

		s->segments[i].base = segment.base;
		s->segments[i].limit = segment.limit;
		s->segments[i].writable = segment.writable;
		s->segments[i].expands_down = segment.expands_down;
		s->segments[i].large = segment.large;
	}
	vcpu->arch.exit->kind = EXIT_INSN;
	vcpu->arch.exit->insn.state = s;
	vcpu->arch.exit->insn.state_bytes = sizeof(*s);
	return false;
}

bool exit_string_port(struct vcpu *vcpu, u16 port)
{
	struct exit_code code;

	exit_fetch(vcpu, &code);
	return exit_execute(vcpu, PORT_BASE + port, &code);
}

void exit_executed(struct vcpu *vcpu, enum err result)
{
	const struct x86_insn_state *s = &vcpu->arch.insn;
	u64 flags = vcpu->arch.rflags & ~X86_FLAGS_ARITHMETIC, next = vcpu->arch.rip + s->length;

	if (result != OK || !x86_answer_is_valid(s)) {
		virt->raise(vcpu, VECTOR_GP, 0);
		return;
	}
	if (s->exception != 0) {
		if (s->exception == VECTOR_PF)
			virt->write(vcpu, VIRT_CR2, s->cr2);
		virt->raise(vcpu, s->exception, s->error);
		return;
	}
	if (s->length == X86_INSN_AGAIN)
		return;
	memcpy(vcpu->arch.r, s->r, sizeof(s->r));
	virt->write(vcpu, VIRT_RFLAGS, flags | (s->rflags & X86_FLAGS_ARITHMETIC));
	(void)exit_finish(vcpu, virt->read(vcpu, VIRT_CODE64) != 0 ? next : (u32)next);
}
