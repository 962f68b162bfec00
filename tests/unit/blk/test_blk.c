/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/blk/blk.c between two requesters and a driver, all of which are the test. A child runs
 * the service. It is killed again and again, and the next incarnation ends all requests once.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "support/killed.h"

#include "blk/disk.h"

#include "components/blk/blk.h"
#include "components/lib/host.h"

#define LINK_BYTES (PAGE_SIZE + DISK_SLOTS * GPT_ENTRIES)
#define STRIDE     13 /* prime: instructions between two kills */

enum { G_DEVICE, G_FIRST, G_SECOND, G_COUNT };

static u8 memory[G_COUNT][LINK_BYTES] __aligned(4096);
static struct component_info info;
static struct link driver, requesters[2];

static void boot(const char *arguments)
{
	static const char *const names[] = { "device", "first", "second" };

	host_core_reset();
	make_disk();
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	info.magic = COMPONENT_INFO_MAGIC;
	info.num_grants = G_COUNT;
	strcpy(info.name, "blk");
	strcpy(info.arguments, arguments);
	for (u32 i = 0; i < G_COUNT; i++) {
		info.grants[i] = (struct grant_info){
			.kind = GRANT_CHANNEL,
			.bit = (u16)i,
			.address = (uintptr_t)memory[i],
			.size = LINK_BYTES,
		};
		strcpy(info.grants[i].name, names[i]);
	}
	assert_true(link_attach_server(&driver, &info, &info.grants[G_DEVICE], 0, 1, DISK_SLOTS));
	for (u32 i = 0; i < 2; i++)
		assert_true(link_attach_requester(&requesters[i], &info, &info.grants[G_FIRST + i],
						  0, 1, DISK_SLOTS));
	link_publish(&driver, DISK_CAPACITY, SECTORS);
	runtime_start(&blk_program, &info);
}

static int ranges(void **state)
{
	(void)state;
	boot("first=0+100,weight=3 second=100+50");
	return 0;
}

static void run_once(void)
{
	struct component_exit exit = { 0 };
	u64 bits = host_core.timer.v == 0 ? NOTIFY_TIMER : BIT(0);

	host_core.timer = NS(UINT64_MAX);
	(void)runtime_serve(&blk_program, bits, &exit);
}

static void run(void)
{
	for (u32 i = 0; i < 8; i++)
		run_once();
}

/* The driver answers the latest first. Returns how many requests it had. */
static u32 drive(enum link_status status)
{
	struct link_request taken[DISK_SLOTS];
	u32 slots[DISK_SLOTS], num = 0, n;

	while (num < DISK_SLOTS &&
	       (slots[num] = link_take_request(&driver, &taken[num])) != LINK_NONE)
		num++;
	n = num;
	while (num-- > 0) {
		const struct link_request *request = &taken[num];
		u8 *data = link_data(&driver, slots[num]);
		bool read = request->kind == DISK_READ;

		assert_true(request->kind == DISK_FLUSH ||
			    disk_has(SECTORS, request->where, request->bytes));
		if (read)
			memcpy(data, image[request->where], request->bytes);
		else
			memcpy(image[request->where], data, request->bytes);
		link_answer(&driver, slots[num], status, read ? request->bytes : 0);
	}
	return n;
}

static u32 ask(u32 from, u32 kind, u64 where, u8 fill)
{
	struct link *link = &requesters[from];
	struct link_request request = { .kind = kind, .where = where };
	struct link_note note = { .token = where, .progress = kind };
	u32 slot = link_reserve(link);

	assert_int_not_equal(slot, LINK_NONE);
	request.bytes = kind == DISK_FLUSH ? 0 : DISK_SECTOR;
	link_hold(link, slot, &note);
	memset(link_data(link, slot), fill, DISK_SECTOR);
	link_ask(link, slot, &request);
	return slot;
}

/* Returns how many answers there were; each has @status. */
static u32 take(u32 from, enum link_status status)
{
	struct link *link = &requesters[from];
	struct link_answer answer;
	u32 n = 0, slot;

	for (; (slot = link_take_answer(link, &answer)) != LINK_NONE; n++) {
		struct link_note note = link_note(link, slot);

		assert_int_equal(answer.status, status);
		if (note.progress == DISK_READ && status == LINK_OK) {
			assert_int_equal(answer.bytes, DISK_SECTOR);
			assert_memory_equal(link_data(link, slot),
					    image[note.token + (from == 0 ? 0 : 100)], DISK_SECTOR);
		}
		link_release(link, slot);
	}
	return n;
}

static void each_has_its_part(void **state)
{
	(void)state;
	assert_int_equal(link_published(&requesters[0], DISK_CAPACITY), 100);
	assert_int_equal(link_published(&requesters[1], DISK_CAPACITY), 50);
	(void)ask(0, DISK_READ, 1, 0);
	(void)ask(1, DISK_READ, 49, 0);
	(void)ask(1, DISK_WRITE, 7, 0x77);
	(void)ask(1, DISK_FLUSH, 0, 0);
	run();
	assert_int_equal(drive(LINK_OK), 4);
	run();
	assert_int_equal(take(0, LINK_OK), 1);
	assert_int_equal(take(1, LINK_OK), 3);
	assert_int_equal(image[107][511], 0x77);
	(void)ask(1, DISK_READ, 50, 0);
	(void)ask(0, DISK_WRITE, 100, 0);
	(void)ask(0, 17, 0, 0);
	run();
	assert_int_equal(drive(LINK_OK), 0);
	assert_int_equal(take(0, LINK_ERROR), 2);
	assert_int_equal(take(1, LINK_ERROR), 1);
	(void)ask(0, DISK_READ, 0, 0);
	run();
	assert_int_equal(drive(LINK_ERROR), 1);
	run();
	assert_int_equal(take(0, LINK_ERROR), 1);
}

/* All that waits goes to the driver by one notification, in shares of three to one. */
static void requests_are_gathered(void **state)
{
	u32 slot, of_first = 0, of_second = 0;
	struct link_request request;

	(void)state;
	run();
	assert_int_equal(link_take_request(&driver, &request), LINK_NONE);
	for (u32 i = 0; i < DISK_SLOTS; i++) {
		(void)ask(0, DISK_READ, i, 0);
		(void)ask(1, DISK_READ, i, 0);
	}
	host_core.notified[G_DEVICE] = 0;
	run();
	assert_int_equal(host_core.notified[G_DEVICE], 1);
	while ((slot = link_take_request(&driver, &request)) != LINK_NONE) {
		if (request.where < 100)
			of_first++;
		else
			of_second++;
	}
	assert_int_equal(of_first + of_second, DISK_SLOTS);
	assert_in_range(of_first, 22, 26);
}

/* The requester has the rest of its slots in use. Returns how many it asked. */
static u32 ask_all(u32 from)
{
	u32 n = 0;

	for (; link_reserve(&requesters[from]) != LINK_NONE; n++)
		(void)ask(from, DISK_READ, n % 50, 0);
	return n;
}

static struct {
	u32 slots[DISK_SLOTS], num;
	u64 where[DISK_SLOTS];
} in_device;

/* The driver gives the device all that waits, and answers the first @count that the device has.
 * Returns how many there were. */
static u32 drive_some(u32 count)
{
	struct link_request request;
	u32 slot, n = 0;

	while ((slot = link_take_request(&driver, &request)) != LINK_NONE) {
		in_device.slots[in_device.num] = slot;
		in_device.where[in_device.num++] = request.where;
	}
	for (; n < count && n < in_device.num; n++) {
		memcpy(link_data(&driver, in_device.slots[n]), image[in_device.where[n]],
		       DISK_SECTOR);
		link_answer(&driver, in_device.slots[n], LINK_OK, DISK_SECTOR);
	}
	in_device.num -= n;
	memmove(in_device.slots, in_device.slots + n, in_device.num * sizeof(u32));
	memmove(in_device.where, in_device.where + n, in_device.num * sizeof(u64));
	return n;
}

/* The service, beside a driver that wakes up at once. Returns how often that was. */
static u32 run_beside_driver(void)
{
	u32 wakes = 0;

	for (u32 i = 0; i < 8; i++) {
		host_core.notified[G_DEVICE] = 0;
		run_once();
		if (host_core.notified[G_DEVICE] == 0)
			continue;
		wakes += host_core.notified[G_DEVICE];
		(void)drive_some(0);
	}
	return wakes;
}

/* Two requesters of depth 32 in 200 rounds. The device ends 1 to 32 requests at a time. The driver
 * wakes up once for 8 requests or more, and each requester gets its share in every few rounds. */
static void a_full_depth_is_gathered(void **state)
{
	u32 ended[2] = { 0, 0 }, wakes = 0, total = 0;

	(void)state;
	in_device.num = 0;
	for (u32 round = 0; round < 200; round++) {
		u32 before[2] = { ended[0], ended[1] };

		for (u32 turn = 0; turn < 4; turn++) {
			(void)ask_all(0);
			(void)ask_all(1);
			wakes += run_beside_driver();
			total += drive_some((round * 4 + turn) * 13 % 32 + 1);
			wakes += run_beside_driver();
			ended[0] += take(0, LINK_OK);
			ended[1] += take(1, LINK_OK);
		}
		assert_true(ended[0] > before[0] && ended[1] > before[1]);
	}
	print_message("%u requests, %u wake-ups\n", total, wakes);
	assert_true(wakes != 0 && total >= 8 * wakes);
	/* The weights are three to one, and a requester has 32 requests at most. */
	assert_true(ended[0] > ended[1]);
}

static void partitions(void **state)
{
	(void)state;
	boot("first=home second=root,ro");
	for (u32 i = 0; i < 4; i++) {
		assert_int_equal(link_published(&requesters[0], DISK_CAPACITY), 0);
		assert_int_equal(drive(LINK_OK), 1);
		run();
	}
	assert_int_equal(link_published(&requesters[0], DISK_CAPACITY), 100);
	assert_int_equal(link_published(&requesters[1], DISK_CAPACITY), 40);
	assert_int_equal(link_published(&requesters[1], DISK_FLAGS), DISK_READ_ONLY);
	(void)ask(1, DISK_WRITE, 3, 1);
	(void)ask(0, DISK_WRITE, 3, 0x44);
	run();
	assert_int_equal(drive(LINK_OK), 1);
	run();
	assert_int_equal(take(1, LINK_ERROR), 1);
	assert_int_equal(take(0, LINK_OK), 1);
	assert_int_equal(image[103][0], 0x44);
}

static void wrong_places_are_named(void **state)
{
	static const struct {
		const char *arguments, *text;
	} wrong[] = {
		{ "first=0+300 second=all,ro", "'first': the disk is too small" },
		{ "first=nothing second=0+1", "no such partition" },
		{ "first=0+10 second=9+1,ro", "the disk of 'second' overlaps that of 'first'" },
		{ "first=all", "channel 'second' has no disk" },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(wrong); i++) {
		boot(wrong[i].arguments);
		for (u32 n = 0; n < 4; n++) {
			(void)drive(LINK_OK);
			run();
		}
		assert_non_null(strstr(host_core.log, wrong[i].text));
	}
	boot("first=0+10,ro second=all,ro");
	run();
	assert_int_equal(link_published(&requesters[1], DISK_CAPACITY), SECTORS);
	assert_string_equal(host_core.log, "");
}

/* --- Killed -----------------------------------------------------------------------------------
 */

static void serve(void)
{
	struct component_exit exit = { 0 };

	(void)runtime_serve(&blk_program, BIT(0), &exit);
}

static void check(u32 of_first, u32 of_second)
{
	u32 ended[2] = { 0, 0 };

	for (u32 i = 0; i < 4; i++) {
		ended[0] += take(0, LINK_OK);
		ended[1] += take(1, LINK_OK);
		(void)drive(LINK_OK);
		run();
	}
	assert_int_equal(ended[0], of_first);
	assert_int_equal(ended[1], of_second);
	assert_int_equal(image[5][9], 0x55);
	assert_int_equal(image[105][9], 0x66);
	assert_int_equal(atomic_load(&driver.memory->words.held), 0);
}

static void killed_anywhere(void **state)
{
	struct link driver_before, before[2];
	u32 steps = 0;
	pid_t child;

	(void)state;
	(void)ask(0, DISK_READ, 1, 0);
	(void)ask(1, DISK_WRITE, 5, 0x66);
	run();
	(void)drive(LINK_OK);
	(void)ask(0, DISK_WRITE, 5, 0x55);
	(void)ask(0, DISK_FLUSH, 0, 0);
	(void)ask(1, DISK_READ, 2, 0);
	driver_before = driver;
	memcpy(before, requesters, sizeof(before));
	child = killed_start(serve);
	while (killed_step(child, STRIDE)) {
		driver = driver_before;
		memcpy(requesters, before, sizeof(before));
		killed_copy(child, memory, sizeof(memory));
		memset(image[5], 0, GPT_SECTOR);
		runtime_start(&blk_program, &info);
		check(3, 2);
		steps++;
	}
	assert_true(steps > 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_has_its_part, ranges),
		cmocka_unit_test_setup(requests_are_gathered, ranges),
		cmocka_unit_test_setup(a_full_depth_is_gathered, ranges),
		cmocka_unit_test(partitions),
		cmocka_unit_test(wrong_places_are_named),
		cmocka_unit_test_setup(killed_anywhere, ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
