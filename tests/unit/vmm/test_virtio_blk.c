/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/vmm/virtio_blk.c and virtio_rng.c, driven by components/lib/virtqueue_driver.c.
 */
#include "vmm/fixture.h"

#include "components/lib/virtqueue_driver.h"
#include "support/random.h"

#define RAM_AT     0x10000u
#define RAM_BYTES  0x80000u
#define BUFFERS    (RAM_AT + 0x20000u)
#define HEADER     BUFFERS
#define STATUS_AT  (BUFFERS + 0x40u)
#define DATA       (BUFFERS + 0x1000u)
#define SECTOR     512u
#define DISK_BYTES (512u * 1024u)
#define SECTORS    (DISK_BYTES / SECTOR)

#define STATUS      0x70
#define NEEDS_RESET 0x40

enum { IN, OUT, FLUSH = 4, ID = 8, DISCARD = 11, ZEROES = 13 };
enum { DONE, ERROR, UNSUPPORTED };

#define RW_FEATURES 0x30006644u /* seg-max, blk-size, flush, topology, discard, zeroes, queues */
#define RO_FEATURES 0x30000664u

enum { G_DOORBELL = G_COUNT, G_RAM, G_DISK, G_ALL };
#define DOORBELL BIT(7)

static u8 memory[RAM_AT + RAM_BYTES] __aligned(4096);
static u8 disk[DISK_BYTES] __aligned(4096), model[DISK_BYTES];
static struct virtqueue_driver driver;

static u32 reg(u64 offset)
{
	return get(G_RTC, offset);
}

static void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
}

static void boot(const char *name, enum grant_kind kind)
{
	(void)fresh(NULL);
	memset(memory, 0, sizeof(memory));
	memset(state_page, 0, sizeof(state_page));
	for (u32 i = 0; i < DISK_BYTES; i++)
		disk[i] = (u8)(i / SECTOR + i);
	memcpy(model, disk, sizeof(model));
	host_core.guest = memory;
	info.num_grants = G_ALL;
	grant(G_RTC, GRANT_VIRTUAL, "vda", name, NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "vda", "", NULL, 0);
	grant(G_DOORBELL, GRANT_DOORBELL, "vda", "", NULL, 0);
	info.grants[G_DOORBELL].bit = 7;
	grant(G_RAM, GRANT_RAM, "ram", "", NULL, RAM_BYTES);
	info.grants[G_RAM].address = RAM_AT;
	grant(G_DISK, kind, "vda", "", disk, sizeof(disk));
	start();
}

static void drive(u32 features)
{
	u64 at[3];

	put(STATUS, 0);
	put(STATUS, 3);
	put(0x24, 1);
	put(0x20, 1);
	put(0x24, 0);
	put(0x20, features);
	put(STATUS, 11);
	assert_int_equal(reg(STATUS), 11);
	driver_queue_init(&driver, memory + RAM_AT, RAM_AT, 16, features & 0x30000000u);
	driver_queue_address(&driver, &at[0], &at[1], &at[2]);
	put(0x30, 0);
	put(0x38, 16);
	for (u32 i = 0; i < 3; i++)
		put(0x80 + 0x10 * i, (u32)at[i]);
	put(0x44, 1);
	assert_int_equal(reg(0x44), 1);
	put(STATUS, 15);
}

static int writable(void **state)
{
	(void)state;
	boot("virtio-blk", GRANT_MEMORY);
	drive(RW_FEATURES);
	return 0;
}

static int read_only(void **state)
{
	(void)state;
	boot("virtio-blk", GRANT_FILE);
	drive(RO_FEATURES);
	return 0;
}

static void put_header(u32 type, u64 sector)
{
	memcpy(memory + HEADER, &type, 4);
	memset(memory + HEADER + 4, 0, 4);
	memcpy(memory + HEADER + 8, &sector, 8);
	memory[STATUS_AT] = 0xee;
}

static void offer(const struct driver_buffer *buffers, u32 num, u32 num_read)
{
	assert_int_equal(driver_queue_add(&driver, buffers, num, num_read, 1), OK);
	if (driver_queue_kick(&driver))
		notify(DOORBELL);
}

static void run_timer(void)
{
	while (host_core.timer.v == 0)
		notify(NOTIFY_TIMER);
}

/* Returns the status, and *@written bytes. */
static u32 finish(u32 *written)
{
	u64 token;

	run_timer();
	assert_int_equal(driver_queue_take(&driver, &token, written), OK);
	return memory[STATUS_AT];
}

static u32 request(u32 type, u64 sector, u32 bytes)
{
	struct driver_buffer buffers[] = { { HEADER, 16 }, { DATA, bytes }, { STATUS_AT, 1 } };
	bool out = type == OUT || type == DISCARD || type == ZEROES;
	u32 written, status;

	put_header(type, sector);
	if (bytes == 0) {
		buffers[1] = buffers[2];
		offer(buffers, 2, 1);
	} else {
		offer(buffers, 3, out ? 2 : 1);
	}
	status = finish(&written);
	assert_int_equal(written, out ? 1 : bytes + 1);
	return status;
}

static u32 range(u32 type, u64 sector, u32 sectors, u32 flags)
{
	memcpy(memory + DATA, &sector, 8);
	memcpy(memory + DATA + 8, &sectors, 4);
	memcpy(memory + DATA + 12, &flags, 4);
	return request(type, 0, 16);
}

static void test_config(void **state)
{
	(void)state;
	assert_int_equal(reg(8), 2);
	assert_int_equal(reg(0x10), RW_FEATURES);
	assert_int_equal(reg(0x100), SECTORS);
	assert_int_equal(reg(0x104), 0);
	assert_int_equal(reg(0x10c), 30);
	assert_int_equal(reg(0x114), 512);
	assert_int_equal(access_region(G_RTC, 0x118, false, 0, 1), 3);
	assert_int_equal(access_region(G_RTC, 0x11a, false, 0, 2), 8);
	assert_int_equal(reg(0x128), 1);
	assert_int_equal(reg(0x134), 1);
	assert_int_equal(reg(0x13c), 0);
	assert_int_equal(reg(0x140), 0);
	assert_int_equal(reg(0xffc), 0);
	assert_int_equal(access_region(G_RTC, 0x13c, false, 0, 8), 0);
	(void)read_only(NULL);
	assert_int_equal(reg(0x10), RO_FEATURES);
	assert_int_equal(reg(0x124), 0);
}

static void test_read_write(void **state)
{
	(void)state;
	assert_int_equal(request(IN, 3, 4 * SECTOR), DONE);
	assert_memory_equal(memory + DATA, disk + 3 * SECTOR, 4 * SECTOR);
	assert_true(host_core.level[G_RTC_LINE]);
	memset(memory + DATA, 0x5a, 2 * SECTOR);
	assert_int_equal(request(OUT, SECTORS - 2, 2 * SECTOR), DONE);
	memset(model + DISK_BYTES - 2 * SECTOR, 0x5a, 2 * SECTOR);
	assert_memory_equal(disk, model, DISK_BYTES);
	assert_int_equal(request(FLUSH, 0, 0), DONE);
	assert_int_equal(request(IN, 0, 0), DONE);
	assert_int_equal(request(ID, 0, 20), DONE);
	assert_memory_equal(memory + DATA, "vda\0\0\0", 6);
	assert_int_equal(request(7, 0, 0), UNSUPPORTED);
	assert_int_equal(request(UINT32_MAX, 0, 0), UNSUPPORTED);
}

static void test_bounds(void **state)
{
	static const u64 sectors[] = { SECTORS - 1,          SECTORS, UINT64_MAX, UINT64_MAX / 512,
				       UINT64_MAX / 512 + 1, BIT(63) };

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(sectors); i++) {
		assert_int_equal(request(IN, sectors[i], 2 * SECTOR), ERROR);
		assert_int_equal(request(OUT, sectors[i], 2 * SECTOR), ERROR);
		assert_int_equal(range(ZEROES, sectors[i], 2, 0), ERROR);
		assert_int_equal(range(DISCARD, sectors[i], 2, 0), ERROR);
	}
	assert_int_equal(request(IN, 0, SECTOR + 1), ERROR);
	assert_int_equal(request(OUT, 0, SECTOR - 1), ERROR);
	assert_int_equal(range(ZEROES, 0, UINT32_MAX, 0), ERROR);
	assert_int_equal(request(ZEROES, 0, 32), ERROR);
	assert_memory_equal(disk, model, DISK_BYTES);
}

static void test_clear(void **state)
{
	(void)state;
	assert_int_equal(range(DISCARD, 5, 3, 0), DONE);
	memset(model + 5 * SECTOR, 0, 3 * SECTOR);
	assert_int_equal(range(ZEROES, 100, 600, 1), DONE); /* several turns */
	memset(model + 100 * SECTOR, 0, 600 * SECTOR);
	assert_memory_equal(disk, model, DISK_BYTES);
	assert_int_equal(range(DISCARD, 5, 3, 1), UNSUPPORTED);
	assert_int_equal(range(ZEROES, 5, 3, 2), UNSUPPORTED);
	drive(0);
	assert_int_equal(range(ZEROES, 0, 1, 0), UNSUPPORTED);
	assert_int_equal(range(DISCARD, 0, 1, 0), UNSUPPORTED);
	assert_memory_equal(disk, model, DISK_BYTES);
}

static void test_read_only(void **state)
{
	(void)state;
	assert_int_equal(request(IN, 0, SECTOR), DONE);
	memset(memory + DATA, 1, SECTOR);
	assert_int_equal(request(OUT, 0, SECTOR), ERROR);
	assert_int_equal(range(ZEROES, 0, 1, 0), UNSUPPORTED);
	assert_int_equal(request(FLUSH, 0, 0), DONE);
	assert_memory_equal(disk, model, DISK_BYTES);
}

/* The header in pieces, data and status in one buffer (§2.7.4). */
static void test_framing(void **state)
{
	const struct driver_buffer buffers[] = {
		{ HEADER, 5 }, { HEADER + 5, 11 }, { DATA, 100 }, { DATA + 100, 413 }
	};
	u32 written;

	(void)state;
	put_header(IN, 9);
	offer(buffers, 4, 2);
	memory[STATUS_AT] = 0;
	(void)finish(&written);
	assert_int_equal(written, 513);
	assert_memory_equal(memory + DATA, disk + 9 * SECTOR, 512);
	assert_int_equal(memory[DATA + 512], DONE);
}

/* A long request has turns. A vmm that ends between two of them does the rest. */
static void test_turns(void **state)
{
	const struct driver_buffer buffers[] = { { HEADER, 16 },
						 { DATA, 240 * 1024 },
						 { STATUS_AT, 1 } };
	u32 written, turns = 0;

	(void)state;
	put_header(OUT, 0);
	memset(memory + DATA, 0xa5, 240 * 1024);
	offer(buffers, 3, 2);
	for (; host_core.timer.v == 0; turns++) {
		assert_int_equal(memory[STATUS_AT], 0xee);
		if (turns % 2 == 0)
			start();
		else
			notify(NOTIFY_TIMER);
	}
	assert_int_equal(turns, 3);
	assert_int_equal(finish(&written), DONE);
	memset(model, 0xa5, 240 * 1024);
	assert_memory_equal(disk, model, DISK_BYTES);
	/* The disk keeps its contents over resets of the device and the guest. */
	notify(NOTIFY_RESET);
	drive(RW_FEATURES);
	assert_int_equal(request(IN, 0, SECTOR), DONE);
	assert_memory_equal(memory + DATA, model, SECTOR);
}

static void test_random_requests(void **state)
{
	(void)state;
	random_seed(1);
	for (u32 i = 0; i < 2000; i++) {
		u32 sectors = 1 + (u32)random_below(random_below(8) == 0 ? 600 : 8);
		u64 sector = random_below(SECTORS);
		bool fits = sector + sectors <= SECTORS;
		u32 type = (u32[]){ IN, OUT, ZEROES, DISCARD }[random_below(4)];
		size_t bytes = fits ? sectors * SECTOR : 0;

		if (type == IN) {
			assert_int_equal(request(IN, sector, sectors * SECTOR),
					 fits ? DONE : ERROR);
			assert_memory_equal(memory + DATA, model + sector * SECTOR, bytes);
		} else if (type == OUT) {
			memset(memory + DATA, (int)i, sectors * SECTOR);
			assert_int_equal(request(OUT, sector, sectors * SECTOR),
					 fits ? DONE : ERROR);
			memset(model + sector * SECTOR, (int)i, bytes);
		} else {
			assert_int_equal(range(type, sector, sectors, 0), fits ? DONE : ERROR);
			memset(model + sector * SECTOR, 0, bytes);
		}
		if (random_below(16) == 0)
			start();
	}
	assert_memory_equal(disk, model, DISK_BYTES);
}

static void assert_breaks(const struct driver_buffer *buffers, u32 num, u32 num_read)
{
	(void)writable(NULL);
	put_header(IN, 0);
	offer(buffers, num, num_read);
	assert_int_equal(reg(STATUS), 15 | NEEDS_RESET);
	(void)writable(NULL);
	assert_int_equal(request(IN, 0, SECTOR), DONE);
}

static void test_broken(void **state)
{
	const struct driver_buffer header[] = { { HEADER, 16 }, { DATA, 512 }, { STATUS_AT, 0 } };
	const struct driver_buffer brief[] = { { HEADER, 15 }, { STATUS_AT, 1 } };

	(void)state;
	assert_breaks(header, 1, 1);
	assert_breaks(header, 2, 2);
	assert_breaks(header + 2, 1, 0);
	assert_breaks(brief, 2, 1);
}

static void test_no_memory(void **state)
{
	(void)state;
	boot("virtio-blk", GRANT_MEMORY);
	strcpy(info.grants[G_DISK].name, "vdb");
	start();
	assert_string_equal(host_core.log,
			    "vda: the vmm has no region or channel of this name: the "
			    "disk is empty\n");
	drive(RO_FEATURES);
	assert_int_equal(reg(0x100), 0);
	assert_int_equal(request(IN, 0, SECTOR), ERROR);
	assert_int_equal(request(ID, 0, 20), ERROR);
}

/* --- Random numbers --------------------------------------------------------------------------- */

static void test_rng(void **state)
{
	const struct driver_buffer buffers[] = { { DATA, 40 }, { DATA + 40, 500 } };
	u64 token;
	u32 written;

	(void)state;
	boot("virtio-rng", GRANT_MEMORY);
	drive(0x30000000);
	assert_int_equal(reg(8), 4);
	offer(buffers, 1, 0);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(written, 40);
	for (u32 i = 0; i < 5; i++)
		assert_int_equal(((u64 *)(memory + DATA))[i], i + 1);
	assert_int_equal(((u64 *)(memory + DATA))[5], 0);
	offer(buffers, 2, 0);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(written, 256);
	/* Without a source the chain waits. */
	host_core.no_random = true;
	offer(buffers, 2, 0);
	assert_int_equal(driver_queue_take(&driver, &token, &written), ERR_NOT_FOUND);
	host_core.no_random = false;
	notify(DOORBELL);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	offer(buffers, 1, 1);
	assert_int_equal(reg(STATUS), 15 | NEEDS_RESET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_config, writable),
		cmocka_unit_test_setup(test_read_write, writable),
		cmocka_unit_test_setup(test_bounds, writable),
		cmocka_unit_test_setup(test_clear, writable),
		cmocka_unit_test_setup(test_read_only, read_only),
		cmocka_unit_test_setup(test_framing, writable),
		cmocka_unit_test_setup(test_turns, writable),
		cmocka_unit_test_setup(test_random_requests, writable),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_no_memory),
		cmocka_unit_test(test_rng),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
