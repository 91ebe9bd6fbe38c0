/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A PCI function as its device model sees it: a type 0 configuration header with capabilities,
 * BARs whose parts are register windows on the bus, and interrupts by MSI-X or INTA. The guest may
 * move BARs and switch decoding at any time; the host bridge (pcihost.h) keeps the bus as the
 * configuration says. PCI Local Bus Specification 3.0.
 */
#ifndef VMM_DEVICE_PCI_H
#define VMM_DEVICE_PCI_H

#include "bus.h"

#define PCI_CONFIG_BYTES 256
#define PCI_BARS	 6
#define PCI_WINDOWS	 8
#define PCI_MSIX_MAX	 18u /* vectors of one function */
#define PCI_MSIX_BYTES	 4096u

/* Type 0 header, section 6.1. */
#define PCI_VENDOR	 0x00
#define PCI_DEVICE	 0x02
#define PCI_COMMAND	 0x04
#define PCI_STATUS	 0x06
#define PCI_REVISION	 0x08
#define PCI_HEADER	 0x0e
#define PCI_BAR		 0x10
#define PCI_SUBVENDOR	 0x2c
#define PCI_SUBSYSTEM	 0x2e
#define PCI_CAPABILITIES 0x34
#define PCI_LINE	 0x3c
#define PCI_PIN		 0x3d

#define PCI_COMMAND_IO	   0x001u
#define PCI_COMMAND_MEMORY 0x002u
#define PCI_COMMAND_MASTER 0x004u
#define PCI_COMMAND_NO_INT 0x400u

#define PCI_CAP_VENDOR 0x09
#define PCI_CAP_MSIX   0x11

#define PCI_DEVFN(device, function) ((unsigned)(device) << 3 | (unsigned)(function))

/* Identification and class. */
struct pci_identity {
	uint16_t vendor, device, subsystem_vendor, subsystem;
	uint32_t class_code; /* 24 bits: base, sub, interface */
	uint8_t revision;
};

struct pci_vector {
	uint64_t address;
	uint32_t data;
	uint32_t control; /* bit 0: masked */
};

/* Part of the state record of every device that is a PCI function. */
struct pci_state {
	uint8_t config[PCI_CONFIG_BYTES];
	struct pci_vector vector[PCI_MSIX_MAX]; /* MSI-X table */
	uint32_t pending;			/* MSI-X pending bits */
	uint32_t intx;				/* the device asserts INTA */
};

/* A range of registers in a BAR. One of mmio and pio is set, as the BAR is. */
struct pci_window {
	uint8_t bar;
	uint32_t offset;
	uint32_t bytes;
	const struct mmio_ops *mmio;
	const struct pio_ops *pio;
	void *dev;
	/* Where it is on the bus now; bytes 0 if it is not. */
	uint64_t mapped;
	uint32_t mapped_bytes;
};

struct pcihost;

struct pci_function {
	struct pci_state *s;
	uint8_t fixed[PCI_CONFIG_BYTES];    /* configuration after a reset */
	uint8_t writable[PCI_CONFIG_BYTES]; /* bits the guest may write */
	uint8_t clears[PCI_CONFIG_BYTES];   /* bits that writing 1 clears */
	uint32_t bar_bytes[PCI_BARS];	    /* 0: no BAR here, or the upper half of one */
	struct pci_window window[PCI_WINDOWS];
	unsigned windows;
	unsigned capabilities_end;
	unsigned last_capability;
	unsigned msix; /* offset of the capability, 0: none */
	unsigned vectors;
	struct pcihost *host; /* once it is on a bus */
	unsigned devfn;
	/* Before the guest reads, and after it has written, these bytes. Either may be NULL. */
	void (*reading)(struct pci_function *function, unsigned offset, unsigned width);
	void (*changed)(struct pci_function *function, unsigned offset, unsigned width);
	void *dev;
};

/*
 * Building a function, before it is added to a bus. Configuration written here is what a reset
 * gives; call pci_reset once all is in place.
 */
void pci_function_init(struct pci_function *function, struct pci_state *state,
		       const struct pci_identity *identity);
/* A BAR of bytes (a power of two, at least 16): memory BARs are 64 bits wide and take the next
 * number too. address is where firmware leaves it. */
void pci_add_memory_bar(struct pci_function *function, unsigned bar, uint32_t bytes,
			uint64_t address);
void pci_add_io_bar(struct pci_function *function, unsigned bar, uint32_t bytes, uint16_t address);
/* Registers in a BAR; window's mapped fields are ignored. */
void pci_add_window(struct pci_function *function, const struct pci_window *window);
/* Room for a capability of so many bytes; returns its offset. Its id and link are filled in. */
unsigned pci_add_capability(struct pci_function *function, uint8_t id, unsigned bytes);
/* MSI-X with the table in PCI_MSIX_BYTES at offset of a memory BAR. vectors <= PCI_MSIX_MAX. */
void pci_add_msix(struct pci_function *function, unsigned bar, uint32_t offset, unsigned vectors);

/* Configuration after a reset. */
void pci_fix8(struct pci_function *function, unsigned offset, uint8_t value);
void pci_fix16(struct pci_function *function, unsigned offset, uint16_t value);
void pci_fix32(struct pci_function *function, unsigned offset, uint32_t value);
/* Present configuration. */
uint16_t pci_get16(const struct pci_function *function, unsigned offset);
uint32_t pci_get32(const struct pci_function *function, unsigned offset);

/* As the device's reset and resume do it: see struct device_ops. Loaded configuration may be
 * anything; read-only bits are set right again. */
void pci_reset(struct pci_function *function);
void pci_resume(struct pci_function *function);

/* Whether the function may read and write memory and send messages. */
bool pci_is_master(const struct pci_function *function);

/* Interrupts. A vector beyond the table is ignored. INTA is a level and has no effect while MSI-X
 * is on. */
bool pci_msix_enabled(const struct pci_function *function);
void pci_msix_send(struct pci_function *function, unsigned vector);
void pci_set_intx(struct pci_function *function, bool level);
/* Whether the pin is driven now. */
bool pci_intx(const struct pci_function *function);

/* For the bus: puts the windows where the configuration says (returns how many had no room), takes
 * them away, says whether they are there. And for pci.c: MSI-X control may have changed. */
unsigned pci_map(struct pci_function *function, struct bus *bus);
void pci_unmap(struct pci_function *function, struct bus *bus);
bool pci_is_mapped(const struct pci_function *function);
void pci_msix_written(struct pci_function *function);

/* A guest's access to the configuration: any bytes inside it. */
uint32_t pci_config_read(struct pci_function *function, unsigned offset, unsigned width);
void pci_config_write(struct pci_function *function, unsigned offset, unsigned width,
		      uint32_t value);

/* An access to registers by BAR and offset, whatever is decoded; all ones if there are none. */
uint64_t pci_bar_read(struct pci_function *function, unsigned bar, uint32_t offset, unsigned width);
void pci_bar_write(struct pci_function *function, unsigned bar, uint32_t offset, unsigned width,
		   uint64_t value);

#endif
