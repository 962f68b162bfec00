/* SPDX-License-Identifier: Apache-2.0 */
/* Queues that lie where they must not, chains and indices that a driver must not make. */
#include "console.h"

u64 console;
u8 scratch[SCRATCH_BYTES] __aligned(4096);

void console_failed(const char *what, u64 index)
{
	print("hostile: FAILED %s %llu: status 0x%x, used %u %u\n", what, (unsigned long long)index,
	      read32(console + VIRTIO_STATUS), virtio_used(0), virtio_used(1));
}

bool console_broken(void)
{
	return (read32(console + VIRTIO_STATUS) & VIRTIO_NEEDS_RESET) != 0;
}

u32 console_outcome(u32 number, u16 before)
{
	if (!WAIT(console_broken() || virtio_used(number) != before, WAIT_MS / 10))
		return NOTHING;
	return (console_broken() ? BROKEN : 0) | (virtio_used(number) != before ? ANSWERED : 0);
}

void console_restart(void)
{
	if (!virtio_begin(console))
		console_failed("restart", 0);
}

void console_start(void)
{
	console = virtio_find();
	if (console == 0) {
		print("hostile: FAILED no virtio console\n");
		power_off();
	}
	console_restart();
	virtio_put(VIRTIO_RECEIVE, 0, (u64)scratch, 1, VIRTIO_DESC_WRITE, 0);
	virtio_offer(console, VIRTIO_RECEIVE, 0);
	print("hostile: waits for what is typed\n");
	if (!WAIT(virtio_used(VIRTIO_RECEIVE) == 1, WAIT_MS) || scratch[0] != 'x')
		console_failed("typed", scratch[0]);
}

void console_end(void)
{
	console_restart();
	if (!virtio_send(console, "\r\nhostile: the console still sends\r\n"))
		console_failed("sends", 0);
}

/* --- Chains ----------------------------------------------------------------------------------- */

void console_offer(const char *what, u64 index, u32 number, u32 head, u32 step, u32 wanted)
{
	struct virtio_rings *rings = &virtio_rings[number];
	u16 before = virtio_used(number);

	rings->avail.idx = (u16)(rings->avail.idx + step - 1);
	virtio_offer(console, number, head);
	if ((console_outcome(number, before) & wanted) == 0)
		console_failed(what, index);
	console_restart();
}

/* Addresses that no buffer of two bytes may have. */
static void bad_addresses(u32 number)
{
	const u64 bad[] = { 0,
			    machine.ram - 1,
			    machine.ram + machine.ram_size - 1,
			    machine.ram + machine.ram_size,
			    gic.gicd,
			    console,
			    NOWHERE,
			    BIT(39),
			    BIT(39) + machine.ram,
			    BIT(40) + machine.ram,
			    BIT(63) + machine.ram,
			    ~0ull,
			    ~0ull - 1 };
	static const u32 lengths[] = { ~0u, BIT(31), BIT(31) + 1 };

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		virtio_put(number, 0, bad[i], 2, console_direction(number), 0);
		console_offer("address", i, number, 0, 1, BROKEN);
		virtio_put(number, 3, (u64)scratch, 1, console_direction(number) | VIRTIO_DESC_NEXT,
			   5);
		virtio_put(number, 5, bad[i], 2, console_direction(number), 0);
		console_offer("second address", i, number, 3, 1, BROKEN);
	}
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++) {
		virtio_put(number, 0, (u64)scratch, lengths[i], console_direction(number), 0);
		console_offer("length", i, number, 0, 1, BROKEN);
	}
}

static void bad_links(u32 number)
{
	static const u16 nowhere[] = { VIRTIO_ENTRIES, 0x100, 0x8000, 0xffff };
	u32 flags = console_direction(number) | VIRTIO_DESC_NEXT;

	for (u32 i = 0; i < ARRAY_SIZE(nowhere); i++) {
		console_offer("head", i, number, nowhere[i], 1, BROKEN);
		virtio_put(number, 0, (u64)scratch, 1, flags, nowhere[i]);
		console_offer("next", i, number, 0, 1, BROKEN);
	}
	/* A loop of each length, and the longest chain that has an end. */
	for (u32 loop = 1; loop <= VIRTIO_ENTRIES; loop++) {
		for (u32 i = 0; i < loop; i++)
			virtio_put(number, i, (u64)scratch, 1, flags, (i + 1) % loop);
		console_offer("loop", loop, number, 0, 1, BROKEN);
	}
	for (u32 length = CHAIN_MAX - 1; length <= CHAIN_MAX + 1; length++) {
		for (u32 i = 0; i < length; i++)
			virtio_put(number, i, (u64)scratch, 1,
				   i + 1 < length ? flags : console_direction(number), i + 1);
		console_offer("long", length, number, 0, 1,
			      length <= CHAIN_MAX ? ANSWERED : BROKEN);
	}
}

static void bad_flags(u32 number)
{
	const u64 tables[] = { (u64)scratch, (u64)virtio_rings[number].desc, 0, NOWHERE, ~0ull };
	static const u32 bytes[] = { 0, 1, 16, 4096, ~0u };

	virtio_put(number, 0, (u64)scratch, 1, console_direction(number) ^ VIRTIO_DESC_WRITE, 0);
	console_offer("direction", 0, number, 0, 1, BROKEN);
	/* Indirect descriptors were not accepted, so any table of them is wrong. */
	for (u32 i = 0; i < ARRAY_SIZE(tables); i++) {
		for (u32 k = 0; k < ARRAY_SIZE(bytes); k++) {
			u32 more = k % 2 == 0 ? 0 : VIRTIO_DESC_NEXT;

			virtio_put(number, 0, tables[i], bytes[k],
				   console_direction(number) | VIRTIO_DESC_INDIRECT | more, 1);
			console_offer("indirect", i * 16 + k, number, 0, 1, BROKEN);
		}
	}
	virtio_put(number, 0, (u64)scratch, 1, 0xfff8 | console_direction(number), 0);
	console_offer("unknown flags", 0, number, 0, 1, BROKEN | ANSWERED);
	virtio_put(number, 0, (u64)scratch, 0, console_direction(number), 0);
	console_offer("no bytes", 0, number, 0, 1, ANSWERED);
}

/* More than there is, and backwards. */
static void bad_indices(u32 number)
{
	static const u32 steps[] = { VIRTIO_ENTRIES + 1, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff };

	for (u32 i = 0; i < ARRAY_SIZE(steps); i++) {
		virtio_put(number, 0, (u64)scratch, 1, console_direction(number), 0);
		console_offer("index", i, number, 0, steps[i], BROKEN);
	}
	/* All entries at once are right, though each is the same chain. */
	virtio_put(number, 0, (u64)scratch, 0, console_direction(number), 0);
	console_offer("whole ring", 0, number, 0, VIRTIO_ENTRIES, ANSWERED);
}

/* The device is reset while it sends more than any line holds. */
static void reset_sending(void)
{
	for (u32 round = 0; round < 20; round++) {
		for (u32 i = 0; i < CHAIN_MAX; i++)
			virtio_put(VIRTIO_TRANSMIT, i, (u64)scratch, SCRATCH_BYTES,
				   i + 1 < CHAIN_MAX ? VIRTIO_DESC_NEXT : 0, i + 1);
		virtio_offer(console, VIRTIO_TRANSMIT, 0);
		(void)WAIT(false, round % 4);
		console_restart();
	}
}

void virtio_chains(void)
{
	memset(scratch, 'z', sizeof(scratch));
	console_start();
	for (u32 number = 0; number < ARRAY_SIZE(virtio_rings); number++) {
		bad_addresses(number);
		bad_links(number);
		bad_flags(number);
		bad_indices(number);
	}
	reset_sending();
	console_end();
}

/* --- Queues ----------------------------------------------------------------------------------- */

static void try_queue(const char *what, u64 index, u32 number, const struct virtio_queue *queue)
{
	if (!virtio_features(console))
		console_failed("features", index);
	if (virtio_set_queue(console, number, queue))
		console_failed(what, index);
	write32(console + VIRTIO_STATUS, VIRTIO_RUNNING);
	write32(console + VIRTIO_QUEUE_NOTIFY, number);
}

static void bad_sizes(void)
{
	static const u32 sizes[] = {
		0, 3, VIRTIO_ENTRIES + 1, 255, 257, 512, 0x8000, 0x10000, BIT(31), ~0u
	};

	for (u32 number = 0; number < 2; number++) {
		for (u32 i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct virtio_queue queue = virtio_queue(number);

			queue.size = sizes[i];
			try_queue("size", i, number, &queue);
		}
	}
}

static void bad_areas(void)
{
	const u64 bad[] = { 0,
			    machine.ram - 16,
			    machine.ram + machine.ram_size - 16,
			    machine.ram + machine.ram_size,
			    gic.gicd,
			    console,
			    NOWHERE,
			    BIT(39) + machine.ram,
			    BIT(40) + machine.ram,
			    BIT(63) + machine.ram,
			    ~0ull - 15,
			    machine.ram + machine.ram_size / 2 + 1 /* misaligned */ };

	for (u32 i = 0; i < 2 * ARRAY_SIZE(bad); i++) {
		u32 number = i % 2;
		struct virtio_queue queue = virtio_queue(number);

		queue.desc = bad[i / 2];
		try_queue("descriptors", i, number, &queue);
		queue = virtio_queue(number);
		queue.driver = bad[i / 2];
		try_queue("driver area", i, number, &queue);
		queue = virtio_queue(number);
		queue.device = bad[i / 2];
		try_queue("device area", i, number, &queue);
	}
}

/* There is no such queue; a queue that is in use stays where it is. */
static void bad_selections(void)
{
	static const u32 numbers[] = { 2, 3, 0xffff, 0x10000, BIT(31), ~0u };
	struct virtio_queue queue = virtio_queue(0);
	const struct virtio_queue moved = { 8, NOWHERE, gic.gicd, ~0ull };

	for (u32 i = 0; i < ARRAY_SIZE(numbers); i++) {
		try_queue("number", i, numbers[i], &queue);
		if (read32(console + VIRTIO_QUEUE_MAX) != 0)
			console_failed("largest size", i);
	}
	console_restart();
	if (!virtio_set_queue(console, VIRTIO_TRANSMIT, &moved) ||
	    !virtio_send(console, "\r\nhostile: moved\r\n"))
		console_failed("moved", 0);
}

/* Areas over each other, or both queues in the same. The device's own writes there become any
 * values of a driver. */
static void overlaps(void)
{
	const u64 at = (u64)scratch;
	const struct virtio_queue queues[] = {
		{ VIRTIO_ENTRIES, at, at, at },
		{ VIRTIO_ENTRIES, at, at + 16, at + 4 },
		{ VIRTIO_ENTRIES, at + 512, at, at + 2 * VIRTIO_ENTRIES },
		{ 256, at, at + 0x1000, at + 0x1000 },
		{ 1, at, at + 16, at + 16 },
	};

	for (u32 round = 0; round < 40 * ARRAY_SIZE(queues); round++) {
		const struct virtio_queue *queue = &queues[round % ARRAY_SIZE(queues)];

		if (!virtio_features(console) || !virtio_set_queue(console, 0, queue) ||
		    !virtio_set_queue(console, 1, queue))
			console_failed("overlap", round);
		for (u32 i = 0; i < 0x2000 / 8; i++)
			((u64 *)scratch)[i] = round % 3 == 0 ? 0x0001000000010001 : random_next();
		write32(console + VIRTIO_STATUS, VIRTIO_RUNNING);
		for (u32 i = 0; i < 8; i++) {
			write32(console + VIRTIO_QUEUE_NOTIFY, i % 2);
			((u16 *)scratch)[random_next() % 0x100]++;
		}
		(void)console_broken();
	}
}

void virtio_queues(void)
{
	console_start();
	bad_sizes();
	bad_areas();
	bad_selections();
	overlaps();
	console_end();
}
