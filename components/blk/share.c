/* SPDX-License-Identifier: Apache-2.0 */
/* Places of disks in the service's arguments. */
#include "components/blk/blk.h"

#include <mullion/string.h>

#define WEIGHT_MAX 100u

static bool is_end(char c)
{
	return c == '\0' || c == ' ' || c == ',';
}

/* Returns the characters of a number, 0 if there is none. */
static u32 parse_sectors(const char *text, u64 *number)
{
	u32 n = 0;

	*number = 0;
	for (; text[n] >= '0' && text[n] <= '9' && n < 18; n++)
		*number = *number * 10 + (u64)(text[n] - '0');
	return n;
}

/* Returns the characters of FIRST+SECTORS, 0 if it is no range. */
static u32 parse_range(struct place *place, const char *text)
{
	u32 n = parse_sectors(text, &place->first), more;

	if (n == 0 || text[n] != '+')
		return 0;
	more = parse_sectors(text + n + 1, &place->sectors);
	return more == 0 || !is_end(text[n + 1 + more]) || place->sectors == 0 ? 0 : n + 1 + more;
}

static u32 parse_where(struct place *place, const char *text)
{
	u32 n = parse_range(place, text);

	if (n != 0)
		return n;
	place->first = 0;
	place->sectors = 0;
	if (strncmp(text, "all", 3) == 0 && is_end(text[3]))
		return 3;
	while (!is_end(text[n]) && n + 1 < PLACE_NAME) {
		place->partition[n] = text[n];
		n++;
	}
	place->partition[n] = '\0';
	return is_end(text[n]) ? n : 0;
}

bool place_parse(struct place *place, const char *text)
{
	u64 number;
	u32 n;

	memset(place, 0, sizeof(*place));
	place->weight = 1;
	n = parse_where(place, text);
	if (n == 0)
		return false;
	for (text += n; *text == ','; text += n) {
		if (strncmp(text, ",ro", 3) == 0 && is_end(text[3])) {
			place->read_only = true;
			n = 3;
			continue;
		}
		if (strncmp(text, ",weight=", 8) != 0)
			return false;
		n = parse_sectors(text + 8, &number);
		if (n == 0 || number == 0 || number > WEIGHT_MAX || !is_end(text[8 + n]))
			return false;
		place->weight = (u32)number;
		n += 8;
	}
	return *text == '\0' || *text == ' ';
}
