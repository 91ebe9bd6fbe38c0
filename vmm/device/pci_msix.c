/* SPDX-License-Identifier: Apache-2.0 */
/*
 * MSI-X (PCI 3.0, section 6.8.2): the table, the pending bits, and sending. A message that is
 * masked when it is due stays pending and is sent on unmasking.
 */
#include <string.h>

#include "pcihost.h"

#define CAPABILITY_BYTES 12
#define CONTROL		 2 /* message control, table and pending-bit locations */
#define TABLE		 4
#define PBA		 8
#define CONTROL_MASK	 0x4000u
#define CONTROL_ENABLE	 0x8000u
#define PBA_OFFSET	 0x800u
#define ENTRY_BYTES	 16u
#define VECTOR_MASKED	 1u

bool pci_msix_enabled(const struct pci_function *function)
{
	return function->msix && pci_get16(function, function->msix + CONTROL) & CONTROL_ENABLE;
}

static void send(struct pci_function *function, unsigned vector)
{
	const struct pci_vector *v = &function->s->vector[vector];
	const struct pci_wiring *wiring = &function->host->wiring;

	wiring->msi(wiring->ctx, v->address, v->data);
}

static bool is_masked(const struct pci_function *function, unsigned vector)
{
	return function->s->vector[vector].control & VECTOR_MASKED ||
	       pci_get16(function, function->msix + CONTROL) & CONTROL_MASK;
}

static void send_pending(struct pci_function *function, unsigned vector)
{
	uint32_t bit = UINT32_C(1) << vector;

	if (!(function->s->pending & bit) || is_masked(function, vector))
		return;
	function->s->pending &= ~bit;
	send(function, vector);
}

void pci_msix_send(struct pci_function *function, unsigned vector)
{
	if (vector >= function->vectors || !function->host || !pci_is_master(function))
		return;
	function->s->pending |= UINT32_C(1) << vector;
	send_pending(function, vector);
}

void pci_msix_written(struct pci_function *function)
{
	if (!function->host)
		return;
	pcihost_update_pins(function->host);
	if (!pci_msix_enabled(function))
		return;
	for (unsigned vector = 0; vector < function->vectors; vector++)
		send_pending(function, vector);
}

static uint64_t table_word(const struct pci_vector *vector, unsigned word)
{
	switch (word) {
	case 0:
		return vector->address;
	case 1:
		return vector->address >> 32;
	case 2:
		return vector->data | (uint64_t)vector->control << 32;
	default:
		return vector->control;
	}
}

static uint64_t msix_read(void *dev, uint64_t offset, unsigned width)
{
	const struct pci_function *function = dev;
	uint64_t entry = offset / ENTRY_BYTES;

	if (offset == PBA_OFFSET)
		return function->s->pending;
	if (entry >= function->vectors)
		return 0;
	return table_word(&function->s->vector[entry], offset / 4 % 4) & bus_ones(width);
}

static void table_write32(struct pci_vector *vector, unsigned word, uint32_t value)
{
	switch (word) {
	case 0:
		vector->address = (vector->address & ~UINT64_C(0xffffffff)) | (value & ~3u);
		break;
	case 1:
		vector->address = (uint32_t)vector->address | (uint64_t)value << 32;
		break;
	case 2:
		vector->data = value;
		break;
	default:
		vector->control = value & VECTOR_MASKED;
	}
}

static void msix_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	struct pci_function *function = dev;
	unsigned entry = (unsigned)(offset / ENTRY_BYTES), word = offset / 4 % 4;

	if (entry >= function->vectors)
		return;
	table_write32(&function->s->vector[entry], word, (uint32_t)value);
	if (width == 8)
		table_write32(&function->s->vector[entry], word + 1, (uint32_t)(value >> 32));
	if (pci_msix_enabled(function))
		send_pending(function, entry);
}

/* Double words, and quad words at multiples of 8. */
#define QUAD   ACCESS_RW(4 | 8), ACCESS_RW(4)
#define ENTRY  QUAD, QUAD
#define ENTRY6 ENTRY, ENTRY, ENTRY, ENTRY, ENTRY, ENTRY
static const uint8_t msix_access[] = {
	ENTRY6,
	ENTRY6,
	ENTRY6,
	[PBA_OFFSET / 4] = ACCESS_R(4 | 8),
};
_Static_assert(PCI_MSIX_MAX == 18, "the table of accesses has as many entries");

static const struct mmio_ops msix_ops = {
	{ msix_access, sizeof msix_access, 2 },
	msix_read,
	msix_write,
};

void pci_add_msix(struct pci_function *function, unsigned bar, uint32_t offset, unsigned vectors)
{
	unsigned at = pci_add_capability(function, PCI_CAP_MSIX, CAPABILITY_BYTES);
	struct pci_window window = { .bar = (uint8_t)bar,
				     .offset = offset,
				     .bytes = PCI_MSIX_BYTES,
				     .mmio = &msix_ops,
				     .dev = function };

	function->msix = at;
	function->vectors = vectors;
	pci_fix16(function, at + CONTROL, (uint16_t)(vectors - 1));
	pci_fix32(function, at + TABLE, offset | bar);
	pci_fix32(function, at + PBA, (offset + PBA_OFFSET) | bar);
	function->writable[at + CONTROL + 1] = (CONTROL_ENABLE | CONTROL_MASK) >> 8;
	pci_add_window(function, &window);
}
