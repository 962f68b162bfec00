/* SPDX-License-Identifier: Apache-2.0 */
/* Time: the generic timer. Each CPU's one deadline is its EL2 physical timer. Arm ARM D11. */
#include <arch/time.h>

#include "arch/arm64/boot.h"
#include "arch/arm64/irq.h"

#include <arch/boot.h>
#include <arch/mmu.h>
#include <asm/sysreg.h>
#include <mullion/host.h>
#include <mullion/timer.h>

/* The log has time stamps before the rate is known to be good (arch_time_init). */
__boot void arm64_time_early(void)
{
	boot_info.counter_hz = MAX(read_sysreg(cntfrq_el0), UINT64_C(1));
}

ns_t arch_time_now(void)
{
	isb();
	return NS(ticks_to_ns(read_sysreg(cntpct_el0), boot_info.counter_hz));
}

void arch_time_set_deadline(ns_t when)
{
	if (when.v != NS_NEVER.v)
		write_sysreg(ns_to_ticks(when.v, boot_info.counter_hz), cnthp_cval_el2);
	write_sysreg(when.v != NS_NEVER.v ? CNT_CTL_ENABLE : 0, cnthp_ctl_el2);
	isb();
}

static void deadline_passed(u32 intid)
{
	(void)intid;
	timer_expire();
}

__boot enum err arch_time_init(const struct host *host)
{
	if (read_sysreg(cntfrq_el0) == 0)
		return ERR_HARDWARE;
	if (host->arch.arm64.timer_irq[3] == 0)
		return ERR_NOT_FOUND;
	return irq_register(host->arch.arm64.timer_irq[3], deadline_passed, false);
}

/* DR of the PL031 (DDI 0224 §3.3.1). */
__boot u64 arch_time_wall(const struct host *host)
{
	const volatile u32 *registers;

	if (host->rtc.size < sizeof(*registers))
		return 0;
	registers = arch_map(HPA(host->rtc.base), host->rtc.size, SPACE_READ | SPACE_DEVICE);
	return registers != NULL ? registers[0] : 0;
}
