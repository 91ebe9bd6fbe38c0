/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block service at work: answers what the controller has done, gives it what clients want, one
 * fair turn after the other, and restarts it when it does not answer. A turn is a deficit round
 * robin: each client may submit a quantum of bytes, and what it did not use up because its next
 * request is larger stays its own.
 */
#include "service.h"

#include <stdio.h>
#include <string.h>

#define CREDIT_MAX (RT_BLOCK_REQUEST_BYTES + SERVICE_COST) /* enough for any request */
#define POLL_NS	   1000000ull				   /* without an interrupt */
#define LOST_NS	   100000000ull /* a lost interrupt shows at most as such a delay */
#define CHECK_NS   1000000000ull

static void wake(struct service *service, const struct client *client)
{
	service->kicks |= 1ull << (client - service->client);
}

/* Gives every request that the controller had back to its client, to be tried again or failed. */
static void lose_requests(struct service *service)
{
	for (unsigned n = 0; n < service->clients; n++) {
		struct client *client = &service->client[n];

		for (unsigned i = 0; i < RT_BLOCK_IN_FLIGHT; i++)
			if (client->request[i].state == REQUEST_FLYING)
				client_retry(&client->request[i]);
	}
	service->flying = 0;
}

/* Whether every unit is what its clients were told. */
static bool same_units(const struct disk_unit *old, const struct disk *disk, unsigned units)
{
	if (disk->units < units)
		return false;
	for (unsigned i = 0; i < units; i++)
		if (disk->unit[i].sectors < old[i].sectors ||
		    disk->unit[i].block_bytes != old[i].block_bytes ||
		    disk->unit[i].read_only != old[i].read_only)
			return false;
	return true;
}

static void restart_disk(struct service *service, const char *why)
{
	struct disk *disk = &service->disk;
	struct disk_unit old[DISK_UNITS];
	unsigned units = disk->units;
	char line[160];

	snprintf(line, sizeof line, "%s at %s: %s; the controller is reset", disk->ops->name,
		 disk->device->address, why);
	service->log(line);
	memcpy(old, disk->unit, sizeof old);
	disk->ops->stop(disk);
	lose_requests(service);
	service->fatal = disk_start(disk);
	if (!service->fatal && !same_units(old, disk, units))
		service->fatal = "its disks have changed";
}

static void complete(struct service *service)
{
	struct disk *disk = &service->disk;
	bool failed = false;
	bool good = false;
	struct disk_request *done;

	while ((done = disk->ops->poll(disk, &good, &failed))) {
		struct request *request = (struct request *)(void *)done;

		service->flying--;
		client_answer(request, good ? RT_BLOCK_OK : RT_BLOCK_ERROR);
	}
	if (failed)
		restart_disk(service, "it reports a fault of its own");
}

/* The controller has had a request for too long. */
static bool is_stuck(const struct service *service, uint64_t now_ns)
{
	for (unsigned n = 0; n < service->clients; n++)
		for (unsigned i = 0; i < RT_BLOCK_IN_FLIGHT; i++) {
			const struct request *request = &service->client[n].request[i];

			if (request->state == REQUEST_FLYING &&
			    now_ns - request->flying_ns >= SERVICE_TIMEOUT_NS)
				return true;
		}
	return false;
}

static void check_timeouts(struct service *service, uint64_t now_ns)
{
	if (!service->flying || now_ns - service->checked_ns < CHECK_NS)
		return;
	service->checked_ns = now_ns;
	if (is_stuck(service, now_ns))
		restart_disk(service, "it has not answered a request for 30 s");
}

static void say_broken(const struct service *service, const struct client *client, const char *why)
{
	char line[160];

	snprintf(line, sizeof line,
		 "the link of %.*s is broken (%s); it is ignored until that VM restarts",
		 (int)RT_NAME_BYTES, client->info->name, why);
	service->log(line);
}

enum turn { TURN_OVER, TURN_EMPTY, TURN_HELD, TURN_FULL };

/*
 * Submits what the client's credit, its limits and the controller allow. TURN_OVER: its credit is
 * used up; TURN_EMPTY: it has nothing, or may not; TURN_HELD: its disk has no room, TURN_FULL: the
 * controller has none.
 */
static enum turn client_turn(struct service *service, struct client *client, uint64_t now_ns,
			     uint64_t *again_ns)
{
	struct disk *disk = &service->disk;
	struct request *request;
	const char *broken;

	while ((request = client_next(client, &broken))) {
		uint32_t cost = request->data_bytes + SERVICE_COST;

		if (!limit_ready(&client->bytes, now_ns, again_ns) ||
		    !limit_ready(&client->operations, now_ns, again_ns))
			return TURN_EMPTY;
		if (client->credit < cost)
			return TURN_OVER;
		switch (disk->ops->submit(disk, &request->disk)) {
		case DISK_FULL:
			return TURN_FULL;
		case DISK_UNIT_FULL:
			return TURN_HELD;
		case DISK_TAKEN:
			break;
		}
		client->credit -= cost;
		limit_spend(&client->bytes, request->data_bytes);
		limit_spend(&client->operations, 1);
		client_submitted(client, now_ns);
		service->flying++;
	}
	if (broken)
		say_broken(service, client, broken);
	return TURN_EMPTY;
}

/* Turns for everyone until nobody has anything more that the controller could take. */
static void submit(struct service *service, uint64_t now_ns, uint64_t *again_ns)
{
	unsigned empty = 0;

	while (service->clients && empty < service->clients) {
		struct client *client = &service->client[service->turn];

		if (!service->granted)
			client->credit += SERVICE_QUANTUM;
		service->granted = true;
		switch (client_turn(service, client, now_ns, again_ns)) {
		case TURN_FULL:
			return;
		case TURN_EMPTY:
			client->credit = 0;
			empty++;
			break;
		case TURN_HELD:
			if (client->credit > CREDIT_MAX)
				client->credit = CREDIT_MAX;
			empty++;
			break;
		case TURN_OVER:
			empty = 0;
			break;
		}
		service->granted = false;
		service->turn = (service->turn + 1) % service->clients;
	}
}

/* Asks for wake-ups. True: something has come already. */
static bool watch(struct service *service)
{
	bool more = false;

	for (unsigned n = 0; n < service->clients; n++) {
		struct client *client = &service->client[n];

		if (client_served(client) && !client->first && client->free)
			more = vq_device_watch(&client->queue) || more;
	}
	if (service->flying)
		more = service->disk.ops->watch(&service->disk) || more;
	return more;
}

uint64_t service_turn(struct service *service, uint64_t now_ns)
{
	uint64_t again_ns = SERVICE_NEVER;
	struct disk *disk = &service->disk;

	if (disk->units) {
		complete(service);
		check_timeouts(service, now_ns);
	}
	/* A controller that does not come back may still use the windows: no link may stop. */
	if (service->fatal)
		return 0;
	for (unsigned n = 0; n < service->clients; n++)
		if (client_poll(&service->client[n], now_ns) == CLIENT_CHANGED)
			wake(service, &service->client[n]);
	if (disk->units) {
		submit(service, now_ns, &again_ns);
		disk->ops->kick(disk);
	}
	for (unsigned n = 0; n < service->clients; n++)
		if (client_kick(&service->client[n]))
			wake(service, &service->client[n]);
	if (watch(service))
		return 0;
	if (service->flying) {
		uint64_t wait_ns = disk->device->interrupts ? LOST_NS : POLL_NS;

		if (again_ns > now_ns + wait_ns)
			again_ns = now_ns + wait_ns;
	}
	return again_ns;
}
