/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a guest's kernel: the decoder answers within its contract and stays inside them. */
#include "arch/arm64/pure/image.h"

#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct image_header header;
	enum image_file kind = arm64_file_kind(data, size);
	enum err err = arm64_image_decode(data, size, &header);

	CHECK(arm64_file_name(kind) != NULL);
	CHECK(err == OK || err == ERR_FORMAT || err == ERR_INVALID);
	/* A file is classified as an Image exactly if it has a header. */
	CHECK((kind == IMAGE_FILE_LINUX) == (err != ERR_FORMAT));
	CHECK(err != OK || (header.text_offset <= BIT(40) && header.image_size <= BIT(40)));
	return 0;
}
