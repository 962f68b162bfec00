/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of FIT images: see hash.h. */
#include "tools/common/hash.h"

#include <md5.h>
#include <sha1.h>
#include <sha2.h>
#include <string.h>
#include <zlib.h>

static size_t make_crc32(const void *data, size_t bytes, u8 *out)
{
	u32 crc = (u32)crc32_z(crc32_z(0, NULL, 0), data, bytes);

	for (u32 i = 0; i < sizeof(crc); i++)
		out[i] = (u8)(crc >> (24 - 8 * i));
	return sizeof(crc);
}

static size_t make_md5(const void *data, size_t bytes, u8 *out)
{
	MD5_CTX context;

	MD5Init(&context);
	MD5Update(&context, data, bytes);
	MD5Final(out, &context);
	return MD5_DIGEST_LENGTH;
}

static size_t make_sha1(const void *data, size_t bytes, u8 *out)
{
	SHA1_CTX context;

	SHA1Init(&context);
	SHA1Update(&context, data, bytes);
	SHA1Final(out, &context);
	return SHA1_DIGEST_LENGTH;
}

static size_t make_sha256(const void *data, size_t bytes, u8 *out)
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, data, bytes);
	SHA256Final(out, &context);
	return SHA256_DIGEST_LENGTH;
}

size_t hash_make(const char *name, const void *data, size_t bytes, u8 out[HASH_MAX])
{
	static const struct {
		const char *name;
		size_t (*make)(const void *data, size_t bytes, u8 *out);
	} hashes[] = {
		{ "crc32", make_crc32 },
		{ "md5", make_md5 },
		{ "sha1", make_sha1 },
		{ "sha256", make_sha256 },
	};

	for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
		if (strcmp(name, hashes[i].name) == 0)
			return hashes[i].make(data, bytes, out);
	return 0;
}
