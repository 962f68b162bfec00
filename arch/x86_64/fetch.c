/* SPDX-License-Identifier: Apache-2.0 */
/* The instruction at RIP, for the decoders: its bytes, by the guest's own tables. */
#include "arch/x86_64/virt.h"

#include "arch/x86_64/pure/guest_code.h"
#include <arch/mmu.h>
#include <mullion/guest.h>

_Static_assert(VCPU_CODE_PAGES *GUEST_CODE_PAGES <= MMU_VIEWS, "a view for each page");
_Static_assert(INSN_MAX <= GUEST_CODE_BYTES, "one fetch has an instruction within a page");

static bool read_entry(void *context, u64 gpa, u32 bytes, u64 *entry)
{
	const struct vcpu *vcpu = context;

	*entry = 0;
	return guest_copy_in(vcpu->guest, entry, GPA(gpa), bytes) == OK;
}

struct guest_walk exit_walk(struct vcpu *vcpu)
{
	struct guest_walk walk = { .read = read_entry, .context = vcpu };
	u8 code_bytes;

	(void)virt->code(vcpu, &walk, &code_bytes);
	return walk;
}

struct views {
	const struct guest *guest;
	u32 first;
};

static const u8 *view_page(void *context, u32 slot, u64 gpa)
{
	const struct views *views = context;
	const struct region *region = region_find(views->guest, GPA(gpa));
	u64 offset;

	if (region == NULL ||
	    (region->config->kind != REGION_RAM && region->config->kind != REGION_ROM))
		return NULL;
	offset = gpa - region->gpa.v;
	if (region->size - offset < PAGE_SIZE)
		return NULL;
	return mmu_view(views->first + slot, HPA(region->hpa.v + offset));
}

/* Up to the page's end. */
static u32 fetch_part(struct vcpu *vcpu, const struct guest_walk *walk, u64 linear, u8 *bytes)
{
	u32 which = linear / PAGE_SIZE % VCPU_CODE_PAGES;
	struct views views = { vcpu->guest, which * GUEST_CODE_PAGES };
	struct guest_code_memory memory = { view_page, &views };

	return guest_code_fetch(&vcpu->arch.code[which], &memory, walk, linear, bytes);
}

void exit_fetch(struct vcpu *vcpu, struct exit_code *code)
{
	struct guest_walk walk;
	u64 linear = virt->code(vcpu, &walk, &code->code_bytes);
	u8 rest[GUEST_CODE_BYTES] = { 0 };
	u32 count = fetch_part(vcpu, &walk, linear, code->bytes), more;

	code->code64 = code->code_bytes == 8;
	code->slot = (u32)linear / 4 % VCPU_DECODED;
	code->count = MIN(count, INSN_MAX);
	if (count == 0 || count >= INSN_MAX)
		return;
	more = MIN(fetch_part(vcpu, &walk, linear + count, rest), INSN_MAX - count);
	for (u32 i = 0; i < more; i++)
		code->bytes[count + i] = rest[i];
	code->count += more;
}

/* The same bytes are the same instruction as last time. */
bool exit_decode(struct vcpu *vcpu, enum insn_kind kind, struct insn *insn)
{
	struct x86_decoded *last;
	struct exit_code code;
	u64 low, high;

	exit_fetch(vcpu, &code);
	if (code.count != INSN_MAX)
		return insn_length(code.bytes, code.count, code.code64, insn) && insn->kind == kind;
	__builtin_memcpy(&low, code.bytes, sizeof(low));
	__builtin_memcpy(&high, code.bytes + INSN_MAX - sizeof(high), sizeof(high));
	last = &vcpu->arch.decoded[code.slot];
	if (last->low != low || last->high != high || last->code64 != code.code64 ||
	    last->insn.length == 0) {
		*last = (struct x86_decoded){ .low = low, .high = high, .code64 = code.code64 };
		if (!insn_length(code.bytes, INSN_MAX, code.code64, &last->insn))
			last->insn.length = 0;
	}
	*insn = last->insn;
	return insn->length != 0 && insn->kind == kind;
}

void exit_forget_code(struct vcpu *vcpu)
{
	for (u32 i = 0; i < VCPU_CODE_PAGES; i++)
		vcpu->arch.code[i].page = 0;
	mmu_views_drop();
}
