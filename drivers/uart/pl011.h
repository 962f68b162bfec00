/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DRIVERS_PL011_H
#define DRIVERS_PL011_H

#include <mullion/types.h>

/** pl011_init() - use the UART whose registers are mapped at @regs; the firmware's line settings
 * are kept. Boot CPU. */
void pl011_init(void *regs);

/** pl011_put() - send @n bytes, '\n' as "\r\n". Waits for room, but not for ever: a UART that does
 * not drain loses text. Under the log lock. */
void pl011_put(const char *text, size_t n);

#endif
