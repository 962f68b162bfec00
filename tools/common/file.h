/* SPDX-License-Identifier: Apache-2.0 */
/* Files, programs and memory for the host programs. */
#ifndef TOOLS_FILE_H
#define TOOLS_FILE_H

#include <mullion/types.h>

/* A growing run of bytes. */
struct buffer {
	u8 *data;
	size_t used, size; /* bytes */
};

/** buffer_add(), buffer_fill() - append @bytes, or so many zeros. The program stops when memory is
 * used up. buffer_free() - release the bytes. */
void buffer_add(struct buffer *buffer, const void *data, size_t bytes);
void buffer_fill(struct buffer *buffer, size_t bytes);
void buffer_free(struct buffer *buffer);

/** xmalloc()/xstrdup()/xasprintf() - as malloc() and so on; the program stops when memory is used
 * up. */
void *xmalloc(size_t bytes);
char *xstrdup(const char *text);
char *xasprintf(const char *fmt, ...) __printf(1, 2);

/** complain() - "NAME: text" to standard error, NAME as tool_name says. */
void complain(const char *fmt, ...) __printf(1, 2);
extern const char *tool_name;

/** read_file() - all of @path appended to @out. Returns false with errno set. */
bool read_file(const char *path, struct buffer *out);
/** write_file() - @path gets @data whole or not at all. Returns false after a complaint. */
bool write_file(const char *path, const void *data, size_t bytes);

/** run_program() - run argv[0] with @input (may be NULL) as its standard input; its output is
 * appended to @out. Returns its exit status, or -1 after a complaint when it cannot be run. */
int run_program(const char *const *argv, const struct buffer *input, struct buffer *out);

/* Directories to look into, in order. */
struct search {
	const char **dirs;
	size_t count;
	/* Files in memory, before those of the directories. */
	struct search_part {
		char *name;
		struct buffer data;
	} * parts;
	size_t num_parts;
};

/** search_add() - @dir is searched behind the others; the name stays the caller's. */
void search_add(struct search *search, const char *dir);
/** search_add_part() - a copy of @bytes at @data is a file of that name; the first one counts. */
void search_add_part(struct search *search, const char *name, const void *data, size_t bytes);
/** search_part() - Returns the file in memory of that name, or NULL. */
const struct buffer *search_part(const struct search *search, const char *name);
/** search_free() - release the list and the files in memory. */
void search_free(struct search *search);
/** search_check() - Returns false after a complaint about a directory that cannot be read. */
bool search_check(const struct search *search);
/** search_has() - Returns true if the file @name can be read as it is, or in one of the
 * directories. */
bool search_has(const struct search *search, const char *name);

#endif
