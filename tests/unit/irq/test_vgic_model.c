/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtual GIC against a model without list registers: random events, register writes and guest
 * behaviour, from a seed. An acknowledged interrupt must be pending, enabled and the most urgent
 * one of that vCPU in the model. At rest no interrupt may remain.
 */
#include "tests/unit/irq/vgic_sim.h"

#include "support/test.h"

#define SPIS  64
#define IDS   (32 + SPIS)
#define STEPS 30000

struct irq {
	bool latch, line, edge, enabled, active, hw;
	bool wired; /* pending for the level of a physical line */
	u8 priority;
	u8 sources; /* v2 SGI */
	u8 target;  /* SPI */
	u8 owner;   /* SPI: where it is active */
};

struct taken {
	u32 intid, source;
	bool dropped;
};

struct model {
	struct sim s;
	struct irq private[SIM_CPUS][32], spi[SPIS];
	struct taken taken[SIM_CPUS][256];
	u32 depth[SIM_CPUS]; /* of taken */
	u32 ctlr;
	bool split; /* the guest drops and deactivates apart */
	u64 rng, acks, merged;
};

static u32 any(struct model *m, u32 below)
{
	m->rng ^= m->rng << 13;
	m->rng ^= m->rng >> 7;
	m->rng ^= m->rng << 17;
	return (u32)(m->rng >> 20) % below;
}

static struct irq *irq_of(struct model *m, u32 cpu, u32 intid)
{
	return intid < 32 ? &m->private[cpu][intid] : &m->spi[intid - 32];
}

static bool group_on(const struct model *m)
{
	return m->ctlr & (m->s.g.version == 3 ? 2 : 1);
}

static bool deliverable(struct model *m, u32 cpu, u32 intid)
{
	struct irq *i = irq_of(m, cpu, intid);

	if (!(i->latch || i->wired || (i->line && !i->edge)) || !i->enabled || i->active ||
	    !group_on(m))
		return false;
	return intid < 32 || i->target == cpu;
}

static void dump_irq(struct model *m, u32 cpu, u32 id)
{
	const struct vgic_bank *b = id < 32 ? &m->s.cpu[cpu].vgic.bank : &m->s.g.spi[id / 32 - 1];
	const struct irq *i = irq_of(m, cpu, id);
	u32 n = id % 32;

	print_error(
		"  %u at %x: model latch %u wired %u line %u edge %u;\n"
		"    latch %u line %u edge %u enabled %u active %u inflight %u linked %u soft %u",
		id, i->priority, i->latch, i->wired, i->line, i->edge, b->latch >> n & 1,
		b->line >> n & 1, b->edge >> n & 1, b->enabled >> n & 1, b->active >> n & 1,
		b->inflight >> n & 1, b->linked >> n & 1, b->soft >> n & 1);
	if (id >= 32)
		print_error(" target %u owner %u", m->s.g.spis[id - 32].target,
			    m->s.g.spis[id - 32].owner);
	print_error("\n");
}

/* Prints the state for the analysis of a failure. */
static void dump(struct model *m, u32 cpu)
{
	const struct sim_cpu *c = &m->s.cpu[cpu];

	print_error("v%u, %u CPUs, %u list registers, ctlr %x; CPU %u: used %x hcr %x running %x\n",
		    m->s.g.version, m->s.g.num_cpus, m->s.g.num_lrs, m->ctlr, cpu, c->vgic.used,
		    c->hcr, sim_running(c));
	for (u32 n = 0; n < m->s.g.num_lrs; n++)
		print_error("  lr%u %016lx, written %016lx\n", n, c->lr[n], c->vgic.lr[n]);
	for (u32 id = 0; id < IDS; id++)
		if (deliverable(m, cpu, id))
			dump_irq(m, cpu, id);
}

#define bad(m, cpu, ...)               \
	do {                           \
		dump(m, cpu);          \
		fail_msg(__VA_ARGS__); \
	} while (0)

/* --- Guest ----------------------------------------------------------------------------------- */

static void guest_ack(struct model *m, u32 cpu)
{
	u64 lr = sim_ack(&m->s, cpu);
	u32 intid = LR_INTID(lr), source = (u32)FIELD(lr, 34, 32);
	struct irq *i;

	if (!lr) {
		/* Nothing taken: then nothing in the model may be urgent enough. */
		for (u32 id = 0; id < IDS; id++)
			if (deliverable(m, cpu, id) && m->s.cpu[cpu].depth < 256 &&
			    irq_of(m, cpu, id)->priority < sim_running(&m->s.cpu[cpu]))
				bad(m, cpu, "interrupt %u is lost to CPU %u", id, cpu);
		return;
	}
	i = irq_of(m, cpu, intid);
	if (!deliverable(m, cpu, intid))
		dump_irq(m, cpu, intid);
	if (!deliverable(m, cpu, intid))
		bad(m, cpu, "CPU %u took %u, which is not to be delivered", cpu, intid);
	assert_int_equal(i->priority, FIELD(lr, 55, 48));
	for (u32 id = 0; id < IDS; id++)
		if (deliverable(m, cpu, id) && irq_of(m, cpu, id)->priority < i->priority)
			bad(m, cpu, "CPU %u took %u before the more urgent %u", cpu, intid, id);
	if (m->s.g.version == 2 && intid < 16) {
		assert_true(i->sources >> source & 1);
		i->sources &= (u8) ~(1u << source);
		i->latch = i->sources != 0;
	} else {
		i->latch = false;
		i->wired = false;
		/* And its driver quiets the device. */
		if (intid == 27)
			m->s.cpu[cpu].ppi_fell[26] = true;
		else if (i->hw)
			m->s.spi_fell[68 + intid] = true;
	}
	i->active = true;
	i->owner = (u8)cpu;
	m->taken[cpu][m->depth[cpu]++] = (struct taken){ intid, source, false };
	m->acks++;
}

static void forget(struct model *m, u32 cpu, u32 at)
{
	irq_of(m, cpu, m->taken[cpu][at].intid)->active = false;
	m->depth[cpu]--;
	memmove(&m->taken[cpu][at], &m->taken[cpu][at + 1],
		(m->depth[cpu] - at) * sizeof(struct taken));
}

static void guest_eoi(struct model *m, u32 cpu)
{
	u32 at = m->depth[cpu];

	if (!m->split) {
		if (!at)
			return;
		sim_eoi(&m->s, cpu, m->taken[cpu][at - 1].intid);
		forget(m, cpu, at - 1);
		return;
	}
	/* Drop the newest that was not, or deactivate any that was. */
	if (m->s.cpu[cpu].depth && any(m, 2)) {
		while (at-- > 0)
			if (!m->taken[cpu][at].dropped)
				break;
		m->taken[cpu][at].dropped = true;
		m->s.cpu[cpu].depth--;
		return;
	}
	if (!at)
		return;
	at = any(m, at);
	if (!m->taken[cpu][at].dropped)
		return;
	sim_deactivate(&m->s, cpu, m->taken[cpu][at].intid, true);
	forget(m, cpu, at);
}

/* --- Events ---------------------------------------------------------------------------------- */

static void sgi(struct model *m, u32 cpu)
{
	u32 id = any(m, 4), to = any(m, m->s.g.num_cpus);

	if (m->s.g.version == 3) {
		sim_on(&m->s, cpu);
		if (to != cpu || !vgic_sgi_self(&m->s.cpu[cpu].vgic, id))
			m->s.kicked |= vgic_sgi1r(&m->s.g, cpu, (u64)id << 24 | BIT(to), true);
	} else {
		sim_write(&m->s, cpu, 0xf00, 1u << (16 + to) | id);
		m->private[to][id].sources |= (u8)(1u << cpu);
	}
	m->merged += m->private[to][id].latch;
	m->private[to][id].latch = true;
}

static void line(struct model *m)
{
	u32 n = any(m, 24);
	struct irq *i = &m->spi[n];

	if (i->hw)
		return;
	i->line = !i->line;
	if (i->line && i->edge)
		i->latch = true;
	m->s.kicked |= vgic_set_level(&m->s.g, n + 32, i->line);
}

static void private_line(struct model *m, u32 cpu)
{
	struct irq *i = &m->private[cpu][30];

	i->line = !i->line;
	m->s.kicked |= vgic_set_private(&m->s.g, &m->s.cpu[cpu].vgic, 30, i->line);
}

static void device(struct model *m)
{
	u32 n = 24 + any(m, 8);

	if (m->s.spi_active[100 + n])
		return;
	m->s.spi_active[100 + n] = true;
	m->s.spi_fell[100 + n] = false;
	assert_int_equal(vgic_host_spi(&m->s.g, n + 32, 100 + n, n & 1, &m->s.kicked), OK);
	if (n & 1)
		m->spi[n].wired = true;
	else
		m->spi[n].latch = true;
	/* A vCPU that has ended it, and is not its target any more, passes it on when it is kicked.
	 */
	if (m->s.g.spis[n].owner < m->s.g.num_cpus && m->s.g.spis[n].owner != m->spi[n].target)
		assert_true(sim_enter(&m->s, m->s.g.spis[n].owner));
}

/* A line is deasserted. An interrupt in a list register may still be acknowledged, as on a machine
 * where the change is under way. One that is pending only in the model is not acknowledged. */
static void fall(struct model *m, u32 cpu)
{
	u32 n = 25 + 2 * any(m, 4);

	if (any(m, 2)) {
		if (m->s.cpu[cpu].vgic.bank.inflight >> 27 & 1)
			return;
		m->s.cpu[cpu].ppi_fell[26] = true;
		m->private[cpu][27].wired = false;
	} else if (!(m->s.g.spi[0].inflight >> n & 1)) {
		m->s.spi_fell[100 + n] = true;
		m->spi[n].wired = false;
	}
}

static void timer(struct model *m, u32 cpu)
{
	if (m->s.cpu[cpu].ppi_active[26])
		return;
	m->s.cpu[cpu].ppi_active[26] = true;
	m->s.cpu[cpu].ppi_fell[26] = false;
	sim_on(&m->s, cpu);
	(void)vgic_timer_fired(&m->s.cpu[cpu].vgic, 26);
	m->private[cpu][27].wired = true;
}

/* --- Registers ------------------------------------------------------------------------------- */

static void write_enable(struct model *m, u32 cpu)
{
	u32 word = any(m, 3), on = any(m, 3), bits = (u32)m->rng;

	bits = word ? bits : bits & 0x4800000f;
	if (word)
		sim_write(&m->s, cpu, (on ? 0x100 : 0x180) + 4 * word, bits);
	else
		sim_write_private(&m->s, cpu, on ? 0x100 : 0x180, bits);
	for (u32 n = 0; n < 32; n++)
		if (bits >> n & 1)
			irq_of(m, cpu, 32 * word + n)->enabled = on;
}

static void write_priority(struct model *m, u32 cpu)
{
	u32 intid = any(m, 60);
	u64 v = any(m, 256);
	u32 offset = 0x400 + intid;

	if (irq_of(m, cpu, intid)->active)
		return; /* the interrupt of an uncounted EOI is then not determined */
	if (intid < 32 && m->s.g.version == 3)
		sim_access(&m->s, cpu, true, cpu * (u32)VGIC_GICR_SIZE + 0x10000 + offset, 1, true,
			   &v);
	else
		sim_access(&m->s, cpu, false, offset, 1, true, &v);
	irq_of(m, cpu, intid)->priority = (u8)v & 0xf8;
}

static void write_pending(struct model *m, u32 cpu)
{
	u32 word = any(m, 3), set = any(m, 2), bits = 1u << any(m, 32);

	if (!word && m->s.g.version == 2)
		bits &= ~0xffffu;
	if (word)
		sim_write(&m->s, cpu, (set ? 0x200 : 0x280) + 4 * word, bits);
	else
		sim_write_private(&m->s, cpu, set ? 0x200 : 0x280, bits);
	for (u32 n = 0; n < 32; n++)
		if (bits >> n & 1)
			irq_of(m, cpu, 32 * word + n)->latch = set;
}

/* Until the CPU that has an SPI comes out of its guest, it may still be taken there. */
static void settle(struct model *m)
{
	for (u32 i = 0; i < m->s.g.num_cpus; i++)
		assert_true(sim_enter(&m->s, i));
}

static void write_target(struct model *m, u32 cpu)
{
	u32 n = any(m, SPIS), to = any(m, m->s.g.num_cpus);
	u64 v = m->s.g.version == 3 ? to : BIT(to);

	if (m->s.g.num_cpus == 1)
		return;
	if (m->s.g.version == 3)
		sim_access(&m->s, cpu, false, 0x6100 + 8 * n, 8, true, &v);
	else
		sim_access(&m->s, cpu, false, 0x820 + n, 1, true, &v);
	m->spi[n].target = (u8)to;
	settle(m);
}

static void write_config(struct model *m, u32 cpu)
{
	u32 word = 2 + any(m, 4), v = (u32)m->rng;

	sim_write(&m->s, cpu, 0xc00 + 4 * word, v);
	for (u32 n = 0; n < 16; n++)
		m->spi[(word - 2) * 16 + n].edge = v >> (2 * n + 1) & 1;
}

static void check_state(struct model *m, u32 cpu)
{
	u32 word = any(m, 3), pending, active;

	pending =
		word ? sim_read(&m->s, cpu, 0x200 + 4 * word) : sim_read_private(&m->s, cpu, 0x200);
	active =
		word ? sim_read(&m->s, cpu, 0x300 + 4 * word) : sim_read_private(&m->s, cpu, 0x300);
	for (u32 n = 0; n < 32; n++) {
		struct irq *i = irq_of(m, cpu, 32 * word + n);

		if ((pending >> n & 1) != (i->latch || i->wired || (i->line && !i->edge)))
			dump_irq(m, cpu, 32 * word + n);
		if ((pending >> n & 1) != (i->latch || i->wired || (i->line && !i->edge)))
			bad(m, cpu, "pending bit of %u is %u", 32 * word + n, pending >> n & 1);
		if ((active >> n & 1) != i->active)
			fail_msg("active bit of %u is %u", 32 * word + n, active >> n & 1);
	}
}

static void write_ctlr(struct model *m, u32 cpu)
{
	m->ctlr = any(m, 8) ? 3 : any(m, 4);
	sim_write(&m->s, cpu, 0, m->ctlr);
}

/* --- The run --------------------------------------------------------------------------------- */

static void step(struct model *m)
{
	u32 cpu = any(m, m->s.g.num_cpus);

	switch (any(m, 40)) {
	case 0: sgi(m, cpu); break;
	case 1: line(m); break;
	case 2: device(m); break;
	case 3: timer(m, cpu); break;
	case 4: private_line(m, cpu); break;
	case 5: write_enable(m, cpu); break;
	case 6: write_priority(m, cpu); break;
	case 7: write_pending(m, cpu); break;
	case 8: write_target(m, cpu); break;
	case 9: check_state(m, cpu); break;
	case 10:
		if (!any(m, 8))
			write_config(m, cpu);
		break;
	case 11:
		if (!any(m, 8))
			write_ctlr(m, cpu);
		break;
	case 12: sim_withdraw(&m->s, cpu); break; /* put and load */
	case 13: fall(m, cpu); break;
	case 14:
	case 15: sgi(m, cpu); break;
	case 16:
	case 17: line(m); break;
	case 18:
	case 19: timer(m, cpu); break;
	default:
		if (!sim_enter(&m->s, cpu))
			fail_msg("maintenance interrupts never end on CPU %u", cpu);
		if (any(m, 2))
			guest_ack(m, cpu);
		else
			guest_eoi(m, cpu);
		if (!sim_enter(&m->s, cpu)) /* maintenance comes at once */
			fail_msg("maintenance interrupts never end on CPU %u", cpu);
		break;
	}
	/* Each CPU with flags to serve was kicked, or is the one that acted. */
	for (u32 i = 0; i < m->s.g.num_cpus; i++)
		if (atomic_load(&m->s.cpu[i].vgic.flags) && i != cpu && !(m->s.kicked >> i & 1))
			bad(m, i, "CPU %u was not kicked", i);
	for (u32 i = 0; i < m->s.g.num_cpus; i++)
		if (!atomic_load(&m->s.cpu[i].vgic.flags))
			m->s.kicked &= ~BIT(i);
	m->s.kicked |= BIT(cpu);
}

/* Everything enabled, every line low, and the guest works until it is quiet. */
static void drain(struct model *m)
{
	struct sim *s = &m->s;

	m->ctlr = 3;
	sim_write(s, 0, 0, 3);
	for (u32 n = 0; n < SPIS; n++) {
		u64 v = m->s.g.version == 3 ? 0 : 1;

		if (m->spi[n].line)
			s->kicked |= vgic_set_level(&s->g, n + 32, false);
		m->spi[n].line = false;
		m->spi[n].enabled = true;
		m->spi[n].target = 0;
		sim_access(s, 0, false, s->g.version == 3 ? 0x6100 + 8 * n : 0x820 + n,
			   s->g.version == 3 ? 8 : 1, true, &v);
	}
	sim_write(s, 0, 0x104, ~0u);
	sim_write(s, 0, 0x108, ~0u);
	for (u32 cpu = 0; cpu < s->g.num_cpus; cpu++) {
		if (m->private[cpu][30].line)
			(void)vgic_set_private(&s->g, &s->cpu[cpu].vgic, 30, false);
		m->private[cpu][30].line = false;
		sim_write_private(s, cpu, 0x100, ~0u);
		for (u32 n = 0; n < 32; n++)
			m->private[cpu][n].enabled = true;
	}
	settle(m);
	for (u32 round = 0; round < 4000; round++)
		for (u32 cpu = 0; cpu < s->g.num_cpus; cpu++) {
			assert_true(sim_enter(s, cpu));
			if (any(m, 2))
				guest_ack(m, cpu);
			else
				guest_eoi(m, cpu);
		}
	for (u32 cpu = 0; cpu < s->g.num_cpus; cpu++) {
		assert_true(sim_enter(s, cpu));
		assert_int_equal(m->depth[cpu], 0);
		assert_false(s->cpu[cpu].ppi_active[26]);
		for (u32 id = 0; id < IDS; id++)
			assert_false(irq_of(m, cpu, id)->latch || irq_of(m, cpu, id)->wired);
		for (u32 n = 0; n < s->g.num_lrs; n++)
			assert_false(s->cpu[cpu].lr[n] & LR_STATE);
	}
	for (u32 i = 0; i < SIM_INTIDS; i++)
		assert_false(s->spi_active[i]);
}

static void run(u32 version, u32 cpus, u32 lrs, bool split, u64 seed)
{
	struct model *m = calloc(1, sizeof(*m));

	m->rng = seed;
	m->split = split;
	assert_int_equal(sim_init(&m->s, version, lrs, SPIS, cpus), OK);
	for (u32 n = 0; n < SPIS; n++) {
		m->spi[n].hw = n >= 24 && n < 32;
		m->spi[n].target = version == 3 || cpus == 1 ? 0 : VGIC_NONE;
	}
	for (u32 cpu = 0; cpu < cpus; cpu++)
		for (u32 n = 0; n < 16; n++)
			m->private[cpu][n].edge = true;
	for (u32 i = 0; i < STEPS; i++)
		step(m);
	drain(m);
	assert_true(m->acks > 500);
	sim_free(&m->s);
	free(m);
}

static void v2_random(void **state)
{
	(void)state;
	for (u32 lrs = 1; lrs <= 16; lrs *= 2)
		for (u32 cpus = 1; cpus <= 4; cpus++)
			run(2, cpus, lrs, false, 0x1234567 * (lrs + 20 * cpus));
}

static void v3_random(void **state)
{
	(void)state;
	for (u32 lrs = 1; lrs <= 16; lrs *= 2)
		for (u32 cpus = 1; cpus <= 4; cpus++)
			run(3, cpus, lrs, false, 0x7654321 * (lrs + 20 * cpus));
}

static void v3_split_random(void **state)
{
	(void)state;
	for (u32 lrs = 1; lrs <= 16; lrs *= 2)
		for (u32 cpus = 1; cpus <= 4; cpus++)
			run(3, cpus, lrs, true, 0x1357913 * (lrs + 20 * cpus));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(v2_random),
		cmocka_unit_test(v3_random),
		cmocka_unit_test(v3_split_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
