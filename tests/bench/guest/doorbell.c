/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver of a virtio device on PCI that stops where the work would begin; see doorbell.h. Where
 * the parts of the device are comes from docs/machine.md; firmware has assigned and switched on its
 * BARs.
 */
#include "doorbell.h"

enum {
	PCI_ADDRESS = 0xcf8,
	PCI_DATA = 0xcfc,
	FUNCTION = 1u << 31 | 1u << 11, /* 00:01.0 */
	VIRTIO_CONSOLE = 0x10431af4,
	COMMAND = 0x04,
	COMMAND_ALL = 7, /* ports, memory, bus master */
	BAR0 = 0x10,
	BAR2 = 0x18,
	COMMON = 0x1000,
	OUTPUT_QUEUE = 1,
	QUEUE_ENTRIES = 16,
	DOORBELL_STEP = 4,
};

/* Offsets in struct virtio_pci_common_cfg, section 4.1.4.3. */
enum {
	DRIVER_FEATURE_SELECT = 8,
	DRIVER_FEATURE = 12,
	DEVICE_STATUS = 20,
	QUEUE_SELECT = 22,
	QUEUE_SIZE = 24,
	QUEUE_ENABLE = 28,
	QUEUE_DESC = 32,
	QUEUE_DRIVER = 40,
	QUEUE_DEVICE = 48,
};

enum { ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, VERSION_1_HIGH = 1 };

static unsigned char rings[3][4096] __attribute__((aligned(4096)));
static uint64_t common;

static void out32(uint16_t port, uint32_t value)
{
	__asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port));
}

static uint32_t in32(uint16_t port)
{
	uint32_t value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static uint32_t config_read(uint32_t offset)
{
	out32(PCI_ADDRESS, FUNCTION | offset);
	return in32(PCI_DATA);
}

static void config_write(uint32_t offset, uint32_t value)
{
	out32(PCI_ADDRESS, FUNCTION | offset);
	out32(PCI_DATA, value);
}

static void put8(unsigned offset, uint8_t value)
{
	*(volatile uint8_t *)(common + offset) = value;
}

static void put16(unsigned offset, uint16_t value)
{
	*(volatile uint16_t *)(common + offset) = value;
}

static void put32(unsigned offset, uint32_t value)
{
	*(volatile uint32_t *)(common + offset) = value;
}

static void put_address(unsigned offset, const void *ring)
{
	put32(offset, (uint32_t)(uintptr_t)ring);
	put32(offset + 4, 0);
}

uint16_t doorbell_set_up(void)
{
	const uint8_t ready = ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK;

	if (config_read(0) != VIRTIO_CONSOLE)
		return 0;
	config_write(COMMAND, COMMAND_ALL);
	common = (config_read(BAR0) & ~15u) + COMMON;
	put8(DEVICE_STATUS, ACKNOWLEDGE);
	put8(DEVICE_STATUS, ACKNOWLEDGE | DRIVER);
	put32(DRIVER_FEATURE_SELECT, 1);
	put32(DRIVER_FEATURE, VERSION_1_HIGH);
	put8(DEVICE_STATUS, ACKNOWLEDGE | DRIVER | FEATURES_OK);
	put16(QUEUE_SELECT, OUTPUT_QUEUE);
	put16(QUEUE_SIZE, QUEUE_ENTRIES);
	put_address(QUEUE_DESC, rings[0]);
	put_address(QUEUE_DRIVER, rings[1]);
	put_address(QUEUE_DEVICE, rings[2]);
	put16(QUEUE_ENABLE, 1);
	put8(DEVICE_STATUS, ready);
	if (*(volatile uint8_t *)(common + DEVICE_STATUS) != ready)
		return 0;
	return (uint16_t)((config_read(BAR2) & ~3u) + OUTPUT_QUEUE * DOORBELL_STEP);
}
