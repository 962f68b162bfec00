/* SPDX-License-Identifier: Apache-2.0 */
/*
 * List registers in software, and a guest that acknowledges and ends interrupts through them. The
 * unit tests and the fuzzer run the virtual GIC without a machine this way.
 * Source of the list registers' behaviour: IHI 0069 §4.5 to §4.8, §12.4.
 */
#ifndef TESTS_VGIC_SIM_H
#define TESTS_VGIC_SIM_H

#include <stdlib.h>
#include <string.h>

/* One thread runs the model: no lock is taken. */
#ifdef __clang__
#pragma clang diagnostic ignored "-Wthread-safety-analysis"
#endif
#include "arch/arm64/pure/vgic.h"

#define SIM_CPUS   9
#define SIM_INTIDS 1020
#define SIM_NONE   1023u

struct sim_cpu {
	struct vgic_cpu vgic;
	u64 lr[VGIC_MAX_LRS];
	u32 hcr;
	u8 running[256]; /* priorities that are active and not dropped */
	u32 depth;
	bool ppi_active[32]; /* physical */
	bool ppi_fell[32];   /* its line was deasserted */
};

struct sim {
	struct vgic g;
	struct sim_cpu cpu[SIM_CPUS];
	void *storage;
	bool spi_active[SIM_INTIDS]; /* physical */
	bool spi_fell[SIM_INTIDS];   /* its line was deasserted */
	u8 spi_cpu[SIM_INTIDS];      /* its target */
	u64 kicked;
};

static struct sim *sim_now; /* whose hardware this is */
static struct sim_cpu *sim_cpu_now;

static inline u64 hw_lr_read(u32 n)
{
	return sim_cpu_now->lr[n];
}
static inline void hw_lr_write(u32 n, u64 lr)
{
	sim_cpu_now->lr[n] = lr;
}
static inline bool hw_lr_write_short(u32 n, u64 lr)
{
	if (n >= 4)
		return false;
	hw_lr_write(n, lr);
	return true;
}
/* IHI 0069 §12.4.5: a list register that requests maintenance does not count as empty. */
static inline u32 sim_empty(bool asking)
{
	u32 empty = 0;

	for (u32 n = 0; n < VGIC_MAX_LRS; n++) {
		u64 lr = sim_cpu_now->lr[n];

		if (!(lr & LR_STATE) && asking == (lr & LR_EOI && !(lr & LR_HW)))
			empty |= 1u << n;
	}
	return empty;
}
static inline u32 hw_elrsr_read(void)
{
	return sim_empty(false);
}
static inline u32 hw_eisr_read(void)
{
	return sim_empty(true);
}
static inline u32 hw_hcr_read(void)
{
	return sim_cpu_now->hcr;
}
static inline void hw_hcr_write(u32 hcr)
{
	sim_cpu_now->hcr = hcr;
}
static inline void hw_deactivate_private(u32 intid)
{
	sim_cpu_now->ppi_active[intid] = false;
}
static inline void hw_deactivate_shared(u32 intid)
{
	sim_now->spi_active[intid] = false;
}
static inline void hw_route_to_self(u32 intid)
{
	if (intid < SIM_INTIDS)
		sim_now->spi_cpu[intid] = (u8)(sim_cpu_now - sim_now->cpu);
}
static inline bool hw_line_fell(u32 intid)
{
	if (intid < 32)
		return sim_cpu_now->ppi_fell[intid];
	return intid < SIM_INTIDS && sim_now->spi_fell[intid];
}

#include "arch/arm64/pure/vgic_short.h"
#include "arch/arm64/pure/vgic_update.h"

static inline void sim_on(struct sim *s, u32 cpu)
{
	sim_now = s;
	sim_cpu_now = &s->cpu[cpu];
}

static inline enum err sim_init(struct sim *s, u32 version, u32 lrs, u32 spis, u32 cpus)
{
	enum err err;

	memset(s, 0, sizeof(*s));
	s->storage = calloc(1, vgic_storage_bytes(spis, cpus));
	err = vgic_init(&s->g, version, lrs, spis, cpus, s->storage);
	for (u32 i = 0; !err && i < cpus; i++) {
		err = vgic_attach(&s->g, i, &s->cpu[i].vgic);
		s->kicked |= BIT(i);
	}
	return err;
}

static inline void sim_free(struct sim *s)
{
	free(s->storage);
}

static inline void sim_withdraw(struct sim *s, u32 cpu)
{
	sim_on(s, cpu);
	s->kicked |= vgic_withdraw(&s->g, &s->cpu[cpu].vgic);
}

static inline void sim_flush(struct sim *s, u32 cpu)
{
	struct vgic_cpu *c = &s->cpu[cpu].vgic;
	u32 flags = atomic_load(&c->flags);

	if (!flags)
		return;
	sim_on(s, cpu);
	atomic_store(&c->flags, 0);
	if (flags == VGIC_PRIVATE &&
	    (s->g.version == 3 ? vgic_flush_sgis(c) : vgic_flush_sgis_v2(c)))
		return;
	s->kicked |= vgic_update(&s->g, c, flags);
}

/* A maintenance interrupt is asserted (IHI 0069 §4.6). */
static inline bool sim_maintenance(const struct sim *s, u32 cpu)
{
	const struct sim_cpu *c = &s->cpu[cpu];
	u32 valid = 0, pending = 0, eoi = 0;

	for (u32 n = 0; n < s->g.num_lrs; n++) {
		u64 lr = c->lr[n];

		valid += (lr & LR_STATE) != 0;
		pending += (lr & LR_STATE) == LR_PENDING;
		eoi += !(lr & (LR_STATE | LR_HW)) && lr & LR_EOI;
	}
	if (!(c->hcr & VGIC_HCR_EN))
		return false;
	return eoi || (c->hcr & VGIC_HCR_UIE && valid <= 1) ||
	       (c->hcr & VGIC_HCR_NPIE && !pending) ||
	       (c->hcr & VGIC_HCR_LRENPIE && VGIC_HCR_COUNT(c->hcr));
}

/* Enters the guest. Returns false if maintenance never ends. */
static inline bool sim_enter(struct sim *s, u32 cpu)
{
	sim_flush(s, cpu);
	for (u32 i = 0; i < 4 && sim_maintenance(s, cpu); i++) {
		vgic_mark(&s->cpu[cpu].vgic, VGIC_PRIVATE | VGIC_SHARED);
		sim_flush(s, cpu);
	}
	return !sim_maintenance(s, cpu);
}

static inline u32 sim_running(const struct sim_cpu *c)
{
	return c->depth ? c->running[c->depth - 1] : 0x100;
}

/* The guest reads IAR. Returns the list register's value before, 0 when nothing can be taken. */
static inline u64 sim_ack(struct sim *s, u32 cpu)
{
	struct sim_cpu *c = &s->cpu[cpu];
	u32 best = VGIC_MAX_LRS;
	u64 lr;

	for (u32 n = 0; n < s->g.num_lrs; n++)
		if ((c->lr[n] & LR_STATE) == LR_PENDING &&
		    FIELD(c->lr[n], 55, 48) < sim_running(c) &&
		    (best == VGIC_MAX_LRS || FIELD(c->lr[n], 55, 48) < FIELD(c->lr[best], 55, 48)))
			best = n;
	if (best == VGIC_MAX_LRS || c->depth == sizeof(c->running))
		return 0;
	lr = c->lr[best];
	c->lr[best] = (lr & ~LR_STATE) | LR_ACTIVE;
	c->running[c->depth++] = (u8)FIELD(lr, 55, 48);
	return lr;
}

/* Deactivation of @intid, by EOIR or DIR. */
static inline void sim_deactivate(struct sim *s, u32 cpu, u32 intid, bool dir)
{
	struct sim_cpu *c = &s->cpu[cpu];

	if (dir && c->hcr & VGIC_HCR_TDIR) {
		sim_withdraw(s, cpu);
		s->kicked |= vgic_dir(&s->g, &c->vgic, intid);
		vgic_release_physical(&s->g, &c->vgic, true);
		return;
	}
	for (u32 n = 0; n < s->g.num_lrs; n++) {
		u64 lr = c->lr[n];

		if (LR_INTID(lr) != intid || !(lr & LR_ACTIVE))
			continue;
		c->lr[n] = lr & ~LR_ACTIVE;
		if (lr & LR_HW && FIELD(lr, 44, 32) < 32)
			c->ppi_active[FIELD(lr, 44, 32)] = false;
		else if (lr & LR_HW)
			s->spi_active[FIELD(lr, 44, 32)] = false;
		return;
	}
	c->hcr += 1u << 27;
}

static inline void sim_eoi(struct sim *s, u32 cpu, u32 intid)
{
	s->cpu[cpu].depth--;
	sim_deactivate(s, cpu, intid, false);
}

/* GICv2: GICD_SGIR with a single target, by its fast path. */
static inline bool sim_sgir(struct sim *s, u32 cpu, u32 value)
{
	u32 list = value >> 16 & 0xff, to = list ? (u32)__builtin_ctz(list) : 0;

	if (s->g.version != 2 || value >> 24 & 3 || list != 1u << to || to >= s->g.num_cpus)
		return false;
	sim_on(s, cpu);
	if (to == cpu)
		return vgic_sgi_self_v2(&s->cpu[cpu].vgic, value & 15);
	if (vgic_sgi_other(&s->cpu[to].vgic, value & 15, cpu))
		s->kicked |= BIT(to);
	return true;
}

/* A guest's access, with the folds that it needs. */
static inline void sim_access(struct sim *s, u32 cpu, bool redist, u32 offset, u32 width,
			      bool write, u64 *value)
{
	u64 folds;

	if (!redist && width == 4 && write && vgic_enable_fast(&s->g, offset, (u32)*value))
		return;
	if (!redist && width == 4 && write && offset == 0xf00 && sim_sgir(s, cpu, (u32)*value))
		return;
	folds = redist ? vgic_redist_folds(&s->g, cpu, offset)
		       : vgic_dist_folds(&s->g, cpu, offset, write);

	for (u64 m = folds; m; m &= m - 1)
		sim_withdraw(s, (u32)__builtin_ctzll(m));
	s->kicked |= folds; /* to let them fill again */
	sim_on(s, cpu);
	if (redist) {
		s->kicked |= vgic_redist_access(&s->g, cpu, offset, width, write, value);
	} else {
		vgic_settle(&s->g, offset);
		s->kicked |= vgic_dist_access(&s->g, cpu, offset, width, write, value);
	}
	vgic_release_physical(&s->g, &s->cpu[cpu].vgic, true);
	for (u32 i = 0; i < s->g.num_cpus; i++) {
		sim_on(s, i); /* its own CPU does that at its next pass */
		vgic_release_physical(&s->g, &s->cpu[i].vgic, true);
	}
}

static inline void sim_write(struct sim *s, u32 cpu, u32 offset, u32 value)
{
	u64 v = value;

	sim_access(s, cpu, false, offset, 4, true, &v);
}
static inline u32 sim_read(struct sim *s, u32 cpu, u32 offset)
{
	u64 v = 0;

	sim_access(s, cpu, false, offset, 4, false, &v);
	return (u32)v;
}
/* Private interrupts: in the redistributor's SGI frame, or the distributor's first words. */
static inline void sim_write_private(struct sim *s, u32 cpu, u32 offset, u32 value)
{
	u64 v = value;

	if (s->g.version == 2)
		sim_access(s, cpu, false, offset, 4, true, &v);
	else
		sim_access(s, cpu, true, cpu * (u32)VGIC_GICR_SIZE + 0x10000 + offset, 4, true, &v);
}
static inline u32 sim_read_private(struct sim *s, u32 cpu, u32 offset)
{
	u64 v = 0;

	if (s->g.version == 2)
		sim_access(s, cpu, false, offset, 4, false, &v);
	else
		sim_access(s, cpu, true, cpu * (u32)VGIC_GICR_SIZE + 0x10000 + offset, 4, false,
			   &v);
	return (u32)v;
}

#endif
