/* SPDX-License-Identifier: Apache-2.0 */
/* The simulated machine; see sim.h. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hw_sim.h"

struct sim sim;
struct peer peer[SIM_CLIENTS];

static void log_line(const char *line)
{
	size_t used = strlen(sim.log);

	snprintf(sim.log + used, sizeof sim.log - used, "%s\n", line);
}

void sim_open(const struct sim_controller *controller)
{
	memset(&sim, 0, sizeof sim);
	hw_sim_master = false;
	memset(peer, 0, sizeof peer);
	sim.controller = controller;
	sim.now_ns = 1000;
	sim.dma = aligned_alloc(4096, SIM_DMA_BYTES);
	sim.windows = aligned_alloc(4096, SIM_CLIENTS * RT_LINK_BYTES);
	assert_true(sim.dma && sim.windows);
	memset(sim.dma, 0x5a, SIM_DMA_BYTES);
	memset(sim.windows, 0, SIM_CLIENTS * RT_LINK_BYTES);
	for (unsigned i = 0; i < SIM_UNITS; i++) {
		sim.disk[i] = calloc(SIM_SECTORS, RT_BLOCK_SECTOR);
		assert_non_null(sim.disk[i]);
	}
	sim.info.has_device = 1;
	sim.info.dma_bytes = SIM_DMA_BYTES;
	sim.info.dma_address = SIM_DMA_ADDRESS;
	snprintf(sim.info.device.address, sizeof sim.info.device.address, "00:04.0");
	sim.info.device.interrupts = 1;
	controller->describe(&sim.info.device);
	controller->reset();
}

void sim_close(void)
{
	free(sim.dma);
	free(sim.windows);
	for (unsigned i = 0; i < SIM_UNITS; i++)
		free(sim.disk[i]);
}

struct rt_block_client *sim_client(const char *partition, unsigned unit, bool read_only)
{
	unsigned n = sim.info.clients++;
	struct rt_client *client = &sim.info.client[n];

	assert_true(n < SIM_CLIENTS);
	snprintf(client->name, sizeof client->name, "vm%u", n);
	client->address = SIM_WINDOW_ADDRESS + n * RT_LINK_BYTES;
	snprintf(client->block.partition, sizeof client->block.partition, "%s", partition);
	client->block.unit = unit;
	client->block.read_only = read_only;
	return &client->block;
}

void sim_start(void)
{
	struct service_setup setup = { &sim.info, sim.windows, sim.dma, log_line };

	service_init(&sim.service, &setup);
}

void *sim_memory(uint64_t address, uint64_t bytes)
{
	uint64_t windows = SIM_CLIENTS * RT_LINK_BYTES;

	if (address >= SIM_DMA_ADDRESS && bytes <= SIM_DMA_BYTES &&
	    address - SIM_DMA_ADDRESS <= SIM_DMA_BYTES - bytes)
		return sim.dma + (address - SIM_DMA_ADDRESS);
	if (address >= SIM_WINDOW_ADDRESS && bytes <= windows &&
	    address - SIM_WINDOW_ADDRESS <= windows - bytes)
		return sim.windows + (address - SIM_WINDOW_ADDRESS);
	fail_msg("the device was sent to %llx", (unsigned long long)address);
	return NULL;
}

static bool inside(const struct sim_op *op)
{
	return op->unit < SIM_UNITS && op->sector <= SIM_SECTORS &&
	       op->sectors <= SIM_SECTORS - op->sector;
}

bool sim_transfer(const struct sim_op *op, unsigned char *data, uint64_t bytes, uint64_t offset)
{
	unsigned char *at;

	if (sim.failing || !inside(op) || offset + bytes > op->sectors * RT_BLOCK_SECTOR)
		return false;
	at = sim.disk[op->unit] + op->sector * RT_BLOCK_SECTOR + offset;
	if (op->type == RT_BLOCK_READ)
		memcpy(data, at, bytes);
	else
		memcpy(at, data, bytes);
	return true;
}

bool sim_command(const struct sim_op *op)
{
	sim.last = *op;
	sim.dones++;
	if (sim.failing || !inside(op) || (sim.bad && sim.bad - op->sector < op->sectors))
		return false;
	if (op->type == RT_BLOCK_FLUSH)
		sim.flushes++;
	if (op->type == RT_BLOCK_DISCARD || op->type == RT_BLOCK_WRITE_ZEROES)
		memset(sim.disk[op->unit] + op->sector * RT_BLOCK_SECTOR, 0,
		       op->sectors * RT_BLOCK_SECTOR);
	return true;
}

uint64_t sim_turn(void)
{
	return service_turn(&sim.service, sim.now_ns);
}

void sim_run(void)
{
	for (unsigned i = 0; i < 2000; i++) {
		bool more = sim_turn() == 0 && !sim.service.fatal;

		if (!sim.dead && !sim.gone && sim.controller->work(1))
			more = true;
		for (unsigned n = 0; n < SIM_CLIENTS; n++)
			if (peer[n].window && peer_poll(n) != RT_LINK_NOTHING)
				more = true;
		if (!more)
			return;
	}
}

/* hw.h on this machine. */
uint64_t hw_sim_read(unsigned bar, uint64_t offset, unsigned width)
{
	if (sim.gone)
		return UINT64_MAX;
	uint64_t value = sim.controller->read(bar, offset, width);

	return sim.noise ? sim.noise(value) : value;
}

void hw_sim_write(unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
	if (!sim.gone && !sim.noise)
		sim.controller->write(bar, offset, width, value);
}

uint64_t hw_now_ns(void)
{
	return sim.now_ns;
}

void hw_pause_ns(uint64_t ns)
{
	/* Waiting in vain takes no time of the test's. */
	sim.now_ns += sim.noise || sim.gone ? 100000000 : ns;
	if (!sim.dead && !sim.gone && !sim.noise)
		sim.controller->work(64);
}

/* The other ends. */
static struct rt_link_header *header_of(unsigned n)
{
	return (struct rt_link_header *)(void *)(sim.windows + n * RT_LINK_BYTES);
}

void sim_change(unsigned n, enum rt_link_state state)
{
	header_of(n)->state = state;
	header_of(n)->sequence++;
}

void peer_open(unsigned n)
{
	struct peer *p = &peer[n];

	memset(p, 0, sizeof *p);
	p->window = sim.windows + n * RT_LINK_BYTES;
	rt_link_open(&p->link, p->window);
	sim_change(n, RT_LINK_OPEN);
	sim_run();
}

void peers_start(unsigned clients)
{
	sim_start();
	assert_null(sim.service.fatal);
	for (unsigned n = 0; n < clients; n++) {
		peer_open(n);
		assert_true(peer[n].started);
	}
}

enum rt_link_event peer_poll(unsigned n)
{
	struct peer *p = &peer[n];
	enum rt_link_event event = rt_link_client_poll(&p->link);
	struct vq_ring ring = { .event_idx = true };

	if (event != RT_LINK_SETUP)
		return event;
	vq_ring_place(&ring, p->window + RT_LINK_RINGS, RT_BLOCK_ENTRIES);
	vq_driver_init(&p->queue, &ring);
	memset(p->status, 0xff, sizeof p->status);
	rt_link_client_start(&p->link, 0);
	p->started = true;
	return event;
}

unsigned char *peer_page(unsigned n, unsigned page)
{
	return peer[n].window + RT_BLOCK_DATA + page * RT_BLOCK_PAGE;
}

uint16_t peer_submit(unsigned n, uint32_t type, uint64_t sector, unsigned page, uint32_t bytes)
{
	struct peer *p = &peer[n];
	struct rt_block_request header = { type, 0, sector };
	struct vq_buffer buffer[3];
	unsigned at = 0, readable;
	uint16_t head;

	if (!vq_driver_next(&p->queue, &head))
		return UINT16_MAX;
	uint64_t offset = RT_BLOCK_HEADERS + head * 32u;
	memcpy(p->window + offset, &header, sizeof header);
	p->window[offset + 16] = 0xff;
	buffer[at++] = (struct vq_buffer){ offset, sizeof header };
	if (bytes)
		buffer[at++] = (struct vq_buffer){ RT_BLOCK_DATA + page * RT_BLOCK_PAGE, bytes };
	readable = type == RT_BLOCK_READ ? 1 : at;
	buffer[at++] = (struct vq_buffer){ offset + 16, 1 };
	p->status[head] = 0xff;
	assert_int_equal(vq_driver_add(&p->queue, buffer, readable, at - readable), VQ_OK);
	return head;
}

void peer_take(unsigned n)
{
	struct peer *p = &peer[n];
	uint32_t written;
	uint16_t head;

	while (vq_driver_take(&p->queue, &head, &written) == VQ_OK) {
		p->status[head] = p->window[RT_BLOCK_HEADERS + head * 32u + 16];
		p->answers++;
	}
}

uint8_t peer_do(unsigned n, uint32_t type, uint64_t sector, unsigned page, uint32_t bytes)
{
	uint16_t head = peer_submit(n, type, sector, page, bytes);

	assert_int_not_equal(head, UINT16_MAX);
	sim_run();
	peer_take(n);
	return peer[n].status[head];
}
