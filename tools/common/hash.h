/* SPDX-License-Identifier: Apache-2.0 */
/* The hashes of FIT images. */
#ifndef TOOLS_HASH_H
#define TOOLS_HASH_H

#include <mullion/types.h>

#define HASH_MAX 32 /* bytes of the longest */

/** hash_make() - the hash of @bytes at @data, big-endian as FIT images have it. @name: "crc32",
 * "md5" (RFC 1321), "sha1" (RFC 3174) or "sha256" (FIPS 180-4). Returns its bytes in @out, 0 if the
 * name is another. */
size_t hash_make(const char *name, const void *data, size_t bytes, u8 out[HASH_MAX]);

#endif
