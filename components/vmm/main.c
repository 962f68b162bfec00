/* SPDX-License-Identifier: Apache-2.0 */
/* The program's frame. */
#include "components/vmm/vmm.h"

void component_main(const struct component_info *info)
{
	runtime_run(&vmm_program, info);
}
