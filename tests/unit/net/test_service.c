/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/net/service.c. The vmms of three guests are their ends of the ports
 * (components/vmm/net_port.c), in the same memory.
 */
#include "support/test.h"

#include "components/lib/host.h"
#include "components/net/service.h"
#include "components/net/switch.h"
#include "components/vmm/net_port.h"
#include "support/random.h"

#define PORTS 3u

static u8 memory[PORTS][NETWORK_BYTES] __aligned(4096);
static struct component_info info, vmms[PORTS];
static struct net_port *ports[PORTS];
static u8 frame[2048];
static struct net_frame got;

static void describe(struct grant_info *grant, u32 port, u16 flags)
{
	memset(grant, 0, sizeof(*grant));
	grant->kind = GRANT_CHANNEL;
	grant->flags = flags;
	grant->address = (uintptr_t)memory[port];
	grant->size = NETWORK_BYTES;
	memcpy(grant->mac, (const u8[]){ 2, 0, 0, 0, 0, (u8)port }, 6);
}

static void start_switch(void)
{
	runtime_start(&net_program, &info);
}

static void start_vmm(u32 port)
{
	ports[port] = net_port_attach(&vmms[port], &vmms[port].grants[0]);
	assert_non_null(ports[port]);
}

/* Serve a notification of the switch, and its timer. */
static void run_switch(u64 bits)
{
	struct component_exit exit = { 0 };

	(void)runtime_serve(&net_program, bits, &exit);
	while (host_core.timer.v == 0) {
		host_core.timer = NS(UINT64_MAX);
		(void)runtime_serve(&net_program, NOTIFY_TIMER, &exit);
	}
}

static int fresh(void **unused)
{
	(void)unused;
	host_core_reset();
	host_core.now = NS(NS_PER_S);
	memset(memory, 0, sizeof(memory));
	memset(&info, 0, sizeof(info));
	info.magic = COMPONENT_INFO_MAGIC;
	info.num_grants = PORTS;
	for (u32 i = 0; i < PORTS; i++) {
		describe(&info.grants[i], i, GRANT_NETWORK | GRANT_FIRST);
		info.grants[i].bit = (u16)i;
		vmms[i] = (struct component_info){ .num_grants = 1 };
		describe(&vmms[i].grants[0], i, GRANT_NETWORK);
		vmms[i].grants[0].bit = 5;
	}
	for (u32 i = 0; i < PORTS; i++)
		start_vmm(i);
	start_switch();
	return 0;
}

static void make(u32 from, u32 to, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		frame[i] = (u8)random_below(256);
	memcpy(frame, (const u8[]){ 2, 0, 0, 0, 0, (u8)to, 2, 0, 0, 0, 0, (u8)from, 8, 0 }, 14);
}

static bool send_with(u32 from, u32 bytes, const struct network_header *header)
{
	struct network_record *record = net_port_room(ports[from], bytes);

	if (record == NULL)
		return false;
	record->bytes = bytes;
	record->header = *header;
	memcpy(record + 1, frame, bytes);
	net_port_add(ports[from], bytes);
	return true;
}

static bool send(u32 from, u32 bytes)
{
	static const struct network_header none;

	return send_with(from, bytes, &none);
}

static void flush(u32 from)
{
	net_port_flush(ports[from]);
	run_switch(BIT(from));
}

static bool receive(u32 port)
{
	net_port_collect(ports[port]);
	if (!net_port_next(ports[port], &got))
		return false;
	net_port_done(ports[port], &got);
	return true;
}

static void check_received(u32 port, u32 bytes)
{
	assert_true(receive(port));
	assert_int_equal(got.bytes, bytes);
	assert_memory_equal(got.at, frame, bytes);
}

static void delivery(void **unused)
{
	struct network_header header = { 1, 1, 54, 1400, 34, 16, 0 };

	(void)unused;
	random_seed(1);
	for (u32 round = 0; round < 100; round++) {
		u32 from = (u32)random_below(PORTS), bytes = 14 + (u32)random_below(2000);
		u32 to = (from + 1 + (u32)random_below(PORTS - 1)) % PORTS;

		make(from, to, bytes);
		assert_true(send_with(from, bytes, &header));
		flush(from);
		check_received(to, bytes);
		assert_memory_equal(&got.header, &header, sizeof(header));
		for (u32 i = 0; i < PORTS; i++)
			assert_false(receive(i));
	}
}

static void broadcast(void **unused)
{
	(void)unused;
	make(0, 1, 100);
	memset(frame, 0xff, 6);
	assert_true(send(0, 100));
	flush(0);
	check_received(1, 100);
	check_received(2, 100);
	assert_false(receive(0));
}

/* A guest with another's address, or to a bad length. */
static void refused(void **unused)
{
	(void)unused;
	make(1, 2, 100);
	assert_true(send(0, 100));
	make(0, 1, 100);
	assert_true(send(0, 13));
	flush(0);
	for (u32 i = 0; i < PORTS; i++)
		assert_false(receive(i));
}

/* A guest that takes nothing loses frames, and the others lose none. */
static void slow_port(void **unused)
{
	u32 came = 0;

	(void)unused;
	for (u32 round = 0; round < 100; round++) {
		make(0, 1, 1000);
		assert_true(send(0, 1000));
		flush(0);
		make(0, 2, 1000);
		assert_true(send(0, 1000));
		flush(0);
		check_received(2, 1000);
	}
	while (receive(1))
		came++;
	assert_int_equal(came, NETWORK_SLOTS);
	make(0, 1, 1000);
	assert_true(send(0, 1000));
	flush(0);
	check_received(1, 1000);
}

/* More than a slot has room for, in one notification: all frames come, in their order. */
static void batches(void **unused)
{
	u32 sent = 0, came = 0;

	(void)unused;
	make(0, 1, 1500);
	for (;;) {
		frame[14] = (u8)sent;
		if (!send(0, 1500))
			break;
		sent++;
	}
	assert_in_range(sent, NETWORK_SLOTS * 40, NETWORK_SLOTS * 49);
	flush(0);
	while (receive(1)) {
		assert_int_equal(got.at[14], (u8)came);
		came++;
	}
	assert_int_equal(came, sent);
}

/* A tag is added for a trunk and removed behind it; offsets follow. */
static void trunks(void **unused)
{
	struct network_header header = { 1, 0, 0, 0, 34, 16, 0 };

	(void)unused;
	info.grants[0].vlan = 7;
	info.grants[1].flags |= GRANT_TRUNK;
	start_switch();
	make(0, 1, 100);
	assert_true(send_with(0, 100, &header));
	flush(0);
	assert_true(receive(1));
	assert_int_equal(got.bytes, 104);
	assert_int_equal(got.header.csum_start, 38);
	assert_memory_equal(got.at, frame, 12);
	assert_memory_equal(got.at + 12, ((const u8[]){ 0x81, 0, 0, 7 }), 4);
	assert_memory_equal(got.at + 16, frame + 12, 88);

	memcpy(frame, (const u8[]){ 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0x81, 0, 0x20, 7 }, 16);
	header.csum_start = 38;
	assert_true(send_with(1, 100, &header));
	flush(1);
	assert_true(receive(0));
	assert_int_equal(got.bytes, 96);
	assert_int_equal(got.header.csum_start, 34);
	assert_memory_equal(got.at, frame, 12);
	assert_memory_equal(got.at + 12, frame + 16, 84);
	assert_false(receive(2));
}

/* Requests of a vmm that lies. */
static void bad_requests(void **unused)
{
	static const u32 lengths[] = { 0,         13, 5000, NETWORK_FRAME_MAX + 1, UINT32_MAX - 15,
				       UINT32_MAX };
	struct link *link = &ports[0]->send;

	(void)unused;
	for (u32 bytes = 0; bytes < 4000; bytes += 37) {
		struct link_request request = { .bytes = bytes };
		const struct link_note note = { 0 };
		u32 slot;

		make(0, 1, 60);
		assert_true(send(0, 60));
		flush(0);
		check_received(1, 60);
		net_port_collect(ports[0]);
		for (u32 i = 0; i < NETWORK_SLOTS; i++)
			if ((link->held & BIT(i)) != 0)
				link_release(link, i);
		slot = link_reserve(link);
		link_hold(link, slot, &note);
		memset(link_data(link, slot), 0, link->slot_bytes);
		memcpy(link_data(link, slot) + sizeof(struct network_batch),
		       &lengths[bytes % ARRAY_SIZE(lengths)], 4);
		link_ask(link, slot, &request);
		run_switch(BIT(0));
		for (u32 i = 0; i < PORTS; i++)
			assert_false(receive(i));
	}
}

/* Either end may be new: frames are lost at most, and the next ones come. */
static void restarts(void **unused)
{
	(void)unused;
	random_seed(2);
	for (u32 round = 0; round < 300; round++) {
		make(0, 1, 500);
		(void)send(0, 500);
		if (random_below(2) == 0)
			net_port_flush(ports[0]);
		if (random_below(2) == 0)
			start_switch();
		if (random_below(2) == 0)
			start_vmm(0);
		if (random_below(2) == 0)
			start_vmm(1);
		net_port_flush(ports[0]);
		run_switch(BIT(0) | BIT(1));
		while (receive(1))
			assert_memory_equal(got.at, frame, 500);
		make(0, 1, 600);
		assert_true(send(0, 600));
		flush(0);
		check_received(1, 600);
		assert_false(receive(1));
	}
}

static void limits(void **unused)
{
	u32 came = 0;

	(void)unused;
	info.grants[0].frames_per_second = 100;
	start_switch();
	for (u32 i = 0; i < 200; i++) {
		make(0, 1, 100);
		assert_true(send(0, 100));
		flush(0);
		came += receive(1) ? 1 : 0;
	}
	assert_in_range(came, 64, 65);
	host_core.now.v += 10 * NS_PER_S;
	make(0, 1, 100);
	assert_true(send(0, 100));
	flush(0);
	check_received(1, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(delivery, fresh),
		cmocka_unit_test_setup(broadcast, fresh),
		cmocka_unit_test_setup(refused, fresh),
		cmocka_unit_test_setup(slow_port, fresh),
		cmocka_unit_test_setup(batches, fresh),
		cmocka_unit_test_setup(trunks, fresh),
		cmocka_unit_test_setup(bad_requests, fresh),
		cmocka_unit_test_setup(restarts, fresh),
		cmocka_unit_test_setup(limits, fresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
