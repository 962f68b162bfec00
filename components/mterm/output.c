/* SPDX-License-Identifier: Apache-2.0 */
/* All output goes through one small buffer, so that a line is one write. */
#include "components/mterm/output.h"

#include "components/mterm/port.h"
#include <mullion/format.h>
#include <mullion/string.h>

static char buffer[1024];
static size_t used;
static bool stopped;
static bool comma; /* JSON: a value stands before what comes next */

void out_flush(void)
{
	if (used != 0 && !stopped && !port_write(buffer, used))
		stopped = true;
	used = 0;
}

void out_begin(void)
{
	out_flush();
	stopped = false;
}

bool out_stopped(void)
{
	return stopped;
}

static void buffer_byte(char c)
{
	if (used == sizeof(buffer))
		out_flush();
	buffer[used++] = c;
}

void out_char(char c)
{
	if (c == '\n')
		buffer_byte('\r');
	buffer_byte(c);
}

void out_text(const char *text)
{
	while (*text != '\0')
		out_char(*text++);
}

void out_format_va(const char *fmt, va_list list)
{
	char text[OUT_FORMAT_MAX];

	(void)format_va(text, sizeof(text), fmt, list);
	out_text(text);
}

void out_format(const char *fmt, ...)
{
	va_list list;

	va_start(list, fmt);
	out_format_va(fmt, list);
	va_end(list);
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

void out_foreign(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '\n' || is_printable(c))
			out_char(c);
		else if (c == '\t')
			out_char(' ');
		else if (c != '\r')
			out_char('?');
	}
}

/* --- JSON (RFC 8259) -------------------------------------------------------------------------- */

static void begin_value(void)
{
	if (comma)
		buffer_byte(',');
	comma = true;
}

void json_begin(void)
{
	comma = false;
}

void json_open(char bracket)
{
	begin_value();
	buffer_byte(bracket);
	comma = false;
}

void json_close(char bracket)
{
	buffer_byte(bracket);
	comma = true;
}

void json_key(const char *key)
{
	json_text(key);
	buffer_byte(':');
	comma = false;
}

void json_string_begin(void)
{
	begin_value();
	buffer_byte('"');
}

/* Bytes above ASCII are taken for Latin-1, so that the line is valid for all bytes. */
void json_string_more(const char *text, size_t n)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < n; i++) {
		u8 c = (u8)text[i];

		if (c == '"' || c == '\\') {
			buffer_byte('\\');
			buffer_byte((char)c);
		} else if (is_printable((char)c)) {
			buffer_byte((char)c);
		} else {
			out_text("\\u00");
			buffer_byte(digits[c >> 4]);
			buffer_byte(digits[c & 15]);
		}
	}
}

void json_string_end(void)
{
	buffer_byte('"');
}

void json_text(const char *text)
{
	json_string_begin();
	json_string_more(text, strlen(text));
	json_string_end();
}

void json_number(u64 value)
{
	begin_value();
	out_format("%llu", (unsigned long long)value);
}

void json_bool(bool value)
{
	begin_value();
	out_text(value ? "true" : "false");
}

void json_end(void)
{
	out_char('\n');
}
