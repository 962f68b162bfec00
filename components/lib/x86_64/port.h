/* SPDX-License-Identifier: Apache-2.0 */
/* I/O ports of a grant, whose address is PORT_BASE + the port; or bytes of a device's memory. */
#ifndef COMPONENTS_LIB_X86_64_PORT_H
#define COMPONENTS_LIB_X86_64_PORT_H

#include <abi/component.h>
#include <mullion/types.h>

/** io_read8() - a register of a granted device. */
static inline u8 io_read8(u64 address)
{
	u8 value;

	if (address < PORT_BASE)
		return *(volatile u8 *)(uintptr_t)address;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"((u16)(address - PORT_BASE)));
	return value;
}

/** io_write8() - a register of a granted device becomes @value. */
static inline void io_write8(u64 address, u8 value)
{
	if (address < PORT_BASE)
		*(volatile u8 *)(uintptr_t)address = value;
	else
		__asm__ volatile("outb %0, %1"
				 :
				 : "a"(value), "Nd"((u16)(address - PORT_BASE))
				 : "memory");
}

#endif
