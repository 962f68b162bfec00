/* SPDX-License-Identifier: Apache-2.0 */
/* Copies between the core and memory that it does not map (core/mem/window.c). */
#ifndef MULLION_WINDOW_H
#define MULLION_WINDOW_H

#include <mullion/types.h>

/** window_read() - copy @bytes of host memory at @from to @to. Any context in which the copy window
 * is not in use. */
void window_read(void *to, hpa_t from, u64 bytes);
/** window_write() - copy @bytes to host memory at @to, also for CPUs whose caches are off and for
 * instruction fetches. Contexts as window_read(). */
void window_write(hpa_t to, const void *from, u64 bytes);
/** window_zero() - zero whole pages at @to, likewise. */
void window_zero(hpa_t to, u64 bytes);

#endif
