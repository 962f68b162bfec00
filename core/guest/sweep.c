/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance of all of a guest's RAM, which one instruction of a guest may request. It goes
 * by address in pieces, yields in between, and serves requests.
 */
#include <mullion/guest.h>

#include <arch/mmu.h>

/* A piece: some 5,000 instructions on lines of 64 bytes, and less than 20,000 on any. */
#define SWEEP_BYTES KIB(64)

void __cold vcpu_sweep(struct vcpu *vcpu)
{
	vcpu->sweep_region = 0;
	vcpu->sweep_done = 0;
	atomic_fetch_or(&vcpu->requests, VCPU_REQ_SWEEP);
}

bool __cold vcpu_sweep_piece(struct vcpu *vcpu)
{
	const struct guest *guest = vcpu->guest;
	const struct region *region;
	u64 bytes;

	while (vcpu->sweep_region < guest->num_regions &&
	       (guest->regions[vcpu->sweep_region].config->kind != REGION_RAM ||
		vcpu->sweep_done == guest->regions[vcpu->sweep_region].size)) {
		vcpu->sweep_region++;
		vcpu->sweep_done = 0;
	}
	if (vcpu->sweep_region == guest->num_regions)
		return false;
	region = &guest->regions[vcpu->sweep_region];
	bytes = MIN(region->size - vcpu->sweep_done,
		    SWEEP_BYTES - ((region->hpa.v + vcpu->sweep_done) & (SWEEP_BYTES - 1)));
	arch_clean_invalidate(arch_window_map(HPA(region->hpa.v + vcpu->sweep_done), bytes), bytes);
	arch_window_unmap();
	vcpu->sweep_done += bytes;
	return true;
}
