/* SPDX-License-Identifier: Apache-2.0 */
/* The result codes as text, for messages. */
#include <mullion/err.h>

static const char *const names[ERR_COUNT] = {
	[OK] = "success",
	[ERR_INVALID] = "invalid",
	[ERR_RANGE] = "out of range",
	[ERR_OVERLAP] = "overlap",
	[ERR_NOT_FOUND] = "not found",
	[ERR_EXISTS] = "exists already",
	[ERR_NO_MEMORY] = "out of memory",
	[ERR_FORMAT] = "bad format",
	[ERR_TOO_BIG] = "too big",
	[ERR_STATE] = "wrong state",
	[ERR_BUSY] = "busy",
	[ERR_DENIED] = "denied",
	[ERR_UNSUPPORTED] = "not supported",
	[ERR_FAULT] = "address fault",
	[ERR_HARDWARE] = "hardware error",
};

_Static_assert(ERR_COUNT <= 16, "at most 16 codes, see mullion/err.h");

const char *err_name(enum err err)
{
	if ((unsigned int)err >= ERR_COUNT)
		return "unknown";
	return names[err];
}
