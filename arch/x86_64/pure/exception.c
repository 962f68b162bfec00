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

struct exception_raised exception_raise(u64 before, u32 vector, u64 error)
{
	struct exception_raised raised = { 0 };
	bool delivering = (before & EVENT_VALID) != 0;
	u32 both = vector;

	if (delivering && EVENT_TYPE(before) == EVENT_EXCEPTION)
		both = exception_combine(before & 0xff, vector);
	raised.shutdown = both == EXCEPTION_SHUTDOWN;
	if (both != vector) {
		both = EXCEPTION_DF;
		error = 0;
	}
	raised.event = EVENT_VALID | EVENT_EXCEPTION << 8 | both;
	if (error != EXCEPTION_NO_ERROR)
		raised.event |= EVENT_HAS_ERROR | error << 32;
	if (delivering &&
	    (EVENT_TYPE(before) == EVENT_NMI || EVENT_TYPE(before) == EVENT_INTERRUPT))
		raised.later = before;
	return raised;
}
