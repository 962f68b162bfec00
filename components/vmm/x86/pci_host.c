/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports 0xcf8 to 0xcff: the configuration mechanism of PCI 3.0 §3.2.2.3.2 without a device behind
 * it, and the reset control register 0xcf9.
 */
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define ADDRESS 0u
#define RESET   1u /* of one byte */
#define DATA    4u

#define RESET_CPU  0x04u /* its rise resets */
#define RESET_KEPT 0x0au

struct pci_host_state {
	u32 address, reset;
};

static u64 pci_read(struct device *device, u64 offset, u64 number)
{
	const struct pci_host_state *s = device->state;

	(void)number;
	if (offset == RESET)
		return s->reset;
	return offset < DATA ? s->address >> offset * 8 : UINT64_MAX;
}

static bool pci_write(struct device *device, u64 offset, u64 value, u64 number)
{
	struct pci_host_state *s = device->state;

	(void)number;
	if (offset == ADDRESS)
		s->address = (u32)value & 0x80fffffc;
	if (offset != RESET)
		return false;
	s->reset = (u32)value & RESET_KEPT;
	if ((value & RESET_CPU) == 0)
		return false;
	device_power(RESUME_RESET);
	return true;
}

static void pci_reset(struct device *device)
{
	memset(device->state, 0, sizeof(struct pci_host_state));
}

static void pci_resume(struct device *device)
{
	(void)device;
}

static ns_t pci_timer(struct device *device)
{
	(void)device;
	return NS(UINT64_MAX);
}

const struct device_model pci_host_model = {
	.name = "pci-host",
	.size = sizeof(struct pci_host_state),
	.reset = pci_reset,
	.resume = pci_resume,
	.read = pci_read,
	.write = pci_write,
	.timer = pci_timer,
};
