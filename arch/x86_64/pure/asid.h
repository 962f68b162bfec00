/* SPDX-License-Identifier: Apache-2.0 */
/* The ASIDs of SVM on one CPU: each load of a vCPU gets a fresh one (APM vol. 2, 15.16). Pure. */
#ifndef X86_64_PURE_ASID_H
#define X86_64_PURE_ASID_H

#include <mullion/types.h>

/** asid_next() - the ASID behind @next, of @count. 0 is the core's. Sets @flush if the entry must
 * flush all translations, because older ones may have it. */
static inline u32 asid_next(u32 *next, u32 count, bool *flush)
{
	if (*next >= count)
		*next = 1;
	*flush = *next == 1;
	return (*next)++;
}

#endif
