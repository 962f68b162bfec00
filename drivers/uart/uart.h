/* SPDX-License-Identifier: Apache-2.0 */
/* The UART driver of this build: the machine's console until a component owns it. */
#ifndef DRIVERS_UART_H
#define DRIVERS_UART_H

#include <mullion/types.h>

/* `compatible` of the UARTs that the driver knows. */
#ifdef CONFIG_ARCH_X86_64
#define UART_COMPATIBLE "ns16550a"
#else
#define UART_COMPATIBLE "arm,pl011"
#endif

/** uart_init() - use the UART whose registers are mapped at @regs; the firmware's line settings
 * are kept. Boot CPU. */
void uart_init(void *regs);

/** uart_put() - sends @n bytes, '\n' as "\r\n". With @wait a full FIFO is waited for, up to a
 * limit: a UART that does not drain loses text. Without it, the bytes end where the FIFO is full.
 * Returns how many bytes of @text were taken. Under the log lock. */
size_t uart_put(const char *text, size_t n, bool wait);

#endif
