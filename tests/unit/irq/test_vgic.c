/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC's registers: every class of them, both codecs, and what must not happen. */
#include "tests/unit/irq/fixture.h"

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
	assert_int_equal(take(2), SIM_NONE); /* no vCPU has that affinity */
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
	/* Another cluster, range or affinity: no vCPU. */
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 16 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 32 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 48 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 1ull << 44 | 1, true), 0);
	assert_int_equal(vgic_sgi1r(&sim.g, 0, 5ull << 24 | 0xfe00, true), 0);
	/* All other vCPUs, with any values in the other fields. */
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

/* SPI 33 is linked to 77, whose line is high. The guest gives it to vCPU 1, which never runs, and
 * writes what could bring it back. Only a release on the machine would interrupt a CPU again. */
static void raised_line(u32 version)
{
	static const u32 registers[] = { 0x104, 0x184, 0x204, 0x284, 0x304, 0x384 };
	u32 releases = 0;

	start(version, 2, 4);
	if (version == 3)
		write_wide(0, false, 0x6000 + 8 * 33, 8, 1);
	else
		sim_write(&sim, 0, 0x820, 0x0200);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	for (u32 i = 0; i < 200; i++) {
		sim_write(&sim, 0, registers[i * 7 / 3 % ARRAY_SIZE(registers)], 2);
		assert_true(sim_enter(&sim, 0));
		assert_int_equal(sim.spi_cpu[77], 0);
		if (!sim.spi_active[77]) {
			/* It comes at once, where it was routed. */
			releases++;
			sim.spi_active[77] = true;
			assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
		}
	}
	assert_int_equal(releases, 0);
	assert_int_equal(sim_read(&sim, 0, 0x204) & 2, 2);
}

static void a_raised_line_stays_active(void **state)
{
	(void)state;
	raised_line(3);
	(void)stop(state);
	raised_line(2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(init_refuses),      TEST(identification_v2),
		TEST(identification_v3), TEST(set_and_clear),
		TEST(private_banks_v2),  TEST(priorities),
		TEST(configuration),     TEST(groups),
		TEST(targets_v2),        TEST(routes_v3),
		TEST(sgis_v2),           TEST(sgis_v3),
		TEST(affinities),        TEST(codec),
		TEST(every_offset),      TEST(a_raised_line_stays_active),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
