/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root task's end of the console service: its process, the session windows of all its clients,
 * the table that tells it of them, and the root task's own session, which carries its log once the
 * service runs. Client n is process n, a VM or a service;
 * client 0 is the root task.
 */
#ifndef ROOT_CLIENTS_H
#define ROOT_CLIENTS_H

#include <config/config.h>
#include <rt/control.h>

#include "process.h"

/* Keeps the log on the serial port and remembers it for the system log. */
void clients_log_early(void);

/* Takes windows for count clients; the root task's is number 0. */
bool clients_init(unsigned count, const struct config_host *host);

/* Names a client before it is first opened or closed; flags: RT_SLOT_*. */
void client_name(unsigned n, const char *name, unsigned flags);

/* Starts the console service, also again after it ended. False: the log stays on the port. */
bool console_start(const struct vela_info *info, const struct rt_info *facts);

/* The log goes back to the serial port, for when the service has ended. */
void console_ended(void);

struct process *console_process(void);

/* The window of a client, to be mapped into its process. */
struct extent client_window(unsigned n);

/* Lets the service use a new client's session; the window is cleared. wake: its semaphore. */
bool client_open(unsigned n, vela_sel_t wake);

/* Gives a restarted service a running client's semaphore again. */
bool client_rejoin(unsigned n, vela_sel_t wake);

/* Tells the service that a client is gone and why. */
void client_close(unsigned n, const char *note);

/* Whether the service has seen the last client_open or client_close. */
bool client_acked(unsigned n);

#endif
