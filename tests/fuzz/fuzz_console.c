/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/console: random keys, and random data of the other ends in shared memory. The console
 * accesses only its own memory, each step ends, and the escape key still works.
 */
#include "console/fake.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>

#define PORTS 3u
#define TURNS 64u

#define STATE_BYTES (sizeof(struct console_state) + PORTS * 512)

static struct {
	const u8 *at;
	size_t left;
} input;

static u8 next(void)
{
	if (input.left == 0)
		return 0;
	input.left--;
	return *input.at++;
}

static u32 next_word(void)
{
	u32 word = 0;

	for (u32 i = 0; i < 4; i++)
		word = word << 8 | next();
	return word;
}

static const u8 *next_bytes(size_t *n)
{
	u8 wanted = next();
	const u8 *bytes;

	*n = MIN(wanted, input.left);
	bytes = input.at;
	input.at += *n;
	input.left -= *n;
	return bytes;
}

static void disturb(struct serial_line *line, u8 what)
{
	struct serial_ring *ring = what & 4 ? &line->to_first : &line->to_second;

	if (what & 8)
		ring->in = next_word();
	else
		ring->out = next_word();
}

static void step(u64 *now_ns)
{
	u8 what = next();
	u32 port = (what >> 4) % PORTS;
	const u8 *bytes;
	size_t n;

	switch (what & 3) {
	case 0:
		bytes = next_bytes(&n);
		(void)fake_send(port, bytes, n);
		break;
	case 1:
		bytes = next_bytes(&n);
		fake.typed = bytes;
		fake.typed_size = n;
		fake.typed_at = 0;
		break;
	case 2: disturb(&fake.lines[port], what); break;
	default:
		bytes = next_bytes(&n);
		fake.console.log_size = (u32)MIN(n, LOG_BYTES);
		memcpy(fake.console.log, bytes, fake.console.log_size);
		fake.console.log_at = 0;
		fake.console.log_more = what & 4;
		*now_ns += what & 8 ? PATIENCE_NS : 1;
		break;
	}
	fake.shown_max = fake.shown + (what & 0x80 ? 7 : 1000);
}

static void check(void)
{
	const struct console *console = &fake.console;

	CHECK(console->focus < console->num_ports);
	CHECK(output_used(console->output) <= OUTPUT_BYTES);
	CHECK(console->log_at <= console->log_size);
	for (u32 i = 0; i < console->num_ports; i++) {
		CHECK(port_unseen(&console->ports[i]) <= console->ports[i].keep_size);
	}
}

/* Nothing that came before takes the keys from the user. */
static void switch_at_last(u64 now_ns)
{
	static const u8 keys[] = { ' ', ESCAPE_DEFAULT, '2' };

	fake.typed_size = 0;
	for (u32 i = 0; i < 3; i++) {
		fake.shown_max = ~(size_t)0;
		fake.console.escape.state = ESCAPE_IDLE;
		(void)console_pump(&fake.console, now_ns);
		now_ns += PATIENCE_NS;
	}
	fake.typed = keys;
	fake.typed_size = sizeof(keys);
	fake.typed_at = 0;
	for (u32 i = 0; i < 3; i++, now_ns += PATIENCE_NS)
		(void)console_pump(&fake.console, now_ns);
	CHECK(fake.console.focus == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u64 now_ns = 0;
	char options[128] = { 0 };
	struct console_state *state;
	size_t n;

	if (size == 0)
		return 0;
	input.at = data;
	input.left = size;
	state = calloc(1, STATE_BYTES);
	CHECK(state != NULL);
	n = next() % sizeof(options);
	n = MIN(n, input.left);
	memcpy(options, input.at, n);
	options[sizeof(options) - 1] = 0;
	input.at += n;
	input.left -= n;
	fake_grants(PORTS, options);
	fake_grant(GRANT_MEMORY, "state", (uintptr_t)state, STATE_BYTES, GRANT_KEPT);
	for (u32 i = 0; i < PORTS; i++)
		disturb(&fake.lines[i], next());
	console_start(&fake.console, &fake.info);
	fake.console.escape.key = ESCAPE_DEFAULT;
	for (u32 i = 0; i < TURNS && input.left > 0; i++, now_ns++) {
		step(&now_ns);
		(void)console_pump(&fake.console, now_ns);
		check();
	}
	switch_at_last(now_ns);
	free(state);
	return 0;
}
