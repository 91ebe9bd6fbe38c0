/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guest memory that goes back to the root task and comes again, by the books in holes.h and the
 * protocol in rt/balloon.h. All with the machine's lock held.
 *
 * A virtual CPU that touches a block that is gone waits for it as it waits in HLT: the others run
 * on. A device is in the middle of something, and waits with the lock.
 */
#ifndef VMM_MACHINE_BALLOON_H
#define VMM_MACHINE_BALLOON_H

#include "device/virtio_balloon.h"
#include "fetch.h"
#include "holes.h"

struct machine;

struct balloon {
	struct rt_balloon *page; /* shared with the root task; NULL: there is no balloon */
	uint64_t *wanted, *gone; /* its bit maps */
	bool waited;		 /* for memory; logged once */
	struct holes holes;
};

void balloon_open(struct machine *m);

/* For the balloon device; ctx is the struct machine. */
void balloon_inflate(void *m, uint64_t gpa);
void balloon_deflate(void *m, uint64_t gpa);
void balloon_report(void *m, uint64_t gpa, uint64_t bytes);
void balloon_done(void *m);
void balloon_told(void *m, uint64_t free, uint64_t available);

/* Fetches what is gone of length bytes of the RAM window that are about to be used. */
void balloon_touch(void *m, unsigned char *bytes, uint64_t length);

/* A virtual CPU has touched gpa, where nothing is mapped. True: it is RAM; the guest can go on
 * where it was when fetch waits no more. */
bool balloon_fault(struct machine *m, uint64_t gpa, struct fetch *fetch);

/* Does what is next for it. */
void balloon_fetch(struct machine *m, struct fetch *fetch);

/* The root task may have a new target for the guest. */
void balloon_poll(struct machine *m);

#endif
