/* SPDX-License-Identifier: Apache-2.0 */
/* The file of an x86-64 guest's kernel: bzImage, ELF, Multiboot. */
#include "arch/x86_64/pure/kernel.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct x86_kernel kernel;
	const char *why = NULL;
	enum err err = x86_kernel_read(data, size, &kernel, &why);

	if (err != OK) {
		if (why == NULL)
			abort();
		return 0;
	}
	if (kernel.num_pieces == 0 || kernel.num_pieces > X86_MAX_PIECES ||
	    kernel.low >= kernel.high || kernel.entry < kernel.low || kernel.entry >= kernel.high)
		abort();
	for (u32 i = 0; i < kernel.num_pieces; i++) {
		const struct x86_piece *piece = &kernel.pieces[i];

		if (piece->offset > size || piece->bytes > size - piece->offset ||
		    piece->gpa < kernel.low || piece->bytes > kernel.high - piece->gpa)
			abort();
	}
	return 0;
}
