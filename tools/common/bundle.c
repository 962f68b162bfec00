/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same files always give the same bundle: times and owners are 0, inode numbers count up, names
 * are sorted. Each name is padded with NULs so that the file's bytes start at a multiple of 4096:
 * the core copies images with wide aligned loads.
 */
#include "tools/common/bundle.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <mullion/string.h>

#define HEADER_BYTES 110
#define MODE_FILE    0100644u
#define INFLATED_MAX GIB(1)

struct names {
	char **list;
	size_t count;
};

static bool has_name(const struct names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->list[i], name) == 0)
			return true;
	return false;
}

static void add_name(struct names *names, const char *name)
{
	char **list;

	if (has_name(names, name))
		return;
	list = xmalloc((names->count + 1) * sizeof(*list));
	if (names->count > 0)
		memcpy(list, names->list, names->count * sizeof(*list));
	list[names->count++] = xstrdup(name);
	free(names->list);
	names->list = list;
}

static void free_names(struct names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names that lead out of the directory are the checks' business; here they are only not opened. */
static bool is_inside(const char *name)
{
	return name[0] != '\0' && name[0] != '/' && strstr(name, "..") == NULL &&
	       strcmp(name, BUNDLE_TREE) != 0;
}

static const char *const image_properties[] = { "kernel", "device-tree", "initrd" };
static const char *const guest_parents[] = { "guests", "templates" };

#define VMM_PROGRAM "vmm.elf" /* where a vmm's node names no other */

static void add_property(const struct fdt *tree, fdt_node_t node, const char *property,
			 struct names *names)
{
	const char *name;

	if (fdt_get_str(tree, node, property, &name) == OK && is_inside(name))
		add_name(names, name);
}

/* A component's program, and the files in its address space. */
static void collect_component(const struct fdt *tree, fdt_node_t node, struct names *names)
{
	fdt_node_t aspace = fdt_child(tree, node, "aspace");

	add_property(tree, node, "program", names);
	if (aspace == FDT_NONE)
		return;
	fdt_for_each_child (tree, aspace, region)
		add_property(tree, region, "file", names);
}

static void collect_guest(const struct fdt *tree, fdt_node_t guest, struct names *names)
{
	fdt_node_t vmm = fdt_child(tree, guest, "vmm");

	for (size_t i = 0; i < ARRAY_SIZE(image_properties); i++)
		add_property(tree, guest, image_properties[i], names);
	if (vmm == FDT_NONE)
		return;
	if (!fdt_has(tree, vmm, "program"))
		add_name(names, VMM_PROGRAM);
	collect_component(tree, vmm, names);
}

static void collect_names(const struct fdt *tree, struct names *names)
{
	fdt_node_t components = fdt_child(tree, fdt_root(tree), "components");

	for (size_t i = 0; i < ARRAY_SIZE(guest_parents); i++) {
		fdt_node_t guests = fdt_child(tree, fdt_root(tree), guest_parents[i]);

		if (guests == FDT_NONE)
			continue;
		fdt_for_each_child (tree, guests, guest)
			collect_guest(tree, guest, names);
	}
	if (components != FDT_NONE)
		fdt_for_each_child (tree, components, component)
			collect_component(tree, component, names);
	if (names->count > 1)
		qsort(names->list, names->count, sizeof(*names->list), compare_names);
}

/* One of the first two properties of a guest of that parent names @file. */
static bool is_kernel_or_tree(const struct fdt *tree, const char *parent, const char *file)
{
	fdt_node_t guests = fdt_child(tree, fdt_root(tree), parent);
	const char *name;

	if (guests == FDT_NONE)
		return false;
	fdt_for_each_child (tree, guests, guest)
		for (size_t i = 0; i < 2; i++)
			if (fdt_get_str(tree, guest, image_properties[i], &name) == OK &&
			    strcmp(name, file) == 0)
				return true;
	return false;
}

/* Kernels and trees are unpacked; an initrd stays as it is, for the kernel unpacks it itself. */
static bool wants_inflating(const struct fdt *tree, const char *file, const struct buffer *data)
{
	if (data->used < 2 || data->data[0] != 0x1f || data->data[1] != 0x8b)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(guest_parents); i++)
		if (is_kernel_or_tree(tree, guest_parents[i], file))
			return true;
	return false;
}

bool inflate_gzip(const char *path, struct buffer *data)
{
	static u8 chunk[1 << 16];
	struct buffer out = { 0 };
	z_stream stream = { 0 };
	int status;

	if (inflateInit2(&stream, 15 + 16) != Z_OK) { /* 15: largest window; 16: gzip's framing */
		complain("out of memory");
		return false;
	}
	stream.next_in = data->data;
	stream.avail_in = (uInt)data->used;
	do {
		stream.next_out = chunk;
		stream.avail_out = sizeof(chunk);
		status = inflate(&stream, Z_NO_FLUSH);
		buffer_add(&out, chunk, sizeof(chunk) - stream.avail_out);
	} while (status == Z_OK && out.used <= INFLATED_MAX);
	(void)inflateEnd(&stream);
	if (status != Z_STREAM_END) {
		complain("cannot decompress %s: %s", path,
			 out.used > INFLATED_MAX ? "it is larger than 1 GiB"
						 : "the file is damaged");
		buffer_free(&out);
		return false;
	}
	buffer_free(data);
	*data = out;
	return true;
}

/* Returns 1 when it was read, 0 when no directory has it, -1 after a complaint. */
static int read_image(const struct fdt *tree, const struct search *dirs, const char *name,
		      struct buffer *data)
{
	const struct buffer *part = search_part(dirs, name);

	if (part != NULL) {
		buffer_add(data, part->data, part->used);
		return 1;
	}
	for (size_t i = 0; i < dirs->count; i++) {
		char *path = xasprintf("%s/%s", dirs->dirs[i], name);
		int found = read_file(path, data) ? 1 : 0;

		if (found == 0 && errno != ENOENT && errno != ENOTDIR) {
			complain("cannot read %s: %s", path, strerror(errno));
			found = -1;
		} else if (found == 1 && data->used > UINT32_MAX) {
			complain("%s is larger than 4 GiB, which a cpio archive cannot hold", path);
			found = -1;
		} else if (found == 1 && wants_inflating(tree, name, data) &&
			   !inflate_gzip(path, data)) {
			found = -1;
		}
		free(path);
		if (found != 0)
			return found;
	}
	return 0;
}

static void add_entry(struct buffer *out, u32 inode, u32 mode, const char *name, const void *data,
		      size_t bytes)
{
	char header[HEADER_BYTES + 1];
	size_t name_bytes = strlen(name) + 1;
	size_t end = out->used + HEADER_BYTES + name_bytes;

	name_bytes += bytes > 0 ? ALIGN_UP(end, BUNDLE_ALIGN) - end : 0;
	(void)snprintf(header, sizeof(header),
		       "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x", inode, mode,
		       0u, 0u, 1u, 0u, bytes, 0u, 0u, 0u, 0u, name_bytes, 0u);
	buffer_add(out, header, HEADER_BYTES);
	end = out->used + name_bytes;
	buffer_add(out, name, strlen(name));
	buffer_fill(out, ALIGN_UP(end, 4) - out->used);
	buffer_add(out, data, bytes);
	buffer_fill(out, ALIGN_UP(out->used, 4) - out->used);
}

static void add_hints(const struct search *dirs, const struct names *names, u32 inode,
		      struct buffer *out)
{
	for (size_t i = 0; i < dirs->count; i++) {
		DIR *dir = opendir(dirs->dirs[i]);
		const struct dirent *entry;

		if (dir == NULL)
			continue;
		while ((entry = readdir(dir)) != NULL)
			if (entry->d_name[0] != '.' && !has_name(names, entry->d_name))
				add_entry(out, inode++, MODE_FILE, entry->d_name, NULL, 0);
		(void)closedir(dir);
	}
}

int bundle_build(const struct fdt *tree, const struct buffer *dtb, const struct search *dirs,
		 bool hints, struct buffer *out)
{
	struct names names = { 0 };
	u32 inode = 1;
	int found = 0;

	collect_names(tree, &names);
	add_entry(out, inode++, MODE_FILE, BUNDLE_TREE, dtb->data, dtb->used);
	for (size_t i = 0; i < names.count && found >= 0; i++) {
		struct buffer data = { 0 };

		found = read_image(tree, dirs, names.list[i], &data);
		if (found > 0)
			add_entry(out, inode++, MODE_FILE, names.list[i], data.data, data.used);
		buffer_free(&data);
	}
	if (hints)
		add_hints(dirs, &names, inode, out);
	add_entry(out, 0, 0, "TRAILER!!!", NULL, 0);
	free_names(&names);
	return found < 0 ? 2 : 0;
}
