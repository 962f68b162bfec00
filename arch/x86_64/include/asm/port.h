/* SPDX-License-Identifier: Apache-2.0 */
/*
 * I/O ports. In a description, in grants and in struct host, port n is the address PORT_BASE + n.
 * arch_map() returns the port's number as a pointer: no mapped register lies so low.
 */
#ifndef ASM_PORT_H
#define ASM_PORT_H

#include <abi/component.h> /* PORT_BASE, PORT_COUNT */
#include <mullion/types.h>

/** port_read8(), port_read16(), port_read32(), port_write8(), port_write16() - one access to
 * @port. */
static inline u8 port_read8(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u16 port_read16(u16 port)
{
	u16 value;

	__asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline u32 port_read32(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static inline void port_write8(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static inline void port_write16(u16 port, u16 value)
{
	__asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

#endif
