/* SPDX-License-Identifier: Apache-2.0 */
/* Formatted text. */
#include "guest.h"

#define PRINT_MAX 256

void print(const char *fmt, ...)
{
	char text[PRINT_MAX];
	va_list args;
	size_t length;

	if (machine.quiet)
		return;
	va_start(args, fmt);
	length = MIN(format_va(text, sizeof(text), fmt, args), sizeof(text) - 1);
	va_end(args);
	arch_print(text, length);
}
