/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI functions by their configuration space (PCI Local Bus 3.0, chapter 6; PCI Express Base 3.0,
 * section 7). Pure but for the accessors, behind which host tests put a function of their own. What
 * a device says about itself is not trusted beyond the device: sizes and offsets are bounded, lists
 * end.
 */
#ifndef ROOT_PCI_H
#define ROOT_PCI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PCI_CONFIG_BYTES 4096u /* of one function, as ECAM has it */
#define PCI_HEADER_BYTES 256u
#define PCI_BARS	 6u

/* Accessors: offsets are aligned. */
uint32_t pci_read32(const void *config, unsigned offset);
void pci_write32(void *config, unsigned offset, uint32_t value);
void pci_write16(void *config, unsigned offset, uint16_t value);

uint16_t pci_read16(const void *config, unsigned offset);
uint8_t pci_read8(const void *config, unsigned offset);

/* Whether there is a function at all. */
bool pci_present(const void *config);

uint16_t pci_vendor(const void *config);
uint16_t pci_device(const void *config);
uint32_t pci_class(const void *config); /* class << 16 | subclass << 8 | interface */
bool pci_is_multi(const void *config);	/* functions 1 to 7 may exist */

/* Of a bridge, the buses behind it; false: the function is no bridge. */
bool pci_bridge(const void *config, uint8_t *first, uint8_t *last);

/* "NVMe controller" and the like; NULL: nothing that a service drives. */
const char *pci_class_text(uint32_t class_code);

/* Address spaces of a function, by number; size 0 where there is no memory BAR. */
struct pci_bar {
	uint64_t base; /* as firmware has set it; 0: it has not */
	uint64_t bytes;
};
void pci_bars(void *config, struct pci_bar bars[PCI_BARS]);

/* The base in memory BAR n, without looking at its size; 0: none. */
uint64_t pci_bar_base(const void *config, unsigned n);

/* How the function signals interrupts by messages. */
struct pci_messages {
	unsigned msix, msi; /* offsets of the capabilities, 0: none */
	unsigned table_bar; /* MSI-X: its table is in this BAR, */
	uint64_t table;	    /* from this offset on */
	uint64_t table_bytes;
};
void pci_messages(const void *config, struct pci_messages *messages);

/* Message 0 of a function without MSI-X. */
void pci_msi_start(void *config, unsigned msi, uint64_t address, uint32_t data);
void pci_msix_start(void *config, unsigned msix);

/* Answers accesses to its memory; says nothing by its interrupt pin. */
void pci_open(void *config);

/* May reach memory, and send messages. */
void pci_let_master(void *config);

/* No DMA, no messages. */
void pci_quiet(void *config);

/*
 * Function-level reset. The caller waits PCI_RESET_NS before pci_reset_end, which gives the
 * function its addresses back. False: it has none, and nothing was done.
 */
#define PCI_RESET_NS 100000000ull
struct pci_saved {
	uint32_t word[PCI_HEADER_BYTES / 4];
};
bool pci_reset_begin(void *config, struct pci_saved *saved);
void pci_reset_end(void *config, const struct pci_saved *saved);

#endif
