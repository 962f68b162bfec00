/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with a port of a network. The test is its driver, by components/lib/virtqueue_driver.c,
 * and the switch at the other end of the channel.
 */
#ifndef TESTS_VMM_NET_H
#define TESTS_VMM_NET_H

#include "vmm/fixture.h"

#include "components/lib/link.h"
#include "components/lib/virtqueue_driver.h"
#include "support/random.h"

#include <abi/network.h>

#define RAM_AT    0x10000u
#define RAM_BYTES 0x200000u
#define QUEUES    0x4000u /* bytes for each */
#define BUFFERS   (RAM_AT + 0x20000u)
#define ENTRIES   64u
#define FIRST     ((u32)sizeof(struct network_batch))
#define HEADER    ((u32)sizeof(struct network_header))

#define STATUS      0x70
#define CONFIG      0x100
#define NEEDS_RESET 0x40

#define MERGEABLE BIT(15)
#define CSUM      BIT(1)
#define TSO4      BIT(7)
#define CTRL_RX   BIT(18)
#define PLAIN     (u32)(MERGEABLE | BIT(17))
#define OFFLOADS  (u32)(PLAIN | CSUM | TSO4 | CTRL_RX)

enum { RECEIVE, TRANSMIT, CONTROL };
enum { G_DOORBELL = G_COUNT, G_RAM, G_PORT, G_ALL };
#define DOORBELL BIT(7)
#define PORT     BIT(8)

static u8 memory[RAM_AT + RAM_BYTES] __aligned(4096);
static u8 channel[NETWORK_BYTES] __aligned(4096);
static struct virtqueue_driver driver[3];
static struct component_info other;
static struct link from, to; /* the switch's ends */
static u32 next_batch, buffers_at, last_slot;
static u8 frame[NETWORK_FRAME_MAX];

static inline u32 reg(u64 offset)
{
	return get(G_RTC, offset);
}

static inline void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
}

static inline void settle(void)
{
	while (host_core.timer.v == 0)
		notify(NOTIFY_TIMER);
}

static inline void attach_switch(void)
{
	assert_true(link_attach_server(&from, &other, &other.grants[G_PORT], NETWORK_SEND,
				       NETWORK_PARTS, NETWORK_SLOTS));
	assert_true(link_attach_server(&to, &other, &other.grants[G_PORT], NETWORK_TAKE,
				       NETWORK_PARTS, NETWORK_SLOTS));
}

static inline void boot(u16 flags)
{
	(void)fresh(NULL);
	memset(memory, 0, sizeof(memory));
	memset(channel, 0, sizeof(channel));
	memset(state_page, 0, sizeof(state_page));
	host_core.guest = memory;
	info.num_grants = G_ALL;
	grant(G_RTC, GRANT_VIRTUAL, "eth", "virtio-net", NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "eth", "", NULL, 0);
	grant(G_DOORBELL, GRANT_DOORBELL, "eth", "", NULL, 0);
	info.grants[G_DOORBELL].bit = 7;
	grant(G_RAM, GRANT_RAM, "ram", "", NULL, RAM_BYTES);
	info.grants[G_RAM].address = RAM_AT;
	grant(G_PORT, GRANT_CHANNEL, "debian-eth", "net", channel, sizeof(channel));
	info.grants[G_PORT].bit = 8;
	info.grants[G_PORT].flags = flags;
	memcpy(info.grants[G_PORT].mac, (const u8[]){ 2, 0, 0, 0, 0, 9 }, 6);
	other = info;
	next_batch = 0;
	start();
	attach_switch();
}

static inline void drive(u32 features, u32 entries)
{
	put(STATUS, 0);
	put(STATUS, 3);
	put(0x24, 1);
	put(0x20, 1);
	put(0x24, 0);
	put(0x20, features | 0x30000000u);
	put(STATUS, 11);
	assert_int_equal(reg(STATUS), 11);
	for (u32 i = 0; i < 3; i++) {
		u64 at[3];
		u32 place = RAM_AT + i * QUEUES * 2;

		driver_queue_init(&driver[i], memory + place, place, entries, VIRTIO_EVENT_INDEX);
		driver_queue_address(&driver[i], &at[0], &at[1], &at[2]);
		put(0x30, i);
		put(0x38, entries);
		for (u32 j = 0; j < 3; j++)
			put(0x80 + 0x10 * j, (u32)at[j]);
		put(0x44, 1);
		assert_int_equal(reg(0x44), 1);
	}
	put(STATUS, 15);
}

static inline int plain(void **unused)
{
	(void)unused;
	boot(GRANT_NETWORK);
	drive(PLAIN, ENTRIES);
	return 0;
}

static inline int offloading(void **unused)
{
	(void)unused;
	boot(GRANT_NETWORK);
	drive(OFFLOADS, ENTRIES);
	return 0;
}

static inline void offer(u32 queue, const struct driver_buffer *buffers, u32 num, u32 num_read)
{
	assert_int_equal(driver_queue_add(&driver[queue], buffers, num, num_read, 1), OK);
	if (driver_queue_kick(&driver[queue]))
		notify(DOORBELL);
	settle();
}

static inline void fill(u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		frame[i] = (u8)random_below(256);
	memcpy(frame, (const u8[]){ 2, 0, 0, 0, 0, 9 }, 6);
}

/* The guest sends the frame, in two buffers of any lengths. */
static inline void send(u32 bytes, u8 mark)
{
	u32 first = (u32)random_below(bytes + HEADER);
	struct driver_buffer buffers[] = { { BUFFERS, first },
					   { BUFFERS + first, bytes + HEADER - first } };

	memset(memory + BUFFERS, mark, HEADER);
	memcpy(memory + BUFFERS + HEADER, frame, bytes);
	offer(TRANSMIT, buffers, 2, 2);
}

/* The only frame of the next request. */
static inline void check_sent(u32 bytes, u8 mark)
{
	struct link_request request;
	struct network_record record;
	u8 header[sizeof(struct network_header)];
	u32 slot = link_take_request(&from, &request);
	const u8 *at;

	assert_int_not_equal(slot, LINK_NONE);
	at = link_data(&from, slot) + FIRST;
	memcpy(&record, at, sizeof(record));
	assert_int_equal(record.bytes, bytes);
	assert_int_equal(request.bytes, network_next(FIRST, bytes));
	memset(header, mark, sizeof(header));
	assert_memory_equal(&record.header, header, sizeof(header));
	assert_memory_equal(at + sizeof(record), frame, bytes);
	link_answer(&from, slot, LINK_OK, 0);
}

static inline void check_returned(u32 queue, u32 written)
{
	u64 token;
	u32 got;

	assert_int_equal(driver_queue_take(&driver[queue], &token, &got), OK);
	assert_int_equal(got, written);
}

static inline void put_record(u8 *data, u32 *at, u32 bytes, const struct network_header *header)
{
	struct network_record record = { bytes, *header };

	memcpy(data + *at, &record, sizeof(record));
	memcpy(data + *at + sizeof(record), frame, bytes);
	*at = network_next(*at, bytes);
}

/* The switch sends the frame @count times in a batch. */
static inline void deliver_many(u32 bytes, const struct network_header *header, u32 count)
{
	struct network_batch batch = { .sequence = next_batch++ };
	struct link_request request;
	u32 slot = link_take_request(&to, &request), at = FIRST;

	assert_int_not_equal(slot, LINK_NONE);
	memcpy(link_data(&to, slot), &batch, sizeof(batch));
	for (u32 i = 0; i < count; i++)
		put_record(link_data(&to, slot), &at, bytes, header);
	link_answer(&to, slot, LINK_OK, at);
	last_slot = slot;
	notify(PORT);
	settle();
}

static inline void deliver(u32 bytes, const struct network_header *header)
{
	deliver_many(bytes, header, 1);
}

static const struct network_header no_offload;

/* Each buffer of a test has another place, which is its token. */
static inline void offer_buffers(u32 count, u32 bytes)
{
	for (u32 i = 0; i < count; i++) {
		u32 place = buffers_at;
		struct driver_buffer buffer = { BUFFERS + place, bytes };

		buffers_at = (place + bytes) % 0x80000u;
		assert_int_equal(driver_queue_add(&driver[RECEIVE], &buffer, 1, 0, place), OK);
	}
	if (driver_queue_kick(&driver[RECEIVE]))
		notify(DOORBELL);
	settle();
}

/* The frame that came, in the order of its buffers, which must be what @frame has. */
static inline u32 check_received(u32 bytes, struct network_header *header)
{
	static u8 got[NETWORK_FRAME_MAX + 64];
	u32 total = 0, count = 0, written;
	u64 token;

	do {
		assert_int_equal(driver_queue_take(&driver[RECEIVE], &token, &written), OK);
		memcpy(got + total, memory + BUFFERS + token, written);
		if (count++ == 0)
			memcpy(header, got, sizeof(*header));
		total += written;
	} while (count < header->num_buffers);
	assert_int_equal(total, bytes + HEADER);
	assert_memory_equal(got + HEADER, frame, bytes);
	return count;
}

static inline void check_nothing(void)
{
	u64 token;
	u32 written;

	assert_int_equal(driver_queue_take(&driver[RECEIVE], &token, &written), ERR_NOT_FOUND);
}

#endif
