/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated Intel 82574L: registers as far as the driver uses them, and legacy descriptors. */
#include <string.h>

#include "card.h"
#include "e1000e_regs.h"

static uint32_t regs[E1000E_REGISTERS / 4];

static uint32_t *reg(uint64_t at)
{
	return &regs[at / 4 % (E1000E_REGISTERS / 4)];
}

static void describe(struct rt_device *device)
{
	memset(regs, 0, sizeof regs);
	device->vendor = 0x8086;
	device->device = 0x10d3;
	device->bar[0].bytes = 0x20000;
}

static void update_interrupts(void)
{
	if (*reg(E1000E_ICR) & *reg(E1000E_IMS))
		card.interrupts++;
}

static uint64_t read_reg(uint64_t offset, unsigned width)
{
	return width == 4 ? *reg(offset) : UINT64_MAX;
}

static void write_reg(uint64_t offset, unsigned width, uint64_t value)
{
	uint32_t word = (uint32_t)value;

	if (width != 4)
		return;
	switch (offset) {
	case E1000E_CTRL:
		if (word & CTRL_RST) {
			memset(regs, 0, sizeof regs);
			card.resets++;
			return;
		}
		*reg(offset) = word;
		*reg(E1000E_STATUS) = word & CTRL_SLU ? STATUS_LU : 0;
		break;
	case E1000E_IMS:
		*reg(offset) |= word;
		update_interrupts();
		break;
	case E1000E_IMC:
		*reg(E1000E_IMS) &= ~word;
		break;
	case E1000E_ICR:
		*reg(offset) &= ~word;
		break;
	default:
		*reg(offset) = word;
	}
}

static uint64_t ring_at(uint64_t base, uint32_t n)
{
	return ((uint64_t)*reg(base + 4) << 32 | *reg(base)) + n * 16ull;
}

static void cause(uint32_t bits)
{
	*reg(E1000E_ICR) |= bits;
	update_interrupts();
}

static void transmit(void)
{
	static unsigned char frame[WIRE_BYTES];
	static const struct rt_net_header none;
	uint32_t entries = *reg(E1000E_TDLEN) / 16, length = 0;

	if (!(*reg(E1000E_TCTL) & TCTL_EN))
		return;
	for (uint32_t head = *reg(E1000E_TDH); head != *reg(E1000E_TDT);) {
		struct e1000e_tx_desc *desc = card_memory(ring_at(E1000E_TDBAL, head), 16);
		void *data = desc ? card_memory(desc->address, desc->length) : NULL;

		if (!data || length + desc->length > sizeof frame)
			return;
		memcpy(frame + length, data, desc->length);
		length += desc->length;
		if (desc->command & TXD_EOP) {
			card_transmit(&none, frame, length);
			length = 0;
		}
		head = (head + 1) % entries;
		if (desc->command & TXD_RS) {
			desc->status |= TXD_DD;
			*reg(E1000E_TDH) = head;
			cause(INT_TXDW | INT_TXQ0);
		}
	}
}

static void receive(void)
{
	uint32_t entries = *reg(E1000E_RDLEN) / 16;

	while (*reg(E1000E_RCTL) & RCTL_EN && card.in_head != card.in_tail &&
	       *reg(E1000E_RDH) != *reg(E1000E_RDT)) {
		const struct wire_frame *frame = &card.in[card.in_head % WIRE_FRAMES];
		uint32_t head = *reg(E1000E_RDH);
		struct e1000e_rx_desc *desc = card_memory(ring_at(E1000E_RDBAL, head), 16);
		void *to = desc ? card_memory(desc->address, NIC_BLOCK) : NULL;

		if (!to)
			return;
		uint32_t n = frame->bytes < NIC_BLOCK ? frame->bytes : NIC_BLOCK;
		memcpy(to, frame->data, n);
		desc->length = (uint16_t)n;
		desc->errors = 0;
		desc->status = RXD_DD | (frame->bytes <= NIC_BLOCK ? RXD_EOP : 0) |
			       (frame->header.flags & RT_NET_DATA_VALID ? RXD_TCPCS : 0);
		*reg(E1000E_RDH) = (head + 1) % entries;
		card.in_head++;
		cause(INT_RXT0 | INT_RXQ0);
	}
}

static void work(void)
{
	if (!hw_sim_master)
		return;
	transmit();
	receive();
}

const struct card_model card_82574 = { describe, read_reg, write_reg, work };
