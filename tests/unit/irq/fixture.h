/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the tests of the virtual GIC: one simulated machine, and a guest's usual steps. */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "tests/unit/irq/vgic_sim.h"

#include "support/test.h"

#define RD(cpu)  ((cpu) * (u32)VGIC_GICR_SIZE)
#define SGI(cpu) (RD(cpu) + 0x10000)

#define TEST(name) cmocka_unit_test_teardown(name, stop)

static struct sim sim;

static inline void start(u32 version, u32 cpus, u32 lrs)
{
	assert_int_equal(sim_init(&sim, version, lrs, 64, cpus), OK);
	sim_write(&sim, 0, 0, 3);
}

static inline int stop(void **state)
{
	(void)state;
	sim_free(&sim);
	memset(&sim, 0, sizeof(sim));
	return 0;
}

static inline u64 read_wide(u32 cpu, bool redist, u32 offset, u32 width)
{
	u64 v = 0xdeadbeefdeadbeef;

	sim_access(&sim, cpu, redist, offset, width, false, &v);
	return v;
}

static inline void write_wide(u32 cpu, bool redist, u32 offset, u32 width, u64 v)
{
	sim_access(&sim, cpu, redist, offset, width, true, &v);
}

/* Enable SPIs of words 1 and 2, all at @priority, to vCPU 0. */
static inline void enable_spis(u8 priority)
{
	sim_write(&sim, 0, 0x104, ~0u);
	sim_write(&sim, 0, 0x108, ~0u);
	for (u32 i = 32; i < 96; i += 4)
		sim_write(&sim, 0, 0x400 + i, priority * 0x01010101u);
	for (u32 i = 32; sim.g.version == 2 && i < 96; i += 4)
		sim_write(&sim, 0, 0x800 + i, 0x01010101);
}

static inline u32 take(u32 cpu)
{
	u64 lr;

	assert_true(sim_enter(&sim, cpu));
	lr = sim_ack(&sim, cpu);
	return lr ? LR_INTID(lr) : SIM_NONE;
}

static inline void end(u32 cpu, u32 intid)
{
	assert_true(sim_enter(&sim, cpu));
	sim_eoi(&sim, cpu, intid);
	assert_true(sim_enter(&sim, cpu));
}

static inline void edge(u32 intid)
{
	sim.kicked |= vgic_set_level(&sim.g, intid, true);
	sim.kicked |= vgic_set_level(&sim.g, intid, false);
}

#endif
