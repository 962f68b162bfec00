/* SPDX-License-Identifier: Apache-2.0 */
/* The architecture's part of the runner of tests. */
#include "test.h"

const char *arch_test_missing(u32 needs)
{
	if ((needs & NEEDS_GICV2) != 0 && gic.version != 2)
		return "needs a GICv2";
	if ((needs & NEEDS_GICV3) != 0 && gic.version != 3)
		return "needs a GICv3";
	if ((needs & NEEDS_UART) != 0 && (machine.uart == 0 || machine.uart_irq == 0))
		return "needs a PL011 with its interrupt";
	return NULL;
}

void arch_test_quiesce(void)
{
	struct cpu *cpu = this_cpu();

	irq_disable();
	sysreg_write(CNTV_CTL_EL0, 0);
	sysreg_write(CNTP_CTL_EL0, 0);
	isb();
	cpu->trapping = false;
	cpu->sync_hook = NULL;
	irq_forget();
	gic_init();
	gic_init_cpu();
}
