/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INS and OUTS. Each exit serves one element as an access of its port; the guest then executes the
 * instruction again for the next. A fault of the element's memory is raised before its port is
 * accessed. Accessed and dirty bits of the guest's tables are not set.
 */
#include "arch/x86_64/virt.h"

#include "arch/x86_64/pure/cr.h"

#define RFLAGS_DF BIT(10)
#define RFLAGS_AC BIT(18)

#define ERROR_PRESENT BIT(0)
#define ERROR_WRITE   BIT(1)
#define ERROR_USER    BIT(2)

static bool page_fault(struct vcpu *vcpu, u64 linear, u64 error)
{
	virt->write(vcpu, VIRT_CR2, linear);
	virt->raise(vcpu, VECTOR_PF, error);
	return false;
}

/* Returns false after it has raised #PF. SDM vol. 3, 4.6. */
static bool element_translate(struct vcpu *vcpu, u64 linear, bool write, u64 *gpa)
{
	struct guest_walk walk = exit_walk(vcpu);
	bool user = virt->read(vcpu, VIRT_CPL) == 3;
	u64 error = (write ? ERROR_WRITE : 0) | (user ? ERROR_USER : 0);
	bool denied;

	if (!guest_walk(&walk, linear, gpa))
		return page_fault(vcpu, linear, error);
	if ((walk.cr0 & CR0_PG) == 0)
		return true;
	denied = user && (walk.rights & GUEST_WALK_USER) == 0;
	denied |= write && (walk.rights & GUEST_WALK_WRITE) == 0 &&
		  (user || (walk.cr0 & CR0_WP) != 0);
	denied |= !user && (walk.rights & GUEST_WALK_USER) != 0 && (walk.cr4 & CR4_SMAP) != 0 &&
		  (vcpu->arch.rflags & RFLAGS_AC) == 0;
	return !denied || page_fault(vcpu, linear, error | ERROR_PRESENT);
}

static u32 index_register(const struct string_io *io)
{
	return io->in ? VCPU_RDI : VCPU_RSI;
}

/* The places of the element in guest memory. Returns false after it has raised a fault. */
static bool find_element(struct vcpu *vcpu, struct x86_access *access)
{
	const struct string_io *io = &access->io;
	u64 linear, left;

	if (!string_io_address(io, vcpu->arch.r[index_register(io)], &linear)) {
		virt->raise(vcpu, io->segment == STRING_IO_SS ? VECTOR_SS : VECTOR_GP, 0);
		return false;
	}
	left = PAGE_SIZE - linear % PAGE_SIZE;
	access->first = (u8)MIN(left, io->width);
	if (!element_translate(vcpu, linear, io->in, &access->element[0]))
		return false;
	if (access->first == io->width)
		return true;
	linear += access->first;
	if (!io->code64)
		linear &= UINT32_MAX;
	return element_translate(vcpu, linear, io->in, &access->element[1]);
}

/* Memory that is not there reads as ones. */
static u64 read_element(const struct vcpu *vcpu, const struct x86_access *access)
{
	u32 value = UINT32_MAX;
	u8 *bytes = (u8 *)&value;
	u64 rest = access->io.width - access->first;

	if (guest_copy_in(vcpu->guest, bytes, GPA(access->element[0]), access->first) != OK ||
	    (rest != 0 && guest_copy_in(vcpu->guest, bytes + access->first, GPA(access->element[1]),
					rest) != OK))
		return MASK(8u * access->io.width - 1, 0);
	return value & MASK(8u * access->io.width - 1, 0);
}

/* Returns false if there is no RAM: the write has no effect. */
static bool write_part(const struct vcpu *vcpu, u64 gpa, const u8 *bytes, u64 count)
{
	const struct region *region = region_find(vcpu->guest, GPA(gpa));

	return region != NULL && region->config->kind == REGION_RAM &&
	       guest_load(vcpu->guest, GPA(gpa), bytes, count) == OK;
}

static void write_element(const struct vcpu *vcpu, const struct x86_access *access, u64 value)
{
	const u8 *bytes = (const u8 *)&value;
	u64 rest = access->io.width - access->first;

	if (write_part(vcpu, access->element[0], bytes, access->first) && rest != 0)
		(void)write_part(vcpu, access->element[1], bytes + access->first, rest);
}

void exit_string_answer(struct vcpu *vcpu, u64 value)
{
	const struct x86_access *access = &vcpu->arch.access;
	const struct string_io *io = &access->io;
	u64 *r = vcpu->arch.r, rip = vcpu->arch.rip;

	if (io->in)
		write_element(vcpu, access, value);
	string_io_step(io, (vcpu->arch.rflags & RFLAGS_DF) != 0, &r[index_register(io)],
		       &r[VCPU_RCX]);
	if (io->repeat && string_io_left(io, r[VCPU_RCX]) != 0)
		(void)exit_finish(vcpu, rip);
	else
		(void)exit_finish(vcpu, access->next_rip);
}

bool exit_string_port(struct vcpu *vcpu, u16 port, const struct string_io *form, u64 next)
{
	struct x86_access *access = &vcpu->arch.access;
	struct vcpu_exit *exit = vcpu->arch.exit;
	struct virt_segment segment;
	struct exit_code code;

	*access = (struct x86_access){ .next_rip = next, .string = true, .io = *form };
	exit_fetch(vcpu, &code);
	access->io.code64 = code.code64;
	access->io.segment =
		form->in ? (u8)STRING_IO_ES : string_io_segment(code.bytes, code.count);
	segment = virt->segment(vcpu, access->io.segment);
	access->io.base = segment.base;
	access->io.limit = segment.limit;
	access->io.expands_down = segment.expands_down;
	access->io.large = segment.large;
	if (string_io_left(form, vcpu->arch.r[VCPU_RCX]) == 0)
		return exit_finish(vcpu, next);
	if (!find_element(vcpu, access))
		return true;
	if (region_find(vcpu->guest, GPA(PORT_BASE + port)) == NULL) {
		exit_string_answer(vcpu, UINT64_MAX);
		return true;
	}
	exit->kind = form->in ? EXIT_READ : EXIT_WRITE;
	exit->access.at = GPA(PORT_BASE + port);
	exit->access.width = form->width;
	exit->access.value = form->in ? 0 : read_element(vcpu, access);
	return false;
}
