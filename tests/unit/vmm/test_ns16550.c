/* SPDX-License-Identifier: Apache-2.0 */
/* The PC's serial port at the end of a line: FIFO, interrupts, loop, restart. */
#include "vmm/fixture.h"

#define DATA 0
#define IER  1
#define IIR  2
#define LCR  3
#define MCR  4
#define LSR  5
#define MSR  6
#define SCR  7

static int fresh_port(void **state)
{
	assert_int_equal(fresh(state), 0);
	strcpy(info.grants[G_UART].detail, "ns16550");
	info.grants[G_UART].size = 8;
	memset(state_page, 0, sizeof(state_page));
	start();
	return 0;
}

static void send(const char *text)
{
	for (; *text != '\0'; text++)
		set(G_UART, DATA, (u8)*text);
}

static void shows(const char *text)
{
	u8 got[256];
	u32 n = serial_receive(&console, got, sizeof(got));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(got, text, n);
}

static void sends_text(void **state)
{
	(void)state;
	assert_int_equal(get(G_UART, LSR), 0x60);
	send("hello\n");
	assert_int_equal(host_core.notified[G_CHANNEL], 1);
	shows("hello\n");
	send("more");
	host_core.now.v += SERIAL_PATIENCE_NS;
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.notified[G_CHANNEL], 2);
	shows("more");
}

static void a_full_line_blocks(void **state)
{
	(void)state;
	for (u32 i = 0; i < SERIAL_RING_BYTES; i++)
		set(G_UART, DATA, 'x');
	assert_int_equal(get(G_UART, LSR), 0);
	set(G_UART, MCR, 0x08);
	set(G_UART, IER, 0x02);
	assert_false(host_core.level[G_UART_LINE]);
	for (u8 got[256]; serial_receive(&console, got, sizeof(got)) != 0;)
		;
	notify(CHANNEL_BIT);
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(get(G_UART, LSR), 0x60);
}

static void receives_into_the_fifo(void **state)
{
	(void)state;
	set(G_UART, IIR, 0x81); /* FIFOs, trigger 8 */
	set(G_UART, MCR, 0x0b);
	set(G_UART, IER, 0x01);
	assert_int_equal(get(G_UART, IIR), 0xc1);
	type("abc");
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(get(G_UART, IIR), 0xcc); /* the timeout */
	assert_int_equal(get(G_UART, LSR), 0x61);
	type("defghijklmnopqrstuvwxyz");
	assert_int_equal(get(G_UART, IIR), 0xc4);
	for (int c = 'a'; c <= 'z'; c++) {
		assert_true(host_core.level[G_UART_LINE]);
		assert_int_equal(get(G_UART, DATA), c);
	}
	assert_false(host_core.level[G_UART_LINE]);
	assert_int_equal(get(G_UART, DATA), 0);
	type("lost");
	set(G_UART, IIR, 0x83); /* clear */
	assert_int_equal(get(G_UART, LSR), 0x60);
}

static void one_byte_without_fifos(void **state)
{
	(void)state;
	type("ab");
	assert_int_equal(get(G_UART, LSR), 0x61);
	assert_int_equal(get(G_UART, DATA), 'a');
	assert_int_equal(get(G_UART, DATA), 'b');
	assert_int_equal(get(G_UART, LSR), 0x60);
}

/* The interrupt of an empty transmitter: raised by its enable and by each byte, cleared by IIR. */
static void the_send_interrupt(void **state)
{
	(void)state;
	set(G_UART, MCR, 0x08);
	set(G_UART, IER, 0x02);
	assert_true(host_core.level[G_UART_LINE]);
	assert_int_equal(get(G_UART, IIR), 0x02);
	assert_false(host_core.level[G_UART_LINE]);
	assert_int_equal(get(G_UART, IIR), 0x01);
	send("x");
	assert_true(host_core.level[G_UART_LINE]);
	set(G_UART, MCR, 0);
	assert_false(host_core.level[G_UART_LINE]);
	set(G_UART, MCR, 0x08);
	set(G_UART, IER, 0);
	assert_false(host_core.level[G_UART_LINE]);
}

/* Linux's autoconfig: the scratch register, the upper bits of IER, the divisor, the loop. */
static void registers(void **state)
{
	(void)state;
	set(G_UART, SCR, 0x5a);
	assert_int_equal(get(G_UART, SCR), 0x5a);
	set(G_UART, IER, 0xff);
	assert_int_equal(get(G_UART, IER), 0x0f);
	set(G_UART, LCR, 0x83);
	set(G_UART, DATA, 0x01);
	set(G_UART, IER, 0x02);
	assert_int_equal(get(G_UART, DATA), 0x01);
	assert_int_equal(get(G_UART, IER), 0x02);
	set(G_UART, LCR, 0x03);
	assert_int_equal(get(G_UART, IER), 0x0f);
	assert_int_equal(get(G_UART, MSR), 0xb0);
	set(G_UART, MCR, 0x1a);
	assert_int_equal(get(G_UART, MSR) & 0xf0, 0x90);
	send("z");
	assert_int_equal(get(G_UART, LSR), 0x61);
	send("y"); /* no FIFO: it is lost */
	assert_int_equal(get(G_UART, LSR), 0x63);
	assert_int_equal(get(G_UART, LSR), 0x61);
	assert_int_equal(get(G_UART, DATA), 'z');
	assert_int_equal(serial_waiting(&console), 0);
}

/* The vmm ends before its answer: the same exit comes once more, and does nothing again. */
static void a_restart_repeats_nothing(void **state)
{
	(void)state;
	send("a");
	start();
	(void)access_again(G_UART, DATA, true, 'a', 1);
	shows("a");
	type("bc");
	assert_int_equal(get(G_UART, DATA), 'b');
	start();
	assert_int_equal(access_again(G_UART, DATA, false, 0, 1), 'b');
	assert_int_equal(get(G_UART, DATA), 'c');
	vmm_program.reset();
	assert_int_equal(get(G_UART, IER), 0);
	assert_int_equal(get(G_UART, LCR), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sends_text, fresh_port),
		cmocka_unit_test_setup(a_full_line_blocks, fresh_port),
		cmocka_unit_test_setup(receives_into_the_fifo, fresh_port),
		cmocka_unit_test_setup(one_byte_without_fifos, fresh_port),
		cmocka_unit_test_setup(the_send_interrupt, fresh_port),
		cmocka_unit_test_setup(registers, fresh_port),
		cmocka_unit_test_setup(a_restart_repeats_nothing, fresh_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
