/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which disks there are and how they stack: a link or a boot file, and scratch memory over it if
 * the guest's writes are to be forgotten.
 */
#include "disks.h"

#include <rt/clock.h>
#include <rt/exit.h>
#include <rt/hypercall.h>
#include <rt/log.h>
#include <rt/tsc.h>

#include "disk_link.h"
#include "disk_memory.h"

#define ANSWER_NS    (10 * RT_NS_PER_S)
#define DISK_IOS     128u
#define DISK_IOS_MAX 64u /* of one disk: as many as its service has at a time */

struct disk {
	const struct rt_disk *info;
	union {
		struct disk_link link;
		struct disk_file file;
	};
	struct disk_overlay overlay;
};

static struct disk disk[RT_DISKS_MAX];
static struct virtio_blk device[RT_DISKS_MAX];
static struct virtio_blk_backing backing[RT_DISKS_MAX];
/* Requests in flight of all disks. */
static struct virtio_blk_io io[DISK_IOS];

static void ring(void *ctx)
{
	const struct disk *d = ctx;

	rt_sm_up(RT_SEL_DOORBELL + d->info->index);
}

static void say(void *ctx, const char *line)
{
	const struct disk *d = ctx;

	rt_log(RT_WARNING, "disk %.*s: %s", (int)RT_NAME_BYTES, d->info->name, line);
}

static void full(void *ctx)
{
	say(ctx, "scratch memory is used up; writes fail (give the disk more scratch)");
}

/* The service was asked for this link before the process was started: it answers at once, unless
 * it is being restarted. */
static struct block_backend *open_link(struct disk *d)
{
	uint64_t deadline = rt_clock_deadline(ANSWER_NS);

	if (d->info->index >= RT_LINKS_MAX)
		rt_fatal("disk %.*s: there is no link %u", (int)RT_NAME_BYTES, d->info->name,
			 d->info->index);
	d->link.ring = ring;
	d->link.log = say;
	d->link.ctx = d;
	disk_link_open(&d->link, (void *)(RT_LINK_VA + d->info->index * RT_LINK_BYTES));
	while (!disk_link_ready(&d->link)) {
		if (d->link.failed || rt_rdtsc() >= deadline)
			rt_fatal("disk %.*s: its block service does not serve it",
				 (int)RT_NAME_BYTES, d->info->name);
		rt_sm_down_all(RT_SEL_WAKE, rt_clock_deadline(100 * RT_NS_PER_MS));
	}
	return &d->link.backend;
}

static struct block_backend *open_file(struct disk *d, const struct rt_vmm_info *vmm)
{
	const struct rt_file *file;

	if (d->info->index >= vmm->files || d->info->index >= RT_FILES_MAX)
		rt_fatal("disk %.*s: there is no file %u", (int)RT_NAME_BYTES, d->info->name,
			 d->info->index);
	file = &vmm->file[d->info->index];
	disk_file_open(&d->file, d->info->name, (const void *)(RT_FILES_VA + file->offset),
		       file->size);
	return &d->file.backend;
}

static struct block_backend *open_disk(struct disk *d, const struct rt_vmm_info *vmm, unsigned n)
{
	struct block_backend *base = d->info->is_file ? open_file(d, vmm) : open_link(d);

	if (d->info->mode != RT_DISK_DISCARD) {
		if (d->info->mode == RT_DISK_READ_ONLY)
			base->facts.read_only = true;
		return base;
	}
	d->overlay.full = full;
	d->overlay.ctx = d;
	if (!disk_overlay_open(&d->overlay, base, (void *)(RT_SCRATCH_VA + n * RT_SCRATCH_STRIDE),
			       d->info->scratch_bytes))
		rt_fatal("disk %.*s: too little scratch memory", (int)RT_NAME_BYTES, d->info->name);
	return &d->overlay.backend;
}

void disks_open(struct machine *m, struct pc_config *config)
{
	const struct rt_vmm_info *vmm = &m->info->vmm;

	config->disk = device;
	config->disk_backing = backing;
	config->disks = vmm->disks < RT_DISKS_MAX ? vmm->disks : RT_DISKS_MAX;
	for (unsigned i = 0; i < config->disks; i++) {
		unsigned share = DISK_IOS / config->disks;

		disk[i].info = &vmm->disk[i];
		backing[i] = (struct virtio_blk_backing){
			.backend = open_disk(&disk[i], vmm, i),
			.io = &io[i * share],
			.ios = share < DISK_IOS_MAX ? share : DISK_IOS_MAX,
		};
	}
	/* What else came while this waited is looked for when the guest starts. */
	if (config->disks)
		rt_sm_up(RT_SEL_WAKE);
}
