/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The I/O APICs (Intel 82093AA data sheet): an index register and a data register give access to a
 * redirection entry of 64 bits for every pin.
 */
#include <core/spinlock.h>
#include <stddef.h>
#include <x86/ioapic.h>
#include <x86/lapic.h>
#include <x86/phys.h>

#define REG_INDEX 0 /* in words from the base */
#define REG_DATA  4
#define REG_EOI	  16 /* from version 0x20 on */
#define REG_BYTES 0x44

#define INDEX_VERSION	0x01u
#define INDEX_PIN(pin)	(0x10u + 2 * (pin)) /* low half; the high half follows */
#define VERSION_PINS(v) (((v) >> 16 & 0xffu) + 1)
#define ENTRY_LOW	(1u << 13) /* active low */
#define ENTRY_SENT	(1u << 14) /* and the end of interrupt has not come */
#define ENTRY_LEVEL	(1u << 15)
#define ENTRY_MASKED	(1u << 16)

#define GSIS_MAX (VECTOR_TIMER - VECTOR_GSI)

struct ioapic {
	volatile uint32_t *regs;
	unsigned gsi_base, pins;
	uint8_t id; /* by ACPI */
	bool has_eoi;
};

static struct ioapic ioapics[ACPI_IOAPICS_MAX];
static unsigned ioapic_count, gsis;
static struct spinlock ioapic_lock; /* index and data registers; a leaf: taken last */

static uint32_t entry_read(const struct ioapic *io, uint32_t index)
{
	io->regs[REG_INDEX] = index;
	return io->regs[REG_DATA];
}

static void entry_write(const struct ioapic *io, uint32_t index, uint32_t value)
{
	io->regs[REG_INDEX] = index;
	io->regs[REG_DATA] = value;
}

static const struct ioapic *find(unsigned gsi)
{
	for (unsigned i = 0; i < ioapic_count; i++) {
		if (gsi - ioapics[i].gsi_base < ioapics[i].pins)
			return &ioapics[i];
	}
	return NULL;
}

void ioapic_init(const struct acpi_info *acpi)
{
	for (unsigned i = 0; i < acpi->ioapics; i++) {
		struct ioapic *io = &ioapics[ioapic_count];
		io->gsi_base = acpi->ioapic[i].gsi_base;
		io->id = acpi->ioapic[i].id;
		if (io->gsi_base >= GSIS_MAX)
			continue;
		io->regs = device_map(acpi->ioapic[i].base, REG_BYTES);
		uint32_t version = entry_read(io, INDEX_VERSION);
		io->has_eoi = (version & 0xff) >= 0x20;
		io->pins = VERSION_PINS(version);
		if (io->pins > GSIS_MAX - io->gsi_base)
			io->pins = GSIS_MAX - io->gsi_base;
		for (unsigned pin = 0; pin < io->pins; pin++)
			entry_write(io, INDEX_PIN(pin), ENTRY_MASKED);
		if (gsis < io->gsi_base + io->pins)
			gsis = io->gsi_base + io->pins;
		ioapic_count++;
	}
}

unsigned ioapic_gsis(void)
{
	return gsis;
}

int ioapic_id(unsigned gsi)
{
	const struct ioapic *io = find(gsi);
	return io ? io->id : -1;
}

void ioapic_route(unsigned gsi, uint8_t vector, uint32_t high, bool level, bool low)
{
	const struct ioapic *io = find(gsi);
	if (!io)
		return;
	uint32_t index = INDEX_PIN(gsi - io->gsi_base);
	uint32_t mode = (level ? ENTRY_LEVEL : 0) | (low ? ENTRY_LOW : 0);
	spin_lock(&ioapic_lock);
	/* Masked first: the two halves cannot change at once. */
	entry_write(io, index, ENTRY_MASKED);
	entry_write(io, index + 1, high);
	entry_write(io, index, ENTRY_MASKED | mode | vector);
	spin_unlock(&ioapic_lock);
}

void ioapic_mask(unsigned gsi, bool masked)
{
	const struct ioapic *io = find(gsi);
	if (!io)
		return;
	uint32_t index = INDEX_PIN(gsi - io->gsi_base);
	spin_lock(&ioapic_lock);
	uint32_t entry = entry_read(io, index) & ~ENTRY_MASKED;
	/* A remapped interrupt may have reached the CPU as an edge, as QEMU's AMD-Vi sends it. The
	 * pin is not told of its end then. */
	if (!masked && entry & ENTRY_LEVEL && entry & ENTRY_SENT && io->has_eoi)
		io->regs[REG_EOI] = entry & 0xff;
	entry_write(io, index, entry | (masked ? ENTRY_MASKED : 0));
	spin_unlock(&ioapic_lock);
}
