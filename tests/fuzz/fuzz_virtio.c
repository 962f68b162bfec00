/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/vmm/virtio*.c and components/lib/virtqueue.c: a hostile driver, whose queues
 * and buffers lie in the input. The device touches nothing but the guest's RAM, and always returns.
 *
 * Input: 1024 bytes of RAM with the queues of an initialised driver. Two bits of the last byte
 * are the features of queues that it accepts, three more the device. Then follow steps of 4 bytes:
 * kind, register / 4 or place (two bytes), value. A port of a network gets
 * frames out of the RAM, and a disk behind a link its data. Their channels get any bytes.
 */
#include "components/lib/disk.h"
#include "components/lib/host.h"
#include "components/lib/link.h"
#include "components/lib/runtime.h"
#include "components/lib/serial.h"
#include "components/vmm/vmm.h"
#include "tests/fuzz/fuzz.h"

#include <abi/network.h>
#include <stdlib.h>
#include <string.h>

#define RAM_BYTES  1024u
#define ENTRIES    8u
#define DISK_BYTES 2048u

enum { G_DEVICE, G_LINE, G_DOORBELL, G_CHANNEL, G_STATE, G_RAM, G_DISK, G_PORT, G_COUNT };

static struct serial_line line;
static u8 state[PAGE_SIZE] __aligned(4096), port[NETWORK_BYTES] __aligned(4096);
static struct link server; /* of a port, or of a disk behind a link */
static struct component_info info = {
	.magic = COMPONENT_INFO_MAGIC,
	.num_grants = G_COUNT,
	.vcpus = 1,
	.guest = "guest",
	.grants = {
		[G_DEVICE] = { .kind = GRANT_VIRTUAL, .name = "con" },
		[G_LINE] = { .kind = GRANT_LINE, .name = "con" },
		[G_DOORBELL] = { .kind = GRANT_DOORBELL, .name = "con", .bit = 1 },
		[G_CHANNEL] = { .kind = GRANT_CHANNEL, .name = "guest", .size = sizeof(line) },
		[G_STATE] = { .kind = GRANT_MEMORY, .name = "state", .size = sizeof(state) },
		[G_DISK] = { .kind = GRANT_MEMORY, .name = "con" },
		[G_RAM] = { .kind = GRANT_RAM, .name = "ram", .size = RAM_BYTES },
		[G_PORT] = { .kind = GRANT_CHANNEL, .bit = 2, .size = sizeof(port) },
	},
};

/* A writable disk accepts all of its features. */
static const struct {
	const char *name;
	u32 features;
} models[] = {
	/* The second disk lies behind a link. */
	{ "virtio-console", 0 }, { "virtio-blk", 0x6644 },   { "virtio-rng", 0 },
	{ "virtio-blk", 0x244 }, { "virtio-net", 0x978183 }, { "virtio-net", 0x28000 },
	{ "virtio-net", 0 },     { "virtio-net", 0x8002 },
};

static u64 serve(u64 bits, u64 offset, bool write, u64 value)
{
	struct component_exit exit = {
		.where = UINT64_C(4) << 32 | (write ? EXIT_IS_WRITE : 0),
		.offset = offset,
		.value = value,
	};

	(void)runtime_serve(&vmm_program, bits, &exit);
	return host_core.resume_value;
}

static void set_up(u32 features)
{
	const u32 writes[][2] = {
		{ 0x70, 3 },        { 0x24, 1 },       { 0x20, 1 },     { 0x24, 0 },
		{ 0x20, features }, { 0x70, 11 },      { 0x30, 0 },     { 0x38, ENTRIES },
		{ 0x80, 0 },        { 0x90, 0x80 },    { 0xa0, 0xa0 },  { 0x44, 1 },
		{ 0x30, 1 },        { 0x38, ENTRIES }, { 0x80, 0x100 }, { 0x90, 0x180 },
		{ 0xa0, 0x1a0 },    { 0x44, 1 },       { 0x30, 2 },     { 0x38, ENTRIES },
		{ 0x80, 0x200 },    { 0x90, 0x280 },   { 0xa0, 0x2a0 }, { 0x44, 1 },
		{ 0x70, 15 },
	};

	for (u32 i = 0; i < ARRAY_SIZE(writes); i++)
		(void)serve(NOTIFY_EXIT, writes[i][0], true, writes[i][1]);
	CHECK((serve(NOTIFY_EXIT, 0x70, false, 0) | 0x40) == (15 | 0x40));
}

/* The server has filled a slot: its data begin anywhere in the guest's RAM. */
static void fill_slot(u32 place, u32 bytes)
{
	struct link_request request;
	u32 slot = server.bit != 0 ? link_take_request(&server, &request) : LINK_NONE;

	if (slot == LINK_NONE)
		return;
	memcpy(link_data(&server, slot), host_core.guest + place % (RAM_BYTES / 2), RAM_BYTES / 2);
	link_answer(&server, slot, LINK_OK, bytes);
	(void)serve(BIT(2), 0, false, 0);
}

static void step(const u8 *data)
{
	u32 place = (u32)(data[1] | data[2] << 8);

	switch (data[0] & 7) {
	case 0: (void)serve(NOTIFY_EXIT, place * 4u, false, 0); break;
	case 1: (void)serve(NOTIFY_EXIT, place * 4u, true, data[3]); break;
	case 2: (void)serve(NOTIFY_EXIT, place * 4u, true, ~(u64)data[3]); break;
	case 3:
		if (place < 0x8000)
			host_core.guest[place % RAM_BYTES] = data[3];
		else
			port[place % (2 * PAGE_SIZE)] = data[3];
		break;
	case 4:
		fill_slot(place, data[3] * 4u);
		atomic_fetch_add(&line.to_second.in, data[3]);
		atomic_fetch_add(&line.to_first.out, place);
		(void)serve(BIT(0), 0, false, 0);
		break;
	case 5: (void)serve(BIT(1), 0, false, 0); break;
	case 6: (void)serve(NOTIFY_TIMER, 0, false, 0); break;
	default:
		state[place % 256] ^= data[3];
		runtime_start(&vmm_program, &info);
		break;
	}
}

/* A channel has its name only if the device has one: a serial line of that name would be another's.
 */
static void set_up_port(u32 model)
{
	struct grant_info *grant = &info.grants[G_PORT];
	bool is_port = model >= 4;

	memset(&server, 0, sizeof(server));
	grant->flags = 0;
	grant->name[0] = '\0';
	if (model < 3)
		return;
	memset(port, 0, sizeof(port));
	grant->flags = is_port ? GRANT_NETWORK : 0;
	grant->address = (uintptr_t)port;
	strcpy(grant->name, "guest-con");
	CHECK(link_attach_server(&server, &info, grant, is_port ? NETWORK_TAKE : 0,
				 is_port ? NETWORK_PARTS : 1,
				 is_port ? NETWORK_SLOTS : DISK_SLOTS));
	if (!is_port)
		link_publish(&server, DISK_CAPACITY, 64);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u32 model;
	size_t n = MIN(size, RAM_BYTES);
	u8 *ram = calloc(1, RAM_BYTES), *disk = calloc(1, DISK_BYTES);

	CHECK(ram != NULL && disk != NULL);
	host_core_reset();
	memset(&line, 0, sizeof(line));
	memset(state, 0, sizeof(state));
	memcpy(ram, data, n);
	host_core.guest = ram;
	info.grants[G_CHANNEL].address = (uintptr_t)&line;
	info.grants[G_STATE].address = (uintptr_t)state;
	info.grants[G_DISK].address = (uintptr_t)disk;
	info.grants[G_DISK].size = DISK_BYTES;
	model = ram[RAM_BYTES - 1] >> 2 & 7;
	strcpy(info.grants[G_DEVICE].detail, models[model].name);
	set_up_port(model);
	runtime_start(&vmm_program, &info);
	set_up((ram[RAM_BYTES - 1] & 3u) << 28 | models[model].features);
	(void)serve(BIT(0) | BIT(1), 0, false, 0);
	for (data += n, size -= n; size >= 4; data += 4, size -= 4)
		step(data);
	free(disk);
	free(ram);
	return 0;
}
