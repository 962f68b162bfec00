/* SPDX-License-Identifier: Apache-2.0 */
/* FIT images: see fit_image.h. The file is foreign; libfdt checks its form, and each number is
 * checked here. A function returns NULL, or the text of a failure. */
#include "tools/common/fit_image.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/file.h"
#include "tools/common/hash.h"

#define AGAIN "build or fetch it again"

struct fit {
	const u8 *data;
	size_t size;
	int images;
};

/* A string property, or NULL. */
static const char *get_text(const struct fit *fit, int node, const char *name)
{
	int bytes;
	const char *text = fdt_getprop(fit->data, node, name, &bytes);

	return text != NULL && bytes > 0 && memchr(text, 0, (size_t)bytes) == text + bytes - 1
		       ? text
		       : NULL;
}

/* A number of one cell or two. Returns false if there is none. */
static bool get_number(const struct fit *fit, int node, const char *name, u64 *value)
{
	int bytes;
	const u8 *cells = fdt_getprop(fit->data, node, name, &bytes);

	if (cells == NULL || (bytes != 4 && bytes != 8))
		return false;
	*value = 0;
	for (int i = 0; i < bytes; i++)
		*value = *value << 8 | cells[i];
	return true;
}

/* Bytes in the tree, behind it (data-offset), or at a place of the file (data-position). */
static char *find_data(const struct fit *fit, int node, const char *name, struct fit_part *part)
{
	u64 at, bytes, behind = (fdt_totalsize(fit->data) + 3u) & ~3u;
	int size;

	part->data = fdt_getprop(fit->data, node, "data", &size);
	part->bytes = (size_t)size;
	if (part->data != NULL)
		return size > 0 ? NULL : xasprintf("has no bytes in /images/%s; " AGAIN, name);
	if (get_number(fit, node, "data-offset", &at))
		at = at <= fit->size ? at + behind : fit->size;
	else if (!get_number(fit, node, "data-position", &at))
		return xasprintf("has no data in /images/%s; " AGAIN, name);
	if (!get_number(fit, node, "data-size", &bytes) || bytes == 0)
		return xasprintf("has no data-size in /images/%s; " AGAIN, name);
	if (at > fit->size || bytes > fit->size - at)
		return xasprintf("is cut short: the data of /images/%s end behind the file; " AGAIN,
				 name);
	part->data = fit->data + at;
	part->bytes = bytes;
	return NULL;
}

static char *check_hash(const struct fit *fit, int node, const char *name,
			const struct fit_part *part)
{
	const char *algo = get_text(fit, node, "algo"), *hash = fdt_get_name(fit->data, node, NULL);
	u8 expected[HASH_MAX];
	const void *value;
	size_t bytes;
	int size;

	bytes = algo == NULL ? 0 : hash_make(algo, part->data, part->bytes, expected);
	if (bytes == 0)
		return xasprintf("has an unknown hash in /images/%s/%s; make it with crc32, md5, "
				 "sha1 or sha256",
				 name, hash);
	value = fdt_getprop(fit->data, node, "value", &size);
	if (value == NULL || (size_t)size != bytes || memcmp(value, expected, bytes) != 0)
		return xasprintf(
			"is damaged: the %s of /images/%s/%s is that of other data; " AGAIN, algo,
			name, hash);
	return NULL;
}

static char *check_hashes(const struct fit *fit, int node, const char *name,
			  const struct fit_part *part)
{
	int child;

	fdt_for_each_subnode(child, fit->data, node)
	{
		char *why = NULL;

		if (strncmp(fdt_get_name(fit->data, child, NULL), "hash", 4) == 0)
			why = check_hash(fit, child, name, part);
		if (why != NULL)
			return why;
	}
	return NULL;
}

static char *check_kind(const struct fit *fit, int node, const char *name, const char *type,
			struct fit_part *part)
{
	const char *got = get_text(fit, node, "type"), *arch = get_text(fit, node, "arch");
	const char *compression = get_text(fit, node, "compression");
	bool kernel = strcmp(type, "kernel") == 0;

	if (got == NULL ||
	    (strcmp(got, type) != 0 && !(kernel && strcmp(got, "kernel_noload") == 0)))
		return xasprintf("has type = \"%.32s\" in /images/%s; it must be \"%s\"",
				 got == NULL ? "" : got, name, type);
	if (kernel && arch != NULL && strcmp(arch, "arm64") != 0)
		return xasprintf("has arch = \"%.32s\" in /images/%s; name one for arm64", arch,
				 name);
	/* A compressed RAM disk is unpacked by its kernel. */
	if (compression == NULL || strcmp(compression, "none") == 0 || strcmp(type, "ramdisk") == 0)
		return NULL;
	part->gzip = strcmp(compression, "gzip") == 0;
	if (!part->gzip)
		return xasprintf("has compression = \"%.32s\" in /images/%s; make it with \"none\" "
				 "or \"gzip\"",
				 compression, name);
	return NULL;
}

/* @property of the configuration at @config names a node of /images; @needed: it must. */
static char *read_part(const struct fit *fit, int config, const char *property, const char *type,
		       bool needed, struct fit_part *part)
{
	const char *name = get_text(fit, config, property);
	const char *of = fdt_get_name(fit->data, config, NULL);
	char *why;
	int node = -1;

	if (name == NULL && !needed && fdt_getprop(fit->data, config, property, NULL) == NULL)
		return NULL;
	if (name == NULL)
		return xasprintf("has no %s in /configurations/%s; " AGAIN, property, of);
	node = fdt_subnode_offset(fit->data, fit->images, name);
	if (node < 0)
		return xasprintf("has no /images/%.64s, which /configurations/%s names; " AGAIN,
				 name, of);
	part->has_load = get_number(fit, node, "load", &part->load);
	part->has_entry = get_number(fit, node, "entry", &part->entry);
	why = find_data(fit, node, name, part);
	if (why == NULL)
		why = check_hashes(fit, node, name, part);
	return why != NULL ? why : check_kind(fit, node, name, type, part);
}

static char *find_config(const struct fit *fit, const char *name, int *config)
{
	int parent = fdt_path_offset(fit->data, "/configurations");

	if (parent < 0)
		return xasprintf("has no node /configurations; " AGAIN);
	if (name == NULL && fdt_getprop(fit->data, parent, "default", NULL) != NULL) {
		name = get_text(fit, parent, "default");
		if (name == NULL)
			return xasprintf(
				"has a default in /configurations that is no name; " AGAIN);
	}
	if (name == NULL) {
		*config = fdt_first_subnode(fit->data, parent);
		if (*config >= 0 && fdt_next_subnode(fit->data, *config) < 0)
			return NULL;
		return xasprintf("has no default in /configurations; write kernel = "
				 "\"FILE#CONFIGURATION\"");
	}
	*config = fdt_subnode_offset(fit->data, parent, name);
	return *config >= 0
		       ? NULL
		       : xasprintf("has no /configurations/%.64s; write another name behind #, "
				   "or none",
				   name);
}

bool tree_is_whole(const void *data, size_t size)
{
	return size >= sizeof(struct fdt_header) &&
	       fdt_version(data) >= FDT_LAST_SUPPORTED_VERSION && fdt_check_full(data, size) == 0;
}

char *fit_read(const void *data, size_t size, const char *config, struct fit_parts *parts)
{
	struct fit fit = { .data = data, .size = size };
	char *why;
	int node = -1;

	*parts = (struct fit_parts){ 0 };
	if (size < sizeof(struct fdt_header) || fdt_magic(data) != FDT_MAGIC)
		return xasprintf("is no FIT image; leave kernel-type out for another kernel");
	if (!tree_is_whole(data, size))
		return xasprintf("is a damaged FIT image; " AGAIN);
	fit.images = fdt_path_offset(data, "/images");
	if (fit.images < 0)
		return xasprintf(
			"has no node /images: it is a device tree, or a damaged FIT image");
	why = find_config(&fit, config, &node);
	if (why == NULL)
		why = read_part(&fit, node, "kernel", "kernel", true, &parts->kernel);
	if (why == NULL)
		why = read_part(&fit, node, "ramdisk", "ramdisk", false, &parts->ramdisk);
	if (why == NULL)
		why = read_part(&fit, node, "fdt", "flat_dt", false, &parts->tree);
	return why;
}
