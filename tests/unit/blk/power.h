/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine of test_power.c: memory, the disk with its cache, three programs and the core that
 * runs them. The includer defines _GNU_SOURCE, for process_vm_readv().
 */
#ifndef TESTS_BLK_POWER_H
#define TESTS_BLK_POWER_H

#include "support/killed.h"

#include "support/random.h"

#include "blk/cache.h"

#include "components/blk/blk.h"
#include "components/blk/gpt.h"
#include "components/lib/host.h"
#include "components/lib/virtio_mmio.h"
#include "components/lib/virtqueue_driver.h"
#include "components/virtio_blk/driver.h"
#include "components/vmm/vmm.h"

#include <sys/mman.h>

#define KILL_AT     6000u /* instructions, at most, until a program ends */
#define DISKS       2u
#define PART        (CACHE_SECTORS / DISKS) /* sectors of a disk */
#define REQUESTS    5u                      /* of a disk, at once */
#define LONGEST     4u                      /* sectors of a request; a slot of a link has two */
#define LINK_BYTES  (PAGE_SIZE + DISK_SLOTS * 2 * DISK_SECTOR)
#define DEVICE_LINK (PAGE_SIZE + DISK_SLOTS * GPT_ENTRIES)
#define REGISTERS   0x100000000u
#define HISTORY     256u /* writes of a sector, in a run */
#define ACTIVE      6u   /* requests that the disk has begun */

#define F_FLUSH BIT(9)

enum { IN, OUT, FLUSH = 4 };
enum { VMM, BLK, DISK, COUNT };

/* Memory of one buffer of the guest: header, status, data. */
struct buffer {
	u8 header[16];
	u8 status, padding[495];
	u64 data[LONGEST][DISK_SECTOR / sizeof(u64)];
};

struct active {
	struct chain chain;
	u64 number, began; /* of the request, counted by the disk; when it began */
	u32 done;          /* sectors */
};

/* All that outlasts a program, or that a program in a child changes. */
static struct world {
	u8 ram[DISKS][PAGE_SIZE] __aligned(4096);
	struct buffer buffers[DISKS][REQUESTS];
	u8 state[PAGE_SIZE] __aligned(4096);
	u8 window[2 * PAGE_SIZE] __aligned(4096);
	u8 device_link[DEVICE_LINK] __aligned(4096);
	u8 links[DISKS][LINK_BYTES] __aligned(4096);
	struct virtio_mmio device;
	struct active active[ACTIVE];
	u32 num_active;
} * world;

/* A sector's writes in the order of the guest's requests. Only the last may have no
 * answer. [0] are the contents before. */
struct history {
	u64 tags[HISTORY];
	u32 asked, acked, durable;
};

/* A program, and the core's state for it. */
static struct task {
	const struct program *program;
	struct component_info info;
	u64 bits;
	ns_t timer;
} tasks[COUNT];

static struct cache cache;
static const struct virtio_type disk_type = { 2, 1, (u32)F_FLUSH };
static struct component_info disk_info;
static struct history histories[DISKS][PART];
static bool masked; /* the interrupt of the disk */
static u64 clock_now, numbers;

/* --- The disk ---------------------------------------------------------------------------------
 */

static u32 read_register(u64 address)
{
	u64 offset = address - REGISTERS;

	if (offset == 0x100)
		return CACHE_SECTORS;
	return virtio_mmio_read(&world->device, &disk_type, offset);
}

/* A reset ends all accesses. Sectors that were written remain written. */
static void write_register(u64 address, u32 value)
{
	if (!virtio_mmio_is_reset(address - REGISTERS, value)) {
		(void)virtio_mmio_write(&world->device, &disk_type, &disk_info, address - REGISTERS,
					value);
		return;
	}
	memset(&world->device, 0, sizeof(world->device));
	world->num_active = 0;
}

static void begin_requests(void)
{
	while (world->num_active < ACTIVE) {
		struct active *active = &world->active[world->num_active];

		*active = (struct active){ .number = ++numbers, .began = clock_now };
		if (!virtio_mmio_is_ready(&world->device, 0) ||
		    virtqueue_peek_ahead(&world->device.queues[0], &disk_info, world->num_active,
					 &active->chain) != OK)
			return;
		world->num_active++;
	}
}

static void end_request(struct active *active, u8 status, u32 written)
{
	const struct chain *chain = &active->chain;

	cache_end(&cache, active->number, clock_now);
	(void)chain_put(chain, chain->bytes - chain->read_bytes - 1, &status, 1);
	(void)virtqueue_push(&world->device.queues[0], chain, written + 1);
	world->device.interrupts |= VIRTIO_INT_QUEUE;
	*active = world->active[--world->num_active];
}

/* The guest waits for a write of this tag in this sector: it was not answered before. */
static void check_write(u32 sector, const u64 *words)
{
	const struct history *h = &histories[sector / PART][sector % PART];

	for (u32 i = 0; i < DISK_SECTOR / sizeof(u64); i++)
		assert_int_equal(words[i], words[0]);
	assert_int_not_equal(h->asked, h->acked);
	assert_int_equal(words[0], h->tags[h->asked]);
}

/* One sector of a request, or its end. */
static void step_disk(void)
{
	struct {
		u32 type, reserved;
		u64 sector;
	} header;
	u64 words[DISK_SECTOR / sizeof(u64)];
	struct active *active;
	u32 total, sector;

	begin_requests();
	if (world->num_active == 0)
		return;
	active = &world->active[random_below(world->num_active)];
	assert_int_equal(chain_get(&active->chain, 0, &header, sizeof(header)), sizeof(header));
	if (header.type == FLUSH) {
		/* A flush that fails has done nothing. */
		if (random_below(8) == 0) {
			end_request(active, 1, 0);
			return;
		}
		cache_flush(&cache, active->began);
		end_request(active, 0, 0);
		return;
	}
	total = (header.type == OUT ? active->chain.read_bytes - (u32)sizeof(header)
				    : active->chain.bytes - active->chain.read_bytes - 1) /
		DISK_SECTOR;
	assert_true(disk_has(CACHE_SECTORS, header.sector, total * DISK_SECTOR));
	sector = (u32)header.sector + active->done;
	if (active->done == total) {
		end_request(active, 0, header.type == IN ? total * DISK_SECTOR : 0);
		return;
	}
	if (header.type == OUT) {
		(void)chain_get(&active->chain, (u32)sizeof(header) + active->done * DISK_SECTOR,
				words, DISK_SECTOR);
		check_write(sector, words);
		cache_write(&cache, sector, words[0], active->number);
	} else {
		for (u32 i = 0; i < DISK_SECTOR / sizeof(u64); i++)
			words[i] = cache_newest(&cache, sector);
		(void)chain_put(&active->chain, active->done * DISK_SECTOR, words, DISK_SECTOR);
	}
	active->done++;
}

/* --- Failures of power ------------------------------------------------------------------------
 */

static bool is_allowed(const struct history *h, u64 tag)
{
	for (u32 i = h->durable; i <= h->asked; i++)
		if (h->tags[i] == tag)
			return true;
	return false;
}

/* Each sector of each state that a failure of power would leave now. */
static void check_power(void)
{
	for (u32 s = 0; s < CACHE_SECTORS; s++) {
		const struct history *h = &histories[s / PART][s % PART];

		if (!is_allowed(h, cache.medium[s]))
			fail_msg("sector %u would have lost a flushed write", s);
		for (u32 i = 0; i < cache.num[s]; i++)
			assert_true(is_allowed(h, cache.writes[s][i].tag));
	}
}

/* --- Programs ---------------------------------------------------------------------------------
 */

/* The other end of each channel: @from's grant to @to's. */
static const struct {
	u32 from, grant, to, bit;
} wires[] = {
	{ VMM, 7, BLK, 1 }, { VMM, 8, BLK, 2 }, { BLK, 0, DISK, 3 },
	{ BLK, 1, VMM, 7 }, { BLK, 2, VMM, 8 }, { DISK, 3, BLK, 0 },
};

/* Effects of the program's system calls. */
static void deliver(u32 which)
{
	for (u32 i = 0; i < ARRAY_SIZE(wires); i++)
		if (wires[i].from == which && host_core.notified[wires[i].grant] != 0)
			tasks[wires[i].to].bits |= BIT(wires[i].bit);
	if (which == DISK && host_core.served[1] != 0)
		masked = false;
	memset(host_core.notified, 0, sizeof(host_core.notified));
	memset(host_core.served, 0, sizeof(host_core.served));
	host_core.log[0] = '\0';
}

static u64 pending_bits(u32 which)
{
	struct task *task = &tasks[which];
	u64 bits = task->bits;

	task->bits = 0;
	if (task->timer.v <= clock_now) {
		task->timer = NS(UINT64_MAX);
		bits |= NOTIFY_TIMER;
	}
	if (which == DISK && world->device.interrupts != 0 && !masked) {
		masked = true;
		bits |= BIT(1);
	}
	return bits;
}

static u32 running;
static u64 running_bits;

static void run_program(void)
{
	struct component_exit exit = { 0 };

	(void)runtime_serve(tasks[running].program, running_bits, &exit);
}

static void load_task(u32 which)
{
	running = which;
	host_core.now = NS(clock_now);
	host_core.timer = tasks[which].timer;
}

static void unload_task(u32 which)
{
	tasks[which].timer = host_core.timer;
	deliver(which);
}

/* All channels' bits are set once. */
static void start_task(u32 which)
{
	tasks[which].timer = NS(UINT64_MAX);
	load_task(which);
	runtime_start(tasks[which].program, &tasks[which].info);
	unload_task(which);
	for (u32 i = 0; i < ARRAY_SIZE(wires); i++)
		if (wires[i].to == which)
			tasks[which].bits |= BIT(wires[i].bit);
}

/* The program ends at one of its instructions. Its system calls before that count. */
static void kill_task(u32 which)
{
	u32 instructions = (u32)random_below(KILL_AT) + 1;
	pid_t child;
	int status;

	running_bits = pending_bits(which);
	load_task(which);
	child = killed_start(run_program);
	if (killed_step(child, instructions)) {
		killed_copy(child, &host_core, sizeof(host_core));
		assert_int_equal(kill(child, SIGKILL), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
	}
	unload_task(which);
	start_task(which);
}

static void run_task(u32 which)
{
	running_bits = pending_bits(which);
	if (running_bits == 0)
		return;
	load_task(which);
	run_program();
	unload_task(which);
}

#endif
