/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a FIT image: parts lie inside of it, and a failure has a text. */
#include "tools/common/fit_image.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

static void check_part(const struct fit_part *part, const u8 *data, size_t size)
{
	volatile u8 sum = 0;

	if (part->data == NULL)
		return;
	CHECK(part->data >= data && (size_t)(part->data - data) <= size);
	CHECK(part->bytes > 0 && part->bytes <= size - (size_t)(part->data - data));
	for (size_t i = 0; i < part->bytes; i++)
		sum = (u8)(sum + part->data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u8 *copy = malloc(size + 1); /* aligned */
	struct fit_parts parts;
	char *why;

	if (copy == NULL)
		return 0;
	memcpy(copy, data, size);
	why = fit_read(copy, size, NULL, &parts);
	if (why == NULL) {
		CHECK(parts.kernel.data != NULL);
		check_part(&parts.kernel, copy, size);
		check_part(&parts.ramdisk, copy, size);
		check_part(&parts.tree, copy, size);
	}
	free(why);
	free(copy);
	return 0;
}
