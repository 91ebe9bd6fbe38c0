/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output to COM1 by polling, for the root task until a console service owns the port. The kernel or
 * the firmware has set speed and format. Needs the port space of the root task.
 */
#ifndef RT_SERIAL_H
#define RT_SERIAL_H

#include <stddef.h>

/* Writes n bytes; a newline is sent as carriage return and newline. */
void rt_serial_write(const char *bytes, size_t n);

/* The same as a sink of the log; context is ignored. */
void rt_serial_sink(void *context, const char *line, size_t n);

#endif
