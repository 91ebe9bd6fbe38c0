/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The windows between VMMs and services (rt/link.h). They are the root task's for as long as the
 * machine runs, so each end may come and go. A link is named by its service and the number of the
 * client there.
 */
#ifndef ROOT_LINKS_H
#define ROOT_LINKS_H

#include <config/config.h>
#include <rt/link.h>

#include "process.h"

/* Takes the windows of a service's links. False: not enough memory. */
bool links_take(const struct config_service *service);

/* The whole window: what a device may reach. */
struct extent link_window(const struct config_service *service, unsigned client);

/* Maps a window into one of its ends. */
bool link_map(const struct config_service *service, unsigned client, struct process *process,
	      uint64_t va);

/* Forgets what the last service said about the client; for when none runs. */
void link_forget(const struct config_service *service, unsigned client);

/* Begins a new sequence; the caller wakes both ends. */
void link_begin(const struct config_service *service, unsigned client, enum rt_link_state state);

/* What the service says about the client: the text is printable, and empty unless it refuses. */
enum rt_link_status link_status(const struct config_service *service, unsigned client,
				char text[RT_LINK_TEXT_BYTES]);

#endif
