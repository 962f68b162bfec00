/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Point 12: registers of a PL011 (DDI 0183 §3.3) that drivers read, with each emulator of it. Its
 * interrupt is device_irq.c's.
 */
#include "contract.h"

#define DR   0x00
#define FR   0x18
#define IBRD 0x24
#define FBRD 0x28
#define LCRH 0x2c
#define CR   0x30
#define IFLS 0x34
#define IMSC 0x38
#define RIS  0x3c
#define MIS  0x40
#define ICR  0x44
#define IDS  0xfe0

#define FR_BUSY  0x08u
#define FR_RXFE  0x10u
#define FR_TXFF  0x20u
#define FR_RXFF  0x40u
#define FR_TXFE  0x80u
#define LCRH_FEN 0x10u
#define CR_LBE   0x80u
#define INT_RX   0x10u
#define INT_TX   0x20u
#define INT_ALL  0x7ffu

static u32 get(u32 offset)
{
	return read32(machine.uart + offset);
}

static void set(u32 offset, u32 value)
{
	write32(machine.uart + offset, value);
}

static void identity(void)
{
	static const u8 ids[] = { 0x11, 0x10, 0x14, 0x00, 0x0d, 0xf0, 0x05, 0xb1 };

	for (u32 i = 0; i < ARRAY_SIZE(ids); i++)
		CHECK_EQ(get(IDS + i * 4), ids[i]);
}

/* Nothing was typed, and what was sent has gone. */
static void flags(void)
{
	CHECK(WAIT((get(FR) & FR_TXFE) != 0, WAIT_MS));
	CHECK_EQ(get(FR) & (FR_BUSY | FR_RXFE | FR_TXFF | FR_RXFF | FR_TXFE), FR_RXFE | FR_TXFE);
	CHECK_EQ(read16(machine.uart + FR), get(FR) & 0xffff);
	CHECK_EQ(read8(machine.uart + FR), get(FR) & 0xff);
}

static void registers(void)
{
	static const struct {
		u32 offset, first, second;
	} kept[] = { { IBRD, 13, 0x1234 },
		     { FBRD, 1, 0x2a },
		     { LCRH, 0x70, 0x60 },
		     { IFLS, 0, 0x12 },
		     { IMSC, INT_RX, 0 } };

	for (u32 i = 0; i < ARRAY_SIZE(kept); i++) {
		u32 before = get(kept[i].offset), first, second;

		set(kept[i].offset, kept[i].first);
		first = get(kept[i].offset);
		set(kept[i].offset, kept[i].second);
		second = get(kept[i].offset);
		set(kept[i].offset, before);
		CHECK_EQ(first, kept[i].first);
		CHECK_EQ(second, kept[i].second);
	}
}

/* The transmit interrupt is raised by a character, masked by IMSC, and cleared by ICR. */
static void interrupts(void)
{
	set(IMSC, 0);
	set(ICR, INT_ALL);
	CHECK_EQ(get(RIS) & INT_TX, 0);
	set(DR, '\n');
	CHECK(WAIT((get(RIS) & INT_TX) != 0, WAIT_MS));
	CHECK_EQ(get(MIS), 0);
	set(IMSC, INT_TX);
	CHECK_EQ(get(MIS), INT_TX);
	set(ICR, INT_TX);
	CHECK_EQ(get(MIS), 0);
	set(IMSC, 0);
}

/* More than any FIFO has, as fast as FR lets them. They are line ends: harmless in the log. */
static void long_output(void)
{
	for (u32 i = 0; i < 5000; i++) {
		CHECK(WAIT((get(FR) & FR_TXFF) == 0, WAIT_MS));
		set(DR, '\n');
	}
	CHECK(WAIT((get(FR) & FR_TXFE) != 0, WAIT_MS));
}

static void loopback_with(u32 control, bool certain)
{
	set(ICR, INT_ALL);
	set(CR, control | CR_LBE);
	set(DR, '\n');
	if (!WAIT((get(FR) & FR_RXFE) == 0, QUIET_MS)) {
		CHECK(!certain);
		test_skip("this UART has no loopback");
	}
	CHECK((get(RIS) & INT_RX) != 0);
	CHECK_EQ(get(DR), '\n');
	CHECK_EQ(get(FR) & FR_RXFE, FR_RXFE);
}

/* QEMU's own UART has none (as of 7.2); the emulated one must. */
static void loopback(void)
{
	u32 control = get(CR), line = get(LCRH);
	char text[16];

	set(LCRH, line & ~LCRH_FEN);
	loopback_with(control, str_equal(boot_arg("uart", text, sizeof(text)), "emulated"));
	set(CR, control);
	set(LCRH, line);
}

static const struct test tests[] = {
	{ "12.pl011-identity", identity, NEEDS_UART },
	{ "12.pl011-flags", flags, NEEDS_UART },
	{ "12.pl011-registers", registers, NEEDS_UART },
	{ "12.pl011-interrupts", interrupts, NEEDS_UART },
	{ "12.pl011-long-output", long_output, NEEDS_UART },
	{ "12.pl011-loopback", loopback, NEEDS_UART },
};

RUN_TESTS(uart_run, tests)
