/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio device of the tests' own: it keeps its requests until the test answers them.
 */
#ifndef TEST_DEVICE_FAKE_H
#define TEST_DEVICE_FAKE_H

#include "test.h"
#include "zoo_virtio.h"

#define FEATURE_A   (UINT64_C(1) << 0)
#define FEATURE_B   (UINT64_C(1) << 37)
#define ACKNOWLEDGE 1
#define DRIVER	    3
#define FEATURES_OK 11
#define DRIVER_OK   15
#define BROKEN	    (DRIVER_OK | VIRTIO_NEEDS_RESET)

struct fake {
	struct virtio_state s;
	struct virtio_device dev;
	struct vq_chain chain;
	uint8_t config[8];
	unsigned activations, notifications, writes;
	bool async;	/* a reset waits for requests */
	unsigned taken; /* and not given back */
};

extern struct zoo zoo;
extern struct fake fake;

/* For cmocka: a new device with two queues of up to 16 entries. */
int fake_setup(void **state);

/* The device asks for a reset, and this was the first reason. */
void assert_broken(const char *why);

/* After a reset everything is as it was, whatever happened before. */
void assert_works(void);

#endif
