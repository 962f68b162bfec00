/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of the Gregorian calendar, in UTC. */
#ifndef MULLION_DATE_H
#define MULLION_DATE_H

#include <mullion/types.h>

struct date {
	u32 second, minute, hour;
	u32 weekday; /* 1 is Sunday */
	u32 day, month, year;
};

/** date_of() - Returns the date at @seconds since 1970. Any context. */
struct date date_of(u64 seconds);
/** date_seconds() - Returns the seconds since 1970 at @date, which is of 1970 or later and whose
 * fields are in their ranges. The weekday does not count. Any context. */
u64 date_seconds(const struct date *date);

#endif
