/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/pl011.c: registers, FIFOs, interrupts, a full ring, reset, restart. */
#include "vmm/fixture.h"

#include "components/vmm/arm64/pl011.h"

#define DR    0x000
#define RSR   0x004
#define FR    0x018
#define ILPR  0x020
#define IBRD  0x024
#define FBRD  0x028
#define LCRH  0x02c
#define CR    0x030
#define IFLS  0x034
#define IMSC  0x038
#define RIS   0x03c
#define MIS   0x040
#define ICR   0x044
#define DMACR 0x048

#define RXFE 0x10
#define TXFF 0x20
#define RXFF 0x40
#define TXFE 0x80
#define FEN  0x10
#define LBE  0x80
#define RX   0x10
#define TX   0x20
#define RT   0x40
#define OE   0x400

static u32 reg(u64 offset)
{
	return get(G_UART, offset);
}

static void put(u64 offset, u32 value)
{
	set(G_UART, offset, value);
}

static void say(const char *text)
{
	for (; *text != '\0'; text++)
		put(DR, (u8)*text);
}

static void assert_console_reads(const char *text)
{
	char got[64] = "";

	(void)serial_receive(&console, (u8 *)got, sizeof(got) - 1);
	assert_string_equal(got, text);
}

static void test_reset_values(void **state)
{
	(void)state;
	assert_int_equal(reg(CR), 0x300);
	assert_int_equal(reg(IFLS), 0x12);
	assert_int_equal(reg(FR), 0x97);
	assert_int_equal(reg(LCRH), 0);
	assert_int_equal(reg(IMSC), 0);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(reg(DR), 0);
	assert_false(host_core.level[G_UART_LINE]);
}

static void test_identity(void **state)
{
	static const u32 ids[] = { 0x11, 0x10, 0x14, 0, 0x0d, 0xf0, 0x05, 0xb1 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		assert_int_equal(reg(0xfe0 + 4 * i), ids[i]);
	assert_int_equal(reg(0x050), 0);
	assert_int_equal(access_region(G_UART, 0xfffffff0, false, 0, 4), 0);
}

static void test_fields(void **state)
{
	static const struct {
		u32 offset, mask;
	} regs[] = { { ILPR, 0xff }, { IBRD, 0xffff }, { FBRD, 0x3f },  { LCRH, 0xff },
		     { CR, 0xff87 }, { IFLS, 0x3f },   { IMSC, 0x7ff }, { DMACR, 7 } };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(regs); i++) {
		put(regs[i].offset, UINT32_MAX);
		assert_int_equal(reg(regs[i].offset), regs[i].mask);
		put(regs[i].offset, 0);
		assert_int_equal(reg(regs[i].offset), 0);
	}
	/* Read-only ones, and what is none. */
	put(FR, UINT32_MAX);
	put(RIS, UINT32_MAX);
	put(MIS, UINT32_MAX);
	put(0xfe0, UINT32_MAX);
	put(0x800, UINT32_MAX);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(reg(0xfe0), 0x11);
}

static void test_widths(void **state)
{
	(void)state;
	(void)access_region(G_UART, DR, true, 'b', 1);
	(void)access_region(G_UART, DR, true, 'h', 2);
	(void)access_region(G_UART, DR, true, 0x41414100 | 'w', 4);
	(void)access_region(G_UART, DR, true, 'x', 8);
	assert_console_reads("bhwx");
	put(IBRD, 0x1234);
	assert_int_equal(access_region(G_UART, IBRD, false, 0, 2), 0x1234);
	assert_int_equal(access_region(G_UART, IBRD, false, 0, 8), 0x1234);
	assert_int_equal(access_region(G_UART, IBRD + 1, false, 0, 1), 0x12);
	/* The upper half of a register has nothing to set. */
	(void)access_region(G_UART, IBRD + 1, true, 0xff, 1);
	assert_int_equal(reg(IBRD), 0x1234);
}

static void test_transmit(void **state)
{
	(void)state;
	say("hello\n");
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_console_reads("hello\n");
	assert_int_equal(reg(RIS), TX);
	assert_false(host_core.level[G_UART_LINE]);
	put(IMSC, TX);
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(reg(MIS), TX);
	put(ICR, TX);
	assert_false(host_core.level[G_UART_LINE]);
	assert_int_equal(reg(RIS), 0);
}

/* Text without a line's end is notified after SERIAL_PATIENCE_NS, once for all characters. */
static void test_prompt(void **state)
{
	(void)state;
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	host_core.now = NS(5000);
	say("# ");
	assert_int_equal(host_core.notified[G_CHANNEL], 0);
	assert_int_equal(host_core.timer.v, 5000 + SERIAL_PATIENCE_NS);
	host_core.now = NS(5000 + SERIAL_PATIENCE_NS - 1);
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.notified[G_CHANNEL], 0);
	say("ls");
	assert_int_equal(host_core.timer.v, 5000 + SERIAL_PATIENCE_NS);
	host_core.now = host_core.timer;
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	assert_console_reads("# ls");
}

/* Of many lines in that time, the first is notified at once. */
static void test_lines(void **state)
{
	(void)state;
	say("one\ntwo\nthree\n");
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_console_reads("one\ntwo\nthree\n");
	say("four\n");
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	host_core.now = host_core.timer;
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	assert_console_reads("four\n");
	say("five\n");
	assert_int_equal(host_core.notified[G_CHANNEL], 3);
	assert_console_reads("five\n");
}

/* A guest that is reset, and the machine's end, leave nothing behind. */
static void test_last_words(void **state)
{
	(void)state;
	say("Restarting");
	notify(NOTIFY_RESET);
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_console_reads("Restarting");
	say("Power down");
	notify(NOTIFY_END);
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	assert_console_reads("Power down");
}

static void test_gone(void **state)
{
	(void)state;
	say("half a li");
	notify(NOTIFY_GONE);
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	assert_console_reads("half a li\r\n[vmm: guest 'debian' was destroyed]\r\n");
}

static void test_ring_full(void **state)
{
	u8 all[SERIAL_RING_BYTES];

	(void)state;
	put(IMSC, TX);
	for (u32 i = 0; i < SERIAL_RING_BYTES; i++) {
		assert_int_equal(reg(FR) & (TXFF | TXFE), TXFE);
		put(DR, 'a' + i % 26);
	}
	assert_int_equal(reg(FR) & (TXFF | TXFE), TXFF);
	assert_int_equal(reg(RIS), 0);
	assert_false(host_core.level[G_UART_LINE]);
	put(DR, '!');
	assert_int_equal(serial_receive(&console, all, sizeof(all)), SERIAL_RING_BYTES);
	for (u32 i = 0; i < SERIAL_RING_BYTES; i++)
		assert_int_equal(all[i], 'a' + i % 26);
	assert_int_equal(reg(RIS), 0);
	notify(CHANNEL_BIT);
	assert_int_equal(reg(RIS), TX);
	assert_true(host_core.level[G_UART_LINE]);
	put(ICR, TX);
	notify(CHANNEL_BIT);
	assert_int_equal(reg(RIS), 0);
}

static void test_receive(void **state)
{
	(void)state;
	put(IMSC, RX | RT);
	type("ab");
	/* Without FIFOs there is one character. */
	assert_int_equal(reg(FR) & (RXFE | RXFF), RXFF);
	assert_int_equal(reg(RIS), RX | RT);
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(reg(DR), 'a');
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(reg(DR), 'b');
	assert_int_equal(reg(FR) & (RXFE | RXFF), RXFE);
	assert_int_equal(reg(RIS), 0);
	assert_false(host_core.level[G_UART_LINE]);
}

static void test_fifo(void **state)
{
	static const char text[] = "0123456789abcdefghijklmnop";

	(void)state;
	put(LCRH, FEN);
	type("0123456");
	assert_int_equal(reg(RIS), RT);
	type("7");
	assert_int_equal(reg(RIS), RX | RT);
	type(text + 8);
	assert_int_equal(reg(FR) & (RXFE | RXFF), RXFF);
	for (u32 i = 0; i < strlen(text); i++)
		assert_int_equal(reg(DR), text[i]);
	assert_int_equal(reg(FR) & (RXFE | RXFF), RXFE);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(reg(RSR), 0);
}

static void test_triggers(void **state)
{
	static const u32 levels[] = { 2, 4, 8, 12, 14 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(levels); i++) {
		put(LCRH, 0);
		put(LCRH, FEN);
		put(IFLS, i << 3);
		for (u32 n = 1; n <= 16; n++) {
			type("x");
			assert_int_equal(reg(RIS) & RX, n >= levels[i] ? RX : 0);
		}
		for (u32 n = 15; n > 0; n--) {
			(void)reg(DR);
			assert_int_equal(reg(RIS) & RX, n >= levels[i] ? RX : 0);
		}
	}
}

/* A guest that clears the interrupt and looks again gets one for what was still in the ring. */
static void test_refill(void **state)
{
	(void)state;
	put(LCRH, FEN);
	type("0123456789abcdefg");
	put(ICR, RX | RT);
	assert_int_equal(reg(RIS), 0);
	assert_int_equal(reg(DR), '0');
	assert_int_equal(reg(RIS) & RT, RT);
}

static void test_receiver_off(void **state)
{
	(void)state;
	put(CR, 0x101);
	type("a");
	assert_int_equal(reg(FR) & RXFE, RXFE);
	put(CR, 0x301);
	assert_int_equal(reg(DR), 'a');
}

static void test_flush(void **state)
{
	(void)state;
	put(LCRH, FEN);
	type("abc");
	put(LCRH, 0);
	assert_int_equal(reg(FR) & RXFE, RXFE);
	assert_int_equal(reg(RIS), 0);
}

static void test_loopback(void **state)
{
	(void)state;
	put(LCRH, FEN);
	put(CR, 0x301 | LBE);
	type("outside");
	for (u32 i = 0; i < 16; i++)
		put(DR, i);
	assert_int_equal(reg(RSR), 0);
	put(DR, 16);
	assert_int_equal(reg(RSR), 8);
	assert_int_equal(reg(RIS) & OE, OE);
	for (u32 i = 0; i < 16; i++)
		assert_int_equal(reg(DR), i);
	/* The one behind the gap says so. */
	put(DR, 17);
	assert_int_equal(reg(DR), 0x800 | 17);
	put(DR, 18);
	assert_int_equal(reg(DR), 18);
	assert_int_equal(reg(RSR), 8);
	put(RSR, 0);
	put(ICR, OE);
	assert_int_equal(reg(RSR), 0);
	assert_int_equal(reg(RIS) & OE, 0);
	assert_console_reads("");
	put(CR, 0x301);
	assert_int_equal(reg(DR), 'o');
}

static void test_reset(void **state)
{
	(void)state;
	say("kept");
	put(LCRH, FEN);
	put(IMSC, TX);
	put(IBRD, 7);
	type("x");
	assert_true(host_core.level[G_UART_LINE]);
	notify(NOTIFY_RESET);
	assert_false(host_core.level[G_UART_LINE]);
	test_reset_values(NULL);
	assert_int_equal(reg(IBRD), 0);
	assert_console_reads("kept");
}

/* An access that comes with the reset is one of the new run. */
static void test_reset_first(void **state)
{
	struct component_exit exit = { .where = EXIT_IS_WRITE | 4ull << 32,
				       .offset = IBRD,
				       .value = 9 };

	(void)state;
	(void)runtime_serve(&vmm_program, NOTIFY_RESET | NOTIFY_EXIT, &exit);
	assert_int_equal(reg(IBRD), 9);
}

static void test_restart(void **state)
{
	(void)state;
	say("before ");
	put(LCRH, FEN);
	put(IBRD, 26);
	put(IMSC, RX | RT);
	type("typed");
	memset(host_core.level, 0, sizeof(host_core.level));
	info.starts = 1;
	start();
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(reg(IBRD), 26);
	assert_int_equal(reg(IMSC), RX | RT);
	for (const char *c = "typed"; *c != '\0'; c++)
		assert_int_equal(reg(DR), *c);
	say("after");
	assert_console_reads("before after");
}

/* Kept memory may have any contents: bounds hold, and a reset repairs it. */
static void test_bad_state(void **state)
{
	(void)state;
	memset(state_page, 0xff, sizeof(state_page));
	memcpy(state_page, &(u32){ 1 }, 4);
	start();
	for (u32 i = 0; i < 64; i++) {
		(void)reg(DR);
		put(DR, i);
		type("x");
	}
	notify(NOTIFY_RESET);
	test_reset_values(NULL);
}

static void test_bad_count(void **state)
{
	struct pl011_state *kept = (struct pl011_state *)(state_page + sizeof(u64));

	(void)state;
	put(LCRH, FEN);
	kept->put = 5;
	kept->read = 6;
	start();
	for (u32 i = 0; i < PL011_FIFO; i++) {
		assert_int_equal(reg(FR) & RXFE, 0);
		(void)reg(DR);
	}
	assert_int_equal(reg(FR) & RXFE, RXFE);
}

static void test_no_channel(void **state)
{
	(void)state;
	memset(state_page, 0, sizeof(state_page));
	info.grants[G_CHANNEL].kind = GRANT_NONE;
	start();
	say("text without a reader");
	assert_int_equal(reg(FR), 0x97);
	assert_int_equal(reg(RIS), TX);
	assert_int_equal(reg(DR), 0);
	notify(CHANNEL_BIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_reset_values, fresh),
		cmocka_unit_test_setup(test_identity, fresh),
		cmocka_unit_test_setup(test_fields, fresh),
		cmocka_unit_test_setup(test_widths, fresh),
		cmocka_unit_test_setup(test_transmit, fresh),
		cmocka_unit_test_setup(test_prompt, fresh),
		cmocka_unit_test_setup(test_lines, fresh),
		cmocka_unit_test_setup(test_last_words, fresh),
		cmocka_unit_test_setup(test_gone, fresh),
		cmocka_unit_test_setup(test_ring_full, fresh),
		cmocka_unit_test_setup(test_receive, fresh),
		cmocka_unit_test_setup(test_fifo, fresh),
		cmocka_unit_test_setup(test_triggers, fresh),
		cmocka_unit_test_setup(test_refill, fresh),
		cmocka_unit_test_setup(test_receiver_off, fresh),
		cmocka_unit_test_setup(test_flush, fresh),
		cmocka_unit_test_setup(test_loopback, fresh),
		cmocka_unit_test_setup(test_reset, fresh),
		cmocka_unit_test_setup(test_reset_first, fresh),
		cmocka_unit_test_setup(test_restart, fresh),
		cmocka_unit_test_setup(test_bad_state, fresh),
		cmocka_unit_test_setup(test_bad_count, fresh),
		cmocka_unit_test_setup(test_no_channel, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
