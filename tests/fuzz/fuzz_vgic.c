/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC under anything that a guest, its devices and its neighbours can do, each step
 * four bytes of the input. The guest also does what no sane one would: ends what it never took,
 * writes every register at every width. Checked after each step: list registers hold each interrupt
 * once, bookkeeping agrees with them, and no maintenance interrupt is without end.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/unit/irq/vgic_sim.h"

#define SPIS 64

static struct sim sim;

static void check_lrs(u32 cpu)
{
	const struct sim_cpu *c = &sim.cpu[cpu];
	u64 seen[2] = { 0, 0 };

	CHECK(c->vgic.used < 1u << sim.g.num_lrs);
	for (u32 n = 0; n < VGIC_MAX_LRS; n++) {
		u32 intid = LR_INTID(c->lr[n]);
		const struct vgic_bank *b;

		if (!(c->lr[n] & LR_STATE))
			continue;
		CHECK(n < sim.g.num_lrs && c->vgic.used >> n & 1);
		CHECK(intid < 32 + SPIS && LR_INTID(c->vgic.lr[n]) == intid);
		CHECK(!(seen[intid / 64] & BIT(intid % 64)));
		seen[intid / 64] |= BIT(intid % 64);
		CHECK((c->lr[n] & (LR_HW | LR_STATE)) != (LR_HW | LR_STATE));
		b = intid < 32 ? &c->vgic.bank : &sim.g.spi[intid / 32 - 1];
		CHECK(b->inflight >> intid % 32 & 1);
		CHECK(intid < 32 || sim.g.spis[intid - 32].owner == cpu);
	}
}

static void reset(u32 cpu)
{
	sim_on(&sim, cpu);
	(void)vgic_withdraw(&sim.g, &sim.cpu[cpu].vgic);
	vgic_cpu_reset(&sim.g, &sim.cpu[cpu].vgic);
	vgic_release_physical(&sim.g, &sim.cpu[cpu].vgic, false);
	sim.cpu[cpu].depth = 0;
}

static void event(u32 cpu, u8 what, u8 a, u8 b)
{
	struct sim_cpu *c = &sim.cpu[cpu];

	switch (what) {
	case 0: (void)vgic_set_level(&sim.g, a, b & 1); break;
	case 1: (void)vgic_set_private(&sim.g, &c->vgic, a, b & 1); break;
	case 2:
		/* QEMU's GICv2 repeats what is active (lr_fold()). */
		if (sim.spi_active[100 + a] && !(b & 4))
			break;
		if (vgic_host_spi(&sim.g, a, 100 + a, true, &sim.kicked))
			break;
		sim.spi_active[100 + a] = true;
		sim.spi_fell[100 + a] = b & 2;
		break;
	case 3:
		c->ppi_fell[26] = b & 2;
		if (!c->ppi_active[26]) {
			c->ppi_active[26] = true;
			sim_on(&sim, cpu);
			(void)vgic_timer_fired(&c->vgic, 26);
		}
		break;
	case 4:
		sim_on(&sim, cpu);
		if (sim.g.version == 3 && !(b & 32 && vgic_sgi_self(&c->vgic, a & 15)))
			(void)vgic_sgi1r(&sim.g, cpu, (u64)(a & 15) << 24 | b | BIT(a >> 2),
					 b & 64);
		break;
	case 5: sim_withdraw(&sim, cpu); break;
	case 6:
		if (a == 0x5a)
			reset(cpu);
		break;
	case 7: (void)vgic_ready(&sim.g, &c->vgic); break;
	default: break;
	}
}

static void guest(u32 cpu, u8 what, u8 a)
{
	struct sim_cpu *c = &sim.cpu[cpu];

	CHECK(sim_enter(&sim, cpu));
	switch (what & 3) {
	case 0:
	case 1: (void)sim_ack(&sim, cpu); break;
	case 2:
		if (c->depth)
			sim_eoi(&sim, cpu, a);
		break;
	default: sim_deactivate(&sim, cpu, a, true); break;
	}
	CHECK(sim_enter(&sim, cpu));
}

/* The interesting offsets are few: spread them over the frame. */
static u32 offset_of(u8 a, u8 b)
{
	if (a < 0xa0)
		return (u32)a * 32 + (b >> 1 & 31);
	if (a < 0xc0)
		return 0x6000 + (a & 31) * 32 + (b & 31);
	return (u32)a << 8 | b;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 lrs[] = { 1, 2, 4, 16 };
	u32 cpus;

	if (size < 4)
		return 0;
	cpus = 1 + data[0] % 4;
	CHECK(sim_init(&sim, 2 + (data[1] & 1), lrs[data[2] & 3], SPIS, cpus) == OK);
	for (size_t at = 4; at + 4 <= size; at += 4) {
		const u8 *d = data + at;
		u32 cpu = (d[0] >> 4) % cpus, kind = d[0] & 15;

		if (kind < 8) {
			event(cpu, (u8)kind, d[1], d[2]);
		} else if (kind < 12) {
			u64 v = (u64)d[3] * 0x0101010101010101u;
			u32 offset = offset_of(d[1], d[2]);
			bool redist = sim.g.version == 3 && kind & 1;

			if (redist)
				offset += (u32)VGIC_GICR_SIZE * (d[3] % (cpus + 1)) +
					  (d[2] & 1 ? 0x10000 : 0);
			sim_access(&sim, cpu, redist, offset, 1u << (d[2] >> 6), kind & 2, &v);
		} else {
			guest(cpu, d[1], d[2]);
		}
		for (u32 i = 0; i < cpus; i++)
			check_lrs(i);
	}
	sim_free(&sim);
	return 0;
}
