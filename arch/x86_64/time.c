/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Time: the time-stamp counter. Each CPU's one deadline is the timer of its local APIC, which
 * compares with the counter where it can (Intel SDM vol. 3 §10.5.4).
 */
#include <arch/time.h>

#include "arch/x86_64/boot.h"
#include "arch/x86_64/irq.h"
#include "drivers/irqchip/apic.h"
#include <arch/boot.h>
#include <arch/cpu.h>
#include <asm/port.h>
#include <asm/sysreg.h>
#include <mullion/host.h>
#include <mullion/log.h>
#include <mullion/timer.h>

#define PM_TIMER_HZ 3579545u /* ACPI 6.5 §4.8.3.3 */
#define PM_TIMER_24 0xffffffu

#define PIT_HZ       1193182u
#define PIT_CHANNEL2 0x42
#define PIT_COMMAND  0x43
#define PIT_ONE_SHOT 0xb0 /* channel 2, both bytes, mode 0 */
#define SPEAKER      0x61
#define SPEAKER_GATE BIT(0)
#define SPEAKER_ON   BIT(1)
#define SPEAKER_OUT  BIT(5)

#define CALIBRATIONS 50u /* a second's part: 20 ms */
#define SPINS_MAX    20000000u
#define MIN_HZ       1000000u

#define LEAF_TSC        0x15u
#define LEAF_INVARIANT  0x80000007u
#define LEAF_HYPERVISOR 0x40000010u /* the TSC's rate in kHz, where there is one */

static bool deadline_mode; /* the timer compares with the counter */
static u64 timer_hz;       /* else: its own rate */

ns_t arch_time_now(void)
{
	return NS(ticks_to_ns(read_tsc(), boot_info.counter_hz));
}

static void stop_timer(void)
{
	if (deadline_mode)
		write_msr(MSR_TSC_DEADLINE, 0);
	else
		apic_write(APIC_TIMER_INITIAL, 0);
}

void arch_time_set_deadline(ns_t when)
{
	u64 now, ticks;

	if (when.v == NS_NEVER.v) {
		stop_timer();
		return;
	}
	if (deadline_mode) {
		write_msr(MSR_TSC_DEADLINE, MAX(ns_to_ticks(when.v, boot_info.counter_hz), 1u));
		return;
	}
	now = arch_time_now().v;
	ticks = when.v > now ? ns_to_ticks(MIN(when.v - now, NS_PER_S), timer_hz) : 1;
	apic_write(APIC_TIMER_INITIAL, (u32)MIN(MAX(ticks, UINT64_C(1)), UINT32_MAX));
}

void time_init_cpu(void)
{
	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, VECTOR_TIMER | (deadline_mode ? (u32)APIC_LVT_DEADLINE : 0));
}

/* --- Rates ------------------------------------------------------------------------------------ */

/* The rate as the CPU or a hypervisor gives it; 0: neither does. */
__boot static u64 tsc_told(void)
{
	struct cpuid ratio = cpuid_if(LEAF_TSC, 0), leaf;

	if (ratio.a != 0 && ratio.b != 0 && ratio.c != 0)
		return (u64)ratio.c * ratio.b / ratio.a;
	if ((cpuid(1, 0).c & BIT(31)) == 0 || cpuid(0x40000000, 0).a < LEAF_HYPERVISOR)
		return 0;
	leaf = cpuid(LEAF_HYPERVISOR, 0);
	return leaf.a * UINT64_C(1000);
}

/* Counts of the TSC in @ticks of the ACPI timer at @port, and those ticks, as they came out. */
__boot static u64 tsc_by_pm_timer(u16 port)
{
	u32 first = port_read32(port) & PM_TIMER_24, passed = 0, now;
	u64 start;

	do
		now = port_read32(port) & PM_TIMER_24;
	while (now == first && passed++ < SPINS_MAX);
	start = read_tsc();
	first = now;
	for (u32 i = 0; i < SPINS_MAX; i++) {
		passed = ((port_read32(port) & PM_TIMER_24) - first) & PM_TIMER_24;
		if (passed >= PM_TIMER_HZ / CALIBRATIONS)
			return (read_tsc() - start) * PM_TIMER_HZ / passed;
	}
	return 0;
}

__boot static u64 tsc_by_pit(void)
{
	u32 count = PIT_HZ / CALIBRATIONS;
	u8 speaker = port_read8(SPEAKER);
	u64 start, hz = 0;

	port_write8(SPEAKER, (u8)((speaker & ~SPEAKER_ON) | SPEAKER_GATE));
	port_write8(PIT_COMMAND, PIT_ONE_SHOT);
	port_write8(PIT_CHANNEL2, (u8)count);
	port_write8(PIT_CHANNEL2, (u8)(count >> 8));
	start = read_tsc();
	for (u32 i = 0; i < SPINS_MAX && hz == 0; i++)
		if ((port_read8(SPEAKER) & SPEAKER_OUT) != 0)
			hz = (read_tsc() - start) * CALIBRATIONS;
	port_write8(SPEAKER, speaker);
	return hz;
}

__boot void time_calibrate(struct host_facts *facts)
{
	u64 hz = tsc_told();
	const char *by = "CPUID";

	if (hz == 0 && facts->pm_timer != 0) {
		hz = tsc_by_pm_timer((u16)facts->pm_timer);
		by = "the ACPI timer";
	}
	if (hz < MIN_HZ) {
		hz = tsc_by_pit();
		by = "the PIT";
	}
	facts->tsc_hz = hz;
	boot_info.counter_hz = MAX(hz, UINT64_C(1));
	log_info("time-stamp counter: %lu.%03lu MHz, by %s", hz / 1000000, hz / 1000 % 1000, by);
	if ((cpuid_if(LEAF_INVARIANT, 0).d & BIT(8)) == 0)
		log_warn("the CPU does not promise a counter of constant rate; it is used as if it "
			 "had one");
}

/* The timer's rate, against the counter. */
__boot static u64 measure_timer(void)
{
	u64 ticks = boot_info.counter_hz / CALIBRATIONS, start, passed;
	u32 left;

	apic_write(APIC_TIMER_DIVIDE, APIC_DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, APIC_LVT_MASKED);
	start = read_tsc();
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
	while (read_tsc() - start < ticks)
		arch_cpu_relax();
	left = apic_read(APIC_TIMER_CURRENT);
	passed = read_tsc() - start;
	apic_write(APIC_TIMER_INITIAL, 0);
	return (u64)(UINT32_MAX - left) * boot_info.counter_hz / passed;
}

__boot enum err arch_time_init(const struct host *host)
{
	(void)host;
	if (boot_info.counter_hz < MIN_HZ)
		return ERR_HARDWARE;
	deadline_mode = (cpuid(1, 0).c & BIT(24)) != 0;
	if (!deadline_mode) {
		timer_hz = measure_timer();
		if (timer_hz == 0)
			return ERR_HARDWARE;
		log_info("LAPIC timer: %lu.%03lu MHz", timer_hz / 1000000, timer_hz / 1000 % 1000);
	}
	time_init_cpu();
	return OK;
}
