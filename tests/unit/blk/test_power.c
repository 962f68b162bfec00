/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A guest with two disks, its vmm, the service and the driver in front of a disk with a volatile
 * cache (cache.h). All of them are the real programs. A step is one of: the guest asks or takes, a
 * program runs, the disk writes one sector or ends a request. After each step, each state that a
 * failure of power can leave has all that was acknowledged before an acknowledged flush.
 *
 * Between steps a program starts again, or it ends at an instruction of chance. Each request of the
 * guest ends once, and the disk does nothing for it afterwards.
 *
 * SEED=N (environment) runs that one alone. SEEDS=N runs that many.
 */
#define _GNU_SOURCE /* process_vm_readv() */
#include "blk/power.h"

#define ENTRIES   16u
#define SEEDS     6
#define STEPS     500u  /* of a run, until the power fails or the guest is content */
#define END_STEPS 4000u /* in which all requests must end */
#define ONE_STEPS 150u  /* of a run with one restart */
#define RUNS      3u    /* of a seed: the power fails between two */
#define RESTARTS  30u   /* one step of so many is the restart of a program */
#define KILLS     250u  /* and one of so many its end at an instruction of chance */

struct request {
	bool used;
	u32 type, first, sectors;
	u32 acked[PART]; /* of a flush: writes with an answer when it was asked */
};

static struct virtqueue_driver queues[DISKS];
static struct request requests[DISKS][REQUESTS];
static bool flushes[DISKS]; /* the guest's driver knows flushes */
static u64 ended[FLUSH + 1], kills, restarts;
static u64 tags; /* so far */

/* --- The guest --------------------------------------------------------------------------------
 */

static u64 world_address(const void *at)
{
	return (u64)((const u8 *)at - (const u8 *)world);
}

static void put(u32 disk, u64 offset, u32 value)
{
	static u64 exits;
	struct component_exit exit = {
		.where = (u64)(3 * disk) << 16 | (u64)4 << 32 | EXIT_IS_WRITE,
		.offset = offset,
		.value = value,
		.number = ++exits,
	};

	load_task(VMM);
	(void)runtime_serve(&vmm_program, NOTIFY_EXIT, &exit);
	unload_task(VMM);
}

static void drive(u32 disk)
{
	u64 at[3];

	put(disk, 0x70, 0);
	put(disk, 0x70, 3);
	put(disk, 0x24, 1);
	put(disk, 0x20, 1);
	put(disk, 0x24, 0);
	put(disk, 0x20, flushes[disk] ? (u32)F_FLUSH : 0);
	put(disk, 0x70, 11);
	driver_queue_init(&queues[disk], world->ram[disk], world_address(world->ram[disk]), ENTRIES,
			  0);
	driver_queue_address(&queues[disk], &at[0], &at[1], &at[2]);
	put(disk, 0x38, ENTRIES);
	for (u32 i = 0; i < 3; i++)
		put(disk, 0x80 + 0x10 * i, (u32)at[i]);
	put(disk, 0x44, 1);
	put(disk, 0x70, 15);
}

/* A page is written or read by one request at a time, as a file system does it. */
static bool overlaps(u32 disk, u32 first, u32 sectors)
{
	for (u32 i = 0; i < REQUESTS; i++) {
		const struct request *r = &requests[disk][i];

		if (r->used && first < r->first + r->sectors && r->first < first + sectors)
			return true;
	}
	return false;
}

static void fill(u32 disk, u32 index)
{
	const struct request *r = &requests[disk][index];
	struct buffer *buffer = &world->buffers[disk][index];

	for (u32 s = 0; s < r->sectors; s++) {
		struct history *h = &histories[disk][r->first + s];

		if (r->type == OUT) {
			assert_true(h->asked + 1 < HISTORY);
			h->tags[++h->asked] = ++tags;
		}
		for (u32 i = 0; i < DISK_SECTOR / sizeof(u64); i++)
			buffer->data[s][i] = r->type == OUT ? tags : 0;
	}
}

static void ask(u32 disk, u32 type, u32 first, u32 sectors)
{
	struct driver_buffer buffers[3];
	struct buffer *buffer;
	struct request *r;
	u32 index = 0, num = sectors != 0 ? 3 : 2;

	while (index < REQUESTS && requests[disk][index].used)
		index++;
	if (index == REQUESTS || overlaps(disk, first, sectors) ||
	    (type == FLUSH && !flushes[disk]))
		return;
	r = &requests[disk][index];
	*r = (struct request){ true, type, first, sectors, { 0 } };
	for (u32 s = 0; s < PART; s++)
		r->acked[s] = histories[disk][s].acked;
	buffer = &world->buffers[disk][index];
	fill(disk, index);
	memcpy(buffer->header, &(u64[2]){ type, first }, sizeof(buffer->header));
	buffer->status = 0xee;
	buffers[0] = (struct driver_buffer){ world_address(buffer->header), 16 };
	buffers[1] = (struct driver_buffer){ world_address(buffer->data), sectors * DISK_SECTOR };
	buffers[num - 1] = (struct driver_buffer){ world_address(&buffer->status), 1 };
	assert_int_equal(
		driver_queue_add(&queues[disk], buffers, num, type == IN ? 1 : num - 1, index), OK);
	if (driver_queue_kick(&queues[disk]))
		tasks[VMM].bits |= BIT(3 * disk + 2);
}

/* The write of a sector is answered. Without flushes, it is durable then. */
static void end_write(u32 disk, u32 sector, u8 status)
{
	struct history *h = &histories[disk][sector];

	/* No write fails here, but the flush behind it may. */
	assert_true(status == 0 || !flushes[disk]);
	h->acked = h->asked;
	if (status == 0 && !flushes[disk])
		h->durable = h->acked;
}

static void end(u32 disk, u32 index)
{
	struct request *r = &requests[disk][index];
	const struct buffer *buffer = &world->buffers[disk][index];

	assert_true(r->used);
	r->used = false;
	ended[r->type]++;
	assert_true(buffer->status == 0 || (buffer->status == 1 && r->type != IN));
	for (u32 s = 0; s < r->sectors; s++) {
		const struct history *h = &histories[disk][r->first + s];

		if (r->type == OUT)
			end_write(disk, r->first + s, buffer->status);
		else
			for (u32 i = 0; i < DISK_SECTOR / sizeof(u64); i++)
				assert_int_equal(buffer->data[s][i], h->tags[h->acked]);
	}
	for (u32 s = 0; r->type == FLUSH && buffer->status == 0 && s < PART; s++)
		if (histories[disk][s].durable < r->acked[s])
			histories[disk][s].durable = r->acked[s];
}

static void take(u32 disk)
{
	u64 index;
	u32 written;
	enum err err;

	while ((err = driver_queue_take(&queues[disk], &index, &written)) == OK)
		end(disk, (u32)index);
	assert_int_equal(err, ERR_NOT_FOUND);
}

static u32 num_asked(void)
{
	u32 num = 0;

	for (u32 i = 0; i < DISKS * REQUESTS; i++)
		num += requests[i / REQUESTS][i % REQUESTS].used;
	return num;
}

static void act_guest(void)
{
	static const u32 types[] = { IN, OUT, OUT, OUT, FLUSH };
	u32 disk = (u32)random_below(DISKS);
	u32 type = types[random_below(ARRAY_SIZE(types))];
	u32 sectors = (u32)random_below(LONGEST) + 1;

	take(disk);
	if (type == FLUSH)
		ask(disk, FLUSH, 0, 0);
	else
		ask(disk, type, (u32)random_below(PART - sectors + 1), sectors);
}

/* --- Runs ------------------------------------------------------------------------------------
 */

static struct grant_info *grant(u32 task, u32 index, enum grant_kind kind, const char *name,
				const void *at, u64 size)
{
	struct component_info *info = &tasks[task].info;
	struct grant_info *g = &info->grants[index];

	info->num_grants = index + 1;
	*g = (struct grant_info){ .kind = kind,
				  .bit = (u16)index,
				  .address = (uintptr_t)at,
				  .size = size,
				  .device_address = at != NULL ? world_address(at) : 0 };
	strcpy(g->name, name);
	return g;
}

static void describe(void)
{
	static const char *const names[] = { "vda", "vdb" };
	static const char *const links[] = { "debian-vda", "debian-vdb" };

	memset(tasks, 0, sizeof(tasks));
	tasks[VMM].program = &vmm_program;
	tasks[BLK].program = &blk_program;
	tasks[DISK].program = &virtio_blk_program;
	for (u32 i = 0; i < COUNT; i++)
		tasks[i].info.magic = COMPONENT_INFO_MAGIC;
	strcpy(tasks[VMM].info.guest, "debian");
	strcpy(tasks[BLK].info.arguments, "debian-vda=0+32 debian-vdb=32+32,weight=3");
	tasks[VMM].info.vcpus = 1;
	(void)grant(BLK, 0, GRANT_CHANNEL, "device", world->device_link, DEVICE_LINK);
	for (u32 i = 0; i < DISKS; i++) {
		strcpy(grant(VMM, 3 * i, GRANT_VIRTUAL, names[i], NULL, PAGE_SIZE)->detail,
		       "virtio-blk");
		(void)grant(VMM, 3 * i + 1, GRANT_LINE, names[i], NULL, 0);
		(void)grant(VMM, 3 * i + 2, GRANT_DOORBELL, names[i], NULL, 0);
		(void)grant(BLK, 1 + i, GRANT_CHANNEL, links[i], world->links[i], LINK_BYTES);
	}
	grant(VMM, 6, GRANT_RAM, "ram", NULL, sizeof(*world))->address = 0;
	for (u32 i = 0; i < DISKS; i++)
		(void)grant(VMM, 7 + i, GRANT_CHANNEL, links[i], world->links[i], LINK_BYTES);
	(void)grant(VMM, 9, GRANT_MEMORY, "state", world->state, sizeof(world->state));
	grant(DISK, 0, GRANT_DEVICE, "registers", NULL, PAGE_SIZE)->address = REGISTERS;
	(void)grant(DISK, 1, GRANT_INTERRUPT, "registers", NULL, 0);
	grant(DISK, 2, GRANT_MEMORY, "queue", world->window, sizeof(world->window))->flags =
		GRANT_KEPT;
	(void)grant(DISK, 3, GRANT_CHANNEL, "device", world->device_link, DEVICE_LINK);
	disk_info = (struct component_info){ .num_grants = 1 };
	disk_info.grants[0] = (struct grant_info){ .kind = GRANT_RAM, .size = sizeof(*world) };
}

/* The power comes: all memory is empty, and the guest knows what the disk has. */
static void boot(void)
{
	host_core_reset();
	memset(world, 0, sizeof(*world));
	memset(requests, 0, sizeof(requests));
	memset(histories, 0, sizeof(histories));
	host_core.guest = (u8 *)world;
	host_core.mmio_read = read_register;
	host_core.mmio_write = write_register;
	masked = false;
	for (u32 s = 0; s < CACHE_SECTORS; s++)
		histories[s / PART][s % PART].tags[0] = cache_newest(&cache, s);
	describe();
	for (u32 i = COUNT; i-- > 0;)
		start_task(i);
	for (u32 i = 0; i < 4 * COUNT; i++)
		run_task(i % COUNT);
	for (u32 i = 0; i < DISKS; i++)
		drive(i);
}

static void step(bool guest)
{
	u32 actor = (u32)random_below(COUNT + 3);

	clock_now += 1000;
	if (actor < COUNT)
		run_task(actor);
	else if (actor == COUNT && guest)
		act_guest();
	else if (actor == COUNT)
		take((u32)random_below(DISKS));
	else
		step_disk();
	check_power();
}

static void end_all(void)
{
	for (u32 i = 0; i < END_STEPS && num_asked() != 0; i++)
		step(false);
	assert_int_equal(num_asked(), 0);
}

/* end() compares the contents with the histories. */
static void read_all(void)
{
	for (u32 disk = 0; disk < DISKS; disk++)
		for (u32 first = 0; first < PART; first += LONGEST) {
			ask(disk, IN, first, LONGEST);
			end_all();
		}
}

static void begin(u64 seed)
{
	random_seed(seed);
	memset(&cache, 0, sizeof(cache));
	flushes[0] = true;
	flushes[1] = random_below(2) == 0;
}

/* Without restarts, but for that of @which behind @at steps. */
static void run_with_one(u32 at, u32 which)
{
	begin(1);
	boot();
	for (u32 i = 0; i < ONE_STEPS; i++) {
		step(true);
		if (i == at)
			start_task(which);
	}
	end_all();
	read_all();
}

static void restarted_behind_each_step(void **state)
{
	(void)state;
	for (u32 at = 0; at < ONE_STEPS; at++)
		for (u32 which = 0; which < COUNT; which++)
			run_with_one(at, which);
	assert_true(ended[FLUSH] > ONE_STEPS && ended[OUT] > ONE_STEPS);
}

static void run(void)
{
	boot();
	read_all();
	for (u32 i = 0; i < STEPS; i++) {
		step(true);
		if (random_below(RESTARTS) == 0) {
			start_task((u32)random_below(COUNT));
			restarts++;
		}
		if (random_below(KILLS) == 0) {
			kill_task((u32)random_below(COUNT));
			kills++;
		}
		check_power();
	}
}

static void try_seed(u64 seed)
{
	begin(seed);
	for (u32 i = 0; i < RUNS; i++) {
		run();
		if (i % 2 != 0) {
			end_all();
			read_all();
		}
		cache_cut(&cache, random_below);
	}
	boot();
	read_all();
}

static void power_fails(void **state)
{
	const char *one = getenv("SEED"), *count = getenv("SEEDS");
	u64 seeds = count != NULL ? strtoull(count, NULL, 0) : SEEDS;

	(void)state;
	if (one != NULL) {
		try_seed(strtoull(one, NULL, 0));
		return;
	}
	for (u64 seed = 1; seed <= seeds; seed++) {
		print_message("seed %llu\n",
			      (unsigned long long)seed); /* the last one has failed */
		try_seed(seed);
	}
	print_message("%llu reads, %llu writes, %llu flushes, %llu restarts, %llu ends\n",
		      (unsigned long long)ended[IN], (unsigned long long)ended[OUT],
		      (unsigned long long)ended[FLUSH], (unsigned long long)restarts,
		      (unsigned long long)kills);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(restarted_behind_each_step),
		cmocka_unit_test(power_fails),
	};

	world = mmap(NULL, sizeof(*world), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	if (world == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
