/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is the same for every virtio device: the status machine (VIRTIO 1.2 section 2.1), feature
 * negotiation, and the life of a queue. The geometry of a queue is checked and copied when the
 * driver enables it; afterwards no register reaches it until a reset.
 */
#include "virtio.h"

#include <string.h>

#include "virtio_parts.h"

#define TRANSPORT_FEATURES (VIRTIO_F_INDIRECT_DESC | VIRTIO_F_EVENT_IDX | VIRTIO_F_VERSION_1)
#define STATUS_KNOWN                                                                  \
	(VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_DRIVER_OK | VIRTIO_FEATURES_OK | \
	 VIRTIO_NEEDS_RESET | VIRTIO_FAILED)

uint64_t virtio_offered(const struct virtio_device *dev)
{
	return dev->params.features | TRANSPORT_FEATURES;
}

bool virtio_live(const struct virtio_device *dev)
{
	const struct virtio_state *s = dev->s;

	return s->status & VIRTIO_DRIVER_OK &&
	       !(s->status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED)) && !s->resetting &&
	       pci_is_master(&dev->pci);
}

bool virtio_queue_live(const struct virtio_device *dev, unsigned queue)
{
	return queue < dev->params.queues && dev->s->queue[queue].enabled &&
	       !dev->queue[queue].error && virtio_live(dev);
}

/* Section 2.1.2: the driver is told of the new status only once it is ready. */
void virtio_fail(struct virtio_device *dev, unsigned queue, const char *why)
{
	dev->faults++;
	if (!dev->reported && dev->wiring.report)
		dev->wiring.report(dev->wiring.ctx, dev->ops->name, queue, why);
	dev->reported = true;
	if (dev->s->status & VIRTIO_NEEDS_RESET)
		return;
	dev->s->status |= VIRTIO_NEEDS_RESET;
	if (dev->s->status & VIRTIO_DRIVER_OK)
		virtio_interrupt(dev, VIRTIO_ISR_CONFIG, dev->s->config_vector);
}

static void queue_break(struct virtio_device *dev, unsigned queue)
{
	enum vq_error error = dev->queue[queue].error;

	if (dev->s->queue[queue].error == error)
		return;
	dev->s->queue[queue].error = (uint8_t)error;
	virtio_fail(dev, queue, vq_error_text(error));
}

/* Sets the device side of a queue up from its registers; false: they cannot be. */
static bool queue_place(struct virtio_device *dev, unsigned queue)
{
	const struct virtio_queue_state *qs = &dev->s->queue[queue];
	const struct vq_window *ram = dev->wiring.ram;
	struct vq_device *q = &dev->queue[queue];

	*q = (struct vq_device){
		.ring = { .entries = qs->entries,
			  .event_idx = virtio_has(dev, VIRTIO_F_EVENT_IDX),
			  .indirect = virtio_has(dev, VIRTIO_F_INDIRECT_DESC),
			  .window = ram[0].bytes,
			  .window_address = ram[0].address,
			  .window_size = ram[0].size,
			  .high = ram[1],
			  .touch = dev->wiring.touch,
			  .context = dev->wiring.ctx },
		.next_avail = qs->next_used,
		.next_used = qs->next_used,
		.kicked_used = qs->kicked_used,
		.error = VQ_ERROR_GEOMETRY,
	};
	if (qs->entries > dev->params.entries ||
	    !vq_ring_find(&q->ring, qs->desc, qs->avail, qs->used))
		return false;
	q->error = VQ_ERROR_NONE;
	return true;
}

void virtio_queue_enable(struct virtio_device *dev, unsigned queue)
{
	dev->s->queue[queue].enabled = 1;
	if (!queue_place(dev, queue))
		queue_break(dev, queue);
}

void virtio_doorbell(struct virtio_device *dev, unsigned queue)
{
	if (virtio_queue_live(dev, queue))
		dev->ops->notify(dev->ctx, queue);
}

/* What the driver made available before it was ready needs no notification. */
static void activate(struct virtio_device *dev)
{
	if (dev->ops->activate)
		dev->ops->activate(dev->ctx);
	for (unsigned queue = 0; queue < dev->params.queues; queue++)
		virtio_doorbell(dev, queue);
}

static bool features_good(const struct virtio_device *dev)
{
	uint64_t features = dev->s->driver_features;

	return !(features & ~virtio_offered(dev)) && features & VIRTIO_F_VERSION_1 &&
	       (!dev->ops->accepts || dev->ops->accepts(dev->ctx, features));
}

/* Registers of the device, as they are after a reset; those of PCI stay. */
static void clear(struct virtio_device *dev)
{
	struct virtio_state *s = dev->s;
	struct pci_state pci = s->pci;
	uint8_t generation = s->generation;

	memset(s, 0, sizeof *s);
	s->pci = pci;
	s->generation = generation;
	s->config_vector = VIRTIO_NO_VECTOR;
	for (unsigned queue = 0; queue < VIRTIO_QUEUES_MAX; queue++) {
		dev->queue[queue] = (struct vq_device){ 0 };
		s->queue[queue].vector = VIRTIO_NO_VECTOR;
		if (queue < dev->params.queues)
			s->queue[queue].entries = dev->params.entries;
	}
	pci_set_intx(&dev->pci, false);
}

void virtio_reset_done(struct virtio_device *dev)
{
	if (dev->s->resetting)
		clear(dev);
}

static void request_reset(struct virtio_device *dev)
{
	if (dev->s->resetting)
		return;
	if (!dev->s->status || !dev->ops->reset || dev->ops->reset(dev->ctx)) {
		clear(dev);
		return;
	}
	dev->s->resetting = 1;
}

/* Bits are set in the order of section 3.1.1; one that comes too early is ignored. None but a reset
 * clears any. */
void virtio_write_status(struct virtio_device *dev, uint8_t value)
{
	struct virtio_state *s = dev->s;
	uint8_t old = s->status;

	if (!value) {
		request_reset(dev);
		return;
	}
	if (s->resetting)
		return;
	s->status |= value & (VIRTIO_ACKNOWLEDGE | VIRTIO_FAILED);
	if (s->status & VIRTIO_ACKNOWLEDGE)
		s->status |= value & VIRTIO_DRIVER;
	if (s->status & VIRTIO_DRIVER && value & VIRTIO_FEATURES_OK && features_good(dev))
		s->status |= VIRTIO_FEATURES_OK;
	if (s->status & VIRTIO_FEATURES_OK)
		s->status |= value & VIRTIO_DRIVER_OK;
	if (!(old & VIRTIO_DRIVER_OK) && virtio_live(dev))
		activate(dev);
}

bool virtio_is_ram(const struct virtio_device *dev, uint64_t gpa, uint64_t bytes)
{
	for (unsigned i = 0; i < 2; i++) {
		const struct vq_window *ram = &dev->wiring.ram[i];
		uint64_t offset = gpa - ram->address;

		if (offset < ram->size && bytes <= ram->size - offset)
			return true;
	}
	return false;
}

uint64_t virtio_gpa(const struct virtio_device *dev, const unsigned char *byte)
{
	const struct vq_window *ram = dev->wiring.ram;
	uint64_t offset = (uint64_t)(byte - ram[0].bytes);

	return offset < ram[0].size ? ram[0].address + offset
				    : ram[1].address + (uint64_t)(byte - ram[1].bytes);
}

bool virtio_take(struct virtio_device *dev, unsigned queue, struct vq_chain *chain)
{
	struct vq_device *q = &dev->queue[queue];
	enum vq_result result;

	if (!virtio_queue_live(dev, queue))
		return false;
	do
		result = vq_device_take(q, chain);
	while (result == VQ_NONE && vq_device_watch(q));
	if (result == VQ_BROKEN)
		queue_break(dev, queue);
	return result == VQ_OK;
}

bool virtio_gather(struct virtio_device *dev, unsigned queue, uint64_t bytes,
		   struct vq_gather *gather, struct vq_chain *scratch)
{
	enum vq_result result;

	gather->chains = 0;
	if (!virtio_queue_live(dev, queue))
		return false;
	result = vq_device_gather(&dev->queue[queue], bytes, true, gather, scratch);
	if (result == VQ_BROKEN) {
		gather->chains = 0;
		queue_break(dev, queue);
	}
	return result == VQ_OK;
}

void virtio_give_gathered(struct virtio_device *dev, unsigned queue, const struct vq_gather *gather,
			  uint64_t written)
{
	if (!virtio_queue_live(dev, queue))
		return;
	vq_device_give_gathered(&dev->queue[queue], gather, written);
	dev->s->queue[queue].next_used = dev->queue[queue].next_used;
}

void virtio_untake(struct virtio_device *dev, unsigned queue)
{
	vq_device_untake(&dev->queue[queue]);
}

void virtio_give(struct virtio_device *dev, unsigned queue, uint16_t head, uint32_t written)
{
	if (!virtio_queue_live(dev, queue))
		return;
	vq_device_give_head(&dev->queue[queue], head, written);
	dev->s->queue[queue].next_used = dev->queue[queue].next_used;
}

void virtio_kick(struct virtio_device *dev, unsigned queue)
{
	struct virtio_queue_state *qs = &dev->s->queue[queue];

	if (!virtio_queue_live(dev, queue))
		return;
	if (vq_device_kick(&dev->queue[queue]))
		virtio_interrupt(dev, VIRTIO_ISR_QUEUE, qs->vector);
	qs->kicked_used = dev->queue[queue].kicked_used;
}

void virtio_config_changed(struct virtio_device *dev)
{
	dev->s->generation++;
	if (dev->s->status & VIRTIO_DRIVER_OK)
		virtio_interrupt(dev, VIRTIO_ISR_CONFIG, dev->s->config_vector);
}

void virtio_poll(struct virtio_device *dev)
{
	if (dev->ops->poll && virtio_live(dev))
		dev->ops->poll(dev->ctx);
}

/* The machine's reset: requests in flight are forgotten at once, because what answers them is
 * reset too. */
void virtio_reset(struct virtio_device *dev)
{
	if (dev->ops->reset)
		dev->ops->reset(dev->ctx);
	clear(dev);
	dev->s->generation = 0;
	pci_reset(&dev->pci);
}

bool virtio_check(const struct virtio_state *state)
{
	return !(state->status & ~STATUS_KNOWN) && !state->resetting;
}

static uint16_t vector_check(const struct virtio_device *dev, uint16_t vector)
{
	return vector < dev->pci.vectors ? vector : VIRTIO_NO_VECTOR;
}

void virtio_resume(struct virtio_device *dev)
{
	struct virtio_state *s = dev->s;

	s->config_vector = vector_check(dev, s->config_vector);
	for (unsigned queue = 0; queue < VIRTIO_QUEUES_MAX; queue++) {
		struct virtio_queue_state *qs = &s->queue[queue];

		dev->queue[queue] = (struct vq_device){ 0 };
		qs->vector = vector_check(dev, qs->vector);
		qs->enabled = qs->enabled && queue < dev->params.queues;
		if (qs->enabled && (!queue_place(dev, queue) || qs->error))
			dev->queue[queue].error = VQ_ERROR_GEOMETRY;
		if (!qs->enabled && qs->entries > dev->params.entries)
			qs->entries = dev->params.entries;
	}
	pci_resume(&dev->pci);
}

void virtio_init(struct virtio_device *dev, const struct virtio_ops *ops,
		 const struct virtio_params *params, const struct virtio_wiring *wiring,
		 struct virtio_state *state, void *ctx)
{
	memset(dev, 0, sizeof *dev);
	dev->s = state;
	dev->ops = ops;
	dev->params = *params;
	dev->wiring = *wiring;
	dev->ctx = ctx;
	virtio_pci_init(dev);
	clear(dev);
}
