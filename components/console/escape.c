/* SPDX-License-Identifier: Apache-2.0 */
/* The commands of the escape key. */
#include "components/console/console.h"

static enum key command_of(u8 byte)
{
	switch (byte) {
	case '0': return KEY_MENU;
	case 'n': return KEY_NEXT;
	case 'p': return KEY_PREVIOUS;
	case 'm': return KEY_TERMINAL;
	case 'l': return KEY_LIST;
	case '?':
	case 'h': return KEY_HELP;
	default: return KEY_UNKNOWN;
	}
}

/* A number of up to three digits, up to the Enter key. */
static enum key feed_number(struct escape *escape, u8 byte, u8 *value)
{
	if (byte >= '0' && byte <= '9' && escape->number < 100) {
		escape->number = escape->number * 10 + (byte - '0');
		return KEY_DIGIT;
	}
	escape->state = ESCAPE_IDLE;
	if ((byte != '\r' && byte != '\n') || escape->number == 0)
		return KEY_CANCEL;
	*value = (u8)(MIN(escape->number, UINT8_MAX) - 1);
	return KEY_PORT;
}

enum key escape_feed(struct escape *escape, u8 byte, u8 *value)
{
	enum key key;

	*value = byte;
	if (escape->state == ESCAPE_NUMBER)
		return feed_number(escape, byte, value);
	if (escape->state == ESCAPE_IDLE) {
		if (byte != escape->key)
			return KEY_BYTE;
		escape->state = ESCAPE_ARMED;
		return KEY_NONE;
	}
	escape->state = ESCAPE_IDLE;
	if (byte == escape->key)
		return KEY_BYTE;
	if (byte >= '1' && byte <= '9') {
		*value = (u8)(byte - '1');
		return KEY_PORT;
	}
	key = command_of(byte);
	if (key == KEY_MENU) {
		escape->state = ESCAPE_NUMBER;
		escape->number = 0;
	}
	return key;
}
