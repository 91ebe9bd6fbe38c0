/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a disk device and the thing behind it know of each other: requests that the device owns and
 * the backend carries out in any order. Pure.
 */
#ifndef VMM_DEVICE_BLOCK_H
#define VMM_DEVICE_BLOCK_H

#include <stdbool.h>
#include <stddef.h>

#include <rt/block.h>
#include <rt/virtqueue.h>

#define BLOCK_SEGMENTS 34u /* of a request: data of 32, and the remainders of header and status */

struct block_facts {
	uint64_t sectors;
	uint32_t block_bytes; /* logical block size: 512 .. 4096 */
	bool read_only;
	bool can_flush;		  /* what was written may be lost without a flush */
	uint32_t discard_sectors; /* largest discard, 0: none */
	uint32_t zeroes_sectors;  /* largest write-zeroes, 0: none */
	char serial[RT_BLOCK_SERIAL];
};

/* One request. The device has checked it against the facts, and does not touch it from submit to
 * done but for cancelled. */
struct block_io {
	enum rt_block_type type;
	uint64_t sector;
	uint32_t bytes;	   /* READ, WRITE: of data; DISCARD, WRITE_ZEROES: of the range */
	bool unmap;	   /* WRITE_ZEROES */
	bool cancelled;	   /* nobody wants its data any more */
	uint16_t segments; /* READ, WRITE: where data is, in guest memory */
	struct vq_segment segment[BLOCK_SEGMENTS];
	/* The backend's. */
	struct block_io *next;
	uint32_t issued;
	uint32_t pieces;
	enum rt_block_status status;
};

struct block_backend {
	struct block_facts facts;
	/* Carries out a request, now or later; done may be called before it returns. */
	void (*submit)(void *ctx, struct block_io *io);
	/* After a number of submits; optional. */
	void (*kick)(void *ctx);
	/* Something outside may have happened; optional. */
	void (*poll)(void *ctx);
	void *ctx;
	/* The device's: a request is done with. */
	void (*done)(void *owner, struct block_io *io, enum rt_block_status status);
	void *owner;
};

static inline void block_done(const struct block_backend *backend, struct block_io *io,
			      enum rt_block_status status)
{
	backend->done(backend->owner, io, status);
}

/* Copies length bytes of the request's data from offset on; the request has so many. */
void block_copy_in(const struct block_io *io, uint64_t offset, void *to, size_t length);
void block_copy_out(const struct block_io *io, uint64_t offset, const void *from, size_t length);

#endif
