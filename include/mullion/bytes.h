/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any address. Pure. */
#ifndef MULLION_BYTES_H
#define MULLION_BYTES_H

#include <mullion/types.h>

/** load16() - Returns the number in two bytes at @p. Pure. */
static inline u16 load16(const u8 *p)
{
	return (u16)(p[0] | p[1] << 8);
}

/** load32() - Returns the number in four bytes at @p. Pure. */
static inline u32 load32(const u8 *p)
{
	return (u32)load16(p) | (u32)load16(p + 2) << 16;
}

/** load64() - Returns the number in eight bytes at @p. Pure. */
static inline u64 load64(const u8 *p)
{
	return (u64)load32(p) | (u64)load32(p + 4) << 32;
}

/** store16() - write @value into two bytes at @p. Pure. */
static inline void store16(u8 *p, u16 value)
{
	p[0] = (u8)value;
	p[1] = (u8)(value >> 8);
}

/** store32() - write @value into four bytes at @p. Pure. */
static inline void store32(u8 *p, u32 value)
{
	store16(p, (u16)value);
	store16(p + 2, (u16)(value >> 16));
}

/** store64() - write @value into eight bytes at @p. Pure. */
static inline void store64(u8 *p, u64 value)
{
	store32(p, (u32)value);
	store32(p + 4, (u32)(value >> 32));
}

#endif
