/* SPDX-License-Identifier: Apache-2.0 */
/* The check of what a vmm returns; see insn_state.h. */
#include "arch/x86_64/pure/insn_state.h"

#define FAULT_BITS UINT32_C(0x1f) /* of #PF's error code */

bool x86_answer_is_valid(const struct x86_insn_state *state)
{
	switch (state->exception) {
	case 0: return state->length <= X86_INSN_AGAIN;
	case X86_VECTOR_SS:
	case X86_VECTOR_GP: return state->error == 0;
	case X86_VECTOR_PF: return (state->error & ~FAULT_BITS) == 0;
	default: return false;
	}
}
