/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of FIT images: see hash.h. All but CRC-32 have blocks of 64 bytes. */
#include "tools/common/hash.h"

#include <string.h>
#include <zlib.h>

#define BLOCK 64u
#define WORDS 8

struct state {
	u32 words[WORDS];
	void (*block)(u32 *words, const u8 *data);
	bool big_endian;
};

static u32 rotate(u32 value, u32 bits)
{
	return value << bits | value >> (32 - bits);
}

static u32 get_big(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u32 get_little(const u8 *p)
{
	return (u32)p[3] << 24 | (u32)p[2] << 16 | (u32)p[1] << 8 | p[0];
}

static void put(u8 *p, u32 value, bool big_endian)
{
	for (u32 i = 0; i < 4; i++)
		p[i] = (u8)(value >> (big_endian ? 24 - 8 * i : 8 * i));
}

/* The sines of RFC 1321 §3.4, 2^32 |sin i|. */
static const u32 sines[64] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613,
	0xfd469501, 0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193,
	0xa679438e, 0x49b40821, 0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d,
	0x02441453, 0xd8a1e681, 0xe7d3fbc8, 0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed,
	0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a, 0xfffa3942, 0x8771f681, 0x6d9d6122,
	0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70, 0x289b7ec6, 0xeaa127fa,
	0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665, 0xf4292244,
	0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb,
	0xeb86d391,
};

static void md5_block(u32 *words, const u8 *data)
{
	static const u8 shifts[4][4] = {
		{ 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 }
	};
	u32 a = words[0], b = words[1], c = words[2], d = words[3];

	for (u32 i = 0; i < 64; i++) {
		u32 f, word, sum;

		switch (i / 16) {
		case 0: f = (b & c) | (~b & d), word = i; break;
		case 1: f = (d & b) | (~d & c), word = (5 * i + 1) % 16; break;
		case 2: f = b ^ c ^ d, word = (3 * i + 5) % 16; break;
		default: f = c ^ (b | ~d), word = 7 * i % 16; break;
		}
		sum = a + f + sines[i] + get_little(data + 4 * (size_t)word);
		a = d;
		d = c;
		c = b;
		b += rotate(sum, shifts[i / 16][i % 4]);
	}
	words[0] += a;
	words[1] += b;
	words[2] += c;
	words[3] += d;
}

static void sha1_block(u32 *words, const u8 *data)
{
	static const u32 constants[4] = { 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6 };
	u32 a = words[0], b = words[1], c = words[2], d = words[3], e = words[4], w[80] = { 0 };

	for (u32 i = 0; i < 80; i++) {
		u32 f, sum;

		w[i] = i < 16 ? get_big(data + 4 * (size_t)i)
			      : rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
		switch (i / 20) {
		case 0: f = (b & c) | (~b & d); break;
		case 2: f = (b & c) | (b & d) | (c & d); break;
		default: f = b ^ c ^ d; break;
		}
		sum = rotate(a, 5) + f + e + constants[i / 20] + w[i];
		e = d;
		d = c;
		c = rotate(b, 30);
		b = a;
		a = sum;
	}
	words[0] += a;
	words[1] += b;
	words[2] += c;
	words[3] += d;
	words[4] += e;
}

/* FIPS 180-4 §4.2.2. */
static const u32 roots[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2,
};

static void sha256_block(u32 *words, const u8 *data)
{
	u32 v[WORDS], w[64];

	memcpy(v, words, sizeof(v));
	for (u32 i = 0; i < 64; i++) {
		u32 first, second;

		if (i < 16) {
			w[i] = get_big(data + 4 * (size_t)i);
		} else {
			u32 x = w[i - 15], y = w[i - 2];

			w[i] = w[i - 16] + w[i - 7] + (rotate(x, 25) ^ rotate(x, 14) ^ x >> 3) +
			       (rotate(y, 15) ^ rotate(y, 13) ^ y >> 10);
		}
		first = v[7] + (rotate(v[4], 26) ^ rotate(v[4], 21) ^ rotate(v[4], 7)) +
			((v[4] & v[5]) ^ (~v[4] & v[6])) + roots[i] + w[i];
		second = (rotate(v[0], 30) ^ rotate(v[0], 19) ^ rotate(v[0], 10)) +
			 ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
		memmove(v + 1, v, 7 * sizeof(*v));
		v[4] += first;
		v[0] = first + second;
	}
	for (u32 i = 0; i < WORDS; i++)
		words[i] += v[i];
}

/* The rest of the data, a bit, zeroes, and the length in bits at the end of a block. */
static void digest(struct state *state, const u8 *data, size_t bytes, u8 *out, size_t num_words)
{
	u8 last[2 * BLOCK] = { 0 };
	size_t rest = bytes % BLOCK, blocks = rest < BLOCK - 8 ? 1 : 2;
	u8 *length = last + blocks * BLOCK - 8;
	u64 bits = (u64)bytes * 8;

	for (size_t at = 0; at + BLOCK <= bytes; at += BLOCK)
		state->block(state->words, data + at);
	if (rest != 0)
		memcpy(last, data + bytes - rest, rest);
	last[rest] = 0x80;
	put(length, (u32)(state->big_endian ? bits >> 32 : bits), state->big_endian);
	put(length + 4, (u32)(state->big_endian ? bits : bits >> 32), state->big_endian);
	for (size_t i = 0; i < blocks; i++)
		state->block(state->words, last + i * BLOCK);
	for (size_t i = 0; i < num_words; i++)
		put(out + 4 * i, state->words[i], state->big_endian);
}

size_t hash_make(const char *name, const void *data, size_t bytes, u8 out[HASH_MAX])
{
	struct state md5 = { { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 }, md5_block, false };
	struct state sha1 = { { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 },
			      sha1_block,
			      true };
	struct state sha256 = { { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
				  0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
				sha256_block,
				true };

	if (strcmp(name, "crc32") == 0) {
		put(out, (u32)crc32_z(crc32_z(0, NULL, 0), data, bytes), true);
		return 4;
	}
	if (strcmp(name, "md5") == 0) {
		digest(&md5, data, bytes, out, 4);
		return 16;
	}
	if (strcmp(name, "sha1") == 0) {
		digest(&sha1, data, bytes, out, 5);
		return 20;
	}
	if (strcmp(name, "sha256") == 0) {
		digest(&sha256, data, bytes, out, 8);
		return 32;
	}
	return 0;
}
