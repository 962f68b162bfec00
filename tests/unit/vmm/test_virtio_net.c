/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/virtio_net.c and net_port.c: frames of the guest, its receive filter, restarts. */
#include "vmm/net.h"

/* --- To the switch ------------------------------------------------------------------------------
 */

static void frames_out(void **unused)
{
	static const u32 sizes[] = { 14, 60, 1514, 1518, 9000, NETWORK_FRAME_MAX };
	struct link_request request;

	(void)unused;
	random_seed(1);
	for (u32 round = 0; round < 40; round++) {
		u32 bytes = sizes[round % ARRAY_SIZE(sizes)];

		fill(bytes);
		send(bytes, (u8)round);
		check_returned(TRANSMIT, 0);
		check_sent(bytes, (u8)round);
	}
	/* No network carries these. */
	send(13, 0);
	check_returned(TRANSMIT, 0);
	assert_int_equal(link_take_request(&from, &request), LINK_NONE);
	assert_int_equal(reg(STATUS), 15);
}

/* All slots wait at the switch: chains wait at the guest, until the first answer. */
static void back_pressure(void **unused)
{
	struct link_request request;
	u64 token;
	u32 written, slot;

	(void)unused;
	fill(60);
	for (u32 i = 0; i < NETWORK_SLOTS; i++) {
		send(60, (u8)i);
		check_returned(TRANSMIT, 0);
	}
	send(60, 99);
	assert_int_equal(driver_queue_take(&driver[TRANSMIT], &token, &written), ERR_NOT_FOUND);
	slot = link_take_request(&from, &request);
	link_answer(&from, slot, LINK_OK, 0);
	notify(PORT);
	settle();
	check_returned(TRANSMIT, 0);
	for (u32 i = 1; i < NETWORK_SLOTS; i++)
		check_sent(60, (u8)i);
	check_sent(60, 99);
}

static void batches(void **unused)
{
	struct driver_buffer buffer = { BUFFERS, 100 + HEADER };
	struct link_request request;
	u32 slot;

	(void)unused;
	for (u32 i = 0; i < 10; i++)
		assert_int_equal(driver_queue_add(&driver[TRANSMIT], &buffer, 1, 1, i), OK);
	notify(DOORBELL);
	settle();
	slot = link_take_request(&from, &request);
	assert_int_not_equal(slot, LINK_NONE);
	assert_int_equal(request.bytes, FIRST + 10 * ALIGN_UP(16 + 100, 16));
	assert_int_equal(link_take_request(&from, &request), LINK_NONE);
}

/* A driver that breaks the rules breaks its device alone. */
static void broken_chains(void **unused)
{
	struct driver_buffer buffer = { BUFFERS, HEADER - 1 };

	(void)unused;
	offer(TRANSMIT, &buffer, 1, 1);
	assert_true((reg(STATUS) & NEEDS_RESET) != 0);
	drive(PLAIN, ENTRIES);
	buffer.bytes = 100;
	offer(TRANSMIT, &buffer, 1, 0);
	assert_true((reg(STATUS) & NEEDS_RESET) != 0);
	drive(PLAIN, ENTRIES);
	offer(CONTROL, &buffer, 1, 1);
	assert_true((reg(STATUS) & NEEDS_RESET) != 0);
	drive(PLAIN, ENTRIES);
	fill(60);
	send(60, 5);
	check_sent(60, 5);
}

/* --- Which frames -------------------------------------------------------------------------------
 */

static u32 command(u8 class, u8 number, const void *data, u32 bytes)
{
	struct driver_buffer buffers[] = { { BUFFERS + 0x90000, 2 + bytes },
					   { BUFFERS + 0xa0000, 1 } };

	memory[BUFFERS + 0x90000] = class;
	memory[BUFFERS + 0x90001] = number;
	memcpy(memory + BUFFERS + 0x90002, data, bytes);
	memory[BUFFERS + 0xa0000] = 0xee;
	offer(CONTROL, buffers, 2, 1);
	check_returned(CONTROL, 1);
	return memory[BUFFERS + 0xa0000];
}

static bool comes(u8 first, u8 last)
{
	struct network_header header;
	u64 token;
	u32 written;

	memset(frame, first, 6);
	frame[5] = last;
	deliver(60, &no_offload);
	if (driver_queue_take(&driver[RECEIVE], &token, &written) != OK)
		return false;
	memcpy(&header, memory + BUFFERS + token, sizeof(header));
	assert_int_equal(header.num_buffers, 1);
	offer_buffers(1, 100);
	return true;
}

static bool own_comes(void)
{
	u64 token;
	u32 written;

	fill(60);
	deliver(60, &no_offload);
	if (driver_queue_take(&driver[RECEIVE], &token, &written) != OK)
		return false;
	offer_buffers(1, 100);
	return true;
}

static void filters(void **unused)
{
	const u8 on = 1, off = 0;
	u8 table[4 + 6 + 4 + 6] = { 1, 0, 0, 0, 4, 4, 4, 4, 4, 4, 1, 0, 0, 0, 1, 1, 1, 1, 1, 7 };

	(void)unused;
	offer_buffers(1, 100);
	assert_true(own_comes());
	assert_true(comes(0xff, 0xff));
	assert_false(comes(1, 7));
	assert_false(comes(4, 4));
	assert_int_equal(command(1, 0, table, sizeof(table)), 0);
	assert_true(comes(1, 7));
	assert_false(comes(1, 8));
	assert_true(comes(4, 4));
	assert_int_equal(command(0, 1, &on, 1), 0);
	assert_true(comes(1, 8));
	assert_int_equal(command(0, 1, &off, 1), 0);
	assert_int_equal(command(0, 0, &on, 1), 0);
	assert_true(comes(8, 8));
	assert_int_equal(command(0, 0, &off, 1), 0);
	assert_false(comes(8, 8));
	assert_int_equal(command(0, 5, &on, 1), 0);
	assert_false(comes(0xff, 0xff));
	assert_int_equal(command(0, 4, &on, 1), 0);
	assert_false(own_comes());
	/* A reset forgets all of it. */
	drive(OFFLOADS, ENTRIES);
	offer_buffers(1, 100);
	assert_true(own_comes());
	assert_false(comes(1, 7));
}

static void large_tables(void **unused)
{
	u8 table[4 + 4 + 200 * 6] = { 0 };
	const u32 wrong[] = { 201, 0x2aaaaaab, UINT32_MAX };

	(void)unused;
	offer_buffers(1, 100);
	table[4] = 200;
	assert_int_equal(command(1, 0, table, sizeof(table)), 0);
	assert_true(comes(1, 8));
	table[4] = 0;
	assert_int_equal(command(1, 0, table, 8), 0);
	assert_false(comes(1, 8));
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		memcpy(table + 4, &wrong[i], 4);
		assert_int_equal(command(1, 0, table, sizeof(table)), 1);
	}
	assert_int_equal(command(1, 0, table, 3), 1);
	assert_int_equal(command(0, 0, table, 0), 1);
	assert_int_equal(command(0, 6, table, 1), 1);
	assert_int_equal(command(2, 0, table, 2), 1);
	assert_int_equal(reg(STATUS), 15);
}

static u32 config_byte(u32 at)
{
	return (u32)access_region(G_RTC, CONFIG + at, false, 0, 1);
}

static void addresses(void **unused)
{
	const u8 other_mac[] = { 2, 0, 0, 0, 0, 10 }, group[] = { 3, 0, 0, 0, 0, 10 };

	(void)unused;
	assert_int_equal(config_byte(0), 2);
	assert_int_equal(config_byte(5), 9);
	assert_int_equal(config_byte(6), 1);
	assert_int_equal(config_byte(8), 1);
	assert_int_equal(config_byte(10) | config_byte(11) << 8, 1500);
	/* A guest that may send with one address alone has no other. */
	assert_int_equal(command(1, 1, other_mac, 6), 1);
	assert_int_equal(command(1, 1, info.grants[G_PORT].mac, 6), 0);
	boot(GRANT_NETWORK | GRANT_FREE);
	drive(OFFLOADS, ENTRIES);
	assert_int_equal(command(1, 1, group, 6), 1);
	assert_int_equal(command(1, 1, other_mac, 6), 0);
	assert_int_equal(config_byte(5), 10);
	offer_buffers(1, 100);
	assert_false(own_comes());
	assert_true(comes(2, 2) == false);
	put(STATUS, 0);
	assert_int_equal(config_byte(5), 9);
}

/* A device without a port takes all frames, and says that its link is down. */
static void no_port(void **unused)
{
	(void)unused;
	boot(GRANT_NETWORK);
	info.grants[G_PORT].flags = 0;
	memset(state_page, 0, sizeof(state_page));
	start();
	drive(OFFLOADS, ENTRIES);
	assert_int_equal(config_byte(6), 0);
	fill(60);
	for (u32 i = 0; i < 20; i++) {
		send(60, 0);
		check_returned(TRANSMIT, 0);
	}
}

/* --- Restarts -----------------------------------------------------------------------------------
 */

/* The vmm ends at any place between calls: frames may be lost there, and the others come. */
static void restarts(void **unused)
{
	struct network_header header;

	(void)unused;
	random_seed(3);
	for (u32 round = 0; round < 30; round++) {
		fill(100);
		if (round % 3 == 0)
			deliver_many(100, &no_offload, 2); /* without buffers: they wait */
		runtime_start(&vmm_program, &info);
		settle();
		offer_buffers(4, 200);
		if (round % 3 == 0) {
			(void)check_received(100, &header);
			(void)check_received(100, &header);
		}
		deliver(100, &no_offload);
		(void)check_received(100, &header);
		send(100, 1);
		check_returned(TRANSMIT, 0);
		check_sent(100, 1);
		drive(OFFLOADS, ENTRIES);
	}
	attach_switch();
	offer_buffers(1, 200);
	deliver(100, &no_offload);
	(void)check_received(100, &header);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_out, plain),
		cmocka_unit_test_setup(back_pressure, plain),
		cmocka_unit_test_setup(batches, plain),
		cmocka_unit_test_setup(broken_chains, plain),
		cmocka_unit_test_setup(filters, offloading),
		cmocka_unit_test_setup(large_tables, offloading),
		cmocka_unit_test_setup(addresses, offloading),
		cmocka_unit_test(no_port),
		cmocka_unit_test_setup(restarts, offloading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
