/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every mistake that the checks find. Each system in bad/ is checked as tools/check does. The
 * messages must be exactly those in the file .expect beside it. docs/binding.md shows some of these
 * messages and no others.
 *
 * `test_bad --write` writes the .expect files again; read the differences before you commit them.
 */
#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>
#include <libfdt.h>

#include "support/program.h"
#include "tools/common/verify.h"

#define HERE "tests/unit/config/"
#define DOCS "docs/binding.md"

static char images[] = "/tmp/mullion-test-XXXXXX";

/* Each architecture's bad systems, and the machine that they are checked against. */
static struct set {
	const char *dir, *machine_file;
	struct source machine;
	struct host host;
} sets[] = {
	{ .dir = HERE "bad", .machine_file = HERE "host.dts" },
	{ .dir = HERE "bad-x86", .machine_file = "boards/pc/q35.dts" },
};

static struct search dirs;

/* --- Images: small files with the right first bytes --- */

static void make_file(const char *name, const void *data, size_t bytes)
{
	char *path = xasprintf("%s/%s", images, name);

	assert_true(write_file(path, data, bytes));
	free(path);
}

static void make_image(const char *name, u64 image_size, u64 flags)
{
	u8 image[128] = { 'M', 'Z' };

	for (unsigned int i = 0; i < 8; i++) {
		image[16 + i] = (u8)(image_size >> (8 * i));
		image[24 + i] = (u8)(flags >> (8 * i));
	}
	memcpy(image + 56, "ARM\x64", 4);
	make_file(name, image, sizeof(image));
}

/* A PE section is longer than the file. */
static void make_short_image(const char *name)
{
	u8 image[256] = { 'M', 'Z', [18] = 2, [24] = 0xa, [60] = 64, [64] = 'P', [65] = 'E' };

	memcpy(image + 56, "ARM\x64", 4);
	image[64 + 6] = 1;     /* sections */
	image[88 + 17] = 0x40; /* SizeOfRawData 0x4000 */
	image[88 + 21] = 0x10; /* PointerToRawData 0x1000 */
	make_file(name, image, sizeof(image));
}

static void make_gzip(const char *name, const char *of)
{
	char *path = xasprintf("%s/%s", images, name), *from = xasprintf("%s/%s", images, of);
	struct buffer data = { 0 };
	gzFile out = gzopen(path, "wb");

	assert_true(read_file(from, &data));
	assert_non_null(out);
	assert_int_equal(gzwrite(out, data.data, (unsigned int)data.used), data.used);
	assert_int_equal(gzclose(out), Z_OK);
	buffer_free(&data);
	free(path);
	free(from);
}

static void make_tree(const char *name)
{
	char *from = xasprintf(HERE "trees/%s.dts", name), *file = xasprintf("%s.dtb", name);
	struct source tree;

	assert_int_equal(source_load(&tree, from, NULL, NULL), 0);
	make_file(file, tree.dtb.data, tree.dtb.used);
	source_free(&tree);
	free(from);
	free(file);
}

/* A sound tree that is longer than a guest's may be. */
static void make_large_tree(const char *name)
{
	size_t bytes = MIB(2) + PAGE_SIZE;
	void *tree = xmalloc(bytes);

	assert_int_equal(fdt_create_empty_tree(tree, (int)bytes), 0);
	make_file(name, tree, bytes);
	free(tree);
}

/* Linked for 16 MiB; its header says 0x8000 bytes behind 1 KiB of setup. */
static void make_bzimage(const char *name, u16 version, u8 xloadflags, size_t bytes)
{
	u8 *image = calloc(1, bytes + 0x400);

	assert_non_null(image);
	image[0x1f1] = 1;
	image[0x1f4 + 1] = 0x08; /* syssize: 0x800 * 16 */
	image[0x201] = 0x6a;
	memcpy(image + 0x202, "HdrS", 4);
	image[0x206] = (u8)version;
	image[0x207] = (u8)(version >> 8);
	memset(image + 0x22c, 0xff, 3); /* initrd_addr_max */
	image[0x22f] = 0x7f;
	image[0x232] = 0x20; /* kernel_alignment 2 MiB */
	image[0x234] = 1;    /* relocatable */
	image[0x236] = xloadflags;
	image[0x239] = 0x07; /* cmdline_size */
	image[0x25b] = 0x01; /* pref_address 16 MiB */
	image[0x263] = 0x02; /* init_size 32 MiB */
	make_file(name, image, bytes + 0x400);
	free(image);
}

/* The smallest program that a component can have. */
static void make_program(const char *name, Elf64_Half machine)
{
	const struct program program = program_make(machine);

	make_file(name, &program, sizeof(program));
}

/* A guest's program of two segments: text at @va, data at 0x40200000. */
static void make_guest(const char *name, Elf64_Half type, Elf64_Half machine, u64 va, u64 entry)
{
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segments[2];
	} image = {
		.header = elf_header(machine, entry, 2),
		.segments = { { .p_type = PT_LOAD,
				.p_flags = PF_R | PF_X,
				.p_vaddr = va,
				.p_paddr = va,
				.p_filesz = 128,
				.p_memsz = 128 },
			      { .p_type = PT_LOAD,
				.p_flags = PF_R | PF_W,
				.p_vaddr = 0x40200000,
				.p_paddr = 0x40200000,
				.p_filesz = 64,
				.p_memsz = 0x10000 } },
	};

	image.header.e_type = type;
	make_file(name, &image, sizeof(image));
}

static void make_guests(void)
{
	make_guest("guest.elf", ET_EXEC, EM_AARCH64, 0x40000000, 0x40000040);
	make_guest("guest-low.elf", ET_EXEC, EM_AARCH64, 0x10000000, 0x10000040);
	make_guest("guest-end.elf", ET_EXEC, EM_AARCH64, 0x40ffffc0, 0x40ffffc0);
	make_guest("guest-entry.elf", ET_EXEC, EM_AARCH64, 0x40000000, 0x40000080);
	make_guest("guest-odd.elf", ET_EXEC, EM_AARCH64, 0x40000000, 0x40000042);
	make_guest("guest-pie.elf", ET_DYN, EM_AARCH64, 0x40000000, 0x40000040);
	make_guest("guest-x86.elf", ET_EXEC, EM_X86_64, 0x40000000, 0x40000040);
	make_guest("guest-wide.elf", ET_EXEC, EM_AARCH64, UINT64_MAX - 64, 0x40000040);
}

static void make_images(void)
{
	static const u8 zeros[8192], elf[64] = "\177ELF", pe[64] = "MZ", xz[64] = "\xfd\x37zXZ";
	static const char cpio[64] = "070701";

	make_image("Image", MIB(32), 0xa);
	make_image("Image.huge", MIB(512), 0xa);
	make_image("Image.be", MIB(32), 0xb);
	make_image("Image.damaged", 16, 0xa);
	make_image("Image.64k", MIB(32), 0xe);
	make_short_image("Image.short");
	make_gzip("Image.gz", "Image");
	make_gzip("Image.gz.gz", "Image.gz");
	make_file("vmlinux", elf, sizeof(elf));
	make_file("vmlinuz.efi", pe, sizeof(pe));
	make_file("Image.xz", xz, sizeof(xz));
	make_file("initrd.cpio", cpio, sizeof(cpio));
	make_file("raw.bin", zeros, sizeof(zeros));
	make_file("empty", zeros, 0);
	make_guests();
	make_program("program.elf", EM_AARCH64);
	make_program("program-x86.elf", EM_X86_64);
	make_tree("wrong");
	make_tree("guest");
	make_tree("reserved");
	make_large_tree("large.dtb");
	make_bzimage("bzImage", 0x020f, 1, 0x8000);
	make_bzimage("bzImage.old", 0x020b, 1, 0x8000);
	make_bzimage("bzImage.32", 0x020f, 0, 0x8000);
	make_bzimage("bzImage.short", 0x020f, 1, 0x4000);
}

static int set_up(void **state)
{
	(void)state;
	tool_name = "test_bad";
	if (mkdtemp(images) == NULL)
		return -1;
	make_images();
	search_add(&dirs, images);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		if (source_load(&sets[i].machine, sets[i].machine_file, NULL, NULL) != 0 ||
		    host_read(&sets[i].machine.tree, &sets[i].host) != OK)
			return -1;
	return 0;
}

static int tear_down(void **state)
{
	char *path;
	DIR *dir = opendir(images);
	const struct dirent *entry;

	(void)state;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		path = xasprintf("%s/%s", images, entry->d_name);
		(void)unlink(path);
		free(path);
	}
	if (dir != NULL)
		(void)closedir(dir);
	free(dirs.dirs);
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		source_free(&sets[i].machine);
	return rmdir(images);
}

/* --- What the checks say about one system --- */

/* Messages name files by the way they were opened; the way does not matter here. */
static char *without_directories(const char *text)
{
	static const char *const ways[] = { HERE "bad/../", HERE "bad/", HERE "bad-x86/../",
					    HERE "bad-x86/", HERE };
	struct buffer out = { 0 };

	while (*text != '\0') {
		bool found = false;

		for (size_t i = 0; i < ARRAY_SIZE(ways) && !found; i++) {
			found = strncmp(text, ways[i], strlen(ways[i])) == 0;
			if (found)
				text += strlen(ways[i]);
		}
		if (!found)
			buffer_add(&out, text++, 1);
	}
	buffer_fill(&out, 1);
	return (char *)out.data;
}

static char *messages_of(const struct set *set, const char *path, int *status)
{
	struct source source;
	struct verify verify = { .source = &source, .host = &set->host, .dirs = &dirs };
	struct buffer bundle = { 0 };
	struct system system;
	void *arena = NULL;
	char *text = NULL, *plain;
	size_t bytes;

	assert_int_equal(source_load(&source, path, NULL, NULL), 0);
	verify.out = open_memstream(&text, &bytes);
	assert_non_null(verify.out);
	*status = verify_system(&verify, &bundle, &system, &arena);
	assert_int_equal(fclose(verify.out), 0);
	plain = without_directories(text);
	free(text);
	free(arena);
	buffer_free(&bundle);
	source_free(&source);
	return plain;
}

static char *expectation_path(const char *dts)
{
	return xasprintf("%.*s.expect", (int)(strlen(dts) - strlen(".dts")), dts);
}

static int is_dts(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".dts") == 0;
}

/* Call @look with the path and messages of each bad system. */
static void for_each_of(const struct set *set,
			void (*look)(const char *path, const char *messages, int status))
{
	struct dirent **list;
	int count = scandir(set->dir, &list, is_dts, alphasort), status;

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		char *path = xasprintf("%s/%s", set->dir, list[i]->d_name);
		char *messages = messages_of(set, path, &status);

		look(path, messages, status);
		free(messages);
		free(path);
		free(list[i]);
	}
	free(list);
}

static void for_each_bad(void (*look)(const char *path, const char *messages, int status))
{
	for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
		for_each_of(&sets[i], look);
}

static void compare(const char *path, const char *messages, int status)
{
	char *expect = expectation_path(path);
	struct buffer text = { 0 };

	if (!read_file(expect, &text))
		fail_msg("%s: %s", expect, strerror(errno));
	buffer_fill(&text, 1);
	if (strcmp((char *)text.data, messages) != 0)
		fail_msg("%s\n--- expected\n%s--- said\n%s", path, (char *)text.data, messages);
	/* Warnings alone let a system pass. */
	assert_int_equal(status, strstr(messages, ": error: ") != NULL ? 1 : 0);
	assert_true(messages[0] != '\0');
	buffer_free(&text);
	free(expect);
}

static void write_expectation(const char *path, const char *messages, int status)
{
	char *expect = expectation_path(path);

	(void)status;
	assert_true(write_file(expect, messages, strlen(messages)));
	free(expect);
}

static void messages_are_as_expected(void **state)
{
	(void)state;
	for_each_bad(compare);
}

static void the_good_ones_are_good(void **state)
{
	static const struct {
		const struct set *set;
		const char *path;
	} good[] = {
		{ &sets[0], HERE "good.dts" },
		{ &sets[0], HERE "good-components.dts" },
		{ &sets[1], HERE "good-x86.dts" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		int status;
		char *messages = messages_of(good[i].set, good[i].path, &status);

		assert_string_equal(messages, "");
		assert_int_equal(status, 0);
		free(messages);
	}
}

/* Each line of the gallery must be one that a bad system gives. */
static void docs_show_real_messages(void **state)
{
	struct buffer docs = { 0 }, all = { 0 };
	struct dirent **list;
	int count = scandir(HERE "bad", &list, is_dts, alphasort);
	u32 shown = 0;
	char *rest, *line;

	(void)state;
	for (int i = 0; i < count; i++) {
		char *dts = xasprintf(HERE "bad/%s", list[i]->d_name);
		char *expect = expectation_path(dts);

		assert_true(read_file(expect, &all));
		free(expect);
		free(dts);
		free(list[i]);
	}
	free(list);
	buffer_fill(&all, 1);
	assert_true(read_file(DOCS, &docs));
	buffer_fill(&docs, 1);
	rest = (char *)docs.data;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strstr(line, ".dts:") == NULL || strstr(line, ": error: /") == NULL)
			continue;
		if (strstr((char *)all.data, line) == NULL)
			fail_msg(DOCS " shows what is never said: %s", line);
		shown++;
	}
	assert_true(shown >= 10);
	buffer_free(&docs);
	buffer_free(&all);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_good_ones_are_good),
		cmocka_unit_test(messages_are_as_expected),
		cmocka_unit_test(docs_show_real_messages),
	};

	if (argc == 2 && strcmp(argv[1], "--write") == 0) {
		if (set_up(NULL) != 0)
			return 2;
		for_each_bad(write_expectation);
		return tear_down(NULL);
	}
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
