/* SPDX-License-Identifier: Apache-2.0 */
/* Offloads of received frames: see net_offload.h. */
#include "components/vmm/net_offload.h"

#include <mullion/string.h>

#define TYPE_AT  12u
#define TYPE_TAG 0x8100u
#define TYPE_IP4 0x0800u
#define TYPE_IP6 0x86ddu
#define ETHER    14u
#define TAG      4u

#define IP4_HEADER   20u
#define IP4_BYTES    2u /* offsets in the header */
#define IP4_ID       4u
#define IP4_FRAGMENT 6u
#define IP4_PROTOCOL 9u
#define IP4_SUM      10u
#define IP4_SOURCE   12u
#define IP6_HEADER   40u
#define IP6_BYTES    4u
#define IP6_NEXT     6u
#define IP6_SOURCE   8u

#define PROTOCOL_TCP 6u
#define TCP_HEADER   20u
#define TCP_SEQUENCE 4u
#define TCP_LENGTH   12u
#define TCP_FLAGS    13u
#define TCP_SUM      16u
#define TCP_FIN      0x01u
#define TCP_PSH      0x08u
#define TCP_CWR      0x80u

/* No driver sends less in a segment, and each part costs its headers. */
#define SIZE_MIN 48u

static u32 load_be16(const u8 *bytes)
{
	return (u32)bytes[0] << 8 | bytes[1];
}

static void store_be16(u8 *bytes, u32 value)
{
	bytes[0] = (u8)(value >> 8);
	bytes[1] = (u8)value;
}

static void store_be32(u8 *bytes, u32 value)
{
	store_be16(bytes, value >> 16);
	store_be16(bytes + 2, value & 0xffff);
}

/* The sum of 16-bit words in the machine's order, which is that of one's complement in any. */
static u64 add_words(u64 sum, const u8 *bytes, u32 n)
{
	u32 word;
	u16 half = 0;

	for (; n >= sizeof(word); n -= (u32)sizeof(word), bytes += sizeof(word)) {
		memcpy(&word, bytes, sizeof(word));
		sum += word;
	}
	if (n >= sizeof(half)) {
		memcpy(&half, bytes, sizeof(half));
		sum += half;
		bytes += sizeof(half);
		n -= (u32)sizeof(half);
	}
	return n != 0 ? sum + *bytes : sum;
}

static void put_sum(u8 *at, u64 sum)
{
	u16 folded;

	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	/* Of the two zeroes, the one that UDP does not take as the lack of a checksum. */
	folded = sum == 0xffff ? 0xffff : (u16)~sum;
	memcpy(at, &folded, sizeof(folded));
}

static bool find_ip4(struct offload *o)
{
	const u8 *ip = o->head + o->ip;
	u32 bytes = (ip[0] & 0xfu) * 4;

	o->tcp = o->ip + bytes;
	return ip[0] >> 4 == 4 && bytes >= IP4_HEADER && ip[IP4_PROTOCOL] == PROTOCOL_TCP &&
	       (load_be16(ip + IP4_FRAGMENT) & 0x3fff) == 0;
}

static bool find_ip6(struct offload *o)
{
	const u8 *ip = o->head + o->ip;

	o->v6 = true;
	o->tcp = o->ip + IP6_HEADER;
	return ip[0] >> 4 == 6 && ip[IP6_NEXT] == PROTOCOL_TCP;
}

/* The headers of the first bytes, which are all that o->head has. */
static bool find_headers(struct offload *o, u32 gso_type)
{
	u32 type = load_be16(o->head + TYPE_AT);

	o->ip = ETHER;
	if (type == TYPE_TAG) {
		o->ip += TAG;
		type = load_be16(o->head + TYPE_AT + TAG);
	}
	if (gso_type == NETWORK_GSO_TCPV4 && type == TYPE_IP4) {
		if (!find_ip4(o))
			return false;
	} else if (gso_type != NETWORK_GSO_TCPV6 || type != TYPE_IP6 || !find_ip6(o)) {
		return false;
	}
	o->payload = o->tcp + (o->head[o->tcp + TCP_LENGTH] >> 4) * 4u;
	return o->payload >= o->tcp + TCP_HEADER && o->payload < o->bytes;
}

static bool offload_check_segment(struct network_header *header, const u8 *frame, u32 bytes,
				  struct offload *o)
{
	memset(o, 0, sizeof(*o));
	memcpy(o->head, frame, MIN(bytes, OFFLOAD_HEAD));
	o->bytes = bytes;
	o->size = header->gso_size;
	if (o->size < SIZE_MIN || header->flags != NETWORK_NEEDS_CSUM ||
	    !find_headers(o, header->gso_type) || header->csum_start != o->tcp ||
	    header->csum_offset != TCP_SUM)
		return false;
	header->header_bytes = (u16)o->payload;
	o->parts = (bytes - o->payload + o->size - 1) / o->size;
	return true;
}

bool offload_check(struct network_header *header, const u8 *frame, u32 bytes,
		   struct offload *offload)
{
	header->flags &= NETWORK_NEEDS_CSUM;
	if (bytes < NETWORK_FRAME_MIN || bytes > NETWORK_FRAME_MAX)
		return false;
	if (header->flags == 0) {
		header->csum_start = 0;
		header->csum_offset = 0;
	} else if (header->csum_start < ETHER ||
		   (u32)header->csum_start + header->csum_offset + 2 > bytes) {
		return false;
	}
	if (header->gso_type != NETWORK_GSO_NONE)
		return offload_check_segment(header, frame, bytes, offload);
	header->gso_size = 0;
	header->header_bytes = 0;
	return bytes <= OFFLOAD_PART;
}

/* The field has the sum of the pseudo-header already. */
void offload_checksum(const struct network_header *header, u8 *frame, u32 bytes)
{
	u32 start = header->csum_start;

	put_sum(frame + start + header->csum_offset, add_words(0, frame + start, bytes - start));
}

static void finish_ip4(const struct offload *o, u8 *out, u32 index, u32 bytes)
{
	u8 *ip = out + o->ip;

	store_be16(ip + IP4_BYTES, bytes - o->ip);
	store_be16(ip + IP4_ID, load_be16(o->head + o->ip + IP4_ID) + index);
	store_be16(ip + IP4_SUM, 0);
	put_sum(ip + IP4_SUM, add_words(0, ip, o->tcp - o->ip));
}

static void finish_tcp(const struct offload *o, u8 *out, u32 index, u32 bytes)
{
	u8 *tcp = out + o->tcp, tail[4] = { 0, PROTOCOL_TCP };
	u32 sequence = load_be16(tcp + TCP_SEQUENCE) << 16 | load_be16(tcp + TCP_SEQUENCE + 2);
	u32 source = o->v6 ? IP6_SOURCE : IP4_SOURCE;
	u64 sum;

	store_be32(tcp + TCP_SEQUENCE, sequence + index * o->size);
	if (index != o->parts - 1)
		tcp[TCP_FLAGS] &= (u8) ~(TCP_FIN | TCP_PSH);
	if (index != 0)
		tcp[TCP_FLAGS] &= (u8)~TCP_CWR;
	store_be16(tcp + TCP_SUM, 0);
	store_be16(tail + 2, bytes - o->tcp);
	sum = add_words(0, tail, sizeof(tail));
	sum = add_words(sum, out + o->ip + source, o->v6 ? 32 : 8);
	put_sum(tcp + TCP_SUM, add_words(sum, tcp, bytes - o->tcp));
}

u32 offload_part(const struct offload *offload, const u8 *frame, u32 index, u8 out[OFFLOAD_PART])
{
	const struct offload *o = offload;
	u32 from = o->payload + index * o->size;
	u32 n = MIN(o->size, o->bytes - from), bytes = o->payload + n;

	if (bytes > OFFLOAD_PART)
		return 0;
	memcpy(out, o->head, o->payload);
	memcpy(out + o->payload, frame + from, n);
	if (o->v6)
		store_be16(out + o->ip + IP6_BYTES, bytes - o->ip - IP6_HEADER);
	else
		finish_ip4(o, out, index, bytes);
	finish_tcp(o, out, index, bytes);
	return bytes;
}
