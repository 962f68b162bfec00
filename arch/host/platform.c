/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's table of the architecture: a host program knows all of them. */
#include "arch/arm64/pure/config.h"

const struct arch_platform *arch_platform(const struct fdt *tree)
{
	(void)tree;
	return &arm64_platform;
}
