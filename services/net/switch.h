/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A learning Ethernet switch. Its ports are clients, which may send from their own address only,
 * and at most one uplink. It is fair between the ports that send, by bytes; a port that does not
 * receive what it is sent loses it and delays no other. Relies on nothing but its ports'
 * operations.
 */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include <rt/process.h>

#include "gso.h"
#include "limit.h"
#include "mac_table.h"

#define SWITCH_PORTS	   (RT_LINKS_MAX + 1u)
#define SWITCH_TURN_BYTES  16384 /* what one port sends in one turn, about */
#define SWITCH_TURN_FRAMES 32u

enum port_next {
	PORT_EMPTY,
	PORT_FRAME,
	PORT_MALFORMED, /* something was taken that is no frame */
};

struct port_ops {
	/* Takes the next frame that the port sends. It stays until done or hold. */
	enum port_next (*next)(void *ctx, struct frame *frame);
	void (*done)(void *ctx);
	/* The frame is to be next again. */
	void (*hold)(void *ctx);
	/* Whether a frame that needs so much should wait in its sender's ring for room here; null:
	 * it is lost when there is no room. */
	bool (*full)(void *ctx, uint32_t packets, uint32_t bytes);
};

struct port_counts {
	uint64_t sent; /* frames taken from the port, and their bytes */
	uint64_t sent_bytes;
	uint64_t received; /* packets delivered to it */
	uint64_t lost;	   /* packets it had no room for */
	uint64_t malformed;
	uint64_t forged; /* frames from an address that is not the port's */
};

struct port {
	char name[RT_NAME_BYTES];
	const struct port_ops *ops;
	struct outlet outlet; /* its ctx is that of ops */
	bool up;	      /* frames come from it and go to it */
	bool waits;	      /* it may not send more yet, by its limit or for room at the uplink */
	bool is_client;
	bool told_forged;
	bool told_malformed;
	uint64_t mac; /* a client's */
	int64_t credit;
	struct limit bytes;
	struct limit packets;
	struct port_counts counts;
};

struct ether_switch {
	unsigned ports;
	unsigned first;	   /* whose turn is first */
	uint32_t uplink;   /* its port, or MAC_NO_PORT */
	bool held;	   /* a frame waits for room at the uplink */
	uint64_t ready_ns; /* when a port whose limit is reached may send again */
	struct mac_table macs;
	struct port port[SWITCH_PORTS];
};

void switch_init(struct ether_switch *sw);

/* Adds a client's port; ports are numbered in this order. Null: its address is in use. */
struct port *switch_add_client(struct ether_switch *sw, const char *name,
			       const struct rt_net_client *client, uint64_t now_ns);
struct port *switch_add_uplink(struct ether_switch *sw, const char *name);

/* One turn for every port. Returns whether more is waiting. */
bool switch_turn(struct ether_switch *sw, uint64_t now_ns);

#endif
