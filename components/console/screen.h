/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes out to the terminal: a queue before the UART, and where the cursor is as far as it
 * matters, which is at the beginning of a line or not.
 */
#ifndef CONSOLE_SCREEN_H
#define CONSOLE_SCREEN_H

#include <mullion/types.h>

#define SCREEN_BYTES 2048u

/** screen_room() - bytes that can be put. */
u32 screen_room(void);
/** screen_put() - a port's bytes, as they are; at most screen_room(). */
void screen_put(const u8 *from, u32 n);
/** screen_text() - text of our own: "\n" becomes a line's end. What does not fit is left out. */
void screen_text(const char *text);
/** screen_fresh_line() - go to the beginning of a line, if not there. */
void screen_fresh_line(void);
/** screen_drain() - move what fits to the UART. Return: all of it did. */
bool screen_drain(void);
/** screen_start() - empty, at the beginning of a line. */
void screen_start(void);

#endif
