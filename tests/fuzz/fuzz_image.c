/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a guest's kernel: the decoder answers within its contract and stays inside them. */
#include "arch/arm64/pure/image.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct image_header header;
	enum image_file kind = arm64_file_kind(data, size);
	enum err err = arm64_image_decode(data, size, &header);

	if (arm64_file_name(kind) == NULL)
		__builtin_trap();
	if (err != OK && err != ERR_FORMAT && err != ERR_INVALID)
		__builtin_trap();
	/* A file is classified as an Image exactly if it has a header. */
	if ((kind == IMAGE_FILE_LINUX) != (err != ERR_FORMAT))
		__builtin_trap();
	if (err == OK && (header.text_offset > BIT(40) || header.image_size > BIT(40)))
		__builtin_trap();
	return 0;
}
