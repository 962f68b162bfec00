/* SPDX-License-Identifier: Apache-2.0 */
/* A port: a serial line, and its output that is not shown yet. */
#include "components/console/console.h"

#include <mullion/string.h>

#define PIECE   256u
#define HISTORY 256u /* bytes that are searched for the start of a line */
#define ESCAPE  0x1b

/* The other end may write there at any time: each byte is fetched once, and the copy used. */
static u8 line_byte(const struct port *port, u32 index)
{
	return *(const volatile u8 *)&port->end.receive->data[index % SERIAL_RING_BYTES];
}

static bool is_within(u32 index, u32 from, u32 size)
{
	return index - from <= size;
}

void port_start(struct port *port, bool kept)
{
	struct port_state *state = port->state;

	if (!kept || !is_within(port->end.taken, state->shown, port->keep_size))
		*state = (struct port_state){ .shown = port->end.taken };
	port_check(port);
}

void port_check(struct port *port)
{
	struct serial_end *end = &port->end;
	u32 in = atomic_load_explicit(&end->receive->in, memory_order_relaxed);

	if (is_within(in, end->taken, SERIAL_RING_BYTES))
		return;
	port->state->shown = in;
	keep_order();
	end->taken = in;
	atomic_store(&end->receive->out, in);
}

u32 port_unseen(const struct port *port)
{
	return port->end.taken - port->state->shown;
}

bool port_has_output(const struct port *port)
{
	return port_unseen(port) > 0 || serial_waiting(&port->end) > 0;
}

u32 port_peek(const struct port *port, u8 *to, u32 max)
{
	u32 kept = MIN(port_unseen(port), max);

	for (u32 i = 0; i < kept; i++)
		to[i] = port->keep[(port->state->shown + i) & (port->keep_size - 1)];
	return kept > 0 ? kept : serial_look(&port->end, 0, to, max);
}

/* Both stores are done again at the next start if only one of them is: console_start(). */
void port_show(struct port *port, u32 upto)
{
	u32 more = upto - port->end.taken;

	port->state->shown = upto;
	keep_order();
	if (more > 0 && more <= serial_waiting(&port->end))
		serial_take(&port->end, more);
}

/* Make room for @n bytes behind what is kept. */
static void lose_oldest(struct port *port, u32 n)
{
	u32 room = port->keep_size - port_unseen(port);

	if (n <= room)
		return;
	port->state->lost += n - room;
	port->state->shown += n - room;
	keep_order();
}

static void keep_bytes(struct port *port, const u8 *bytes, u32 n)
{
	u32 at = port->end.taken;

	for (u32 i = 0; i < n; i++)
		port->keep[(at + i) & (port->keep_size - 1)] = bytes[i];
	keep_order();
}

/* As much as a ring has: an other end that sends on is served in the next turn. */
bool port_keep(struct port *port, bool lose)
{
	u8 bytes[PIECE];

	for (u32 done = 0; done < SERIAL_RING_BYTES; done += PIECE) {
		u32 room = lose ? PIECE : MIN(PIECE, port->keep_size - port_unseen(port));
		u32 n = serial_look(&port->end, 0, bytes, room);

		if (n == 0)
			return false;
		lose_oldest(port, n);
		keep_bytes(port, bytes, n);
		serial_take(&port->end, n);
	}
	return true;
}

bool port_give(struct port *port, u8 byte)
{
	return serial_send(&port->end, &byte, 1) == 1;
}

/* --- The line that it is at --------------------------------------------------------------------
 */

/* A terminal of one line. */
struct line {
	u8 *text;
	u32 used, cursor;
	enum sequence sequence;
	u32 number; /* of a control sequence */
};

static void line_put(struct line *line, u8 byte)
{
	if (line->cursor == LINE_BYTES)
		return;
	line->text[line->cursor++] = byte;
	line->used = MAX(line->used, line->cursor);
}

static void line_control(struct line *line, u8 byte)
{
	u32 n = MAX(line->number, 1);

	if (byte >= '0' && byte <= '9') {
		line->number = MIN(line->number * 10 + (byte - '0'), LINE_BYTES);
		return;
	}
	if (byte < 0x40)
		return;
	line->sequence = PLAIN;
	if (byte == 'C')
		line->cursor = MIN(line->cursor + n, line->used);
	else if (byte == 'D')
		line->cursor -= MIN(n, line->cursor);
	else if (byte == 'K' || byte == 'J')
		line->used = line->cursor;
}

static void line_feed(struct line *line, u8 byte)
{
	if (byte == ESCAPE) {
		line->sequence = ESCAPED;
	} else if (line->sequence == ESCAPED) {
		line->sequence = byte == '[' ? CONTROL : PLAIN;
		line->number = 0;
	} else if (line->sequence == CONTROL) {
		line_control(line, byte);
	} else if (byte == '\n') {
		line->used = line->cursor = 0;
	} else if (byte == '\r') {
		line->cursor = 0;
	} else if (byte == '\b') {
		line->cursor -= MIN(1, line->cursor);
	} else if (byte >= 0x20 && byte != 0x7f) {
		line_put(line, byte);
	}
}

/* The ring still has what went through it, as far as the other end has not written over it. */
u32 port_line(const struct port *port, u8 text[LINE_BYTES], u32 *cursor)
{
	struct line line = { .text = text };
	u32 in = atomic_load_explicit(&port->end.receive->in, memory_order_relaxed);
	u32 shown = port->state->shown;

	*cursor = 0;
	if (!is_within(in, shown, SERIAL_RING_BYTES - HISTORY))
		return 0;
	for (u32 i = 0; i < HISTORY; i++)
		line_feed(&line, line_byte(port, shown - HISTORY + i));
	*cursor = line.cursor;
	return line.used;
}
