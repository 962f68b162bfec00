/* SPDX-License-Identifier: Apache-2.0 */
/* The device models of a host build: those of every architecture. */
#include "components/vmm/arm64/pl011.h"
#include "components/vmm/arm64/pl031.h"
#include "components/vmm/arm64/sp804.h"
#include "components/vmm/virtio.h"
#include "components/vmm/x86/devices.h"

#include <stddef.h>

struct answer (*const device_execute)(const struct component_info *info, u64 where,
				      u64 number) = x86_execute_exit;

const struct device_model *const device_models[] = {
	&pl011_model, &pl031_model,      &sp804_model,    &fw_cfg_model,  &ns16550_model,
	&i8259_model, &i8254_model,      &mc146818_model, &acpi_pm_model, &pci_host_model,
	&i8042_model, &debug_port_model, VIRTIO_MODELS,   NULL,
};
