/* SPDX-License-Identifier: Apache-2.0 */
/* Spelling hints, for descriptions and for the terminal. */
#include <mullion/similar.h>

#include <mullion/format.h>
#include <mullion/string.h>

/* Optimal string alignment distance; both names are at most SIMILAR_MAX long. */
static u32 edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	u8 rows[3][SIMILAR_MAX + 1];
	u8 *before = rows[0], *last = rows[1], *row = rows[2], *spare;

	for (size_t j = 0; j <= b_len; j++)
		last[j] = (u8)j;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = (u8)i;
		for (size_t j = 1; j <= b_len; j++) {
			u32 best = last[j - 1] + (a[i - 1] != b[j - 1] ? 1u : 0u);

			best = MIN(best, last[j] + 1u);
			best = MIN(best, row[j - 1] + 1u);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				best = MIN(best, before[j - 2] + 1u);
			row[j] = (u8)best;
		}
		spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

void similar_init(struct similar *similar, const char *wanted)
{
	u32 len = (u32)strnlen(wanted, SIMILAR_MAX + 1);

	memset(similar, 0, sizeof(*similar));
	similar->wanted = wanted;
	similar->limit = len > SIMILAR_MAX ? 0 : MIN(len, len / 3 + 2);
}

void similar_offer(struct similar *similar, const char *candidate)
{
	size_t len = strnlen(candidate, SIMILAR_MAX + 1);
	u32 distance;

	if (similar->limit == 0 || len > SIMILAR_MAX)
		return;
	distance = edit_distance(similar->wanted, strlen(similar->wanted), candidate, len);
	if (distance >= similar->limit)
		return;
	similar->limit = distance;
	(void)str_copy(similar->best, sizeof(similar->best), candidate);
}

const char *similar_hint(struct similar *similar, const char *otherwise)
{
	if (similar->best[0] == '\0')
		return otherwise;
	(void)format(similar->hint, sizeof(similar->hint), "; did you mean '%s'?", similar->best);
	return similar->hint;
}
