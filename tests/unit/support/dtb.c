/* SPDX-License-Identifier: Apache-2.0 */
/* Device trees for tests, see dtb.h. dtc runs as a child; files go to a directory of their own. */
#include "support/dtb.h"

#include <unistd.h>

#include "support/test.h"

void *file_read(const char *path, size_t *size)
{
	FILE *file = fopen(path, "rb");
	long length;
	void *data = NULL;

	if (file == NULL)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (length = ftell(file)) >= 0) {
		rewind(file);
		/* At least one byte, so that the result for an empty file is not NULL. */
		data = malloc((size_t)length + 1);
		assert_non_null(data);
		*size = fread(data, 1, (size_t)length, file);
		((char *)data)[*size] = '\0';
	}
	fclose(file);
	return data;
}

static void *run_dtc(const char *options, const void *input, size_t size, const char *result,
		     size_t *result_size)
{
	char directory[] = "/tmp/mullion-dtc-XXXXXX", path[64], command[512];
	FILE *file;
	void *data;

	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/in", directory);
	file = fopen(path, "wb");
	assert_non_null(file);
	assert_int_equal(fwrite(input, 1, size, file), size);
	fclose(file);
	(void)snprintf(command, sizeof(command), "cd %s && dtc %s -o out in 2>messages", directory,
		       options);
	if (system(command) != 0)
		result = "messages";
	(void)snprintf(path, sizeof(path), "%s/%s", directory, result);
	data = file_read(path, result_size);
	(void)snprintf(command, sizeof(command), "rm -r %s", directory);
	assert_int_equal(system(command), 0);
	assert_non_null(data);
	return data;
}

void *dtb_compile(const char *dts, size_t *size)
{
	char *blob = run_dtc("-q -I dts -O dtb", dts, strlen(dts), "out", size);

	if (*size < 4 || memcmp(blob, "\xd0\x0d\xfe\xed", 4) != 0)
		fail_msg("dtc refused the test's source: %s", blob);
	return blob;
}

char *dtb_complaints(const void *blob, size_t size)
{
	size_t length;

	return run_dtc("-I dtb -O dts", blob, size, "messages", &length);
}
