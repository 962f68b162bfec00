/* SPDX-License-Identifier: Apache-2.0 */
/* The machine's PL011, driven by its interrupt (DDI 0183G). Never waits. */
#ifndef CONSOLE_UART_H
#define CONSOLE_UART_H

#include "components/lib/sys.h"

/** uart_start() - the registers at @address; what firmware has set up of speed and pins stays. */
void uart_start(u64 address);
/** uart_put() - send @byte; false when the FIFO is full. */
bool uart_put(u8 byte);
/** uart_get() - the next byte that came; false when there is none. */
bool uart_get(u8 *byte);
/** uart_listen() - whether an interrupt comes when the FIFO has room (@room), and when bytes have
 * come (@bytes). */
void uart_listen(bool room, bool bytes);

#endif
