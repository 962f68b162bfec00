/* SPDX-License-Identifier: Apache-2.0 */
/* Exceptions during the delivery of others; see exception.h. */
#include "arch/x86_64/pure/exception.h"

#define PAGE_FAULT   BIT(14)
#define CONTRIBUTORY (BIT(0) | BIT(10) | BIT(11) | BIT(12) | BIT(13) | BIT(21))

static bool is_one_of(u32 vector, u64 set)
{
	return vector < 64 && (BIT(vector) & set) != 0;
}

u32 exception_combine(u32 first, u32 second)
{
	if (first == EXCEPTION_DF)
		return is_one_of(second, CONTRIBUTORY | PAGE_FAULT) ? EXCEPTION_SHUTDOWN : second;
	if (is_one_of(first, CONTRIBUTORY) && is_one_of(second, CONTRIBUTORY))
		return EXCEPTION_DF;
	if (is_one_of(first, PAGE_FAULT) && is_one_of(second, CONTRIBUTORY | PAGE_FAULT))
		return EXCEPTION_DF;
	return second;
}
