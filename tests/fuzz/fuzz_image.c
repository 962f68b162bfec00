/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a guest's kernel: the decoder answers within its contract and stays inside them. */
#include "arch/arm64/pure/image.h"

#include "tests/fuzz/fuzz.h"
#include <mullion/file_kind.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct image_header header;
	enum file_kind kind = file_kind(data, size);
	enum err err = arm64_image_decode(data, size, &header);

	CHECK(file_kind_name(kind) != NULL);
	CHECK(err == OK || err == ERR_FORMAT || err == ERR_INVALID);
	/* A file is classified as an Image exactly if it has a header. */
	CHECK((kind == FILE_LINUX_ARM64) == (err != ERR_FORMAT));
	CHECK(err != OK || (header.text_offset <= BIT(40) && header.image_size <= BIT(40)));
	return 0;
}
