/* SPDX-License-Identifier: Apache-2.0 */
/* A simulated AHCI controller with disks at ports 1 and 4, AHCI 1.3.1. */
#include "sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ahci.h"

enum { PORTS = 6, DEPTH = 16 };

static struct {
	uint32_t ghc, is;
	struct port {
		uint64_t clb, fb;
		uint32_t is, cmd, sctl, sact, ci;
		bool error;   /* of the last command */
		bool stopped; /* by an error: nothing is done before ST was cleared */
	} port[PORTS];
} dev;

static bool has_disk(unsigned port)
{
	return port == 1 || port == 4;
}

static void describe(struct rt_device *device)
{
	device->vendor = 0x8086;
	device->device = 0x2922;
	device->class_code = 0x010601;
	device->bar[5].bytes = 0x1000;
}

static void reset(void)
{
	memset(&dev, 0, sizeof dev);
	sim.resets++;
	sim.dead = false;
}

static uint64_t read_port(const struct port *port, unsigned n, uint64_t reg)
{
	switch (reg) {
	case PORT_IS:
		return port->is;
	case PORT_CMD:
		return port->cmd | (port->cmd & PORT_CMD_ST ? PORT_CMD_CR : 0);
	case PORT_TFD:
		return port->error ? PORT_TFD_ERR : 0;
	case PORT_SIG:
		return PORT_SIG_ATA;
	case PORT_SSTS:
		return has_disk(n) ? PORT_DET_UP : 0;
	case PORT_SCTL:
		return port->sctl;
	case PORT_SACT:
		return port->sact;
	case PORT_CI:
		return port->ci;
	default:
		return 0;
	}
}

static uint64_t read(unsigned bar, uint64_t offset, unsigned width)
{
	assert_int_equal(bar, 5);
	assert_int_equal(width, 4);
	if (offset >= PORT_FIRST) {
		unsigned n = (unsigned)(offset - PORT_FIRST) / PORT_BYTES;

		return n < PORTS ? read_port(&dev.port[n], n, offset % PORT_BYTES) : 0;
	}
	switch (offset) {
	case AHCI_CAP:
		return AHCI_CAP_64BIT | AHCI_CAP_NCQ | 31 << 8 | (PORTS - 1);
	case AHCI_GHC:
		return dev.ghc;
	case AHCI_IS:
		return dev.is;
	case AHCI_PI:
		return (1 << PORTS) - 1;
	default:
		return 0;
	}
}

static void half(uint64_t *value, bool high, uint64_t word)
{
	unsigned shift = high ? 32 : 0;

	*value = (*value & ~(0xffffffffull << shift)) | word << shift;
}

static void write_port(struct port *port, uint64_t reg, uint64_t value)
{
	switch (reg) {
	case PORT_CLB:
	case PORT_CLB + 4:
		half(&port->clb, reg & 4, value);
		break;
	case PORT_FB:
	case PORT_FB + 4:
		half(&port->fb, reg & 4, value);
		break;
	case PORT_IS:
		port->is &= ~(uint32_t)value;
		break;
	case PORT_CMD:
		if (port->cmd & PORT_CMD_ST && !(value & PORT_CMD_ST)) {
			port->ci = port->sact = 0;
			port->stopped = false;
		}
		port->cmd = (uint32_t)value;
		break;
	case PORT_SCTL:
		if (value & 1)
			port->error = false;
		port->sctl = (uint32_t)value;
		break;
	case PORT_SACT:
		assert_true(port->cmd & PORT_CMD_ST);
		port->sact |= (uint32_t)value;
		break;
	case PORT_CI:
		assert_true(port->cmd & PORT_CMD_ST && !port->stopped);
		assert_false(port->ci & value);
		port->ci |= (uint32_t)value;
		break;
	}
}

static void write(unsigned bar, uint64_t offset, unsigned width, uint64_t value)
{
	assert_int_equal(bar, 5);
	assert_int_equal(width, 4);
	if (offset >= PORT_FIRST) {
		unsigned n = (unsigned)(offset - PORT_FIRST) / PORT_BYTES;

		assert_true(n < PORTS);
		write_port(&dev.port[n], offset % PORT_BYTES, value);
	} else if (offset == AHCI_GHC) {
		if (value & AHCI_GHC_HR)
			reset();
		dev.ghc = (uint32_t)value & ~AHCI_GHC_HR;
	} else if (offset == AHCI_IS) {
		dev.is &= ~(uint32_t)value;
	}
}

static void identify(const struct ahci_table *table)
{
	uint16_t *words = sim_memory(table->region[0].address, 512);

	assert_int_equal(table->region[0].last, 511);
	memset(words, 0, 512);
	memcpy(words + 10, "IS0M00 1            ", 20);
	words[75] = DEPTH - 1;
	words[76] = 1 << 8;
	words[83] = 1 << 10;
	words[85] = 1 << 5;
	words[100] = SIM_SECTORS;
	words[169] = 1;
}

static bool trim(const struct ahci_table *table, struct sim_op *op)
{
	const uint64_t *range = sim_memory(table->region[0].address, 512);

	assert_int_equal(table->fis[3], 1);
	op->type = RT_BLOCK_DISCARD;
	op->sector = range[0] & 0xffffffffffffull;
	op->sectors = range[0] >> 48;
	return sim_command(op);
}

static bool carry_out(const struct ahci_header *header, const struct ahci_table *table,
		      unsigned slot, unsigned unit)
{
	const uint8_t *fis = table->fis;
	bool queued = fis[2] == 0x60 || fis[2] == 0x61;
	bool writes = fis[2] == 0x61 || fis[2] == 0x35;
	struct sim_op op = { writes ? RT_BLOCK_WRITE : RT_BLOCK_READ, unit, 0, 0 };
	uint64_t at = 0;

	assert_int_equal(fis[0], 0x27);
	assert_int_equal(fis[1], 0x80);
	assert_int_equal(header->flags & 31, 5);
	if (fis[2] == 0xec) {
		identify(table);
		return true;
	}
	if (fis[2] == 0x06)
		return trim(table, &op);
	if (fis[2] == 0xea) {
		op.type = RT_BLOCK_FLUSH;
		return sim_command(&op);
	}
	for (unsigned i = 0; i < 3; i++)
		op.sector |= (uint64_t)fis[4 + i] << (8 * i) | (uint64_t)fis[8 + i] << (24 + 8 * i);
	op.sectors = queued ? fis[3] | fis[11] << 8 : fis[12] | fis[13] << 8;
	if (queued)
		assert_int_equal(fis[12] >> 3, slot);
	assert_int_equal(!(header->flags & AHCI_HEADER_WRITE), !writes);
	if (!sim_command(&op))
		return false;
	for (unsigned i = 0; i < header->regions; i++) {
		uint64_t bytes = table->region[i].last + 1ull;

		if (!sim_transfer(&op, sim_memory(table->region[i].address, bytes), bytes, at))
			return false;
		at += bytes;
	}
	return at == op.sectors * 512;
}

/* One command of a port. Queued ones and others are never there together. */
static void work_port(unsigned n)
{
	struct port *port = &dev.port[n];
	unsigned slot = 31u - (unsigned)__builtin_clz(port->ci);
	const struct ahci_header *header =
		sim_memory(port->clb + slot * sizeof *header, sizeof *header);

	assert_true(!port->sact || port->sact == port->ci);
	assert_true(port->sact || port->ci == 1);
	if (carry_out(header, sim_memory(header->table, sizeof(struct ahci_table)), slot, n == 4)) {
		port->is |= port->sact ? 1u << 3 : 1;
		port->error = false;
		port->sact &= ~(1u << slot);
		port->ci &= ~(1u << slot);
	} else {
		port->is |= 1u << 30;
		port->error = true;
		port->stopped = true;
		/* A queued command leaves CI when the disk has taken it. */
		port->ci &= ~port->sact;
	}
	dev.is |= 1u << n;
}

static unsigned work(unsigned count)
{
	unsigned done = 0;

	for (unsigned n = 0; hw_sim_master && n < PORTS; n++)
		for (; done < count && dev.port[n].ci && !dev.port[n].stopped; done++)
			work_port(n);
	return done;
}

const struct sim_controller sim_ahci = { "AHCI", describe, reset, read, write, work };
