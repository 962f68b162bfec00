/* SPDX-License-Identifier: Apache-2.0 */
/* Points 14 and 15: the controller's registers, width by width, and which controller it is. */
#include "contract.h"

#define FIRST          40
#define GICD_TYPER     0x004
#define GICD_IIDR      0x008
#define GICD_IGROUPR   0x080
#define GICD_ISENABLER 0x100
#define GICD_ICENABLER 0x180
#define GICD_ISPENDR   0x200
#define GICD_ISACTIVER 0x300
#define GICD_IPRIORITY 0x400
#define GICD_ITARGETSR 0x800
#define GICD_ICFGR     0xc00
#define GICD_IROUTER   0x6000
#define PIDR2          0xffe8
#define PIDR2_V2       0xfe8
#define GICR_TYPER     0x08
#define GICR_WAKER     0x14

static void check_read_only(u64 address)
{
	u32 before = read32(address);

	write32(address, ~before);
	CHECK_EQ(read32(address), before);
	write32(address, 0);
	CHECK_EQ(read32(address), before);
}

/* --- 14 --------------------------------------------------------------------------------------- */

static void priority_bytes(void)
{
	for (u32 i = 0; i < 4; i++)
		write8(gic.gicd + GICD_IPRIORITY + FIRST + i, (u8)(0x20 * (i + 1)));
	CHECK_EQ(read32(gic.gicd + GICD_IPRIORITY + FIRST), 0x80604020);
	write32(gic.gicd + GICD_IPRIORITY + FIRST, 0x10305070);
	CHECK_EQ(read8(gic.gicd + GICD_IPRIORITY + FIRST), 0x70);
	CHECK_EQ(read8(gic.gicd + GICD_IPRIORITY + FIRST + 3), 0x10);
}

static void priority_private_bytes(void)
{
	u64 reg = gic_register(0, GICD_IPRIORITY);

	for (u32 id = 0; id < 16; id++)
		write8(reg + id, (u8)(id * 8));
	CHECK_EQ(read32(reg), 0x18100800);
	CHECK_EQ(read8(reg + 15), 15 * 8);
}

static void priority_bits(void)
{
	u32 all, low;

	write8(gic.gicd + GICD_IPRIORITY + FIRST, 0xff);
	all = read8(gic.gicd + GICD_IPRIORITY + FIRST);
	/* At least 16 levels, from the top bit down without a gap. */
	CHECK((all & 0xf0) == 0xf0);
	low = ~all & 0xff;
	CHECK_EQ(low & (low + 1), 0);
	write8(gic.gicd + GICD_IPRIORITY + FIRST, 0);
	CHECK_EQ(read8(gic.gicd + GICD_IPRIORITY + FIRST), 0);
}

static void target_bytes(void)
{
	for (u32 i = 0; i < 4; i++)
		write8(gic.gicd + GICD_ITARGETSR + FIRST + i, (u8)(i & 1));
	CHECK_EQ(read32(gic.gicd + GICD_ITARGETSR + FIRST), 0x01000100);
	write32(gic.gicd + GICD_ITARGETSR + FIRST, 0x00010001);
	CHECK_EQ(read8(gic.gicd + GICD_ITARGETSR + FIRST), 1);
	CHECK_EQ(read8(gic.gicd + GICD_ITARGETSR + FIRST + 1), 0);
}

/* Bits of CPUs that do not exist read as zero. */
static void target_absent(void)
{
	write8(gic.gicd + GICD_ITARGETSR + FIRST, 0xff);
	CHECK_EQ(read8(gic.gicd + GICD_ITARGETSR + FIRST), (1u << machine.num_cpus) - 1);
}

static void target_private(void)
{
	if (machine.num_cpus == 1)
		test_skip("a single CPU reads zero or one");
	for (u32 id = 0; id < 32; id += 4) {
		CHECK_EQ(read32(gic.gicd + GICD_ITARGETSR + id), 0x01010101);
		check_read_only(gic.gicd + GICD_ITARGETSR + id);
	}
}

static void enable_set_clear(void)
{
	write32(gic.gicd + GICD_ISENABLER + 4, 0x0000ff00);
	CHECK_EQ(read32(gic.gicd + GICD_ISENABLER + 4), 0xff00);
	CHECK_EQ(read32(gic.gicd + GICD_ICENABLER + 4), 0xff00);
	write32(gic.gicd + GICD_ISENABLER + 4, 0);
	write32(gic.gicd + GICD_ICENABLER + 4, 0x00000f00);
	CHECK_EQ(read32(gic.gicd + GICD_ISENABLER + 4), 0xf000);
	write32(gic.gicd + GICD_ICENABLER + 4, 0xffffffff);
	CHECK_EQ(read32(gic.gicd + GICD_ISENABLER + 4), 0);
}

static void typer_read_only(void)
{
	check_read_only(gic.gicd + GICD_TYPER);
	check_read_only(gic.gicd + GICD_IIDR);
}

static void typer_lines(void)
{
	u32 lines = ((read32(gic.gicd + GICD_TYPER) & 31) + 1) * 32;

	CHECK(lines >= 64 && lines <= 1024);
	if (gic.version == 2)
		CHECK_EQ(read32(gic.gicd + GICD_TYPER) >> 5 & 7, machine.num_cpus - 1);
}

static void pidr(void)
{
	u64 at = gic.gicd + (gic.version == 3 ? PIDR2 : PIDR2_V2);

	CHECK_EQ(read32(at) >> 4 & 15, gic.version);
	check_read_only(at);
}

static void reserved_zero(void)
{
	static const u32 offsets[] = { 0x01c, 0xd00 + 0x100, 0xe80, 0xf04, 0xfc0 };

	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
		write32(gic.gicd + offsets[i], 0xffffffff);
		CHECK_EQ(read32(gic.gicd + offsets[i]), 0);
	}
}

static void reserved_zero_v3(void)
{
	static const u32 offsets[] = { 0x0c00 + 0xc0 + 0x340, 0x1000, 0x3ffc, 0xc000, 0xf000 };

	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++) {
		write32(gic.gicd + offsets[i], 0xffffffff);
		CHECK_EQ(read32(gic.gicd + offsets[i]), 0);
	}
}

/* Registers of ids past the last. */
static void past_last(void)
{
	for (u32 id = gic.num_irqs; id + 32 <= 1024; id += 32) {
		write32(gic.gicd + GICD_ISENABLER + id / 8, 0xffffffff);
		write32(gic.gicd + GICD_ISPENDR + id / 8, 0xffffffff);
		write32(gic.gicd + GICD_ISACTIVER + id / 8, 0xffffffff);
		write32(gic.gicd + GICD_IPRIORITY + id, 0x08080808);
		write8(gic.gicd + GICD_IPRIORITY + id + 5, 0x08);
		CHECK_EQ(read32(gic.gicd + GICD_ISENABLER + id / 8), 0);
		CHECK_EQ(read32(gic.gicd + GICD_ISPENDR + id / 8), 0);
		CHECK_EQ(read32(gic.gicd + GICD_ISACTIVER + id / 8), 0);
		CHECK_EQ(read32(gic.gicd + GICD_IPRIORITY + id), 0);
		CHECK_EQ(read32(gic.gicd + GICD_ICFGR + id / 4), 0);
	}
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	irq_disable();
	CHECK_EQ(this_cpu()->irqs, 0);
}

static void config_sgi(void)
{
	u64 reg = gic_register(0, GICD_ICFGR);

	CHECK_EQ(read32(reg) & 0xaaaaaaaa, 0xaaaaaaaa);
	check_read_only(reg);
}

static void config_spi(void)
{
	gic_set_edge(FIRST, true);
	gic_set_edge(FIRST + 1, false);
	CHECK_EQ(read32(gic.gicd + GICD_ICFGR + FIRST / 16 * 4) >> (FIRST % 16 * 2) & 0xa, 2);
}

/* The distributor of a GICv3 has no private interrupts when affinity routing is on. */
static void distributor_private(void)
{
	write32(gic.gicd + GICD_ISENABLER, 0xffffffff);
	CHECK_EQ(read32(gic.gicd + GICD_ISENABLER), 0);
	write32(gic.gicd + GICD_IPRIORITY, 0xffffffff);
	CHECK_EQ(read32(gic.gicd + GICD_IPRIORITY), 0);
}

static void router(void)
{
	u64 reg = gic.gicd + GICD_IROUTER + (u64)FIRST * 8;

	write64(reg, 0);
	CHECK_EQ(read64(reg), 0);
	write64(reg, machine.arch.mpidr[machine.num_cpus - 1]);
	CHECK_EQ(read64(reg), machine.arch.mpidr[machine.num_cpus - 1]);
	CHECK_EQ(read32(reg), (u32)machine.arch.mpidr[machine.num_cpus - 1]);
	write32(reg, 0);
	CHECK_EQ(read64(reg), 0);
}

/* Routed to a CPU that is not there: stays pending, comes when routed here. */
static void router_nowhere(void)
{
	gic_enable(FIRST);
	write64(gic.gicd + GICD_IROUTER + (u64)FIRST * 8, 0x7f);
	gic_set_pending(FIRST);
	irq_enable();
	(void)WAIT(false, QUIET_MS);
	CHECK_EQ(this_cpu()->irqs, 0);
	CHECK(gic_pending(FIRST));
	gic_set_target(FIRST, 0);
	CHECK(WAIT(LOAD(this_cpu()->irqs) == 1, WAIT_MS));
	irq_disable();
}

static void redistributor_read_only(void)
{
	u64 rd = gic_sgi_frame(0) - 0x10000;

	check_read_only(rd + GICR_TYPER);
	check_read_only(rd + GICR_TYPER + 4);
	check_read_only(rd + 0x04);
	CHECK_EQ(read32(rd + PIDR2) >> 4 & 15, 3);
	CHECK_EQ(read64(rd + GICR_TYPER),
		 (u64)read32(rd + GICR_TYPER + 4) << 32 | read32(rd + GICR_TYPER));
}

static void redistributor_waker(void)
{
	u64 waker = gic_sgi_frame(0) - 0x10000 + GICR_WAKER;

	write32(waker, 2);
	CHECK(WAIT((read32(waker) & 4) != 0, WAIT_MS));
	write32(waker, 0);
	CHECK(WAIT((read32(waker) & 4) == 0, WAIT_MS));
}

static void redistributor_other(void)
{
	u64 own = gic_sgi_frame(0), other = gic_sgi_frame(1);

	CHECK_NE(own, other);
	write32(other + GICD_ICENABLER, 0xffffffff);
	write32(own + GICD_ISENABLER, 1u << 22);
	CHECK_EQ(read32(other + GICD_ISENABLER) >> 22 & 1, 0);
	write32(other + GICD_ISENABLER, 1u << 23);
	CHECK_EQ(read32(other + GICD_ISENABLER) >> 23 & 1, 1);
	CHECK_EQ(read32(own + GICD_ISENABLER) >> 23 & 1, 0);
}

/* --- 15 --------------------------------------------------------------------------------------- */

static void redistributor_each(void)
{
	u32 frames = 0;
	bool last = false;

	for (u64 at = 0; at < gic.gicr_size && !last; at += 0x20000, frames++) {
		u64 typer = read64(gic.gicr + at + GICR_TYPER);
		u64 mpidr = machine.arch.mpidr[MIN(frames, machine.num_cpus - 1)];

		last = (typer & BIT(4)) != 0;
		CHECK_EQ(typer >> 32, (mpidr & 0xffffff) | FIELD(mpidr, 39, 32) << 24);
		CHECK_EQ(FIELD(typer, 23, 8), frames);
	}
	CHECK(last);
	CHECK_EQ(frames, machine.num_cpus);
}

static void system_registers(void)
{
	CHECK_EQ(FIELD(sysreg_read(ID_AA64PFR0_EL1), 27, 24), 1);
	CHECK_EQ(sysreg_read(ICC_SRE_EL1) & 1, 1);
	sysreg_write(ICC_SRE_EL1, 0);
	isb();
	CHECK_EQ(sysreg_read(ICC_SRE_EL1) & 1, 1);
}

static void icc_bits(void)
{
	u64 ctlr = sysreg_read(ICC_CTLR_EL1);

	CHECK(FIELD(ctlr, 10, 8) >= 3);
	sysreg_write(ICC_PMR_EL1, 0x50);
	CHECK_EQ(sysreg_read(ICC_PMR_EL1), 0x50);
	sysreg_write(ICC_PMR_EL1, 0);
	CHECK_EQ(sysreg_read(ICC_PMR_EL1), 0);
}

static void interface_page(void)
{
	CHECK_EQ(read32(gic.gicc + 0xfc) >> 16 & 15, 2);
	write32(gic.gicc + 4, 0x50);
	CHECK_EQ(read32(gic.gicc + 4), 0x50);
	write32(gic.gicc + 4, 0xf8);
	CHECK_EQ(read32(gic.gicc + 4) & 0xf0, 0xf0);
	CHECK_EQ(FIELD(sysreg_read(ID_AA64PFR0_EL1), 27, 24), 0);
}

/* Without system registers for the controller, they are undefined. */
static void no_system_registers(void)
{
	u64 value = 0;
	struct trap trap = execute_mrs(SYSREG(3, 0, 12, 12, 0), &value); /* ICC_IAR1_EL1 */

	CHECK_EQ(trap.count, 1);
	CHECK_EQ(TRAP_EC(trap), EC_UNKNOWN);
}

static const struct test tests[] = {
	{ "14.priority-bytes", priority_bytes, 0 },
	{ "14.priority-private-bytes", priority_private_bytes, 0 },
	{ "14.priority-bits", priority_bits, 0 },
	{ "14.target-bytes", target_bytes, NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "14.target-absent-cpus", target_absent, NEEDS_MULLION | NEEDS_GICV2 | NEEDS_2_CPUS },
	{ "14.target-private", target_private, NEEDS_GICV2 },
	{ "14.enable-set-clear", enable_set_clear, 0 },
	{ "14.typer-read-only", typer_read_only, 0 },
	{ "14.typer-lines", typer_lines, 0 },
	{ "14.peripheral-id", pidr, 0 },
	{ "14.reserved-zero", reserved_zero, 0 },
	{ "14.reserved-zero-64k", reserved_zero_v3, NEEDS_GICV3 },
	{ "14.ids-past-last", past_last, NEEDS_MULLION },
	{ "14.config-sgi", config_sgi, 0 },
	{ "14.config-spi", config_spi, 0 },
	{ "14.distributor-private", distributor_private, NEEDS_GICV3 },
	{ "14.router-widths", router, NEEDS_GICV3 },
	{ "14.router-nowhere", router_nowhere, NEEDS_GICV3 },
	{ "14.redistributor-read-only", redistributor_read_only, NEEDS_GICV3 },
	{ "14.redistributor-waker", redistributor_waker, NEEDS_GICV3 },
	{ "14.redistributor-of-other", redistributor_other, NEEDS_GICV3 | NEEDS_2_CPUS },
	{ "15.redistributor-each-cpu", redistributor_each, NEEDS_GICV3 },
	{ "15.system-registers", system_registers, NEEDS_GICV3 },
	{ "15.icc-registers", icc_bits, NEEDS_GICV3 },
	{ "15.interface-page", interface_page, NEEDS_GICV2 },
	{ "15.no-system-registers", no_system_registers, NEEDS_GICV2 },
};

RUN_TESTS(gic_run, tests)
