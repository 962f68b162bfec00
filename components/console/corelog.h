/* SPDX-License-Identifier: Apache-2.0 */
/* The core's log, line by line, between whatever else is on the screen. */
#ifndef CONSOLE_CORELOG_H
#define CONSOLE_CORELOG_H

#include <mullion/types.h>

/** corelog_start() - show what the core says from now on; @wanted: whether it may be asked. */
void corelog_start(bool wanted);
/** corelog_news() - there may be more. */
void corelog_news(void);
/** corelog_show() - whole lines onto the screen, as far as there is room. */
void corelog_show(void);

#endif
