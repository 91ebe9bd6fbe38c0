/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Virtio devices (VIRTIO 1.2), over the PCI transport of section 4.1. A device class gives its
 * facts and a few functions; status, features, queues, interrupts and registers are here. A class
 * never sees a ring or an unchecked address: it takes checked chains and gives them back. Whatever
 * the guest does wrong ends in DEVICE_NEEDS_RESET, is counted, and reported once.
 */
#ifndef VMM_DEVICE_VIRTIO_H
#define VMM_DEVICE_VIRTIO_H

#include <rt/virtio.h>
#include <rt/virtqueue.h>

#include "pci.h"

#define VIRTIO_QUEUES_MAX 17u

struct virtio_queue_state {
	uint64_t desc, avail, used; /* guest-physical */
	uint16_t entries;
	uint16_t vector;
	uint16_t next_used; /* chains given back, modulo 2^16 */
	uint16_t kicked_used;
	uint8_t enabled;
	uint8_t error; /* enum vq_error */
	uint8_t reserved[6];
};

/* The first part of the state record of every virtio device. */
struct virtio_state {
	struct pci_state pci;
	uint64_t driver_features;
	uint32_t device_feature_select;
	uint32_t driver_feature_select;
	uint16_t queue_select;
	uint16_t config_vector;
	uint8_t status;
	uint8_t isr;
	uint8_t generation;
	uint8_t resetting; /* 0 was written to the status while requests are in flight */
	struct virtio_queue_state queue[VIRTIO_QUEUES_MAX];
};

struct virtio_device;

/* A device class. All functions are called with the struct virtio_device's ctx; those marked
 * optional may be NULL. */
struct virtio_ops {
	const char *name;    /* for the log */
	uint16_t type;	     /* VIRTIO_TYPE_* */
	uint32_t class_code; /* of PCI */
	/* The driver is ready (DRIVER_OK); optional. Then notify is called for every queue. */
	void (*activate)(void *ctx);
	/* The driver has made chains available, or room in used buffers, on this queue. */
	void (*notify)(void *ctx, unsigned queue);
	/* Forget everything of the driver; optional. False: requests are in flight, and the class
	 * calls virtio_reset_done when none is left. Until then the driver sees no reset. */
	bool (*reset)(void *ctx);
	/* Something outside may have happened; optional. Called only while the device is live. */
	void (*poll)(void *ctx);
	/* The driver wrote width bytes of the device's configuration (little-endian value);
	 * optional: without it the configuration is read-only. */
	void (*config_write)(void *ctx, unsigned offset, unsigned width, uint64_t value);
	/* Refuse a set of features that does not go together; optional. */
	bool (*accepts)(void *ctx, uint64_t features);
};

/* What is fixed for one device. */
struct virtio_params {
	uint64_t features;  /* of the device type; those of the transport are added */
	uint16_t queues;    /* at most VIRTIO_QUEUES_MAX */
	uint16_t entries;   /* of each queue: largest and usual; a power of two <= VQ_ENTRIES_MAX */
	const void *config; /* device configuration as the driver reads it, little-endian */
	uint16_t config_bytes;
};

/* What every device of a machine shares. */
struct virtio_wiring {
	struct vq_window ram[2]; /* guest RAM: below the 32-bit hole and above it */
	/* Called before length bytes of RAM that the driver named are used; NULL: all is there. */
	void (*touch)(void *ctx, unsigned char *bytes, uint64_t length);
	/* A device has found its driver at fault; called once for each device. */
	void (*report)(void *ctx, const char *device, unsigned queue, const char *why);
	void *ctx;
};

struct virtio_device {
	struct virtio_state *s;
	const struct virtio_ops *ops;
	struct virtio_params params;
	struct virtio_wiring wiring;
	void *ctx;
	struct pci_function pci;
	unsigned access; /* PCI capability: access to the BARs by configuration space */
	struct vq_device queue[VIRTIO_QUEUES_MAX];
	uint64_t faults; /* of the driver */
	bool reported;
};

/* Where firmware leaves the BARs of the n-th device of a machine. */
#define VIRTIO_BAR_BYTES 16384u /* BAR 0: MSI-X, registers, configuration */
#define VIRTIO_IO_BYTES	 128u	/* BAR 2: a port for each queue */
struct virtio_place {
	unsigned devfn;
	uint64_t memory; /* multiple of VIRTIO_BAR_BYTES */
	uint16_t io;	 /* multiple of VIRTIO_IO_BYTES */
};

/* Makes the device; state is in the class's state record. */
void virtio_init(struct virtio_device *dev, const struct virtio_ops *ops,
		 const struct virtio_params *params, const struct virtio_wiring *wiring,
		 struct virtio_state *state, void *ctx);
/* Puts it on the bus; false if there is no room. */
bool virtio_attach(struct virtio_device *dev, struct pcihost *host,
		   const struct virtio_place *place);

/* For the class's struct device_ops. A class that keeps chains has to have an idle function: no
 * record says which chains are taken. virtio_resume sets the queues up again. */
void virtio_reset(struct virtio_device *dev);
bool virtio_check(const struct virtio_state *state);
void virtio_resume(struct virtio_device *dev);

/* Whether the driver is ready, nothing is broken, and no reset is under way. */
bool virtio_live(const struct virtio_device *dev);
/* Whether it is live, and this queue is in use. */
bool virtio_queue_live(const struct virtio_device *dev, unsigned queue);
static inline bool virtio_has(const struct virtio_device *dev, uint64_t feature)
{
	return dev->s->driver_features & feature;
}

/*
 * Requests. virtio_take takes the next chain; false: there is none, and the driver will notify
 * when there is. Every chain taken must be given back, by its head, in any order; written must not
 * exceed its writable bytes. After the last of a batch, virtio_kick interrupts the driver if it
 * wants that.
 */
bool virtio_take(struct virtio_device *dev, unsigned queue, struct vq_chain *chain);
/* Takes back the virtio_take just done: the same chain is next again. */
void virtio_untake(struct virtio_device *dev, unsigned queue);
void virtio_give(struct virtio_device *dev, unsigned queue, uint16_t head, uint32_t written);
void virtio_kick(struct virtio_device *dev, unsigned queue);

/*
 * The same for packets that may fill several chains: takes as many as have that many writable
 * bytes, see vq_device_gather. False: there are not enough, and the driver will notify when there
 * are more; or they can never be enough, and gather->chains is not 0.
 */
bool virtio_gather(struct virtio_device *dev, unsigned queue, uint64_t bytes,
		   struct vq_gather *gather, struct vq_chain *scratch);
void virtio_give_gathered(struct virtio_device *dev, unsigned queue, const struct vq_gather *gather,
			  uint64_t written);

/* Guest RAM: whether a range is in one piece of it, and the address of a byte of a chain. */
bool virtio_is_ram(const struct virtio_device *dev, uint64_t gpa, uint64_t bytes);
uint64_t virtio_gpa(const struct virtio_device *dev, const unsigned char *byte);

/* A request makes no sense and cannot be answered: the device needs a reset. */
void virtio_fail(struct virtio_device *dev, unsigned queue, const char *why);

/* The device configuration has changed (the caller changed params.config's bytes). */
void virtio_config_changed(struct virtio_device *dev);

/* Ends a reset that ops->reset had to postpone. */
void virtio_reset_done(struct virtio_device *dev);

/* Calls ops->poll if the device is live. */
void virtio_poll(struct virtio_device *dev);

#endif
