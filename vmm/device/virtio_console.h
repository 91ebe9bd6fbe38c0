/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Console device (VIRTIO 1.2 section 5.3) with one port and without control queues. Like the serial
 * port it loses no input: bytes wait until the driver has a buffer for them.
 */
#ifndef VMM_DEVICE_VIRTIO_CONSOLE_H
#define VMM_DEVICE_VIRTIO_CONSOLE_H

#include "virtio.h"

#define VIRTIO_CONSOLE_INPUT 128u

/* The other end. drained, if set, is called when all input has been taken: more may be pushed, also
 * from within the call. */
struct virtio_console_line {
	void (*write)(void *ctx, const void *bytes, size_t n);
	void (*drained)(void *ctx);
	void *ctx;
};

/* struct virtio_console_config. */
struct virtio_console_config {
	uint16_t cols, rows;
	uint32_t max_ports;
	uint32_t emergency;
};
_Static_assert(sizeof(struct virtio_console_config) == 12, "VIRTIO 1.2 section 5.3.4");

struct virtio_console_state {
	struct virtio_state virtio;
	uint32_t inputs; /* bytes that wait */
	uint32_t in_use; /* the driver has written since the last reset */
	uint8_t input[VIRTIO_CONSOLE_INPUT];
};

struct virtio_console {
	struct virtio_console_state s;
	struct virtio_device dev;
	struct virtio_console_config config;
	struct virtio_console_line line;
	struct vq_chain chain;
};

extern const struct device_ops virtio_console_device_ops;

void virtio_console_init(struct virtio_console *console, const struct virtio_wiring *wiring,
			 struct virtio_console_line line);

/* Whether the guest uses this console: its driver is ready and has written something. */
bool virtio_console_in_use(const struct virtio_console *console);

/* How many bytes virtio_console_push() would take now. */
size_t virtio_console_room(const struct virtio_console *console);

/* Offers input; takes at most that many bytes, and returns how many. */
size_t virtio_console_push(struct virtio_console *console, const void *bytes, size_t n);

#endif
