/* SPDX-License-Identifier: Apache-2.0 */
/* How the block service starts; see service.h for what it does then. */
#ifndef BLOCK_SETUP_H
#define BLOCK_SETUP_H

#include "service.h"

struct service_setup {
	const struct rt_service_info *info;
	unsigned char *windows; /* of client n at + n * RT_LINK_BYTES */
	unsigned char *dma;
	void (*log)(const char *line);
};

/* Brings the controller up and says of each client whether it can be served. */
void service_init(struct service *service, const struct service_setup *setup);

#endif
