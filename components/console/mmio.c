/* SPDX-License-Identifier: Apache-2.0 */
/* Device registers: in a file of their own, so that a test can have others. */
#include "components/console/console.h"

u32 mmio_read32(const volatile u8 *reg)
{
	return *(const volatile u32 *)reg;
}

void mmio_write32(volatile u8 *reg, u32 value)
{
	*(volatile u32 *)reg = value;
}
