/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string functions for freestanding builds. Copies go by 64-bit words where the
 * alignment of both sides allows it. No access is misaligned, because parts of the core run with
 * the MMU off.
 */
#include <mullion/string.h>

#if !__STDC_HOSTED__ || defined(STRING_UNDER_TEST)

/* Words that may alias any object. */
typedef u64 __attribute__((may_alias)) word_t;
#define WORD sizeof(word_t)

static bool both_aligned(const void *a, const void *b)
{
	return IS_ALIGNED((uintptr_t)a | (uintptr_t)b, WORD);
}

static bool alignable(const void *a, const void *b)
{
	return IS_ALIGNED((uintptr_t)a ^ (uintptr_t)b, WORD);
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	if (alignable(d, s)) {
		while (n > 0 && !both_aligned(d, s)) {
			*d++ = *s++;
			n--;
		}
		while (n >= WORD) {
			*(word_t *)(void *)d = *(const word_t *)(const void *)s;
			d += WORD;
			s += WORD;
			n -= WORD;
		}
	}
	while (n > 0) {
		*d++ = *s++;
		n--;
	}
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	u8 *d = to;
	const u8 *s = from;

	if ((uintptr_t)d - (uintptr_t)s >= n)
		return memcpy(to, from, n);
	/* @to lies inside what is still to be read: go from the end. */
	if (alignable(d, s)) {
		while (n > 0 && !both_aligned(d + n, s + n)) {
			n--;
			d[n] = s[n];
		}
		while (n >= WORD) {
			n -= WORD;
			*(word_t *)(void *)(d + n) = *(const word_t *)(const void *)(s + n);
		}
	}
	while (n > 0) {
		n--;
		d[n] = s[n];
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	u8 *d = to;
	word_t word = (u8)byte * UINT64_C(0x0101010101010101);

	while (n > 0 && !IS_ALIGNED((uintptr_t)d, WORD)) {
		*d++ = (u8)byte;
		n--;
	}
	while (n >= WORD) {
		*(word_t *)(void *)d = word;
		d += WORD;
		n -= WORD;
	}
	while (n > 0) {
		*d++ = (u8)byte;
		n--;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *p = a, *q = b;

	for (size_t i = 0; i < n; i++)
		if (p[i] != q[i])
			return p[i] < q[i] ? -1 : 1;
	return 0;
}

void *memchr(const void *s, int byte, size_t n)
{
	const u8 *p = s;

	for (size_t i = 0; i < n; i++)
		if (p[i] == (u8)byte)
			return (void *)(uintptr_t)(p + i);
	return NULL;
}

size_t strlen(const char *s)
{
	size_t n = 0;

	while (s[n] != '\0')
		n++;
	return n;
}

size_t strnlen(const char *s, size_t max)
{
	size_t n = 0;

	while (n < max && s[n] != '\0')
		n++;
	return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		u8 x = (u8)a[i], y = (u8)b[i];

		if (x != y)
			return x < y ? -1 : 1;
		if (x == 0)
			break;
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	for (; *a == *b; a++, b++)
		if (*a == '\0')
			return 0;
	return (u8)*a < (u8)*b ? -1 : 1;
}

char *strchr(const char *s, int c)
{
	for (;; s++) {
		if (*s == (char)c)
			return (char *)(uintptr_t)s;
		if (*s == '\0')
			return NULL;
	}
}

#endif

bool str_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size);
	bool fits = n < size;

	if (!fits)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = '\0';
	return fits;
}

bool str_append(char *to, size_t size, const char *from)
{
	size_t used = strnlen(to, size - 1);

	return str_copy(to + used, size - used, from);
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}
