/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's two address spaces: 64 Ki I/O ports and guest-physical MMIO. Overlaps are refused;
 * only the PCI bus moves what is attached. Dispatch is a table look-up for ports and a binary
 * search with a last-hit cache for MMIO. Nothing a guest does here can fail: what no device claims
 * reads as all ones, and is counted.
 */
#ifndef VMM_DEVICE_BUS_H
#define VMM_DEVICE_BUS_H

#include "device.h"

#define BUS_PIO_REGIONS	 64
#define BUS_PIO_PAGES	 40
#define BUS_MMIO_REGIONS 128

struct pio_region {
	const struct pio_ops *ops; /* NULL: free */
	void *dev;
	uint16_t base;
	uint16_t count;
};

struct mmio_region {
	uint64_t base;
	uint64_t size;
	const struct mmio_ops *ops;
	void *dev;
};

struct bus_counters {
	uint64_t pio_unclaimed;	 /* accesses to ports nobody claims */
	uint64_t pio_split;	 /* accesses done byte by byte */
	uint64_t mmio_unclaimed; /* accesses to addresses nobody claims */
	uint64_t mmio_refused;	 /* claimed address, but not with this width or direction */
};

/* Ports are looked up in two steps, port >> 8 and port & 255, because devices cluster in few
 * 256-port pages. Page 0 and region 0 stand for "unclaimed". */
struct bus {
	uint8_t pio_page_of[256];
	uint8_t pio_slot[BUS_PIO_PAGES + 1][256];
	uint16_t pio_used[BUS_PIO_PAGES + 1]; /* claimed ports of the page; 0: it is free */
	struct pio_region pio[BUS_PIO_REGIONS + 1];
	struct mmio_region mmio[BUS_MMIO_REGIONS]; /* sorted by base, disjoint */
	unsigned mmio_regions;
	unsigned mmio_last; /* index of the region hit last */
	struct bus_counters counters;
};

enum bus_status {
	BUS_OK,
	BUS_EMPTY,   /* a range of no ports or bytes, or one that wraps around */
	BUS_OVERLAP, /* part of the range is claimed already */
	BUS_FULL,    /* more regions or port pages than the tables hold */
};

void bus_init(struct bus *bus);

/* Attach a device; on failure nothing changed. */
enum bus_status bus_add_pio(struct bus *bus, uint16_t base, uint16_t count,
			    const struct pio_ops *ops, void *dev);
enum bus_status bus_add_mmio(struct bus *bus, uint64_t base, uint64_t size,
			     const struct mmio_ops *ops, void *dev);

/* Takes away the region that begins there. A handler may do so with its own region as the last
 * thing it does. */
void bus_remove_pio(struct bus *bus, uint16_t base);
void bus_remove_mmio(struct bus *bus, uint64_t base);

/*
 * Port access. width is 1, 2 or 4. An access the register table does not allow as a whole is done
 * as the ISA bus does it, byte by byte in ascending order; a byte that nobody takes reads as 0xff.
 */
uint32_t bus_pio_read(struct bus *bus, uint16_t port, unsigned width);
void bus_pio_write(struct bus *bus, uint16_t port, unsigned width, uint32_t value);

/* Memory access. width is 1, 2, 4 or 8. A refused read gives all ones. */
uint64_t bus_mmio_read(struct bus *bus, uint64_t gpa, unsigned width);
void bus_mmio_write(struct bus *bus, uint64_t gpa, unsigned width, uint64_t value);

/* The region that holds gpa, or NULL. */
const struct mmio_region *bus_mmio_find(struct bus *bus, uint64_t gpa);

/* All ones in the given width. */
static inline uint64_t bus_ones(unsigned width)
{
	return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (width * 8)) - 1;
}

#endif
