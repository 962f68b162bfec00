/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that the core does not map, guests' and components': it is reached through this CPU's copy
 * window, piece by piece.
 */
#include <mullion/window.h>

#include <arch/mmu.h>
#include <mullion/string.h>

#define WINDOW_BYTES     MIB(2)
#define COPY_CLEAN_BYTES 128 /* unit of arch_copy_clean() */

/* The bytes of @bytes at @at that one window takes. */
static u64 window_piece(hpa_t at, u64 bytes)
{
	return MIN(bytes, WINDOW_BYTES - (at.v & (WINDOW_BYTES - 1)));
}

static void put_clean(u8 *to, const u8 *from, u64 bytes)
{
	u64 fast = 0;

	if (IS_ALIGNED((u64)(uintptr_t)to | (u64)(uintptr_t)from, 16))
		fast = ALIGN_DOWN(bytes, COPY_CLEAN_BYTES);
	if (fast != 0)
		arch_copy_clean(to, from, fast);
	if (bytes > fast) {
		memcpy(to + fast, from + fast, bytes - fast);
		arch_clean_invalidate(to + fast, bytes - fast);
	}
}

void window_read(void *to, hpa_t from, u64 bytes)
{
	for (u8 *at = to; bytes != 0;) {
		u64 here = window_piece(from, bytes);

		memcpy(at, arch_window_map(from, here), here);
		arch_window_unmap();
		at += here;
		from.v += here;
		bytes -= here;
	}
}

void window_write(hpa_t to, const void *from, u64 bytes)
{
	for (const u8 *at = from; bytes != 0;) {
		u64 here = window_piece(to, bytes);

		put_clean(arch_window_map(to, here), at, here);
		arch_window_unmap();
		at += here;
		to.v += here;
		bytes -= here;
	}
}

void window_zero(hpa_t to, u64 bytes)
{
	while (bytes != 0) {
		u64 here = window_piece(to, bytes);

		arch_zero_clean(arch_window_map(to, here), here);
		arch_window_unmap();
		to.v += here;
		bytes -= here;
	}
}
