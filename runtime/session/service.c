/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The service's end of a session. Every call takes or fills at most one chain, so the caller
 * decides how much of its time a client gets.
 */
#include "layout.h"

#include <string.h>

void rt_service_open(struct rt_service *service, void *window)
{
	struct vq_ring log = session_log_ring(window);
	struct vq_ring output = session_output_ring(window);
	struct vq_ring input = session_input_ring(window);

	vq_device_init(&service->log, &log);
	vq_device_init(&service->output, &output);
	vq_device_init(&service->input, &input);
}

/* Takes one chain; when there is none, the driver is asked to ring for the next one. */
static enum vq_result take(struct vq_device *queue, struct vq_chain *chain)
{
	enum vq_result result = vq_device_take(queue, chain);

	if (result == VQ_NONE && vq_device_watch(queue))
		result = vq_device_take(queue, chain);
	return result;
}

/* Bytes of a chain beyond size are dropped: a client that keeps to the protocol sends no more. */
static enum vq_result take_bytes(struct vq_device *queue, void *bytes, size_t size, size_t *length)
{
	struct vq_chain chain;
	enum vq_result result = take(queue, &chain);

	*length = 0;
	if (result != VQ_OK)
		return result;
	*length = vq_chain_read(&chain, 0, bytes, size);
	vq_device_give(queue, &chain, 0);
	return VQ_OK;
}

enum vq_result rt_service_log(struct rt_service *service, void *line, size_t size, size_t *length)
{
	return take_bytes(&service->log, line, size, length);
}

enum vq_result rt_service_output(struct rt_service *service, void *bytes, size_t size,
				 size_t *length)
{
	return take_bytes(&service->output, bytes, size, length);
}

enum vq_result rt_service_input(struct rt_service *service, const void *bytes, size_t length,
				size_t *taken)
{
	struct vq_chain chain;

	*taken = 0;
	if (!length)
		return VQ_OK;
	enum vq_result result = take(&service->input, &chain);
	if (result != VQ_OK)
		return result;
	*taken = vq_chain_write(&chain, 0, bytes, length);
	vq_device_give(&service->input, &chain, (uint32_t)*taken);
	return VQ_OK;
}

bool rt_service_kick(struct rt_service *service)
{
	bool log = vq_device_kick(&service->log);
	bool output = vq_device_kick(&service->output);
	bool input = vq_device_kick(&service->input);

	return log || output || input;
}

const char *rt_service_error(const struct rt_service *service)
{
	enum vq_error error = service->log.error      ? service->log.error
			      : service->output.error ? service->output.error
						      : service->input.error;

	return error ? vq_error_text(error) : NULL;
}
