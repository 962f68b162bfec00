/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/vmm/virtio_blk_link.c: a disk at the other end of a link. The test is the guest's
 * driver, with several requests at once, and the server, which answers the latest first. A child
 * runs the vmm. It is killed again and again, and the next incarnation finishes all requests.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "support/killed.h"

#include "vmm/fixture.h"

#include "components/lib/disk.h"
#include "components/lib/virtqueue_driver.h"

#define RAM_AT     0x10000u
#define RAM_BYTES  0x10000u
#define BUFFERS    (RAM_AT + 0x4000u)
#define SECTOR     512u
#define SECTORS    64u
#define LINK_BYTES (PAGE_SIZE + DISK_SLOTS * 2 * SECTOR) /* slots of two sectors */
#define REQUESTS   6u
#define STRIDE     11 /* prime: instructions between two kills */

#define STATUS      0x70
#define NEEDS_RESET 0x40
#define FEATURES    0x30000644u
#define NO_FLUSH    0x30000444u

enum { IN, OUT, FLUSH = 4, ID = 8 };
enum { DONE, ERROR, UNSUPPORTED, UNKNOWN = 0xee };

enum { G_DOORBELL = G_COUNT, G_RAM, G_DISK, G_ALL };
#define DOORBELL BIT(7)
#define LINK_BIT BIT(9)

static u8 memory[RAM_AT + RAM_BYTES] __aligned(4096);
static u8 channel[LINK_BYTES] __aligned(4096);
static u8 disk[SECTORS * SECTOR];
static struct virtqueue_driver driver;
static struct link server;
static u32 flushes, writes;

/* A request of the guest: its buffers lie 8 sectors apart. */
static const struct request {
	u32 type, sector, sectors;
} requests[REQUESTS] = {
	{ OUT, 3, 5 },   { IN, 20, 4 }, { OUT, 40, 1 },
	{ FLUSH, 0, 0 }, { IN, 50, 1 }, { OUT, 60, 4 },
};

static u32 buffer_of(u32 index)
{
	return BUFFERS + index * 8 * SECTOR;
}

static u8 *status_of(u32 index)
{
	return &memory[buffer_of(index) + 16];
}

static u8 written_byte(u32 index, u32 at)
{
	return (u8)(0x80 + index * 3 + at / SECTOR);
}

static void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
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
	driver_queue_init(&driver, memory + RAM_AT, RAM_AT, 64, features & 0x30000000u);
	driver_queue_address(&driver, &at[0], &at[1], &at[2]);
	put(0x38, 64);
	for (u32 i = 0; i < 3; i++)
		put(0x80 + 0x10 * i, (u32)at[i]);
	put(0x44, 1);
	put(STATUS, 15);
	assert_int_equal(get(G_RTC, STATUS), 15);
}

static void attach_server(void)
{
	struct component_info other = info;

	assert_true(link_attach_server(&server, &other, &other.grants[G_DISK], 0, 1, DISK_SLOTS));
}

static int boot(void **state)
{
	(void)state;
	(void)fresh(NULL);
	memset(memory, 0, sizeof(memory));
	memset(channel, 0, sizeof(channel));
	memset(state_page, 0, sizeof(state_page));
	for (u32 i = 0; i < sizeof(disk); i++)
		disk[i] = (u8)(i / SECTOR);
	flushes = writes = 0;
	host_core.guest = memory;
	info.num_grants = G_ALL;
	grant(G_RTC, GRANT_VIRTUAL, "vda", "virtio-blk", NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "vda", "", NULL, 0);
	grant(G_DOORBELL, GRANT_DOORBELL, "vda", "", NULL, 0);
	info.grants[G_DOORBELL].bit = 7;
	grant(G_RAM, GRANT_RAM, "ram", "", NULL, RAM_BYTES);
	info.grants[G_RAM].address = RAM_AT;
	grant(G_DISK, GRANT_CHANNEL, "debian-vda", "blk", channel, sizeof(channel));
	info.grants[G_DISK].bit = 9;
	attach_server();
	link_publish(&server, DISK_CAPACITY, SECTORS);
	start();
	drive(FEATURES);
	return 0;
}

static u32 serve_one(u32 slot, const struct link_request *request)
{
	u8 *at = disk + request->where * SECTOR;

	assert_true(request->kind == DISK_FLUSH ||
		    (request->bytes != 0 && disk_has(SECTORS, request->where, request->bytes)));
	if (request->kind == DISK_READ) {
		memcpy(link_data(&server, slot), at, request->bytes);
		return request->bytes;
	}
	if (request->kind == DISK_WRITE)
		memcpy(at, link_data(&server, slot), request->bytes);
	flushes += request->kind == DISK_FLUSH;
	writes += request->kind == DISK_WRITE;
	return 0;
}

/* Returns how many requests there were. */
static u32 serve_all(enum link_status status)
{
	struct link_request taken[DISK_SLOTS];
	u32 slots[DISK_SLOTS], num = 0, n;

	while (num < DISK_SLOTS &&
	       (slots[num] = link_take_request(&server, &taken[num])) != LINK_NONE)
		num++;
	n = num;
	while (num-- > 0)
		link_answer(&server, slots[num], status, serve_one(slots[num], &taken[num]));
	return n;
}

static void offer(u32 index)
{
	const struct request *request = &requests[index];
	u32 at = buffer_of(index), bytes = request->sectors * SECTOR;
	struct driver_buffer buffers[] = { { at, 16 }, { at + SECTOR, bytes }, { at + 16, 1 } };
	u32 num = bytes != 0 ? 3 : 2;

	if (num == 2)
		buffers[1] = buffers[2];
	memset(memory + at, 0, 16);
	memcpy(memory + at, &request->type, 4);
	memcpy(memory + at + 8, &request->sector, 4);
	*status_of(index) = UNKNOWN;
	for (u32 i = 0; i < bytes; i++)
		memory[at + SECTOR + i] = request->type == OUT ? written_byte(index, i) : 0;
	assert_int_equal(
		driver_queue_add(&driver, buffers, num, request->type == OUT ? num - 1 : 1, index),
		OK);
}

static void offer_all(void)
{
	for (u32 i = 0; i < REQUESTS; i++)
		offer(i);
	(void)driver_queue_kick(&driver);
}

static void run_timer(void)
{
	for (u32 i = 0; i < 64 && host_core.timer.v == 0; i++)
		notify(NOTIFY_TIMER);
}

static void run(u64 bits)
{
	notify(bits);
	run_timer();
}

static void check_request(u32 index)
{
	const struct request *request = &requests[index];
	u32 bytes = request->sectors * SECTOR;

	assert_int_equal(*status_of(index), DONE);
	for (u32 i = 0; i < bytes; i++)
		if (request->type == IN)
			assert_int_equal(memory[buffer_of(index) + SECTOR + i],
					 (u8)(request->sector + i / SECTOR));
		else
			assert_int_equal(disk[request->sector * SECTOR + i],
					 written_byte(index, i));
}

/* Each of @wanted ends once. */
static void end_all(u32 wanted)
{
	u32 ended = 0, written;
	u64 token;

	for (u32 i = 0; i < 16; i++) {
		(void)serve_all(LINK_OK);
		run(LINK_BIT);
		while (driver_queue_take(&driver, &token, &written) == OK) {
			assert_int_equal(ended & 1u << token, 0);
			ended |= 1u << token;
			check_request((u32)token);
		}
	}
	assert_int_equal(ended, wanted);
	assert_int_equal(link_num_held(&server), 0);
	assert_int_equal(atomic_load(&server.memory->words.held), 0);
}

static void several_at_once(void **state)
{
	(void)state;
	assert_int_equal(get(G_RTC, 0x10), FEATURES);
	assert_int_equal(get(G_RTC, 0x100), SECTORS);
	offer_all();
	run(DOORBELL);
	assert_int_equal(serve_all(LINK_OK), REQUESTS);
	end_all((1u << REQUESTS) - 1);
	assert_int_equal(flushes, 1);
	assert_int_equal(writes, 3 + 1 + 2);
	assert_true(host_core.level[G_RTC_LINE]);
}

/* A driver without flushes gets one behind each write. */
static void write_through(void **state)
{
	(void)state;
	drive(NO_FLUSH);
	offer(0);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	end_all(1);
	assert_int_equal(writes, 3);
	assert_int_equal(flushes, 1);
}

static void errors_are_passed_on(void **state)
{
	u64 token;
	u32 written;

	(void)state;
	offer(1);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	(void)serve_all(LINK_ERROR);
	run(LINK_BIT);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(*status_of(1), ERROR);
	assert_non_null(strstr(host_core.log, "the disk reports an error; the guest gets it"));
	link_publish(&server, DISK_CAPACITY, 10);
	run(LINK_BIT);
	assert_int_equal(get(G_RTC, 0x60) & 2, 2);
	assert_int_equal(get(G_RTC, 0x100), 10);
	offer(1);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	assert_int_equal(serve_all(LINK_OK), 0);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(*status_of(1), ERROR);
}

static void read_only(void **state)
{
	u64 token;
	u32 written;

	(void)state;
	link_publish(&server, DISK_FLAGS, DISK_READ_ONLY);
	link_publish(&server, DISK_CAPACITY, SECTORS - 1);
	run(LINK_BIT);
	assert_int_equal(get(G_RTC, 0x10), FEATURES | 0x20);
	offer(0);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	assert_int_equal(serve_all(LINK_OK), 0);
	assert_int_equal(driver_queue_take(&driver, &token, &written), OK);
	assert_int_equal(*status_of(0), ERROR);
}

/* Requests from before a reset end before any behind it begins. */
static void a_reset_waits_for_old_requests(void **state)
{
	(void)state;
	offer(0);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	drive(FEATURES);
	offer(2);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	assert_int_equal(serve_all(LINK_OK), 1);
	assert_int_equal(writes, 1);
	end_all(1u << 2);
	assert_int_equal(writes, 2);
}

/* --- Killed -----------------------------------------------------------------------------------
 */

static void serve_doorbell(void)
{
	notify(DOORBELL);
}

static void serve_answers(void)
{
	notify(LINK_BIT);
}

static void reset_device(void)
{
	put(STATUS, 0);
}

static void take_over(pid_t child)
{
	killed_copy(child, memory, sizeof(memory));
	killed_copy(child, channel, sizeof(channel));
	killed_copy(child, state_page, sizeof(state_page));
}

static void kill_anywhere(void (*act)(void), void (*check)(void))
{
	struct virtqueue_driver before = driver;
	struct link other = server;
	u8 contents[sizeof(disk)];
	pid_t child = killed_start(act);
	u32 steps = 0;

	memcpy(contents, disk, sizeof(disk));
	while (killed_step(child, STRIDE)) {
		take_over(child);
		driver = before;
		server = other;
		memcpy(disk, contents, sizeof(disk));
		start();
		run_timer();
		check();
		steps++;
	}
	assert_true(steps > 100);
}

static void all_end(void)
{
	end_all((1u << REQUESTS) - 1);
}

static void killed_at_the_doorbell(void **state)
{
	(void)state;
	offer_all();
	kill_anywhere(serve_doorbell, all_end);
}

static void killed_at_answers(void **state)
{
	(void)state;
	offer_all();
	run(DOORBELL);
	(void)serve_all(LINK_OK);
	kill_anywhere(serve_answers, all_end);
}

/* The exit of the reset comes again. */
static void reset_again(void)
{
	exits++;
	(void)access_again(G_RTC, STATUS, true, 0, 4);
	exits--;
	drive(FEATURES);
	offer(4);
	(void)driver_queue_kick(&driver);
	run(DOORBELL);
	end_all(1u << 4);
}

static void killed_at_a_reset(void **state)
{
	(void)state;
	offer_all();
	run(DOORBELL);
	kill_anywhere(reset_device, reset_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(several_at_once, boot),
		cmocka_unit_test_setup(write_through, boot),
		cmocka_unit_test_setup(errors_are_passed_on, boot),
		cmocka_unit_test_setup(read_only, boot),
		cmocka_unit_test_setup(a_reset_waits_for_old_requests, boot),
		cmocka_unit_test_setup(killed_at_the_doorbell, boot),
		cmocka_unit_test_setup(killed_at_answers, boot),
		cmocka_unit_test_setup(killed_at_a_reset, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
