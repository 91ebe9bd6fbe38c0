/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the queues of a session lie in its window; shared by both ends. Buffer n of a queue is
 * always described by descriptor n, so neither end keeps a table of buffers.
 */
#ifndef SESSION_LAYOUT_H
#define SESSION_LAYOUT_H

#include <rt/session.h>

enum {
	LOG_RINGS = 0x0000,
	OUTPUT_RINGS = 0x1000,
	INPUT_RINGS = 0x2000,
	INPUT_DATA = 0x3000,
	LOG_DATA = 0x4000,
	OUTPUT_DATA = 0x8000,
};

_Static_assert(VQ_RING_BYTES(RT_SESSION_LINES) <= OUTPUT_RINGS - LOG_RINGS, "log rings");
_Static_assert(VQ_RING_BYTES(RT_SESSION_OUTPUTS) <= INPUT_RINGS - OUTPUT_RINGS, "output rings");
_Static_assert(VQ_RING_BYTES(RT_SESSION_INPUTS) <= INPUT_DATA - INPUT_RINGS, "input rings");
_Static_assert(RT_SESSION_INPUTS *RT_SESSION_INPUT <= LOG_DATA - INPUT_DATA, "input data");
_Static_assert(RT_SESSION_LINES *RT_SESSION_LINE <= OUTPUT_DATA - LOG_DATA, "log data");
_Static_assert(RT_SESSION_OUTPUTS *RT_SESSION_CHUNK <= RT_SESSION_BYTES - OUTPUT_DATA,
	       "output data");

/* The ring of a queue; descriptor addresses are offsets into the queue's own data area. */
static inline struct vq_ring session_ring(unsigned char *window, uint32_t rings, uint16_t entries,
					  uint32_t data, uint64_t size)
{
	struct vq_ring ring = { .event_idx = true, .window = window + data, .window_size = size };

	vq_ring_place(&ring, window + rings, entries);
	return ring;
}

static inline struct vq_ring session_log_ring(unsigned char *window)
{
	return session_ring(window, LOG_RINGS, RT_SESSION_LINES, LOG_DATA,
			    RT_SESSION_LINES * RT_SESSION_LINE);
}

static inline struct vq_ring session_output_ring(unsigned char *window)
{
	return session_ring(window, OUTPUT_RINGS, RT_SESSION_OUTPUTS, OUTPUT_DATA,
			    RT_SESSION_OUTPUTS * RT_SESSION_CHUNK);
}

static inline struct vq_ring session_input_ring(unsigned char *window)
{
	return session_ring(window, INPUT_RINGS, RT_SESSION_INPUTS, INPUT_DATA,
			    RT_SESSION_INPUTS * RT_SESSION_INPUT);
}

#endif
