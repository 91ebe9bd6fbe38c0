/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A virtio disk that reads to memory that is not its driver's. The same requests work where the
 * device may reach, which is tried first: without an IOMMU the machine would not live long.
 * Addresses of interrupts are left out, because QEMU 7.2's VT-d lets messages of the old format
 * pass.
 */
#include <rt/block.h>
#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/link.h>
#include <rt/log.h>
#include <string.h>

#include "hostile.h"
#include "virtio_pci.h"

#define ANSWER_NS 5000000000ull
#define STEP_NS	  100000ull
#define PAUSE_NS  500000000ull
#define SPREAD	  0x1000000ull /* of the addresses that are tried in all of memory */
#define MEMORY	  0x80000000ull
#define OWN	  0x10000ull /* in its memory, behind the ring */
#define IOMMU	  0xfed90000ull

struct own {
	struct rt_block_request request;
	uint8_t status;
};

static struct disk {
	const struct rt_service_info *info;
	struct virtio_pci pci;
	struct vq_driver queue;
	struct hw_dma dma;
	struct own *own;
} disk;

/* From the reset on, because a device that was refused memory wants one. */
static void start(void)
{
	const char *why;

	disk.dma = (struct hw_dma){ (unsigned char *)RT_DMA_VA, disk.info->dma_address,
				    disk.info->dma_bytes, 0 };
	why = virtio_pci_find(&disk.pci, &disk.info->device);
	if (!why && !virtio_pci_reset(&disk.pci))
		why = "no reset";
	if (!why)
		why = virtio_pci_negotiate(&disk.pci, 0);
	if (!why)
		why = virtio_pci_queue(&disk.pci, 0, 8, &disk.dma, &disk.queue);
	disk.own = hw_dma_take(&disk.dma, sizeof *disk.own, VELA_PAGE_SIZE);
	if (why || !disk.own)
		rt_fatal("the attack cannot begin: %s", why ? why : "no memory");
	virtio_pci_start(&disk.pci);
}

/* Has the device write the first sector to an address, or what is there to the first sector. */
static void transfer(enum rt_block_type type, uint64_t address)
{
	const uint64_t end = rt_clock_ns() + ANSWER_NS;
	const bool read = type == RT_BLOCK_READ;
	uint16_t head;
	uint32_t written;

	start();
	disk.own->request = (struct rt_block_request){ .type = type };
	disk.own->status = RT_BLOCK_ERROR;
	const struct vq_buffer buffers[] = {
		{ hw_dma_address(&disk.dma, &disk.own->request), sizeof disk.own->request },
		{ address, RT_BLOCK_SECTOR },
		{ hw_dma_address(&disk.dma, &disk.own->status), 1 },
	};
	vq_driver_add(&disk.queue, buffers, read ? 1 : 2, read ? 2 : 1);
	virtio_pci_notify(&disk.pci, 0);
	while (vq_driver_take(&disk.queue, &head, &written) == VQ_NONE &&
	       !virtio_pci_needs_reset(&disk.pci) && rt_clock_ns() < end)
		hw_pause_ns(STEP_NS);
}

static void attack(uint64_t address)
{
	transfer(RT_BLOCK_READ, address);
	transfer(RT_BLOCK_WRITE, address);
}

/* The whole of memory but what the device may reach. */
static void attack_memory(void)
{
	const struct rt_service_info *info = disk.info;

	for (uint64_t address = 0; address < MEMORY; address += SPREAD)
		if (address - info->dma_address >= info->dma_bytes &&
		    address - info->client[0].address >= RT_LINK_BYTES)
			attack(address);
}

_Noreturn void attack_by_device(const struct rt_service_info *info)
{
	static unsigned char before[RT_LINK_RINGS];
	const unsigned char *window = hostile_window(0);
	struct rt_link link;

	rt_link_open(&link, hostile_window(0));
	rt_link_service_refuse(&link, "this disk attacks");
	disk.info = info;
	transfer(RT_BLOCK_READ, info->dma_address + OWN);
	rt_log(RT_INFO, "its own memory has \"%.12s\"", (const char *)RT_DMA_VA + OWN);
	/* The handshake's pages of its client's window, which the device does not reach. */
	memcpy(before, window, sizeof before);
	attack(info->client[0].address);
	attack(info->client[0].address + RT_LINK_WORDS);
	rt_log(RT_INFO, "the first pages of its window are %s",
	       memcmp(before, window, sizeof before) ? "another" : "the same");
	attack(info->dma_address + info->dma_bytes);
	attack(info->client[0].address + RT_LINK_BYTES);
	attack(IOMMU);
	attack(UINT64_MAX << 12);
	attack_memory();
	rt_log(RT_INFO, "has attacked all of memory, and goes on");
	for (;;) {
		attack(info->dma_address + info->dma_bytes);
		hw_pause_ns(PAUSE_NS);
	}
}
