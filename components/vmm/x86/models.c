/* SPDX-License-Identifier: Apache-2.0 */
/* The device models of a vmm on x86-64. */
#include "components/vmm/virtio.h"
#include "components/vmm/x86/devices.h"

#include <stddef.h>

struct answer (*const device_execute)(const struct component_info *info, u64 where,
				      u64 number) = x86_execute_exit;

const struct device_model *const device_models[] = {
	&ns16550_model, &i8259_model,    &i8254_model, &mc146818_model,
	&acpi_pm_model, &pci_host_model, &i8042_model, &debug_port_model,
	&fw_cfg_model,  VIRTIO_MODELS,   NULL,
};
