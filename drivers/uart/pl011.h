/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DRIVERS_PL011_H
#define DRIVERS_PL011_H

#include <mullion/types.h>

/** pl011_init() - use the UART whose registers are mapped at @regs; the firmware's line settings
 * are kept. Boot CPU. */
void pl011_init(void *regs);

/** pl011_put() - sends @n bytes, '\n' as "\r\n". With @wait a full FIFO is waited for, up to a
 * limit: a UART that does not drain loses text. Without it, the bytes end where the FIFO is full.
 * Returns how many bytes of @text were taken. Under the log lock. */
size_t pl011_put(const char *text, size_t n, bool wait);

#endif
