/* SPDX-License-Identifier: Apache-2.0 */
/* The program's frame. */
#include "components/console/console.h"

void component_main(const struct component_info *info)
{
	runtime_run(&console_program, info);
}
