/* SPDX-License-Identifier: Apache-2.0 */
/* Call chains of the core, by frame records: the address of the caller's record, and the return
 * address. */
#include "arch/common/backtrace.h"

#include <arch/boot.h>
#include <asm/trap.h>
#include <mullion/log.h>

#define MAX_FRAMES 32

/* Each record lies above the one before: no other address is followed. */
void backtrace(u64 fp)
{
	u64 last = 0;

	for (u32 i = 0; i < MAX_FRAMES && trap_on_stack(fp) && fp > last; i++) {
		const u64 *record = (const u64 *)fp;

		last = fp;
		fp = record[0];
		if (record[1] == 0)
			break;
		log_address("  from", trap_call(record[1]));
	}
}

/* Starts at the caller's frame: this function's own frame may be reused before it is read. */
void arch_backtrace(void)
{
	backtrace(*(const u64 *)__builtin_frame_address(0));
}
