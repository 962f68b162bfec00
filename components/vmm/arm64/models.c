/* SPDX-License-Identifier: Apache-2.0 */
/* The device models of a vmm on arm64. */
#include "components/vmm/arm64/pl011.h"
#include "components/vmm/arm64/pl031.h"
#include "components/vmm/arm64/sp804.h"
#include "components/vmm/virtio.h"

#include <stddef.h>

struct answer (*const device_execute)(const struct component_info *info, u64 where,
				      u64 number) = NULL;

const struct device_model *const device_models[] = {
	&pl011_model, &pl031_model, &sp804_model, VIRTIO_MODELS, NULL,
};
