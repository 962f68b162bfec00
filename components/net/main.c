/* SPDX-License-Identifier: Apache-2.0 */
/* The program's frame. */
#include "components/net/service.h"

void component_main(const struct component_info *info)
{
	runtime_run(&net_program, info);
}
