/* SPDX-License-Identifier: Apache-2.0 */
/* A virtio console (virtio 1.2 §5.3) at the end of a serial line: one port, with emergency write.
 */
#ifndef VMM_VIRTIO_CONSOLE_H
#define VMM_VIRTIO_CONSOLE_H

#include "components/vmm/device.h"

extern const struct device_model virtio_console_model;

#endif
