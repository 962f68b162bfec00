/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Attacks on time: endless loops around the most expensive requests. The guest under attack has the
 * higher priority and reports its lateness (tests/system/neighbour.py).
 */
#include "hostile.h"
#include "virtio.h"

#include <abi/vendor.h>

#define SCTLR_C    BIT(2)
#define GICR_BYTES 0x20000u
#define UART_FLAGS 0x18u
#define UART_TXFF  BIT(5)
#define SELF       0

static void begin(void)
{
	machine.quiet = true;
	irq_enable();
}

void time_idle(void)
{
	begin();
	for (;;)
		wfi();
}

/* With the cache bit toggled in between: then set/way operations have something to do again. */
void time_setway(void)
{
	u64 sctlr = sysreg_read(SCTLR_EL1);

	begin();
	for (u64 i = 0;; i++) {
		u64 way = (i & 3) << 30 | (i >> 2 & 0xff) << 6 | (i >> 10 & 1) << 1;

		__asm__ volatile("dc cisw, %0\n\tdsb sy" ::"r"(way) : "memory");
		if ((i & 15) != 0)
			continue;
		sysreg_write(SCTLR_EL1, sctlr & ~(u64)SCTLR_C);
		isb();
		sysreg_write(SCTLR_EL1, sctlr);
		isb();
	}
}

static void dist_sweep(u32 step)
{
	for (u32 offset = 0x80; offset < 0x1000; offset += step) {
		u32 value = read32(gic.gicd + offset);

		/* Not GICD_SGIR, which is another attack. */
		if (offset != 0xf00)
			write32(gic.gicd + offset, offset < 0x400 ? ~0u : value);
	}
}

void time_controller(void)
{
	begin();
	for (;;) {
		dist_sweep(4);
		if (gic.gicr == 0)
			continue;
		for (u64 at = gic.gicr; at < gic.gicr + machine.num_cpus * GICR_BYTES;
		     at += 0x10100)
			for (u32 offset = 0; offset < 0x100; offset += 4)
				(void)read32(at + offset);
	}
}

/* Every interrupt there is, pending at once, again and again. */
void time_interrupts(void)
{
	begin();
	for (u32 id = 32; id < 96; id++)
		gic_enable(id);
	for (;;) {
		for (u32 id = 32; id < 96; id++)
			gic_set_pending(id);
		for (u32 id = 0; id < 16; id++)
			gic_send(SELF, id);
	}
}

void time_timer(void)
{
	begin();
	gic_enable(machine.arch.timer_virt);
	for (;;) {
		sysreg_write(CNTV_CVAL_EL0, time_now());
		sysreg_write(CNTV_CTL_EL0, TIMER_ENABLE);
		isb();
		sysreg_write(CNTV_CTL_EL0, 0);
		isb();
	}
}

void time_calls(void)
{
	begin();
	for (u32 i = 0;; i++) {
		u64 regs[8] = { i & 1 ? 0xc4000053 : 0x84000050 + (i & 7), 192, 0, 0 };

		if ((i & 2) != 0)
			smccc_hvc(regs);
		else
			smccc_smc(regs);
	}
}

void time_log(void)
{
	begin();
	for (;;) {
		u64 regs[8] = { VENDOR_LOG, VENDOR_LOG_MAX };

		for (u32 i = 2; i < 8; i++)
			regs[i] = 0x4141414141414141ull;
		regs[7] = 0x0a41414141414141ull; /* ends in a line */
		smccc_hvc(regs);
	}
}

void time_faults(void)
{
	begin();
	map_nowhere();
	for (;;)
		attack_all(NOWHERE);
}

void time_registers(void)
{
	begin();
	for (u32 index = 0;; index = (index + 1) & 0x3fff) {
		u32 encoding = SYSREG(3, 0, 0, 0, 0) | (index & 0x3f) << 5;
		u64 value;

		(void)execute_mrs(encoding, &value);
		(void)execute_mrs(SYSREG(2, 0, 0, index & 15, 4), &value);
	}
}

/* The other CPU comes and goes. */
static void come(void)
{
}

void time_cpus(void)
{
	begin();
	for (;;) {
		if (cpu_on(1, come) == PSCI_SUCCESS)
			(void)cpu_wait_off(1);
	}
}

void time_reset(void)
{
	(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void time_uart(void)
{
	begin();
	for (u32 i = 0;; i++)
		if ((read32(machine.uart + UART_FLAGS) & UART_TXFF) == 0)
			write32(machine.uart, i % 8 != 0 ? 'u' : '\n');
}

void time_emulated(void)
{
	begin();
	for (;;)
		(void)read32(machine.uart + 0xfe0);
}

/* QueueNotify of a queue that has nothing. */
void time_doorbells(void)
{
	u64 device = virtio_find();

	begin();
	for (;;)
		write32(device + VIRTIO_QUEUE_NOTIFY, 1);
}
