/* SPDX-License-Identifier: Apache-2.0 */
/* tools/common: hashes with vectors of their standards, FIT images, and a message for each damage.
 */
#include "support/test.h"

#include <libfdt.h>
#include <stdlib.h>
#include <string.h>

#include "tools/common/fit_image.h"
#include "tools/common/hash.h"

static u8 image[4096] __attribute__((aligned(8)));
static struct fit_parts parts;
static const char kernel[] = "the kernel", ramdisk[] = "the RAM disk", tree[] = "the tree";

static void expect_hash(const char *name, const char *text, const char *hex)
{
	u8 hash[HASH_MAX];
	char got[2 * HASH_MAX + 1];
	size_t bytes = hash_make(name, text, strlen(text), hash);

	for (size_t i = 0; i < bytes; i++)
		(void)snprintf(got + 2 * i, 3, "%02x", hash[i]);
	assert_string_equal(got, hex);
}

static void hashes(void **state)
{
	u8 hash[HASH_MAX];

	(void)state;
	expect_hash("crc32", "123456789", "cbf43926");
	expect_hash("md5", "", "d41d8cd98f00b204e9800998ecf8427e");
	expect_hash("md5", "message digest", "f96b697d7cb7938d525a2f31aaf161d0");
	expect_hash("sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
	expect_hash("sha1", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	expect_hash("sha256", "abc",
		    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	expect_hash("sha256", "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_int_equal(hash_make("sha512", "", 0, hash), 0);
}

static int add(const char *parent, const char *name)
{
	int node = fdt_add_subnode(image, fdt_path_offset(image, parent), name);

	assert_true(node >= 0);
	return node;
}

static void set(const char *path, const char *name, const char *value)
{
	assert_int_equal(fdt_setprop_string(image, fdt_path_offset(image, path), name, value), 0);
}

static void set_number(const char *path, const char *name, u32 value)
{
	assert_int_equal(fdt_setprop_u32(image, fdt_path_offset(image, path), name, value), 0);
}

static void drop(const char *path, const char *name)
{
	assert_int_equal(fdt_delprop(image, fdt_path_offset(image, path), name), 0);
}

static void add_part(const char *name, const char *type, const char *data, const char *algo)
{
	char path[64], hash_path[80];
	u8 hash[HASH_MAX];
	size_t bytes = hash_make(algo, data, strlen(data), hash);

	(void)snprintf(path, sizeof(path), "/images/%s", name);
	(void)snprintf(hash_path, sizeof(hash_path), "%s/hash-1", path);
	(void)add("/images", name);
	set(path, "type", type);
	assert_int_equal(
		fdt_setprop(image, fdt_path_offset(image, path), "data", data, (int)strlen(data)),
		0);
	(void)add(path, "hash-1");
	set(hash_path, "algo", algo);
	assert_int_equal(
		fdt_setprop(image, fdt_path_offset(image, hash_path), "value", hash, (int)bytes),
		0);
}

static int setup(void **state)
{
	(void)state;
	memset(image, 0, sizeof(image));
	assert_int_equal(fdt_create_empty_tree(image, sizeof(image)), 0);
	(void)add("/", "images");
	add_part("kernel-1", "kernel", kernel, "sha256");
	set("/images/kernel-1", "arch", "arm64");
	set("/images/kernel-1", "compression", "none");
	set_number("/images/kernel-1", "load", 0x40080000);
	set_number("/images/kernel-1", "entry", 0x40080004);
	add_part("ramdisk-1", "ramdisk", ramdisk, "sha1");
	set("/images/ramdisk-1", "compression", "gzip");
	add_part("fdt-1", "flat_dt", tree, "crc32");
	(void)add("/", "configurations");
	(void)add("/configurations", "conf-1");
	(void)add("/configurations", "conf-2");
	set("/configurations", "default", "conf-1");
	set("/configurations/conf-1", "kernel", "kernel-1");
	set("/configurations/conf-1", "ramdisk", "ramdisk-1");
	set("/configurations/conf-1", "fdt", "fdt-1");
	set("/configurations/conf-2", "kernel", "kernel-1");
	return 0;
}

static void accepts(const char *config)
{
	char *why = fit_read(image, sizeof(image), config, &parts);

	if (why != NULL)
		fail_msg("%s", why);
}

static void refuses(const char *text)
{
	char *why = fit_read(image, sizeof(image), NULL, &parts);

	if (why == NULL)
		fail_msg("accepted; not '%s'", text);
	assert_string_equal(why, text);
	free(why);
	(void)setup(NULL);
}

static void sound(void **state)
{
	(void)state;
	accepts(NULL);
	assert_int_equal(parts.kernel.bytes, strlen(kernel));
	assert_memory_equal(parts.kernel.data, kernel, strlen(kernel));
	assert_true(parts.kernel.has_load && parts.kernel.has_entry && !parts.kernel.gzip);
	assert_int_equal(parts.kernel.load, 0x40080000);
	assert_int_equal(parts.kernel.entry, 0x40080004);
	assert_memory_equal(parts.ramdisk.data, ramdisk, strlen(ramdisk));
	assert_false(parts.ramdisk.gzip);
	assert_memory_equal(parts.tree.data, tree, strlen(tree));
	accepts("conf-2");
	assert_null(parts.ramdisk.data);
	assert_null(parts.tree.data);
	set("/images/kernel-1", "compression", "gzip");
	set("/images/kernel-1", "type", "kernel_noload");
	accepts(NULL);
	assert_true(parts.kernel.gzip);
}

/* Data behind the tree, as mkimage -E writes them. */
static void outside(void **state)
{
	size_t total;

	(void)state;
	drop("/images/kernel-1", "data");
	set_number("/images/kernel-1", "data-offset", 8);
	set_number("/images/kernel-1", "data-size", (u32)strlen(kernel));
	assert_int_equal(fdt_pack(image), 0);
	total = ALIGN_UP(fdt_totalsize(image), 4);
	memcpy(image + total + 8, kernel, strlen(kernel));
	accepts(NULL);
	assert_ptr_equal(parts.kernel.data, image + total + 8);
	image[total + 9] ^= 1;
	refuses("is damaged: the sha256 of /images/kernel-1/hash-1 is that of other data; build or "
		"fetch it again");
	drop("/images/kernel-1", "data");
	set_number("/images/kernel-1", "data-position", sizeof(image) - 4);
	refuses("has no data-size in /images/kernel-1; build or fetch it again");
	drop("/images/kernel-1", "data");
	set_number("/images/kernel-1", "data-position", sizeof(image) - 4);
	set_number("/images/kernel-1", "data-size", 5);
	refuses("is cut short: the data of /images/kernel-1 end behind the file; build or fetch it "
		"again");
	drop("/images/kernel-1", "data");
	set_number("/images/kernel-1", "data-offset", UINT32_MAX);
	set_number("/images/kernel-1", "data-size", UINT32_MAX);
	refuses("is cut short: the data of /images/kernel-1 end behind the file; build or fetch it "
		"again");
}

static void damaged(void **state)
{
	(void)state;
	image[0] = 0;
	refuses("is no FIT image; leave kernel-type out for another kernel");
	image[7] = 1;
	refuses("is a damaged FIT image; build or fetch it again");
	/* libfdt would look for a slash in the root's name. */
	fdt_set_version(image, 5);
	fdt_set_last_comp_version(image, 5);
	refuses("is a damaged FIT image; build or fetch it again");
	assert_int_equal(fdt_del_node(image, fdt_path_offset(image, "/images")), 0);
	refuses("has no node /images: it is a device tree, or a damaged FIT image");
	assert_int_equal(fdt_del_node(image, fdt_path_offset(image, "/configurations")), 0);
	refuses("has no node /configurations; build or fetch it again");
	set("/configurations", "default", "conf-3");
	refuses("has no /configurations/conf-3; write another name behind #, or none");
	drop("/configurations", "default");
	refuses("has no default in /configurations; write kernel = \"FILE#CONFIGURATION\"");
	drop("/configurations/conf-1", "kernel");
	refuses("has no kernel in /configurations/conf-1; build or fetch it again");
	set("/configurations/conf-1", "fdt", "fdt-2");
	refuses("has no /images/fdt-2, which /configurations/conf-1 names; build or fetch it "
		"again");
	drop("/images/kernel-1", "data");
	refuses("has no data in /images/kernel-1; build or fetch it again");
	set("/images/ramdisk-1", "type", "kernel");
	refuses("has type = \"kernel\" in /images/ramdisk-1; it must be \"ramdisk\"");
	set("/images/kernel-1", "arch", "arm");
	refuses("has arch = \"arm\" in /images/kernel-1; name one for arm64");
	set("/images/kernel-1", "compression", "lzma");
	refuses("has compression = \"lzma\" in /images/kernel-1; make it with \"none\" or "
		"\"gzip\"");
	set("/images/fdt-1/hash-1", "algo", "sha512");
	refuses("has an unknown hash in /images/fdt-1/hash-1; make it with crc32, md5, sha1 or "
		"sha256");
	drop("/images/fdt-1/hash-1", "algo");
	refuses("has an unknown hash in /images/fdt-1/hash-1; make it with crc32, md5, sha1 or "
		"sha256");
	set_number("/images/fdt-1/hash-1", "value", 1);
	refuses("is damaged: the crc32 of /images/fdt-1/hash-1 is that of other data; build or "
		"fetch "
		"it again");
	drop("/images/ramdisk-1/hash-1", "value");
	refuses("is damaged: the sha1 of /images/ramdisk-1/hash-1 is that of other data; build or "
		"fetch it again");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hashes),
		cmocka_unit_test_setup(sound, setup),
		cmocka_unit_test_setup(outside, setup),
		cmocka_unit_test_setup(damaged, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
