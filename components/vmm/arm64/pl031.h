/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Arm PrimeCell real time clock (PL031, DDI 0224), with one alarm. It counts seconds since
 * 1970, or since the machine started if the core has no wall clock.
 */
#ifndef VMM_PL031_H
#define VMM_PL031_H

#include "components/vmm/device.h"

extern const struct device_model pl031_model;

#endif
