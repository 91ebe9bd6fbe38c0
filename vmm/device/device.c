/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the device contract that are the same for every class: saving and loading the flat
 * state record, and the conversion from ticks to nanoseconds.
 */
#include "device.h"

#include <string.h>

uint64_t clock_ticks_to_ns(uint64_t ticks, uint64_t hz)
{
	uint64_t seconds = ticks / hz;
	uint64_t rest = ticks % hz;

	if (seconds >= DEADLINE_NONE / 1000000000u)
		return DEADLINE_NONE;
	return seconds * 1000000000u + (rest * 1000000000u + hz - 1) / hz;
}

static void header_fill(struct device_header *header, const struct device_ops *ops)
{
	memset(header, 0, sizeof *header);
	memcpy(header->name, ops->name, strnlen(ops->name, sizeof header->name - 1));
	header->version = ops->version;
	header->size = ops->state_size;
}

size_t device_save(const struct device_ops *ops, const void *dev, void *buf, size_t size)
{
	struct device_header header;
	uint8_t *out = buf;

	if (size < device_save_size(ops) || !device_idle(ops, dev))
		return 0;
	header_fill(&header, ops);
	memcpy(out, &header, sizeof header);
	memcpy(out + sizeof header, (const uint8_t *)dev + ops->state_offset, ops->state_size);
	return device_save_size(ops);
}

bool device_load(const struct device_ops *ops, void *dev, const void *buf, size_t size)
{
	_Alignas(8) uint8_t state[DEVICE_STATE_MAX];
	struct device_header expected;

	if (size != device_save_size(ops) || ops->state_size > sizeof state ||
	    !device_idle(ops, dev))
		return false;
	header_fill(&expected, ops);
	if (memcmp(buf, &expected, sizeof expected) != 0)
		return false;
	memcpy(state, (const uint8_t *)buf + sizeof expected, ops->state_size);
	if (!ops->check(state))
		return false;
	memcpy((uint8_t *)dev + ops->state_offset, state, ops->state_size);
	ops->resume(dev);
	return true;
}
