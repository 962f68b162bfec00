/* SPDX-License-Identifier: Apache-2.0 */
/* The program of a network: the switch with the memory of its ports (abi/network.h). */
#ifndef NET_SERVICE_H
#define NET_SERVICE_H

#include "components/lib/runtime.h"

/* The program, for runtime_run(). */
extern const struct program net_program;

#endif
