/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports of networks: a region of a guest whose device is one makes a channel between the switch and
 * the guest's vmm. It has the name GUEST-REGION.
 */
#include <abi/network.h>
#include <mullion/format.h>
#include <mullion/string.h>

#include "config/internal.h"

#define VLAN_MAX 4094
#define RATE_MAX 1000000000

#define MAC_TEXT (sizeof("02:00:00:00:00:01") - 1)

static u32 mac_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (u32)(c - '0');
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? (u32)(c - 'a') + 10 : 16;
}

static bool read_mac(const char *text, u8 mac[6])
{
	if (strlen(text) != MAC_TEXT)
		return false;
	for (u32 i = 0; i < 6; i++) {
		u32 high = mac_digit(text[3 * i]), low = mac_digit(text[3 * i + 1]);

		if (high > 15 || low > 15 || (i < 5 && text[3 * i + 2] != ':'))
			return false;
		mac[i] = (u8)(high << 4 | low);
	}
	return true;
}

/* One of a guest's own: locally administered, with the numbers of guest and region. */
static void default_mac(u32 guest, u32 region, u8 mac[6])
{
	const u8 bytes[6] = {
		0x02, 'M', (u8)(guest >> 8), (u8)guest, (u8)(region >> 8), (u8)region
	};

	memcpy(mac, bytes, sizeof(bytes));
}

static void parse_mac(struct config_run *run, fdt_node_t node, u8 mac[6])
{
	static const u8 zero[6];
	const char *text = config_string(run, node, "mac-address");
	u8 bytes[6];

	if (text == NULL)
		return;
	if (!read_mac(text, bytes))
		config_error(run, node, "mac-address",
			     "no MAC address; write e.g. \"02:00:00:00:00:01\"");
	else if ((bytes[0] & 1) != 0 || memcmp(bytes, zero, sizeof(zero)) == 0)
		config_error(run, node, "mac-address",
			     "a group's address, or zero, belongs to no port; write e.g. "
			     "\"02:00:00:00:00:01\"");
	else
		memcpy(mac, bytes, sizeof(bytes));
}

static void parse_membership(struct config_run *run, fdt_node_t node, struct config_port *port)
{
	u32 vlan = 0;

	port->free = config_has(run, node, "any-mac");
	port->trunk = config_has(run, node, "trunk");
	(void)config_u32_within(run, node, "vlan", 0, VLAN_MAX, &vlan);
	port->vlan = (u16)vlan;
	if (port->trunk && config_has(run, node, "vlan"))
		config_error(run, node, "vlan",
			     "a trunk belongs to all VLANs; remove vlan, or trunk");
	(void)config_u32_within(run, node, "max-frames-per-second", 1, RATE_MAX,
				&port->frames_per_second);
	(void)config_u32_within(run, node, "max-kib-per-second", 1, RATE_MAX,
				&port->kib_per_second);
}

bool parse_port(struct config_run *run, u32 guest, const struct config_region *region,
		struct config_channel *channel)
{
	const struct config_guest *owner = &run->system->guests[guest];
	const char *network;

	if (region->device == NULL ||
	    (run->platform->model_trees[region->model].flags & ARCH_MODEL_NETWORK) == 0)
		return false;
	network = config_string(run, region->node, "network");
	if (network == NULL ||
	    !config_find_end(run, region->node, "network", network, &channel->ends[0]) ||
	    owner->vmm >= run->system->num_components)
		return false;
	channel->ends[1] = owner->vmm;
	channel->size = NETWORK_BYTES;
	channel->port.used = true;
	if (format(channel->name, sizeof(channel->name), "%s-%s", owner->name, region->name) >=
	    sizeof(channel->name))
		return config_error(run, region->node, NULL,
				    "the channel of the port, %s-%s, has more than %u bytes; use "
				    "shorter names of guest and region",
				    owner->name, region->name, CONFIG_NAME_MAX - 1);
	default_mac(guest, (u32)(region - owner->regions), channel->port.mac);
	parse_mac(run, region->node, channel->port.mac);
	parse_membership(run, region->node, &channel->port);
	return true;
}

static bool same_network(const struct config_channel *a, const struct config_channel *b)
{
	return a->port.used && b->port.used && a->ends[0] == b->ends[0];
}

/* A switch knows a guest by its address. */
void check_networks(struct config_run *run)
{
	const struct config_channel *channels = run->system->channels;

	for (u32 i = 0; i < run->system->num_channels; i++) {
		u32 before = 0;

		for (u32 j = 0; j < i; j++)
			before += same_network(&channels[i], &channels[j]) ? 1 : 0;
		if (before == NETWORK_PORTS)
			config_error(run, channels[i].node, "network",
				     "more than %u ports of this switch; use another for some",
				     NETWORK_PORTS);
		for (u32 j = 0; j < i; j++) {
			if (!same_network(&channels[i], &channels[j]) ||
			    memcmp(channels[i].port.mac, channels[j].port.mac, 6) != 0)
				continue;
			config_error(run, channels[i].node, "mac-address",
				     "port '%s' of the network has the same; write another, or "
				     "leave it out",
				     channels[j].name);
			break;
		}
	}
}
