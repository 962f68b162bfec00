/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A learning switch for Ethernet frames, without its ports' memory: from the first bytes of a frame
 * to the set of ports that get it. Pure.
 *
 * Each port has a MAC address of the description. Such an address belongs to its port alone: no
 * other port may send with it, and frames for it go nowhere else. A port that is not `free` sends
 * with its own address only, and gets no unicast for another. All others are learnt. Each port
 * has its own share of the table, so that no port displaces what another has taught.
 *
 * VLAN 0 is that of untagged frames. A port of a VLAN sends and gets untagged frames. A trunk
 * belongs to all VLANs, whose frames are tagged there (IEEE 802.1Q).
 */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include <mullion/types.h>

#define SWITCH_PORTS     32u
#define SWITCH_SHARE     16u /* addresses that a port can teach */
#define SWITCH_AGE_NS    (300 * NS_PER_S)
#define SWITCH_BUCKETS   64u
#define SWITCH_ADDRESSES (SWITCH_PORTS * SWITCH_SHARE)

#define MAC_BYTES     6u
#define ETHER_HEADER  14u /* bytes: destination, source, type */
#define VLAN_TAG      4u  /* bytes between source and type */
#define VLAN_MAX      4094u
#define SWITCH_HEADER (ETHER_HEADER + VLAN_TAG)

/* A token bucket as a time. Each frame moves `due` on by its cost. A frame that finds it more than
 * `burst_ns` ahead of the clock is above the rate. */
struct rate {
	u64 unit_ns;  /* cost of 2^20 units; 0: no limit */
	u64 burst_ns; /* cost of the bucket's contents */
	u64 due;
};

/* Frames and bytes in and out are those of the port's guest: in is what it sent. */
struct switch_counters {
	u64 in_frames, in_bytes;
	u64 out_frames, out_bytes;
	u64 refused; /* sent with a foreign or bad source address, or a bad tag or length */
	u64 limited; /* above a rate */
	u64 lost;    /* no room at the port, of those that it should get */
};

struct switch_port {
	bool free;  /* it may send with other addresses, and gets unknown unicast */
	bool trunk; /* in all VLANs; the frames of all but 0 are tagged */
	u16 vlan;   /* 0 to VLAN_MAX; of a port that is no trunk */
	u64 mac;    /* switch_mac() */
	struct rate frames, bytes;
	struct switch_counters counters;
};

struct switch_entry {
	u64 address; /* MAC and VLAN; 0: unused */
	u64 seen;    /* ns */
	u16 next;    /* in its bucket: index and 1; 0: the last */
};

/* The caller sets up the ports, in a structure of zeroes. */
struct net_switch {
	u32 num_ports;
	struct switch_port ports[SWITCH_PORTS];
	u16 buckets[SWITCH_BUCKETS]; /* index of an entry and 1; 0: empty */
	struct switch_entry entries[SWITCH_ADDRESSES];
};

/* Where a frame goes. */
struct switch_way {
	u32 ports; /* a bit for each; 0: nowhere */
	u16 vlan;
	bool tagged; /* as it came */
};

/** switch_mac() - the six bytes at @bytes as a number, the first one highest. Pure. */
u64 switch_mac(const u8 *bytes);
/** rate_set() - at most @per_second units, of which @burst may come at once. 0: no limit. Neither
 * (2^30 / @per_second) * @burst nor that of the largest frame may reach 2^44. */
void rate_set(struct rate *rate, u64 per_second, u64 burst);
/** switch_input() - a frame of @bytes bytes from port @port, which begins with @header (bytes that
 * it does not have are 0), came at @now ns. Counts, learns, and returns where it goes. */
struct switch_way switch_input(struct net_switch *net, u32 port, const u8 header[SWITCH_HEADER],
			       u32 bytes, u64 now);
/** switch_header() - the frame's first bytes for @port, from @header as it came in. Writes them to
 * @out and returns how many there are; *@skip: how many bytes of the frame they stand for. */
u32 switch_header(const struct net_switch *net, const struct switch_way *way, u32 port,
		  const u8 header[SWITCH_HEADER], u8 out[SWITCH_HEADER], u32 *skip);

#endif
