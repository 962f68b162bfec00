/* SPDX-License-Identifier: Apache-2.0 */
/* Random numbers that repeat: xorshift64, the same sequence after the same seed. */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <mullion/types.h>

static u64 random_state = 88172645463325252u;

/** random_seed() - begin the sequence number @seed. */
static inline void random_seed(u64 seed)
{
	random_state = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
}

/** random_below() - Returns a number from 0 to @limit - 1; @limit is not 0. */
static inline u64 random_below(u64 limit)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (random_state >> 8) % limit;
}

#endif
