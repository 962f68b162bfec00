/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The architecture contract: an index from a guest or a component, behind its bounds check. A CPU
 * that has mispredicted the check would read outside the array, and what it reads there could leave
 * a trace in the cache (docs/security.md).
 */
#ifndef ARCH_SPECULATION_H
#define ARCH_SPECULATION_H

#include <asm/speculation.h>

/** arch_index_clamp() - in asm/speculation.h, inline: @index if it is below @bound, else 0, also
 * where the CPU only speculates that it is. After the check, before the use; any context. */

#endif
