/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of the Intel 82574L. Rings of legacy descriptors, block n for descriptor n; indexes are
 * the driver's own, and of what the card writes back only a received frame's length and the status
 * count. Numbers of sections are the datasheet's; see e1000e_regs.h.
 */
#include "e1000e.h"

#include <string.h>

#define RING	      NIC_ENTRIES
#define RING_BYTES    (RING * 16u)
#define RX_RING_STEP  8u /* its length is a multiple of 128 bytes, section 10.2.5.3 */
#define RESET_NS      100000000ull
#define RESET_STEP_NS 100000ull

static struct e1000e *of(struct nic *nic)
{
	return (struct e1000e *)nic;
}

static void put(const struct e1000e *e, uint64_t at, uint32_t value)
{
	hw_write32(&e->regs, at, value);
}

static uint64_t address(const struct e1000e *e, const void *at)
{
	return hw_dma_address(&e->nic.dma, at);
}

/* Section 4.6.1: no interrupts around a reset. */
static bool reset(struct e1000e *e)
{
	uint64_t end = hw_now_ns() + RESET_NS;

	put(e, E1000E_IMC, UINT32_MAX);
	put(e, E1000E_RCTL, 0);
	put(e, E1000E_TCTL, 0);
	put(e, E1000E_CTRL, hw_read32(&e->regs, E1000E_CTRL) | CTRL_RST);
	do
		hw_pause_ns(RESET_STEP_NS);
	while ((hw_read32(&e->regs, E1000E_CTRL) & CTRL_RST) && hw_now_ns() < end);
	put(e, E1000E_IMC, UINT32_MAX);
	put(e, E1000E_ICR, UINT32_MAX);
	return !(hw_read32(&e->regs, E1000E_CTRL) & CTRL_RST) && hw_dma_start();
}

/* Gives descriptor n to the card, with its own block whatever the card wrote there. */
static void post(struct e1000e *e, uint16_t n)
{
	unsigned char *block = e->nic.rx_block + (uint64_t)n * NIC_BLOCK;

	e->rx[n] = (struct e1000e_rx_desc){ .address = address(e, block) };
}

/* Sections 4.6.5 and 4.6.6. */
static void set_up_rings(struct e1000e *e)
{
	hw_write64(&e->regs, E1000E_RDBAL, address(e, e->rx));
	put(e, E1000E_RDLEN, e->rx_ring * 16u);
	put(e, E1000E_RDH, 0);
	put(e, E1000E_RDT, 0);
	hw_write64(&e->regs, E1000E_TDBAL, address(e, e->tx));
	put(e, E1000E_TDLEN, RING_BYTES);
	put(e, E1000E_TDH, 0);
	put(e, E1000E_TDT, 0);
	put(e, E1000E_RXCSUM, RXCSUM_TUOFL);
	put(e, E1000E_TIPG, TIPG_COPPER);
	put(e, E1000E_TCTL, TCTL_EN | TCTL_PSP | TCTL_CT | TCTL_COLD);
	put(e, E1000E_RCTL, RCTL_EN | RCTL_UPE | RCTL_MPE | RCTL_BAM | RCTL_SECRC);
	/* A ring whose head is its tail is empty: one descriptor stays behind. */
	put(e, E1000E_RDT, e->rx_told);
}

static void check(struct nic *nic)
{
	uint32_t status = hw_read32(&of(nic)->regs, E1000E_STATUS);

	if (status == UINT32_MAX) {
		nic->broken = true;
		nic->why = "the card does not answer";
	}
	nic->link_up = status & STATUS_LU;
}

static const char *start(struct nic *nic)
{
	struct e1000e *e = of(nic);

	e->regs = hw_bar(nic->device, 0);
	if (e->regs.bytes < E1000E_REGISTERS)
		return "its registers are not in BAR 0";
	if (!reset(e))
		return "it cannot be reset";
	e->rx = hw_dma_take(&nic->dma, RING_BYTES, 4096);
	e->tx = hw_dma_take(&nic->dma, RING_BYTES, 4096);
	if (!e->rx || !e->tx || !nic_take_blocks(nic, RING, RING))
		return "there is not enough memory for its buffers";
	e->rx_ring = nic->rx_blocks - nic->rx_blocks % RX_RING_STEP;
	for (uint16_t n = 0; n < e->rx_ring; n++)
		post(e, n);
	e->rx_next = 0;
	e->rx_told = e->rx_ring - 1;
	e->tx_head = e->tx_tail = e->tx_told = 0;
	/* A ring that is full would look empty. */
	e->tx_free = nic->tx_blocks = RING - 1;
	e->held = false;
	e->mask = INT_RECEIVED;
	nic->takes = 0;
	put(e, E1000E_CTRL, hw_read32(&e->regs, E1000E_CTRL) | CTRL_SLU | CTRL_ASDE);
	put(e, E1000E_ITR, 0);
	put(e, E1000E_IVAR, IVAR_ALL_TO_0);
	set_up_rings(e);
	put(e, E1000E_IMS, INT_RECEIVED);
	return NULL;
}

static unsigned reclaim(struct nic *nic)
{
	struct e1000e *e = of(nic);
	unsigned n = 0;

	while (e->tx_head != e->tx_told) {
		uint16_t last = e->tx_last[e->tx_head];
		if (!(__atomic_load_n(&e->tx[last].status, __ATOMIC_ACQUIRE) & TXD_DD))
			break;
		uint16_t end = (last + 1) % RING;
		e->tx_free += (uint16_t)((end - e->tx_head + RING) % RING);
		e->tx_head = end;
		n++;
	}
	return n;
}

static bool busy(const struct nic *nic)
{
	const struct e1000e *e = (const struct e1000e *)nic;

	return e->tx_head != e->tx_tail;
}

static void flush(struct nic *nic)
{
	struct e1000e *e = of(nic);
	uint16_t tail = (uint16_t)(e->rx_next + e->rx_ring - 1) % e->rx_ring;

	if (e->tx_told != e->tx_tail) {
		e->tx_told = e->tx_tail;
		put(e, E1000E_TDT, e->tx_told);
	}
	if (e->rx_told != tail) {
		e->rx_told = tail;
		put(e, E1000E_RDT, tail);
	}
}

static bool received(const struct e1000e *e)
{
	return __atomic_load_n(&e->rx[e->rx_next].status, __ATOMIC_ACQUIRE) & RXD_DD;
}

/* Message-signalled interrupts are sent when a cause is set anew: causes are cleared before the
 * rings are looked at for the last time. The read makes the posted write arrive before that: later,
 * it would also clear the cause of a frame that the look has missed. */
static bool watch(struct nic *nic, bool room)
{
	struct e1000e *e = of(nic);
	uint32_t mask = INT_RECEIVED | (room ? INT_SENT : 0);

	if (e->mask & ~mask)
		put(e, E1000E_IMC, e->mask & ~mask);
	if (mask & ~e->mask)
		put(e, E1000E_IMS, mask & ~e->mask);
	e->mask = mask;
	put(e, E1000E_ICR, UINT32_MAX);
	(void)hw_read32(&e->regs, E1000E_STATUS);
	return received(e) || (room && reclaim(nic));
}

static void done(void *ctx)
{
	struct e1000e *e = ctx;

	post(e, e->rx_next);
	e->rx_next = (e->rx_next + 1) % e->rx_ring;
	e->held = false;
}

static void hold(void *ctx)
{
	struct e1000e *e = ctx;

	e->held = true;
}

/* Frames over several buffers are longer than the MTU: their parts are dropped. */
static enum port_next next(void *ctx, struct frame *frame)
{
	struct e1000e *e = ctx;
	struct e1000e_rx_desc *shared = &e->rx[e->rx_next];
	struct rt_net_header header = { 0 };
	unsigned char *block = e->nic.rx_block + (uint64_t)e->rx_next * NIC_BLOCK;

	if (!e->held && !received(e))
		return PORT_EMPTY;
	unsigned status = __atomic_load_n(&shared->status, __ATOMIC_RELAXED);
	unsigned errors = __atomic_load_n(&shared->errors, __ATOMIC_RELAXED);
	uint32_t length = __atomic_load_n(&shared->length, __ATOMIC_RELAXED);
	if ((status & RXD_TCPCS) && !(status & RXD_IXSM) && !(errors & (RXD_TCPE | RXD_IPE)))
		header.flags = RT_NET_DATA_VALID;
	e->part = (struct vq_segment){ block, length };
	if ((status & RXD_EOP) && !(errors & RXD_DAMAGED) && length <= NIC_BLOCK &&
	    frame_init(frame, &header, &e->part, 1, 0, length, NIC_MTU) == FRAME_GOOD)
		return PORT_FRAME;
	done(e);
	return PORT_MALFORMED;
}

static bool full(void *ctx, uint32_t packets, uint32_t bytes)
{
	struct e1000e *e = ctx;

	if (!nic_full(&e->nic, e->tx_free, packets, bytes))
		return false;
	reclaim(&e->nic);
	return nic_full(&e->nic, e->tx_free, packets, bytes);
}

static bool open_packet(void *ctx, const struct rt_net_header *header, uint32_t bytes,
			struct vq_sink *sink)
{
	struct e1000e *e = ctx;
	struct nic *nic = &e->nic;
	uint16_t at = e->tx_tail;

	(void)header;
	if (nic_blocks(bytes) > e->tx_free)
		reclaim(nic);
	if (nic_blocks(bytes) > e->tx_free)
		return false;
	for (nic->pieces = 0; bytes; at = (at + 1) % RING) {
		uint32_t n = bytes < NIC_BLOCK ? bytes : NIC_BLOCK;
		nic->piece[nic->pieces++] =
			(struct vq_segment){ nic->tx_block + (uint64_t)at * NIC_BLOCK, n };
		bytes -= n;
	}
	*sink = (struct vq_sink){ .segment = nic->piece, .segments = nic->pieces };
	return true;
}

static void close_packet(void *ctx, struct vq_sink *sink)
{
	struct e1000e *e = ctx;
	uint16_t first = e->tx_tail, at = first;

	for (unsigned i = 0; i < sink->segments; i++) {
		bool last = i + 1 == sink->segments;

		at = (uint16_t)(first + i) % RING;
		e->tx[at] = (struct e1000e_tx_desc){
			.address = address(e, sink->segment[i].bytes),
			.length = (uint16_t)sink->segment[i].length,
			.command = TXD_IFCS | (last ? TXD_EOP | TXD_RS : 0),
		};
	}
	e->tx_last[first] = at;
	e->tx_tail = (at + 1) % RING;
	e->tx_free -= (uint16_t)sink->segments;
}

const struct nic_ops e1000e_ops = {
	.name = "Intel 82574L",
	.start = start,
	.reclaim = reclaim,
	.busy = busy,
	.flush = flush,
	.watch = watch,
	.check = check,
	.port = { .next = next, .done = done, .hold = hold, .full = full },
	.open = open_packet,
	.close = close_packet,
};
