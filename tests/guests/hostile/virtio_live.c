/* SPDX-License-Identifier: Apache-2.0 */
/* Registers, status and doorbells in every order, and rings that change while they are used. */
#include "console.h"

static u32 stop;

static void touch(u64 address, u32 width)
{
	u64 value = random_next();

	switch (width) {
	case 1:
		(void)read8(address);
		write8(address, (u8)value);
		break;
	case 2:
		(void)read16(address);
		write16(address, (u16)value);
		break;
	case 4:
		(void)read32(address);
		write32(address, (u32)value);
		break;
	default:
		(void)read64(address);
		write64(address, value);
		break;
	}
}

static void touch_all(void)
{
	for (u32 width = 1; width <= 8; width *= 2)
		for (u32 offset = 0; offset < 0x1000; offset += width)
			touch(console + offset, width);
}

/* Fresh, running, and broken. */
void virtio_registers(void)
{
	static const u32 offsets[] = { VIRTIO_MAGIC, VIRTIO_QUEUE_NOTIFY, VIRTIO_STATUS, 0xff8 };

	console_start();
	write32(console + VIRTIO_STATUS, 0);
	touch_all();
	console_restart();
	touch_all();
	console_restart();
	virtio_offer(console, VIRTIO_TRANSMIT, VIRTIO_ENTRIES);
	if (!WAIT(console_broken(), WAIT_MS))
		console_failed("head", 0);
	touch_all();
	/* Accesses without a syndrome, and accesses beyond the end. */
	for (u32 i = 0; i < ARRAY_SIZE(offsets); i++)
		attack_all(console + offsets[i]);
	attack_all(console + 0xffc);
	console_end();
}

/* Which states the device takes on, however it is led there. */
static void check_status(u64 round)
{
	u32 now = read32(console + VIRTIO_STATUS);

	if ((now & VIRTIO_DRIVER_OK) != 0 && (now & VIRTIO_FEATURES_OK) == 0)
		console_failed("DRIVER_OK without FEATURES_OK", round);
}

static void random_status(void)
{
	for (u32 round = 0; round < 4000; round++) {
		struct virtio_queue queue = virtio_queue(round % 2);
		u32 value = (u32)random_next();

		switch (value >> 8 & 7) {
		case 0:
			write32(console + VIRTIO_DRIVER_PAGE, value >> 16 & 3);
			write32(console + VIRTIO_DRIVER_FEATURES, value >> 24 & 7);
			break;
		case 1: (void)virtio_set_queue(console, round % 2, &queue); break;
		case 2: write32(console + VIRTIO_QUEUE_READY, 0); break;
		case 3: virtio_offer(console, round % 2, value >> 16 & (VIRTIO_ENTRIES - 1)); break;
		default: write32(console + VIRTIO_STATUS, value & 0xff); break;
		}
		check_status(round);
	}
}

/* Features that were not offered, steps that were left out, an error that is wished away. */
static void wrong_order(void)
{
	static const u32 features[][2] = { { 0, 0 }, { 1, 1 }, { 0, 3 }, { ~0u, ~0u }, { 2, 1 } };

	for (u32 i = 0; i < ARRAY_SIZE(features); i++) {
		write32(console + VIRTIO_STATUS, 0);
		write32(console + VIRTIO_STATUS, VIRTIO_DRIVER);
		for (u32 page = 0; page < 2; page++) {
			write32(console + VIRTIO_DRIVER_PAGE, page);
			write32(console + VIRTIO_DRIVER_FEATURES, features[i][page]);
		}
		write32(console + VIRTIO_STATUS, VIRTIO_RUNNING);
		if (read32(console + VIRTIO_STATUS) != VIRTIO_DRIVER)
			console_failed("features", i);
	}
	console_restart();
	/* Features of a device that runs do not change any more. */
	write32(console + VIRTIO_DRIVER_FEATURES, ~0u);
	if (!virtio_send(console, "\r\nhostile: runs\r\n"))
		console_failed("late features", 0);
	virtio_offer(console, VIRTIO_TRANSMIT, VIRTIO_ENTRIES);
	if (!WAIT(console_broken(), WAIT_MS))
		console_failed("head", 0);
	virtio_rings[VIRTIO_TRANSMIT].avail.idx--;
	write32(console + VIRTIO_STATUS, VIRTIO_RUNNING);
	if (read32(console + VIRTIO_STATUS) != (VIRTIO_RUNNING | VIRTIO_NEEDS_RESET))
		console_failed("error gone", 0);
	virtio_put(VIRTIO_TRANSMIT, 0, (u64)scratch, 1, 0, 0);
	virtio_offer(console, VIRTIO_TRANSMIT, 0);
	if (!console_broken() || virtio_used(VIRTIO_TRANSMIT) != 1)
		console_failed("served in spite of it", 0);
	write32(console + VIRTIO_STATUS, 0);
	if (read32(console + VIRTIO_STATUS) != 0)
		console_failed("reset", 0);
	write32(console + VIRTIO_STATUS, VIRTIO_NEEDS_RESET);
	if (console_broken())
		console_failed("error of its own", 0);
}

void virtio_status(void)
{
	console_start();
	wrong_order();
	random_status();
	console_end();
}

static void ring_often(void)
{
	for (u32 i = 0; i < 6000; i++) {
		u64 value = random_next();

		switch (i % 16) {
		case 0: write8(console + VIRTIO_QUEUE_NOTIFY, (u8)value); break;
		case 1: write16(console + VIRTIO_QUEUE_NOTIFY, (u16)value); break;
		case 2: write64(console + VIRTIO_QUEUE_NOTIFY, value); break;
		case 3: write32(console + VIRTIO_QUEUE_NOTIFY, (u32)value); break;
		default: write32(console + VIRTIO_QUEUE_NOTIFY, i % 2); break;
		}
	}
}

static void ring_together(void)
{
	(void)cpu_on(1, ring_often);
	ring_often();
	(void)cpu_wait_off(1);
}

/* From two CPUs: before the device is set up, idle, with all entries offered, broken. */
void virtio_doorbells(void)
{
	console_start();
	write32(console + VIRTIO_STATUS, 0);
	ring_together();
	console_restart();
	ring_together();
	virtio_put(VIRTIO_TRANSMIT, 0, (u64)scratch, 0, 0, 0);
	virtio_rings[VIRTIO_TRANSMIT].avail.idx = VIRTIO_ENTRIES;
	ring_together();
	if (virtio_used(VIRTIO_TRANSMIT) != VIRTIO_ENTRIES)
		console_failed("entries", 0);
	virtio_offer(console, VIRTIO_TRANSMIT, VIRTIO_ENTRIES);
	ring_together();
	if (!console_broken())
		console_failed("head", 0);
	console_end();
}

/* Right, but for one in sixteen in each respect. It is a few bytes of scratch: the device must not
 * write to this guest's code. */
static struct virtio_desc random_desc(u32 number)
{
	const u64 nowhere[] = { 0, machine.ram + machine.ram_size - 8, NOWHERE, ~0ull - 7 };
	u64 value = random_next();
	struct virtio_desc desc = {
		.address = (u64)scratch + (value & 0xff),
		.bytes = value >> 8 & 15,
		.flags = (u16)(value >> 16 & VIRTIO_DESC_NEXT),
		.next = (u16)(value >> 24 & (VIRTIO_ENTRIES - 1)),
	};

	if (number == VIRTIO_RECEIVE)
		desc.flags |= VIRTIO_DESC_WRITE;
	if ((value >> 32 & 15) == 0)
		desc.address = nowhere[value >> 36 & 3];
	if ((value >> 40 & 15) == 0)
		desc.bytes = ~0u;
	if ((value >> 44 & 15) == 0)
		desc.flags ^= 1u << (value >> 48 & 3);
	if ((value >> 52 & 15) == 0)
		desc.next = (u16)(value >> 40);
	return desc;
}

/* On another CPU, until a flag stops it. */
static void scribble(void)
{
	while (LOAD(stop) == 0) {
		u64 value = random_next();
		u32 number = value & 1, entry = (u32)(value >> 8) % VIRTIO_ENTRIES;
		struct virtio_rings *rings = &virtio_rings[number];

		switch (value >> 1 & 7) {
		case 0: rings->avail.ring[entry] = (u16)((value >> 16 & 0x3ff) % 66); break;
		case 1: rings->avail.flags = (u16)(value >> 16); break;
		case 2: rings->used.ring[entry].id = (u32)value; break;
		case 3:
			if ((u16)(rings->avail.idx - virtio_used(number)) < VIRTIO_ENTRIES / 2)
				STORE(rings->avail.idx, (u16)(rings->avail.idx + 1));
			break;
		default: rings->desc[entry] = random_desc(number); break;
		}
	}
}

void virtio_changes(void)
{
	u32 broken = 0;

	memset(scratch, 'z', sizeof(scratch));
	console_start();
	STORE(stop, 0);
	(void)cpu_on(1, scribble);
	for (u32 round = 0; round < 4000; round++) {
		write32(console + VIRTIO_QUEUE_NOTIFY, round % 2);
		if (round % 8 != 0 || !console_broken())
			continue;
		broken++;
		/* It may be broken again as soon as it runs. */
		if (!virtio_begin(console) && !console_broken())
			console_failed("restart", round);
	}
	STORE(stop, 1);
	if (!cpu_wait_off(1) || broken == 0)
		console_failed("changes", broken);
	console_end();
}
