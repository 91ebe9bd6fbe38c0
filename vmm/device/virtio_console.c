/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output goes out as the driver makes it available, at most OUTPUT_MAX bytes of one buffer, so that
 * one request has an end. Emergency writes work before the driver has set anything up.
 */
#include "virtio_console.h"

#include <string.h>

#define CONSOLE_ENTRIES	 64
#define QUEUE_INPUT	 0
#define QUEUE_OUTPUT	 1
#define F_EMERGENCY	 (UINT64_C(1) << 2)
#define CLASS_CONSOLE	 0x078000u
#define OUTPUT_MAX	 65536u
#define EMERGENCY_OFFSET offsetof(struct virtio_console_config, emergency)

static void send_output(struct virtio_console *console)
{
	struct vq_chain *chain = &console->chain;
	unsigned char bytes[256];

	while (virtio_take(&console->dev, QUEUE_OUTPUT, chain)) {
		for (size_t at = 0, n; at < OUTPUT_MAX; at += n) {
			n = vq_chain_read(chain, at, bytes, sizeof bytes);
			if (!n)
				break;
			console->line.write(console->line.ctx, bytes, n);
		}
		console->s.in_use = 1;
		virtio_give(&console->dev, QUEUE_OUTPUT, chain->head, 0);
	}
	virtio_kick(&console->dev, QUEUE_OUTPUT);
}

/* Fills buffers of the driver as long as there are both. */
static void send_input(struct virtio_console *console)
{
	struct virtio_console_state *s = &console->s;
	struct vq_chain *chain = &console->chain;

	while (s->inputs && virtio_take(&console->dev, QUEUE_INPUT, chain)) {
		size_t n = vq_chain_write(chain, 0, s->input, s->inputs);

		s->inputs -= (uint32_t)n;
		memmove(s->input, s->input + n, s->inputs);
		memset(s->input + s->inputs, 0, sizeof s->input - s->inputs);
		virtio_give(&console->dev, QUEUE_INPUT, chain->head, (uint32_t)n);
	}
	virtio_kick(&console->dev, QUEUE_INPUT);
}

static void console_notify(void *ctx, unsigned queue)
{
	struct virtio_console *console = ctx;

	if (queue == QUEUE_OUTPUT) {
		send_output(console);
		return;
	}
	bool waits = console->s.inputs;

	send_input(console);
	if (waits && !console->s.inputs && console->line.drained)
		console->line.drained(console->line.ctx);
}

static void console_config_write(void *ctx, unsigned offset, unsigned width, uint64_t value)
{
	struct virtio_console *console = ctx;
	unsigned char byte = (unsigned char)value;

	if (offset == EMERGENCY_OFFSET && width <= 4)
		console->line.write(console->line.ctx, &byte, 1);
}

static bool console_reset_request(void *ctx)
{
	struct virtio_console *console = ctx;

	console->s.inputs = 0;
	console->s.in_use = 0;
	memset(console->s.input, 0, sizeof console->s.input);
	return true;
}

static const struct virtio_ops console_ops = {
	.name = "virtio-console",
	.type = VIRTIO_TYPE_CONSOLE,
	.class_code = CLASS_CONSOLE,
	.notify = console_notify,
	.reset = console_reset_request,
	.config_write = console_config_write,
};

bool virtio_console_in_use(const struct virtio_console *console)
{
	return console->s.in_use && virtio_live(&console->dev);
}

size_t virtio_console_room(const struct virtio_console *console)
{
	return virtio_live(&console->dev) ? sizeof console->s.input - console->s.inputs : 0;
}

size_t virtio_console_push(struct virtio_console *console, const void *bytes, size_t n)
{
	struct virtio_console_state *s = &console->s;
	size_t room = virtio_console_room(console);

	if (n > room)
		n = room;
	memcpy(s->input + s->inputs, bytes, n);
	s->inputs += (uint32_t)n;
	send_input(console);
	return n;
}

static void console_reset(void *dev)
{
	struct virtio_console *console = dev;

	virtio_reset(&console->dev);
}

static bool console_check(const void *state)
{
	const struct virtio_console_state *s = state;

	return virtio_check(&s->virtio) && s->inputs <= sizeof s->input && s->in_use <= 1;
}

static void console_resume(void *dev)
{
	struct virtio_console *console = dev;

	virtio_resume(&console->dev);
}

const struct device_ops virtio_console_device_ops = {
	.name = "virtio-console",
	.version = 1,
	.state_offset = offsetof(struct virtio_console, s),
	.state_size = sizeof(struct virtio_console_state),
	.reset = console_reset,
	.check = console_check,
	.resume = console_resume,
};

void virtio_console_init(struct virtio_console *console, const struct virtio_wiring *wiring,
			 struct virtio_console_line line)
{
	const struct virtio_params params = {
		.features = F_EMERGENCY,
		.queues = 2,
		.entries = CONSOLE_ENTRIES,
		.config = &console->config,
		.config_bytes = sizeof console->config,
	};

	memset(console, 0, sizeof *console);
	console->config.max_ports = 1;
	console->line = line;
	virtio_init(&console->dev, &console_ops, &params, wiring, &console->s.virtio, console);
}
