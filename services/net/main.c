/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network service: one switch with its clients and, if it has one, the network card that is its
 * uplink. Its loop gives every port its turn, wakes whom it has something for, and waits for the
 * semaphore that clients and the card's interrupts share.
 */
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/start.h>

#include "client.h"
#include "e1000e.h"
#include "service_log.h"
#include "virtio_net.h"

/* The service allocates nothing. */
RT_HEAP(4096);

#define TURNS_MAX 64u /* before restarts and the card are looked at again */

static struct ether_switch sw;
static struct client client[RT_LINKS_MAX];
static unsigned clients;
static union {
	struct nic nic;
	struct virtio_net virtio;
	struct e1000e e1000e;
} card;
static struct nic *nic; /* null: the switch has no uplink */

static void add_clients(const struct rt_service_info *info)
{
	for (unsigned n = 0; n < info->clients && n < RT_LINKS_MAX; n++) {
		const struct rt_client *config = &info->client[n];
		struct port *port =
			switch_add_client(&sw, config->name, &config->net, rt_clock_ns());

		if (!port)
			rt_fatal("the address of %s is in use, or none that a guest can have",
				 config->name);
		client_init(&client[n], port, (unsigned char *)(RT_CLIENT_VA + n * RT_LINK_BYTES));
		clients++;
	}
}

static void add_uplink(const struct rt_service_info *info)
{
	const struct nic_ops *ops = nic_find(&info->device);
	struct port *port = switch_add_uplink(&sw, "uplink");

	if (!ops)
		rt_fatal("uplink %s: no driver for device %04x:%04x; there are drivers for virtio "
			 "network devices and the Intel 82574L",
			 info->device.address, info->device.vendor, info->device.device);
	nic = &card.nic;
	const char *why = nic_start(nic, ops, info, (unsigned char *)RT_DMA_VA, port);
	if (why)
		rt_fatal("uplink %s: %s: %s", info->device.address, ops->name, why);
}

/* What has happened outside the rings; returns when to look again at the latest. */
static uint64_t update(void)
{
	uint64_t next = UINT64_MAX;

	for (unsigned n = 0; n < clients; n++)
		client_update(&client[n]);
	if (nic) {
		next = nic_poll(nic, rt_clock_ns());
		if (nic->dead)
			rt_fatal("uplink %s: %s", nic->device->address, nic->dead);
	}
	return next;
}

static void wake(void)
{
	for (unsigned n = 0; n < clients; n++)
		if (client_wake(&client[n]))
			rt_sm_up(RT_SEL_CLIENT + n);
	if (nic && nic->port->up)
		nic->ops->flush(nic);
}

/* Asks all to say when they have something. True: someone has already. */
static bool watch(void)
{
	bool more = false;

	for (unsigned n = 0; n < clients; n++)
		if (!client[n].port->waits)
			more = client_watch(&client[n]) || more;
	if (nic && nic->port->up)
		more = nic->ops->watch(nic, sw.held) || more;
	return more;
}

static void wait_until(uint64_t ns)
{
	uint64_t now = rt_clock_ns();

	if (ns > now)
		rt_sm_down_all(RT_SEL_WAKE,
			       ns == UINT64_MAX ? VELA_NO_DEADLINE : rt_clock_deadline(ns - now));
}

int rt_main(void)
{
	const struct rt_service_info *info = &rt_info()->service;

	service_log_open();
	switch_init(&sw);
	add_clients(info);
	if (info->has_device)
		add_uplink(info);
	for (unsigned n = 0; n < clients; n++)
		client_offer(&client[n], &info->client[n].net, NIC_MTU);
	for (;;) {
		uint64_t next = update();
		bool more = true;

		rt_alive();
		for (unsigned turn = 0; more && turn < TURNS_MAX; turn++) {
			more = switch_turn(&sw, rt_clock_ns());
			wake();
		}
		if (!more && !watch())
			wait_until(sw.ready_ns < next ? sw.ready_ns : next);
	}
}
