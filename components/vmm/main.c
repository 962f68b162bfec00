/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vmm: serves the virtual regions of one guest, each by the model of the device that the
 * description names. It sees that guest's memory and no other's.
 */
#include "components/lib/runtime.h"
#include "components/vmm/vmm.h"

void component_main(const struct component_info *info)
{
	runtime_run(&vmm_program, info);
}
