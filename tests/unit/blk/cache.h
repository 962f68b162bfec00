/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk with a volatile cache, as a failure of power sees it. A sector has its contents on the
 * medium, and those of later writes in the cache. When the power fails, any one of these remains,
 * for each sector apart. So whatever a real disk writes back, in any order, is among them.
 *
 * A flush makes durable only those writes that had ended when it began. No real disk does less.
 */
#ifndef TESTS_BLK_CACHE_H
#define TESTS_BLK_CACHE_H

#include "support/test.h"

#include "components/lib/disk.h"

#include <stdbool.h>

#define CACHE_SECTORS 64u
#define CACHE_DEPTH   64u /* writes of a sector, at most, since those that are on the medium */
#define CACHE_OPEN    UINT64_MAX

/* All words of a sector are its tag. */
struct cached {
	u64 tag, by; /* @by: the request that wrote it */
	u64 ended;   /* when that request ended, or CACHE_OPEN */
};

struct cache {
	u64 medium[CACHE_SECTORS];
	struct cached writes[CACHE_SECTORS][CACHE_DEPTH];
	u32 num[CACHE_SECTORS];
};

/** cache_newest() - Returns what a read of the sector finds. */
static inline u64 cache_newest(const struct cache *cache, u32 sector)
{
	u32 num = cache->num[sector];

	return num == 0 ? cache->medium[sector] : cache->writes[sector][num - 1].tag;
}

/** cache_write() - request @by writes a sector. */
static inline void cache_write(struct cache *cache, u32 sector, u64 tag, u64 by)
{
	assert_true(cache->num[sector] < CACHE_DEPTH);
	cache->writes[sector][cache->num[sector]++] = (struct cached){ tag, by, CACHE_OPEN };
}

/** cache_end() - request @by ends at time @now. */
static inline void cache_end(struct cache *cache, u64 by, u64 now)
{
	for (u32 s = 0; s < CACHE_SECTORS; s++)
		for (u32 i = 0; i < cache->num[s]; i++)
			if (cache->writes[s][i].by == by)
				cache->writes[s][i].ended = now;
}

/* The first @n writes of the sector are on the medium. */
static inline void cache_settle(struct cache *cache, u32 sector, u32 n)
{
	struct cached *writes = cache->writes[sector];

	if (n == 0)
		return;
	cache->medium[sector] = writes[n - 1].tag;
	cache->num[sector] -= n;
	memmove(writes, writes + n, cache->num[sector] * sizeof(*writes));
}

/** cache_flush() - a flush ends that began at time @began. */
static inline void cache_flush(struct cache *cache, u64 began)
{
	for (u32 s = 0; s < CACHE_SECTORS; s++) {
		u32 n = cache->num[s];

		while (n != 0 && cache->writes[s][n - 1].ended > began)
			n--;
		cache_settle(cache, s, n);
	}
}

/** cache_cut() - the power fails. @choose returns a number from 0 to its argument - 1. */
static inline void cache_cut(struct cache *cache, u64 (*choose)(u64 limit))
{
	for (u32 s = 0; s < CACHE_SECTORS; s++) {
		cache_settle(cache, s, (u32)choose(cache->num[s] + 1));
		cache->num[s] = 0;
	}
}

#endif
