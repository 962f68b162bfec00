/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The dual timer SP804 (Arm DDI 0271) with the clock of the guest's tree, 24 MHz, and one
 * interrupt for both.
 */
#ifndef VMM_ARM64_SP804_H
#define VMM_ARM64_SP804_H

#include "components/vmm/device.h"

extern const struct device_model sp804_model;

#endif
