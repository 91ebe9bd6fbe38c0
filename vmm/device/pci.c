/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration space of a PCI function. What the guest may write is a mask per byte; everything
 * that follows from a write is worked out again from the merged bytes, so that a loaded
 * configuration needs no more than that.
 */
#include "pci.h"

#include <string.h>

#include "pcihost.h"

#define STATUS_INTERRUPT    0x08u
#define STATUS_CAPABILITIES 0x10u
#define BAR_IO		    0x1u
#define BAR_MEMORY_64	    0x4u
#define HEADER_BYTES	    0x40u

void pci_fix8(struct pci_function *function, unsigned offset, uint8_t value)
{
	function->fixed[offset] = value;
}

void pci_fix16(struct pci_function *function, unsigned offset, uint16_t value)
{
	pci_fix8(function, offset, (uint8_t)value);
	pci_fix8(function, offset + 1, (uint8_t)(value >> 8));
}

void pci_fix32(struct pci_function *function, unsigned offset, uint32_t value)
{
	pci_fix16(function, offset, (uint16_t)value);
	pci_fix16(function, offset + 2, (uint16_t)(value >> 16));
}

static void may_write32(struct pci_function *function, unsigned offset, uint32_t mask)
{
	for (unsigned i = 0; i < 4; i++)
		function->writable[offset + i] = (uint8_t)(mask >> (i * 8));
}

uint16_t pci_get16(const struct pci_function *function, unsigned offset)
{
	const uint8_t *config = function->s->config;

	return (uint16_t)(config[offset] | config[offset + 1] << 8);
}

uint32_t pci_get32(const struct pci_function *function, unsigned offset)
{
	return pci_get16(function, offset) | (uint32_t)pci_get16(function, offset + 2) << 16;
}

void pci_function_init(struct pci_function *function, struct pci_state *state,
		       const struct pci_identity *identity)
{
	memset(function, 0, sizeof *function);
	function->s = state;
	function->capabilities_end = HEADER_BYTES;
	pci_fix16(function, PCI_VENDOR, identity->vendor);
	pci_fix16(function, PCI_DEVICE, identity->device);
	pci_fix32(function, PCI_REVISION, identity->class_code << 8 | identity->revision);
	pci_fix16(function, PCI_SUBVENDOR, identity->subsystem_vendor);
	pci_fix16(function, PCI_SUBSYSTEM, identity->subsystem);
	pci_reset(function);
}

/* Registers that functions with BARs have. */
static void add_decoding(struct pci_function *function, uint16_t decode)
{
	function->fixed[PCI_COMMAND] |= (uint8_t)decode;
	may_write32(function, PCI_COMMAND,
		    PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_NO_INT);
	function->writable[PCI_LINE] = 0xff;
	pci_fix8(function, PCI_PIN, 1);
}

void pci_add_memory_bar(struct pci_function *function, unsigned bar, uint32_t bytes,
			uint64_t address)
{
	unsigned offset = PCI_BAR + bar * 4;

	function->bar_bytes[bar] = bytes;
	pci_fix32(function, offset, (uint32_t)address | BAR_MEMORY_64);
	pci_fix32(function, offset + 4, (uint32_t)(address >> 32));
	may_write32(function, offset, -bytes);
	may_write32(function, offset + 4, UINT32_MAX);
	add_decoding(function, PCI_COMMAND_MEMORY);
}

void pci_add_io_bar(struct pci_function *function, unsigned bar, uint32_t bytes, uint16_t address)
{
	unsigned offset = PCI_BAR + bar * 4;

	function->bar_bytes[bar] = bytes;
	pci_fix32(function, offset, address | BAR_IO);
	may_write32(function, offset, -bytes);
	add_decoding(function, PCI_COMMAND_IO);
}

void pci_add_window(struct pci_function *function, const struct pci_window *window)
{
	struct pci_window *added = &function->window[function->windows++];

	*added = *window;
	added->mapped = 0;
	added->mapped_bytes = 0;
}

unsigned pci_add_capability(struct pci_function *function, uint8_t id, unsigned bytes)
{
	unsigned offset = function->capabilities_end;
	unsigned last = function->last_capability;

	pci_fix8(function, last ? last + 1 : PCI_CAPABILITIES, (uint8_t)offset);
	pci_fix8(function, offset, id);
	function->fixed[PCI_STATUS] |= STATUS_CAPABILITIES;
	function->last_capability = offset;
	function->capabilities_end = offset + ((bytes + 3) & ~3u);
	return offset;
}

static uint64_t bar_address(const struct pci_function *function, const struct pci_window *window)
{
	unsigned offset = PCI_BAR + window->bar * 4;
	uint64_t low = pci_get32(function, offset);

	if (window->pio)
		return low & ~UINT64_C(3);
	return (low & ~UINT64_C(15)) | (uint64_t)pci_get32(function, offset + 4) << 32;
}

static void window_unmap(struct bus *bus, struct pci_window *window)
{
	if (!window->mapped_bytes)
		return;
	if (window->pio)
		bus_remove_pio(bus, (uint16_t)window->mapped);
	else
		bus_remove_mmio(bus, window->mapped);
	window->mapped_bytes = 0;
}

void pci_unmap(struct pci_function *function, struct bus *bus)
{
	for (unsigned i = 0; i < function->windows; i++)
		window_unmap(bus, &function->window[i]);
}

/* Where a window is to be; false if it is not decoded. */
static bool window_wanted(const struct pci_function *function, const struct pci_window *window,
			  uint64_t *address)
{
	uint16_t command = pci_get16(function, PCI_COMMAND);

	*address = bar_address(function, window) + window->offset;
	if (window->pio)
		return command & PCI_COMMAND_IO && *address + window->bytes <= 0x10000;
	return command & PCI_COMMAND_MEMORY;
}

bool pci_is_mapped(const struct pci_function *function)
{
	for (unsigned i = 0; i < function->windows; i++) {
		const struct pci_window *window = &function->window[i];
		uint64_t address;

		if (window_wanted(function, window, &address) != (window->mapped_bytes != 0) ||
		    (window->mapped_bytes && window->mapped != address))
			return false;
	}
	return true;
}

unsigned pci_map(struct pci_function *function, struct bus *bus)
{
	unsigned refused = 0;

	for (unsigned i = 0; i < function->windows; i++) {
		struct pci_window *window = &function->window[i];
		enum bus_status status;
		uint64_t address;

		if (!window_wanted(function, window, &address))
			continue;
		if (window->pio)
			status = bus_add_pio(bus, (uint16_t)address, (uint16_t)window->bytes,
					     window->pio, window->dev);
		else
			status = bus_add_mmio(bus, address, window->bytes, window->mmio,
					      window->dev);
		refused += status != BUS_OK;
		window->mapped = address;
		window->mapped_bytes = status == BUS_OK ? window->bytes : 0;
	}
	return refused;
}

void pci_reset(struct pci_function *function)
{
	struct pci_state *s = function->s;

	memset(s, 0, sizeof *s);
	memcpy(s->config, function->fixed, sizeof s->config);
	for (unsigned i = 0; i < PCI_MSIX_MAX; i++)
		s->vector[i].control = 1;
	if (!function->host)
		return;
	pcihost_remap(function->host);
	pcihost_update_pins(function->host);
}

void pci_resume(struct pci_function *function)
{
	struct pci_state *s = function->s;
	uint8_t interrupt = s->intx ? STATUS_INTERRUPT : 0;

	for (unsigned i = 0; i < PCI_CONFIG_BYTES; i++)
		s->config[i] = (uint8_t)((s->config[i] & function->writable[i]) |
					 (function->fixed[i] & ~function->writable[i]));
	s->config[PCI_STATUS] |= interrupt;
	s->intx = s->intx != 0;
	s->pending &= (UINT32_C(1) << function->vectors) - 1;
	for (unsigned i = 0; i < PCI_MSIX_MAX; i++)
		s->vector[i].control &= 1;
	if (!function->host)
		return;
	pcihost_remap(function->host);
	pcihost_update_pins(function->host);
}

bool pci_is_master(const struct pci_function *function)
{
	return pci_get16(function, PCI_COMMAND) & PCI_COMMAND_MASTER;
}

void pci_set_intx(struct pci_function *function, bool level)
{
	function->s->intx = level;
	function->s->config[PCI_STATUS] &= (uint8_t)~STATUS_INTERRUPT;
	if (level)
		function->s->config[PCI_STATUS] |= STATUS_INTERRUPT;
	if (function->host)
		pcihost_update_pins(function->host);
}

bool pci_intx(const struct pci_function *function)
{
	return function->s->intx && !pci_msix_enabled(function) &&
	       !(pci_get16(function, PCI_COMMAND) & PCI_COMMAND_NO_INT);
}

uint32_t pci_config_read(struct pci_function *function, unsigned offset, unsigned width)
{
	uint32_t value = 0;

	if (function->reading)
		function->reading(function, offset, width);
	for (unsigned i = 0; i < width; i++)
		value |= (uint32_t)function->s->config[offset + i] << (i * 8);
	return value;
}

void pci_config_write(struct pci_function *function, unsigned offset, unsigned width,
		      uint32_t value)
{
	for (unsigned i = 0; i < width; i++) {
		uint8_t byte = (uint8_t)(value >> (i * 8));
		uint8_t writable = function->writable[offset + i];
		uint8_t *config = &function->s->config[offset + i];

		*config = (uint8_t)((*config & ~writable) | (byte & writable));
		*config &= (uint8_t)~(byte & function->clears[offset + i]);
	}
	if (function->host)
		pcihost_remap(function->host);
	pci_msix_written(function);
	if (function->changed)
		function->changed(function, offset, width);
}

/* The window that holds all bytes of an access, or NULL. */
static struct pci_window *window_find(struct pci_function *function, unsigned bar, uint32_t offset,
				      unsigned width)
{
	for (unsigned i = 0; i < function->windows; i++) {
		struct pci_window *window = &function->window[i];

		if (window->bar == bar && offset >= window->offset &&
		    offset - window->offset < window->bytes &&
		    width <= window->bytes - (offset - window->offset))
			return window;
	}
	return NULL;
}

uint64_t pci_bar_read(struct pci_function *function, unsigned bar, uint32_t offset, unsigned width)
{
	const struct pci_window *window = window_find(function, bar, offset, width);

	if (!window)
		return bus_ones(width);
	offset -= window->offset;
	if (window->pio) {
		if (width > 4 || !reg_may_read(&window->pio->regs, offset, width))
			return bus_ones(width);
		return window->pio->read(window->dev, offset, width);
	}
	if (!reg_may_read(&window->mmio->regs, offset, width))
		return bus_ones(width);
	return window->mmio->read(window->dev, offset, width);
}

void pci_bar_write(struct pci_function *function, unsigned bar, uint32_t offset, unsigned width,
		   uint64_t value)
{
	const struct pci_window *window = window_find(function, bar, offset, width);

	if (!window)
		return;
	offset -= window->offset;
	if (window->pio) {
		if (width <= 4 && reg_may_write(&window->pio->regs, offset, width))
			window->pio->write(window->dev, offset, width, (uint32_t)value);
	} else if (reg_may_write(&window->mmio->regs, offset, width)) {
		window->mmio->write(window->dev, offset, width, value);
	}
}
