/* SPDX-License-Identifier: Apache-2.0 */
/* The virtual GIC's list registers: delivery, overflow, links to the hardware, resets. */
#include "tests/unit/irq/fixture.h"

/* --- Delivery --------------------------------------------------------------------------------- */

static void kept_until_enabled(void **state)
{
	(void)state;
	start(3, 2, 4);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
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
	assert_int_equal(vgic_host_spi(&sim.g, 31, 77, true, &sim.kicked), ERR_RANGE);
	assert_int_equal(vgic_host_spi(&sim.g, 96, 77, true, &sim.kicked), ERR_RANGE);
	assert_int_equal(vgic_host_spi(&sim.g, ~0u, 77, true, &sim.kicked), ERR_RANGE);
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
	/* The guest cannot clear what its line holds up, and so the physical one stays active. */
	sim_write_private(&sim, 0, 0x280, 1 << 27);
	assert_true(sim.cpu[0].ppi_active[26]);
	assert_int_equal(sim_read_private(&sim, 0, 0x200), 1 << 27);
	/* Its line falls: as if it had never come. */
	sim.cpu[0].ppi_fell[26] = true;
	sim_write_private(&sim, 0, 0x100, 1 << 27);
	assert_int_equal(take(0), SIM_NONE);
	assert_false(sim.cpu[0].ppi_active[26]);
	/* Unless software made it pending, too; software can clear that. */
	sim.cpu[0].ppi_fell[26] = false;
	sim_write_private(&sim, 0, 0x180, 1 << 27);
	fire(0);
	sim_write_private(&sim, 0, 0x200, 1 << 27);
	sim.cpu[0].ppi_fell[26] = true;
	assert_int_equal(sim_read_private(&sim, 0, 0x200), 1 << 27);
	sim_write_private(&sim, 0, 0x280, 1 << 27);
	assert_int_equal(sim_read_private(&sim, 0, 0x200), 0);
	sim_write_private(&sim, 0, 0x100, 1 << 27);
	assert_int_equal(take(0), SIM_NONE);
	assert_false(sim.cpu[0].ppi_active[26]);
}

/* SPI 33, linked to 77, is in list register 0, not taken; then its line falls, or not. */
static void link_sensitive(bool level, bool fell)
{
	start(3, 2, 4);
	sim_write(&sim, 0, 0x104, 2);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, level, &sim.kicked), OK);
	assert_true(sim_enter(&sim, 0));
	assert_int_equal(sim.cpu[0].lr[0] & (LR_HW | LR_STATE), LR_HW | LR_PENDING);
	sim.spi_fell[77] = fell;
}

static void link_spi(bool fell)
{
	link_sensitive(true, fell);
}

static void fallen_level_is_dropped(void **state)
{
	(void)state;
	link_spi(true);
	assert_int_equal(sim_read(&sim, 1, 0x204), 0); /* ISPENDR, by the other vCPU */
	assert_false(sim.spi_active[77]);              /* may come again */
	assert_false(vgic_ready(&sim.g, &sim.cpu[0].vgic));
	assert_int_equal(take(0), SIM_NONE);
	sim.spi_fell[77] = false;
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	assert_int_equal(take(0), 33);
	end(0, 33);
	assert_false(sim.spi_active[77]);
}

static void high_level_stays(void **state)
{
	(void)state;
	link_spi(false);
	assert_int_equal(sim_read(&sim, 0, 0x204), 2);
	assert_true(sim.spi_active[77]);
	assert_int_equal(take(0), 33);
	sim.spi_fell[77] = true; /* as its driver does: too late to be anything but active */
	assert_int_equal(sim_read(&sim, 0, 0x304), 2);
	end(0, 33);
	assert_false(sim.spi_active[77]);
	assert_int_equal(take(0), SIM_NONE);
}

/* An edge is pending until it is acknowledged, and so is an interrupt that software made pending.
 */
static void edge_and_software_stay(void **state)
{
	(void)state;
	link_spi(true);
	sim.spi_fell[77] = false;
	sim_write(&sim, 0, 0x204, 2);
	assert_true(sim_enter(&sim, 0));
	sim.spi_fell[77] = true;
	assert_int_equal(sim_read(&sim, 0, 0x204), 2);
	assert_int_equal(take(0), 33);
	end(0, 33);
	assert_int_equal(take(0), SIM_NONE);
	assert_false(sim.spi_active[77]);
	sim_free(&sim);
	link_sensitive(false, true);
	sim_withdraw(&sim, 0);
	assert_int_equal(take(0), 33);
	end(0, 33);
	/* And can be cleared, which lets the physical one come again. */
	sim_write(&sim, 0, 0x184, 2);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, false, &sim.kicked), OK);
	sim_write(&sim, 0, 0x284, 2);
	assert_false(sim.spi_active[77]);
	assert_int_equal(sim_read(&sim, 0, 0x204), 0);
}

/* While a line is high, no register write deactivates the physical interrupt before the guest has
 * acknowledged the virtual one. */
static void high_level_is_held(void **state)
{
	static const u32 arrays[] = { 0x280, 0x200, 0x300, 0x380, 0x180, 0x280, 0x100, 0x380 };

	(void)state;
	for (u32 version = 2; version <= 3; version++) {
		start(version, 2, 4);
		sim_write(&sim, 0, 0x820, 0x0100);
		sim.spi_active[77] = true;
		assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
		for (u32 i = 0; i < 4 * ARRAY_SIZE(arrays); i++) {
			assert_true(sim_enter(&sim, 0));
			sim_write(&sim, i & 1, arrays[i % ARRAY_SIZE(arrays)] + 4, 2);
			sim_write(&sim, i & 1, 0xc08, i & 2 ? 8 : 0); /* of no use either */
			assert_true(sim.spi_active[77]);
		}
		sim_write(&sim, 0, 0x384, 2);
		sim_write(&sim, 0, 0x104, 2);
		assert_int_equal(take(0), 33);
		end(0, 33);
		assert_false(sim.spi_active[77]);
		stop(NULL);
	}
}

/* A physical interrupt goes to the CPU whose vCPU last had it in a list register or deactivated it.
 * A vCPU that only is its target does not count. */
static void comes_to_a_cpu_that_runs(void **state)
{
	(void)state;
	link_spi(false);
	assert_int_equal(sim.spi_cpu[77], 0);
	write_wide(0, false, 0x6000 + 8 * 33, 8, 1); /* to vCPU 1, which does not run */
	assert_int_equal(take(0), SIM_NONE);
	for (u32 i = 0; i < 4; i++) {
		sim_write(&sim, 0, 0x284, 2);
		sim_write(&sim, 0, 0x384, 2);
	}
	assert_true(sim.spi_active[77]);
	assert_int_equal(sim.spi_cpu[77], 0);
	assert_int_equal(take(1), 33);
	assert_int_equal(sim.spi_cpu[77], 1);
	sim_write(&sim, 0, 0x384, 2); /* deactivated by the other one */
	assert_false(sim.spi_active[77]);
	assert_int_equal(sim.spi_cpu[77], 0);
}

/* Its line falls while a linked SPI waits in the model. */
static void fallen_while_disabled(void **state)
{
	(void)state;
	start(3, 2, 4);
	for (u32 i = 0; i < 3; i++) {
		sim.spi_active[77] = true;
		sim.spi_fell[77] = false;
		assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
		assert_int_equal(take(0), SIM_NONE);
		sim.spi_fell[77] = true;
		if (i == 0)
			assert_int_equal(sim_read(&sim, 1, 0x204), 0);
		sim_write(&sim, 1, 0x104, 2);
		assert_int_equal(take(0), SIM_NONE);
		assert_false(sim.spi_active[77]);
		sim_write(&sim, 1, 0x184, 2);
	}
}

static void fallen_timer_is_dropped(void **state)
{
	struct sim_cpu *c = &sim.cpu[0];

	(void)state;
	start(3, 1, 4);
	sim_write_private(&sim, 0, 0x100, 1u << 27);
	fire(0);
	assert_true(sim_enter(&sim, 0));
	c->ppi_fell[26] = true;
	sim_withdraw(&sim, 0); /* as before WFI */
	assert_false(c->ppi_active[26]);
	assert_false(vgic_ready(&sim.g, &c->vgic));
	assert_int_equal(take(0), SIM_NONE);
	c->ppi_fell[26] = false;
	fire(0);
	assert_int_equal(take(0), 27);
	end(0, 27);
	assert_int_equal(take(0), SIM_NONE);
}

/* QEMU's GICv2 signals the physical interrupt a second time when an active SPI is moved. */
static void linked_comes_once(void **state)
{
	(void)state;
	link_spi(false);
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	assert_int_equal(take(0), 33);
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	assert_true(sim_enter(&sim, 0));
	sim.spi_fell[77] = true;
	end(0, 33);
	assert_int_equal(take(0), SIM_NONE);
	assert_false(sim.spi_active[77]);
	/* Ended, it is another one, also before the list register was read back. */
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	assert_int_equal(take(0), 33);
	sim_eoi(&sim, 0, 33);
	sim.spi_active[77] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 33, 77, true, &sim.kicked), OK);
	assert_int_equal(take(0), 33);
}

static void active_bits_release_hardware(void **state)
{
	(void)state;
	start(3, 1, 4);
	enable_spis(0x80);
	sim.spi_active[70] = true;
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, true, &sim.kicked), OK);
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
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, true, &sim.kicked), OK);
	assert_int_equal(take(0), 40);
	sim_write(&sim, 0, 0x204, 1 << 8); /* pended by software meanwhile */
	assert_true(sim_enter(&sim, 0));
	assert_false(sim.cpu[0].lr[0] & LR_HW);
	end(0, 40);
	assert_int_equal(take(0), 40);
	end(0, 40);
	assert_false(sim.spi_active[70]); /* deactivated by the vGIC */
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
	assert_int_equal(vgic_host_spi(&sim.g, 40, 70, true, &sim.kicked), OK);
	assert_int_equal(take(0), 40);
	assert_int_equal(vgic_host_spi(&sim.g, 41, 71, true, &sim.kicked), OK);
	fire(0);
	assert_true(sim_enter(&sim, 0));
	/* As virq.c does it: the distributor, then each vCPU with what it still holds. */
	sim_on(&sim, 0);
	vgic_reset(&sim.g);
	vgic_release_physical(&sim.g, NULL, false);
	assert_false(sim.spi_active[70] || sim.spi_active[71]);
	(void)vgic_withdraw(&sim.g, &sim.cpu[0].vgic);
	vgic_cpu_reset(&sim.g, &sim.cpu[0].vgic);
	vgic_release_physical(&sim.g, &sim.cpu[0].vgic, false);
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
	assert_int_equal(sim_read(&sim, 1, 0x304), 0); /* no longer active */
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(kept_until_enabled),
		TEST(host_ranges),
		TEST(overflow),
		TEST(nested_deeper_than_lrs),
		TEST(split_fills_all_lrs),
		TEST(active_over_switch),
		TEST(level_is_sampled_again),
		TEST(emulated_timer),
		TEST(timer_is_linked),
		TEST(fallen_level_is_dropped),
		TEST(high_level_stays),
		TEST(edge_and_software_stay),
		TEST(high_level_is_held),
		TEST(comes_to_a_cpu_that_runs),
		TEST(fallen_while_disabled),
		TEST(fallen_timer_is_dropped),
		TEST(linked_comes_once),
		TEST(active_bits_release_hardware),
		TEST(pending_and_active_linked),
		TEST(reset_forgets),
		TEST(cpu_reset_keeps_spis),
		TEST(ready_without_lrs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
