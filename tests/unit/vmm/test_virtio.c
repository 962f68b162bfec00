/* SPDX-License-Identifier: Apache-2.0 */
/* components/vmm/virtio_console.c and components/lib/virtqueue.c, with a driver that may be bad. */
#include "vmm/fixture.h"

#include "components/lib/virtqueue.h"

#define RAM_AT    0x10000u
#define RAM_BYTES 0x10000u

#define STATUS      0x70
#define NEEDS_RESET 0x40
#define RECEIVE     0
#define TRANSMIT    1
#define ENTRIES     8u

enum { G_DOORBELL = G_COUNT, G_RAM, G_ALL };
#define DOORBELL BIT(7)

/* As in the specification, §2.7. */
struct desc {
	u64 addr;
	u32 len;
	u16 flags, next;
};
struct __aligned(64) ring
{
	struct desc desc[ENTRIES];
	struct {
		u16 flags, idx, ring[ENTRIES], event;
	} avail;
	struct {
		u16 flags, idx;
		struct {
			u32 id, len;
		} ring[ENTRIES];
		u16 event;
	} used __aligned(4);
};

static u8 memory[RAM_AT + RAM_BYTES] __aligned(4096);
static struct ring *const rings = (struct ring *)(memory + RAM_AT);

#define RING_AT(n) (RAM_AT + (n) * sizeof(struct ring))
#define BUFFERS    (RAM_AT + 0x1000u)

static u32 reg(u64 offset)
{
	return get(G_RTC, offset);
}

static void put(u64 offset, u32 value)
{
	set(G_RTC, offset, value);
}

static int boot(void **state)
{
	(void)fresh(state);
	memset(memory, 0, sizeof(memory));
	memset(state_page, 0, sizeof(state_page));
	host_core.guest = memory;
	info.num_grants = G_ALL;
	grant(G_RTC, GRANT_VIRTUAL, "con", "virtio-console", NULL, PAGE_SIZE);
	grant(G_RTC_LINE, GRANT_LINE, "con", "", NULL, 0);
	grant(G_DOORBELL, GRANT_DOORBELL, "con", "", NULL, 0);
	info.grants[G_DOORBELL].bit = 7;
	grant(G_RAM, GRANT_RAM, "ram", "", NULL, RAM_BYTES);
	info.grants[G_RAM].address = RAM_AT;
	strcpy(info.grants[G_CHANNEL].name, "con");
	start();
	return 0;
}

static void queue(u32 n, u32 size, u64 at)
{
	put(0x30, n);
	put(0x38, size);
	put(0x80, (u32)at);
	put(0x84, (u32)(at >> 32));
	put(0x90, (u32)(at + offsetof(struct ring, avail)));
	put(0x94, (u32)(at >> 32));
	put(0xa0, (u32)(at + offsetof(struct ring, used)));
	put(0xa4, (u32)(at >> 32));
	put(0x44, 1);
}

static int drive(void **state)
{
	(void)boot(state);
	put(STATUS, 0);
	put(STATUS, 3);
	put(0x24, 1);
	put(0x20, 1);
	put(STATUS, 11);
	assert_int_equal(reg(STATUS), 11);
	queue(RECEIVE, ENTRIES, RING_AT(0));
	assert_int_equal(reg(0x44), 1);
	queue(TRANSMIT, ENTRIES, RING_AT(1));
	assert_int_equal(reg(0x44), 1);
	put(STATUS, 15);
	return 0;
}

static void describe(u32 n, u32 entry, u64 addr, u32 len, u16 flags, u16 next)
{
	rings[n].desc[entry] = (struct desc){ addr, len, flags, next };
}

static void offer(u32 n, u16 head)
{
	rings[n].avail.ring[rings[n].avail.idx % ENTRIES] = head;
	rings[n].avail.idx++;
	notify(DOORBELL);
}

static void assert_console_reads(const char *text)
{
	char got[64] = "";

	(void)serial_receive(&console, (u8 *)got, sizeof(got) - 1);
	assert_string_equal(got, text);
}

static void test_identity(void **state)
{
	(void)state;
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	assert_int_equal(reg(0), 0x74726976);
	assert_int_equal(reg(4), 2);
	assert_int_equal(reg(8), 3);
	assert_int_equal(reg(0x10), 0x30000004);
	put(0x14, 1);
	assert_int_equal(reg(0x10), 1);
	put(0x14, 2);
	assert_int_equal(reg(0x10), 0);
	assert_int_equal(reg(0x34), VIRTQUEUE_MAX);
	put(0x30, 2);
	assert_int_equal(reg(0x34), 0);
	put(0x44, 1);
	assert_int_equal(reg(0x44), 0);
	assert_int_equal(reg(0xb0), UINT32_MAX);
	assert_int_equal(reg(0xfc), 0);
	assert_int_equal(reg(0xfffffff0), 0);
}

static void test_features(void **state)
{
	(void)state;
	put(STATUS, 11);
	assert_int_equal(reg(STATUS), 3);
	put(0x24, 1);
	put(0x20, 1);
	put(0x24, 0);
	put(0x20, 1);
	put(STATUS, 15);
	assert_int_equal(reg(STATUS), 3);
	put(0x20, 0x30000004);
	put(STATUS, 11);
	assert_int_equal(reg(STATUS), 11);
}

/* With both features of queues: a table of buffers; an interrupt for a chosen chain alone. */
static void test_ring_features(void **state)
{
	(void)state;
	(void)boot(state);
	put(STATUS, 3);
	put(0x24, 1);
	put(0x20, 1);
	put(0x24, 0);
	put(0x20, 0x30000000);
	put(STATUS, 11);
	queue(TRANSMIT, ENTRIES, RING_AT(1));
	put(STATUS, 15);
	assert_int_equal(reg(STATUS), 15);
	memcpy(memory + BUFFERS, "hello, world", 12);
	*(struct desc *)(memory + BUFFERS + 0x100) = (struct desc){ BUFFERS, 7, 1, 1 };
	*(struct desc *)(memory + BUFFERS + 0x110) = (struct desc){ BUFFERS + 7, 5, 0, 0 };
	describe(TRANSMIT, 3, BUFFERS + 0x100, 32, 4, 0);
	rings[TRANSMIT].avail.event = 1;
	offer(TRANSMIT, 3);
	assert_console_reads("hello, world");
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_false(host_core.level[G_RTC_LINE]);
	assert_int_equal(rings[TRANSMIT].used.event, 1);
	offer(TRANSMIT, 3);
	assert_true(host_core.level[G_RTC_LINE]);
	describe(TRANSMIT, 3, BUFFERS + 0x100, 33, 4, 0);
	offer(TRANSMIT, 3);
	assert_int_equal(reg(STATUS), 15 | NEEDS_RESET);
}

static void test_emergency(void **state)
{
	(void)state;
	put(0x108, '!');
	assert_console_reads("!");
}

static bool reaches_console(void)
{
	u8 got[4];

	start();
	put(0x108, '!');
	return serial_receive(&console, got, sizeof(got)) == 1;
}

/* Which channel is its line: GUEST-REGION before REGION before the guest's. */
static void test_line(void **state)
{
	static const char *const names[] = { "debian-con", "con", "debian" };
	static struct serial_line other;

	(void)state;
	strcpy(info.grants[G_UART].detail, "none");
	grant(G_UART_LINE, GRANT_CHANNEL, "", "console", &other, sizeof(other));
	info.grants[G_UART_LINE].bit = 4;
	for (u32 i = 0; i < ARRAY_SIZE(names); i++) {
		strcpy(info.grants[G_CHANNEL].name, names[i]);
		strcpy(info.grants[G_UART_LINE].name, "elsewhere");
		assert_true(reaches_console());
		if (i == 0)
			continue;
		strcpy(info.grants[G_UART_LINE].name, names[i - 1]);
		assert_false(reaches_console());
	}
	assert_string_equal(host_core.log, "");
	info.grants[G_UART_LINE].size = PAGE_SIZE;
	assert_false(reaches_console());
	assert_string_equal(host_core.log,
			    "con: channel 'con' has 4096 bytes; a serial line needs 8192\n");
}

static void test_transmit(void **state)
{
	(void)state;
	memcpy(memory + BUFFERS, "hello, world", 12);
	describe(TRANSMIT, 3, BUFFERS, 7, 1, 5);
	describe(TRANSMIT, 5, BUFFERS + 7, 5, 0, 0);
	offer(TRANSMIT, 3);
	assert_console_reads("hello, world");
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_int_equal(rings[TRANSMIT].used.ring[0].id, 3);
	assert_int_equal(rings[TRANSMIT].used.ring[0].len, 0);
	assert_true(host_core.level[G_RTC_LINE]);
	assert_int_equal(reg(0x60), 1);
	put(0x64, 1);
	assert_false(host_core.level[G_RTC_LINE]);
	rings[TRANSMIT].avail.flags = 1;
	offer(TRANSMIT, 3);
	assert_false(host_core.level[G_RTC_LINE]);
	assert_int_equal(rings[TRANSMIT].used.idx, 2);
}

static void test_receive(void **state)
{
	(void)state;
	describe(RECEIVE, 0, BUFFERS, 4, 3, 1);
	describe(RECEIVE, 1, BUFFERS + 0x100, 4, 2, 0);
	offer(RECEIVE, 0);
	assert_int_equal(rings[RECEIVE].used.idx, 0);
	type("abcdef");
	assert_int_equal(rings[RECEIVE].used.idx, 1);
	assert_int_equal(rings[RECEIVE].used.ring[0].len, 6);
	assert_memory_equal(memory + BUFFERS, "abcd", 4);
	assert_memory_equal(memory + BUFFERS + 0x100, "ef\0\0", 4);
	assert_true(host_core.level[G_RTC_LINE]);
	/* Without a buffer it waits. */
	type("0123456789");
	offer(RECEIVE, 0);
	assert_int_equal(rings[RECEIVE].used.ring[1].len, 8);
	offer(RECEIVE, 0);
	assert_int_equal(rings[RECEIVE].used.ring[2].len, 2);
}

/* Bytes that do not fit stay in the queue, over a restart as well. */
static void test_ring_full(void **state)
{
	u8 got[SERIAL_RING_BYTES];

	(void)state;
	for (u32 i = 0; i < 3000; i++)
		memory[BUFFERS + i] = (u8)(i % 251);
	describe(TRANSMIT, 0, BUFFERS, 3000, 0, 0);
	offer(TRANSMIT, 0);
	assert_int_equal(rings[TRANSMIT].used.idx, 0);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	start();
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	assert_int_equal(serial_receive(&console, got, sizeof(got)), sizeof(got));
	for (u32 i = 0; i < sizeof(got); i++)
		assert_int_equal(got[i], i % 251);
	notify(CHANNEL_BIT);
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_int_equal(serial_receive(&console, got, sizeof(got)), 3000 - sizeof(got));
	assert_int_equal(got[0], SERIAL_RING_BYTES % 251);
}

/* With a chain of any length, the guest's next access is served after at most a ring's length. */
static void test_turn(void **state)
{
	u8 got[SERIAL_RING_BYTES];

	(void)state;
	describe(TRANSMIT, 0, RAM_AT, RAM_BYTES, 1, 1);
	describe(TRANSMIT, 1, RAM_AT, RAM_BYTES, 0, 0);
	offer(TRANSMIT, 0);
	for (u32 sent = 0, n; sent < 2 * RAM_BYTES; sent += n) {
		n = serial_receive(&console, got, sizeof(got));
		assert_int_equal(n, sizeof(got));
		notify(CHANNEL_BIT);
	}
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
	for (u32 i = 0; i < ENTRIES; i++) {
		describe(RECEIVE, i, BUFFERS, 1000, 2, 0);
		rings[RECEIVE].avail.ring[i] = (u16)i;
	}
	rings[RECEIVE].avail.idx = ENTRIES;
	memset(got, 'x', sizeof(got));
	assert_int_equal(serial_send(&console, got, sizeof(got)), sizeof(got));
	notify(CHANNEL_BIT);
	assert_int_equal(rings[RECEIVE].used.idx, 3);
}

/* Buffers that were offered while no vmm ran are served, and the guest is notified. */
static void test_restart(void **state)
{
	(void)state;
	memcpy(memory + BUFFERS, "late", 4);
	describe(TRANSMIT, 0, BUFFERS, 4, 0, 0);
	rings[TRANSMIT].avail.idx = 1;
	start();
	assert_console_reads("late");
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_true(host_core.level[G_RTC_LINE]);
}

/* A guest that was reset in the meantime has other things in its memory. */
static void test_restart_of_old(void **state)
{
	(void)state;
	offer(TRANSMIT, 0);
	describe(TRANSMIT, 0, BUFFERS, 4, 0, 0);
	rings[TRANSMIT].avail.idx = 2;
	rings[TRANSMIT].used.idx = 77;
	runtime_start(&vmm_program, &info);
	notify(NOTIFY_RESET | NOTIFY_TIMER | CHANNEL_BIT | DOORBELL);
	assert_int_equal(rings[TRANSMIT].used.idx, 77);
	assert_int_equal(reg(STATUS), 0);
	assert_console_reads("");
}

/* A component may end between any two stores: the memory of that moment is restored. */
static struct virtqueue *kept_queue(u32 n)
{
	for (u32 i = 0; i < sizeof(state_page); i += 8) {
		struct virtqueue *queue = (struct virtqueue *)(state_page + i);

		if (queue->size == ENTRIES && queue->descriptors == RING_AT(n))
			return queue;
	}
	fail();
	return NULL;
}

/* Sent, but the chain not given back: it is, and nothing is sent twice. */
static void test_ends_sending(void **state)
{
	static struct ring before[2];

	(void)state;
	memcpy(memory + BUFFERS, "once", 4);
	describe(TRANSMIT, 0, BUFFERS, 4, 0, 0);
	offer(TRANSMIT, 0);
	assert_console_reads("once");
	memcpy(before, rings, sizeof(before));
	offer(TRANSMIT, 0);
	memcpy(rings, before, sizeof(before));
	rings[TRANSMIT].avail.idx = 2;
	kept_queue(TRANSMIT)->next = 1;
	start();
	assert_console_reads("once");
	assert_int_equal(rings[TRANSMIT].used.idx, 2);
	assert_true(host_core.level[G_RTC_LINE]);
	/* The chain is given back, but the guest cannot see that yet. */
	offer(TRANSMIT, 0);
	rings[TRANSMIT].used.idx = 2;
	put(0x64, 1);
	assert_false(host_core.level[G_RTC_LINE]);
	start();
	assert_true(host_core.level[G_RTC_LINE]);
	assert_console_reads("once");
	assert_int_equal(rings[TRANSMIT].used.idx, 3);
}

/* The guest has what came, and it is still in the line's ring: or the guest has it not. */
static void test_ends_receiving(void **state)
{
	u32 out;

	(void)state;
	describe(RECEIVE, 0, BUFFERS, 4, 2, 0);
	offer(RECEIVE, 0);
	out = line.to_second.out;
	type("once");
	assert_int_equal(rings[RECEIVE].used.idx, 1);
	line.to_second.out = out;
	start();
	offer(RECEIVE, 0);
	assert_int_equal(rings[RECEIVE].used.idx, 1);
	type("more");
	assert_int_equal(rings[RECEIVE].used.idx, 2);
	kept_queue(RECEIVE)->next = 1;
	rings[RECEIVE].used.idx = 1;
	line.to_second.out -= 4;
	memset(memory + BUFFERS, 0, 4);
	start();
	assert_int_equal(rings[RECEIVE].used.idx, 2);
	assert_memory_equal(memory + BUFFERS, "more", 4);
}

/* Between two bytes of a chain. */
static void test_emergency_sending(void **state)
{
	u8 got[SERIAL_RING_BYTES];

	(void)state;
	memset(memory + BUFFERS, 'x', SERIAL_RING_BYTES + 2);
	describe(TRANSMIT, 0, BUFFERS, SERIAL_RING_BYTES + 2, 0, 0);
	offer(TRANSMIT, 0);
	notify(NOTIFY_TIMER);
	assert_int_equal(serial_receive(&console, got, 1), 1);
	notify(CHANNEL_BIT);
	assert_int_equal(serial_receive(&console, got, 1), 1);
	put(0x108, '!');
	assert_int_equal(serial_receive(&console, got, sizeof(got)), sizeof(got));
	notify(CHANNEL_BIT);
	assert_int_equal(rings[TRANSMIT].used.idx, 1);
	assert_int_equal(serial_receive(&console, got, sizeof(got)), 1);
}

/* Chains of no bytes: served up to the bound, and the rest by the timer. */
static void test_bound(void **state)
{
	(void)state;
	describe(TRANSMIT, 0, BUFFERS, 0, 0, 0);
	rings[TRANSMIT].avail.idx = ENTRIES;
	notify(DOORBELL);
	assert_int_equal(rings[TRANSMIT].used.idx, ENTRIES);
	assert_int_equal(host_core.timer.v, 0);
	notify(NOTIFY_TIMER);
	assert_int_equal(host_core.timer.v, UINT64_MAX);
}

static void assert_broken(void)
{
	assert_int_equal(reg(STATUS), 15 | NEEDS_RESET);
	assert_int_equal(reg(0x60) & 2, 2);
	assert_int_equal(rings[TRANSMIT].used.idx, 0);
	assert_int_equal(rings[RECEIVE].used.idx, 0);
	assert_console_reads("");
	put(STATUS, 0);
	assert_int_equal(reg(STATUS), 0);
	assert_int_equal(reg(0x60), 0);
	assert_false(host_core.level[G_RTC_LINE]);
}

static void test_hostile(void **state)
{
	static const struct desc bad[] = {
		{ RAM_AT + RAM_BYTES - 1, 2, 0, 0 }, /* across the end of RAM */
		{ RAM_AT - 1, 2, 0, 0 },
		{ 0, 1, 0, 0 },
		{ UINT64_MAX, 2, 0, 0 },
		{ BUFFERS, UINT32_MAX, 0, 0 },
		{ BUFFERS, 4, 1, 0 },       /* a loop */
		{ BUFFERS, 4, 1, ENTRIES }, /* no such entry */
		{ BUFFERS, 4, 2, 0 },       /* to be written */
		{ BUFFERS, 16, 4, 0 },      /* indirect */
	};

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		(void)drive(state);
		rings[TRANSMIT].desc[0] = bad[i];
		offer(TRANSMIT, 0);
		assert_broken();
	}
	(void)drive(state);
	offer(TRANSMIT, ENTRIES);
	assert_broken();
	(void)drive(state);
	describe(TRANSMIT, 0, BUFFERS, 0, 0, 0);
	rings[TRANSMIT].avail.idx = ENTRIES + 1;
	notify(DOORBELL);
	assert_broken();
	(void)drive(state);
	describe(RECEIVE, 0, BUFFERS, 4, 0, 0);
	type("x");
	offer(RECEIVE, 0);
	assert_broken();
}

static void test_bad_queues(void **state)
{
	static const struct {
		u32 size;
		u64 at;
	} bad[] = {
		{ 0, RING_AT(0) },
		{ 3, RING_AT(0) },
		{ 512, RING_AT(0) },
		{ 8, RING_AT(0) + 8 },
		{ 8, 0 },
		{ 8, RAM_AT + RAM_BYTES - 16 },
		{ UINT32_MAX, RING_AT(0) },
		{ 8, UINT64_MAX - 15 },
	};

	(void)state;
	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		queue(TRANSMIT, bad[i].size, bad[i].at);
		assert_int_equal(reg(0x44), 0);
	}
	/* Its addresses cannot be moved while it is in use. */
	queue(TRANSMIT, 8, RING_AT(1));
	put(0x80, 0);
	put(0x84, 0xffffffff);
	put(0x38, 1 << 15);
	put(0x44, 0);
	assert_int_equal(reg(0x44), 0);
	put(0x44, 1);
	assert_int_equal(reg(0x44), 1);
}

/* A damaged state is no way out either. */
static void test_bad_state(void **state)
{
	(void)state;
	for (u32 i = 0; i < sizeof(state_page) / 8; i++) {
		u64 was = ((u64 *)state_page)[i];

		if (was == 1 || was == 2 || was == 3)
			continue; /* the devices' kinds */
		((u64 *)state_page)[i] = ~was;
		start();
		notify(DOORBELL | CHANNEL_BIT);
		(void)reg(STATUS);
		(void)drive(NULL);
	}
}

static void test_reset(void **state)
{
	(void)state;
	notify(NOTIFY_RESET);
	assert_int_equal(reg(STATUS), 0);
	put(0x30, TRANSMIT);
	assert_int_equal(reg(0x44), 0);
	describe(TRANSMIT, 0, BUFFERS, 4, 0, 0);
	offer(TRANSMIT, 0);
	assert_int_equal(rings[TRANSMIT].used.idx, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_identity, boot),
		cmocka_unit_test_setup(test_features, boot),
		cmocka_unit_test_setup(test_ring_features, boot),
		cmocka_unit_test_setup(test_emergency, boot),
		cmocka_unit_test_setup(test_line, boot),
		cmocka_unit_test_setup(test_transmit, drive),
		cmocka_unit_test_setup(test_receive, drive),
		cmocka_unit_test_setup(test_ring_full, drive),
		cmocka_unit_test_setup(test_turn, drive),
		cmocka_unit_test_setup(test_restart, drive),
		cmocka_unit_test_setup(test_restart_of_old, drive),
		cmocka_unit_test_setup(test_ends_sending, drive),
		cmocka_unit_test_setup(test_ends_receiving, drive),
		cmocka_unit_test_setup(test_emergency_sending, drive),
		cmocka_unit_test_setup(test_bound, drive),
		cmocka_unit_test_setup(test_hostile, drive),
		cmocka_unit_test_setup(test_bad_queues, boot),
		cmocka_unit_test_setup(test_bad_state, drive),
		cmocka_unit_test_setup(test_reset, drive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
