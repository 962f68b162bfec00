/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DTS text goes through cpp, which leaves line marks, and through dtc twice. The first run gives a
 * blob. The second gives text with the file and line of each node and property: the map for
 * messages.
 */
#include "tools/common/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/common/hint.h"

#define PARENTS_MAX 16 /* directories upwards in which include/dt-bindings is looked for */
#define PATH_BYTES  1024
#define BINDINGS    "include/dt-bindings/mullion.h"
#define MICROKIT    "tools/from-microkit"
#define ARGS_MAX    96

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *dir;

	if (slash == NULL)
		return xstrdup(".");
	if (slash == path)
		return xstrdup("/");
	dir = xstrdup(path);
	dir[slash - path] = '\0';
	return dir;
}

/* Returns the closest directory above @dir, or @dir, that has @file; NULL if there is none. */
static char *find_above(const char *dir, const char *file)
{
	char *up = xstrdup(dir);

	for (int i = 0; i < PARENTS_MAX; i++) {
		char *path = xasprintf("%s/%s", up, file);
		bool there = access(path, R_OK) == 0;
		char *next;

		free(path);
		if (there)
			return up;
		next = xasprintf("%s/..", up);
		free(up);
		up = next;
	}
	free(up);
	return NULL;
}

struct args {
	const char *argv[ARGS_MAX];
	size_t count;
};

static void add_arg(struct args *args, const char *arg)
{
	if (args->count + 1 < ARGS_MAX)
		args->argv[args->count++] = arg;
}

static void add_dirs(struct args *args, const char *option, const char *own,
		     const struct search *search)
{
	add_arg(args, option);
	add_arg(args, own);
	for (size_t i = 0; search != NULL && i < search->count; i++) {
		add_arg(args, option);
		add_arg(args, search->dirs[i]);
	}
}

/* The same for the checkout that the tool was built from: it lies in there, or in its O=, which has
 * copies. */
static char *find_own(const char *file)
{
	char self[PATH_BYTES], *dir, *found;
	ssize_t bytes = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (bytes < 0)
		return NULL;
	self[bytes] = '\0';
	dir = directory_of(self);
	found = find_above(dir, file);
	free(dir);
	return found;
}

/* @input: the text instead of that of the file @path, or NULL. */
static int preprocess(const char *path, const struct buffer *input, const char *dir,
		      const struct search *search, struct buffer *text)
{
	struct args args = { .count = 0 };
	char *top = find_above(dir, BINDINGS), *bindings = NULL;
	int status;

	if (top == NULL)
		top = find_own(BINDINGS);
	if (top != NULL)
		bindings = xasprintf("%s/include", top);
	free(top);
	add_arg(&args, "cpp");
	add_arg(&args, "-nostdinc");
	add_arg(&args, "-undef");
	add_arg(&args, "-D__DTS__");
	add_arg(&args, "-x");
	add_arg(&args, "assembler-with-cpp");
	add_dirs(&args, "-I", dir, search);
	if (bindings != NULL) {
		add_arg(&args, "-I");
		add_arg(&args, bindings);
	}
	add_arg(&args, input == NULL ? path : "-");
	status = run_program(args.argv, input, text);
	free(bindings);
	return status < 0 ? 2 : status == 0 ? 0 : 1;
}

static int compile(const char *format, bool annotate, const char *dir, const struct search *search,
		   const struct buffer *text, struct buffer *out)
{
	struct args args = { .count = 0 };
	int status;

	add_arg(&args, "dtc");
	add_arg(&args, "-q"); /* its warnings are about other bindings */
	add_arg(&args, "-I");
	add_arg(&args, "dts");
	add_arg(&args, "-O");
	add_arg(&args, format);
	if (annotate) {
		add_arg(&args, "--annotate"); /* twice: with full names and columns */
		add_arg(&args, "--annotate");
	}
	add_dirs(&args, "-i", dir, search);
	add_arg(&args, "-");
	status = run_program(args.argv, text, out);
	return status < 0 ? 2 : status == 0 ? 0 : 1;
}

static void add_place(struct source *source, const char *node, const char *property,
		      const char *file, unsigned long line)
{
	struct source_place *place;

	/* The array doubles whenever its length is a power of two. */
	if ((source->num_places & (source->num_places - 1)) == 0) {
		size_t size = MAX(source->num_places * 2, 1);
		struct source_place *places = xmalloc(size * sizeof(*places));

		if (source->num_places > 0)
			memcpy(places, source->places, source->num_places * sizeof(*places));
		free(source->places);
		source->places = places;
	}
	place = &source->places[source->num_places++];
	*place = (struct source_place){
		.node = xstrdup(node),
		.property = property == NULL ? NULL : xstrdup(property),
		.file = xstrdup(file),
		.line = line,
	};
}

/* Cut ":123" off the end of @text; 0 if there is none. */
static unsigned long cut_number(char *text)
{
	char *colon = strrchr(text, ':'), *end;
	unsigned long number;

	if (colon == NULL)
		return 0;
	number = strtoul(colon + 1, &end, 10);
	if (end == colon + 1 || *end != '\0')
		return 0;
	*colon = '\0';
	return number;
}

/* Behind a node stand all places that wrote to it, the last one last, each as FILE:LINE:COLUMN and
 * -LINE:COLUMN of its end: "a.dtsi:3:2-9:4, b.dts:7:2-8:4". */
static void record(struct source *source, const char *node, const char *property,
		   const char *comment)
{
	const char *last = comment, *comma, *dash;
	unsigned long line;
	char *place;

	while ((comma = strstr(last, ", ")) != NULL)
		last = comma + 2;
	dash = strrchr(last, '-');
	if (dash != NULL && dash[strspn(dash, "-0123456789:")] != '\0')
		dash = NULL;
	place = xasprintf("%.*s", (int)(dash == NULL ? strlen(last) : (size_t)(dash - last)), last);
	(void)cut_number(place);
	line = cut_number(place);
	if (line != 0)
		add_place(source, node, property, place, line);
	free(place);
}

/* The last word of @line before its '{', '=' or ';': the name behind any labels. */
static char *last_word(char *line)
{
	char *end = line + strlen(line), *word;

	while (end > line && (end[-1] == ' ' || end[-1] == ';' || end[-1] == '{'))
		end--;
	*end = '\0';
	word = strrchr(line, ' ');
	return word == NULL ? line : word + 1;
}

/* One line of annotated DTS, its comment cut off. @path: of the node it stands in; follows the
 * braces. */
static void map_line(struct source *source, char *line, const char *comment, char *path)
{
	size_t len = strlen(line), path_len = strlen(path);
	char *equals;

	if (len == 0 || line[0] == '/' || line[0] == '}') {
		char *slash = strrchr(path, '/');

		if (len > 0 && line[0] == '}' && slash != NULL)
			*slash = '\0';
		else if (strncmp(line, "/ {", 3) == 0 && comment != NULL)
			record(source, "/", NULL, comment);
		return;
	}
	if (line[len - 1] == '{') {
		(void)snprintf(path + path_len, PATH_BYTES - path_len, "/%s", last_word(line));
		if (comment != NULL)
			record(source, path, NULL, comment);
		return;
	}
	equals = strstr(line, " = ");
	if (equals != NULL)
		*equals = '\0';
	if (comment != NULL)
		record(source, path[0] == '\0' ? "/" : path, last_word(line), comment);
}

static void map_text(struct source *source, char *text)
{
	char path[PATH_BYTES] = "";
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL) {
		size_t len;
		char *comment = NULL;

		line += strspn(line, "\t ");
		len = strlen(line);
		if (len > 3 && strcmp(line + len - 3, " */") == 0) {
			line[len - 3] = '\0';
			for (char *p = line; (p = strstr(p, " /* ")) != NULL; p += 4)
				comment = p;
			if (comment != NULL) {
				*comment = '\0';
				comment += 4;
			}
		}
		map_line(source, line, comment, path);
	}
}

static void hint_at_refused(const char *path, const char *dir, const struct search *search,
			    const struct buffer *text)
{
	struct search all = { 0 };

	search_add(&all, dir);
	for (size_t i = 0; search != NULL && i < search->count; i++)
		search_add(&all, search->dirs[i]);
	hint_at_syntax(path, text, &all);
	free(all.dirs);
}

static bool is_microkit(const char *path)
{
	size_t len = strlen(path), suffix = strlen(".system");

	return len > suffix && strcmp(path + len - suffix, ".system") == 0;
}

/* DTS text with marks of the lines that it was made from. */
static int translate(const char *path, const char *machine, struct buffer *text)
{
	char *top = find_own(MICROKIT), *program;
	struct args args = { .count = 0 };
	int status;

	if (top == NULL) {
		complain("%s: " MICROKIT " is not found above this program", path);
		return 2;
	}
	program = xasprintf("%s/" MICROKIT, top);
	free(top);
	add_arg(&args, program);
	add_arg(&args, "--marks");
	if (machine != NULL) {
		add_arg(&args, "--host");
		add_arg(&args, machine);
	}
	add_arg(&args, "--");
	add_arg(&args, path);
	status = run_program(args.argv, NULL, text);
	free(program);
	return status < 0 ? 2 : status;
}

/* The text for dtc, of a DTS file or a Microkit system. */
static int read_text(const char *path, const char *dir, const struct search *search,
		     const char *machine, struct buffer *text)
{
	struct buffer input = { 0 };
	bool microkit = is_microkit(path);
	int status = microkit ? translate(path, machine, &input) : 0;

	if (status == 0) {
		status = preprocess(path, microkit ? &input : NULL, dir, search, text);
		if (status == 1)
			complain("%s: cannot be preprocessed (see above); -I DIR names a directory "
				 "of included files",
				 path);
	}
	buffer_free(&input);
	return status;
}

static int load_text(struct source *source, const char *path, const struct search *search,
		     const char *machine)
{
	struct buffer text = { 0 }, annotated = { 0 };
	char *dir = directory_of(path);
	int status = read_text(path, dir, search, machine, &text);

	if (status == 0) {
		status = compile("dtb", false, dir, search, &text, &source->dtb);
		if (status == 1)
			hint_at_refused(path, dir, search, &text);
	}
	if (status == 0)
		status = compile("dts", true, dir, search, &text, &annotated);
	if (status == 0) {
		buffer_fill(&annotated, 1);
		map_text(source, (char *)annotated.data);
	}
	buffer_free(&annotated);
	buffer_free(&text);
	free(dir);
	return status;
}

int source_load(struct source *source, const char *path, const struct search *search,
		const char *machine)
{
	static const u8 magic[4] = { 0xd0, 0x0d, 0xfe, 0xed };
	enum err err;
	int status;

	*source = (struct source){ .path = xstrdup(path) };
	if (!read_file(path, &source->dtb)) {
		complain("cannot read %s: %s", path, strerror(errno));
		return 2;
	}
	if (source->dtb.used < 4 || memcmp(source->dtb.data, magic, 4) != 0) {
		buffer_free(&source->dtb);
		status = load_text(source, path, search, machine);
		if (status != 0)
			return status;
	}
	err = fdt_open(&source->tree, source->dtb.data, source->dtb.used);
	if (err != OK) {
		complain("%s is no sound device tree: %s", path, err_name(err));
		return 1;
	}
	return 0;
}

void source_free(struct source *source)
{
	for (size_t i = 0; i < source->num_places; i++) {
		free(source->places[i].node);
		free(source->places[i].property);
		free(source->places[i].file);
	}
	free(source->places);
	buffer_free(&source->dtb);
	free(source->path);
	*source = (struct source){ 0 };
}

const struct source_place *source_find(const struct source *source, const char *node,
				       const char *property)
{
	const struct source_place *of_node = NULL;

	for (size_t i = 0; i < source->num_places; i++) {
		const struct source_place *place = &source->places[i];

		if (strcmp(place->node, node) != 0)
			continue;
		if (place->property == NULL)
			of_node = place;
		else if (property != NULL && strcmp(place->property, property) == 0)
			return place;
	}
	return of_node;
}
