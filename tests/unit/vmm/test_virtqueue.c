/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/lib/virtqueue.c against virtqueue_driver.c in one process, with a model of what each
 * chain is; then each of them against a bad other side.
 */
#include "support/test.h"

#include "components/lib/host.h"
#include "components/lib/virtqueue.h"
#include "components/lib/virtqueue_driver.h"
#include "support/random.h"

#define RAM_AT    0x10000u
#define RAM_BYTES 0x40000u
#define BUFFERS   (RAM_AT + 0x30000u)
#define BOTH      (VIRTIO_INDIRECT | VIRTIO_EVENT_INDEX)

static u8 memory[RAM_AT + RAM_BYTES] __aligned(4096);
static struct component_info info;
static struct virtqueue device;
static struct virtqueue_driver driver;
static struct chain chain;

static void set_up(u32 size, u32 features)
{
	host_core_reset();
	memset(memory, 0, sizeof(memory));
	host_core.guest = memory;
	info = (struct component_info){ .magic = COMPONENT_INFO_MAGIC, .num_grants = 1 };
	info.grants[0] =
		(struct grant_info){ .kind = GRANT_RAM, .address = RAM_AT, .size = RAM_BYTES };
	assert_true(driver_queue_bytes(size, features) <= BUFFERS - RAM_AT);
	driver_queue_init(&driver, memory + RAM_AT, RAM_AT, size, features);
	device = (struct virtqueue){ .size = size, .ready = 1, .features = features };
	driver_queue_address(&driver, &device.descriptors, &device.driver, &device.device);
	assert_true(virtqueue_check(&device, &info));
}

/* --- Random chains ---------------------------------------------------------------------------- */

/* The offered chains, in their order. */
struct record {
	u32 num, num_read, written;
	struct driver_buffer buffers[CHAIN_MAX];
};

static struct record records[VIRTQUEUE_MAX];
static u64 num_offered, num_served, num_taken;
static u64 doorbells, interrupts;
static bool device_sleeps, driver_sleeps;

static void offer_random(void)
{
	struct record *record = &records[num_offered % VIRTQUEUE_MAX];
	u32 limit = MIN(driver.size, random_below(8) == 0 ? CHAIN_MAX : 4);
	enum err err;

	if (num_offered - num_taken == VIRTQUEUE_MAX)
		return;
	record->num = 1 + (u32)random_below(limit);
	record->num_read = (u32)random_below(record->num + 1);
	for (u32 i = 0; i < record->num; i++)
		record->buffers[i] = (struct driver_buffer){ BUFFERS + random_below(0x8000),
							     (u32)random_below(0x8000) };
	err = driver_queue_add(&driver, record->buffers, record->num, record->num_read,
			       num_offered);
	if (err == OK)
		num_offered++;
	else
		assert_int_equal(err, ERR_NO_MEMORY);
}

/* A device that sleeps is always woken. */
static void ring_doorbell(void)
{
	if (driver_queue_kick(&driver)) {
		doorbells++;
		device_sleeps = false;
	}
	assert_false(device_sleeps && num_served != num_offered);
}

static void serve_one(void)
{
	struct record *record = &records[num_served % VIRTQUEUE_MAX];
	u32 bytes = 0;

	if (virtqueue_peek(&device, &info, &chain) == ERR_NOT_FOUND) {
		assert_int_equal(num_served, num_offered);
		device_sleeps = true;
		return;
	}
	device_sleeps = false;
	assert_true(num_served < num_offered);
	assert_int_equal(chain.num, record->num);
	assert_int_equal(chain.num_read, record->num_read);
	for (u32 i = 0; i < chain.num; i++) {
		assert_ptr_equal((u8 __force *)chain.buffers[i].at,
				 memory + record->buffers[i].address);
		assert_int_equal(chain.buffers[i].bytes, record->buffers[i].bytes);
		bytes += record->buffers[i].bytes;
	}
	assert_int_equal(chain.bytes, bytes);
	record->written = (u32)random_below(chain.bytes - chain.read_bytes + 1);
	num_served++;
	if (virtqueue_push(&device, &chain, record->written)) {
		interrupts++;
		driver_sleeps = false;
	}
	assert_false(driver_sleeps);
}

static void take_some(void)
{
	u64 token;
	u32 written;

	while (random_below(4) != 0) {
		enum err err = driver_queue_take(&driver, &token, &written);

		if (err != OK) {
			assert_int_equal(err, ERR_NOT_FOUND);
			assert_int_equal(num_taken, num_served);
			driver_sleeps = !driver_queue_arm(&driver);
			assert_true(driver_sleeps);
			return;
		}
		assert_int_equal(token, num_taken);
		assert_int_equal(written, records[num_taken % VIRTQUEUE_MAX].written);
		num_taken++;
	}
}

static void run_random(u32 size, u32 features, u64 chains)
{
	set_up(size, features);
	random_seed(size * 4 + features / VIRTIO_INDIRECT);
	num_offered = num_served = num_taken = doorbells = interrupts = 0;
	device_sleeps = driver_sleeps = false;
	while (num_taken < chains) {
		switch (random_below(4)) {
		case 0: offer_random(); break;
		case 1: ring_doorbell(); break;
		case 2: serve_one(); break;
		default: take_some(); break;
		}
	}
	if ((features & VIRTIO_EVENT_INDEX) == 0) {
		assert_int_equal(interrupts, num_served);
		return;
	}
	assert_true(interrupts > 0 && doorbells > 0);
	assert_true(interrupts < num_served);
	assert_true(size == 1 || doorbells < num_offered * 3 / 4);
}

static void test_random(void **state)
{
	static const u32 sizes[] = { 1, 2, 8, 64, 256 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(sizes); i++)
		for (u32 features = 0; features <= BOTH; features += VIRTIO_INDIRECT)
			run_random(sizes[i], features, 3000);
	run_random(16, BOTH, 140000); /* the indices wrap twice */
}

/* A table for each entry: a chain takes one entry, so as many fit as there are entries. */
static void test_indirect_room(void **state)
{
	const struct driver_buffer buffers[4] = { { BUFFERS, 1 }, { BUFFERS, 1 }, { BUFFERS, 1 } };

	(void)state;
	set_up(8, VIRTIO_INDIRECT);
	for (u32 i = 0; i < 8; i++)
		assert_int_equal(driver_queue_add(&driver, buffers, 4, 2, i), OK);
	assert_int_equal(driver_queue_add(&driver, buffers, 1, 1, 0), ERR_NO_MEMORY);
	set_up(8, 0);
	for (u32 i = 0; i < 2; i++)
		assert_int_equal(driver_queue_add(&driver, buffers, 4, 2, i), OK);
	assert_int_equal(driver_queue_add(&driver, buffers, 1, 1, 0), ERR_NO_MEMORY);
	assert_int_equal(driver_queue_add(&driver, buffers, 0, 0, 0), ERR_RANGE);
	assert_int_equal(driver_queue_add(&driver, buffers, CHAIN_MAX + 1, 0, 0), ERR_RANGE);
	assert_int_equal(driver_queue_add(&driver, buffers, 1, 2, 0), ERR_RANGE);
}

/* --- A bad driver ----------------------------------------------------------------------------- */

#define TABLE (RAM_AT + 0x20000u)

static void put(u64 table, u32 entry, u64 address, u32 bytes, u16 flags, u16 next)
{
	struct ring_desc desc = { address, bytes, flags, next };

	memcpy(memory + table + sizeof(desc) * entry, &desc, sizeof(desc));
}

static void set_u16(u64 at, u16 value)
{
	memcpy(memory + at, &value, sizeof(value));
}

static enum err peek_head(u16 head)
{
	set_u16(device.driver + RING_ENTRIES, head);
	set_u16(device.driver + RING_INDEX, 1);
	return virtqueue_peek(&device, &info, &chain);
}

static enum err peek_table(u64 at, u32 bytes, u16 flags)
{
	put(RAM_AT, 0, at, bytes, DESC_INDIRECT | flags, 1);
	return peek_head(0);
}

static void test_tables(void **state)
{
	(void)state;
	set_up(8, VIRTIO_INDIRECT);
	put(TABLE, 0, BUFFERS, 5, DESC_NEXT, 7);
	put(TABLE, 7, BUFFERS + 8, 6, DESC_WRITE, 3);
	assert_int_equal(peek_table(TABLE, 16 * 8, 0), OK);
	assert_int_equal(chain.num, 2);
	assert_int_equal(chain.num_read, 1);
	assert_int_equal(chain.read_bytes, 5);
	assert_int_equal(chain.bytes, 11);
	/* The write flag of the entry means nothing; the table may be longer than a chain. */
	assert_int_equal(peek_table(TABLE, 16 * 4096, DESC_WRITE), OK);
	/* Buffers of the queue, then the table. */
	put(RAM_AT, 3, BUFFERS, 1, DESC_NEXT, 0);
	assert_int_equal(peek_head(3), OK);
	assert_int_equal(chain.num, 3);
	assert_int_equal(chain.read_bytes, 6);
	/* A link out of the table, and bad tables. */
	assert_int_equal(peek_table(TABLE, 16 * 7, 0), ERR_FORMAT);
	assert_int_equal(peek_table(TABLE, 0, 0), ERR_FORMAT);
	assert_int_equal(peek_table(TABLE, 16 * 8 + 1, 0), ERR_FORMAT);
	assert_int_equal(peek_table(TABLE, 16 * 8 - 1, 0), ERR_FORMAT);
	assert_int_equal(peek_table(TABLE, 16 * 8, DESC_NEXT), ERR_FORMAT);
	assert_int_equal(peek_table(0, 16 * 8, 0), ERR_FORMAT);
	assert_int_equal(peek_table(UINT64_MAX - 15, 16, 0), ERR_FORMAT);
	assert_int_equal(peek_table(RAM_AT + RAM_BYTES - 16, 32, 0), ERR_FORMAT);
	assert_int_equal(peek_table(TABLE, UINT32_MAX - 15, 0), ERR_FORMAT);
	device.features = VIRTIO_EVENT_INDEX;
	assert_int_equal(peek_table(TABLE, 16 * 8, 0), ERR_FORMAT);
}

/* Loops and tables in tables end. */
static void test_table_loops(void **state)
{
	(void)state;
	set_up(8, VIRTIO_INDIRECT);
	put(TABLE, 0, TABLE, 16, DESC_INDIRECT, 0);
	assert_int_equal(peek_table(TABLE, 16, 0), ERR_FORMAT);
	assert_int_equal(peek_table(RAM_AT, 16, 0), ERR_FORMAT);
	for (u16 length = 1; length <= CHAIN_MAX + 1; length++) {
		for (u16 i = 0; i < length; i++)
			put(TABLE, i, BUFFERS, 0, DESC_NEXT, (i + 1) % length);
		assert_int_equal(peek_table(TABLE, 16u * length, 0), ERR_FORMAT);
		put(TABLE, length - 1, BUFFERS, 0, 0, 0);
		assert_int_equal(peek_table(TABLE, 16u * length, 0),
				 length <= CHAIN_MAX ? OK : ERR_FORMAT);
	}
}

static void test_order(void **state)
{
	(void)state;
	set_up(8, 0);
	put(RAM_AT, 0, BUFFERS, 1, DESC_NEXT | DESC_WRITE, 1);
	put(RAM_AT, 1, BUFFERS, 1, 0, 0);
	assert_int_equal(peek_head(0), ERR_FORMAT);
	put(RAM_AT, 0, BUFFERS, RAM_BYTES / 8, DESC_NEXT, 1);
	put(RAM_AT, 1, BUFFERS, UINT32_MAX, DESC_WRITE, 0);
	assert_int_equal(peek_head(0), ERR_FORMAT);
}

/* The event index of the used ring is behind it, and needs memory as well. */
static void test_event_memory(void **state)
{
	(void)state;
	set_up(8, 0);
	device.device = RAM_AT + RAM_BYTES - ring_used_bytes(8);
	assert_true(virtqueue_check(&device, &info));
	device.features = VIRTIO_EVENT_INDEX;
	assert_false(virtqueue_check(&device, &info));
	device.device -= 4;
	assert_true(virtqueue_check(&device, &info));
	device.driver = RAM_AT + RAM_BYTES - ring_avail_bytes(8);
	assert_false(virtqueue_check(&device, &info));
}

/* At 65535 and 0: each event index has one step that crosses it. */
static void test_event_wrap(void **state)
{
	static const u16 events[] = { 0xfffd, 0xfffe, 0xffff, 0, 1, 2 };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(events); i++) {
		set_up(8, VIRTIO_EVENT_INDEX);
		device.next = 0xfffd;
		set_u16(device.driver + RING_INDEX, 3);
		set_u16(device.driver + ring_avail_bytes(8), events[i]);
		put(RAM_AT, 0, BUFFERS, 1, DESC_WRITE, 0);
		for (u32 k = 0; k < ARRAY_SIZE(events); k++) {
			assert_int_equal(virtqueue_peek(&device, &info, &chain), OK);
			assert_int_equal(virtqueue_push(&device, &chain, 0), k == i);
		}
		assert_int_equal(virtqueue_peek(&device, &info, &chain), ERR_NOT_FOUND);
		assert_int_equal(memory[device.device + ring_used_bytes(8)], 3);
	}
	assert_true(ring_crosses(0xffff, 0xfff0, 5));
	assert_true(ring_crosses(4, 0xfff0, 5));
	assert_false(ring_crosses(5, 0xfff0, 5));
	assert_false(ring_crosses(0xffef, 0xfff0, 5));
	assert_false(ring_crosses(7, 9, 9));
}

/* --- A bad device ----------------------------------------------------------------------------- */

static void give_back(u32 head, u32 bytes, u16 index)
{
	struct ring_used used = { head, bytes };

	memcpy(memory + device.device + RING_ENTRIES, &used, sizeof(used));
	set_u16(device.device + RING_INDEX, index);
}

static void test_bad_device(void **state)
{
	const struct driver_buffer buffers[3] = { { BUFFERS, 8 }, { BUFFERS, 4 }, { BUFFERS, 3 } };
	u64 token;
	u32 written;

	(void)state;
	set_up(8, 0);
	assert_int_equal(driver_queue_add(&driver, buffers, 3, 1, 77), OK);
	give_back(0, 0, 9);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
	give_back(8, 0, 1);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
	give_back(UINT32_MAX, 0, 1);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
	give_back(1, 0, 1); /* the chain's second entry */
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
	give_back(0, 8, 1);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
	give_back(0, 7, 1);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(token, 77);
	assert_int_equal(written, 7);
	assert_int_equal(driver.num_free, 8);
	/* The same once more. */
	memcpy(memory + device.device + RING_ENTRIES + 8, memory + device.device + RING_ENTRIES, 8);
	set_u16(device.device + RING_INDEX, 2);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_FORMAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),     cmocka_unit_test(test_indirect_room),
		cmocka_unit_test(test_tables),     cmocka_unit_test(test_table_loops),
		cmocka_unit_test(test_order),      cmocka_unit_test(test_event_memory),
		cmocka_unit_test(test_event_wrap), cmocka_unit_test(test_bad_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
