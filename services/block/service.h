/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The block service without its hardware: clients behind links, each with a part of a disk, a fair
 * share of the controller and its limits. Whatever a client does, the others are served; whatever
 * the controller does, clients get an answer. Relies on a driver (disk.h) and on time.
 */
#ifndef BLOCK_SERVICE_H
#define BLOCK_SERVICE_H

#include <rt/process.h>

#include "limit.h"
#include "request.h"

#define SERVICE_QUANTUM	   65536u /* bytes of a client's turn */
#define SERVICE_COST	   4096u  /* of a request beside its data */
#define SERVICE_ANSWERS	   64u	  /* requests refused at once in a client's turn */
#define SERVICE_TIMEOUT_NS 30000000000ull
#define SERVICE_TRIES	   2u
#define SERVICE_NEVER	   UINT64_MAX

struct client {
	const struct rt_client *info;
	struct rt_link link;
	struct vq_device queue;
	struct extent extent;
	struct limit bytes, operations;
	uint32_t credit; /* bytes it may still submit in this turn */
	bool refused;
	bool broken; /* its ring broke the rules; until it is started again */
	unsigned flying;
	struct request *free;
	struct request *first, *last; /* queued */
	struct request request[RT_BLOCK_IN_FLIGHT];
};

struct service {
	struct disk disk;
	struct client client[RT_LINKS_MAX];
	unsigned clients;
	unsigned turn; /* client whose turn it is */
	bool granted;  /* it has got its quantum already */
	unsigned flying;
	uint64_t checked_ns; /* when timeouts were looked for */
	uint64_t kicks;	     /* bit per client to be woken */
	const char *fatal;   /* why the service cannot go on; NULL: it can */
	void (*log)(const char *line);
};

/*
 * Does what there is to do. Returns when to call again at the latest, if nobody wakes the service
 * before; 0: at once.
 */
uint64_t service_turn(struct service *service, uint64_t now_ns);

/* The clients of a service; private to it. */
void client_init(struct client *client);
enum client_event { CLIENT_QUIET, CLIENT_CHANGED };
enum client_event client_poll(struct client *client, uint64_t now_ns);
bool client_served(const struct client *client);
/* The next request that waits for its turn, or NULL. *kick: the client is to be woken. */
struct request *client_next(struct client *client, const char **broken);
void client_submitted(struct client *client, uint64_t now_ns);
/* Answers a request that was flying. */
void client_answer(struct request *request, enum rt_block_status status);
/* The controller has lost a request that was flying. */
void client_retry(struct request *request);
/* Whether the client waits for what was answered. */
bool client_kick(struct client *client);

#endif
