/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernels in one piece: see unpack.h. The parts are files in memory. The description's compiled
 * tree names them afterwards; where it names an initrd or a tree itself, that remains.
 */
#include "tools/common/unpack.h"

#include <arch/platform.h>
#include <libfdt.h>
#include <mullion/elf_file.h>
#include <mullion/file_kind.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/bundle.h"
#include "tools/common/fit_image.h"

#define PATH_BYTES   256
#define EDIT_BYTES   512    /* of the tree, for each edit */
#define BEHIND_BYTES MIB(2) /* of a file's end, where a tree may begin */
#define HEADER_BYTES 64     /* of an Image */

struct edit {
	char path[PATH_BYTES];
	const char *property;
	char *text; /* NULL: the number */
	u64 number;
};

struct unpacking {
	struct source *source;
	struct search *search;
	FILE *out;
	struct edit *edits;
	size_t num_edits;
	int errors;
};

/* A guest, and the template that it inherits from. */
struct owner {
	fdt_node_t node, base;
	char path[PATH_BYTES];
};

static void add_edit(struct unpacking *u, const struct owner *owner, const char *property,
		     const char *text, u64 number)
{
	struct edit *edits = xmalloc((u->num_edits + 1) * sizeof(*edits)), *edit;

	if (u->num_edits > 0)
		memcpy(edits, u->edits, u->num_edits * sizeof(*edits));
	free(u->edits);
	u->edits = edits;
	edit = &edits[u->num_edits++];
	*edit = (struct edit){ .property = property,
			       .text = text == NULL ? NULL : xstrdup(text),
			       .number = number };
	memcpy(edit->path, owner->path, sizeof(edit->path));
}

static const char *own_text(const struct unpacking *u, fdt_node_t node, const char *name)
{
	const char *text = NULL;

	return node != FDT_NONE && fdt_get_str(&u->source->tree, node, name, &text) == OK ? text
											  : NULL;
}

static const char *get_text(const struct unpacking *u, const struct owner *owner, const char *name)
{
	const char *text = own_text(u, owner->node, name);

	return text != NULL ? text : own_text(u, owner->base, name);
}

static bool has(const struct unpacking *u, const struct owner *owner, const char *name)
{
	return fdt_has(&u->source->tree, owner->node, name) ||
	       (owner->base != FDT_NONE && fdt_has(&u->source->tree, owner->base, name));
}

static void report(struct unpacking *u, const struct owner *owner, const char *kernel, char *why)
{
	const struct source_place *place = source_find(u->source, owner->path, "kernel");

	if (place == NULL)
		fprintf(u->out, "%s: ", u->source->path);
	else
		fprintf(u->out, "%s:%lu: ", place->file, place->line);
	fprintf(u->out, "error: %s: kernel = \"%s\": %s\n", owner->path, kernel, why);
	free(why);
	u->errors++;
}

/* Returns the path of the first file of that name, or NULL; its bytes in @data. */
static char *find_file(const struct unpacking *u, const char *name, struct buffer *data)
{
	for (size_t i = 0; i < u->search->count; i++) {
		char *path = xasprintf("%s/%s", u->search->dirs[i], name);

		if (read_file(path, data))
			return path;
		free(path);
	}
	return NULL;
}

/* Adds a part under the name FILE.SUFFIX, and lets the guest have it as @property. */
static void use_part(struct unpacking *u, const struct owner *owner, const char *property,
		     const char *file, const char *suffix, const struct buffer *data)
{
	char *name = xasprintf("%s.%s", file, suffix);

	search_add_part(u->search, name, data->data, data->used);
	add_edit(u, owner, property, name, 0);
	free(name);
}

static struct buffer copy_of(const struct fit_part *part)
{
	struct buffer data = { 0 };

	buffer_add(&data, part->data, part->bytes);
	return data;
}

/* The kind of the kernel's file decides about its type, and the image about addresses of bytes. */
static void use_kernel(struct unpacking *u, const struct owner *owner, const char *file,
		       const struct fit_part *part)
{
	struct buffer data = copy_of(part);
	enum file_kind kind;

	if (part->gzip && !inflate_gzip(file, &data)) {
		report(u, owner, file,
		       xstrdup("has a kernel that cannot be decompressed; build or "
			       "fetch it again"));
		return;
	}
	kind = file_kind(data.data, data.used);
	use_part(u, owner, "kernel", file, "kernel", &data);
	buffer_free(&data);
	add_edit(u, owner, "kernel-type",
		 kind == FILE_LINUX_ARM64 ? "linux"
		 : kind == FILE_ELF       ? "elf"
					  : "raw",
		 0);
	if (kind == FILE_LINUX_ARM64 || kind == FILE_ELF)
		return;
	if (part->has_load && !has(u, owner, "load-address"))
		add_edit(u, owner, "load-address", NULL, part->load);
	if (part->has_entry && !has(u, owner, "entry"))
		add_edit(u, owner, "entry", NULL, part->entry);
}

/* As a boot loader does: the tree says where the initrd is. Returns false if it is no tree. */
static bool name_initrd(struct buffer *tree, u64 start, u64 bytes)
{
	size_t size = tree->used + EDIT_BYTES;
	void *copy = xmalloc(size);
	int node = -1;

	if (tree_is_whole(tree->data, tree->used) &&
	    fdt_open_into(tree->data, copy, (int)size) == 0) {
		node = fdt_path_offset(copy, "/chosen");
		if (node < 0)
			node = fdt_add_subnode(copy, 0, "chosen");
	}
	if (node >= 0 && fdt_setprop_u64(copy, node, "linux,initrd-start", start) == 0 &&
	    fdt_setprop_u64(copy, node, "linux,initrd-end", start + bytes) == 0) {
		(void)fdt_pack(copy);
		buffer_free(tree);
		buffer_add(tree, copy, fdt_totalsize(copy));
	}
	free(copy);
	return node >= 0;
}

static void use_tree(struct unpacking *u, const struct owner *owner, const char *file,
		     const struct fit_parts *parts, bool own_initrd)
{
	struct buffer data = copy_of(&parts->tree);
	bool good = !parts->tree.gzip || inflate_gzip(file, &data);

	if (good && own_initrd && parts->ramdisk.has_load)
		good = name_initrd(&data, parts->ramdisk.load, parts->ramdisk.bytes);
	if (good)
		use_part(u, owner, "device-tree", file, "fdt", &data);
	else
		report(u, owner, file, xstrdup("has a damaged tree; build or fetch it again"));
	buffer_free(&data);
}

static void unpack_fit(struct unpacking *u, const struct owner *owner, const char *kernel)
{
	char *file = xasprintf("%.*s", (int)strcspn(kernel, "#"), kernel), *path, *why = NULL;
	const char *config = strchr(kernel, '#');
	bool own_initrd = !has(u, owner, "initrd");
	struct buffer data = { 0 };
	struct fit_parts parts;

	path = find_file(u, file, &data);
	if (path != NULL)
		why = fit_read(data.data, data.used, config == NULL ? NULL : config + 1, &parts);
	if (why != NULL) {
		report(u, owner, kernel, why);
	} else if (path != NULL) {
		use_kernel(u, owner, kernel, &parts.kernel);
		if (parts.ramdisk.data != NULL && own_initrd) {
			struct buffer ramdisk = copy_of(&parts.ramdisk);

			use_part(u, owner, "initrd", kernel, "ramdisk", &ramdisk);
			buffer_free(&ramdisk);
			if (parts.ramdisk.has_load && !has(u, owner, "initrd-address"))
				add_edit(u, owner, "initrd-address", NULL, parts.ramdisk.load);
		}
		if (parts.tree.data != NULL && !has(u, owner, "device-tree"))
			use_tree(u, owner, kernel, &parts,
				 parts.ramdisk.data != NULL && own_initrd &&
					 !has(u, owner, "initrd-address"));
	}
	buffer_free(&data);
	free(path);
	free(file);
}

/* Returns the offset of a tree that ends with the file, or 0. */
static size_t find_tree(const struct buffer *data)
{
	size_t at = data->used > BEHIND_BYTES ? data->used - BEHIND_BYTES : HEADER_BYTES;

	for (at = ALIGN_UP(at, 4); at + sizeof(struct fdt_header) <= data->used; at += 4) {
		struct fdt_header header;

		memcpy(&header, data->data + at, sizeof(header));
		if (fdt32_to_cpu(header.magic) == FDT_MAGIC &&
		    fdt32_to_cpu(header.totalsize) == data->used - at)
			return at;
	}
	return 0;
}

/* An Image with a tree behind it. */
static void unpack_image(struct unpacking *u, const struct owner *owner, const char *kernel)
{
	struct buffer data = { 0 };
	char *path = find_file(u, kernel, &data);
	size_t at = 0;

	if (path != NULL && file_kind(data.data, data.used) == FILE_LINUX_ARM64)
		at = find_tree(&data);
	if (at != 0) {
		struct buffer image = { .data = data.data, .used = at };
		struct buffer tree = { .data = data.data + at, .used = data.used - at };

		use_part(u, owner, "kernel", kernel, "kernel", &image);
		use_part(u, owner, "device-tree", kernel, "fdt", &tree);
	}
	buffer_free(&data);
	free(path);
}

static void unpack_guest(struct unpacking *u, fdt_node_t node)
{
	struct owner owner = { .node = node, .base = FDT_NONE };
	const char *template = own_text(u, node, "template"), *kernel, *type;
	fdt_node_t templates = fdt_find(&u->source->tree, "/templates");

	if (template != NULL && templates != FDT_NONE)
		owner.base = fdt_child(&u->source->tree, templates, template);
	(void)fdt_path(&u->source->tree, node, owner.path, sizeof(owner.path));
	kernel = get_text(u, &owner, "kernel");
	type = get_text(u, &owner, "kernel-type");
	/* The template is unpacked itself. */
	if (kernel == NULL ||
	    (own_text(u, node, "kernel") == NULL && own_text(u, node, "kernel-type") == NULL))
		return;
	if (strstr(kernel, "..") != NULL || kernel[0] == '/')
		return;
	if (type != NULL && strcmp(type, "fit") == 0)
		unpack_fit(u, &owner, kernel);
	else if ((type == NULL || strcmp(type, "linux") == 0) && !has(u, &owner, "device-tree"))
		unpack_image(u, &owner, kernel);
}

static bool apply(void *tree, const struct edit *edit)
{
	int node = fdt_path_offset(tree, edit->path);

	if (node < 0)
		return false;
	if (edit->text == NULL)
		return fdt_setprop_u64(tree, node, edit->property, edit->number) == 0;
	return fdt_setprop(tree, node, edit->property, edit->text, (int)strlen(edit->text) + 1) ==
	       0;
}

static int apply_edits(struct unpacking *u)
{
	size_t size = u->source->dtb.used + u->num_edits * EDIT_BYTES;
	void *copy = xmalloc(size);
	bool good = fdt_open_into(u->source->dtb.data, copy, (int)size) == 0;

	for (size_t i = 0; i < u->num_edits; i++) {
		good = good && apply(copy, &u->edits[i]);
		free(u->edits[i].text);
	}
	if (good) {
		(void)fdt_pack(copy);
		buffer_free(&u->source->dtb);
		buffer_add(&u->source->dtb, copy, fdt_totalsize(copy));
		good = fdt_open(&u->source->tree, u->source->dtb.data, u->source->dtb.used) == OK;
	}
	if (!good)
		complain("%s: its kernels' parts cannot be named in the tree", u->source->path);
	free(copy);
	return good ? 0 : 2;
}

int unpack_kernels(struct source *source, struct search *search, FILE *out)
{
	static const char *const parents[] = { "/templates", "/guests" };
	struct unpacking u = { .source = source, .search = search, .out = out };
	int status = 0;

	if (arch_platform(&source->tree)->elf_machine != ELF_ARM64)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(parents); i++) {
		fdt_node_t parent = fdt_find(&source->tree, parents[i]);

		if (parent == FDT_NONE)
			continue;
		fdt_for_each_child (&source->tree, parent, node)
			unpack_guest(&u, node);
	}
	if (u.num_edits > 0)
		status = apply_edits(&u);
	free(u.edits);
	return u.errors > 0 ? 1 : status;
}
