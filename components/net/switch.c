/* SPDX-License-Identifier: Apache-2.0 */
/* The switch: see switch.h. */
#include "components/net/switch.h"

#include <mullion/string.h>

#define FRAME_MAX (KIB(64) + SWITCH_HEADER) /* bytes: of a segment that is not cut yet */
#define TYPE_AT   12u
#define TYPE_TAG  0x8100u                  /* of a customer's VLAN */
#define TYPE_QINQ 0x88a8u                  /* of a provider's */
#define GROUP     BIT(40)                  /* of an address: multicast or broadcast */
#define RESERVED  UINT64_C(0x0180c2000000) /* IEEE 802.1D: never forwarded; 16 of them */

#define UNITS_SHIFT 20

u64 switch_mac(const u8 *bytes)
{
	u64 mac = 0;

	for (u32 i = 0; i < MAC_BYTES; i++)
		mac = mac << 8 | bytes[i];
	return mac;
}

static u32 load_be16(const u8 *bytes)
{
	return (u32)bytes[0] << 8 | bytes[1];
}

void rate_set(struct rate *rate, u64 per_second, u64 burst)
{
	if (per_second == 0)
		return;
	rate->unit_ns = (NS_PER_S << UNITS_SHIFT) / per_second;
	rate->burst_ns = (burst * rate->unit_ns) >> UNITS_SHIFT;
}

static bool rate_allows(const struct rate *rate, u64 now)
{
	return rate->unit_ns == 0 || rate->due <= now + rate->burst_ns;
}

static void rate_take(struct rate *rate, u64 units, u64 now)
{
	if (rate->unit_ns != 0)
		rate->due = MAX(rate->due, now) + ((units * rate->unit_ns) >> UNITS_SHIFT);
}

/* --- The table ----------------------------------------------------------------------------------
 */

static u64 address_of(u64 mac, u16 vlan)
{
	return mac << 12 | vlan;
}

static u16 *bucket_of(struct net_switch *net, u64 address)
{
	return &net->buckets[(address * UINT64_C(0x9e3779b97f4a7c15)) >> 58];
}

/* Returns the link to the address's entry, or to the bucket's end. */
static u16 *find_link(struct net_switch *net, u64 address)
{
	u16 *link = bucket_of(net, address);

	while (*link != 0 && net->entries[*link - 1].address != address)
		link = &net->entries[*link - 1].next;
	return link;
}

static void forget(struct net_switch *net, u64 address)
{
	u16 *link = find_link(net, address);
	struct switch_entry *entry = &net->entries[*link - 1];

	*link = entry->next;
	*entry = (struct switch_entry){ 0 };
}

/* Returns the port's entry that is unused, or was seen least lately. */
static u32 oldest_entry(const struct net_switch *net, u32 port)
{
	u32 oldest = port * SWITCH_SHARE;

	for (u32 i = oldest; i < (port + 1) * SWITCH_SHARE; i++) {
		if (net->entries[i].address == 0)
			return i;
		if (net->entries[i].seen < net->entries[oldest].seen)
			oldest = i;
	}
	return oldest;
}

static void learn(struct net_switch *net, u32 port, u64 address, u64 now)
{
	u16 *link = find_link(net, address);
	u32 index;

	if (*link != 0 && (*link - 1u) / SWITCH_SHARE == port) {
		net->entries[*link - 1].seen = now;
		return;
	}
	if (*link != 0)
		forget(net, address);
	index = oldest_entry(net, port);
	if (net->entries[index].address != 0)
		forget(net, net->entries[index].address);
	link = bucket_of(net, address);
	net->entries[index] = (struct switch_entry){ address, now, *link };
	*link = (u16)(index + 1);
}

static bool has_vlan(const struct switch_port *port, u16 vlan)
{
	return port->trunk || port->vlan == vlan;
}

/* Returns the port that owns the address; SWITCH_PORTS: none. */
static u32 owner_of(const struct net_switch *net, u64 mac, u16 vlan)
{
	for (u32 i = 0; i < net->num_ports; i++)
		if (net->ports[i].mac == mac && has_vlan(&net->ports[i], vlan))
			return i;
	return SWITCH_PORTS;
}

/* --- Frames -------------------------------------------------------------------------------------
 */

/* Returns false if the frame's tag, or the lack of one, is wrong at that port. */
static bool find_vlan(const struct switch_port *port, const u8 *header, u32 bytes,
		      struct switch_way *way)
{
	u32 type = load_be16(header + TYPE_AT), vlan;

	way->tagged = false;
	way->vlan = port->trunk ? 0 : port->vlan;
	if (type == TYPE_QINQ)
		return false;
	if (type != TYPE_TAG)
		return true;
	vlan = load_be16(header + ETHER_HEADER) & 0xfff;
	if (!port->trunk || bytes < SWITCH_HEADER || vlan == 0 || vlan > VLAN_MAX)
		return false;
	way->tagged = true;
	way->vlan = (u16)vlan;
	return true;
}

static bool may_send(const struct net_switch *net, u32 number, u64 source, u16 vlan)
{
	u32 owner;

	if (source == net->ports[number].mac)
		return true;
	if (!net->ports[number].free || (source & GROUP) != 0 || source == 0)
		return false;
	owner = owner_of(net, source, vlan);
	return owner == SWITCH_PORTS || owner == number;
}

/* All of the VLAN; with @free, without the ports that get no foreign unicast. */
static u32 flood(const struct net_switch *net, u16 vlan, bool free)
{
	u32 ports = 0;

	for (u32 i = 0; i < net->num_ports; i++)
		if (has_vlan(&net->ports[i], vlan) && (!free || net->ports[i].free))
			ports |= (u32)BIT(i);
	return ports;
}

static u32 find_ports(struct net_switch *net, u64 target, u16 vlan, u64 now)
{
	u32 owner;
	u16 entry;

	if ((target & ~UINT64_C(0xf)) == RESERVED)
		return 0;
	if ((target & GROUP) != 0)
		return flood(net, vlan, false);
	owner = owner_of(net, target, vlan);
	if (owner != SWITCH_PORTS)
		return (u32)BIT(owner);
	entry = *find_link(net, address_of(target, vlan));
	if (entry != 0 && now - net->entries[entry - 1].seen <= SWITCH_AGE_NS)
		return (u32)BIT((entry - 1u) / SWITCH_SHARE);
	return flood(net, vlan, true);
}

struct switch_way switch_input(struct net_switch *net, u32 port, const u8 header[SWITCH_HEADER],
			       u32 bytes, u64 now)
{
	struct switch_port *p = &net->ports[port];
	struct switch_way way = { 0 };
	u64 source = switch_mac(header + MAC_BYTES);

	if (bytes < ETHER_HEADER || bytes > FRAME_MAX || !find_vlan(p, header, bytes, &way) ||
	    !may_send(net, port, source, way.vlan)) {
		p->counters.refused++;
		return way;
	}
	if (!rate_allows(&p->frames, now) || !rate_allows(&p->bytes, now)) {
		p->counters.limited++;
		return way;
	}
	rate_take(&p->frames, 1, now);
	rate_take(&p->bytes, bytes, now);
	p->counters.in_frames++;
	p->counters.in_bytes += bytes;
	if (source != p->mac)
		learn(net, port, address_of(source, way.vlan), now);
	way.ports = find_ports(net, switch_mac(header), way.vlan, now) & ~(u32)BIT(port);
	return way;
}

u32 switch_header(const struct net_switch *net, const struct switch_way *way, u32 port,
		  const u8 header[SWITCH_HEADER], u8 out[SWITCH_HEADER], u32 *skip)
{
	bool tag = net->ports[port].trunk && way->vlan != 0;

	if (tag == way->tagged) {
		*skip = 0;
		return 0;
	}
	memcpy(out, header, TYPE_AT);
	*skip = way->tagged ? TYPE_AT + VLAN_TAG : TYPE_AT;
	if (!tag)
		return TYPE_AT;
	out[TYPE_AT] = TYPE_TAG >> 8;
	out[TYPE_AT + 1] = TYPE_TAG & 0xff;
	out[ETHER_HEADER] = (u8)(way->vlan >> 8);
	out[ETHER_HEADER + 1] = (u8)way->vlan;
	return TYPE_AT + VLAN_TAG;
}
