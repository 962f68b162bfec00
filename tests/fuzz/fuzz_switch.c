/* SPDX-License-Identifier: Apache-2.0 */
/*
 * components/net/switch.c: any frames from any ports. None goes to its sender, none leaves
 * its VLAN, and no guest gets unicast for the address of another.
 *
 * Input: 4 bytes with a bit for each port: free, trunk, VLAN (two). Then frames of 20 bytes: port
 * and length, seconds since the one before, and the first bytes of the frame.
 */
#include "components/net/switch.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

#define PORTS 8u

static struct net_switch net;

static void check_header(u32 port, const struct switch_way *way, const u8 *header)
{
	u8 out[SWITCH_HEADER];
	u32 skip, n = switch_header(&net, way, port, header, out, &skip);

	CHECK(n <= SWITCH_HEADER && skip <= SWITCH_HEADER);
	CHECK(n == 0 || memcmp(out, header, 12) == 0);
	CHECK(!way->tagged || net.ports[port].trunk || skip == n + VLAN_TAG);
}

static void input(const uint8_t *data, u64 now)
{
	u32 port = data[0] % PORTS;
	u8 header[SWITCH_HEADER];
	u64 target = switch_mac(data + 2);
	struct switch_way way;

	memcpy(header, data + 2, SWITCH_HEADER);
	way = switch_input(&net, port, header, 1 + data[0] * 257u, now);
	CHECK((way.ports & BIT(port)) == 0);
	for (u32 i = 0; i < PORTS; i++) {
		if ((way.ports & BIT(i)) == 0)
			continue;
		CHECK(net.ports[i].trunk || net.ports[i].vlan == way.vlan);
		CHECK(net.ports[i].free || net.ports[i].mac == target || (target & BIT(40)) != 0);
		check_header(i, &way, header);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	u64 now = 0;

	if (size < 4)
		return 0;
	memset(&net, 0, sizeof(net));
	net.num_ports = PORTS;
	for (u32 i = 0; i < PORTS; i++) {
		net.ports[i].mac = 0x020000000000 + i;
		net.ports[i].free = (data[0] >> i & 1) != 0;
		net.ports[i].trunk = (data[1] >> i & 1) != 0;
		net.ports[i].vlan = (u16)((data[2] >> i & 1) + 2 * (data[3] >> i & 1));
	}
	rate_set(&net.ports[0].frames, 1, 16);
	rate_set(&net.ports[1].bytes, 1000, 100000);
	for (data += 4, size -= 4; size >= 2 + SWITCH_HEADER; data += 20, size -= 20) {
		now += data[1] * NS_PER_S;
		input(data, now);
	}
	return 0;
}
