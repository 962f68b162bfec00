/* SPDX-License-Identifier: Apache-2.0 */
/* The two features of queues: tables of indirect descriptors, and event indices. */
#include "console.h"

static struct virtio_desc *const table = (struct virtio_desc *)(scratch + SCRATCH_BYTES / 2);

static void put_table(u32 number, u32 entry, u64 address, u32 bytes, u32 flags, u32 next)
{
	table[entry] = (struct virtio_desc){ address, bytes,
					     (u16)(console_direction(number) | flags), (u16)next };
}

/* Offer a table of @bytes at @at. */
static void offer_table(const char *what, u64 index, u32 number, u64 at, u32 bytes, u32 wanted)
{
	virtio_put(number, 0, at, bytes, VIRTIO_DESC_INDIRECT, 0);
	console_offer(what, index, number, 0, 1, wanted);
}

static void good_tables(u32 number)
{
	put_table(number, 0, (u64)scratch, 1, VIRTIO_DESC_NEXT, 9);
	put_table(number, 9, (u64)scratch + 1, 1, 0, 0);
	offer_table("table", 0, number, (u64)table, 16 * 10, ANSWERED);
	offer_table("long table", 0, number, (u64)table, 16 * 256, ANSWERED);
	virtio_put(number, 0, (u64)table, 16 * 10, VIRTIO_DESC_INDIRECT, 0);
	virtio_put(number, 3, (u64)scratch + 2, 1, console_direction(number) | VIRTIO_DESC_NEXT, 0);
	console_offer("table behind a buffer", 0, number, 3, 1, ANSWERED);
}

static void misplaced_tables(u32 number)
{
	const u64 bad[] = { 0,
			    machine.ram - 8,
			    machine.ram + machine.ram_size - 8,
			    machine.ram + machine.ram_size,
			    gic.gicd,
			    console,
			    NOWHERE,
			    BIT(39) + machine.ram,
			    BIT(63) + machine.ram,
			    ~0ull - 15 };
	static const u32 lengths[] = { 0, 1, 15, 17, 31, 16 * 9, BIT(31), ~0u, ~0u - 15 };

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++)
		offer_table("table's address", i, number, bad[i], 16, BROKEN);
	put_table(number, 0, (u64)scratch, 1, VIRTIO_DESC_NEXT, 9);
	for (u32 i = 0; i < ARRAY_SIZE(lengths); i++)
		offer_table("table's length", i, number, (u64)table, lengths[i], BROKEN);
	put_table(number, 0, (u64)scratch, 1, 0, 0);
	virtio_put(number, 0, (u64)table, 16, VIRTIO_DESC_INDIRECT | VIRTIO_DESC_NEXT, 1);
	console_offer("table with a next", 0, number, 0, 1, BROKEN);
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		put_table(number, 0, bad[i], 16, 0, 0);
		offer_table("address in a table", i, number, (u64)table, 16, BROKEN);
	}
}

static void nested_tables(u32 number)
{
	const u64 inner[] = { (u64)table, (u64)(table + 1), (u64)virtio_rings[number].desc };

	for (u32 i = 0; i < ARRAY_SIZE(inner); i++) {
		put_table(number, 1, (u64)scratch, 1, 0, 0);
		put_table(number, 0, inner[i], 16, VIRTIO_DESC_INDIRECT, 0);
		offer_table("table in a table", i, number, (u64)table, 32, BROKEN);
		put_table(number, 0, (u64)scratch, 1, VIRTIO_DESC_NEXT, 1);
		put_table(number, 1, inner[i], 16, VIRTIO_DESC_INDIRECT, 0);
		offer_table("table behind a table's buffer", i, number, (u64)table, 32, BROKEN);
	}
	/* The queue itself is the table. */
	offer_table("the queue as a table", 0, number, (u64)virtio_rings[number].desc, 16, BROKEN);
}

static void table_loops(u32 number)
{
	for (u32 length = 1; length <= CHAIN_MAX + 1; length++) {
		for (u32 i = 0; i < length; i++)
			put_table(number, i, (u64)scratch, 1, VIRTIO_DESC_NEXT, (i + 1) % length);
		offer_table("loop in a table", length, number, (u64)table, 16 * length, BROKEN);
		put_table(number, length - 1, (u64)scratch, 1, 0, 0);
		offer_table("long chain in a table", length, number, (u64)table, 16 * length,
			    length <= CHAIN_MAX ? ANSWERED : BROKEN);
	}
}

void virtio_tables(void)
{
	console_start();
	virtio_wanted = VIRTIO_INDIRECT;
	console_restart();
	for (u32 number = 0; number < ARRAY_SIZE(virtio_rings); number++) {
		good_tables(number);
		misplaced_tables(number);
		nested_tables(number);
		table_loops(number);
	}
	virtio_wanted = 0;
	console_end();
}

/* --- Event indices ---------------------------------------------------------------------------- */

/* Let the device serve @count chains of no bytes. Returns true if an interrupt came. */
static bool serve_chains(u32 count)
{
	struct virtio_rings *rings = &virtio_rings[VIRTIO_TRANSMIT];
	u16 wanted = (u16)(rings->avail.idx + count);
	bool interrupt;

	rings->avail.idx = (u16)(wanted - 1);
	virtio_offer(console, VIRTIO_TRANSMIT, 0);
	if (!WAIT(virtio_used(VIRTIO_TRANSMIT) == wanted, WAIT_MS))
		console_failed("served", wanted);
	/* The doorbell is armed once the vmm has found the queue empty. */
	if (!WAIT(LOAD(rings->used.event) == wanted, WAIT_MS))
		console_failed("doorbell", rings->used.event);
	interrupt = (read32(console + VIRTIO_INTERRUPTS) & 1) != 0;
	write32(console + VIRTIO_INTERRUPT_ACK, 1);
	return interrupt;
}

/* All of the ring each time, and around the end of the index one by one. */
static void wrap(u16 event)
{
	struct virtio_rings *rings = &virtio_rings[VIRTIO_TRANSMIT];

	console_restart();
	virtio_put(VIRTIO_TRANSMIT, 0, (u64)scratch, 0, 0, 0);
	rings->avail.event = event;
	for (u32 round = 1; round < 0x10000 / VIRTIO_ENTRIES; round++)
		if (serve_chains(VIRTIO_ENTRIES) != (event / VIRTIO_ENTRIES + 1 == round))
			console_failed("interrupt of a batch", round);
	for (u32 i = 0; i < 2 * VIRTIO_ENTRIES; i++) {
		u16 before = rings->avail.idx;

		if (serve_chains(1) != (before == event))
			console_failed("interrupt", before);
	}
}

/* Any event index: the device just compares. */
static void scribbled_events(void)
{
	struct virtio_rings *rings = &virtio_rings[VIRTIO_TRANSMIT];

	for (u32 i = 0; i < 1000; i++) {
		rings->avail.event = (u16)random_next();
		rings->avail.flags = (u16)random_next();
		rings->used.event = (u16)random_next();
		(void)serve_chains(1 + (u32)random_next() % VIRTIO_ENTRIES);
	}
}

void virtio_events(void)
{
	static const u16 events[] = { 0xffff, 5 };

	console_start();
	virtio_wanted = VIRTIO_EVENT_INDEX;
	for (u32 i = 0; i < ARRAY_SIZE(events); i++)
		wrap(events[i]);
	scribbled_events();
	/* A step back of the index is more than there is, with events as without. */
	console_offer("index", 0, VIRTIO_TRANSMIT, 0, 0xffff, BROKEN);
	virtio_wanted = 0;
	console_end();
}
