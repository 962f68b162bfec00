/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PC's devices by their ports: counters and ticks of the timer, calendar and interrupts of the
 * clock. Further PM registers, the ways to reset, and the controllers' registers.
 */
#include "support/random.h"
#include "support/test.h"

#include <stdlib.h>
#include <string.h>

#include "components/lib/ticks.h"
#include "vmm/pc.h"

/* Let time pass, with each timer notification at its time. Returns the edges of @grant. */
static u32 pass(u64 ns, u32 grant)
{
	u64 end = host_core.now.v + ns;
	u32 edges = 0;

	while (host_core.timer.v <= end) {
		u32 before = host_core.level_changes;

		host_core.now.v = MAX(host_core.now.v, host_core.timer.v);
		host_core.timer = NS(UINT64_MAX);
		vmm_program.timer();
		edges += (host_core.level_changes - before) / 2;
	}
	host_core.now.v = end;
	assert_false(host_core.level[grant]);
	return edges;
}

static u32 read_count(u16 port)
{
	u32 low = in(port)&0xff;

	return low | (in(port)&0xff) << 8;
}

/* --- 8254 --- */

static void a_rate_generator_ticks(void **state)
{
	(void)state;
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04); /* 1193: a millisecond */
	assert_in_range(pass(1000000000, TIMER_LINE), 999, 1001);
	out(0x43, 0x00); /* latch */
	assert_in_range(read_count(0x40), 1, 1193);
	out(0x43, 0x30); /* mode 0: no periodic ticks */
	assert_int_equal(pass(1000000000, TIMER_LINE), 0);
	out(0x40, 0x00);
	out(0x40, 0x10);
	assert_int_equal(pass(1000000000, TIMER_LINE), 1);
}

/* A guest that does not take its interrupt gets the ticks later: that one is pending already. */
static void lost_edges_come_again(void **state)
{
	u32 edges;

	(void)state;
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04); /* 1193: a millisecond */
	host_core.merges = true;
	edges = pass(10 * 1000000, TIMER_LINE);
	assert_in_range(edges, 30, 41); /* tried at four times the rate */
	host_core.merges = false;
	/* Ten that were lost, and those of ten milliseconds. */
	assert_in_range(pass(10 * 1000000, TIMER_LINE), 19, 21);
	strcpy(info.arguments, "missed-ticks=drop");
	start();
	out(0x43, 0x34);
	out(0x40, 0xa9);
	out(0x40, 0x04);
	host_core.merges = true;
	assert_in_range(pass(10 * 1000000, TIMER_LINE), 9, 11);
	host_core.merges = false;
	assert_in_range(pass(10 * 1000000, TIMER_LINE), 9, 11);
}

/* Linux's quick calibration: channel 2 in mode 0, its high byte read while it counts down. */
static void channel_2_counts_down_exactly(void **state)
{
	u32 first;

	(void)state;
	out(0x61, (in(0x61) & ~2u) | 1);
	out(0x43, 0xb0);
	out(0x42, 0xff);
	out(0x42, 0xff);
	first = read_count(0x42);
	assert_in_range(first, 0xfffe, 0xffff);
	host_core.now.v += 10000000;
	assert_in_range(first - read_count(0x42), 11931, 11932);
	assert_int_equal(in(0x61) & 0x20, 0);
	host_core.now.v += 45000000;
	assert_int_equal(in(0x61) & 0x20, 0x20);
	/* The gate's fall stops it, and its rise starts it again. */
	out(0x61, 0);
	out(0x61, 1);
	assert_int_equal(in(0x61) & 0x20, 0);
}

static void counters_read_back(void **state)
{
	(void)state;
	out(0x43, 0x36); /* square wave: it counts by two */
	out(0x40, 0);
	out(0x40, 0);
	out(0x43, 0xc2); /* status and count of channel 0 */
	assert_int_equal(in(0x40) & 0x3f, 0x36);
	assert_int_equal(read_count(0x40), 0);
	host_core.now.v += 10000000;
	assert_in_range(read_count(0x40), 0x10000 - 23864, 0x10000 - 23862);
	out(0x43, 0x31); /* BCD */
	out(0x40, 0x00);
	out(0x40, 0x10); /* 1000 */
	out(0x43, 0x00);
	assert_int_equal(read_count(0x40), 0x1000);
}

static void missed_ticks_are_kept(void **state)
{
	struct ticks ticks;
	u32 delivered = 0;
	u64 now = 1000;

	(void)state;
	ticks_start(&ticks, now + 100, 100);
	assert_int_equal(ticks_when(&ticks), 1100);
	assert_false(ticks_due(&ticks, 1099));
	now += 1000; /* ten ticks at once */
	for (u32 i = 0; i < 100; i++, now += 1)
		delivered += ticks_due(&ticks, now);
	assert_int_equal(delivered, 4);
	for (u32 i = 0; i < 400; i++, now += 1)
		delivered += ticks_due(&ticks, now);
	assert_int_equal(delivered, 10 + 4);
	now += 1000000;
	assert_true(ticks_due(&ticks, now));
	assert_int_equal(ticks.owed, TICKS_OWED_MAX - 1);
	ticks_stop(&ticks);
	assert_int_equal(ticks_when(&ticks), UINT64_MAX);
}

/* --- Clock --- */

static u32 cmos(u8 index)
{
	out(0x70, index);
	return in(0x71) & 0xff;
}

static void set_cmos(u8 index, u32 value)
{
	out(0x70, index);
	out(0x71, value);
}

static void the_calendar(void **state)
{
	(void)state;
	host_core.since_1970 = NS(UINT64_C(1709210096) * 1000000000); /* 2024-02-29 12:34:56 */
	assert_int_equal(cmos(0), 0x56);
	assert_int_equal(cmos(2), 0x34);
	assert_int_equal(cmos(4), 0x12);
	assert_int_equal(cmos(6), 5);
	assert_int_equal(cmos(7), 0x29);
	assert_int_equal(cmos(8), 0x02);
	assert_int_equal(cmos(9), 0x24);
	assert_int_equal(cmos(0x32), 0x20);
	assert_int_equal(cmos(10) & 0x80, 0);
	assert_int_equal(cmos(13), 0x80);
	set_cmos(11, 0x00); /* 12 hours */
	assert_int_equal(cmos(4), 0x92);
	set_cmos(11, 0x06); /* binary */
	assert_int_equal(cmos(0), 56);
	/* Set 1999-12-31 23:59:58; the clock continues from there, over the century. */
	set_cmos(11, 0x86);
	set_cmos(0, 58);
	set_cmos(2, 59);
	set_cmos(4, 23);
	set_cmos(7, 31);
	set_cmos(8, 12);
	set_cmos(9, 99);
	set_cmos(0x32, 19);
	set_cmos(11, 0x06);
	host_core.since_1970.v += UINT64_C(2000000000);
	assert_int_equal(cmos(0), 0);
	assert_int_equal(cmos(7), 1);
	assert_int_equal(cmos(8), 1);
	assert_int_equal(cmos(9), 0);
	assert_int_equal(cmos(0x32), 20);
	/* A reset of the guest keeps the time; memory is memory. */
	set_cmos(0x40, 0xa5);
	assert_int_equal(cmos(0x40), 0xa5);
	vmm_program.reset();
	assert_int_equal(cmos(9), 0);
}

static void the_clock_interrupts(void **state)
{
	(void)state;
	set_cmos(10, 0x26); /* 1024 Hz */
	set_cmos(11, 0x42);
	host_core.now.v += 2000000;
	vmm_program.timer();
	assert_true(host_core.level[CLOCK_LINE]);
	assert_int_equal(cmos(12), 0xc0);
	assert_false(host_core.level[CLOCK_LINE]);
	set_cmos(11, 0x12); /* each second */
	host_core.now.v += 1000000000;
	vmm_program.timer();
	assert_int_equal(cmos(12) & 0x90, 0x90);
	set_cmos(1, 0xff); /* any time */
	set_cmos(3, 0xff);
	set_cmos(5, 0xff);
	set_cmos(11, 0x22);
	host_core.now.v += 1000000000;
	vmm_program.timer();
	assert_int_equal(cmos(12) & 0xa0, 0xa0);
	set_cmos(1, 0x61); /* never */
	host_core.now.v += 1000000000;
	vmm_program.timer();
	assert_int_equal(cmos(12) & 0x20, 0);
}

/* --- PM, reset --- */

static void the_pm_timer(void **state)
{
	u32 before = in(0x608);

	(void)state;
	host_core.now.v += 1000000000;
	assert_in_range(in(0x608) - before, 3579544, 3579546);
	assert_int_equal(in(0x604) & 1, 1);
	out(0x602, 1); /* the carry's interrupt */
	host_core.now.v += UINT64_C(3000000000);
	vmm_program.timer();
	assert_true(host_core.level[POWER_LINE]);
	assert_int_equal(in(0x600) & 1, 1);
	out(0x600, 1);
	assert_false(host_core.level[POWER_LINE]);
}

static void off_and_reset(void **state)
{
	(void)state;
	out(0x604, 0x0400);
	assert_int_equal(last_flags, 0);
	out(0x604, 0x3400);
	assert_int_equal(last_flags, RESUME_OFF);
	out(0xcf9, 0x02);
	assert_int_equal(last_flags, 0);
	out(0xcf9, 0x06);
	assert_int_equal(last_flags, RESUME_RESET);
	out(0x64, 0xfe);
	assert_int_equal(last_flags, RESUME_RESET);
	out(0x64, 0xd1);
	out(0x60, 0xfe);
	assert_int_equal(last_flags, RESUME_RESET);
	out(0x64, 0xd1);
	out(0x60, 0xff);
	assert_int_equal(last_flags, 0);
}

static u32 configuration(u32 address, u16 port, u32 width)
{
	out_wide(0xcf8, 4, address);
	return in_wide(port, width);
}

/* Function 00:00.0 is a host bridge, and there is no other. */
static void the_pci_host_bridge(void **state)
{
	(void)state;
	assert_int_equal(configuration(0x80000000, 0xcf8, 4), 0x80000000);
	assert_int_equal(in_wide(0xcfc, 4), 0x00081b36);
	assert_int_equal(configuration(0x80000008, 0xcfc, 4), 0x06000000);
	assert_int_equal(in_wide(0xcfe, 2), 0x0600); /* as Linux looks for it */
	assert_int_equal(in_wide(0xcff, 1), 0x06);
	assert_int_equal(in_wide(0xcfd, 1), 0);
	for (u32 reg = 4; reg < 256; reg += 4)
		assert_int_equal(configuration(0x80000000 | reg, 0xcfc, 4),
				 reg == 8 ? 0x06000000 : 0);
	for (u32 function = 1; function < 65536; function++)
		assert_int_equal(configuration(0x80000000 | function << 8, 0xcfc, 4), UINT32_MAX);
	/* Without the enable bit there is nothing. */
	assert_int_equal(configuration(0x00000000, 0xcfc, 4), UINT32_MAX);
	assert_int_equal(configuration(0xfffffffd, 0xcf8, 4), 0x80fffffc);
}

/* A guest can neither change the bridge nor reach CONFIG_ADDRESS by narrow accesses. */
static void the_pci_host_bridge_is_fixed(void **state)
{
	(void)state;
	out_wide(0xcf8, 4, 0x80000000);
	for (u32 width = 1; width <= 4; width *= 2)
		for (u16 port = 0xcfc; port + width <= 0xd00; port++)
			out_wide(port, width, UINT32_MAX);
	assert_int_equal(in_wide(0xcfc, 4), 0x00081b36);
	out_wide(0xcf8, 1, 0x08);
	out_wide(0xcf8, 2, 0x0108);
	out_wide(0xcfa, 2, 0xffff);
	out_wide(0xcfb, 1, 0x01); /* Linux does so before it looks for the mechanism */
	assert_int_equal(last_flags, 0);
	assert_int_equal(in_wide(0xcf8, 4), 0x80000000);
	assert_int_equal(in_wide(0xcf8, 1), 0xff);
	assert_int_equal(in_wide(0xcfa, 2), 0xffff);
	assert_int_equal(in_wide(0xcf8, 2), 0x00ff);
	assert_int_equal(in_wide(0xcfa, 4), 0x1b36ffff);
}

/* Linux starts with 32-bit writes to 0xcf8, whose second byte is no reset. */
static void the_reset_register_is_a_byte(void **state)
{
	(void)state;
	out_wide(0xcf8, 4, 0x80000600);
	assert_int_equal(last_flags, 0);
	out_wide(0xcf8, 2, 0x0600);
	assert_int_equal(last_flags, RESUME_RESET);
	out_wide(0xcf9, 1, 0x0a);
	assert_int_equal(last_flags, 0);
	assert_int_equal(in_wide(0xcf9, 1), 0x0a);
	out_wide(0xcf9, 2, 0x0006);
	assert_int_equal(last_flags, RESUME_RESET);
	out_wide(0xcf9, 4, 0x06);
	assert_int_equal(last_flags, RESUME_RESET);
}

static void the_other_registers(void **state)
{
	(void)state;
	/* Linux looks for an 8259 by its mask. */
	out(0x21, 0xfb);
	out(0xa1, 0xff);
	assert_int_equal(in(0x21), 0xfb);
	assert_int_equal(in(0xa1), 0xff);
	out(0x20, 0x11);
	out(0x21, 0x20);
	out(0x21, 0x04);
	out(0x21, 0x01);
	assert_int_equal(in(0x21), 0);
	out(0x4d1, 0x0c);
	assert_int_equal(in(0x4d1), 0x0c);
	assert_int_equal(in(0x4d0), 0);
	out(0x64, 0xaa);
	assert_int_equal(in(0x64) & 1, 1);
	assert_int_equal(in(0x60), 0x55);
	assert_int_equal(in(0x64) & 1, 0);
	assert_int_equal(in(0xe9), 0xe9);
	for (const char *c = "hello\n"; *c != '\0'; c++)
		out(0xe9, (u8)*c);
	assert_non_null(strstr(host_core.log, "[pc] hello\n"));
}

static void read_item(u16 key, void *to, u32 bytes)
{
	out_wide(0x510, 2, key);
	for (u32 i = 0; i < bytes; i++)
		((u8 *)to)[i] = (u8)in_wide(0x511, 1);
}

static void items_for_firmware(void **state)
{
	struct {
		u32 count, size;
		u16 key, reserved;
		char name[56];
	} directory;
	struct __packed {
		u64 address, size;
		u32 type;
	} memory[3];
	u8 bytes[8];

	(void)state;
	info.vcpus = 3;
	add(STATE + 1, GRANT_RAM, "ram", 0, MIB(3));
	add(STATE + 2, GRANT_RAM, "high", GIB(4), MIB(1));
	info.num_grants = STATE + 3;
	start();
	read_item(0, bytes, 5);
	assert_memory_equal(bytes, "QEMU\0", 5);
	read_item(1, bytes, 4);
	assert_memory_equal(bytes, "\1\0\0\0", 4); /* no DMA */
	read_item(3, bytes, 8);
	assert_memory_equal(bytes, "\0\0\x40\0\0\0\0\0", 8);
	read_item(5, bytes, 2);
	assert_memory_equal(bytes, "\3\0", 2);
	read_item(0x19, &directory, sizeof(directory));
	assert_memory_equal(&directory, "\0\0\0\1\0\0\0\x28\0\x20\0\0", 12);
	assert_string_equal(directory.name, "etc/e820");
	read_item(0x20, memory, sizeof(memory));
	assert_int_equal(memory[0].address, 0);
	assert_int_equal(memory[0].size, MIB(3));
	assert_int_equal(memory[1].address, GIB(4));
	assert_int_equal(memory[1].type, 1);
	assert_int_equal(memory[2].size | memory[2].type, 0); /* zeros behind the end */
	read_item(0x8020, bytes, 4);
	assert_memory_equal(bytes, "\0\0\0\0", 4);
	/* Other widths: the selector stays, the data port has nothing. */
	out_wide(0x510, 2, 0);
	out_wide(0x510, 1, 1);
	assert_int_equal(in_wide(0x510, 2), 0xffff);
	out_wide(0x511, 1, 1);
	assert_int_equal(in_wide(0x511, 1), 'Q');
}

/* A vmm that ends is started again with any state; nothing is read or written outside of it. */
static void any_state_is_bounded(void **state)
{
	(void)state;
	for (u32 round = 0; round < 200; round++) {
		random_seed(round);
		for (u32 i = 0; i < sizeof(state_page); i += 256)
			for (u32 b = 8; b < 256; b++)
				state_page[i + b] = (u8)random_below(256);
		start();
		for (u32 i = 0; i < 300; i++) {
			u32 r = (u32)random_below(REGIONS);
			u16 port = (u16)(regions[r].port + random_below(regions[r].size));

			if (random_below(2) == 0)
				(void)in_wide(port, 1u << random_below(3));
			else
				out_wide(port, 1u << random_below(3),
					 (u32)random_below(UINT64_C(1) << 32));
			if (random_below(8) == 0) {
				host_core.now.v += random_below(100000000);
				vmm_program.timer();
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_rate_generator_ticks, fresh),
		cmocka_unit_test_setup(lost_edges_come_again, fresh),
		cmocka_unit_test_setup(channel_2_counts_down_exactly, fresh),
		cmocka_unit_test_setup(counters_read_back, fresh),
		cmocka_unit_test(missed_ticks_are_kept),
		cmocka_unit_test_setup(the_calendar, fresh),
		cmocka_unit_test_setup(the_clock_interrupts, fresh),
		cmocka_unit_test_setup(the_pm_timer, fresh),
		cmocka_unit_test_setup(off_and_reset, fresh),
		cmocka_unit_test_setup(the_pci_host_bridge, fresh),
		cmocka_unit_test_setup(the_pci_host_bridge_is_fixed, fresh),
		cmocka_unit_test_setup(the_reset_register_is_a_byte, fresh),
		cmocka_unit_test_setup(the_other_registers, fresh),
		cmocka_unit_test_setup(items_for_firmware, fresh),
		cmocka_unit_test_setup(any_state_is_bounded, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
