/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/virtio_blk with a device behind its registers, which is components/lib/virtio_mmio.c
 * and the test. The device may violate the rules, stay silent, or refuse its driver.
 */
#include "support/test.h"

#include "components/lib/disk.h"
#include "components/lib/host.h"
#include "components/lib/virtio_mmio.h"
#include "components/virtio_blk/driver.h"

#define SECTORS    64u
#define LINK_BYTES (PAGE_SIZE + DISK_SLOTS * 2 * DISK_SECTOR)
#define WINDOW     0x2000u
#define REGISTERS  0x100000000u
#define AT         0xe00u

enum { G_REGISTERS, G_INTERRUPT, G_WINDOW, G_LINK, G_COUNT };
#define LINK_BIT      BIT(2)
#define INTERRUPT_BIT BIT(1)

/* The device reaches the window, and the link behind it. */
static u8 memory[WINDOW + LINK_BYTES] __aligned(4096);
static u8 disk[SECTORS][DISK_SECTOR];
static struct component_info info, device_info;
static struct link requester;
static struct virtio_mmio device;
static const struct virtio_type type = { 2, 1, (u32)BIT(9) };
static u32 resets, flushes, served;
static bool refuses, stuck;

static u32 read_register(u64 address)
{
	u64 offset = address - REGISTERS - AT;

	if (address < REGISTERS + AT)
		return 0;
	if (offset == 0x100)
		return SECTORS;
	if (offset == 0x70 && stuck)
		return 1;
	return virtio_mmio_read(&device, &type, offset);
}

static void write_register(u64 address, u32 value)
{
	u64 offset = address - REGISTERS - AT;

	if (virtio_mmio_is_reset(offset, value)) {
		memset(&device, 0, sizeof(device));
		resets++;
		return;
	}
	if (refuses && offset == 0x20)
		value = UINT32_MAX;
	(void)virtio_mmio_write(&device, &type, &device_info, offset, value);
}

static u8 serve_chain(const struct chain *chain, u32 *written)
{
	struct {
		u32 type, reserved;
		u64 sector;
	} header;
	u32 bytes;

	assert_int_equal(chain_get(chain, 0, &header, sizeof(header)), sizeof(header));
	*written = 1;
	if (header.type == 4) {
		flushes++;
		return 0;
	}
	bytes = header.type == 0 ? chain->bytes - chain->read_bytes - 1 : chain->read_bytes - 16;
	assert_true(disk_has(SECTORS, header.sector, bytes));
	if (header.type == 1)
		(void)chain_get(chain, sizeof(header), disk[header.sector], bytes);
	else
		*written = 1 + chain_put(chain, 0, disk[header.sector], bytes);
	return header.sector == SECTORS - 1;
}

/* Returns how many requests there were. The last sector is broken. */
static u32 serve_device(void)
{
	struct chain chain;
	u32 n = 0, written;

	while (virtio_mmio_is_ready(&device, 0) &&
	       virtqueue_peek(&device.queues[0], &device_info, &chain) == OK) {
		u8 status = serve_chain(&chain, &written);

		(void)chain_put(&chain, chain.bytes - chain.read_bytes - 1, &status, 1);
		(void)virtqueue_push(&device.queues[0], &chain, written);
		device.interrupts |= VIRTIO_INT_QUEUE;
		n++;
	}
	served += n;
	return n;
}

static void run(u64 bits)
{
	struct component_exit exit = { 0 };

	(void)runtime_serve(&virtio_blk_program, bits, &exit);
}

static struct grant_info *add_grant(u32 index, enum grant_kind kind, const char *name, u64 address,
				    u64 size)
{
	struct grant_info *grant = &info.grants[index];

	*grant = (struct grant_info){
		.kind = kind, .bit = (u16)index, .address = address, .size = size
	};
	strcpy(grant->name, name);
	return grant;
}

static int boot(void **state)
{
	struct grant_info *window, *channel;

	(void)state;
	host_core_reset();
	host_core.guest = memory;
	host_core.mmio_read = read_register;
	host_core.mmio_write = write_register;
	memset(memory, 0, sizeof(memory));
	memset(&device, 0, sizeof(device));
	refuses = stuck = false;
	for (u32 i = 0; i < SECTORS; i++)
		memset(disk[i], (int)i, DISK_SECTOR);
	info = (struct component_info){ .magic = COMPONENT_INFO_MAGIC,
					.num_grants = G_COUNT,
					.name = "disk",
					.arguments = "at=0xe00" };
	(void)add_grant(G_REGISTERS, GRANT_DEVICE, "registers", REGISTERS, PAGE_SIZE);
	(void)add_grant(G_INTERRUPT, GRANT_INTERRUPT, "registers", 0, 0);
	window = add_grant(G_WINDOW, GRANT_MEMORY, "queue", (uintptr_t)memory, WINDOW);
	window->flags = GRANT_KEPT;
	window->device_address = 0x1000;
	channel =
		add_grant(G_LINK, GRANT_CHANNEL, "device", (uintptr_t)memory + WINDOW, LINK_BYTES);
	channel->device_address = 0x1000 + WINDOW;
	channel->bit = 2;
	host_core.guest = (u8 *)((uintptr_t)memory - 0x1000);
	device_info = (struct component_info){ .num_grants = 1 };
	device_info.grants[0] =
		(struct grant_info){ .kind = GRANT_RAM, .address = 0x1000, .size = sizeof(memory) };
	assert_true(link_attach_requester(&requester, &info, channel, 0, 1, DISK_SLOTS));
	runtime_start(&virtio_blk_program, &info);
	resets = flushes = served = 0;
	return 0;
}

static void ask(u32 kind, u64 where, u32 sectors, u8 fill)
{
	u32 slot = link_reserve(&requester), bytes = sectors * DISK_SECTOR;
	struct link_note note = { .token = where, .progress = bytes };
	struct link_request request = { .kind = kind, .where = where, .bytes = bytes };

	assert_int_not_equal(slot, LINK_NONE);
	link_hold(&requester, slot, &note);
	memset(link_data(&requester, slot), fill, requester.slot_bytes);
	link_ask(&requester, slot, &request);
}

/* Returns how many answers there were. */
static u32 take(enum link_status status)
{
	struct link_answer answer;
	u32 n = 0, slot;

	for (; (slot = link_take_answer(&requester, &answer)) != LINK_NONE; n++) {
		assert_int_equal(answer.status, status);
		if (answer.bytes != 0)
			assert_memory_equal(link_data(&requester, slot),
					    disk[link_note(&requester, slot).token], answer.bytes);
		link_release(&requester, slot);
	}
	return n;
}

static void requests_reach_the_device(void **state)
{
	(void)state;
	assert_int_equal(link_published(&requester, DISK_CAPACITY), SECTORS);
	ask(DISK_READ, 3, 2, 0);
	ask(DISK_WRITE, 9, 1, 0x99);
	ask(DISK_FLUSH, 0, 0, 0);
	run(LINK_BIT);
	assert_int_equal(serve_device(), 3);
	run(INTERRUPT_BIT);
	assert_int_equal(take(LINK_OK), 3);
	assert_int_equal(disk[9][511], 0x99);
	assert_int_equal(flushes, 1);
	assert_int_equal(device.interrupts, 0);
	assert_int_equal(host_core.served[G_INTERRUPT], 2);
	assert_int_equal(resets, 0);
}

static void errors_are_passed_on(void **state)
{
	(void)state;
	ask(DISK_READ, SECTORS - 1, 1, 0);
	run(LINK_BIT);
	assert_int_equal(serve_device(), 1);
	run(INTERRUPT_BIT);
	assert_int_equal(take(LINK_ERROR), 1);
	ask(DISK_READ, SECTORS - 1, 2, 0);
	ask(DISK_WRITE, SECTORS, 1, 0);
	ask(DISK_READ, UINT64_MAX, 1, 0);
	ask(DISK_READ, 0, 0, 0);
	ask(9, 0, 1, 0);
	run(LINK_BIT);
	assert_int_equal(serve_device(), 0);
	assert_int_equal(take(LINK_ERROR), 5);
}

/* The device had served one of two: both are served again, and answered once. */
static void a_restarted_driver_serves_again(void **state)
{
	(void)state;
	ask(DISK_WRITE, 5, 1, 0x55);
	run(LINK_BIT);
	assert_int_equal(serve_device(), 1);
	ask(DISK_WRITE, 6, 1, 0x66);
	runtime_start(&virtio_blk_program, &info);
	assert_int_equal(resets, 1);
	assert_int_equal(take(LINK_OK), 0);
	assert_int_equal(serve_device(), 2);
	run(INTERRUPT_BIT);
	assert_int_equal(take(LINK_OK), 2);
}

/* --- A hostile device -------------------------------------------------------------------------
 */

static u16 *used_index(void)
{
	return (u16 *)(host_core.guest + device.queues[0].device + 2);
}

static void expect_resets_and_errors(void (*act)(void))
{
	ask(DISK_READ, 1, 1, 0);
	run(LINK_BIT);
	for (u32 i = 1; i <= 4; i++) {
		act();
		assert_int_equal(resets, i);
		assert_int_equal(take(LINK_OK), 0);
	}
	act();
	assert_int_equal(take(LINK_ERROR), 1);
	assert_non_null(strstr(host_core.log, "the device stays off after 4 resets"));
	ask(DISK_READ, 1, 1, 0);
	run(LINK_BIT);
	assert_int_equal(take(LINK_ERROR), 1);
}

static void jump_index(void)
{
	*used_index() = (u16)(*used_index() + 200);
	run(INTERRUPT_BIT);
}

static void foreign_head(void)
{
	u32 entry[2] = { 77, 1 };

	memcpy(host_core.guest + device.queues[0].device + 4, entry, sizeof(entry));
	*used_index() = 1;
	run(INTERRUPT_BIT);
}

static void needs_reset(void)
{
	virtio_mmio_break(&device);
	run(INTERRUPT_BIT);
}

static void silence(void)
{
	assert_int_not_equal(host_core.timer.v, UINT64_MAX);
	host_core.now = host_core.timer;
	run(NOTIFY_TIMER);
}

static void an_index_that_jumps(void **state)
{
	(void)state;
	expect_resets_and_errors(jump_index);
}

static void a_head_that_was_not_given(void **state)
{
	(void)state;
	expect_resets_and_errors(foreign_head);
}

static void a_device_that_needs_resets(void **state)
{
	(void)state;
	expect_resets_and_errors(needs_reset);
}

static void a_silent_device(void **state)
{
	(void)state;
	expect_resets_and_errors(silence);
}

/* Requests that end well in between: the bound begins again. */
static void a_device_that_recovers(void **state)
{
	(void)state;
	for (u32 i = 0; i < 12; i++) {
		ask(DISK_READ, 1, 1, 0);
		run(LINK_BIT);
		needs_reset();
		assert_int_equal(serve_device(), 1);
		run(INTERRUPT_BIT);
		assert_int_equal(take(LINK_OK), 1);
	}
	assert_int_equal(resets, 12);
}

static void a_device_that_refuses(void **state)
{
	(void)state;
	refuses = true;
	ask(DISK_READ, 1, 1, 0);
	runtime_start(&virtio_blk_program, &info);
	assert_int_equal(take(LINK_ERROR), 1);
	refuses = false;
	stuck = true;
	ask(DISK_READ, 1, 1, 0);
	runtime_start(&virtio_blk_program, &info);
	assert_int_equal(take(LINK_ERROR), 1);
	info.arguments[5] = '8';
	ask(DISK_READ, 1, 1, 0);
	runtime_start(&virtio_blk_program, &info);
	assert_int_equal(take(LINK_ERROR), 1);
	assert_non_null(strstr(host_core.log, "no virtio disk of version 2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(requests_reach_the_device, boot),
		cmocka_unit_test_setup(errors_are_passed_on, boot),
		cmocka_unit_test_setup(a_restarted_driver_serves_again, boot),
		cmocka_unit_test_setup(an_index_that_jumps, boot),
		cmocka_unit_test_setup(a_head_that_was_not_given, boot),
		cmocka_unit_test_setup(a_device_that_needs_resets, boot),
		cmocka_unit_test_setup(a_silent_device, boot),
		cmocka_unit_test_setup(a_device_that_recovers, boot),
		cmocka_unit_test_setup(a_device_that_refuses, boot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
