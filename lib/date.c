/* SPDX-License-Identifier: Apache-2.0 */
/* Years are counted from March on, so that the leap day is the last. An era has 400 of them. */
#include <mullion/date.h>

#define DAY_SECONDS UINT64_C(86400)
#define ERA_DAYS    146097u
#define DAYS_BEFORE 719468u /* 1970-01-01, from 0000-03-01 */

struct date date_of(u64 seconds)
{
	u64 days = seconds / DAY_SECONDS + DAYS_BEFORE, era = days / ERA_DAYS;
	u64 of_era = days % ERA_DAYS;
	u64 year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	u64 of_year = of_era - (365 * year + year / 4 - year / 100);
	u64 shifted = (5 * of_year + 2) / 153;
	u32 month = (u32)(shifted < 10 ? shifted + 3 : shifted - 9);

	return (struct date){
		.second = (u32)(seconds % 60),
		.minute = (u32)(seconds / 60 % 60),
		.hour = (u32)(seconds / 3600 % 24),
		.weekday = (u32)((seconds / DAY_SECONDS + 4) % 7) + 1,
		.day = (u32)(of_year - (153 * shifted + 2) / 5) + 1,
		.month = month,
		.year = (u32)(year + era * 400 + (month <= 2 ? 1 : 0)),
	};
}

u64 date_seconds(const struct date *date)
{
	u64 year = date->year - (date->month <= 2 ? 1 : 0), era = year / 400, of_era = year % 400;
	u64 shifted = date->month > 2 ? date->month - 3 : date->month + 9;
	u64 of_year = (153 * shifted + 2) / 5 + date->day - 1;
	u64 days =
		era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - DAYS_BEFORE;

	return days * DAY_SECONDS + date->hour * UINT64_C(3600) + date->minute * UINT64_C(60) +
	       date->second;
}
