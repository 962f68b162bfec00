/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vmm that is killed at every instruction. No character that is sent, read or received is lost or
 * repeated. A child runs the vmm instruction by instruction. After each, a new incarnation takes
 * over the kept memory and gets the same exit once more. The console reads only after a
 * notification by the vmm, or by the core when a vmm starts.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "support/killed.h"

#include "vmm/fixture.h"

#include "components/vmm/arm64/pl011.h"

#define DR   0x000
#define FR   0x018
#define LCRH 0x02c
#define CR   0x030
#define RXFE 0x10
#define FEN  0x10
#define LBE  0x380

#define STEPS_LEAST 200 /* less is no exit */

static const char line_text[] = "a line of more than a FIFO has room for";

/* The child's action, and the check after the next incarnation's start. */
struct scene {
	void (*act)(void);
	void (*check)(void);
};

static void take_over(pid_t child)
{
	killed_copy(child, &line, sizeof(line));
	killed_copy(child, state_page, sizeof(state_page));
}

static char shown[64];
static u32 shown_bytes, notified;

/* The console takes all characters if it was notified. */
static void take_if_notified(bool by_core)
{
	if (!by_core && host_core.notified[G_CHANNEL] == notified)
		return;
	notified = host_core.notified[G_CHANNEL];
	shown_bytes += serial_receive(&console, (u8 *)shown + shown_bytes,
				      (u32)sizeof(shown) - 1 - shown_bytes);
	shown[shown_bytes] = '\0';
}

static void kill_everywhere(const struct scene *scene)
{
	struct serial_end other = console;
	u64 number = ++exits;
	u32 steps = 0;
	pid_t child;

	child = killed_start(scene->act);
	while (killed_step(child, 1)) {
		take_over(child);
		console = other;
		exits = number;
		shown_bytes = 0;
		shown[0] = '\0';
		take_if_notified(true);
		start();
		scene->check();
		steps++;
	}
	assert_true(steps > STEPS_LEAST);
}

static void let_time_pass(void)
{
	take_if_notified(false);
	host_core.now.v += SERIAL_PATIENCE_NS;
	if (host_core.timer.v <= host_core.now.v)
		notify(NOTIFY_TIMER);
	take_if_notified(false);
}

static void assert_console_has(const char *text)
{
	let_time_pass();
	assert_string_equal(shown, text);
}

static void assert_guest_reads(const char *text)
{
	for (; *text != '\0'; text++) {
		assert_int_equal(get(G_UART, FR) & RXFE, 0);
		assert_int_equal(get(G_UART, DR), *text);
	}
	assert_int_equal(get(G_UART, FR) & RXFE, RXFE);
}

static void send(void)
{
	(void)access_again(G_UART, DR, true, 'x', 4);
}

static void sent_alone(void)
{
	send();
	assert_console_has("x");
	set(G_UART, DR, 'y');
	assert_console_has("xy");
}

static void sent_behind(void)
{
	send();
	set(G_UART, DR, 'y');
	assert_console_has("12xy");
}

static void send_line_end(void)
{
	(void)access_again(G_UART, DR, true, '\n', 4);
}

static void sent_line_end(void)
{
	send_line_end();
	assert_console_has("12\n");
}

/* Into an empty line, behind others, and at a line's end, which is notified at once. */
static void test_send(void **state)
{
	static const struct scene alone = { send, sent_alone }, behind = { send, sent_behind };
	static const struct scene line_end = { send_line_end, sent_line_end };

	(void)state;
	kill_everywhere(&alone);
	(void)fresh(NULL);
	set(G_UART, DR, '1');
	set(G_UART, DR, '2');
	kill_everywhere(&behind);
	(void)fresh(NULL);
	set(G_UART, DR, '1');
	set(G_UART, DR, '2');
	kill_everywhere(&line_end);
}

static void receive(void)
{
	assert_int_equal(access_again(G_UART, DR, false, 0, 4), line_text[0]);
}

static void received(void)
{
	receive();
	assert_guest_reads(line_text + 1);
}

/* With a FIFO that is filled again, and with one of a single character. */
static void test_receive(void **state)
{
	static const struct scene scene = { receive, received };

	(void)state;
	for (u32 fifo = 0; fifo < 2; fifo++) {
		(void)fresh(NULL);
		set(G_UART, LCRH, fifo ? FEN : 0);
		type(line_text);
		kill_everywhere(&scene);
	}
}

static void come_in(void)
{
	notify(CHANNEL_BIT);
}

static void came_in(void)
{
	come_in();
	assert_guest_reads(line_text);
}

static void test_arrival(void **state)
{
	static const struct scene scene = { come_in, came_in };

	(void)state;
	set(G_UART, LCRH, FEN);
	assert_int_equal(serial_send(&console, (const u8 *)line_text, strlen(line_text)),
			 strlen(line_text));
	kill_everywhere(&scene);
}

static void looped_back(void)
{
	send();
	assert_guest_reads("1x");
	assert_console_has("");
}

static void test_loopback(void **state)
{
	static const struct scene scene = { send, looped_back };

	(void)state;
	set(G_UART, LCRH, FEN);
	set(G_UART, CR, LBE);
	set(G_UART, DR, '1');
	kill_everywhere(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_send, fresh),
		cmocka_unit_test_setup(test_receive, fresh),
		cmocka_unit_test_setup(test_arrival, fresh),
		cmocka_unit_test_setup(test_loopback, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
