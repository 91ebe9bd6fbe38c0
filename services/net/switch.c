/* SPDX-License-Identifier: Apache-2.0 */
/* Forwarding, and whose turn it is; see switch.h. */
#include "switch.h"

#include <rt/log.h>
#include <string.h>

#define COST_MALFORMED 64u /* bytes that something which is no frame counts as */

static struct port *add(struct ether_switch *sw, const char *name)
{
	struct port *port = &sw->port[sw->ports++];

	strncpy(port->name, name, sizeof port->name - 1);
	return port;
}

void switch_init(struct ether_switch *sw)
{
	memset(sw, 0, sizeof *sw);
	sw->uplink = MAC_NO_PORT;
}

struct port *switch_add_client(struct ether_switch *sw, const char *name,
			       const struct rt_net_client *client, uint64_t now_ns)
{
	uint64_t mac = mac_number(client->mac);

	if (sw->ports == SWITCH_PORTS || !mac || mac_is_group(mac) ||
	    !mac_table_fix(&sw->macs, mac, sw->ports))
		return NULL;
	struct port *port = add(sw, name);
	port->is_client = true;
	port->mac = mac;
	limit_init(&port->bytes, client->bytes_per_s, now_ns);
	limit_init(&port->packets, client->packets_per_s, now_ns);
	return port;
}

struct port *switch_add_uplink(struct ether_switch *sw, const char *name)
{
	if (sw->ports == SWITCH_PORTS || sw->uplink != MAC_NO_PORT)
		return NULL;
	sw->uplink = sw->ports;
	return add(sw, name);
}

static void log_forged(const struct port *port, const unsigned char *mac)
{
	rt_log(RT_WARNING,
	       "%s sends from %02x:%02x:%02x:%02x:%02x:%02x, which is not its address; such frames "
	       "are dropped",
	       port->name, mac[0], mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* Whether a frame may come from its port; learns where it came from. */
static bool may_send(struct ether_switch *sw, uint32_t from, const struct frame *frame,
		     uint64_t now_ns)
{
	struct port *port = &sw->port[from];
	uint64_t source = mac_number(frame->start + MAC_BYTES);
	bool good = port->is_client ? source == port->mac
				    : source && !mac_is_group(source) &&
					      mac_table_fixed(&sw->macs, source) == MAC_NO_PORT;

	if (good) {
		if (!port->is_client)
			mac_table_learn(&sw->macs, source, from, now_ns);
		return true;
	}
	port->counts.forged++;
	if (!port->told_forged)
		log_forged(port, frame->start + MAC_BYTES);
	port->told_forged = true;
	return false;
}

static void deliver(struct port *to, const struct frame *frame)
{
	uint32_t packets = gso_packets(frame, to->outlet.takes);
	uint32_t delivered = to->up ? gso_deliver(frame, &to->outlet) : 0;

	to->counts.received += delivered;
	to->counts.lost += packets - delivered;
}

/* Whether the frame must wait in its ring for room at a port. */
static bool must_wait(const struct port *to, const struct frame *frame)
{
	uint32_t packets = gso_packets(frame, to->outlet.takes);

	return to->up && to->ops->full &&
	       to->ops->full(to->outlet.ctx, packets,
			     frame->bytes + (packets - 1) * frame->headers);
}

/* Sends the frame where it belongs. False: it has to wait. */
static bool forward(struct ether_switch *sw, uint32_t from, const struct frame *frame,
		    uint64_t now_ns)
{
	uint64_t destination = mac_number(frame->start);
	uint32_t to = MAC_NO_PORT;

	if (!may_send(sw, from, frame, now_ns))
		return true;
	if (!mac_is_group(destination))
		to = mac_table_find(&sw->macs, destination, now_ns);
	if (to == from)
		return true;
	if (sw->uplink != MAC_NO_PORT && from != sw->uplink &&
	    (to == MAC_NO_PORT || to == sw->uplink) && must_wait(&sw->port[sw->uplink], frame))
		return false;
	if (to != MAC_NO_PORT) {
		deliver(&sw->port[to], frame);
		return true;
	}
	for (unsigned i = 0; i < sw->ports; i++)
		if (i != from)
			deliver(&sw->port[i], frame);
	return true;
}

static void note_malformed(struct port *port)
{
	port->counts.malformed++;
	if (!port->told_malformed)
		rt_log(RT_WARNING, "%s sends what is no frame; such packets are dropped",
		       port->name);
	port->told_malformed = true;
}

/* What the port has sent counts against its credit and its limits. */
static void charge(struct port *port, const struct frame *frame)
{
	uint32_t bytes = frame->bytes + (frame->packets - 1) * frame->headers;

	port->credit -= bytes;
	limit_spend(&port->bytes, bytes);
	limit_spend(&port->packets, frame->packets);
	port->counts.sent++;
	port->counts.sent_bytes += frame->bytes;
}

static bool limits_ready(struct ether_switch *sw, struct port *port, uint64_t now_ns)
{
	bool bytes = limit_ready(&port->bytes, now_ns, &sw->ready_ns);
	bool packets = limit_ready(&port->packets, now_ns, &sw->ready_ns);

	return bytes && packets;
}

/* One turn of a port: about as many bytes as everyone's. Returns whether more is waiting. */
static bool port_turn(struct ether_switch *sw, uint32_t n, uint64_t now_ns)
{
	static struct frame frame;
	struct port *port = &sw->port[n];

	port->waits = false;
	port->credit += SWITCH_TURN_BYTES;
	if (port->credit > SWITCH_TURN_BYTES)
		port->credit = SWITCH_TURN_BYTES;
	for (unsigned i = 0; i < SWITCH_TURN_FRAMES && port->credit > 0; i++) {
		if (!port->up)
			return false;
		if (!limits_ready(sw, port, now_ns)) {
			port->waits = true;
			return false;
		}
		enum port_next next = port->ops->next(port->outlet.ctx, &frame);
		if (next == PORT_EMPTY)
			return false;
		if (next == PORT_MALFORMED) {
			note_malformed(port);
			port->credit -= COST_MALFORMED;
			limit_spend(&port->packets, 1);
			continue;
		}
		if (!forward(sw, n, &frame, now_ns)) {
			port->ops->hold(port->outlet.ctx);
			port->waits = true;
			sw->held = true;
			return false;
		}
		port->ops->done(port->outlet.ctx);
		charge(port, &frame);
	}
	return true;
}

bool switch_turn(struct ether_switch *sw, uint64_t now_ns)
{
	bool more = false;

	sw->held = false;
	sw->ready_ns = UINT64_MAX;
	for (unsigned i = 0; i < sw->ports; i++)
		more = port_turn(sw, (sw->first + i) % sw->ports, now_ns) || more;
	if (sw->ports)
		sw->first = (sw->first + 1) % sw->ports;
	return more;
}
