/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which virtio devices the machine has, where firmware leaves them, and how their interrupts reach
 * the local APICs.
 */
#include "pc.h"

void pc_pci_msi(void *ctx, uint64_t address, uint32_t data)
{
	struct pc *pc = ctx;

	apicbus_msi(&pc->apicbus, address, data);
}

void pc_pci_intx(void *ctx, unsigned input, bool level)
{
	struct pc *pc = ctx;

	ioapic_set_line(&pc->ioapic, IOAPIC_PCI + input, level);
}

static void report(void *ctx, const char *device, unsigned queue, const char *why)
{
	const struct pc *pc = ctx;

	pc->config.driver_fault(pc->config.ctx, device, queue, why);
}

static bool attach(struct pc *pc, struct virtio_device *dev)
{
	struct pc_virtio *virtio = &pc->virtio;
	unsigned n = virtio->devices;
	const struct virtio_place place = {
		.devfn = PCI_DEVFN(n + 1, 0),
		.memory = PCI_HOLE_BASE + n * VIRTIO_BAR_BYTES,
		.io = (uint16_t)(PCI_IO_BASE + n * VIRTIO_IO_BYTES),
	};

	if (n == PCI_FUNCTIONS || !virtio_attach(dev, &pc->pci, &place))
		return false;
	virtio->device[virtio->devices++] = dev;
	return true;
}

static bool add_rng(struct pc *pc, const struct virtio_wiring *wiring)
{
	const struct rng_source source = { pc->config.random, pc->config.ctx };

	if (!source.fill)
		return true;
	virtio_rng_init(&pc->virtio.rng, wiring, source);
	return attach(pc, &pc->virtio.rng.dev);
}

static bool add_console(struct pc *pc, const struct virtio_wiring *wiring)
{
	const struct virtio_console_line line = {
		pc->config.console_write,
		pc->config.console_drained,
		pc->config.ctx,
	};

	if (!line.write)
		return true;
	virtio_console_init(&pc->virtio.console, wiring, line);
	return attach(pc, &pc->virtio.console.dev);
}

static bool add_balloon(struct pc *pc, const struct virtio_wiring *wiring)
{
	if (!pc->config.balloon.inflate)
		return true;
	virtio_balloon_init(&pc->virtio.balloon, wiring, &pc->config.balloon);
	return attach(pc, &pc->virtio.balloon.dev);
}

static void touch(void *ctx, unsigned char *bytes, uint64_t length)
{
	const struct pc *pc = ctx;

	pc->config.touch(pc->config.ctx, bytes, length);
}

static bool add_nets(struct pc *pc, const struct virtio_wiring *wiring)
{
	for (unsigned n = 0; n < pc->config.nets; n++) {
		virtio_net_init(&pc->virtio.net[n], wiring, &pc->config.net[n]);
		if (!attach(pc, &pc->virtio.net[n].dev))
			return false;
	}
	return true;
}

static bool add_disks(struct pc *pc, const struct virtio_wiring *wiring)
{
	for (unsigned i = 0; i < pc->config.disks; i++) {
		struct virtio_blk *blk = &pc->config.disk[i];

		virtio_blk_init(blk, wiring, &pc->config.disk_backing[i], pc->config.cpus);
		if (!attach(pc, &blk->dev))
			return false;
	}
	return true;
}

bool pc_virtio_init(struct pc *pc)
{
	const struct virtio_wiring wiring = {
		.ram = { pc->config.ram[0], pc->config.ram[1] },
		.touch = pc->config.touch ? touch : NULL,
		.report = report,
		.ctx = pc,
	};

	return add_disks(pc, &wiring) && add_rng(pc, &wiring) && add_console(pc, &wiring) &&
	       add_balloon(pc, &wiring) && add_nets(pc, &wiring);
}

void pc_virtio_poll(struct pc *pc)
{
	for (unsigned i = 0; i < pc->virtio.devices; i++)
		virtio_poll(pc->virtio.device[i]);
	for (unsigned i = 0; i < pc->config.disks; i++)
		virtio_blk_poll(&pc->config.disk[i]);
}
