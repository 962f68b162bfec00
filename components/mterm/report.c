/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of a command that failed: a line for people, an object with --json. */
#include "components/mterm/output.h"
#include "components/mterm/term.h"

#include <mullion/format.h>

void report_error(const struct call *call, const char *fmt, ...)
{
	const struct command *c = call->command;
	char text[OUT_FORMAT_MAX];
	va_list list;
	size_t n = 0;

	if (c != NULL)
		n = format(text, sizeof(text), "%s%s%s: ", c->name, c->verb != NULL ? " " : "",
			   c->verb != NULL ? c->verb : "");
	va_start(list, fmt);
	(void)format_va(text + n, sizeof(text) - n, fmt, list);
	va_end(list);
	if ((call->options & OPTION_JSON) != 0) {
		json_begin();
		json_open('{');
		json_key("error");
		json_text(text);
		json_close('}');
		json_end();
	} else {
		out_text(text);
		out_char('\n');
	}
}

void report_refused(const struct call *call, s64 result)
{
	switch ((enum err) - result) {
	case ERR_DENIED:
		report_error(call, "this terminal has no right to it: the description does not "
				   "grant its component control of that");
		break;
	case ERR_BUSY: report_error(call, "something else is being done to it: try again"); break;
	case ERR_NO_MEMORY:
		report_error(call, "there is not enough memory: 'host show' shows what is free");
		break;
	case ERR_UNSUPPORTED: report_error(call, "this machine or core cannot do it"); break;
	default: report_error(call, "the core says: %s", err_name((enum err) - result)); break;
	}
}
