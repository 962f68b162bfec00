/* SPDX-License-Identifier: Apache-2.0 */
/* Between ram.c and the scrubber; see scrub.c. */
#ifndef CORE_MEM_SCRUB_H
#define CORE_MEM_SCRUB_H

/** scrub_wake() - wake the scrubber, if it was started: there is dirty memory. Any
 * context, no lock of RANK_WORK or above. */
void scrub_wake(void);

#endif
