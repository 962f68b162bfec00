/* SPDX-License-Identifier: Apache-2.0 */
/* The terminal's output: text for people, JSON for programs. A newline is sent as CR LF. */
#ifndef MTERM_OUTPUT_H
#define MTERM_OUTPUT_H

#include <mullion/types.h>
#include <stdarg.h>

/** out_begin() - a new command prints from here on: an end of output by the user is over. */
void out_begin(void);
/** out_flush() - all printed so far goes to the console. */
void out_flush(void);
/** out_stopped() - the user wants no more of this output: long loops end. */
bool out_stopped(void);

/** out_char() - print one byte of the terminal's own; a newline as CR LF. */
void out_char(char c);
/** out_text() - text of the terminal's own. */
void out_text(const char *text);
/** out_format(), out_format_va() - as format(); at most OUT_FORMAT_MAX - 1 bytes. */
#define OUT_FORMAT_MAX 512u
void out_format(const char *fmt, ...) __printf(1, 2);
void out_format_va(const char *fmt, va_list list) __printf(1, 0);
/** out_foreign() - print @n bytes of foreign text. Line ends and printable ASCII stay, a tab
 * becomes a blank, any other byte '?': the text cannot control the user's terminal. */
void out_foreign(const char *text, size_t n);

/** json_begin() - a line of JSON, with nothing open; json_end() - its end. Between them json_open()
 * and json_close() - a bracket; json_key(), json_text(), json_number(), json_bool() - a key or a
 * value. Commas come by themselves. */
void json_begin(void);
void json_open(char bracket);
void json_close(char bracket);
void json_key(const char *key);
void json_text(const char *text);
void json_number(u64 value);
void json_bool(bool value);
/** A string in pieces: json_string_begin(), any number of json_string_more(), json_string_end(). */
void json_string_begin(void);
void json_string_more(const char *text, size_t n);
void json_string_end(void);
void json_end(void);

#endif
