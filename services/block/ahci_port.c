/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of an AHCI controller with a disk. Reads and writes are queued commands, of which up to 32
 * are under way; a flush or a trim is not queued and goes alone. An error stops the port and does
 * not say which of the queued commands failed: all of them are repeated one by one, and the one
 * that fails then has failed.
 */
#include "ahci.h"

#include <string.h>

#define STOP_NS	    500000000ull
#define READY_NS    2000000000ull
#define COMRESET_NS 1000000ull
#define STEP_NS	    100000ull

static uint32_t get(const struct ahci_port *port, unsigned reg)
{
	return hw_read32(&port->regs, reg);
}

static void set(const struct ahci_port *port, unsigned reg, uint32_t value)
{
	hw_write32(&port->regs, reg, value);
}

/* Waits until these bits of a register have the value; false: they do not in time. */
static bool await(const struct ahci_port *port, unsigned reg, uint32_t bits, uint32_t value,
		  uint64_t ns)
{
	uint64_t end = hw_now_ns() + ns;

	while ((get(port, reg) & bits) != value) {
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(STEP_NS);
	}
	return true;
}

/* Section 10.1.2: the disk is there and idle, and commands may be issued. */
static bool run(const struct ahci_port *port)
{
	if (!await(port, PORT_SSTS, 15, PORT_DET_UP, READY_NS) ||
	    !await(port, PORT_TFD, PORT_TFD_BSY | PORT_TFD_DRQ, 0, READY_NS))
		return false;
	set(port, PORT_SERR, UINT32_MAX);
	set(port, PORT_IS, UINT32_MAX);
	set(port, PORT_CMD, get(port, PORT_CMD) | PORT_CMD_ST);
	return true;
}

bool ahci_port_start(struct ahci_port *port)
{
	port->issued = 0;
	port->done = 0;
	port->careful = 0;
	port->waiting = 0;
	port->first = NULL;
	if (!run(port) || get(port, PORT_SIG) != PORT_SIG_ATA)
		return false;
	set(port, PORT_IE, PORT_IE_ALL);
	return true;
}

bool ahci_port_identify(struct ahci_port *port, uint64_t address)
{
	ahci_build_identify(port, address);
	set(port, PORT_CI, 1);
	return await(port, PORT_CI, 1, 0, READY_NS) && !(get(port, PORT_TFD) & PORT_TFD_ERR);
}

/* Sections 6.2.2.1 and 10.4.2: the port stops, and the disk is reset, which also ends the state
 * that an error of a queued command leaves it in. */
static bool recover(struct ahci_port *port)
{
	set(port, PORT_CMD, get(port, PORT_CMD) & ~PORT_CMD_ST);
	if (!await(port, PORT_CMD, PORT_CMD_CR, 0, STOP_NS))
		return false;
	set(port, PORT_SCTL, (get(port, PORT_SCTL) & ~15u) | 1);
	hw_pause_ns(COMRESET_NS);
	set(port, PORT_SCTL, get(port, PORT_SCTL) & ~15u);
	return run(port);
}

bool ahci_port_put(struct ahci_port *port, struct disk_request *request)
{
	if (port->waiting >= AHCI_SLOTS)
		return false;
	request->next = NULL;
	if (port->first)
		port->last->next = request;
	else
		port->first = request;
	port->last = request;
	port->waiting++;
	return true;
}

static struct disk_request *pull(struct ahci_port *port)
{
	struct disk_request *request = port->first;

	port->first = request->next;
	port->waiting--;
	return request;
}

static bool is_queued(const struct ahci_port *port, const struct disk_request *request)
{
	return port->depth > 1 && !port->careful &&
	       (request->type == RT_BLOCK_READ || request->type == RT_BLOCK_WRITE);
}

/* Section 5.3.5: the bit in SACT before the one in CI. */
static void issue(struct ahci_port *port, uint32_t slots, bool queued)
{
	port->issued |= slots;
	port->alone = !queued;
	if (queued)
		set(port, PORT_SACT, slots);
	set(port, PORT_CI, slots);
}

void ahci_port_pump(struct ahci_port *port)
{
	uint32_t queued = 0;

	while (port->first && !port->dead && !(port->issued && port->alone)) {
		uint32_t used = port->issued | queued;
		unsigned slot = (unsigned)__builtin_ctz(~used | 1u << 31);

		if (!is_queued(port, port->first)) {
			if (used)
				break;
			port->request[0] = pull(port);
			ahci_build(port, 0, port->request[0], false);
			issue(port, 1, false);
			return;
		}
		if (slot >= port->depth || used >> slot & 1)
			break;
		port->request[slot] = pull(port);
		ahci_build(port, slot, port->request[slot], true);
		queued |= 1u << slot;
	}
	if (queued)
		issue(port, queued, true);
}

/* Puts what is under way back in front of the queue, to be done one by one. */
static void repeat(struct ahci_port *port, uint32_t slots)
{
	for (; slots; slots &= slots - 1) {
		struct disk_request *request = port->request[__builtin_ctz(slots)];

		request->next = port->first;
		if (!port->first)
			port->last = request;
		port->first = request;
		port->waiting++;
		port->careful++;
	}
}

bool ahci_port_look(struct ahci_port *port, const struct hw_regs *controller)
{
	uint32_t status = get(port, PORT_IS);
	uint32_t busy;

	if (port->dead)
		return false;
	/* Cleared first, so that what comes later sets them again and interrupts. */
	if (status) {
		set(port, PORT_IS, status);
		hw_write32(controller, AHCI_IS, 1u << port->number);
	}
	busy = get(port, PORT_CI) | (port->alone ? 0 : get(port, PORT_SACT));
	port->done = port->issued & ~busy;
	port->failed = false;
	if (!(status & PORT_IS_ERRORS))
		return true;
	if (port->alone && port->issued) {
		port->done = port->issued;
		port->failed = true;
	} else {
		repeat(port, port->issued & busy);
		port->issued = port->done;
	}
	port->dead = !recover(port);
	return !port->dead;
}

struct disk_request *ahci_port_take(struct ahci_port *port, bool *good)
{
	unsigned slot;

	if (!port->done)
		return NULL;
	slot = (unsigned)__builtin_ctz(port->done);
	port->done &= ~(1u << slot);
	port->issued &= ~(1u << slot);
	*good = !port->failed;
	if (port->alone && port->careful)
		port->careful--;
	return port->request[slot];
}
