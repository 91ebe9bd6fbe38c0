/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A network card on the host: simulated registers and DMA memory behind hw.h, and a wire. Which
 * card it is a model says. It follows its datasheet unless the test makes it hostile.
 */
#ifndef TEST_NET_CARD_H
#define TEST_NET_CARD_H

#include "hw_sim.h"
#include "nic.h"

enum { CARD_DMA_BYTES = 0x180000, WIRE_FRAMES = 512, WIRE_BYTES = 66000 };
#define CARD_DMA_ADDRESS 0x10000000ull

struct wire_frame {
	struct rt_net_header header;
	uint32_t bytes;
	unsigned char *data;
};

struct card_model {
	void (*describe)(struct rt_device *device);
	uint64_t (*read)(uint64_t offset, unsigned width);
	void (*write)(uint64_t offset, unsigned width, uint64_t value);
	/* Sends and receives what it can. */
	void (*work)(void);
};

extern const struct card_model card_virtio, card_82574;

struct card {
	const struct card_model *model;
	uint64_t now_ns;
	struct rt_service_info info;
	unsigned char *dma;
	bool dead; /* carries nothing out */
	bool gone; /* registers read as all ones */
	unsigned resets;
	unsigned interrupts;
	struct wire_frame out; /* the last frame sent */
	unsigned sent;
	struct wire_frame in[WIRE_FRAMES]; /* frames that come */
	unsigned in_head, in_tail;
};

extern struct card card;
extern struct ether_switch sw;
extern struct port *uplink;

/* Makes the card, and the switch with it as uplink; nic is the driver's state. */
const char *card_open(const struct card_model *model, struct nic *nic);
void card_close(void);

/* Memory that the card reaches; NULL: it is none of the driver's. */
void *card_memory(uint64_t address, uint64_t bytes);

/* A frame comes on the wire. */
void card_arrive(const struct rt_net_header *header, const void *bytes, uint32_t length);
/* The card has sent a frame. */
void card_transmit(const struct rt_net_header *header, const void *bytes, uint32_t length);

#endif
