/* SPDX-License-Identifier: Apache-2.0 */
/* Free memory before and after a test. */
#ifndef TESTS_SUPPORT_FREE_H
#define TESTS_SUPPORT_FREE_H

#include "support/test.h"

#include <mullion/mem.h>

static struct {
	u64 pages, ram_bytes;
} noted_free;

/** note_free() - record the free pages of the heap and the free RAM. */
static inline void note_free(void)
{
	noted_free.pages = page_free_count();
	noted_free.ram_bytes = ram_free_bytes();
}

/** check_free() - check that as much memory is free as at note_free(). */
static inline void check_free(void)
{
	assert_int_equal(page_free_count(), noted_free.pages);
	assert_int_equal(ram_free_bytes(), noted_free.ram_bytes);
}

#endif
