/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core's checks on the developer's machine. Their messages get file and line, and are sorted by
 * place in the source.
 */
#include "tools/common/verify.h"

#include <stdlib.h>
#include <string.h>

#include "tools/common/bundle.h"
#include "tools/common/fit.h"

/* Of the core, without its bundle; a little more than it is. */
#define IMAGE_BYTES MIB(1)

#define PATH_BYTES 1024

struct message {
	const char *file;
	unsigned long line; /* 0: the whole file */
	size_t order;
	char *text;
};

struct sink {
	struct diag diag;
	const struct source *source;
	struct message *list;
	size_t count;
};

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct sink *sink = container_of(diag, struct sink, diag);
	const struct source_place *place = NULL;
	char path[PATH_BYTES];
	struct message *list = xmalloc((sink->count + 1) * sizeof(*list));

	if (node != FDT_NONE)
		place = source_find(sink->source,
				    fdt_path(&sink->source->tree, node, path, sizeof(path)),
				    property);
	if (sink->count > 0)
		memcpy(list, sink->list, sink->count * sizeof(*list));
	free(sink->list);
	sink->list = list;
	list[sink->count] = (struct message){
		.file = place == NULL ? sink->source->path : place->file,
		.line = place == NULL ? 0 : place->line,
		.order = sink->count,
		.text = xstrdup(text),
	};
	sink->count++;
}

static int compare_messages(const void *a, const void *b)
{
	const struct message *x = a, *y = b;
	int files = strcmp(x->file, y->file);

	if (files != 0)
		return files;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

static void print_messages(struct sink *sink, FILE *out)
{
	if (sink->count > 1)
		qsort(sink->list, sink->count, sizeof(*sink->list), compare_messages);
	for (size_t i = 0; i < sink->count; i++) {
		const struct message *message = &sink->list[i];

		if (message->line == 0)
			fprintf(out, "%s: %s\n", message->file, message->text);
		else
			fprintf(out, "%s:%lu: %s\n", message->file, message->line, message->text);
	}
}

static void free_messages(struct sink *sink)
{
	for (size_t i = 0; i < sink->count; i++)
		free(sink->list[i].text);
	free(sink->list);
	sink->list = NULL;
	sink->count = 0;
	sink->diag.errors = 0;
	sink->diag.warnings = 0;
}

int verify_host(const struct source *machine, const struct source *system, struct host *space,
		const struct host **host)
{
	const struct source *from = machine != NULL ? machine : system;
	enum err err = host_read(&from->tree, space);

	*host = NULL;
	if (err != OK) {
		complain("%s does not describe a machine: %s", from->path, err_name(err));
		return 2;
	}
	if (space->num_cpus > 0 && space->num_memory > 0) {
		*host = space;
		return 0;
	}
	if (machine == NULL)
		return 0;
	complain("%s does not describe a machine: it has no CPUs or no memory", from->path);
	return 2;
}

int verify_system(const struct verify *verify, struct buffer *bundle, struct system *system,
		  void **arena)
{
	struct sink sink = { .diag = { .report = report }, .source = verify->source };
	const struct fdt *tree = &verify->source->tree;
	size_t arena_bytes = config_arena_bytes(tree);
	enum err err = ERR_INVALID;
	int status = 0;

	*arena = xmalloc(arena_bytes);
	/* A second time with the names that are there, so that a missing one gets a better hint. */
	for (int hints = 0; hints < 2 && err == ERR_INVALID && status == 0; hints++) {
		free_messages(&sink);
		bundle->used = 0;
		if (verify->dirs != NULL)
			status = bundle_build(tree, &verify->source->dtb, verify->dirs, hints == 1,
					      bundle);
		if (status == 0)
			err = config_load(tree, verify->host,
					  verify->dirs != NULL ? bundle->data : NULL, bundle->used,
					  *arena, arena_bytes, system, &sink.diag);
	}
	if (status == 0 && err == OK && verify->host != NULL) {
		struct fit_core core = {
			.image_bytes = IMAGE_BYTES + bundle->used + arena_bytes,
			.heap_bytes = system->heap_bytes +
				      (u64)verify->host->num_cpus * HEAP_PAGES_PER_CPU * PAGE_SIZE,
		};

		err = fit_check(system, verify->host, &core, &sink.diag) ? OK : ERR_INVALID;
	}
	print_messages(&sink, verify->out);
	free_messages(&sink);
	if (status == 0 && err != OK && err != ERR_INVALID) {
		complain("the checks failed: %s", err_name(err));
		status = 2;
	}
	if (status == 0)
		status = err == OK ? 0 : 1;
	return status;
}
