/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flooding guest: it has others work for it, as fast as it can. Boot argument: flood=
 *
 *	doorbell   notify a queue of the virtio console
 *	register   read one of its registers
 *	uart       write characters to the PL011
 *	nested     read what three components have to answer (tests/components/relay)
 *	log        write lines to the core's log
 *	reset      reset itself
 *	spin       none of these, and no WFI either
 */
#include "guest.h"

#include <mullion/string.h>

#define UART   UINT64_C(0x09000000)
#define VIRTIO UINT64_C(0x0a000000)
#define NOTIFY 0x50
#define NESTED 16 /* of the first relay's region: two channels further */

static void flood(const char *what)
{
	volatile u32 *uart = (volatile u32 *)UART, *virtio = (volatile u32 *)VIRTIO;

	if (strcmp(what, "doorbell") == 0)
		virtio[NOTIFY / 4] = 1;
	else if (strcmp(what, "register") == 0)
		(void)virtio[0];
	else if (strcmp(what, "uart") == 0)
		uart[0] = 'x';
	else if (strcmp(what, "nested") == 0)
		(void)uart[NESTED / 4];
	else if (strcmp(what, "log") == 0)
		print("flood: a line that says nothing, and is as long as many another one\n");
	else if (strcmp(what, "reset") == 0)
		(void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
}

void guest_main(void)
{
	char what[16];

	boot_arg("flood", what, sizeof(what));
	for (;;)
		flood(what);
}
