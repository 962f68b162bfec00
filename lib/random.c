/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's random number generator: ChaCha20 (RFC 8439 §2.3) with fast key erasure. Each request
 * takes one more block, whose first half is the next key and is never output. So the state does not
 * reveal earlier output.
 */
#include <mullion/random.h>

#include <arch/boot.h>
#include <mullion/log.h>
#include <mullion/spinlock.h>
#include <mullion/string.h>

#define KEY_WORDS   8
#define BLOCK_WORDS 16
#define BLOCK_BYTES (BLOCK_WORDS * sizeof(u32))
#define SEED_BYTES  16 /* fewer from the loader are no seed */
#define KEY_BYTES   (KEY_WORDS * sizeof(u32))

static struct spinlock lock = SPINLOCK_INIT(RANK_MEMORY);
static u32 key[KEY_WORDS] GUARDED_BY(lock);
static u64 counter GUARDED_BY(lock);
static bool seeded;

static u32 rotate(u32 x, u32 n)
{
	return x << n | x >> (32 - n);
}

static void quarter(u32 *x, u32 a, u32 b, u32 c, u32 d)
{
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 16);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 12);
	x[a] += x[b];
	x[d] = rotate(x[d] ^ x[a], 8);
	x[c] += x[d];
	x[b] = rotate(x[b] ^ x[c], 7);
}

static void block(u32 out[BLOCK_WORDS]) REQUIRES(&lock)
{
	u32 in[BLOCK_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };

	memcpy(in + 4, key, KEY_BYTES);
	in[12] = (u32)counter;
	in[13] = (u32)(counter >> 32);
	counter++;
	memcpy(out, in, BLOCK_BYTES);
	for (u32 round = 0; round < 10; round++) {
		quarter(out, 0, 4, 8, 12);
		quarter(out, 1, 5, 9, 13);
		quarter(out, 2, 6, 10, 14);
		quarter(out, 3, 7, 11, 15);
		quarter(out, 0, 5, 10, 15);
		quarter(out, 1, 6, 11, 12);
		quarter(out, 2, 7, 8, 13);
		quarter(out, 3, 4, 9, 14);
	}
	for (u32 i = 0; i < BLOCK_WORDS; i++)
		out[i] += in[i];
}

static void renew_key(void) REQUIRES(&lock)
{
	u32 out[BLOCK_WORDS];

	block(out);
	memcpy(key, out, KEY_BYTES);
	memset(out, 0, sizeof(out));
}

void random_add(const void *data, size_t bytes, bool entropy)
{
	const u8 *from = data;

	spin_lock(&lock);
	while (bytes > 0) {
		size_t n = MIN(bytes, KEY_BYTES);
		u8 part[KEY_BYTES] = { 0 };
		u32 words[KEY_WORDS];

		memcpy(part, from, n);
		memcpy(words, part, KEY_BYTES);
		for (u32 i = 0; i < KEY_WORDS; i++)
			key[i] ^= words[i];
		renew_key();
		from += n;
		bytes -= n;
	}
	if (entropy)
		seeded = true;
	spin_unlock(&lock);
}

void random_fill(void *to, size_t bytes)
{
	u8 *at = to;
	u32 out[BLOCK_WORDS];

	spin_lock(&lock);
	while (bytes > 0) {
		size_t n = MIN(bytes, BLOCK_BYTES - KEY_BYTES);

		block(out);
		memcpy(key, out, KEY_BYTES);
		memcpy(at, out + KEY_WORDS, n);
		at += n;
		bytes -= n;
	}
	memset(out, 0, sizeof(out));
	spin_unlock(&lock);
}

void random_start(const void *seed, size_t bytes)
{
	if (bytes >= SEED_BYTES)
		random_add(seed, bytes, true);
	random_add(boot_info.entropy, sizeof(boot_info.entropy), boot_info.has_entropy);
	memset(boot_info.entropy, 0, sizeof(boot_info.entropy));
	if (!seeded)
		log_warn("no source of random numbers (rng-seed in /chosen, or FEAT_RNG): guests' "
			 "seeds can be guessed, and they get no TRNG calls");
}

bool random_is_seeded(void)
{
	return seeded;
}
