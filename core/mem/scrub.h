/* SPDX-License-Identifier: Apache-2.0 */
/* Between ram.c and the thread that scrubs; see scrub.c. */
#ifndef CORE_MEM_SCRUB_H
#define CORE_MEM_SCRUB_H

/** scrub_wake() - there is dirty memory. Any context, no lock of the rank of waiting or above. */
void scrub_wake(void);

#endif
