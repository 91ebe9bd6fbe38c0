/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A client's port: the service's end of its link. What the client writes into its window is
 * hostile; one that breaks the rules of its rings is cut off until it is started again.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <rt/link.h>

#include "switch.h"

struct client {
	struct port *port;
	struct rt_link link;
	unsigned char *window;
	uint32_t mtu;
	bool broken;
	bool wake; /* it waits to be told of something */
	struct vq_device tx;
	struct vq_device rx;
};

/* Gives a port its client. */
void client_init(struct client *client, struct port *port, void *window);

/* Says to the client's VMM what it finds here. */
void client_offer(struct client *client, const struct rt_net_client *config, uint32_t mtu);

/* Acts on restarts of either end; called on each wake-up, before the switch's turns. */
void client_update(struct client *client);

/* Asks the client to say when it sends something. True: it has already. */
bool client_watch(struct client *client);

/* Whether the client is to be woken, since the last call. */
bool client_wake(struct client *client);

#endif
