/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The registers of a virtio device on PCI (VIRTIO 1.2 section 4.1.4). One table says in which state
 * of the device each may be written.
 */
#include "virtio_parts.h"

/* The phases of a device between two resets, as bits. */
enum phase {
	PHASE_INITIAL = 1,   /* before DRIVER */
	PHASE_NEGOTIATE = 2, /* DRIVER, features are chosen */
	PHASE_SETUP = 4,     /* FEATURES_OK, queues are set up */
	PHASE_LIVE = 8,	     /* DRIVER_OK */
	PHASE_BROKEN = 16,   /* NEEDS_RESET, or FAILED */
	PHASE_RESETTING = 32,
};
#define PHASE_ANY     (PHASE_INITIAL | PHASE_NEGOTIATE | PHASE_SETUP | PHASE_LIVE | PHASE_BROKEN)
#define PHASE_WORKING (PHASE_ANY & ~PHASE_BROKEN)

static enum phase phase(const struct virtio_device *dev)
{
	uint8_t status = dev->s->status;

	if (dev->s->resetting)
		return PHASE_RESETTING;
	if (status & (VIRTIO_NEEDS_RESET | VIRTIO_FAILED))
		return PHASE_BROKEN;
	if (status & VIRTIO_DRIVER_OK)
		return PHASE_LIVE;
	if (status & VIRTIO_FEATURES_OK)
		return PHASE_SETUP;
	return status & VIRTIO_DRIVER ? PHASE_NEGOTIATE : PHASE_INITIAL;
}

/* In which phases a register may be written; registers of a queue that is enabled never may, but
 * for its vector. */
static const struct writable {
	uint8_t phases;
	bool of_disabled_queue;
} writable[VIRTIO_COMMON_BYTES] = {
	[VIRTIO_REG_DEVICE_SELECT] = { PHASE_ANY, false },
	[VIRTIO_REG_DRIVER_SELECT] = { PHASE_ANY, false },
	[VIRTIO_REG_DRIVER_FEATURE] = { PHASE_INITIAL | PHASE_NEGOTIATE, false },
	[VIRTIO_REG_CONFIG_VECTOR] = { PHASE_WORKING, false },
	[VIRTIO_REG_STATUS] = { PHASE_ANY | PHASE_RESETTING, false },
	[VIRTIO_REG_QUEUE_SELECT] = { PHASE_ANY, false },
	[VIRTIO_REG_QUEUE_SIZE] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_VECTOR] = { PHASE_WORKING, false },
	[VIRTIO_REG_QUEUE_ENABLE] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_DESC] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_DESC + 4] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_AVAIL] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_AVAIL + 4] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_USED] = { PHASE_SETUP, true },
	[VIRTIO_REG_QUEUE_USED + 4] = { PHASE_SETUP, true },
};

/* The queue that is selected, or NULL if there is none of this number. */
static struct virtio_queue_state *selected(const struct virtio_device *dev)
{
	return dev->s->queue_select < dev->params.queues ? &dev->s->queue[dev->s->queue_select]
							 : NULL;
}

static bool may_write(const struct virtio_device *dev, uint64_t offset)
{
	const struct writable *w = &writable[offset];
	const struct virtio_queue_state *queue = selected(dev);

	if (!(w->phases & phase(dev)))
		return false;
	return !w->of_disabled_queue || (queue && !queue->enabled);
}

static uint32_t half(uint64_t value, uint32_t select)
{
	return select > 1 ? 0 : (uint32_t)(value >> (select * 32));
}

/* Registers of the selected queue; of one that is not there all are 0. */
static uint64_t queue_read(const struct virtio_device *dev, uint64_t offset)
{
	const struct virtio_queue_state *queue = selected(dev);

	if (!queue)
		return 0;
	switch (offset) {
	case VIRTIO_REG_QUEUE_SIZE:
		return queue->entries;
	case VIRTIO_REG_QUEUE_VECTOR:
		return queue->vector;
	case VIRTIO_REG_QUEUE_ENABLE:
		return queue->enabled;
	case VIRTIO_REG_QUEUE_NOTIFY_OFF:
		return dev->s->queue_select;
	case VIRTIO_REG_QUEUE_DESC:
		return queue->desc;
	case VIRTIO_REG_QUEUE_DESC + 4:
		return queue->desc >> 32;
	case VIRTIO_REG_QUEUE_AVAIL:
		return queue->avail;
	case VIRTIO_REG_QUEUE_AVAIL + 4:
		return queue->avail >> 32;
	case VIRTIO_REG_QUEUE_USED:
		return queue->used;
	case VIRTIO_REG_QUEUE_USED + 4:
		return queue->used >> 32;
	default:
		return 0;
	}
}

static uint64_t common_read(void *ctx, uint64_t offset, unsigned width)
{
	const struct virtio_device *dev = ctx;
	const struct virtio_state *s = dev->s;

	switch (offset) {
	case VIRTIO_REG_DEVICE_SELECT:
		return s->device_feature_select;
	case VIRTIO_REG_DEVICE_FEATURE:
		return half(virtio_offered(dev), s->device_feature_select);
	case VIRTIO_REG_DRIVER_SELECT:
		return s->driver_feature_select;
	case VIRTIO_REG_DRIVER_FEATURE:
		return half(s->driver_features, s->driver_feature_select);
	case VIRTIO_REG_CONFIG_VECTOR:
		return s->config_vector;
	case VIRTIO_REG_QUEUES:
		return dev->params.queues;
	case VIRTIO_REG_STATUS:
		return s->status;
	case VIRTIO_REG_GENERATION:
		return s->generation;
	case VIRTIO_REG_QUEUE_SELECT:
		return s->queue_select;
	default:
		return queue_read(dev, offset) & bus_ones(width);
	}
}

/* Merges a written 32- or 64-bit value into a 64-bit register. */
static void merge(uint64_t *reg, bool is_high, unsigned width, uint64_t value)
{
	if (width == 8)
		*reg = value;
	else if (is_high)
		*reg = (uint32_t)*reg | value << 32;
	else
		*reg = (*reg & ~UINT64_C(0xffffffff)) | value;
}

static uint16_t vector_of(const struct virtio_device *dev, uint64_t value)
{
	return value < dev->pci.vectors ? (uint16_t)value : VIRTIO_NO_VECTOR;
}

static void queue_write(struct virtio_device *dev, uint64_t offset, unsigned width, uint64_t value)
{
	struct virtio_queue_state *queue = selected(dev);

	if (!queue)
		return;
	switch (offset) {
	case VIRTIO_REG_QUEUE_SIZE:
		if (value && value <= dev->params.entries && !(value & (value - 1)))
			queue->entries = (uint16_t)value;
		break;
	case VIRTIO_REG_QUEUE_VECTOR:
		queue->vector = vector_of(dev, value);
		break;
	case VIRTIO_REG_QUEUE_ENABLE:
		if (value == 1)
			virtio_queue_enable(dev, dev->s->queue_select);
		break;
	case VIRTIO_REG_QUEUE_DESC:
	case VIRTIO_REG_QUEUE_DESC + 4:
		merge(&queue->desc, offset & 4, width, value);
		break;
	case VIRTIO_REG_QUEUE_AVAIL:
	case VIRTIO_REG_QUEUE_AVAIL + 4:
		merge(&queue->avail, offset & 4, width, value);
		break;
	case VIRTIO_REG_QUEUE_USED:
	case VIRTIO_REG_QUEUE_USED + 4:
		merge(&queue->used, offset & 4, width, value);
		break;
	default:
		break;
	}
}

static void common_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct virtio_device *dev = ctx;
	struct virtio_state *s = dev->s;

	if (!may_write(dev, offset))
		return;
	switch (offset) {
	case VIRTIO_REG_DEVICE_SELECT:
		s->device_feature_select = (uint32_t)value;
		break;
	case VIRTIO_REG_DRIVER_SELECT:
		s->driver_feature_select = (uint32_t)value;
		break;
	case VIRTIO_REG_DRIVER_FEATURE:
		if (s->driver_feature_select <= 1)
			merge(&s->driver_features, s->driver_feature_select, 4, value);
		break;
	case VIRTIO_REG_CONFIG_VECTOR:
		s->config_vector = vector_of(dev, value);
		break;
	case VIRTIO_REG_STATUS:
		virtio_write_status(dev, (uint8_t)value);
		break;
	case VIRTIO_REG_QUEUE_SELECT:
		s->queue_select = (uint16_t)value;
		break;
	default:
		queue_write(dev, offset, width, value);
	}
}

static const uint8_t common_access[VIRTIO_COMMON_BYTES] = {
	[VIRTIO_REG_DEVICE_SELECT] = ACCESS_RW(4),   [VIRTIO_REG_DEVICE_FEATURE] = ACCESS_R(4),
	[VIRTIO_REG_DRIVER_SELECT] = ACCESS_RW(4),   [VIRTIO_REG_DRIVER_FEATURE] = ACCESS_RW(4),
	[VIRTIO_REG_CONFIG_VECTOR] = ACCESS_RW(2),   [VIRTIO_REG_QUEUES] = ACCESS_R(2),
	[VIRTIO_REG_STATUS] = ACCESS_RW(1),	     [VIRTIO_REG_GENERATION] = ACCESS_R(1),
	[VIRTIO_REG_QUEUE_SELECT] = ACCESS_RW(2),    [VIRTIO_REG_QUEUE_SIZE] = ACCESS_RW(2),
	[VIRTIO_REG_QUEUE_VECTOR] = ACCESS_RW(2),    [VIRTIO_REG_QUEUE_ENABLE] = ACCESS_RW(2),
	[VIRTIO_REG_QUEUE_NOTIFY_OFF] = ACCESS_R(2), [VIRTIO_REG_QUEUE_DESC] = ACCESS_RW(4 | 8),
	[VIRTIO_REG_QUEUE_DESC + 4] = ACCESS_RW(4),  [VIRTIO_REG_QUEUE_AVAIL] = ACCESS_RW(4 | 8),
	[VIRTIO_REG_QUEUE_AVAIL + 4] = ACCESS_RW(4), [VIRTIO_REG_QUEUE_USED] = ACCESS_RW(4 | 8),
	[VIRTIO_REG_QUEUE_USED + 4] = ACCESS_RW(4),  [VIRTIO_REG_QUEUE_NOTIFY_DATA] = ACCESS_R(2),
	[VIRTIO_REG_QUEUE_RESET] = ACCESS_R(2),
};

static uint64_t isr_read(void *ctx, uint64_t offset, unsigned width)
{
	(void)offset;
	(void)width;
	return virtio_take_isr(ctx);
}

static void isr_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	(void)ctx;
	(void)offset;
	(void)width;
	(void)value;
}

static const uint8_t isr_access[1] = { ACCESS_R(1) };

/* Beyond its end the configuration reads as zero. */
static uint64_t config_read(void *ctx, uint64_t offset, unsigned width)
{
	const struct virtio_device *dev = ctx;
	const uint8_t *config = dev->params.config;
	uint64_t value = 0;

	for (unsigned i = 0; i < width; i++)
		if (offset + i < dev->params.config_bytes)
			value |= (uint64_t)config[offset + i] << (i * 8);
	return value;
}

static void config_write(void *ctx, uint64_t offset, unsigned width, uint64_t value)
{
	struct virtio_device *dev = ctx;

	if (dev->ops->config_write && offset + width <= dev->params.config_bytes &&
	    !dev->s->resetting)
		dev->ops->config_write(dev->ctx, (unsigned)offset, width, value);
}

static uint32_t doorbell_read(void *ctx, unsigned offset, unsigned width)
{
	(void)ctx;
	(void)offset;
	return (uint32_t)bus_ones(width);
}

/* What is written is the queue's number too; where it is written decides. */
static void doorbell_write(void *ctx, unsigned offset, unsigned width, uint32_t value)
{
	(void)width;
	(void)value;
	virtio_doorbell(ctx, offset / VIRTIO_DOORBELL_STEP);
}

static const uint8_t doorbell_access[VIRTIO_QUEUES_MAX] = { [0 ... VIRTIO_QUEUES_MAX - 1] =
								    ACCESS_W(2 | 4) };

const struct mmio_ops virtio_common_ops = {
	{ common_access, VIRTIO_COMMON_BYTES, 0 },
	common_read,
	common_write,
};
const struct mmio_ops virtio_isr_ops = { { isr_access, 1, 0 }, isr_read, isr_write };
const struct mmio_ops virtio_config_ops = { REG_NATURAL, config_read, config_write };
const struct pio_ops virtio_doorbell_ops = {
	{ doorbell_access, VIRTIO_QUEUES_MAX, 2 },
	doorbell_read,
	doorbell_write,
};
