/* SPDX-License-Identifier: Apache-2.0 */
/* The device models of a PC. Offsets of all but the UART are port numbers. */
#ifndef VMM_X86_DEVICES_H
#define VMM_X86_DEVICES_H

#include "components/vmm/device.h"

extern const struct device_model ns16550_model;  /* a serial port with FIFOs */
extern const struct device_model i8259_model;    /* the pair of interrupt controllers */
extern const struct device_model i8254_model;    /* the timer of three channels, and port 0x61 */
extern const struct device_model mc146818_model; /* clock and CMOS memory */
extern const struct device_model acpi_pm_model;  /* PM1 registers and PM timer */
extern const struct device_model pci_host_model; /* ports 0xcf8 to 0xcff: the host bridge; reset */
extern const struct device_model i8042_model;    /* keyboard controller: reset alone */
extern const struct device_model fw_cfg_model;   /* items for firmware */
extern const struct device_model debug_port_model; /* text to the core's log */

/** x86_execute_exit() - device_execute of a PC. */
struct answer x86_execute_exit(const struct component_info *info, u64 where, u64 number);

/** i8259_input() - the interrupt line of @device has changed: the 8259 pair sees it, if the guest
 * has one and the line is of ISA. Returns true if an edge is lost: its pin, which is not masked,
 * has a request already. */
bool i8259_input(const struct device *device, bool level);

/** x86_set_level(), x86_force_level(), x86_pulse() - device_set_level() and so on, for both the I/O
 * APIC and the 8259 pair. */
static inline void x86_force_level(struct device *device, bool level)
{
	device_force_level(device, level);
	(void)i8259_input(device, level);
}

static inline void x86_set_level(struct device *device, bool level)
{
	if (level != device->level)
		x86_force_level(device, level);
}

static inline bool x86_pulse(const struct device *device)
{
	bool lost = device_pulse(device);

	lost |= i8259_input(device, true);
	(void)i8259_input(device, false);
	return lost;
}

#endif
