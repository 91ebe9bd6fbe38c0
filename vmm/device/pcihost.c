/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration mechanisms and the host bridge. Accesses to buses or functions that are not
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

#define ECAM_DEVFN(offset)    ((unsigned)((offset) >> 12))
#define ECAM_REGISTER(offset) ((unsigned)((offset) & 0xfff))

#define HEADER_MULTI	  0x80
#define CLASS_HOST_BRIDGE 0x060000u

bool pcihost_add(struct pcihost *host, unsigned devfn, struct pci_function *function)
{
	struct pci_function *first;

	if (devfn > 0xff || host->function[devfn] || host->functions > PCI_FUNCTIONS)
		return false;
	first = host->function[devfn & ~7u];
	if (devfn & 7) {
		if (!first)
			return false;
		first->fixed[PCI_HEADER] |= HEADER_MULTI;
		first->s->config[PCI_HEADER] |= HEADER_MULTI;
	}
	host->function[devfn] = function;
	host->added[host->functions++] = function;
	function->host = host;
	function->devfn = devfn;
	pcihost_remap(host);
	return true;
}

/* All are taken away before any is put where it belongs, so that who wins a collision depends on
 * the configuration alone and not on what came before. */
void pcihost_remap(struct pcihost *host)
{
	bool is_mapped = true;

	for (unsigned i = 0; i < host->functions; i++)
		is_mapped = is_mapped && pci_is_mapped(host->added[i]);
	if (is_mapped || !host->bus)
		return;
	for (unsigned i = 0; i < host->functions; i++)
		pci_unmap(host->added[i], host->bus);
	for (unsigned i = 0; i < 256; i++)
		if (host->function[i])
			host->collisions += pci_map(host->function[i], host->bus);
}

void pcihost_update_pins(struct pcihost *host)
{
	uint8_t inputs = 0;
	unsigned changed;

	for (unsigned i = 0; i < host->functions; i++)
		if (pci_intx(host->added[i]))
			inputs |= (uint8_t)(1u << (host->added[i]->devfn >> 3) % PCI_PINS);
	changed = inputs ^ host->inputs;
	host->inputs = inputs;
	for (unsigned input = 0; input < PCI_PINS; input++)
		if (changed >> input & 1)
			host->wiring.intx(host->wiring.ctx, input, inputs >> input & 1);
}

uint32_t pcihost_config_read(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width)
{
	struct pci_function *function = devfn <= 0xff ? host->function[devfn] : NULL;

	if (!function || offset + width > PCI_CONFIG_BYTES)
		return (uint32_t)bus_ones(width);
	return pci_config_read(function, offset, width);
}

void pcihost_config_write(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width,
			  uint32_t value)
{
	struct pci_function *function = devfn <= 0xff ? host->function[devfn] : NULL;

	if (function && offset + width <= PCI_CONFIG_BYTES)
		pci_config_write(function, offset, width, value);
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

/* No function here has registers beyond the first 256 bytes, and no access is wider than 4. */
static uint64_t ecam_read(void *dev, uint64_t offset, unsigned width)
{
	if (width > 4)
		return bus_ones(width);
	return pcihost_config_read(dev, ECAM_DEVFN(offset), ECAM_REGISTER(offset), width);
}

static void ecam_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	if (width <= 4)
		pcihost_config_write(dev, ECAM_DEVFN(offset), ECAM_REGISTER(offset), width,
				     (uint32_t)value);
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
static const struct mmio_ops ecam_ops = { REG_NATURAL, ecam_read, ecam_write };

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

void pcihost_init(struct pcihost *host, const struct pci_wiring *wiring)
{
	static const struct pci_identity bridge = {
		.vendor = PCIHOST_VENDOR_ID,
		.device = PCIHOST_DEVICE_ID,
		.class_code = CLASS_HOST_BRIDGE,
	};

	memset(host, 0, sizeof *host);
	host->wiring = *wiring;
	pci_function_init(&host->bridge, &host->bridge_state, &bridge);
	pcihost_add(host, PCI_DEVFN(0, 0), &host->bridge);
}

enum bus_status pcihost_attach(struct pcihost *host, struct bus *bus, uint64_t ecam)
{
	enum bus_status status = bus_add_pio(bus, PCI_ADDRESS_PORT, 1, &address_ops, host);

	host->bus = bus;
	if (status == BUS_OK)
		status = bus_add_pio(bus, PCI_DATA_PORT, 4, &data_ops, host);
	if (status == BUS_OK && ecam)
		status = bus_add_mmio(bus, ecam, PCIHOST_ECAM_BYTES, &ecam_ops, host);
	return status;
}
