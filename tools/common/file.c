/* SPDX-License-Identifier: Apache-2.0 */
/* Files, programs and memory for the host programs. They stop when memory is used up. */
#define _GNU_SOURCE /* pipe2(), mkostemp() */
#include "tools/common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *tool_name = "tool";

void complain(const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", tool_name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
}

void *xmalloc(size_t bytes)
{
	void *p = malloc(bytes == 0 ? 1 : bytes);

	if (p == NULL) {
		complain("out of memory");
		exit(2);
	}
	return p;
}

char *xstrdup(const char *text)
{
	size_t bytes = strlen(text) + 1;

	return memcpy(xmalloc(bytes), text, bytes);
}

char *xasprintf(const char *fmt, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, fmt);
	n = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = xmalloc((size_t)n + 1);
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)n + 1, fmt, args);
	va_end(args);
	return text;
}

static void reserve(struct buffer *buffer, size_t bytes)
{
	size_t size = MAX(buffer->size, 4096);
	u8 *data;

	while (size - buffer->used < bytes)
		size *= 2;
	if (size == buffer->size)
		return;
	data = xmalloc(size);
	if (buffer->used > 0)
		memcpy(data, buffer->data, buffer->used);
	free(buffer->data);
	buffer->data = data;
	buffer->size = size;
}

void buffer_add(struct buffer *buffer, const void *data, size_t bytes)
{
	reserve(buffer, bytes);
	if (bytes > 0)
		memcpy(buffer->data + buffer->used, data, bytes);
	buffer->used += bytes;
}

void buffer_fill(struct buffer *buffer, size_t bytes)
{
	reserve(buffer, bytes);
	memset(buffer->data + buffer->used, 0, bytes);
	buffer->used += bytes;
}

void buffer_free(struct buffer *buffer)
{
	free(buffer->data);
	*buffer = (struct buffer){ 0 };
}

static bool read_all(int fd, struct buffer *out)
{
	for (;;) {
		ssize_t n;

		reserve(out, 65536);
		n = read(fd, out->data + out->used, out->size - out->used);
		if (n == 0)
			return true;
		if (n > 0)
			out->used += (size_t)n;
		else if (errno != EINTR)
			return false;
	}
}

static bool write_all(int fd, const u8 *data, size_t bytes)
{
	while (bytes > 0) {
		ssize_t n = write(fd, data, bytes);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		bytes -= (size_t)n;
	}
	return true;
}

bool read_file(const char *path, struct buffer *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int saved;
	bool good;

	if (fd < 0)
		return false;
	good = read_all(fd, out);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return good;
}

/* A file beside @path of a name that no other process has, with the rights of a new file. */
static int open_temporary(char *temp)
{
	mode_t mask = umask(0);
	int fd = mkostemp(temp, O_CLOEXEC);

	(void)umask(mask);
	if (fd >= 0 && fchmod(fd, 0666 & ~mask) != 0) {
		(void)close(fd);
		(void)unlink(temp);
		fd = -1;
	}
	return fd;
}

bool write_file(const char *path, const void *data, size_t bytes)
{
	char *temp = xasprintf("%s.XXXXXX", path);
	int fd = open_temporary(temp);
	bool good = fd >= 0 && write_all(fd, data, bytes);

	if (fd >= 0)
		good = close(fd) == 0 && good;
	good = good && rename(temp, path) == 0;
	if (!good) {
		complain("cannot write %s: %s", path, strerror(errno));
		if (fd >= 0)
			(void)unlink(temp);
	}
	free(temp);
	return good;
}

/* The child's side: it reads and writes the two descriptors. */
static void become(const char *const *argv, int in, int out) __noreturn;

static void become(const char *const *argv, int in, int out)
{
	if (dup2(in, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		(void)execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Input goes through a file without a name: no pipe can fill up while the other end waits. */
static int input_file(const struct buffer *input)
{
	FILE *file;
	int fd;

	if (input == NULL)
		return open("/dev/null", O_RDONLY | O_CLOEXEC);
	file = tmpfile();
	if (file == NULL)
		return -1;
	fd = fcntl(fileno(file), F_DUPFD_CLOEXEC, 0);
	(void)fclose(file);
	if (fd >= 0 && (!write_all(fd, input->data, input->used) || lseek(fd, 0, SEEK_SET) != 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

int run_program(const char *const *argv, const struct buffer *input, struct buffer *out)
{
	int in = input_file(input), ends[2] = { -1, -1 };
	int status = -1;
	pid_t pid = -1;

	(void)fflush(NULL);
	if (in >= 0 && pipe2(ends, O_CLOEXEC) == 0)
		pid = fork();
	if (pid == 0)
		become(argv, in, ends[1]);
	if (in >= 0)
		(void)close(in);
	if (ends[1] >= 0)
		(void)close(ends[1]);
	if (pid > 0) {
		bool good = read_all(ends[0], out);

		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		status = good && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	}
	if (ends[0] >= 0)
		(void)close(ends[0]);
	if (status == -1 || status == 127) {
		complain("cannot run %s; scripts/setup installs it", argv[0]);
		return -1;
	}
	return status;
}

void search_add(struct search *search, const char *dir)
{
	const char **dirs = xmalloc((search->count + 1) * sizeof(*dirs));

	if (search->count > 0)
		memcpy(dirs, search->dirs, search->count * sizeof(*dirs));
	dirs[search->count++] = dir;
	free(search->dirs);
	search->dirs = dirs;
}

void search_add_part(struct search *search, const char *name, const void *data, size_t bytes)
{
	struct search_part *parts = xmalloc((search->num_parts + 1) * sizeof(*parts));

	if (search->num_parts > 0)
		memcpy(parts, search->parts, search->num_parts * sizeof(*parts));
	free(search->parts);
	search->parts = parts;
	parts[search->num_parts] = (struct search_part){ .name = xstrdup(name) };
	buffer_add(&parts[search->num_parts++].data, data, bytes);
}

const struct buffer *search_part(const struct search *search, const char *name)
{
	for (size_t i = 0; i < search->num_parts; i++)
		if (strcmp(search->parts[i].name, name) == 0)
			return &search->parts[i].data;
	return NULL;
}

void search_free(struct search *search)
{
	for (size_t i = 0; i < search->num_parts; i++) {
		free(search->parts[i].name);
		buffer_free(&search->parts[i].data);
	}
	free(search->parts);
	free(search->dirs);
	*search = (struct search){ 0 };
}

bool search_check(const struct search *search)
{
	for (size_t i = 0; i < search->count; i++) {
		int fd = open(search->dirs[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd < 0) {
			complain("cannot look into %s: %s", search->dirs[i], strerror(errno));
			return false;
		}
		(void)close(fd);
	}
	return true;
}

bool search_has(const struct search *search, const char *name)
{
	bool found = name[0] == '/' && access(name, R_OK) == 0;

	for (size_t i = 0; name[0] != '/' && !found && i < search->count; i++) {
		char *path = xasprintf("%s/%s", search->dirs[i], name);

		found = access(path, R_OK) == 0;
		free(path);
	}
	return found;
}
