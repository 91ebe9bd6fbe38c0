/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's end of a session with the console service. Nothing here waits: a full queue is
 * reported to the caller, which decides whether to wait for its WAKE semaphore or to go on.
 */
#include "layout.h"

#include <stdio.h>
#include <string.h>

static void ring_if_wanted(struct rt_session *session, struct vq_driver *queue)
{
	if (vq_driver_kick(queue))
		rt_session_ring(session->doorbell);
}

/* Frees the buffers the service is done with. */
static void reclaim(struct vq_driver *queue)
{
	uint16_t head;
	uint32_t written;

	while (vq_driver_take(queue, &head, &written) == VQ_OK)
		;
}

static void post_input(struct rt_session *session, uint16_t head)
{
	struct vq_buffer buffer = { (uint64_t)head * RT_SESSION_INPUT, RT_SESSION_INPUT };

	vq_driver_add(&session->input, &buffer, 0, 1);
}

void rt_session_open(struct rt_session *session, void *window, vela_sel_t doorbell)
{
	struct vq_ring log = session_log_ring(window);
	struct vq_ring output = session_output_ring(window);
	struct vq_ring input = session_input_ring(window);
	uint16_t head;

	memset(session, 0, sizeof *session);
	session->doorbell = doorbell;
	vq_driver_init(&session->log, &log);
	vq_driver_init(&session->output, &output);
	vq_driver_init(&session->input, &input);
	while (vq_driver_next(&session->input, &head))
		post_input(session, head);
	vq_driver_watch(&session->input);
	vq_driver_kick(&session->input);
}

bool rt_session_log(struct rt_session *session, const char *line, size_t length)
{
	struct vq_driver *queue = &session->log;
	char lost[32] = "";
	size_t prefix = 0;
	uint16_t head;

	reclaim(queue);
	if (!vq_driver_next(queue, &head)) {
		session->lost++;
		return false;
	}
	if (session->lost)
		prefix = (size_t)snprintf(lost, sizeof lost, "(%u lines lost) ", session->lost);
	if (length > RT_SESSION_LINE - prefix)
		length = RT_SESSION_LINE - prefix;
	unsigned char *data = queue->ring.window + head * RT_SESSION_LINE;
	memcpy(data, lost, prefix);
	memcpy(data + prefix, line, length);
	struct vq_buffer buffer = { head * RT_SESSION_LINE, (uint32_t)(prefix + length) };
	vq_driver_add(queue, &buffer, 1, 0);
	session->lost = 0;
	ring_if_wanted(session, queue);
	return true;
}

/* Makes the staged buffer available, without waking the service yet. */
static void send_staged(struct rt_session *session)
{
	uint16_t head;

	if (!session->staged || !vq_driver_next(&session->output, &head))
		return;
	struct vq_buffer buffer = { head * RT_SESSION_CHUNK, session->staged };
	vq_driver_add(&session->output, &buffer, 1, 0);
	session->staged = 0;
}

/*
 * The buffer being filled, or NULL when the queue is full. While bytes are staged in it, its
 * descriptor is the head of the free list, so buffers are reclaimed only when the list is empty.
 */
static unsigned char *staging(struct rt_session *session)
{
	struct vq_driver *queue = &session->output;
	uint16_t head;

	if (!vq_driver_next(queue, &head)) {
		reclaim(queue);
		if (!vq_driver_next(queue, &head) && vq_driver_watch(queue))
			reclaim(queue);
		if (!vq_driver_next(queue, &head))
			return NULL;
	}
	return queue->ring.window + head * RT_SESSION_CHUNK;
}

size_t rt_session_write(struct rt_session *session, const void *bytes, size_t length)
{
	const unsigned char *from = bytes;
	bool line_ended = false;
	size_t done = 0;

	while (done < length) {
		unsigned char *buffer = staging(session);
		if (!buffer)
			break;
		size_t n = RT_SESSION_CHUNK - session->staged;
		if (n > length - done)
			n = length - done;
		memcpy(buffer + session->staged, from + done, n);
		line_ended = memchr(from + done, '\n', n) || line_ended;
		session->staged += (uint32_t)n;
		done += n;
		if (session->staged == RT_SESSION_CHUNK)
			send_staged(session);
	}
	if (line_ended)
		send_staged(session);
	ring_if_wanted(session, &session->output);
	return done;
}

void rt_session_flush(struct rt_session *session)
{
	send_staged(session);
	ring_if_wanted(session, &session->output);
}

/* Makes the next buffer with input current. */
static bool next_input(struct rt_session *session)
{
	enum vq_result result =
		vq_driver_take(&session->input, &session->input_head, &session->input_size);

	if (result == VQ_NONE && vq_driver_watch(&session->input))
		result =
			vq_driver_take(&session->input, &session->input_head, &session->input_size);
	session->input_at = 0;
	if (result != VQ_OK)
		session->input_size = 0;
	return result == VQ_OK;
}

size_t rt_session_read(struct rt_session *session, void *bytes, size_t size)
{
	unsigned char *to = bytes;
	size_t done = 0;

	while (done < size) {
		if (session->input_at == session->input_size && !next_input(session))
			break;
		size_t n = session->input_size - session->input_at;
		if (n > size - done)
			n = size - done;
		memcpy(to + done,
		       session->input.ring.window + session->input_head * RT_SESSION_INPUT +
			       session->input_at,
		       n);
		session->input_at += (uint32_t)n;
		done += n;
		if (session->input_at == session->input_size)
			post_input(session, session->input_head);
	}
	ring_if_wanted(session, &session->input);
	return done;
}
