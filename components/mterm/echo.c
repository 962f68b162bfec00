/* SPDX-License-Identifier: Apache-2.0 */
/* The command echo, whose text is not taken apart into words. */
#include "components/mterm/output.h"
#include "components/mterm/term.h"

/* If the name was quoted, the text comes as words. */
void run_echo(struct term *t, const struct call *call)
{
	(void)t;
	if (call->rest != NULL)
		out_text(call->rest);
	for (u32 i = 0; i < call->num_arguments; i++) {
		if (i != 0)
			out_char(' ');
		out_text(call->arguments[i]);
	}
	out_char('\n');
}
