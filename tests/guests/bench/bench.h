/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the benchmark guest. */
#ifndef BENCH_H
#define BENCH_H

#include "guest.h"

#define TICK_INSNS 16 /* at -icount shift=0 and CNTFRQ 62.5 MHz */

/** registers_measure() - the rows of the controller's registers: the dearest access. */
void registers_measure(void);

#endif
