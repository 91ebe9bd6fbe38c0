/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocol of a link with a block service. One split virtqueue of 256 entries at
 * RT_LINK_RINGS, driver = client; descriptors address bytes by their offset in the window. A
 * request is a chain as VIRTIO 1.2 section 5.2.6 has it: a readable struct rt_block_request in one
 * descriptor, data, and one writable status byte in one descriptor. A chain without these two
 * breaks the link; anything else that is wrong with a request is answered with RT_BLOCK_ERROR.
 *
 * Data to read and write lies at or behind RT_BLOCK_DATA in at most RT_BLOCK_SEGMENTS descriptors
 * that start at a page of 4 KiB, and all but the last of which end at one; in all a multiple of the
 * logical block size and at most facts.request_bytes. DISCARD and WRITE_ZEROES have one struct
 * rt_block_range. Requests are answered in any order; a flush covers the writes answered before it
 * was made available.
 */
#ifndef RT_BLOCK_H
#define RT_BLOCK_H

#include <stdint.h>

#include <rt/link.h>

#define RT_BLOCK_ENTRIES       256u
#define RT_BLOCK_IN_FLIGHT     64u     /* requests of one client that a service has at a time */
#define RT_BLOCK_HEADERS       0x4000u /* client's choice: requests and status bytes */
#define RT_BLOCK_DATA	       0x8000u
#define RT_BLOCK_SECTOR	       512u /* unit of all sector numbers */
#define RT_BLOCK_PAGE	       4096u
#define RT_BLOCK_SERIAL	       20u /* bytes of a serial number */
#define RT_BLOCK_SEGMENTS      64u
#define RT_BLOCK_REQUEST_BYTES (RT_BLOCK_SEGMENTS * RT_BLOCK_PAGE) /* facts may say less */

/* VIRTIO 1.2 section 5.2.6, as all up to the status. */
enum rt_block_type {
	RT_BLOCK_READ = 0,
	RT_BLOCK_WRITE = 1,
	RT_BLOCK_FLUSH = 4,
	RT_BLOCK_GET_ID = 8,	    /* of devices; a service tells it by facts.serial */
	RT_BLOCK_DISCARD = 11,	    /* data: struct rt_block_range, readable */
	RT_BLOCK_WRITE_ZEROES = 13, /* the same */
};

struct rt_block_request {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

struct rt_block_range {
	uint64_t sector;
	uint32_t sectors;
	uint32_t flags; /* RT_BLOCK_UNMAP */
};
#define RT_BLOCK_UNMAP 1u /* WRITE_ZEROES may unmap */

enum rt_block_status { RT_BLOCK_OK, RT_BLOCK_ERROR, RT_BLOCK_UNSUPPORTED };

/* In rt_link_words.facts. */
struct rt_block_facts {
	uint64_t sectors;	  /* of the disk or partition */
	uint32_t block_bytes;	  /* logical block size: 512 .. 4096 */
	uint32_t read_only;	  /* writes are refused */
	uint32_t can_flush;	  /* there is a volatile cache */
	uint32_t discard_sectors; /* largest discard, 0: none */
	uint32_t zeroes_sectors;  /* largest write-zeroes, 0: none */
	uint32_t request_bytes;	  /* largest data of one request */
	uint32_t reserved;
	char serial[24];
};
_Static_assert(sizeof(struct rt_block_facts) <= RT_LINK_FACTS_BYTES, "facts");

#endif
