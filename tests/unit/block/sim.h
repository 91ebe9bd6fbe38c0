/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine for the block service on the host: a simulated disk controller behind hw.h, memory that
 * it reaches by address and nothing beyond, and clients at the other end of the links.
 */
#ifndef TEST_BLOCK_SIM_H
#define TEST_BLOCK_SIM_H

#include <rt/virtqueue.h>

#include "hw_sim.h"
#include "setup.h"

#define SIM_DMA_ADDRESS	   0x10000000ull
#define SIM_DMA_BYTES	   0x80000ull
#define SIM_WINDOW_ADDRESS 0x20000000ull
#define SIM_CLIENTS	   3u
#define SIM_UNITS	   2u
#define SIM_SECTORS	   4096u /* of each disk */

struct sim_op {
	uint32_t type; /* enum rt_block_type */
	unsigned unit;
	uint64_t sector;
	uint64_t sectors;
};

/* A simulated controller. */
struct sim_controller {
	const char *name;
	/* Fills in what the root task would say of the device. */
	void (*describe)(struct rt_device *device);
	void (*reset)(void);
	uint64_t (*read)(unsigned bar, uint64_t offset, unsigned width);
	void (*write)(unsigned bar, uint64_t offset, unsigned width, uint64_t value);
	/* Carries out at most count commands; returns how many. */
	unsigned (*work)(unsigned count);
};

extern const struct sim_controller sim_virtio, sim_nvme, sim_ahci;

struct sim {
	const struct sim_controller *controller;
	uint64_t now_ns;
	struct rt_service_info info;
	unsigned char *dma;
	unsigned char *windows;
	unsigned char *disk[SIM_UNITS];
	bool dead;    /* it carries nothing out */
	bool gone;    /* nor does it react to anything: registers read as all ones */
	bool failing; /* it answers every command with an error */
	uint64_t bad; /* a command that touches this sector fails; 0: none does */
	/* What the driver reads from a register instead; NULL: what is there. */
	uint64_t (*noise)(uint64_t value);
	unsigned resets;
	unsigned dones; /* commands carried out */
	struct sim_op last;
	unsigned flushes;
	char log[2048]; /* all lines of the service */
	struct service service;
};

extern struct sim sim;

/* Forgets everything: an empty disk, no clients. */
void sim_open(const struct sim_controller *controller);
void sim_close(void);

/* Adds a client of the whole of a unit; the caller may change it before sim_start. */
struct rt_block_client *sim_client(const char *partition, unsigned unit, bool read_only);
void sim_start(void);

/* Memory that the device reaches; an access elsewhere fails the test. */
void *sim_memory(uint64_t address, uint64_t bytes);

/* Carries out a data command of the device, and says whether it succeeded. */
bool sim_transfer(const struct sim_op *op, unsigned char *data, uint64_t bytes, uint64_t offset);
bool sim_command(const struct sim_op *op);

/* The service and the device go on until nothing happens any more. */
void sim_run(void);
/* The service has one turn. */
uint64_t sim_turn(void);

/* What the root task does with a link. */
void sim_change(unsigned n, enum rt_link_state state);

/* Another end. */
struct peer {
	struct rt_link link;
	struct vq_driver queue;
	unsigned char *window;
	bool started;
	unsigned answers;
	uint8_t status[VQ_ENTRIES_MAX]; /* by head; 0xff: none yet */
};

extern struct peer peer[SIM_CLIENTS];

/* Opens client n's end and brings the link up. */
void peer_open(unsigned n);
/* Starts the service, which must be able to go on, and the first clients, who must be served. */
void peers_start(unsigned clients);
/* Looks at the link; sets up rings if it is time. Returns the event. */
enum rt_link_event peer_poll(unsigned n);
/* Submits; data lies at page page of the window's data. Returns the head, or UINT16_MAX. */
uint16_t peer_submit(unsigned n, uint32_t type, uint64_t sector, unsigned page, uint32_t bytes);
/* Submits, lets everything run, and returns the status: 0xff if there is no answer. */
uint8_t peer_do(unsigned n, uint32_t type, uint64_t sector, unsigned page, uint32_t bytes);
unsigned char *peer_page(unsigned n, unsigned page);
/* Takes answers. */
void peer_take(unsigned n);

#endif
