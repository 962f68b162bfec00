/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers are binary or decimal digits, hours are 24 or 12 and a bit for the afternoon; register B
 * says which. An absent clock reads as ones, which are no time in either form. */
#include "arch/x86_64/pure/cmos.h"

#include <mullion/date.h>

#define SECONDS 0u
#define MINUTES 2u
#define HOURS   4u
#define DAY     7u
#define MONTH   8u
#define YEAR    9u
#define REG_B   11u

#define B_24_HOUR 0x02u
#define B_BINARY  0x04u
#define AFTERNOON 0x80u

/* Returns UINT32_MAX for a byte that is no number. */
static u32 number(u8 b, u8 value)
{
	if ((b & B_BINARY) != 0)
		return value;
	return value >> 4 > 9 || (value & 0xf) > 9 ? UINT32_MAX
						   : (u32)(value >> 4) * 10 + (value & 0xf);
}

static u32 hour_of(u8 b, u8 value)
{
	u32 hour;

	if ((b & B_24_HOUR) != 0)
		return number(b, value);
	hour = number(b, value & (u8)~AFTERNOON);
	if (hour < 1 || hour > 12)
		return UINT32_MAX;
	return hour % 12 + ((value & AFTERNOON) != 0 ? 12 : 0);
}

u64 cmos_seconds(const u8 registers[CMOS_REGISTERS])
{
	u8 b = registers[REG_B];
	u32 year = number(b, registers[YEAR]);
	struct date d = {
		.second = number(b, registers[SECONDS]),
		.minute = number(b, registers[MINUTES]),
		.hour = hour_of(b, registers[HOURS]),
		.day = number(b, registers[DAY]),
		.month = number(b, registers[MONTH]),
		.year = 2000 + year,
	};

	if (d.second > 59 || d.minute > 59 || d.hour > 23 || d.day < 1 || d.day > 31 ||
	    d.month < 1 || d.month > 12 || year > 99)
		return 0;
	return date_seconds(&d);
}
