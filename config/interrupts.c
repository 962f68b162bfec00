/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of interrupts. The architecture knows how many cells each has, and what they mean; a line
 * that it does not know stays 0, and check_irqs() reports why. */
#include "config/internal.h"

bool config_interrupt(const struct config_run *run, fdt_node_t node, const char *name, u32 index,
		      u32 cells[ARCH_IRQ_CELLS])
{
	u32 count = run->platform->irq_cells;
	struct fdt_prop prop;

	if (!config_get(run, node, name, &prop) || !config_has_irqs(run->platform, &prop) ||
	    index >= prop.len / (4 * count) || index >= CONFIG_MAX_IRQS)
		return false;
	for (u32 i = 0; i < count; i++)
		cells[i] = config_cell(&prop, count * index + i);
	return true;
}

enum err parse_irqs(struct config_run *run, fdt_node_t node, bool on_host, u32 *num_irqs,
		    struct config_irq **irqs)
{
	const char *guest_side =
		config_has(run, node, "guest-interrupts") ? "guest-interrupts" : "interrupts";
	u32 count = count_irqs(run, node), rate = 0;
	bool (*decode)(const u32 *, bool, u32 *, bool *) = run->platform->irq_decode;
	u32 cells[ARCH_IRQ_CELLS], line;
	bool level;

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
			if (decode(cells, false, &line, &irq->level) && on_host)
				irq->host = line;
			irq->max_per_second = rate;
		}
		if (config_interrupt(run, node, guest_side, i, cells) &&
		    decode(cells, true, &line, &level))
			irq->guest = line;
	}
	return OK;
}
