/* SPDX-License-Identifier: Apache-2.0 */
/* What is in a configuration space; see pci.h. */
#include "pci.h"

/* Registers of the header. */
#define VENDOR	     0x00u
#define DEVICE	     0x02u
#define COMMAND	     0x04u
#define STATUS	     0x06u
#define CLASS	     0x08u
#define CACHE_LINE   0x0cu
#define HEADER_TYPE  0x0eu
#define BAR	     0x10u
#define BUSES	     0x18u
#define CAPABILITIES 0x34u
#define LINE	     0x3cu

#define COMMAND_IO	 0x0001u
#define COMMAND_MEMORY	 0x0002u
#define COMMAND_MASTER	 0x0004u
#define COMMAND_NO_INTX	 0x0400u
#define STATUS_LIST	 0x0010u
#define HEADER_MULTI	 0x80u
#define HEADER_KIND	 0x7fu
#define HEADER_BRIDGE	 0x01u
#define BAR_IO		 0x1u
#define BAR_KIND	 0x6u
#define BAR_WIDE	 0x4u
#define BAR_BITS	 0xfu
#define CAPABILITIES_MAX 48u

enum { CAP_MSI = 0x05, CAP_EXPRESS = 0x10, CAP_MSIX = 0x11, CAP_ADVANCED = 0x13 };

/* MSI (PCI 3.0, section 6.8.1) and MSI-X (6.8.2). */
#define MSI_CONTROL 0x02u
#define MSI_ADDRESS 0x04u
#define MSI_ENABLE  0x0001u
#define MSI_COUNT   0x0070u
#define MSI_WIDE    0x0080u
#define MSI_MASKED  0x0100u
#define MSIX_TABLE  0x04u
#define MSIX_ENABLE 0x8000u
#define MSIX_MASKED 0x4000u
#define MSIX_SIZE   0x07ffu
#define MSIX_ENTRY  16u

/* Reset by PCI Express (section 7.8.3 and on) or by the older Advanced Features. */
#define EXPRESS_CAPABILITIES 0x04u
#define EXPRESS_CONTROL	     0x08u
#define EXPRESS_HAS_RESET    (1u << 28)
#define EXPRESS_RESET	     0x8000u
#define ADVANCED_BITS	     0x03u
#define ADVANCED_HAS_RESET   0x03u /* with the pending bit that tells when it may be done */
#define ADVANCED_CONTROL     0x04u
#define ADVANCED_RESET	     0x01u

uint16_t pci_read16(const void *config, unsigned offset)
{
	return (uint16_t)(pci_read32(config, offset & ~3u) >> (offset & 2u) * 8);
}

uint8_t pci_read8(const void *config, unsigned offset)
{
	return (uint8_t)(pci_read32(config, offset & ~3u) >> (offset & 3u) * 8);
}

bool pci_present(const void *config)
{
	uint16_t vendor = pci_vendor(config);

	return vendor != 0xffff && vendor != 0;
}

uint16_t pci_vendor(const void *config)
{
	return pci_read16(config, VENDOR);
}

uint16_t pci_device(const void *config)
{
	return pci_read16(config, DEVICE);
}

uint32_t pci_class(const void *config)
{
	return pci_read32(config, CLASS) >> 8;
}

bool pci_is_multi(const void *config)
{
	return pci_read8(config, HEADER_TYPE) & HEADER_MULTI;
}

static bool has_bars(const void *config)
{
	return (pci_read8(config, HEADER_TYPE) & HEADER_KIND) == 0;
}

bool pci_bridge(const void *config, uint8_t *first, uint8_t *last)
{
	if ((pci_read8(config, HEADER_TYPE) & HEADER_KIND) != HEADER_BRIDGE)
		return false;
	*first = pci_read8(config, BUSES + 1);
	*last = pci_read8(config, BUSES + 2);
	return *first != 0 && *first <= *last;
}

const char *pci_class_text(uint32_t class_code)
{
	static const struct {
		uint32_t class_code;
		const char *text;
	} known[] = {
		{ 0x0106, "AHCI controller" },
		{ 0x0108, "NVMe controller" },
		{ 0x0200, "network card" },
	};

	for (unsigned i = 0; i < sizeof known / sizeof known[0]; i++)
		if (known[i].class_code == class_code >> 8)
			return known[i].text;
	return class_code >> 16 == 1   ? "disk controller"
	       : class_code >> 16 == 2 ? "network card"
				       : NULL;
}

/* Whether BAR n is for memory and, if so, of 64 bits; then it takes the place of the next too. */
static bool memory_bar(uint32_t low, unsigned n, bool *wide)
{
	*wide = !(low & BAR_IO) && (low & BAR_KIND) == BAR_WIDE && n + 1 < PCI_BARS;
	return !(low & BAR_IO) && ((low & BAR_KIND) == 0 || *wide);
}

uint64_t pci_bar_base(const void *config, unsigned n)
{
	uint32_t low = pci_read32(config, BAR + 4 * n);
	uint64_t high = 0;
	bool wide;

	if (!has_bars(config) || !memory_bar(low, n, &wide))
		return 0;
	if (wide)
		high = pci_read32(config, BAR + 4 * (n + 1));
	return high << 32 | (low & ~BAR_BITS);
}

/* What of a BAR can be written shows its size (PCI 3.0, section 6.2.5.1). */
static uint32_t writable(void *config, unsigned n)
{
	const unsigned at = BAR + 4 * n;
	const uint32_t old = pci_read32(config, at);

	pci_write32(config, at, UINT32_MAX);
	uint32_t bits = pci_read32(config, at);
	pci_write32(config, at, old);
	return bits;
}

void pci_bars(void *config, struct pci_bar bars[PCI_BARS])
{
	const uint16_t command = pci_read16(config, COMMAND);
	bool wide;

	/* While the size is read the addresses mean nothing. */
	pci_write16(config, COMMAND, command & (uint16_t)~(COMMAND_IO | COMMAND_MEMORY));
	for (unsigned n = 0; n < PCI_BARS; n++)
		bars[n] = (struct pci_bar){ 0 };
	for (unsigned n = 0; has_bars(config) && n < PCI_BARS; n += 1 + wide) {
		if (!memory_bar(pci_read32(config, BAR + 4 * n), n, &wide))
			continue;
		uint64_t bits = writable(config, n) & ~BAR_BITS;

		bits |= (wide ? (uint64_t)writable(config, n + 1) : bits ? UINT32_MAX : 0) << 32;
		bars[n].base = pci_bar_base(config, n);
		bars[n].bytes = bits & -bits;
	}
	pci_write16(config, COMMAND, command);
}

/* Offset of a capability, 0: the function has it not. */
static unsigned capability(const void *config, uint8_t id)
{
	uint8_t at = pci_read8(config, CAPABILITIES) & 0xfc;

	if (!(pci_read16(config, STATUS) & STATUS_LIST))
		return 0;
	for (unsigned i = 0; i < CAPABILITIES_MAX && at >= 0x40; i++) {
		if (pci_read8(config, at) == id)
			return at;
		at = pci_read8(config, at + 1u) & 0xfc;
	}
	return 0;
}

void pci_messages(const void *config, struct pci_messages *messages)
{
	*messages = (struct pci_messages){ .msix = capability(config, CAP_MSIX),
					   .msi = capability(config, CAP_MSI) };
	/* A capability that does not fit into the first 256 bytes is none. */
	if (messages->msix > PCI_HEADER_BYTES - 12)
		messages->msix = 0;
	if (messages->msi > PCI_HEADER_BYTES - 16)
		messages->msi = 0;
	if (!messages->msix)
		return;
	uint32_t table = pci_read32(config, messages->msix + MSIX_TABLE);

	messages->table_bar = table & 7;
	messages->table = table & ~7u;
	messages->table_bytes =
		((pci_read16(config, messages->msix + MSI_CONTROL) & MSIX_SIZE) + 1ull) *
		MSIX_ENTRY;
	if (messages->table_bar >= PCI_BARS)
		messages->msix = 0;
}

void pci_msi_start(void *config, unsigned msi, uint64_t address, uint32_t data)
{
	uint16_t control = pci_read16(config, msi + MSI_CONTROL);
	const bool wide = control & MSI_WIDE;

	pci_write32(config, msi + MSI_ADDRESS, (uint32_t)address);
	if (wide)
		pci_write32(config, msi + MSI_ADDRESS + 4, (uint32_t)(address >> 32));
	pci_write16(config, msi + (wide ? 0x0c : 0x08), (uint16_t)data);
	if (control & MSI_MASKED)
		pci_write32(config, msi + (wide ? 0x10 : 0x0c), 0);
	control &= (uint16_t)~MSI_COUNT;
	pci_write16(config, msi + MSI_CONTROL, control | MSI_ENABLE);
}

void pci_msix_start(void *config, unsigned msix)
{
	uint16_t control = pci_read16(config, msix + MSI_CONTROL);

	pci_write16(config, msix + MSI_CONTROL, (control & (uint16_t)~MSIX_MASKED) | MSIX_ENABLE);
}

void pci_open(void *config)
{
	uint16_t command = pci_read16(config, COMMAND);

	pci_write16(config, COMMAND, command | COMMAND_MEMORY | COMMAND_NO_INTX);
}

void pci_let_master(void *config)
{
	pci_write16(config, COMMAND, pci_read16(config, COMMAND) | COMMAND_MASTER);
}

void pci_quiet(void *config)
{
	const unsigned msix = capability(config, CAP_MSIX), msi = capability(config, CAP_MSI);
	uint16_t command = pci_read16(config, COMMAND);

	pci_write16(config, COMMAND, (command & (uint16_t)~COMMAND_MASTER) | COMMAND_NO_INTX);
	/* Masked, not disabled: the 82574L of QEMU 7.2 ends the emulator when its interrupt timer
	 * finds MSI-X disabled since it was started. */
	if (msix)
		pci_write16(config, msix + MSI_CONTROL,
			    pci_read16(config, msix + MSI_CONTROL) | MSIX_MASKED);
	if (msi)
		pci_write16(config, msi + MSI_CONTROL,
			    pci_read16(config, msi + MSI_CONTROL) & (uint16_t)~MSI_ENABLE);
}

bool pci_reset_begin(void *config, struct pci_saved *saved)
{
	const unsigned express = capability(config, CAP_EXPRESS);
	const unsigned advanced = capability(config, CAP_ADVANCED);

	for (unsigned i = 0; i < PCI_HEADER_BYTES / 4; i++)
		saved->word[i] = pci_read32(config, i * 4);
	if (express && pci_read32(config, express + EXPRESS_CAPABILITIES) & EXPRESS_HAS_RESET) {
		uint16_t control = pci_read16(config, express + EXPRESS_CONTROL);

		pci_write16(config, express + EXPRESS_CONTROL, control | EXPRESS_RESET);
		return true;
	}
	if (advanced && (pci_read8(config, advanced + ADVANCED_BITS) & ADVANCED_HAS_RESET) ==
				ADVANCED_HAS_RESET) {
		pci_write16(config, advanced + ADVANCED_CONTROL, ADVANCED_RESET);
		return true;
	}
	return false;
}

void pci_reset_end(void *config, const struct pci_saved *saved)
{
	for (unsigned n = 0; n < PCI_BARS; n++)
		pci_write32(config, BAR + 4 * n, saved->word[BAR / 4 + n]);
	pci_write32(config, CACHE_LINE, saved->word[CACHE_LINE / 4]);
	pci_write32(config, LINE, saved->word[LINE / 4]);
	pci_write16(config, COMMAND,
		    (uint16_t)saved->word[COMMAND / 4] & (uint16_t)~COMMAND_MASTER);
}
