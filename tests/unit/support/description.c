/* SPDX-License-Identifier: Apache-2.0 */
/* Loading descriptions: see description.h. */
#include "support/description.h"

#include "support/test.h"

#include <mullion/string.h>

#include "support/dtb.h"

struct host load_host;
struct buffer load_bundle;

static void report(struct diag *diag, fdt_node_t node, const char *property, const char *text)
{
	struct loaded *l = container_of(diag, struct loaded, diag);

	(void)node;
	(void)property;
	(void)str_append(l->text, sizeof(l->text), text);
	(void)str_append(l->text, sizeof(l->text), "\n");
}

struct loaded *load(const char *nodes)
{
	struct loaded *l = calloc(1, sizeof(*l));
	size_t size, arena_bytes;
	char *dts;

	assert_non_null(l);
	dts = xasprintf("/dts-v1/; / { compatible = \"mullion,system\"; %s };", nodes);
	l->diag.report = report;
	l->blob = dtb_compile(dts, &size);
	free(dts);
	assert_int_equal(fdt_open(&l->tree, l->blob, size), OK);
	arena_bytes = config_arena_bytes(&l->tree);
	l->arena = malloc(arena_bytes);
	assert_non_null(l->arena);
	l->err = config_load(&l->tree, &load_host, load_bundle.data, load_bundle.used, l->arena,
			     arena_bytes, &l->system, &l->diag);
	return l;
}

struct loaded *load_good(const char *nodes)
{
	struct loaded *l = load(nodes);

	assert_string_equal(l->text, "");
	assert_int_equal(l->err, OK);
	return l;
}

void unload(struct loaded *l)
{
	free(l->arena);
	free(l->blob);
	free(l);
}

/* --- The machine and the bundle --- */

static void put(u8 *image, u32 offset, u64 value)
{
	for (u32 i = 0; i < 8; i++)
		image[offset + i] = (u8)(value >> (8 * i));
}

static char directory[] = "/tmp/mullion-test-XXXXXX";

static void make_image(const char *name, u64 text_offset, u64 image_size, size_t bytes)
{
	char *path = xasprintf("%s/%s", directory, name);
	u8 *image = calloc(1, bytes);

	assert_non_null(image);
	put(image, 8, text_offset);
	put(image, 16, image_size);
	if (!str_equal(name, "initrd"))
		memcpy(image + 56, "ARM\x64", 4);
	assert_true(write_file(path, image, bytes));
	free(image);
	free(path);
}

int load_set_up(void **state)
{
	static const char *const names[] = { "Image", "old", "offset", "initrd" };
	struct search dirs = { 0 };
	struct buffer dtb = { 0 };
	struct fdt tree;
	size_t size;
	void *blob;
	int status;

	(void)state;
	load_host = (struct host){ .num_cpus = 4,
				   .num_memory = 2,
				   .memory = { { 0x40000000, 0x40000000 },
					       { 0x100000000, 0x200000000 } },
				   .arch.arm64.gic = HOST_GIC_V3 };
	if (mkdtemp(directory) == NULL)
		return -1;
	make_image("Image", 0, MIB(32), 4096);
	make_image("old", 0, 0, 8192);
	make_image("offset", 0x80000, MIB(16), 4096);
	make_image("initrd", 0, 0, 5000);
	search_add(&dirs, directory);
	blob = dtb_compile("/dts-v1/; / { guests { a { kernel = \"Image\"; initrd = \"initrd\"; }; "
			   "b { kernel = \"old\"; }; c { kernel = \"offset\"; }; }; };",
			   &size);
	buffer_add(&dtb, blob, size);
	free(blob);
	status = fdt_open(&tree, dtb.data, dtb.used) == OK
			 ? bundle_build(&tree, &dtb, &dirs, false, &load_bundle)
			 : -1;
	buffer_free(&dtb);
	free(dirs.dirs);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = xasprintf("%s/%s", directory, names[i]);

		(void)remove(path);
		free(path);
	}
	(void)remove(directory);
	return status;
}

int load_tear_down(void **state)
{
	(void)state;
	buffer_free(&load_bundle);
	return 0;
}

void buffer_add_text(struct buffer *to, const char *text)
{
	buffer_add(to, text, strlen(text));
}
