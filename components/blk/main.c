/* SPDX-License-Identifier: Apache-2.0 */
/* The service's program: see blk.h. */
#include "components/blk/blk.h"

void component_main(const struct component_info *info)
{
	runtime_run(&blk_program, info);
}
