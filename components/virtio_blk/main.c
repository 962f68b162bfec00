/* SPDX-License-Identifier: Apache-2.0 */
/* The driver's program: see driver.h. */
#include "components/virtio_blk/driver.h"

void component_main(const struct component_info *info)
{
	runtime_run(&virtio_blk_program, info);
}
