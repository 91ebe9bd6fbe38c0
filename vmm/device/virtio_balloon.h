/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory balloon (VIRTIO 1.2 section 5.5) with statistics and free page reporting. The device says
 * which pages the guest does without; what comes of that is its owner's.
 */
#ifndef VMM_DEVICE_VIRTIO_BALLOON_H
#define VMM_DEVICE_VIRTIO_BALLOON_H

#include "virtio.h"

#define BALLOON_PAGE  4096u
#define BALLOON_STATS 10u

/* What happens to guest memory. Ranges are page aligned and in RAM. */
struct balloon_memory {
	void (*inflate)(void *ctx, uint64_t gpa); /* a page the guest does without */
	void (*deflate)(void *ctx, uint64_t gpa); /* a page it wants again */
	/* Contents the guest no longer needs; it may use the range again at any time. */
	void (*report)(void *ctx, uint64_t gpa, uint64_t bytes);
	void (*done)(void *ctx); /* no more for now: the request is answered next */
	/* The statistics that were asked for: bytes that are free, and those that the guest could
	 * do without; UINT64_MAX: not known. */
	void (*told)(void *ctx, uint64_t free, uint64_t available);
	void *ctx;
};

/* struct virtio_balloon_config, without what features that are not offered would add. */
struct virtio_balloon_config {
	uint32_t target; /* pages the guest is to do without */
	uint32_t actual; /* pages it does without, as the driver says */
};
_Static_assert(sizeof(struct virtio_balloon_config) == 8, "VIRTIO 1.2 section 5.5.4");

struct virtio_balloon_state {
	struct virtio_state virtio;
	struct virtio_balloon_config config;
	uint64_t stats[BALLOON_STATS]; /* by tag, section 5.5.6.3; UINT64_MAX: not known */
	uint64_t asked;		       /* 1: the driver has been asked for new ones */
};

struct virtio_balloon {
	struct virtio_balloon_state s;
	struct virtio_device dev;
	struct balloon_memory memory;
	struct vq_chain chain;
};

extern const struct device_ops virtio_balloon_device_ops;

void virtio_balloon_init(struct virtio_balloon *balloon, const struct virtio_wiring *wiring,
			 const struct balloon_memory *memory);

/* Asks the guest to do without so many bytes in all. False: that is what it was asked already. */
bool virtio_balloon_set_target(struct virtio_balloon *balloon, uint64_t bytes);

/* Asks the guest for new statistics; the answer comes later, if its driver has any. */
void virtio_balloon_ask(struct virtio_balloon *balloon);

#endif
