/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of a network (virtio 1.2 §5.1): frames between the guest's queues and the switch. A frame
 * is lost or comes twice only if the vmm or the switch ends meanwhile.
 *
 * Checksums and the cutting of TCP segments are left to the receiver. A guest gets such frames if
 * it has accepted them. Otherwise its vmm completes them.
 */
#include "components/vmm/net_offload.h"
#include "components/vmm/net_port.h"
#include "components/vmm/virtio.h"

#include <mullion/string.h>

#define RECEIVE  0u
#define TRANSMIT 1u
#define CONTROL  2u

#define TURN KIB(128) /* bytes each way before the guest's next access is served */

#define F_CSUM           BIT(0)
#define F_GUEST_CSUM     BIT(1)
#define F_MTU            BIT(3)
#define F_MAC            BIT(5)
#define F_GUEST_TSO4     BIT(7)
#define F_GUEST_TSO6     BIT(8)
#define F_HOST_TSO4      BIT(11)
#define F_HOST_TSO6      BIT(12)
#define F_MERGEABLE      BIT(15)
#define F_STATUS         BIT(16)
#define F_CONTROL        BIT(17)
#define F_CONTROL_RX     BIT(18)
#define F_CONTROL_RX_ALL BIT(20)
#define F_CONTROL_MAC    BIT(23)

/* Classes and commands of the control queue (§5.1.6.5). */
#define CLASS_RX  0u
#define CLASS_MAC 1u
enum {
	RX_PROMISCUOUS,
	RX_ALL_GROUPS,
	RX_ALL_UNICAST,
	RX_NO_GROUPS,
	RX_NO_UNICAST,
	RX_NO_BROADCAST
};
enum { MAC_TABLE, MAC_ADDRESS };
#define ACK_OK    0u
#define ACK_ERROR 1u

#define MODE(command) ((u8)BIT(command))
#define MODE_MAC_SET  ((u8)BIT(6))
#define MODE_OVERFLOW ((u8)BIT(7)) /* of the table: all that it may have are received */

#define MAC_BYTES 6u
#define TABLE_MAX 12u

struct virtio_net {
	struct virtio_state virtio;
	u8 mac[MAC_BYTES]; /* of the guest, with MODE_MAC_SET */
	u8 mode;           /* a bit for each command of CLASS_RX */
	u8 num;            /* in the table of received addresses */
	u8 table[TABLE_MAX][MAC_BYTES];
};

_Static_assert(sizeof(struct virtio_net) <= DEVICE_STATE, "device.h");

/* The configuration space (§5.1.4). */
struct config {
	u8 mac[MAC_BYTES];
	u16 status, max_pairs, mtu;
};

#define STATUS_LINK_UP 1u

static bool net_accepted(const struct device *device, u64 feature)
{
	const struct virtio_net *s = device->state;

	return (s->virtio.mmio.features[0] & feature) != 0;
}

/* --- The control queue ---------------------------------------------------------------------------
 */

static u32 set_receive_mode(struct virtio_net *s, u32 command, const struct chain *chain)
{
	u8 on;

	if (command > RX_NO_BROADCAST || chain_get(chain, 2, &on, 1) != 1)
		return ACK_ERROR;
	s->mode = (u8)(on != 0 ? s->mode | MODE(command) : s->mode & ~MODE(command));
	return ACK_OK;
}

/* Two lists, each with its length before it. */
static u32 set_table(struct virtio_net *s, const struct chain *chain)
{
	u32 at = 2, num;

	s->num = 0;
	s->mode &= (u8)~MODE_OVERFLOW;
	for (u32 list = 0; list < 2; list++) {
		if (chain_get(chain, at, &num, sizeof(num)) != sizeof(num))
			return ACK_ERROR;
		at += (u32)sizeof(num);
		if (num > (chain->read_bytes - at) / MAC_BYTES)
			return ACK_ERROR;
		if (num > TABLE_MAX - s->num) {
			s->mode |= MODE_OVERFLOW;
			at += num * MAC_BYTES;
			continue;
		}
		at += chain_get(chain, at, s->table[s->num], num * MAC_BYTES);
		s->num = (u8)(s->num + num);
	}
	return ACK_OK;
}

/* The switch refuses frames from another address, unless the port is free. */
static u32 set_mac(struct device *device, const struct chain *chain)
{
	struct virtio_net *s = device->state;
	u8 mac[MAC_BYTES];

	if (chain_get(chain, 2, mac, sizeof(mac)) != sizeof(mac) || (mac[0] & 1) != 0)
		return ACK_ERROR;
	if (device->net != NULL && (device->net->channel->flags & GRANT_FREE) == 0 &&
	    memcmp(mac, device->net->channel->mac, sizeof(mac)) != 0)
		return ACK_ERROR;
	memcpy(s->mac, mac, sizeof(mac));
	s->mode |= MODE_MAC_SET;
	return ACK_OK;
}

static u32 serve_command(struct device *device, const struct chain *chain)
{
	u8 command[2];

	(void)chain_get(chain, 0, command, sizeof(command));
	if (command[0] == CLASS_RX)
		return set_receive_mode(device->state, command[1], chain);
	if (command[0] == CLASS_MAC && command[1] == MAC_TABLE)
		return set_table(device->state, chain);
	if (command[0] == CLASS_MAC && command[1] == MAC_ADDRESS)
		return set_mac(device, chain);
	return ACK_ERROR;
}

static void serve_control(struct device *device)
{
	struct chain chain;

	for (u32 i = 0; i < VIRTQUEUE_MAX; i++) {
		u8 ack;

		if (virtio_next(device, CONTROL, &chain) != OK)
			return;
		if (chain.read_bytes < 2 || chain.bytes == chain.read_bytes) {
			virtio_break(device);
			return;
		}
		ack = (u8)serve_command(device, &chain);
		virtio_give(device, CONTROL, &chain, chain_put(&chain, 0, &ack, 1));
	}
}

/* --- From the guest ------------------------------------------------------------------------------
 */

/* Returns false if the port has no room. A frame that no network carries is dropped. */
static bool send_frame(struct device *device, const struct chain *chain)
{
	u32 bytes = chain->bytes - (u32)sizeof(struct network_header);
	struct network_record *record;

	if (device->net == NULL || bytes < NETWORK_FRAME_MIN || bytes > NETWORK_FRAME_MAX)
		return true;
	record = net_port_room(device->net, bytes);
	if (record == NULL)
		return false;
	record->bytes = bytes;
	(void)chain_get(chain, 0, &record->header, chain->bytes);
	net_port_add(device->net, bytes);
	return true;
}

/* Returns true if only the bound ended it. */
static bool transmit(struct device *device)
{
	u32 left = TURN;
	struct chain chain;

	for (u32 i = 0; i < VIRTQUEUE_MAX; i++) {
		if (virtio_next(device, TRANSMIT, &chain) != OK)
			return false;
		if (chain.num != chain.num_read || chain.bytes < sizeof(struct network_header)) {
			virtio_break(device);
			return false;
		}
		if (!send_frame(device, &chain))
			return false;
		virtio_give(device, TRANSMIT, &chain, 0);
		if (chain.bytes >= left)
			return true;
		left -= chain.bytes;
	}
	return true;
}

/* --- To the guest --------------------------------------------------------------------------------
 */

static const u8 *own_mac(const struct device *device)
{
	const struct virtio_net *s = device->state;

	return (s->mode & MODE_MAC_SET) != 0 ? s->mac : device->net->channel->mac;
}

static bool in_table(const struct virtio_net *s, const u8 *mac)
{
	for (u32 i = 0; i < MIN(s->num, TABLE_MAX); i++)
		if (memcmp(s->table[i], mac, MAC_BYTES) == 0)
			return true;
	return false;
}

/* Returns true if the guest wants frames for @mac (§5.1.6.5.1). */
static bool is_wanted(const struct device *device, const u8 *mac)
{
	static const u8 broadcast[MAC_BYTES] = { 255, 255, 255, 255, 255, 255 };
	const struct virtio_net *s = device->state;

	if ((s->mode & MODE(RX_PROMISCUOUS)) != 0)
		return true;
	if (memcmp(mac, broadcast, MAC_BYTES) == 0)
		return (s->mode & MODE(RX_NO_BROADCAST)) == 0;
	if ((mac[0] & 1) != 0)
		return (s->mode & MODE(RX_NO_GROUPS)) == 0 &&
		       (!net_accepted(device, F_CONTROL_RX) || in_table(s, mac) ||
			(s->mode & (MODE(RX_ALL_GROUPS) | MODE_OVERFLOW)) != 0);
	return (s->mode & MODE(RX_NO_UNICAST)) == 0 &&
	       (memcmp(mac, own_mac(device), MAC_BYTES) == 0 || in_table(s, mac) ||
		(s->mode & (MODE(RX_ALL_UNICAST) | MODE_OVERFLOW)) != 0);
}

enum result { DONE, NO_BUFFERS };

/* The whole frame becomes visible with its last chain, and the header's count with it. A frame for
 * which the guest's queue is too small is dropped. */
static enum result put_frame(struct device *device, struct network_header *header, const u8 *frame,
			     u32 bytes)
{
	const struct virtio_net *s = device->state;
	u32 most = net_accepted(device, F_MERGEABLE) ? s->virtio.mmio.queues[RECEIVE].size : 1;
	u32 left = bytes + (u32)sizeof(*header), ahead = 0;
	struct chain chains[2]; /* the first, and a later one */

	do {
		struct chain *c = &chains[ahead == 0 ? 0 : 1];
		u32 skip = ahead == 0 ? (u32)sizeof(*header) : 0, n;
		enum err err;

		if (ahead == most)
			return DONE;
		err = virtio_next_ahead(device, RECEIVE, ahead, c);
		if (err != OK)
			return err == ERR_NOT_FOUND ? NO_BUFFERS : DONE;
		if (c->num_read != 0 || c->bytes <= skip) {
			virtio_break(device);
			return DONE;
		}
		n = MIN(c->bytes, left);
		(void)chain_put(c, skip, frame, n - skip);
		virtio_fill(device, RECEIVE, ahead, c, n);
		frame += n - skip;
		left -= n;
		ahead++;
	} while (left != 0);
	header->num_buffers = (u16)ahead;
	(void)chain_put(&chains[0], 0, header, sizeof(*header));
	keep_order();
	virtio_give_filled(device, RECEIVE, ahead);
	return DONE;
}

/* Each part of a segment that the guest does not take whole. @part: the next one. */
static enum result put_parts(struct device *device, const struct offload *offload, const u8 *frame,
			     u32 *part)
{
	static u8 buffer[OFFLOAD_PART];

	for (; *part < offload->parts; ++*part) {
		struct network_header header = { 0 };
		u32 bytes = offload_part(offload, frame, *part, buffer);

		if (bytes != 0 && put_frame(device, &header, buffer, bytes) == NO_BUFFERS)
			return NO_BUFFERS;
	}
	*part = 0;
	return DONE;
}

static enum result receive_frame(struct device *device, struct net_frame *frame)
{
	struct network_header header = frame->header;
	static struct offload offload;
	u64 whole;
	u8 mac[MAC_BYTES];

	memcpy(mac, frame->at, sizeof(mac));
	if (!is_wanted(device, mac) || !offload_check(&header, frame->at, frame->bytes, &offload))
		return DONE;
	whole = header.gso_type == NETWORK_GSO_TCPV4 ? F_GUEST_TSO4 : F_GUEST_TSO6;
	if (header.gso_type != NETWORK_GSO_NONE && !net_accepted(device, whole))
		return put_parts(device, &offload, frame->at, &device->net->part);
	if (header.flags != 0 && !net_accepted(device, F_GUEST_CSUM)) {
		offload_checksum(&header, frame->at, frame->bytes);
		header = (struct network_header){ 0 };
	}
	return put_frame(device, &header, frame->at, frame->bytes);
}

/* A guest whose driver is not ready gets nothing, as from a cable that is not plugged in. Returns
 * true if only the bound ended it. */
static bool receive(struct device *device)
{
	const struct virtio_net *s = device->state;
	u32 left = TURN;
	struct net_frame frame;

	net_port_collect(device->net);
	while (net_port_next(device->net, &frame)) {
		if (frame.bytes >= left)
			return true;
		left -= frame.bytes;
		if (virtio_mmio_is_ready(&s->virtio.mmio, RECEIVE) &&
		    receive_frame(device, &frame) == NO_BUFFERS)
			return false;
		net_port_done(device->net, &frame);
	}
	return false;
}

static bool net_serve(struct device *device)
{
	bool more;

	serve_control(device);
	more = transmit(device);
	if (device->net == NULL)
		return more;
	net_port_flush(device->net);
	return receive(device) || more;
}

static void net_config(const struct device *device, u8 bytes[VIRTIO_CONFIG_BYTES])
{
	struct config config = { .max_pairs = 1, .mtu = NETWORK_MTU };

	if (device->net != NULL) {
		memcpy(config.mac, own_mac(device), sizeof(config.mac));
		config.status = STATUS_LINK_UP;
	}
	memcpy(bytes, &config, sizeof(config));
}

static void net_init(struct device *device, const struct grant_info *region)
{
	const struct grant_info *channel = device_find_channel(device->info, region->name);

	device->net = net_port_attach(device->info, channel);
	if (device->net != NULL)
		device->bits |= device->net->send.bit;
	else
		log_line("%s: no channel to a switch: the link is down", region->name);
}

const struct virtio_model virtio_net_model = {
	.model = VIRTIO_MODEL("virtio-net", struct virtio_net),
	.type = { .id = 1,
		  .queues = 3,
		  .features =
			  (u32)(F_CSUM | F_GUEST_CSUM | F_MTU | F_MAC | F_GUEST_TSO4 |
				F_GUEST_TSO6 | F_HOST_TSO4 | F_HOST_TSO6 | F_MERGEABLE | F_STATUS |
				F_CONTROL | F_CONTROL_RX | F_CONTROL_RX_ALL | F_CONTROL_MAC) },
	.init = net_init,
	.serve = net_serve,
	.config = net_config,
};
