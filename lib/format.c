/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatting for the log and for diagnostics. One pass, no buffer but the caller's. An unknown
 * conversion and the rest of the format are copied unchanged. So the mistake is visible, and no
 * later argument has a wrong type.
 */
#include <mullion/format.h>
#include <mullion/string.h>

struct out {
	char *buf;
	size_t size;   /* bytes of @buf */
	size_t length; /* of the whole text, whether it fits or not */
};

struct spec {
	bool left, zero, prefix;
	bool has_precision;
	unsigned int width, precision;
	enum { LENGTH_INT, LENGTH_LONG, LENGTH_LONG_LONG, LENGTH_SIZE } length;
};

#define WIDTH_MAX  256
#define DIGITS_MAX 20 /* of 2^64 in decimal */

static void format_put(struct out *out, char c)
{
	if (out->length + 1 < out->size)
		out->buf[out->length] = c;
	out->length++;
}

static void put_many(struct out *out, char c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		format_put(out, c);
}

static void put_text(struct out *out, const struct spec *spec, const char *text, size_t n)
{
	size_t pad = spec->width > n ? spec->width - n : 0;

	if (!spec->left)
		put_many(out, ' ', pad);
	for (size_t i = 0; i < n; i++)
		format_put(out, text[i]);
	if (spec->left)
		put_many(out, ' ', pad);
}

static void put_string(struct out *out, const struct spec *spec, const char *text)
{
	if (text == NULL)
		text = "(null)";
	put_text(out, spec, text,
		 spec->has_precision ? strnlen(text, spec->precision) : strlen(text));
}

/* A number with @prefix ("", "-" or "0x") in front of the zeros that fill it up. */
static void put_number(struct out *out, const struct spec *spec, u64 value, unsigned int base,
		       bool upper, const char *prefix)
{
	const char *digits = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char text[DIGITS_MAX];
	size_t n = 0, zeros = 0, prefix_len = strlen(prefix), total, pad;

	do {
		text[n++] = digits[value % base];
		value /= base;
	} while (value != 0);
	if (spec->has_precision)
		zeros = spec->precision > n ? spec->precision - n : 0;
	else if (spec->zero && !spec->left && spec->width > n + prefix_len)
		zeros = spec->width - n - prefix_len;
	total = prefix_len + zeros + n;
	pad = spec->width > total ? spec->width - total : 0;
	if (!spec->left)
		put_many(out, ' ', pad);
	for (size_t i = 0; i < prefix_len; i++)
		format_put(out, prefix[i]);
	put_many(out, '0', zeros);
	while (n > 0)
		format_put(out, text[--n]);
	if (spec->left)
		put_many(out, ' ', pad);
}

static void put_hex(struct out *out, const struct spec *spec, u64 value, bool upper)
{
	const char *prefix = upper ? "0X" : "0x";

	put_number(out, spec, value, 16, upper, spec->prefix && value != 0 ? prefix : "");
}

static unsigned int parse_number(const char **fmt)
{
	unsigned int n = 0;

	while (**fmt >= '0' && **fmt <= '9') {
		n = n * 10 + (unsigned int)(**fmt - '0');
		if (n > WIDTH_MAX)
			n = WIDTH_MAX;
		(*fmt)++;
	}
	return n;
}

/* A width or precision given as an argument. Negative: none. */
static unsigned int limit_number(int n)
{
	if (n < 0)
		return 0;
	return n > WIDTH_MAX ? WIDTH_MAX : (unsigned int)n;
}

static void parse_length(const char **fmt, struct spec *spec)
{
	if (**fmt == 'z') {
		spec->length = LENGTH_SIZE;
		(*fmt)++;
	} else if (**fmt == 'l') {
		spec->length = LENGTH_LONG;
		(*fmt)++;
		if (**fmt == 'l') {
			spec->length = LENGTH_LONG_LONG;
			(*fmt)++;
		}
	}
}

/* The argument list travels in a struct: a va_list may be an array and cannot be passed by address.
 */
struct args {
	va_list list;
};

static void parse_spec(const char **fmt, struct spec *spec, struct args *args)
{
	for (;; (*fmt)++) {
		if (**fmt == '-')
			spec->left = true;
		else if (**fmt == '0')
			spec->zero = true;
		else if (**fmt == '#')
			spec->prefix = true;
		else
			break;
	}
	if (**fmt == '*') {
		spec->width = limit_number(va_arg(args->list, int));
		(*fmt)++;
	} else {
		spec->width = parse_number(fmt);
	}
	if (**fmt == '.') {
		(*fmt)++;
		spec->has_precision = true;
		if (**fmt == '*') {
			spec->precision = limit_number(va_arg(args->list, int));
			(*fmt)++;
		} else {
			spec->precision = parse_number(fmt);
		}
	}
	parse_length(fmt, spec);
}

static u64 unsigned_arg(const struct spec *spec, struct args *args)
{
	switch (spec->length) {
	case LENGTH_LONG: return va_arg(args->list, unsigned long);
	case LENGTH_LONG_LONG: return va_arg(args->list, unsigned long long);
	case LENGTH_SIZE: return va_arg(args->list, size_t);
	default: return va_arg(args->list, unsigned int);
	}
}

static s64 signed_arg(const struct spec *spec, struct args *args)
{
	switch (spec->length) {
	case LENGTH_LONG: return va_arg(args->list, long);
	case LENGTH_LONG_LONG: return va_arg(args->list, long long);
	case LENGTH_SIZE: return va_arg(args->list, ptrdiff_t);
	default: return va_arg(args->list, int);
	}
}

/* One conversion; false if the character is none of the subset. */
static bool convert(struct out *out, char conversion, const struct spec *spec, struct args *args)
{
	s64 value;
	char c;

	switch (conversion) {
	case '%': format_put(out, '%'); return true;
	case 'c':
		c = (char)va_arg(args->list, int);
		put_text(out, spec, &c, 1);
		return true;
	case 's': put_string(out, spec, va_arg(args->list, const char *)); return true;
	case 'd':
	case 'i':
		value = signed_arg(spec, args);
		put_number(out, spec, value < 0 ? UINT64_C(0) - (u64)value : (u64)value, 10, false,
			   value < 0 ? "-" : "");
		return true;
	case 'u': put_number(out, spec, unsigned_arg(spec, args), 10, false, ""); return true;
	case 'x':
	case 'X': put_hex(out, spec, unsigned_arg(spec, args), conversion == 'X'); return true;
	case 'p': {
		struct spec pointer = { .left = spec->left, .width = spec->width };

		pointer.has_precision = true;
		pointer.precision = 16;
		put_number(out, &pointer, (uintptr_t)va_arg(args->list, void *), 16, false, "0x");
		return true;
	}
	default: return false;
	}
}

size_t format_va(char *buf, size_t size, const char *fmt, va_list list)
{
	struct out out = { .buf = buf, .size = size };
	struct args args;

	va_copy(args.list, list);
	while (*fmt != '\0') {
		struct spec spec = { 0 };
		const char *start = fmt;

		if (*fmt++ != '%') {
			format_put(&out, *start);
			continue;
		}
		parse_spec(&fmt, &spec, &args);
		if (*fmt != '\0' && convert(&out, *fmt, &spec, &args)) {
			fmt++;
			continue;
		}
		while (*start != '\0')
			format_put(&out, *start++);
		break;
	}
	va_end(args.list);
	if (size > 0)
		buf[MIN(out.length, size - 1)] = '\0';
	return out.length;
}

size_t format(char *buf, size_t size, const char *fmt, ...)
{
	va_list list;
	size_t length;

	va_start(list, fmt);
	length = format_va(buf, size, fmt, list);
	va_end(list);
	return length;
}

char *format_bytes(char *buf, size_t size, u64 bytes)
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned int unit = 0;

	while (unit + 1 < ARRAY_SIZE(units) && bytes != 0 && IS_ALIGNED(bytes, 1024)) {
		bytes >>= 10;
		unit++;
	}
	(void)format(buf, size, "%lu %s", bytes, unit == 0 && bytes == 1 ? "byte" : units[unit]);
	return buf;
}

char *format_time(char *buf, size_t size, u64 ns)
{
	static const char *const units[] = { "us", "ms", "s" };
	u64 thousandths = ns; /* of the unit */
	u32 unit = 0;

	for (; thousandths >= 1000000 && unit < ARRAY_SIZE(units) - 1; unit++)
		thousandths /= 1000;
	(void)format(buf, size, "%lu.%03lu %s", thousandths / 1000, thousandths % 1000,
		     units[unit]);
	return buf;
}
