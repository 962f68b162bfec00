/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC's state: reset and events.
 *
 * Where an interrupt's pending state is: a level input counts by itself for as long as it is high.
 * A latch (edge, software, or a linked host interrupt) moves into the list register with the
 * interrupt. vgic_fold() takes it back if the guest has not acknowledged it. So a second event sets
 * the latch again, and is neither lost nor merged with the first.
 */
#include "arch/arm64/pure/vgic.h"

#include <mullion/string.h>

size_t vgic_storage_bytes(u32 num_spis, u32 num_cpus)
{
	return num_cpus * sizeof(struct vgic_cpu *) +
	       ALIGN_UP(num_spis / 32 * sizeof(struct vgic_bank), 8) +
	       ALIGN_UP(num_spis * sizeof(struct vgic_spi), 8);
}

__cold enum err vgic_init(struct vgic *vgic, u32 version, u32 num_lrs, u32 num_spis, u32 num_cpus,
			  void *storage)
{
	u8 *at = storage;

	if ((version != 2 && version != 3) || num_lrs < 1 || num_lrs > VGIC_MAX_LRS)
		return ERR_INVALID;
	if (num_spis % 32 || num_spis > VGIC_MAX_SPIS || num_cpus < 1 ||
	    num_cpus > (version == 2 ? 8 : VGIC_MAX_VCPUS))
		return ERR_INVALID;
	memset(vgic, 0, sizeof(*vgic));
	spin_init(&vgic->lock, RANK_VIRQ);
	vgic->version = (u8)version;
	vgic->num_lrs = (u8)num_lrs;
	vgic->num_cpus = num_cpus;
	vgic->num_spis = num_spis;
	vgic->cpus = (struct vgic_cpu **)(void *)at;
	at += num_cpus * sizeof(struct vgic_cpu *);
	vgic->spi = (struct vgic_bank *)(void *)at;
	at += ALIGN_UP(num_spis / 32 * sizeof(struct vgic_bank), 8);
	vgic->spis = (struct vgic_spi *)(void *)at;
	/* ITLinesNumber; v2: CPUNumber; v3: IDbits = 10 - 1, so that INTIDs end where SPIs do. */
	vgic->typer = num_spis / 32 | (version == 2 ? (num_cpus - 1) << 5 : 9u << 19);
	vgic->iidr = 0x4d00043b; /* product id of Mullion, revision 0, designer Arm */
	vgic_reset(vgic);
	return OK;
}

__cold enum err vgic_attach(struct vgic *vgic, u32 index, struct vgic_cpu *cpu)
{
	if (index >= vgic->num_cpus)
		return ERR_RANGE;
	cpu->index = index;
	vgic->cpus[index] = cpu;
	vgic_cpu_reset(vgic, cpu);
	return OK;
}

/* A bank's reset state. GICv3: group 1, as on a system with one security state whose firmware has
 * set interrupts up; GICv2 without security: group 0 (IHI 0048B §4.3.4). */
static void bank_reset(const struct vgic *vgic, struct vgic_bank *bank, u32 edge)
{
	u32 linked = bank->linked | bank->release;

	memset(bank, 0, sizeof(*bank));
	bank->release = linked;
	bank->edge = edge;
	WRITE(bank->group, vgic->version == 3 ? ~0u : 0);
}

__cold void vgic_reset(struct vgic *vgic)
{
	WRITE(vgic->ctlr, 0);
	vgic->released = 0;
	for (u32 w = 0; w < vgic->num_spis / 32; w++) {
		bank_reset(vgic, &vgic->spi[w], 0);
		vgic->released += bit_count(vgic->spi[w].release);
	}
	for (u32 i = 0; i < vgic->num_spis; i++) {
		struct vgic_spi *spi = &vgic->spis[i];

		/* v2 with one CPU: ITARGETSR is RAZ/WI and everything goes to it (§4.3.12). */
		spi->target = vgic->version == 3 || vgic->num_cpus == 1 ? 0 : VGIC_NONE;
		spi->owner = VGIC_NONE;
		spi->targets = 0;
		spi->route = 0;
		spi->any = false;
	}
}

__cold void vgic_spi_disown(struct vgic *vgic, u32 i, u32 leaver, u64 *kick)
{
	struct vgic_spi *spi = &vgic->spis[i];
	struct vgic_cpu *to;

	spi->owner = VGIC_NONE;
	if (spi->target == leaver || spi->target >= vgic->num_cpus ||
	    !(vgic_pending(vgic, &vgic->spi[i / 32]) & 1u << i % 32))
		return;
	to = vgic->cpus[spi->target];
	if (to && vgic_mark(to, VGIC_SHARED))
		*kick |= BIT(spi->target);
}

__cold void vgic_cpu_reset(struct vgic *vgic, struct vgic_cpu *cpu)
{
	u64 kick = 0;

	for (u32 i = 0; i < vgic->num_spis; i++) {
		struct vgic_bank *bank = &vgic->spi[i / 32];
		u32 bit = 1u << i % 32;

		if (vgic->spis[i].owner != cpu->index)
			continue;
		bank->active &= ~bit;
		bank->inflight &= ~bit;
		vgic_unlink(vgic, bank, bit, false);
		vgic_spi_disown(vgic, i, cpu->index, &kick);
	}
	bank_reset(vgic, &cpu->bank, 0xffff);
	memset((void *)cpu->sources, 0, sizeof(cpu->sources));
	memset(cpu->active_source, 0, sizeof(cpu->active_source));
	WRITE(cpu->used, 0);
	cpu->moved = 0;
	cpu->overflow = false;
	cpu->asleep = true;
	cpu->hcr = 0;
	WRITE(cpu->flags, VGIC_PRIVATE | VGIC_SHARED);
}

/* --- Events ---------------------------------------------------------------------------------- */

u64 vgic_spi_mark(struct vgic *vgic, u32 i, u32 flags)
{
	const struct vgic_spi *spi = &vgic->spis[i];
	u32 to = spi->owner != VGIC_NONE ? spi->owner : spi->target;

	if (to >= vgic->num_cpus || !vgic->cpus[to])
		return 0;
	return vgic_mark(vgic->cpus[to], VGIC_SHARED | flags) ? BIT(to) : 0;
}

u64 vgic_set_level(struct vgic *vgic, u32 intid, bool level)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << i % 32;
	struct vgic_bank *bank;

	if (i >= vgic->num_spis)
		return 0;
	bank = &vgic->spi[i / 32];
	if (level == !!(bank->line & bit))
		return 0;
	bank->line ^= bit;
	if (bank->edge & bit) {
		if (!level)
			return 0;
		SET(bank->latch, bit);
	} else if (bank->inflight & bit && level) {
		return 0; /* EOI maintenance checks the line again */
	}
	return vgic_spi_mark(vgic, i, level ? 0 : VGIC_FOLD);
}

u64 vgic_set_private(struct vgic *vgic, struct vgic_cpu *cpu, u32 intid, bool level)
{
	u32 bit = 1u << intid % 32;
	struct vgic_bank *bank = &cpu->bank;

	(void)vgic;
	if (intid < 16 || intid >= VGIC_PRIVATES || level == !!(bank->line & bit))
		return 0;
	bank->line ^= bit;
	if (bank->inflight & bit && level)
		return 0;
	return vgic_mark(cpu, VGIC_PRIVATE | (level ? 0 : VGIC_FOLD)) ? BIT(cpu->index) : 0;
}

/* Its physical interrupt has come. A latch without one was set by software; of a level in a list
 * register lr_fold() says whether that was taken. */
static void link(struct vgic_bank *bank, u32 bit)
{
	u32 latch = atomic_fetch_or_explicit(&bank->latch, bit, memory_order_relaxed);

	bank->soft |= latch & bit & ~bank->linked & (bank->edge | ~bank->inflight);
	bank->linked |= bit;
}

__cold enum err vgic_host_spi(struct vgic *vgic, u32 intid, u32 physical, bool level, u64 *kick)
{
	u32 i = intid - VGIC_PRIVATES, bit = 1u << i % 32;
	struct vgic_bank *bank;

	if (i >= vgic->num_spis)
		return ERR_RANGE;
	vgic->spis[i].physical = (u16)physical;
	bank = &vgic->spi[i / 32];
	bank->wired = level ? bank->wired | bit : bank->wired & ~bit;
	link(bank, bit);
	*kick |= vgic_spi_mark(vgic, i, 0);
	return OK;
}

__cold void vgic_host_private(struct vgic_cpu *cpu, u32 intid, u32 physical)
{
	u32 bit = 1u << intid % 32;

	cpu->physical[intid % 32] = (u16)physical;
	cpu->bank.wired |= bit;
	link(&cpu->bank, bit);
	SET(cpu->flags, VGIC_PRIVATE);
}

/* One SGI to one vCPU: no lock, the latch is all there is on GICv3. */
static u64 sgi_post(struct vgic *vgic, u32 target, u32 bit, bool group1)
{
	struct vgic_cpu *cpu = vgic->cpus[target];

	if (!cpu || !!(READ(cpu->bank.group) & bit) != group1)
		return 0;
	atomic_fetch_or_explicit(&cpu->bank.latch, bit, memory_order_release);
	return vgic_mark(cpu, VGIC_PRIVATE) ? BIT(target) : 0;
}

u64 vgic_sgi1r(struct vgic *vgic, u32 self, u64 value, bool group1)
{
	u32 bit = 1u << FIELD(value, 27, 24);
	u32 list = (u32)FIELD(value, 15, 0);
	u32 base, affinity;
	u64 kick = 0;

	if (FIELD(value, 40, 40)) { /* IRM: all vCPUs but the sender */
		for (u32 i = 0; i < vgic->num_cpus; i++)
			if (i != self)
				kick |= sgi_post(vgic, i, bit, group1);
		return kick;
	}
	affinity = (u32)(FIELD(value, 55, 48) << 24 | FIELD(value, 39, 32) << 16 |
			 FIELD(value, 23, 16) << 8 | FIELD(value, 47, 44) << 4);
	base = vgic_by_affinity(vgic, affinity);
	if (base == VGIC_NONE)
		return 0;
	for (; list; list &= list - 1) {
		u32 target = base + (u32)__builtin_ctz(list);

		if (target >= vgic->num_cpus)
			break;
		kick |= sgi_post(vgic, target, bit, group1);
	}
	return kick;
}
