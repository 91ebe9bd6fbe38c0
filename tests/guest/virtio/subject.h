/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices that the hostile driver works on. A new device is one entry of the table in
 * subject.c: which queue, and what a good request on it looks like.
 */
#ifndef GUEST_SUBJECT_H
#define GUEST_SUBJECT_H

#include "../lib/test.h"
#include "../lib/virtio.h"

#define REQUEST_MAX 4

struct subject {
	const char *name;
	uint16_t type;
	bool found;
	unsigned queue;
	/* Writes the descriptors of a good request, without NEXT flags; returns how many. */
	unsigned (*build)(struct virtio_desc *desc);
	/* Whether the request was answered well, by the used length. */
	bool (*check)(uint32_t written);
	struct virtio device;
};

/* The subjects that are there, in turn. */
struct subject *subject_next(struct subject *after);

/* For each: starts it, prepares its good request, has it corrupted (and submitted), and sees that
 * only a reset helps, or, if no reset is demanded, that it works after one. */
void break_each(const char *what, void (*corrupt)(struct subject *s));
void trouble_each(const char *what, void (*corrupt)(struct subject *s));

/* Starts a subject anew with all features of the transport, and no more. */
void subject_start(struct subject *s);
/* Puts its good request into the descriptors from number 0 on; returns how many there are. */
unsigned subject_prepare(struct subject *s);
/* Offers head 0 and rings. */
void subject_submit(struct subject *s);
/* The started device answers good requests, direct and indirect. */
void subject_works(struct subject *s);

#endif
