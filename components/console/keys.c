/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys that come as sequences: ESC [ 27 ; MODIFIERS ; CODE ~ of xterm's modifyOtherKeys, and
 * ESC [ CODE ; MODIFIERS : EVENT u of kitty's keyboard protocol. Only the
 * console's own keys become bytes: its escape key and the next key. All others pass unchanged.
 */
#include "components/console/console.h"

#define ESCAPE 0x1b

#define MODIFIER_CTRL  4u
#define MODIFIER_LOCKS (64u | 128u)
#define EVENT_RELEASE  3u

struct code {
	u32 code, modifiers, event;
};

/* "ESC [", numbers with ';' or ':' between them, one byte that ends it. */
static bool may_go_on(const struct keys *keys)
{
	u8 last = keys->bytes[keys->num - 1];

	if (keys->num == KEYS_MAX)
		return false;
	if (keys->num <= 2)
		return last == (keys->num == 1 ? ESCAPE : '[');
	return (last >= '0' && last <= '9') || last == ';' || last == ':';
}

/* The number from *@at on, and behind it and its separator. */
static u32 read_number(const struct keys *keys, u32 *at)
{
	u32 number = 0;

	while (*at < keys->num && keys->bytes[*at] >= '0' && keys->bytes[*at] <= '9')
		number = MIN(number * 10 + (keys->bytes[(*at)++] - '0'), 0x110000);
	if (*at < keys->num)
		(*at)++;
	return number;
}

static bool parse(const struct keys *keys, struct code *code)
{
	u8 last = keys->bytes[keys->num - 1];
	u32 at = 2, numbers[3] = { 0 };

	if (keys->num < 4 || (last != '~' && last != 'u'))
		return false;
	for (u32 i = 0; i < 3 && at < keys->num; i++)
		numbers[i] = read_number(keys, &at);
	if (last == '~') {
		*code = (struct code){ .code = numbers[2], .modifiers = numbers[1] };
		return numbers[0] == 27;
	}
	*code = (struct code){ numbers[0], numbers[1], numbers[2] };
	return true;
}

/* The byte that the key sends in the usual mode. Returns false if it sends none, or several. */
static bool byte_of(const struct code *code, u8 *byte)
{
	u32 modifiers = (MAX(code->modifiers, 1) - 1) & ~MODIFIER_LOCKS;

	if (code->code == 0 || code->code > 0x7f)
		return false;
	*byte = (u8)code->code;
	if ((modifiers & MODIFIER_CTRL) != 0 && code->code >= 0x40)
		*byte = (u8)(code->code & 0x1f);
	else if ((modifiers & ~1u) != 0)
		return false;
	return true;
}

/* All that came is one byte for the console, or none. */
static void replace(struct keys *keys, const struct escape *escape)
{
	struct code code;
	u8 byte;

	if (!parse(keys, &code) || !byte_of(&code, &byte))
		return;
	if (byte != escape->key && escape->state == ESCAPE_IDLE)
		return;
	keys->num = code.event == EVENT_RELEASE ? 0 : 1;
	keys->bytes[0] = byte;
}

void keys_feed(struct keys *keys, const struct escape *escape, u8 byte, u64 now_ns)
{
	if (keys->complete)
		*keys = (struct keys){ 0 };
	if (keys->num == 0)
		keys->until_ns = now_ns + KEYS_WAIT_NS;
	keys->bytes[keys->num++] = byte;
	keys->complete = !may_go_on(keys);
	if (keys->complete)
		replace(keys, escape);
}

bool keys_waits(const struct keys *keys, u64 now_ns)
{
	return keys->num > 0 && !keys->complete && now_ns < keys->until_ns;
}

bool keys_take(struct keys *keys, u8 *byte)
{
	if (keys->at == keys->num)
		return false;
	keys->complete = true;
	*byte = keys->bytes[keys->at++];
	return true;
}
