/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices in the zoo: one PCI function on a bus, a little RAM in two pieces, and what a
 * driver does with them.
 */
#ifndef TEST_DEVICE_ZOO_VIRTIO_H
#define TEST_DEVICE_ZOO_VIRTIO_H

#include "zoo.h"

#define ZOO_DEVFN   PCI_DEVFN(1, 0)
#define ZOO_BAR	    UINT64_C(0xc0000000)
#define ZOO_IO	    0xc000
#define ZOO_MSIX    ZOO_BAR
#define ZOO_COMMON  (ZOO_BAR + 0x1000)
#define ZOO_ISR	    (ZOO_BAR + 0x2000)
#define ZOO_CONFIG  (ZOO_BAR + 0x3000)
#define ZOO_HIGH    UINT64_C(0x100000000) /* gpa of the second piece of RAM */
#define ZOO_BUFFERS 0x12000u		  /* gpa of RAM without rings */
#define ZOO_ENTRIES 8

/* For the builders: what every device shares, and putting one on the bus. */
struct virtio_wiring zoo_wiring(struct zoo *zoo);
void zoo_place(struct zoo *zoo, struct virtio_device *dev);

/* Builders of the classes. */
void zoo_build_net(struct zoo *zoo);
void zoo_poke_net(struct zoo *zoo, uint8_t what, uint8_t value);
void zoo_build_blk(struct zoo *zoo);
void zoo_build_rng(struct zoo *zoo);
void zoo_build_console(struct zoo *zoo);
void zoo_build_balloon(struct zoo *zoo);
void zoo_poke_balloon(struct zoo *zoo, uint8_t what, uint8_t value);
void zoo_poke_virtio(struct zoo *zoo, uint8_t what, uint8_t value);
void zoo_poke_blk(struct zoo *zoo, uint8_t what, uint8_t value);
bool zoo_serve_blk(struct zoo *zoo);
void zoo_poke_console(struct zoo *zoo, uint8_t what, uint8_t value);

/* Carries out the oldest request that the block device's backend holds. */
bool zoo_release_io(struct zoo *zoo, enum rt_block_status status);
/* Fills in the header of a request to the block device, and two descriptors of it: header, status.
 */
void zoo_blk_header(struct zoo *zoo, uint32_t type, uint64_t sector);

uint64_t zoo_reg(struct zoo *zoo, unsigned offset, unsigned width);
void zoo_set_reg(struct zoo *zoo, unsigned offset, unsigned width, uint64_t value);
uint8_t zoo_status(struct zoo *zoo);
void zoo_set_status(struct zoo *zoo, uint8_t status);
uint32_t zoo_config_get(struct zoo *zoo, unsigned offset, unsigned width);
void zoo_config_set(struct zoo *zoo, unsigned offset, unsigned width, uint32_t value);

/* A driver's start: with these features (VERSION_1 is added) until before its queues, with queue
 * n's rings at their place, and to its end, with all queues. */
void zoo_negotiate(struct zoo *zoo, uint64_t features);
void zoo_setup_queue(struct zoo *zoo, unsigned queue, uint16_t entries);
void zoo_start(struct zoo *zoo, uint64_t features);
void zoo_enable_msix(struct zoo *zoo);

/* Rings of queue n as zoo_setup_queue places them. */
#define ZOO_DESC(n)  (0x1000u * ((n) + 1))
#define ZOO_AVAIL(n) (ZOO_DESC(n) + 0x800)
#define ZOO_USED(n)  (ZOO_DESC(n) + 0xc00)
void zoo_describe(struct zoo *zoo, unsigned queue, unsigned index, uint64_t address,
		  uint32_t length, uint16_t flags, uint16_t next);
/* Makes a chain available, without and with the doorbell. */
void zoo_offer(struct zoo *zoo, unsigned queue, uint16_t head);
void zoo_submit(struct zoo *zoo, unsigned queue, uint16_t head);
void zoo_doorbell(struct zoo *zoo, unsigned queue);
uint16_t zoo_avail_index(const struct zoo *zoo, unsigned queue);
uint16_t zoo_used_index(const struct zoo *zoo, unsigned queue);
struct vq_used_elem zoo_used(const struct zoo *zoo, unsigned queue, unsigned index);

/* Gives twin the surroundings that zoo's device has: RAM, and the host bridge's address. */
void zoo_share(struct zoo *twin, const struct zoo *zoo);

#endif
