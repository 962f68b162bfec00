/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's table of the architecture: the core knows one. */
#include "arch/x86_64/pure/platform.h"

const struct arch_platform *arch_platform(const struct fdt *tree)
{
	(void)tree;
	return &x86_platform;
}
