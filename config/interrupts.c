/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of interrupts: <type number flags> each, as in Linux's arm,gic binding. */
#include "config/internal.h"

bool config_interrupt(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		      u32 cells[3])
{
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || prop.len % 12 != 0 || index >= prop.len / 12 ||
	    index >= CONFIG_MAX_IRQS)
		return false;
	for (u32 i = 0; i < 3; i++)
		cells[i] = config_cell(&prop, 3 * index + i);
	return true;
}

/* INTID of <type number flags>, or 0 when it is none that can be given (check_irqs() says why). */
static u32 intid_of(const u32 cells[3], u32 count)
{
	if (cells[0] == 0 && cells[1] < count)
		return INTID_SPI_FIRST + cells[1];
	return 0;
}

enum err parse_irqs(struct config_run *run, fdt_node_t node, bool on_host, u32 *num_irqs,
		    struct config_irq **irqs)
{
	const char *guest_side =
		config_has(run, node, "guest-interrupts") ? "guest-interrupts" : "interrupts";
	u32 count = count_irqs(run, node), rate = 0;
	u32 cells[3];

	if (count == 0)
		return OK;
	*irqs = arena_alloc(run, count * sizeof(**irqs));
	if (*irqs == NULL)
		return ERR_NO_MEMORY;
	*num_irqs = count;
	(void)config_u32(run, node, "max-per-second", &rate);
	for (u32 i = 0; i < count; i++) {
		struct config_irq *irq = &(*irqs)[i];

		if (config_interrupt(run, node, "interrupts", i, cells)) {
			if (on_host)
				irq->host = intid_of(cells, INTID_SPI_END - INTID_SPI_FIRST);
			irq->level = cells[2] == 4;
			irq->max_per_second = rate;
		}
		if (config_interrupt(run, node, guest_side, i, cells))
			irq->guest = intid_of(cells, GUEST_SPIS);
	}
	return OK;
}
