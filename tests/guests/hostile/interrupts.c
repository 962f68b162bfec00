/* SPDX-License-Identifier: Apache-2.0 */
/* The controller's registers at every offset and width, storms, nonsense on the CPU interface. */
#include "hostile.h"

static void touch(u64 address, u32 width, bool write)
{
	u64 value = random_next();

	switch (width | (write ? 16 : 0)) {
	case 1: (void)read8(address); break;
	case 2: (void)read16(address); break;
	case 4: (void)read32(address); break;
	case 8: (void)read64(address); break;
	case 16 + 1: write8(address, (u8)value); break;
	case 16 + 2: write16(address, (u16)value); break;
	case 16 + 4: write32(address, (u32)value); break;
	default: write64(address, value); break;
	}
}

static void touch_frame(u64 frame, u32 bytes)
{
	for (u32 width = 1; width <= 8; width *= 2)
		for (u32 offset = 0; offset < bytes; offset += width) {
			touch(frame + offset, width, false);
			touch(frame + offset, width, true);
			/* Byte by byte through the first page, then every register. */
			if (offset >= 0x1000 && width < 4)
				offset += 0x1c;
		}
}

void controller(void)
{
	if (gic.version == 3) {
		touch_frame(gic.gicd, 0x10000);
		for (u64 at = 0; at < gic.gicr_size; at += 0x10000)
			touch_frame(gic.gicr + at, 0x10000);
	} else {
		touch_frame(gic.gicd, 0x1000);
		touch_frame(gic.gicc, 0x2000);
	}
	gic_init();
	gic_init_cpu();
}

/* Everything pending, enabled, at the highest priority, sent to all CPUs, again and again. */
void storm(void)
{
	gic_init();
	gic_init_cpu();
	for (u32 id = 0; id < 16; id++) {
		gic_enable(id);
		gic_set_priority(id, 0);
	}
	for (u32 id = 32; id < gic.num_irqs; id++) {
		gic_enable(id);
		gic_set_edge(id, (id & 1) != 0);
		gic_set_target(id, id % machine.num_cpus);
	}
	for (u32 round = 0; round < 300; round++) {
		for (u32 id = 32; id < gic.num_irqs; id += 3)
			gic_set_pending(id);
		for (u32 id = 0; id < 16; id++) {
			gic_send(0, id);
			gic_send_others(id);
			if (machine.num_cpus > 1)
				gic_send(1, id);
		}
		if (round % 2 == 0)
			irq_enable();
		else
			irq_disable();
	}
}

/* Acknowledge, end and deactivate what is not there, in every order, with interrupts pending. */
void interface(void)
{
	gic_enable(3);
	for (u32 id = 32; id < 64; id++)
		gic_enable(id);
	for (u32 round = 0; round < 20000; round++) {
		u64 value = random_next();
		u32 id = (u32)(value >> 32) & ((value & 1) != 0 ? 0x3f : 0xffffff);

		switch (value >> 8 & 15) {
		case 0: (void)gic_ack(); break;
		case 1: gic_eoi(id); break;
		case 2: gic_deactivate(id); break;
		case 3: gic_set_mask((u8)id); break;
		/* Above 7 QEMU 7.2 takes the low bits alone, and asserts that they are not 0. */
		case 4: gic_set_binary_point(id & 7); break;
		case 5: gic_set_split((id & 1) != 0); break;
		case 6: (void)gic_running_priority(); break;
		case 7: (void)gic_highest_pending(); break;
		case 8: gic_send(0, id & 15); break;
		case 9: gic_set_pending(32 + id % 32); break;
		case 10: gic_set_active(32 + id % 32); break;
		case 11: gic_clear_active(32 + id % 32); break;
		case 12: gic_set_priority(32 + id % 32, (u8)(value >> 16)); break;
		case 13: gic_clear_pending(32 + id % 32); break;
		case 14:
			if (gic.version == 3)
				sysreg_write(ICC_SGI1R_EL1, value);
			else
				write32(gic.gicd + 0xf00, (u32)value);
			break;
		default:
			if (gic.version == 3)
				sysreg_write(ICC_AP1R0_EL1, value);
			else
				write32(gic.gicc + 0xd0, (u32)value);
			break;
		}
	}
}

static u32 ignored;

/* The timer's line stays high: the interrupt comes again as soon as it is ended. */
static void leave_high(u32 id)
{
	if (++ignored >= 20000)
		gic_disable(id);
}

void line(void)
{
	this_cpu()->irq_hook = leave_high;
	gic_enable(machine.arch.timer_virt);
	gic_enable(machine.arch.timer_phys);
	sysreg_write(CNTV_CVAL_EL0, 0);
	sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
	sysreg_write(CNTP_CVAL_EL0, 0);
	sysreg_write(CNTP_CTL_EL0, TIMER_ENABLE);
	irq_enable();
	(void)WAIT(LOAD(ignored) >= 20000, 2000);
	irq_disable();
	for (u32 i = 0; i < 20000; i++) {
		sysreg_write(CNTV_CVAL_EL0, random_next() >> 1);
		sysreg_write(CNTV_CTL_EL0, random_next() & 3);
		sysreg_write(CNTP_CVAL_EL0, random_next() >> 1);
		sysreg_write(CNTP_CTL_EL0, random_next() & 3);
		sysreg_write(CNTP_TVAL_EL0, random_next());
	}
}

void sleep_masked(void)
{
	print("hostile: sleep-masked goes on\n");
	sysreg_write(CNTV_CTL_EL0, 0);
	sysreg_write(CNTP_CTL_EL0, 0);
	__asm__ volatile("msr DAIFSet, #15" ::: "memory");
	gic_set_mask(0);
	for (;;)
		wfi();
}
