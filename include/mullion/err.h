/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Result codes. 0 is success; every function that returns one is __must_check and gives its values
 * back by out-parameter. At most 16 codes: a caller should be able to handle each by its meaning.
 */
#ifndef MULLION_ERR_H
#define MULLION_ERR_H

#include <mullion/types.h>

enum err {
	OK = 0,
	ERR_INVALID,     /* an argument or value makes no sense */
	ERR_RANGE,       /* outside the object's bounds */
	ERR_OVERLAP,     /* clashes with something that is there */
	ERR_NOT_FOUND,   /* no such object */
	ERR_EXISTS,      /* there already is one */
	ERR_NO_MEMORY,   /* the heap or budget is used up */
	ERR_FORMAT,      /* foreign bytes that do not follow their format */
	ERR_TOO_BIG,     /* well-formed, but above a bound of the core */
	ERR_STATE,       /* the object's state does not allow it */
	ERR_BUSY,        /* in use; later may succeed */
	ERR_DENIED,      /* no right to it */
	ERR_UNSUPPORTED, /* this machine or build cannot do it */
	ERR_FAULT,       /* an address does not translate */
	ERR_HARDWARE,    /* a device or firmware refused or did not answer */
	ERR_COUNT
};

/** err_name() - the code's name in lower case, e.g. "not found"; "unknown" for anything else. Any
 * context. */
const char *err_name(enum err err);

#endif
