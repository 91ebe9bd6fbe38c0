/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PCI configuration space by mechanism #1 (PCI 3.0, section 3.2.2.3.2): ports 0xCF8 and 0xCFC,
 * bus 0, with a host bridge at 00:00.0. Functions are added by their devfn and see aligned
 * accesses of 1, 2 or 4 bytes to their own 256 bytes.
 */
#ifndef VMM_DEVICE_PCIHOST_H
#define VMM_DEVICE_PCIHOST_H

#include "bus.h"

#define PCI_ADDRESS_PORT 0xcf8
#define PCI_DATA_PORT	 0xcfc
#define PCI_CONFIG_BYTES 256

/* A host bridge id that stock systems bind no driver and no quirk to. */
#define PCIHOST_VENDOR_ID 0x1b36
#define PCIHOST_DEVICE_ID 0x0008

#define PCI_DEVFN(device, function) ((unsigned)(device) << 3 | (unsigned)(function))

/* A function's configuration space: bytes, and which bits of each the guest may write. changed,
 * if set, is called after a write was merged. */
struct pci_function {
	uint8_t config[PCI_CONFIG_BYTES];
	uint8_t writable[PCI_CONFIG_BYTES];
	uint8_t clears[PCI_CONFIG_BYTES]; /* bits that writing 1 clears */
	void (*changed)(struct pci_function *function, unsigned offset, unsigned width);
	void *dev;
};

/* Identification and class; everything else zero and read-only. */
struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code; /* 24 bits: base, sub, interface */
	uint8_t revision;
};

struct pcihost_state {
	uint32_t address; /* 0xCF8 */
	uint32_t reserved;
};

struct pcihost {
	struct pcihost_state s;
	struct pci_function bridge;
	struct pci_function *function[256]; /* bus 0 by devfn */
};

extern const struct device_ops pcihost_device_ops;

void pcihost_init(struct pcihost *host);
enum bus_status pcihost_attach(struct pcihost *host, struct bus *bus);

/* False if devfn is taken. The first function of a device must be number 0; adding another one
 * sets its multi-function bit. */
bool pcihost_add(struct pcihost *host, unsigned devfn, struct pci_function *function);

void pci_function_init(struct pci_function *function, const struct pci_identity *identity);
uint16_t pci_config_get16(const struct pci_function *function, unsigned offset);
void pci_config_set16(struct pci_function *function, unsigned offset, uint16_t value);
void pci_config_set32(struct pci_function *function, unsigned offset, uint32_t value);

/* What the ports do, for ECAM later. offset is aligned to width; devfn without function reads as
 * all ones. */
uint32_t pcihost_config_read(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width);
void pcihost_config_write(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width,
			  uint32_t value);

#endif
