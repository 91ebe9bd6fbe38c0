/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a service: a client of the console service that has no console of its own. */
#ifndef SERVICES_SERVICE_LOG_H
#define SERVICES_SERVICE_LOG_H

/* From now on rt_log goes to the system log. */
void service_log_open(void);

#endif
