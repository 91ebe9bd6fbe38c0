/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated card's surroundings; see card.h. */
#include "card.h"

#include <stdlib.h>
#include <string.h>

#include "hw_sim.h"

struct card card;
struct ether_switch sw;
struct port *uplink;

const char *card_open(const struct card_model *model, struct nic *nic)
{
	memset(&card, 0, sizeof card);
	hw_sim_master = false;
	card.model = model;
	card.now_ns = 1000;
	card.dma = aligned_alloc(4096, CARD_DMA_BYTES);
	memset(card.dma, 0x5a, CARD_DMA_BYTES);
	card.info.has_device = 1;
	card.info.dma_bytes = CARD_DMA_BYTES;
	card.info.dma_address = CARD_DMA_ADDRESS;
	card.info.device.interrupts = 1;
	memcpy(card.info.device.address, "00:05.0", 8);
	model->describe(&card.info.device);
	switch_init(&sw);
	uplink = switch_add_uplink(&sw, "uplink");
	return nic_start(nic, nic_find(&card.info.device), &card.info, card.dma, uplink);
}

void card_close(void)
{
	free(card.dma);
	free(card.out.data);
	for (unsigned i = 0; i < WIRE_FRAMES; i++)
		free(card.in[i].data);
}

void *card_memory(uint64_t address, uint64_t bytes)
{
	if (address < CARD_DMA_ADDRESS || bytes > CARD_DMA_BYTES ||
	    address - CARD_DMA_ADDRESS > CARD_DMA_BYTES - bytes)
		return NULL;
	return card.dma + (address - CARD_DMA_ADDRESS);
}

static void set_frame(struct wire_frame *frame, const struct rt_net_header *header,
		      const void *bytes, uint32_t length)
{
	free(frame->data);
	frame->header = *header;
	frame->bytes = length;
	frame->data = malloc(length + 1);
	memcpy(frame->data, bytes, length);
}

void card_arrive(const struct rt_net_header *header, const void *bytes, uint32_t length)
{
	set_frame(&card.in[card.in_tail++ % WIRE_FRAMES], header, bytes, length);
}

void card_transmit(const struct rt_net_header *header, const void *bytes, uint32_t length)
{
	set_frame(&card.out, header, bytes, length);
	card.sent++;
}

/* hw.h on this machine; its card has one BAR. */
uint64_t hw_sim_read(unsigned bar, uint64_t offset, unsigned width)
{
	return card.gone || bar ? UINT64_MAX : card.model->read(offset, width);
}

void hw_sim_write(unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
	if (!card.gone && !bar)
		card.model->write(offset, width, value);
}

uint64_t hw_now_ns(void)
{
	return card.now_ns;
}

void hw_pause_ns(uint64_t ns)
{
	card.now_ns += ns;
	if (!card.dead && !card.gone)
		card.model->work();
}
