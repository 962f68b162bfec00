/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's table of the architecture: a host program knows all of them. */
#include "arch/x86_64/pure/platform.h"
#include "arch/arm64/pure/config.h"

const struct arch_platform *arch_platform(const struct fdt *tree)
{
	return fdt_is_compatible(tree, fdt_root(tree), X86_COMPATIBLE) ? &x86_platform
								       : &arm64_platform;
}
