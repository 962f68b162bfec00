/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC: every class of register, list registers, both codecs, and what must not happen.
 */
#include "tests/unit/irq/vgic_sim.h"

#include "support/test.h"

#define RD(cpu)  ((cpu) * (u32)VGIC_GICR_SIZE)
#define SGI(cpu) (RD(cpu) + 0x10000)

static struct sim sim;

static void start(u32 version, u32 cpus, u32 lrs)
{
	assert_int_equal(sim_init(&sim, version, lrs, 64, cpus), OK);
	sim_write(&sim, 0, 0, 3);
}

static int stop(void **state)
{
	(void)state;
	sim_free(&sim);
	memset(&sim, 0, sizeof(sim));
	return 0;
}

static u64 read_wide(u32 cpu, bool redist, u32 offset, u32 width)
{
	u64 v = 0xdeadbeefdeadbeef;

	sim_access(&sim, cpu, redist, offset, width, false, &v);
	return v;
}

static void write_wide(u32 cpu, bool redist, u32 offset, u32 width, u64 v)
{
	sim_access(&sim, cpu, redist, offset, width, true, &v);
}

/* Enable SPIs of words 1 and 2, all at @priority, to vCPU 0. */
static void enable_spis(u8 priority)
{
	sim_write(&sim, 0, 0x104, ~0u);
	sim_write(&sim, 0, 0x108, ~0u);
	for (u32 i = 32; i < 96; i += 4)
		sim_write(&sim, 0, 0x400 + i, priority * 0x01010101u);
	for (u32 i = 32; sim.g.version == 2 && i < 96; i += 4)
		sim_write(&sim, 0, 0x800 + i, 0x01010101);
}

static u32 take(u32 cpu)
{
	u64 lr;

	assert_true(sim_enter(&sim, cpu));
	lr = sim_ack(&sim, cpu);
	return lr ? LR_INTID(lr) : SIM_NONE;
}

static void end(u32 cpu, u32 intid)
{
	assert_true(sim_enter(&sim, cpu));
	sim_eoi(&sim, cpu, intid);
	assert_true(sim_enter(&sim, cpu));
}

static void edge(u32 intid)
{
	sim.kicked |= vgic_set_level(&sim.g, intid, true);
	sim.kicked |= vgic_set_level(&sim.g, intid, false);
}

/* --- Identification and control --------------------------------------------------------------- */

static void init_refuses(void **state)
{
	static u8 storage[8192] __attribute__((aligned(8)));
	struct vgic g;

	(void)state;
	assert_int_equal(vgic_init(&g, 1, 4, 32, 1, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 3, 0, 32, 1, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 3, 17, 32, 1, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 3, 4, 33, 1, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 3, 4, 992, 1, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 3, 4, 32, 0, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 2, 4, 32, 9, storage), ERR_INVALID);
	assert_int_equal(vgic_init(&g, 2, 4, 0, 8, storage), OK);
	assert_true(vgic_storage_bytes(64, 2) <= 4096);
	assert_int_equal(vgic_attach(&g, 8, &sim.cpu[0].vgic), ERR_RANGE);
}

static void identification_v2(void **state)
{
	(void)state;
	start(2, 3, 4);
	assert_int_equal(sim_read(&sim, 1, 0x000), 3);
	assert_int_equal(sim_read(&sim, 1, 0x004), 2 | 2 << 5); /* 96 INTIDs, 3 CPUs */
	assert_int_equal(sim_read(&sim, 1, 0x008) & 0xfff, 0x43b);
	assert_int_equal(sim_read(&sim, 1, 0xfe8) >> 4 & 15, 2);
	sim_write(&sim, 0, 0x004, ~0u);
	assert_int_equal(sim_read(&sim, 1, 0x004), 2 | 2 << 5);
	assert_int_equal(sim_read(&sim, 0, 0x1000), 0); /* past the frame */
}

static void identification_v3(void **state)
{
	(void)state;
	start(3, 3, 4);
	assert_int_equal(sim_read(&sim, 0, 0x000), 0x53); /* groups, ARE, DS */
	assert_int_equal(sim_read(&sim, 0, 0x004), 2 | 9 << 19);
	assert_int_equal(sim_read(&sim, 0, 0xffe8) >> 4 & 15, 3);
	for (u32 cpu = 0; cpu < 3; cpu++) {
		u64 typer = read_wide(0, true, RD(cpu) + 8, 8);

		assert_int_equal(typer, (u64)cpu << 32 | cpu << 8 | (cpu == 2 ? 16 : 0));
		assert_int_equal(read_wide(0, true, RD(cpu) + 8, 4), (u32)typer);
		assert_int_equal(read_wide(0, true, RD(cpu) + 12, 4), typer >> 32);
		assert_int_equal(read_wide(0, true, RD(cpu) + 0xffe8, 4) >> 4 & 15, 3);
	}
	assert_int_equal(read_wide(0, true, RD(1) + 0x14, 4), 6); /* asleep */
	write_wide(0, true, RD(1) + 0x14, 4, 0);
	assert_int_equal(read_wide(0, true, RD(1) + 0x14, 4), 0);
	assert_int_equal(read_wide(0, true, RD(3) + 8, 8), 0); /* no such vCPU */
	assert_int_equal(read_wide(0, true, ~7u, 8), 0);
}

/* --- Arrays of bits --------------------------------------------------------------------------- */

static void set_and_clear(void **state)
{
	static const u32 pairs[] = { 0x100, 0x200, 0x300 };

	(void)state;
	start(3, 2, 4);
	for (u32 i = 0; i < ARRAY_SIZE(pairs); i++) {
		u32 set = pairs[i], clear = set + 0x80;

		sim_write(&sim, 0, set + 4, 0xf0f0);
		sim_write(&sim, 0, set + 4, 0x000f);
		assert_int_equal(sim_read(&sim, 0, set + 4), 0xf0ff);
		assert_int_equal(sim_read(&sim, 1, clear + 4), 0xf0ff);
		sim_write(&sim, 0, clear + 4, 0x00ff);
		assert_int_equal(sim_read(&sim, 0, set + 4), 0xf000);
		/* A word past the last one; private ones are not here with affinity routing. */
		sim_write(&sim, 0, set + 12, ~0u);
		assert_int_equal(sim_read(&sim, 0, set + 12), 0);
		sim_write(&sim, 0, set, ~0u);
		assert_int_equal(sim_read(&sim, 0, set), 0);
		/* In the redistributor, each vCPU has its own. */
		write_wide(0, true, SGI(1) + set, 4, 0x80000001);
		assert_int_equal(read_wide(1, true, SGI(1) + set, 4), 0x80000001);
		assert_int_equal(read_wide(1, true, SGI(0) + set, 4), 0);
		write_wide(1, true, SGI(1) + clear, 4, 1);
		assert_int_equal(read_wide(0, true, SGI(1) + clear, 4), 0x80000000);
		assert_int_equal(read_wide(0, true, SGI(1) + set + 4, 4), 0);
	}
}

static void private_banks_v2(void **state)
{
	(void)state;
	start(2, 2, 4);
	sim_write(&sim, 0, 0x100, 0x08000001);
	assert_int_equal(sim_read(&sim, 0, 0x180), 0x08000001);
	assert_int_equal(sim_read(&sim, 1, 0x100), 0);
	/* Pending bits of SGIs are read-only there. */
	sim_write(&sim, 1, 0x200, 0x0800ffff);
	assert_int_equal(sim_read(&sim, 1, 0x200), 0x08000000);
	sim_write(&sim, 1, 0x280, ~0u);
	assert_int_equal(sim_read(&sim, 1, 0x200), 0);
}

static void priorities(void **state)
{
	(void)state;
	start(2, 2, 4);
	write_wide(0, false, 0x400 + 33, 1, 0xab);
	assert_int_equal(read_wide(1, false, 0x400 + 33, 1), 0xa8); /* five bits */
	assert_int_equal(sim_read(&sim, 0, 0x400 + 32), 0xa800);
	write_wide(0, false, 0x400 + 34, 2, 0x1020);
	assert_int_equal(sim_read(&sim, 0, 0x400 + 32), 0x1020a800);
	sim_write(&sim, 0, 0x400 + 28, 0x80604020);
	assert_int_equal(sim_read(&sim, 0, 0x41c), 0x80604020);
	assert_int_equal(sim_read(&sim, 1, 0x41c), 0);
	sim_write(&sim, 0, 0x400 + 96, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x400 + 96), 0);
	sim_write(&sim, 0, 0x400 + 1020, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x400 + 1020), 0);
	assert_int_equal(read_wide(0, false, 0x420, 8), 0); /* no 64-bit access */
	stop(NULL);
	start(3, 2, 4);
	write_wide(0, true, SGI(1) + 0x41b, 1, 0x55);
	assert_int_equal(read_wide(1, true, SGI(1) + 0x418, 4), 0x50000000);
	assert_int_equal(read_wide(1, true, SGI(1) + 0x420, 4), 0);
	sim_write(&sim, 0, 0x400, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x400), 0);
}

static void configuration(void **state)
{
	(void)state;
	start(3, 1, 4);
	assert_int_equal(read_wide(0, true, SGI(0) + 0xc00, 4), 0xaaaaaaaa); /* SGIs are edge */
	write_wide(0, true, SGI(0) + 0xc00, 4, 0);
	write_wide(0, true, SGI(0) + 0xc04, 4, ~0u);
	assert_int_equal(read_wide(0, true, SGI(0) + 0xc00, 4), 0xaaaaaaaa);
	assert_int_equal(read_wide(0, true, SGI(0) + 0xc04, 4), 0); /* PPIs level */
	sim_write(&sim, 0, 0xc08, 0xffff0003);
	assert_int_equal(sim_read(&sim, 0, 0xc08), 0xaaaa0002);
	sim_write(&sim, 0, 0xc0c, 0x80000000);
	assert_int_equal(sim_read(&sim, 0, 0xc0c), 0x80000000);
	assert_int_equal(sim_read(&sim, 0, 0xc08), 0xaaaa0002);
	sim_write(&sim, 0, 0xc18, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0xc18), 0);
	assert_int_equal(sim_read(&sim, 0, 0xd04) | sim_read(&sim, 0, 0xe04), 0);
}

static void groups(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim_write(&sim, 0, 0x84, 0xfffffffe);
	assert_int_equal(sim_read(&sim, 0, 0x84), 0xfffffffe);
	sim_write(&sim, 0, 0, 2); /* group 1 alone */
	sim_write(&sim, 0, 0x204, 3);
	assert_int_equal(take(0), 33);
	end(0, 33);
	assert_int_equal(take(0), SIM_NONE);
	sim_write(&sim, 0, 0, 1);
	assert_int_equal(take(0), 32);
	assert_false(sim.cpu[0].lr[0] & LR_GROUP1 && sim.cpu[0].lr[0] & LR_ACTIVE);
	end(0, 32);
	/* Disabled while it sits in a list register: withdrawn, not lost. */
	sim_write(&sim, 0, 0x204, 1);
	assert_true(sim_enter(&sim, 0));
	sim_write(&sim, 0, 0, 0);
	assert_int_equal(take(0), SIM_NONE);
	sim_write(&sim, 0, 0, 3);
	assert_int_equal(take(0), 32);
}

/* --- Targets ---------------------------------------------------------------------------------- */

static void targets_v2(void **state)
{
	(void)state;
	start(2, 3, 4);
	assert_int_equal(sim_read(&sim, 0, 0x800), 0x01010101);
	assert_int_equal(sim_read(&sim, 2, 0x81c), 0x04040404);
	sim_write(&sim, 0, 0x800, 0);
	assert_int_equal(sim_read(&sim, 0, 0x800), 0x01010101);
	write_wide(0, false, 0x800 + 33, 1, 0xfe); /* only CPUs that exist */
	assert_int_equal(sim_read(&sim, 0, 0x820), 0x0600);
	sim_write(&sim, 0, 0x104, 2);
	sim_write(&sim, 0, 0x204, 2);
	assert_int_equal(take(0), SIM_NONE);
	assert_int_equal(take(1), 33); /* the first of the two */
	end(1, 33);
	sim_write(&sim, 0, 0x800 + 96, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x800 + 96), 0);
	stop(NULL);
	start(2, 1, 4);
	sim_write(&sim, 0, 0x820, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x820), 0); /* one CPU: RAZ/WI, and all go to it */
	sim_write(&sim, 0, 0x104, 2);
	sim_write(&sim, 0, 0x204, 2);
	assert_int_equal(take(0), 33);
}

static void routes_v3(void **state)
{
	(void)state;
	start(3, 3, 4);
	write_wide(0, false, 0x6000 + 8 * 33, 8, 0xff00ffffffull | 1ull << 31 | 5ull << 24);
	assert_int_equal(read_wide(0, false, 0x6000 + 8 * 33, 8), 0xff80ffffffull);
	write_wide(0, false, 0x6000 + 8 * 33, 4, 2);
	assert_int_equal(read_wide(0, false, 0x6000 + 8 * 33, 8), 0xff00000002ull);
	sim_write(&sim, 0, 0x104, 2);
	sim_write(&sim, 0, 0x204, 2);
	assert_int_equal(take(2), SIM_NONE); /* nobody has that affinity */
	write_wide(0, false, 0x6000 + 8 * 33 + 4, 4, 0);
	assert_int_equal(take(2), 33);
	end(2, 33);
	/* Retargeted while it is in another vCPU's list register: it moves. */
	sim_write(&sim, 0, 0x204, 2);
	assert_true(sim_enter(&sim, 2));
	write_wide(0, false, 0x6000 + 8 * 33, 8, 1);
	assert_true(sim.kicked & 4);
	assert_int_equal(take(2), SIM_NONE);
	assert_int_equal(take(1), 33);
	end(1, 33);
	/* 1 of N. */
	write_wide(0, false, 0x6000 + 8 * 33, 8, 1ull << 31);
	sim_write(&sim, 0, 0x204, 2);
	assert_int_equal(take(0), 33);
	/* Private and missing interrupts have no route. */
	write_wide(0, false, 0x6000 + 8 * 31, 8, ~0ull);
	write_wide(0, false, 0x6000 + 8 * 96, 8, ~0ull);
	write_wide(0, false, 0x6000 + 8 * 1019, 8, ~0ull);
	assert_int_equal(read_wide(0, false, 0x6000 + 8 * 31, 8), 0);
	assert_int_equal(read_wide(0, false, 0x6000 + 8 * 96, 8), 0);
	assert_int_equal(read_wide(0, false, 0x6000 + 8 * 1019, 8), 0);
}

/* --- SGIs ------------------------------------------------------------------------------------- */

static void sgis_v2(void **state)
{
	u64 lr;

	(void)state;
	start(2, 3, 4);
	for (u32 i = 0; i < 3; i++)
		sim_write(&sim, i, 0x100, 0xffff);
	sim_write(&sim, 0, 0xf00, 0x00060003); /* list: 1 and 2 */
	sim_write(&sim, 2, 0xf00, 0x00020003);
	assert_int_equal(read_wide(1, false, 0xf23, 1), 0x05);
	assert_int_equal(sim_read(&sim, 1, 0x200), 8);
	for (u32 source = 0; source < 3; source += 2) {
		assert_true(sim_enter(&sim, 1));
		lr = sim_ack(&sim, 1);
		assert_int_equal(LR_INTID(lr), 3);
		assert_int_equal(FIELD(lr, 34, 32), source);
		end(1, 3);
	}
	assert_int_equal(take(1), SIM_NONE);
	assert_int_equal(take(2), 3);
	end(2, 3);
	sim_write(&sim, 1, 0xf00, 0x01ff0004); /* all others */
	assert_int_equal(take(1), SIM_NONE);
	assert_int_equal(take(0), 4);
	end(0, 4);
	assert_int_equal(take(2), 4);
	end(2, 4);
	sim_write(&sim, 1, 0xf00, 0x02ff0005); /* itself */
	assert_int_equal(take(1), 5);
	end(1, 5);
	sim_write(&sim, 1, 0xf00, 0x03ff0006); /* reserved */
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(take(i), SIM_NONE);
	assert_int_equal(sim_read(&sim, 1, 0xf00), 0);
	/* Pending bits by source. */
	write_wide(1, false, 0xf27, 1, 0xff);
	assert_int_equal(read_wide(1, false, 0xf17, 1), 7);
	write_wide(1, false, 0xf17, 1, 2);
	assert_int_equal(sim_read(&sim, 1, 0xf24), 0x05000000);
	sim_write(&sim, 1, 0xf14, ~0u);
	assert_int_equal(take(1), SIM_NONE);
}

static void sgis_v3(void **state)
{
	(void)state;
	assert_int_equal(sim_init(&sim, 3, 4, 32, 9), OK);
	sim_write(&sim, 0, 0, 3);
	for (u32 i = 0; i < 9; i++)
		sim_write_private(&sim, i, 0x100, 0xffff);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 0x104, true) & ~sim.kicked, 0);
	assert_int_equal(take(2), 5);
	assert_int_equal(take(8), 5);
	assert_int_equal(take(1), SIM_NONE);
	end(2, 5);
	end(8, 5);
	/* Another cluster, range or affinity: nobody. */
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 16 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 32 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 48 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 44 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 0xfe00, true), 0);
	/* Everybody else, whatever the other fields say. */
	vgic_sgi1r(&sim.g, 3, 1ull << 40 | 15ull << 24 | 0xff00000000008ull, true);
	for (u32 i = 0; i < 9; i++)
		assert_int_equal(take(i), i == 3 ? SIM_NONE : 15);
	/* Group 0's register does not reach an SGI of group 1. */
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 1ull << 24 | 2, false), 0);
	write_wide(0, true, SGI(1) + 0x80, 4, ~2u);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 1ull << 24 | 2, true), 0);
	vgic_sgi1r(&sim.g, 0, 1ull << 24 | 2, false);
	assert_true(sim_enter(&sim, 1));
	end(1, 15);
	assert_int_equal(take(1), 1);
}

static void affinities(void **state)
{
	struct vgic g = { .version = 3, .num_cpus = 40 };

	(void)state;
	for (u32 i = 0; i < 40; i++)
		assert_int_equal(vgic_by_affinity(&g, vgic_affinity(i)), i);
	assert_int_equal(vgic_affinity(17), 0x101);
	assert_int_equal(vgic_by_affinity(&g, 0x10), VGIC_NONE);
	assert_int_equal(vgic_by_affinity(&g, 0x208), VGIC_NONE);
	assert_int_equal(vgic_by_affinity(&g, 0x10000), VGIC_NONE);
	assert_int_equal(vgic_by_affinity(&g, 0xff000000), VGIC_NONE);
}

/* --- Delivery --------------------------------------------------------------------------------- */

static void kept_until_enabled(void **state)
{
	(void)state;
	start(3, 2, 4);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, &sim.kicked), OK);
	assert_int_equal(take(0), SIM_NONE);
	assert_int_equal(sim_read(&sim, 0, 0x204), 2);
	sim.kicked = 0;
	sim_write(&sim, 1, 0x104, 2); /* by the other vCPU */
	assert_int_equal(sim.kicked & 1, 1);
	assert_int_equal(take(0), 33);
	assert_true(sim.spi_active[77]);
	assert_int_equal(FIELD(sim.cpu[0].lr[0], 44, 32), 77);
	assert_true(sim.cpu[0].lr[0] & LR_HW);
	end(0, 33);
	assert_false(sim.spi_active[77]);
}

static void host_ranges(void **state)
{
	(void)state;
	start(3, 1, 4);
	assert_int_equal(vgic_host_spi(&sim.g, 31, 77, &sim.kicked), ERR_RANGE);
	assert_int_equal(vgic_host_spi(&sim.g, 96, 77, &sim.kicked), ERR_RANGE);
	assert_int_equal(vgic_host_spi(&sim.g, ~0u, 77, &sim.kicked), ERR_RANGE);
	assert_int_equal(vgic_set_level(&sim.g, 0, true), 0);
	assert_int_equal(vgic_set_level(&sim.g, 96, true), 0);
	assert_int_equal(vgic_set_level(&sim.g, ~0u, true), 0);
	assert_int_equal(vgic_set_private(&sim.g, &sim.cpu[0].vgic, 15, true), 0);
	assert_int_equal(vgic_set_private(&sim.g, &sim.cpu[0].vgic, 32, true), 0);
	assert_int_equal(vgic_dir(&sim.g, &sim.cpu[0].vgic, 1019), 0);
	assert_int_equal(vgic_dir(&sim.g, &sim.cpu[0].vgic, ~0u), 0);
}

static void overflow(void **state)
{
	u32 last = 0;

	(void)state;
	start(3, 1, 4);
	enable_spis(0);
	sim_write(&sim, 0, 0xc08, ~0u);
	sim_write(&sim, 0, 0xc0c, ~0u);
	for (u32 i = 0; i < 20; i++) {
		write_wide(0, false, 0x400 + 32 + i, 1, 8 * (20 - i));
		edge(32 + i);
	}
	assert_true(sim_enter(&sim, 0));
	assert_int_equal(bit_count(~hw_elrsr_read() & 0xffff), 4);
	assert_true(sim.cpu[0].hcr & VGIC_HCR_NPIE);
	for (u32 i = 0; i < 20; i++) {
		u32 intid = take(0);

		assert_int_equal(intid, 51 - i); /* the most urgent first */
		end(0, intid);
		last = intid;
	}
	assert_int_equal(last, 32);
	assert_int_equal(take(0), SIM_NONE);
	assert_int_equal(sim.cpu[0].hcr, VGIC_HCR_EN);
}

/* Twenty interrupts nested in each other on four list registers: those that were pushed out are
 * ended without one, and are counted. */
static void nested_deeper_than_lrs(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0);
	sim_write(&sim, 0, 0xc08, ~0u);
	sim_write(&sim, 0, 0xc0c, ~0u);
	for (u32 i = 0; i < 20; i++) {
		write_wide(0, false, 0x400 + 32 + i, 1, 8 * (20 - i));
		edge(32 + i);
		assert_int_equal(take(0), 32 + i);
	}
	assert_int_equal(sim_read(&sim, 0, 0x304), 0xfffff);
	for (u32 i = 20; i-- > 0;) {
		end(0, 32 + i);
		assert_int_equal(sim_read(&sim, 0, 0x304), (1u << i) - 1);
	}
	assert_int_equal(take(0), SIM_NONE);
}

/* Priority dropped, none deactivated, list registers full: the fifth must still come. */
static void split_fills_all_lrs(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim_write(&sim, 0, 0xc08, ~0u);
	for (u32 i = 0; i < 8; i++) {
		edge(32 + i);
		assert_int_equal(take(0), 32 + i);
		sim.cpu[0].depth--;
	}
	assert_true(sim.cpu[0].hcr & VGIC_HCR_TDIR);
	for (u32 i = 0; i < 8; i++)
		sim_deactivate(&sim, 0, 32 + i, true);
	assert_true(sim_enter(&sim, 0));
	assert_int_equal(sim_read(&sim, 0, 0x304), 0);
	assert_false(sim.cpu[0].hcr & VGIC_HCR_TDIR);
}

static void active_over_switch(void **state)
{
	(void)state;
	start(2, 1, 4);
	enable_spis(0x80);
	sim_write(&sim, 0, 0xc08, ~0u);
	edge(40);
	assert_int_equal(take(0), 40);
	edge(40); /* again, while it is active */
	sim_withdraw(&sim, 0);
	assert_int_equal(hw_elrsr_read(), 0xffff);
	assert_int_equal(sim_read(&sim, 0, 0x304), 1 << 8);
	assert_true(sim_enter(&sim, 0));
	assert_int_equal(sim.cpu[0].lr[0] & LR_STATE, LR_STATE); /* pending and active */
	assert_int_equal(take(0), SIM_NONE);
	end(0, 40);
	assert_int_equal(take(0), 40);
	end(0, 40);
	assert_int_equal(take(0), SIM_NONE);
}

static void level_is_sampled_again(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim.kicked |= vgic_set_level(&sim.g, 50, true);
	for (u32 i = 0; i < 3; i++) {
		assert_int_equal(take(0), 50);
		assert_int_equal(take(0), SIM_NONE); /* active */
		end(0, 50);
	}
	/* The line falls while it is pending in a list register. */
	sim.kicked |= vgic_set_level(&sim.g, 50, false);
	assert_int_equal(take(0), SIM_NONE);
	/* And while it is active. */
	vgic_set_level(&sim.g, 50, true);
	assert_int_equal(take(0), 50);
	vgic_set_level(&sim.g, 50, false);
	end(0, 50);
	assert_int_equal(take(0), SIM_NONE);
	/* Pended by software: taken once. */
	sim_write(&sim, 0, 0x204, 1 << 18);
	assert_int_equal(take(0), 50);
	end(0, 50);
	assert_int_equal(take(0), SIM_NONE);
}

static void emulated_timer(void **state)
{
	(void)state;
	start(3, 2, 4);
	sim_write_private(&sim, 1, 0x100, 1 << 30);
	vgic_set_private(&sim.g, &sim.cpu[1].vgic, 30, true);
	assert_int_equal(take(0), SIM_NONE);
	assert_int_equal(take(1), 30);
	vgic_set_private(&sim.g, &sim.cpu[1].vgic, 30, false);
	end(1, 30);
	assert_int_equal(take(1), SIM_NONE);
}

static void fire(u32 cpu)
{
	assert_false(sim.cpu[cpu].ppi_active[26]);
	sim.cpu[cpu].ppi_active[26] = true;
	sim_on(&sim, cpu);
	(void)vgic_timer_fired(&sim.cpu[cpu].vgic, 26);
}

static void timer_is_linked(void **state)
{
	(void)state;
	start(3, 2, 4);
	sim_write_private(&sim, 0, 0x100, 1 << 27);
	for (u32 i = 0; i < 5; i++) {
		fire(0);
		assert_int_equal(take(0), 27);
		assert_int_equal(FIELD(sim.cpu[0].lr[0], 44, 32), 26);
		end(0, 27);
		assert_false(sim.cpu[0].ppi_active[26]);
	}
	/* Straight into its list register: nothing to flush. */
	fire(0);
	assert_int_equal(atomic_load(&sim.cpu[0].vgic.flags), 0);
	assert_int_equal(take(0), 27);
	end(0, 27);
	/* Disabled: it waits, and the pending bit shows it. */
	sim_write_private(&sim, 0, 0x180, 1 << 27);
	fire(0);
	assert_int_equal(take(0), SIM_NONE);
	assert_int_equal(sim_read_private(&sim, 0, 0x200), 1 << 27);
	/* Cleared by the guest: the physical one must be let go. */
	sim_write_private(&sim, 0, 0x280, 1 << 27);
	assert_false(sim.cpu[0].ppi_active[26]);
	sim_write_private(&sim, 0, 0x100, 1 << 27);
	assert_int_equal(take(0), SIM_NONE);
}

static void active_bits_release_hardware(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim.spi_active[70] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, &sim.kicked), OK);
	assert_int_equal(take(0), 40);
	sim_write(&sim, 0, 0x384, 1 << 8); /* ICACTIVER instead of EOI */
	assert_false(sim.spi_active[70]);
	assert_int_equal(sim_read(&sim, 0, 0x304), 0);
	/* ISACTIVER blocks delivery until it is cleared. */
	sim_write(&sim, 0, 0x304, 1 << 9);
	sim_write(&sim, 0, 0x204, 1 << 9);
	sim.cpu[0].depth = 0;
	assert_int_equal(take(0), SIM_NONE);
	sim_write(&sim, 0, 0x384, 1 << 9);
	assert_int_equal(take(0), 41);
}

static void pending_and_active_linked(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim.spi_active[70] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, &sim.kicked), OK);
	assert_int_equal(take(0), 40);
	sim_write(&sim, 0, 0x204, 1 << 8); /* pended by software meanwhile */
	assert_true(sim_enter(&sim, 0));
	assert_false(sim.cpu[0].lr[0] & LR_HW);
	end(0, 40);
	assert_int_equal(take(0), 40);
	end(0, 40);
	assert_false(sim.spi_active[70]); /* by us */
	assert_int_equal(take(0), SIM_NONE);
}

/* --- Resets ----------------------------------------------------------------------------------- */

static void reset_forgets(void **state)
{
	(void)state;
	start(3, 2, 4);
	enable_spis(0x80);
	sim_write_private(&sim, 0, 0x100, ~0u);
	sim.spi_active[70] = true;
	sim.spi_active[71] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, &sim.kicked), OK);
	assert_int_equal(take(0), 40);
	assert_int_equal(vgic_host_spi(&sim.g, 41, 71, &sim.kicked), OK);
	fire(0);
	assert_true(sim_enter(&sim, 0));
	/* As virq.c does it: the distributor, then each vCPU with what it still holds. */
	sim_on(&sim, 0);
	vgic_reset(&sim.g);
	vgic_release_physical(&sim.g, NULL);
	assert_false(sim.spi_active[70] || sim.spi_active[71]);
	(void)vgic_withdraw(&sim.g, &sim.cpu[0].vgic);
	vgic_cpu_reset(&sim.g, &sim.cpu[0].vgic);
	vgic_release_physical(&sim.g, &sim.cpu[0].vgic);
	assert_false(sim.cpu[0].ppi_active[26]);
	sim.cpu[0].depth = 0;
	assert_int_equal(sim_read(&sim, 0, 0) & 3, 0);
	sim_write(&sim, 0, 0, 3);
	enable_spis(0);
	sim_write_private(&sim, 0, 0x100, ~0u);
	assert_int_equal(sim_read(&sim, 0, 0x204) | sim_read(&sim, 0, 0x304), 0);
	assert_int_equal(take(0), SIM_NONE);
}

/* A vCPU that is switched off gives back what was on its way to it. */
static void cpu_reset_keeps_spis(void **state)
{
	(void)state;
	start(3, 2, 4);
	enable_spis(0x80);
	sim_write(&sim, 0, 0xc08, ~0u);
	edge(40);
	edge(41);
	assert_int_equal(take(0), 40);
	sim_on(&sim, 0);
	(void)vgic_withdraw(&sim.g, &sim.cpu[0].vgic);
	vgic_cpu_reset(&sim.g, &sim.cpu[0].vgic);
	sim.cpu[0].depth = 0;
	assert_int_equal(sim_read(&sim, 1, 0x304), 0); /* given up */
	assert_int_equal(sim_read(&sim, 1, 0x204), 1 << 9);
	write_wide(1, false, 0x6000 + 8 * 41, 8, 1);
	assert_int_equal(take(1), 41);
}

static void ready_without_lrs(void **state)
{
	(void)state;
	start(3, 2, 4);
	enable_spis(0x80);
	assert_false(vgic_ready(&sim.g, &sim.cpu[0].vgic));
	sim_write(&sim, 1, 0x204, 1);
	assert_true(vgic_ready(&sim.g, &sim.cpu[0].vgic));
	assert_false(vgic_ready(&sim.g, &sim.cpu[1].vgic));
	sim_write_private(&sim, 1, 0x100, 2);
	vgic_sgi1r(&sim.g, 0, 1ull << 24 | 2, true);
	assert_true(vgic_ready(&sim.g, &sim.cpu[1].vgic));
}

/* --- Codec ------------------------------------------------------------------------------------ */

static void codec(void **state)
{
	u64 lr = LR_PENDING | LR_HW | LR_GROUP1 | LR_PRIO(0xa0) | LR_PINTID(79) | 44;

	(void)state;
	assert_int_equal(vgic_lr_to_v2(lr), 0xda013c2c);
	assert_int_equal(vgic_lr_from_v2(0xda013c2c), lr);
	lr = LR_ACTIVE | LR_EOI | LR_PRIO(0x08) | LR_PINTID(5) | 7; /* an SGI from CPU 5 */
	assert_int_equal(vgic_lr_to_v2(lr), 0x20881407);
	assert_int_equal(vgic_lr_from_v2(0x20881407), lr);
	for (u32 i = 0; i < 100000; i++) {
		u32 v2 = (u32)(i * 0x9e3779b97f4a7c15u >> 20);

		v2 &= v2 & 1u << 31 ? 0xff8fffffu : 0xff881fffu; /* without the reserved bits */
		assert_int_equal(vgic_lr_to_v2(vgic_lr_from_v2(v2)), v2);
	}
}

/* Every offset, every width, both frames: nothing but defined answers (the sanitizers watch). */
static void every_offset(void **state)
{
	(void)state;
	for (u32 version = 2; version <= 3; version++) {
		start(version, 2, 4);
		for (u32 offset = 0; offset < 0x20000 * 3; offset++)
			for (u32 width = 1; width <= 8; width *= 2) {
				bool redist = version == 3;
				u64 v = read_wide(0, redist, offset, width);

				if (width < 8)
					assert_int_equal(v >> 8 * width, 0);
				write_wide(1, redist, offset, width, ~0ull);
				if (offset >= 0x11000)
					continue;
				v = read_wide(1, false, offset, width);
				if (width < 8)
					assert_int_equal(v >> 8 * width, 0);
				write_wide(0, false, offset, width, ~0ull);
			}
		stop(NULL);
	}
}

#define TEST(name) cmocka_unit_test_teardown(name, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(init_refuses),
		TEST(identification_v2),
		TEST(identification_v3),
		TEST(set_and_clear),
		TEST(private_banks_v2),
		TEST(priorities),
		TEST(configuration),
		TEST(groups),
		TEST(targets_v2),
		TEST(routes_v3),
		TEST(sgis_v2),
		TEST(sgis_v3),
		TEST(affinities),
		TEST(kept_until_enabled),
		TEST(host_ranges),
		TEST(overflow),
		TEST(nested_deeper_than_lrs),
		TEST(split_fills_all_lrs),
		TEST(active_over_switch),
		TEST(level_is_sampled_again),
		TEST(emulated_timer),
		TEST(timer_is_linked),
		TEST(active_bits_release_hardware),
		TEST(pending_and_active_linked),
		TEST(reset_forgets),
		TEST(cpu_reset_keeps_spis),
		TEST(ready_without_lrs),
		TEST(codec),
		TEST(every_offset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
