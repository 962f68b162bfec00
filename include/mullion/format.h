/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text formatting, bounded by the caller's buffer. A subset of printf (C17 §7.21.6.1). Conversions
 * are s c d i u x X p %, lengths l ll z, flags '-', '0' and '#' (x alone), width and precision
 * (number or '*'). Precision cuts strings and sets the least digits of integers. %p prints 0x and
 * 16 digits. At any other conversion the rest of the format is copied. Any context, no locks.
 */
#ifndef MULLION_FORMAT_H
#define MULLION_FORMAT_H

#include <mullion/types.h>
#include <stdarg.h>

/** format() - write text to @buf (@size bytes), with a NUL at the end unless @size is 0. Returns
 * the length of the whole text without NUL; the text was cut if that is @size or more. */
size_t format(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);
/** format_va() - the same with a va_list. */
size_t format_va(char *buf, size_t size, const char *fmt, va_list list) __printf(3, 0);

#define FORMAT_BYTES_MAX 32 /* enough for any format_bytes() text */

/** format_bytes() - write a size in the largest unit that keeps it whole: "256 MiB", "4097 bytes".
 * Returns @buf. */
char *format_bytes(char *buf, size_t size, u64 bytes);

#define FORMAT_TIME_MAX 24 /* enough for any format_time() text */

/** format_time() - write @ns nanoseconds with three decimals, in the largest unit of which there is
 * at least one: "41.072 us", "10.000 ms", "4.000 s". Returns @buf. */
char *format_time(char *buf, size_t size, u64 ns);

#endif
