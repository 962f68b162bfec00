/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/virtio_net.c and net_port.c: frames to the guest. */
#include "vmm/net.h"

static void frames_in(void **unused)
{
	struct network_header header;

	(void)unused;
	random_seed(2);
	for (u32 round = 0; round < 30; round++) {
		u32 bytes = 14 + (u32)random_below(1500);

		fill(bytes);
		offer_buffers(1, 1600);
		deliver(bytes, &no_offload);
		assert_int_equal(check_received(bytes, &header), 1);
		assert_int_equal(header.flags | header.gso_type | header.gso_size, 0);
		assert_true(host_core.level[G_RTC_LINE]);
	}
}

/* Without buffers frames wait, and nothing of them is seen before all of one fits. */
static void waiting_frames(void **unused)
{
	struct network_header header;

	(void)unused;
	fill(1000);
	deliver_many(1000, &no_offload, 3);
	check_nothing();
	offer_buffers(1, 600);
	check_nothing();
	offer_buffers(7, 600);
	for (u32 i = 0; i < 3; i++)
		assert_int_equal(check_received(1000, &header), 2);
	check_nothing();
}

/* Slots go round: more batches than there are slots, without a loss. */
static void many_batches(void **unused)
{
	struct network_header header;

	(void)unused;
	for (u32 i = 0; i < 10 * NETWORK_SLOTS; i++) {
		fill(200);
		offer_buffers(2, 300);
		deliver_many(200, &no_offload, 2);
		(void)check_received(200, &header);
		(void)check_received(200, &header);
	}
}

/* Answers are taken in the order of the switch, whichever slots they have. */
static void order(void **unused)
{
	struct network_header header;

	(void)unused;
	random_seed(4);
	for (u32 round = 0; round < 20; round++) {
		u32 num = 2 + (u32)random_below(NETWORK_SLOTS - 2);

		for (u32 i = 0; i < num; i++) {
			memset(frame + 6, (int)i, 100);
			deliver(100, &no_offload);
		}
		check_nothing();
		offer_buffers(num, 200);
		for (u32 i = 0; i < num; i++) {
			memset(frame + 6, (int)i, 100);
			(void)check_received(100, &header);
		}
	}
}

static void bad_batches(void **unused)
{
	struct network_header header;
	struct link_request request;
	const u32 lengths[] = { 0, 13, NETWORK_FRAME_MAX + 1, 2000, UINT32_MAX };

	(void)unused;
	offer_buffers(2, 300);
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		u32 slot = link_take_request(&to, &request);

		memset(link_data(&to, slot), 0, to.slot_bytes);
		memcpy(link_data(&to, slot) + FIRST, &lengths[i], 4);
		link_answer(&to, slot, LINK_OK, FIRST + 16 + 1999);
		notify(PORT);
		settle();
		check_nothing();
	}
	fill(60);
	deliver(60, &no_offload);
	(void)check_received(60, &header);
	assert_int_equal(reg(STATUS), 15);
}

/* The frame's headers become those of TCP over IPv4, without options. */
static void make_tcp(void)
{
	frame[12] = 8;
	frame[13] = 0;
	frame[14] = 0x45;
	frame[20] = 0x40;
	frame[21] = 0;
	frame[23] = 6;
	frame[46] = 0x50;
}

/* A small queue takes no large frame, and the next one comes. */
static void too_large(void **unused)
{
	struct network_header header, tso = { 1, NETWORK_GSO_TCPV4, 0, 1400, 34, 16, 0 };

	(void)unused;
	boot(GRANT_NETWORK);
	drive(OFFLOADS, 4);
	fill(4000);
	make_tcp();
	offer_buffers(4, 500);
	deliver(4000, &tso);
	check_nothing();
	deliver(900, &no_offload);
	assert_int_equal(check_received(900, &header), 2);
}

/* The sum of RFC 1071, which is all ones where a checksum is right. */
static u32 ones_sum(const u8 *at, u32 n)
{
	u32 sum = 0;

	for (u32 i = 0; i < n; i++)
		sum += i % 2 == 0 ? (u32)at[i] << 8 : at[i];
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* The latest frame in the slot that the switch has answered, which the vmm has changed. */
static const u8 *sent_data(void)
{
	return link_data(&to, last_slot) + FIRST + sizeof(struct network_record);
}

static void receive_offloads(void **unused)
{
	struct network_header header, tso = { 1, NETWORK_GSO_TCPV4, 0, 1400, 34, 16, 77 };
	struct network_header csum = { 1, 0, 9, 9, 34, 16, 0 };

	(void)unused;
	fill(3054);
	make_tcp();
	/* A guest that takes them gets them as they are. */
	offer_buffers(4, 1600);
	deliver(3054, &tso);
	assert_int_equal(check_received(3054, &header), 2);
	assert_int_equal(header.gso_size, 1400);
	assert_int_equal(header.flags, 1);
	assert_int_equal(header.header_bytes, 54);
	deliver(1000, &csum);
	(void)check_received(1000, &header);
	assert_int_equal(header.flags, 1);
	assert_int_equal(header.gso_size, 0);
	/* Another gets three frames, or one with its checksum. */
	drive(PLAIN, ENTRIES);
	offer_buffers(4, 1600);
	deliver(3054, &tso);
	for (u32 i = 0; i < 3; i++) {
		u64 token;
		u32 written;

		assert_int_equal(driver_queue_take(&driver[RECEIVE], &token, &written), OK);
		assert_int_equal(written, HEADER + 54 + (i < 2 ? 1400 : 200));
		assert_int_equal(memory[BUFFERS + token], 0);
	}
	memset(frame + 34 + 16, 0, 2);
	deliver(1000, &csum);
	memcpy(frame, sent_data(), 1000);
	(void)check_received(1000, &header);
	assert_int_equal(header.flags, 0);
	assert_int_equal(ones_sum(frame + 34, 1000 - 34), 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(frames_in, plain),
		cmocka_unit_test_setup(waiting_frames, plain),
		cmocka_unit_test_setup(many_batches, plain),
		cmocka_unit_test_setup(order, plain),
		cmocka_unit_test_setup(bad_batches, plain),
		cmocka_unit_test(too_large),
		cmocka_unit_test_setup(receive_offloads, offloading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
