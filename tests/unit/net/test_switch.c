/* SPDX-License-Identifier: Apache-2.0 */
/* components/net/switch.c: by hand, then against a model that knows no hash and no shares. */
#include "support/test.h"

#include "components/net/switch.h"
#include "support/random.h"

#define MAC(n)    (UINT64_C(0x020000000000) + (n))
#define BROADCAST UINT64_C(0xffffffffffff)
#define S(n)      ((n)*NS_PER_S)

static struct net_switch net;
static struct switch_way way;

static void add(u64 mac, u16 vlan, bool is_free, bool trunk)
{
	net.ports[net.num_ports++] =
		(struct switch_port){ .mac = mac, .vlan = vlan, .free = is_free, .trunk = trunk };
}

/* Three guests of VLAN 0, of which the third is free; two of VLAN 5, and a trunk. */
static int fresh(void **unused)
{
	(void)unused;
	memset(&net, 0, sizeof(net));
	add(MAC(0), 0, false, false);
	add(MAC(1), 0, false, false);
	add(MAC(2), 0, true, false);
	add(MAC(3), 5, false, false);
	add(MAC(4), 5, false, false);
	add(MAC(5), 0, true, true);
	return 0;
}

static void put_mac(u8 *at, u64 mac)
{
	for (u32 i = 0; i < MAC_BYTES; i++)
		at[i] = (u8)(mac >> (40 - 8 * i));
}

static void make_header(u8 header[SWITCH_HEADER], u64 to, u64 from, u32 type, u32 tag)
{
	const u8 rest[] = { (u8)(type >> 8), (u8)type, (u8)(tag >> 8), (u8)tag, 8, 0 };

	put_mac(header, to);
	put_mac(header + MAC_BYTES, from);
	memcpy(header + 12, rest, sizeof(rest));
}

static u32 send_typed(u32 port, u64 to, u64 from, u32 type, u32 tag, u32 bytes, u64 now)
{
	u8 header[SWITCH_HEADER];

	make_header(header, to, from, type, tag);
	way = switch_input(&net, port, header, bytes, now);
	return way.ports;
}

static u32 send(u32 port, u64 to, u64 from, u64 now)
{
	return send_typed(port, to, from, 0x0800, 0, 60, now);
}

static void known_addresses(void **unused)
{
	(void)unused;
	/* Before anything is learnt, a guest's own address is known, and no other is. */
	assert_int_equal(send(0, MAC(1), MAC(0), 1), BIT(1));
	assert_int_equal(send(1, MAC(0), MAC(1), 1), BIT(0));
	assert_int_equal(send(0, MAC(0), MAC(0), 1), 0);
	/* Of another VLAN it is unknown, and no guest but a free one gets it. */
	assert_int_equal(send(0, MAC(3), MAC(0), 1), BIT(2) | BIT(5));
	assert_int_equal(send(3, MAC(0), MAC(3), 1), BIT(5));
	assert_int_equal(send(3, MAC(4), MAC(3), 1), BIT(4));
	assert_int_equal(net.ports[0].counters.in_frames, 3);
	assert_int_equal(net.ports[0].counters.in_bytes, 180);
}

static void groups(void **unused)
{
	(void)unused;
	assert_int_equal(send(0, BROADCAST, MAC(0), 1), BIT(1) | BIT(2) | BIT(5));
	assert_int_equal(send(3, UINT64_C(0x01005e000001), MAC(3), 1), BIT(4) | BIT(5));
	/* Those of IEEE 802.1D stay on their link. */
	assert_int_equal(send(0, UINT64_C(0x0180c2000000), MAC(0), 1), 0);
	assert_int_equal(send(0, UINT64_C(0x0180c200000f), MAC(0), 1), 0);
	assert_int_not_equal(send(0, UINT64_C(0x0180c2000010), MAC(0), 1), 0);
}

static void foreign_sources(void **unused)
{
	(void)unused;
	assert_int_equal(send(0, MAC(1), MAC(7), 1), 0);
	assert_int_equal(send(0, BROADCAST, MAC(1), 1), 0);
	assert_int_equal(net.ports[0].counters.refused, 2);
	/* A free port sends with others, unless a port has them, or they are a group or zero. */
	assert_int_equal(send(2, MAC(1), MAC(7), 1), BIT(1));
	assert_int_equal(send(2, MAC(1), MAC(0), 1), 0);
	assert_int_equal(send(2, MAC(1), MAC(5), 1), 0);
	assert_int_equal(send(2, MAC(1), BROADCAST, 1), 0);
	assert_int_equal(send(2, MAC(1), 0, 1), 0);
	assert_int_equal(net.ports[2].counters.refused, 4);
	/* No port of this VLAN has it. */
	assert_int_equal(send(2, MAC(1), MAC(3), 1), BIT(1));
}

static void lengths(void **unused)
{
	(void)unused;
	assert_int_equal(send_typed(0, MAC(1), MAC(0), 0x0800, 0, 13, 1), 0);
	assert_int_equal(send_typed(0, MAC(1), MAC(0), 0x0800, 0, 14, 1), BIT(1));
	assert_int_equal(send_typed(0, MAC(1), MAC(0), 0x0800, 0, 65536 + 18, 1), BIT(1));
	assert_int_equal(send_typed(0, MAC(1), MAC(0), 0x0800, 0, 65536 + 19, 1), 0);
}

static void learning(void **unused)
{
	(void)unused;
	assert_int_equal(send(0, MAC(7), MAC(0), S(1)), BIT(2) | BIT(5));
	assert_int_not_equal(send(2, MAC(0), MAC(7), S(1)), 0);
	assert_int_equal(send(0, MAC(7), MAC(0), S(1)), BIT(2));
	/* It is not forgotten before its time, and its sender renews it. */
	assert_int_equal(send(0, MAC(7), MAC(0), S(301)), BIT(2));
	assert_int_equal(send(0, MAC(7), MAC(0), S(301) + 1), BIT(2) | BIT(5));
	assert_int_not_equal(send(2, MAC(0), MAC(7), S(400)), 0);
	assert_int_equal(send(0, MAC(7), MAC(0), S(700)), BIT(2));
	/* It moves to the port that sent with it last. */
	assert_int_not_equal(send(5, MAC(0), MAC(7), S(700)), 0);
	assert_int_equal(send(0, MAC(7), MAC(0), S(700)), BIT(5));
	assert_int_equal(send(2, MAC(7), MAC(2), S(700)), BIT(5));
	assert_int_equal(send(5, MAC(7), MAC(5), S(700)), 0);
}

/* A port that teaches many addresses displaces its own alone. */
static void shares(void **unused)
{
	(void)unused;
	assert_int_not_equal(send(5, MAC(0), MAC(1000), 1), 0);
	for (u32 i = 0; i < 10000; i++)
		assert_int_not_equal(send(2, MAC(0), MAC(2000 + i), 2 + i), 0);
	assert_int_equal(send(0, MAC(1000), MAC(0), 20000), BIT(5));
	for (u32 i = 0; i < SWITCH_SHARE; i++)
		assert_int_equal(send(0, MAC(2000 + 9999 - i), MAC(0), 20000), BIT(2));
	assert_int_equal(send(0, MAC(2000 + 9999 - SWITCH_SHARE), MAC(0), 20000), BIT(2) | BIT(5));
}

static void tags(void **unused)
{
	(void)unused;
	/* No guest leaves its VLAN by a tag. */
	assert_int_equal(send_typed(0, BROADCAST, MAC(0), 0x8100, 5, 60, 1), 0);
	assert_int_equal(send_typed(3, BROADCAST, MAC(3), 0x8100, 5, 60, 1), 0);
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x88a8, 5, 60, 1), 0);
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x8100, 0, 60, 1), 0);
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x8100, 4095, 60, 1), 0);
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x8100, 5, 17, 1), 0);
	/* A trunk's frames go to the VLAN of the tag, whose priority does not matter. */
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x8100, 0xe005, 60, 1), BIT(3) | BIT(4));
	assert_int_equal(way.vlan, 5);
	assert_int_equal(send(5, BROADCAST, MAC(5), 1), BIT(0) | BIT(1) | BIT(2));
	assert_int_equal(send_typed(5, BROADCAST, MAC(5), 0x8100, 6, 60, 1), 0);
}

/* Frame of @bytes as @port gets it. */
static u32 output(u32 port, const u8 *frame, u32 bytes, u8 *out)
{
	u32 skip, n = switch_header(&net, &way, port, frame, out, &skip);

	memcpy(out + n, frame + skip, bytes - skip);
	return n + bytes - skip;
}

static void headers(void **unused)
{
	u8 plain[64], tagged[68], out[80];

	(void)unused;
	for (u32 i = 0; i < sizeof(plain); i++)
		plain[i] = (u8)i;
	make_header(plain, BROADCAST, MAC(3), 0x0800, 0x4500);
	memcpy(tagged, plain, 12);
	memcpy(tagged + 12, (const u8[]){ 0x81, 0, 0, 5 }, 4);
	memcpy(tagged + 16, plain + 12, sizeof(plain) - 12);

	way = switch_input(&net, 3, plain, sizeof(plain), 1);
	assert_int_equal(output(4, plain, sizeof(plain), out), sizeof(plain));
	assert_memory_equal(out, plain, sizeof(plain));
	assert_int_equal(output(5, plain, sizeof(plain), out), sizeof(tagged));
	assert_memory_equal(out, tagged, sizeof(tagged));

	put_mac(tagged + MAC_BYTES, MAC(5));
	put_mac(plain + MAC_BYTES, MAC(5));
	way = switch_input(&net, 5, tagged, sizeof(tagged), 1);
	assert_int_equal(output(4, tagged, sizeof(tagged), out), sizeof(plain));
	assert_memory_equal(out, plain, sizeof(plain));
}

static void rates(void **unused)
{
	u32 passed = 0;

	(void)unused;
	rate_set(&net.ports[0].frames, 100, 10);
	rate_set(&net.ports[1].bytes, 60000, 600);
	/* First the contents of the bucket, then one frame in 10 ms. */
	for (u32 i = 0; i < 100; i++)
		passed += send(0, MAC(1), MAC(0), S(5)) != 0;
	assert_in_range(passed, 10, 11);
	assert_int_equal(net.ports[0].counters.limited, 100 - passed);
	passed = 0;
	for (u64 ms = 0; ms < 10000; ms++)
		passed += send(0, MAC(1), MAC(0), S(6) + ms * 1000000) != 0;
	assert_in_range(passed, 1000, 1011);
	/* 1,000 frames of 60 bytes. */
	passed = 0;
	for (u64 ms = 0; ms < 10000; ms++)
		passed += send(1, MAC(0), MAC(1), S(6) + ms * 100000) != 0;
	assert_in_range(passed, 1000, 1011);
	/* The other ports have no limit. */
	for (u32 i = 0; i < 1000; i++)
		assert_int_equal(send(2, MAC(0), MAC(2), S(5)), BIT(0));
}

/* --- Against a model ----------------------------------------------------------------------------
 */

#define PORTS  6u
#define MACS   24u
#define VLANS  3u
#define MODELS 512u

/* Addresses in the order of their last use: all that each port knows. */
static struct {
	u64 mac, seen;
	u32 port;
	u16 vlan;
} known[MODELS];
static u32 num_known;

static void forget(u32 index)
{
	memmove(&known[index], &known[index + 1], (num_known - index - 1) * sizeof(known[0]));
	num_known--;
}

static void learn(u32 port, u64 mac, u16 vlan, u64 now)
{
	u32 own = 0, first = MODELS;

	for (u32 i = 0; i < num_known; i++)
		if (known[i].mac == mac && known[i].vlan == vlan)
			forget(i);
	for (u32 i = num_known; i-- > 0;)
		if (known[i].port == port) {
			own++;
			first = i;
		}
	if (own == SWITCH_SHARE)
		forget(first);
	known[num_known].mac = mac;
	known[num_known].vlan = vlan;
	known[num_known].port = port;
	known[num_known++].seen = now;
}

static bool is_member(u32 port, u16 vlan)
{
	return net.ports[port].trunk || net.ports[port].vlan == vlan;
}

static bool is_own(u32 port, u64 mac, u16 vlan)
{
	return net.ports[port].mac == mac && is_member(port, vlan);
}

static bool is_refused(u32 port, u64 from, u16 vlan, bool tagged)
{
	if (tagged && !net.ports[port].trunk)
		return true;
	for (u32 i = 0; i < PORTS; i++)
		if (i != port && is_own(i, from, vlan))
			return true;
	return from != net.ports[port].mac && !net.ports[port].free;
}

/* The way of a frame that is not refused. */
static u32 expected(u32 port, u64 to, u16 vlan, u64 now)
{
	u32 all = 0, is_free = 0;

	for (u32 i = 0; i < PORTS; i++) {
		if (is_own(i, to, vlan))
			return (u32)BIT(i) & ~(u32)BIT(port);
		if (!is_member(i, vlan) || i == port)
			continue;
		all |= (u32)BIT(i);
		is_free |= net.ports[i].free ? (u32)BIT(i) : 0;
	}
	if (to == BROADCAST)
		return all;
	for (u32 i = 0; i < num_known; i++)
		if (known[i].mac == to && known[i].vlan == vlan &&
		    now - known[i].seen <= SWITCH_AGE_NS)
			return (u32)BIT(known[i].port) & ~(u32)BIT(port);
	return is_free;
}

static void step(u64 now)
{
	u32 port = (u32)random_below(PORTS);
	u64 from = random_below(2) == 0 ? net.ports[port].mac : MAC(random_below(MACS));
	u64 to = random_below(8) == 0 ? BROADCAST : MAC(random_below(MACS));
	bool tagged = random_below(2) == 0 && (net.ports[port].trunk || random_below(8) == 0);
	u16 vlan = tagged ? (u16)(1 + random_below(VLANS - 1)) : 0;
	u32 ports = send_typed(port, to, from, tagged ? 0x8100 : 0x86dd, vlan, 60, now);

	if (!net.ports[port].trunk && !tagged)
		vlan = net.ports[port].vlan;
	if (is_refused(port, from, vlan, tagged)) {
		assert_int_equal(ports, 0);
		return;
	}
	if (from != net.ports[port].mac)
		learn(port, from, vlan, now);
	assert_int_equal(ports, expected(port, to, vlan, now));
	assert_int_equal(ports & BIT(port), 0);
	for (u32 i = 0; i < PORTS; i++)
		assert_false((ports & BIT(i)) != 0 && !is_member(i, vlan));
}

static void against_model(void **unused)
{
	(void)unused;
	for (u64 seed = 0; seed < 200; seed++) {
		u64 now = 1;

		random_seed(seed);
		memset(&net, 0, sizeof(net));
		num_known = 0;
		for (u32 i = 0; i < PORTS; i++)
			add(MAC(i), (u16)random_below(VLANS), random_below(2) == 0,
			    random_below(4) == 0);
		for (u32 i = 0; i < 3000; i++) {
			/* Entries that are seen at the same time have no order. */
			now += 1 + random_below(random_below(100) == 0 ? S(100) : S(1));
			step(now);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(known_addresses, fresh),
		cmocka_unit_test_setup(groups, fresh),
		cmocka_unit_test_setup(foreign_sources, fresh),
		cmocka_unit_test_setup(lengths, fresh),
		cmocka_unit_test_setup(learning, fresh),
		cmocka_unit_test_setup(shares, fresh),
		cmocka_unit_test_setup(tags, fresh),
		cmocka_unit_test_setup(headers, fresh),
		cmocka_unit_test_setup(rates, fresh),
		cmocka_unit_test(against_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
