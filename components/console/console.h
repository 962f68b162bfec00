/* SPDX-License-Identifier: Apache-2.0 */
/* The console as a program of the runtime (lib/runtime.h). */
#ifndef CONSOLE_CONSOLE_H
#define CONSOLE_CONSOLE_H

#include "components/lib/runtime.h"

#define CONSOLE_MAX_PORTS 16u

extern const struct program console_program;

#endif
