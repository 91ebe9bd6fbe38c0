/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver of AHCI controllers: resets one, finds the ports with disks, and passes requests to
 * them. Sections are those of AHCI 1.3.1.
 */
#include "ahci.h"

#include <rt/process.h>

#include <string.h>

#define PCI_CLASS_AHCI 0x010601u
#define AHCI_BAR       5u

#define RESET_NS   1000000000ull /* section 10.4.3 */
#define HANDOFF_NS 2000000000ull /* section 10.6.3 */
#define LINK_NS	   100000000ull	 /* for disks that have just been powered on */
#define STEP_NS	   100000ull

struct ahci {
	struct hw_regs regs;
	uint32_t cap;
	struct ahci_port port[DISK_UNITS];
};

static struct ahci ahci;

static bool matches(const struct rt_device *device)
{
	return device->class_code == PCI_CLASS_AHCI;
}

static bool await(unsigned reg, uint32_t bits, uint64_t ns)
{
	uint64_t end = hw_now_ns() + ns;

	while (hw_read32(&ahci.regs, reg) & bits) {
		if (hw_now_ns() > end)
			return false;
		hw_pause_ns(STEP_NS);
	}
	return true;
}

/* Section 10.4.3. Afterwards the controller uses no memory. */
static bool reset(void)
{
	hw_write32(&ahci.regs, AHCI_GHC, AHCI_GHC_AE);
	hw_write32(&ahci.regs, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_HR);
	if (!await(AHCI_GHC, AHCI_GHC_HR, RESET_NS))
		return false;
	hw_write32(&ahci.regs, AHCI_GHC, AHCI_GHC_AE);
	return hw_dma_start();
}

/* Section 10.6.3: firmware that still uses the controller lets go of it. */
static void take_over(void)
{
	if (!(hw_read32(&ahci.regs, AHCI_CAP2) & AHCI_CAP2_BOH))
		return;
	hw_write32(&ahci.regs, AHCI_BOHC, hw_read32(&ahci.regs, AHCI_BOHC) | AHCI_BOHC_OOS);
	await(AHCI_BOHC, AHCI_BOHC_BOS, HANDOFF_NS);
}

static struct hw_regs port_regs(unsigned number)
{
	return hw_part(&ahci.regs, PORT_FIRST + number * PORT_BYTES, PORT_BYTES);
}

/* Powers all ports up and gives disks time to show; afterwards a port without one has none. */
static void wake_ports(uint32_t ports)
{
	uint64_t end = hw_now_ns() + LINK_NS;
	uint32_t missing = ports;

	for (unsigned n = 0; n < AHCI_PORTS; n++) {
		struct hw_regs regs = port_regs(n);

		if (ports >> n & 1)
			hw_write32(&regs, PORT_CMD,
				   hw_read32(&regs, PORT_CMD) | PORT_CMD_SUD | PORT_CMD_POD);
	}
	while (missing && hw_now_ns() <= end) {
		for (unsigned n = 0; n < AHCI_PORTS; n++) {
			struct hw_regs regs = port_regs(n);

			if (missing >> n & 1 &&
			    PORT_DET(hw_read32(&regs, PORT_SSTS)) == PORT_DET_UP)
				missing &= ~(1u << n);
		}
		if (missing)
			hw_pause_ns(STEP_NS);
	}
}

/* Memory of a port: section 4.2. */
static bool place_port(struct disk *disk, struct ahci_port *port, unsigned number)
{
	void *fis;

	*port = (struct ahci_port){ .regs = port_regs(number), .number = number };
	port->header = hw_dma_take(&disk->dma, AHCI_SLOTS * sizeof *port->header, 1024);
	port->table = hw_dma_take(&disk->dma, AHCI_SLOTS * sizeof *port->table, 128);
	port->trim = hw_dma_take(&disk->dma, RT_BLOCK_SECTOR, RT_BLOCK_SECTOR);
	fis = hw_dma_take(&disk->dma, 256, 256);
	if (!port->header || !port->table || !port->trim || !fis)
		return false;
	port->header_address = hw_dma_address(&disk->dma, port->header);
	port->table_address = hw_dma_address(&disk->dma, port->table);
	port->trim_address = hw_dma_address(&disk->dma, port->trim);
	port->fis_address = hw_dma_address(&disk->dma, fis);
	hw_write64(&port->regs, PORT_CLB, port->header_address);
	hw_write64(&port->regs, PORT_FB, port->fis_address);
	hw_write32(&port->regs, PORT_CMD, hw_read32(&port->regs, PORT_CMD) | PORT_CMD_FRE);
	return true;
}

/* Makes the disk at a port the next unit, if there is one. */
static const char *add_port(struct disk *disk, unsigned number)
{
	struct ahci_port *port = &ahci.port[disk->units];
	struct hw_regs regs = port_regs(number);
	struct ata_facts facts;
	uint16_t words[256];

	if (PORT_DET(hw_read32(&regs, PORT_SSTS)) != PORT_DET_UP || disk->units == DISK_UNITS)
		return NULL;
	if (!place_port(disk, port, number))
		return "the driver was given too little memory";
	if (!ahci_port_start(port) ||
	    !ahci_port_identify(port, hw_dma_address(&disk->dma, disk->buffer)))
		return NULL;
	memcpy(words, disk->buffer, sizeof words);
	if (!ata_identify(words, &facts))
		return NULL;
	port->block_bytes = facts.unit.block_bytes;
	port->depth = ahci.cap & AHCI_CAP_NCQ ? facts.queue : 1;
	if (port->depth > AHCI_CAP_SLOTS(ahci.cap))
		port->depth = AHCI_CAP_SLOTS(ahci.cap);
	disk->unit[disk->units++] = facts.unit;
	return NULL;
}

static const char *start(struct disk *disk)
{
	const char *error = NULL;
	uint32_t ports;

	ahci.regs = hw_bar(disk->device, AHCI_BAR);
	ahci.cap = hw_read32(&ahci.regs, AHCI_CAP);
	if (!ahci.regs.bytes || ahci.cap == UINT32_MAX)
		return "it does not answer";
	take_over();
	if (!reset())
		return "it does not come out of its reset";
	if (!(ahci.cap & AHCI_CAP_64BIT))
		disk->reach = 1ull << 32;
	if (disk->dma.address > disk->reach - disk->dma.bytes)
		return "it reaches memory below 4 GiB only, and its driver's is not there";
	ports = hw_read32(&ahci.regs, AHCI_PI);
	wake_ports(ports);
	disk->units = 0;
	for (unsigned n = 0; n < AHCI_PORTS && !error; n++)
		if (ports >> n & 1)
			error = add_port(disk, n);
	if (!error && disk->device->interrupts)
		hw_write32(&ahci.regs, AHCI_GHC, AHCI_GHC_AE | AHCI_GHC_IE);
	return error;
}

static enum disk_room submit(struct disk *disk, struct disk_request *request)
{
	(void)disk;
	return ahci_port_put(&ahci.port[request->unit], request) ? DISK_TAKEN : DISK_UNIT_FULL;
}

static void kick(struct disk *disk)
{
	for (unsigned i = 0; i < disk->units; i++)
		ahci_port_pump(&ahci.port[i]);
}

static struct disk_request *take(struct disk *disk, bool *good)
{
	for (unsigned i = 0; i < disk->units; i++) {
		struct disk_request *request = ahci_port_take(&ahci.port[i], good);

		if (request)
			return request;
	}
	return NULL;
}

/* What the disks have done meanwhile; true: something. */
static bool look(struct disk *disk, bool *failed)
{
	bool done = false;

	for (unsigned i = 0; i < disk->units; i++) {
		struct ahci_port *port = &ahci.port[i];

		if (!port->issued && !port->dead)
			continue;
		if (!ahci_port_look(port, &ahci.regs))
			*failed = true;
		done = done || port->done;
		ahci_port_pump(port);
	}
	return done && !*failed;
}

static struct disk_request *poll(struct disk *disk, bool *good, bool *failed)
{
	struct disk_request *request = take(disk, good);

	if (!request && look(disk, failed))
		request = take(disk, good);
	return request;
}

static bool watch(struct disk *disk)
{
	bool failed = false;

	return look(disk, &failed) || failed;
}

static void stop(struct disk *disk)
{
	(void)disk;
	reset();
}

const struct disk_ops ahci_ops = {
	.name = "AHCI",
	.matches = matches,
	.start = start,
	.submit = submit,
	.kick = kick,
	.poll = poll,
	.watch = watch,
	.stop = stop,
};
