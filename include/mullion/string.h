/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and string functions for the freestanding core: the compiler itself calls memcpy, memset,
 * memmove and memcmp. A host build takes the C library's instead (the sanitizers watch those); only
 * the str_* functions of this file are the same in both. Any context, no locks.
 */
#ifndef MULLION_STRING_H
#define MULLION_STRING_H

#include <mullion/types.h>

#if __STDC_HOSTED__
#include <string.h>
#else
/** memcpy(), memmove(), memset(), memcmp(), memchr(), strlen(), strnlen(), strcmp(), strncmp(),
 * strchr() - as in C17 §7.24 and POSIX. */
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memchr(const void *s, int byte, size_t n);
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
#endif

/** str_equal() - return true if the two strings are the same. */
static inline bool str_equal(const char *a, const char *b)
{
	return *a == *b && strcmp(a, b) == 0;
}

/** str_copy() - copy @from into @to (@size bytes, > 0), always with a NUL at the
 * end. Returns false if the text was cut. */
bool str_copy(char *to, size_t size, const char *from);

/** str_append() - append @from to the string in @to. Returns false if the text was cut. */
bool str_append(char *to, size_t size, const char *from);

/** str_has_prefix() - return true if @s begins with @prefix. */
bool str_has_prefix(const char *s, const char *prefix);

#endif
