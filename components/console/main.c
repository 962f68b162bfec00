/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The console: owns the machine's UART, and shares it among the guests' serial ports, the terminal
 * and the core's log.
 */
#include "components/console/console.h"

void component_main(const struct component_info *info)
{
	runtime_run(&console_program, info);
}
