/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes of an instruction that accesses emulated memory. */
#include "arch/x86_64/pure/decode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static const u8 code[] = { 4, 8, 2, 8 };
	struct x86_insn insn;
	u64 r[16] = { 0 };

	if (size < 1 || size > 64)
		return 0;
	if (!x86_decode(data + 1, (u32)size - 1, code[data[0] % 4], &insn))
		return 0;
	if (insn.length > size - 1 || insn.length > X86_INSN_MAX || insn.reg > 15)
		abort();
	x86_insn_load(&insn, r, x86_insn_store(&insn, r));
	return 0;
}
