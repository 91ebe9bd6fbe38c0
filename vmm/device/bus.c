/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dispatch of port and MMIO accesses to device models. The whole-width, claimed port access is
 * the fast path of every guest's console and timer; the rest is kept out of its way.
 */
#include "bus.h"

#include <string.h>

void bus_init(struct bus *bus)
{
	memset(bus, 0, sizeof *bus);
}

static inline unsigned pio_slot_of(const struct bus *bus, unsigned port)
{
	return bus->pio_slot[bus->pio_page_of[port >> 8]][port & 0xff];
}

static unsigned pio_pages_missing(const struct bus *bus, unsigned base, unsigned count)
{
	unsigned missing = 0;

	for (unsigned page = base >> 8; page <= (base + count - 1) >> 8; page++)
		missing += !bus->pio_page_of[page];
	return missing;
}

static unsigned pio_pages_free(const struct bus *bus)
{
	unsigned free = 0;

	for (unsigned page = 1; page <= BUS_PIO_PAGES; page++)
		free += !bus->pio_used[page];
	return free;
}

/* A free region; 0: there is none. */
static unsigned pio_region_free(const struct bus *bus)
{
	for (unsigned slot = 1; slot <= BUS_PIO_REGIONS; slot++)
		if (!bus->pio[slot].ops)
			return slot;
	return 0;
}

static void pio_claim(struct bus *bus, unsigned port, unsigned slot)
{
	unsigned page = bus->pio_page_of[port >> 8];

	for (unsigned free = 1; !page; free++)
		if (!bus->pio_used[free])
			page = free;
	bus->pio_page_of[port >> 8] = (uint8_t)page;
	bus->pio_used[page]++;
	bus->pio_slot[page][port & 0xff] = (uint8_t)slot;
}

static void pio_release(struct bus *bus, unsigned port)
{
	unsigned page = bus->pio_page_of[port >> 8];

	bus->pio_slot[page][port & 0xff] = 0;
	if (!--bus->pio_used[page])
		bus->pio_page_of[port >> 8] = 0;
}

enum bus_status bus_add_pio(struct bus *bus, uint16_t base, uint16_t count,
			    const struct pio_ops *ops, void *dev)
{
	unsigned end = base + count;
	unsigned slot = pio_region_free(bus);

	if (!count || end > 0x10000)
		return BUS_EMPTY;
	for (unsigned port = base; port < end; port++)
		if (pio_slot_of(bus, port))
			return BUS_OVERLAP;
	if (!slot || pio_pages_missing(bus, base, count) > pio_pages_free(bus))
		return BUS_FULL;

	bus->pio[slot] =
		(struct pio_region){ .ops = ops, .dev = dev, .base = base, .count = count };
	for (unsigned port = base; port < end; port++)
		pio_claim(bus, port, slot);
	return BUS_OK;
}

void bus_remove_pio(struct bus *bus, uint16_t base)
{
	unsigned slot = pio_slot_of(bus, base);
	struct pio_region *region = &bus->pio[slot];

	if (!slot || region->base != base)
		return;
	for (unsigned i = 0; i < region->count; i++)
		pio_release(bus, base + i);
	*region = (struct pio_region){ 0 };
}

enum bus_status bus_add_mmio(struct bus *bus, uint64_t base, uint64_t size,
			     const struct mmio_ops *ops, void *dev)
{
	unsigned at = 0;

	if (!size || base + size - 1 < base)
		return BUS_EMPTY;
	while (at < bus->mmio_regions && bus->mmio[at].base < base)
		at++;
	if (at > 0 && base - bus->mmio[at - 1].base < bus->mmio[at - 1].size)
		return BUS_OVERLAP;
	if (at < bus->mmio_regions && bus->mmio[at].base - base < size)
		return BUS_OVERLAP;
	if (bus->mmio_regions == BUS_MMIO_REGIONS)
		return BUS_FULL;

	memmove(&bus->mmio[at + 1], &bus->mmio[at], (bus->mmio_regions - at) * sizeof bus->mmio[0]);
	bus->mmio[at] = (struct mmio_region){ .base = base, .size = size, .ops = ops, .dev = dev };
	bus->mmio_regions++;
	bus->mmio_last = 0;
	return BUS_OK;
}

void bus_remove_mmio(struct bus *bus, uint64_t base)
{
	for (unsigned at = 0; at < bus->mmio_regions; at++) {
		if (bus->mmio[at].base != base)
			continue;
		bus->mmio_regions--;
		memmove(&bus->mmio[at], &bus->mmio[at + 1],
			(bus->mmio_regions - at) * sizeof bus->mmio[0]);
		bus->mmio[bus->mmio_regions] = (struct mmio_region){ 0 };
		bus->mmio_last = 0;
		return;
	}
}

/* A width that no single register takes: split, the way an 8-bit device on an ISA bus sees it. */
static __attribute__((noinline)) uint32_t pio_read_split(struct bus *bus, uint16_t port,
							 unsigned width)
{
	uint32_t value = 0;

	if (width == 1) {
		bus->counters.pio_unclaimed++;
		return 0xff;
	}
	bus->counters.pio_split++;
	for (unsigned i = 0; i < width; i++) {
		uint32_t byte = 0xff;

		if (port + i <= 0xffff)
			byte = bus_pio_read(bus, (uint16_t)(port + i), 1);
		value |= byte << (i * 8);
	}
	return value;
}

uint32_t bus_pio_read(struct bus *bus, uint16_t port, unsigned width)
{
	const struct pio_region *region = &bus->pio[pio_slot_of(bus, port)];
	unsigned offset = (unsigned)port - region->base;

	if (!region->ops || !reg_may_read(&region->ops->regs, offset, width))
		return pio_read_split(bus, port, width);
	return region->ops->read(region->dev, offset, width);
}

static __attribute__((noinline)) void pio_write_split(struct bus *bus, uint16_t port,
						      unsigned width, uint32_t value)
{
	if (width == 1) {
		bus->counters.pio_unclaimed++;
		return;
	}
	bus->counters.pio_split++;
	for (unsigned i = 0; i < width; i++)
		if (port + i <= 0xffff)
			bus_pio_write(bus, (uint16_t)(port + i), 1, value >> (i * 8) & 0xff);
}

void bus_pio_write(struct bus *bus, uint16_t port, unsigned width, uint32_t value)
{
	const struct pio_region *region = &bus->pio[pio_slot_of(bus, port)];
	unsigned offset = (unsigned)port - region->base;

	if (!region->ops || !reg_may_write(&region->ops->regs, offset, width)) {
		pio_write_split(bus, port, width, value);
		return;
	}
	region->ops->write(region->dev, offset, width, value & (uint32_t)bus_ones(width));
}

const struct mmio_region *bus_mmio_find(struct bus *bus, uint64_t gpa)
{
	const struct mmio_region *last = &bus->mmio[bus->mmio_last];
	unsigned low = 0, high = bus->mmio_regions;

	if (gpa - last->base < last->size)
		return last;
	while (low < high) {
		unsigned middle = (low + high) / 2;
		const struct mmio_region *region = &bus->mmio[middle];

		if (gpa < region->base) {
			high = middle;
		} else if (gpa - region->base >= region->size) {
			low = middle + 1;
		} else {
			bus->mmio_last = middle;
			return region;
		}
	}
	return NULL;
}

uint64_t bus_mmio_read(struct bus *bus, uint64_t gpa, unsigned width)
{
	const struct mmio_region *region = bus_mmio_find(bus, gpa);

	if (!region) {
		bus->counters.mmio_unclaimed++;
		return bus_ones(width);
	}
	if (!reg_may_read(&region->ops->regs, gpa - region->base, width)) {
		bus->counters.mmio_refused++;
		return bus_ones(width);
	}
	return region->ops->read(region->dev, gpa - region->base, width);
}

void bus_mmio_write(struct bus *bus, uint64_t gpa, unsigned width, uint64_t value)
{
	const struct mmio_region *region = bus_mmio_find(bus, gpa);

	if (!region) {
		bus->counters.mmio_unclaimed++;
		return;
	}
	if (!reg_may_write(&region->ops->regs, gpa - region->base, width)) {
		bus->counters.mmio_refused++;
		return;
	}
	region->ops->write(region->dev, gpa - region->base, width, value & bus_ones(width));
}
