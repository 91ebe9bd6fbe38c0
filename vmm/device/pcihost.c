/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration mechanism #1 and the host bridge. Accesses to buses or functions that are not
 * there read as all ones, which is how software finds out.
 */
#include "pcihost.h"

#include <string.h>

#define ADDRESS_ENABLE	  0x80000000u
#define ADDRESS_BUS(a)	  ((a) >> 16 & 0xff)
#define ADDRESS_DEVFN(a)  ((a) >> 8 & 0xff)
#define ADDRESS_OFFSET(a) ((a) & 0xfc)
/* Bits 30:24 and 1:0 are reserved and read as zero. */
#define ADDRESS_WRITABLE 0x80fffffcu

/* Type 0 header, PCI 3.0 section 6.1. */
#define CONFIG_VENDOR	 0x00
#define CONFIG_DEVICE	 0x02
#define CONFIG_REVISION	 0x08
#define CONFIG_HEADER	 0x0e
#define CONFIG_SUBVENDOR 0x2c
#define CONFIG_SUBSYSTEM 0x2e
#define HEADER_MULTI	 0x80

#define CLASS_HOST_BRIDGE 0x060000u

uint16_t pci_config_get16(const struct pci_function *function, unsigned offset)
{
	return (uint16_t)(function->config[offset] | function->config[offset + 1] << 8);
}

void pci_config_set16(struct pci_function *function, unsigned offset, uint16_t value)
{
	function->config[offset] = (uint8_t)value;
	function->config[offset + 1] = (uint8_t)(value >> 8);
}

void pci_config_set32(struct pci_function *function, unsigned offset, uint32_t value)
{
	pci_config_set16(function, offset, (uint16_t)value);
	pci_config_set16(function, offset + 2, (uint16_t)(value >> 16));
}

void pci_function_init(struct pci_function *function, const struct pci_identity *identity)
{
	memset(function, 0, sizeof *function);
	pci_config_set16(function, CONFIG_VENDOR, identity->vendor);
	pci_config_set16(function, CONFIG_DEVICE, identity->device);
	pci_config_set32(function, CONFIG_REVISION, identity->class_code << 8 | identity->revision);
	pci_config_set16(function, CONFIG_SUBVENDOR, identity->subsystem_vendor);
	pci_config_set16(function, CONFIG_SUBSYSTEM, identity->subsystem);
}

bool pcihost_add(struct pcihost *host, unsigned devfn, struct pci_function *function)
{
	struct pci_function *first;

	if (devfn > 0xff || host->function[devfn])
		return false;
	first = host->function[devfn & ~7u];
	if (devfn & 7) {
		if (!first)
			return false;
		first->config[CONFIG_HEADER] |= HEADER_MULTI;
	}
	host->function[devfn] = function;
	return true;
}

uint32_t pcihost_config_read(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width)
{
	const struct pci_function *function = devfn <= 0xff ? host->function[devfn] : NULL;
	uint32_t value = 0;

	if (!function || offset + width > PCI_CONFIG_BYTES)
		return (uint32_t)bus_ones(width);
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)function->config[offset + i] << (i * 8);
	return value;
}

void pcihost_config_write(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width,
			  uint32_t value)
{
	struct pci_function *function = devfn <= 0xff ? host->function[devfn] : NULL;

	if (!function || offset + width > PCI_CONFIG_BYTES)
		return;
	for (unsigned i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(value >> (i * 8));
		uint8_t writable = function->writable[offset + i];
		uint8_t *config = &function->config[offset + i];

		*config = (uint8_t)((*config & ~writable) | (byte & writable));
		*config &= (uint8_t)~(byte & function->clears[offset + i]);
	}
	if (function->changed)
		function->changed(function, offset, width);
}

static uint32_t address_read(void *dev, unsigned offset, unsigned width)
{
	struct pcihost *host = dev;

	(void)offset;
	(void)width;
	return host->s.address;
}

static void address_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pcihost *host = dev;

	(void)offset;
	(void)width;
	host->s.address = value & ADDRESS_WRITABLE;
}

static bool data_selected(const struct pcihost *host)
{
	return host->s.address & ADDRESS_ENABLE && !ADDRESS_BUS(host->s.address);
}

static uint32_t data_read(void *dev, unsigned offset, unsigned width)
{
	struct pcihost *host = dev;
	uint32_t address = host->s.address;

	if (!data_selected(host))
		return (uint32_t)bus_ones(width);
	return pcihost_config_read(host, ADDRESS_DEVFN(address), ADDRESS_OFFSET(address) + offset,
				   width);
}

static void data_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct pcihost *host = dev;
	uint32_t address = host->s.address;

	if (data_selected(host))
		pcihost_config_write(host, ADDRESS_DEVFN(address), ADDRESS_OFFSET(address) + offset,
				     width, value);
}

/* Only a 4-byte access at 0xCF8 is the address register; bytes in it belong to others (0xCF9). */
static const uint8_t address_access[1] = { ACCESS_RW(4) };
static const uint8_t data_access[4] = {
	ACCESS_RW(1 | 2 | 4),
	ACCESS_RW(1),
	ACCESS_RW(1 | 2),
	ACCESS_RW(1),
};

static const struct pio_ops address_ops = { { address_access, 1, 0 }, address_read, address_write };
static const struct pio_ops data_ops = { { data_access, 4, 0 }, data_read, data_write };

static void pcihost_reset(void *dev)
{
	struct pcihost *host = dev;

	host->s.address = 0;
}

static bool pcihost_check(const void *state)
{
	const struct pcihost_state *s = state;

	return !(s->address & ~ADDRESS_WRITABLE);
}

static void pcihost_resume(void *dev)
{
	(void)dev;
}

const struct device_ops pcihost_device_ops = {
	.name = "pcihost",
	.version = 1,
	.state_offset = offsetof(struct pcihost, s),
	.state_size = sizeof(struct pcihost_state),
	.reset = pcihost_reset,
	.check = pcihost_check,
	.resume = pcihost_resume,
};

void pcihost_init(struct pcihost *host)
{
	static const struct pci_identity bridge = {
		.vendor = PCIHOST_VENDOR_ID,
		.device = PCIHOST_DEVICE_ID,
		.class_code = CLASS_HOST_BRIDGE,
	};

	memset(host, 0, sizeof *host);
	pci_function_init(&host->bridge, &bridge);
	pcihost_add(host, PCI_DEVFN(0, 0), &host->bridge);
}

enum bus_status pcihost_attach(struct pcihost *host, struct bus *bus)
{
	enum bus_status status = bus_add_pio(bus, PCI_ADDRESS_PORT, 1, &address_ops, host);

	if (status == BUS_OK)
		status = bus_add_pio(bus, PCI_DATA_PORT, 4, &data_ops, host);
	return status;
}
