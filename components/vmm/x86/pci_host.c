/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports 0xcf8 to 0xcff: the configuration mechanism of PCI 3.0 §3.2.2.3.2, and the reset control
 * register 0xcf9. The only function is the host bridge, 00:00.0; it has no resources. Accesses to
 * CONFIG_ADDRESS that are no double words are ordinary I/O, where only 0xcf9 answers.
 */
#include "components/vmm/x86/devices.h"

#include <mullion/string.h>

#define ADDRESS       0u
#define RESET         1u /* of one byte */
#define DATA          4u
#define ADDRESS_BYTES 4u

#define ADDRESS_ENABLE   BIT(31)
#define ADDRESS_KEPT     0x80fffffcu
#define ADDRESS_FUNCTION MASK(23, 8) /* bus, device, function */
#define ADDRESS_REGISTER MASK(7, 2)

#define RESET_CPU  0x04u /* its rise resets */
#define RESET_KEPT 0x0au

/* Configuration space (§6.1). The identity is that of QEMU's generic bridge, for which no driver
 * has special cases. */
#define CONFIG_ID    0x00u
#define CONFIG_CLASS 0x08u
#define BRIDGE_ID    0x00081b36u
#define HOST_BRIDGE  0x06000000u /* class, programming interface, revision */

struct pci_host_state {
	u32 address, reset;
};

static u32 read_config(u32 address)
{
	if ((address & ADDRESS_ENABLE) == 0 || (address & ADDRESS_FUNCTION) != 0)
		return UINT32_MAX;
	switch (address & ADDRESS_REGISTER) {
	case CONFIG_ID: return BRIDGE_ID;
	case CONFIG_CLASS: return HOST_BRIDGE;
	default: return 0;
	}
}

/* A byte of the eight that is not read as a part of CONFIG_ADDRESS. */
static u8 read_byte(const struct pci_host_state *s, u64 offset)
{
	if (offset == RESET)
		return (u8)s->reset;
	if (offset < DATA)
		return UINT8_MAX;
	return (u8)(read_config(s->address) >> (offset - DATA) % 4 * 8);
}

static u64 pci_read(struct device *device, u64 offset, u64 number, u64 where)
{
	const struct pci_host_state *s = device->state;
	u32 width = EXIT_WIDTH(where);
	u64 value = 0;

	(void)number;
	if (offset == ADDRESS && width == ADDRESS_BYTES)
		return s->address;
	for (u32 i = 0; i < MIN(width, sizeof(value)); i++)
		value |= (u64)read_byte(s, offset + i) << 8 * i;
	return value;
}

static bool pci_write(struct device *device, u64 offset, u64 value, u64 number, u64 where)
{
	struct pci_host_state *s = device->state;
	u32 width = EXIT_WIDTH(where);
	u8 reset;

	(void)number;
	if (offset == ADDRESS && width == ADDRESS_BYTES) {
		s->address = (u32)value & ADDRESS_KEPT;
		return false;
	}
	if (offset > RESET || offset + width <= RESET)
		return false; /* the bridge's registers are read-only */
	reset = (u8)(value >> (RESET - offset) * 8);
	s->reset = reset & RESET_KEPT;
	if ((reset & RESET_CPU) == 0)
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
