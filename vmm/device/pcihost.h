/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PCI bus: configuration by mechanism #1 (PCI 3.0, section 3.2.2.3.2: ports 0xCF8 and 0xCFC)
 * and by ECAM, bus 0 with a host bridge at 00:00.0. It keeps the registers of all functions where
 * their BARs say, and wires their INTA pins. BARs that overlap something else are not decoded until
 * they no longer do; of two functions the one with the lower number wins.
 */
#ifndef VMM_DEVICE_PCIHOST_H
#define VMM_DEVICE_PCIHOST_H

#include "pci.h"

#define PCI_ADDRESS_PORT   0xcf8
#define PCI_DATA_PORT	   0xcfc
#define PCIHOST_ECAM_BYTES 0x100000u /* of one bus */
#define PCI_FUNCTIONS	   20
#define PCI_PINS	   8u

/* A host bridge id that stock systems bind no driver and no quirk to. */
#define PCIHOST_VENDOR_ID 0x1b36
#define PCIHOST_DEVICE_ID 0x0008

/* Where interrupts go. INTA of device n is input n % PCI_PINS. */
struct pci_wiring {
	void (*msi)(void *ctx, uint64_t address, uint32_t data);
	void (*intx)(void *ctx, unsigned input, bool level);
	void *ctx;
};

struct pcihost_state {
	uint32_t address; /* 0xCF8 */
	uint32_t reserved;
};

struct pcihost {
	struct pcihost_state s;
	struct pci_wiring wiring;
	struct bus *bus;
	struct pci_state bridge_state;
	struct pci_function bridge;
	struct pci_function *function[256]; /* bus 0 by devfn */
	struct pci_function *added[PCI_FUNCTIONS + 1];
	unsigned functions;
	uint8_t inputs;	     /* levels of the interrupt inputs */
	uint64_t collisions; /* windows that could not be decoded because another was there */
};

extern const struct device_ops pcihost_device_ops;

void pcihost_init(struct pcihost *host, const struct pci_wiring *wiring);
/* Puts configuration ports, and with ecam (a guest-physical address, 0: none) the ECAM, on the bus
 * on which the functions' registers will be. */
enum bus_status pcihost_attach(struct pcihost *host, struct bus *bus, uint64_t ecam);

/* False if devfn is taken or the bus is full. The first function of a device must be number 0;
 * adding another one sets its multi-function bit. */
bool pcihost_add(struct pcihost *host, unsigned devfn, struct pci_function *function);

/* What the ports do. offset is aligned to width; devfn without function reads as all ones. */
uint32_t pcihost_config_read(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width);
void pcihost_config_write(struct pcihost *host, unsigned devfn, unsigned offset, unsigned width,
			  uint32_t value);

/* For functions: their BARs, decoding or interrupt pin may have changed. */
void pcihost_remap(struct pcihost *host);
void pcihost_update_pins(struct pcihost *host);

#endif
