/* SPDX-License-Identifier: Apache-2.0 */
/* The escape key: what the byte behind it means. */
#include "components/console/console.h"

enum key escape_feed(struct escape *escape, u8 byte, u8 *value)
{
	*value = byte;
	if (!escape->armed) {
		escape->armed = byte == escape->key;
		return escape->armed ? KEY_NONE : KEY_BYTE;
	}
	escape->armed = false;
	if (byte == escape->key)
		return KEY_BYTE;
	if (byte >= '1' && byte <= '9') {
		*value = (u8)(byte - '1');
		return KEY_PORT;
	}
	switch (byte) {
	case 'n': return KEY_NEXT;
	case 'p': return KEY_PREVIOUS;
	case 'm': return KEY_TERMINAL;
	case 'l': return KEY_LIST;
	case '?':
	case 'h': return KEY_HELP;
	default: return KEY_UNKNOWN;
	}
}
