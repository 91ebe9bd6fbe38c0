/* SPDX-License-Identifier: Apache-2.0 */
/* One processor rings the doorbells, another changes what the devices are about to read. */
#include "../smp/smp.h"
#include "subject.h"

#define ROUNDS	150u
#define OUTSIDE 0x3000000ull /* no RAM */

static volatile bool stop;

/* Between good and bad, as fast as it goes; nothing that is writable is ever moved. */
static void scribble(void *arg)
{
	volatile struct virtio_rings *r = arg;
	volatile struct virtio_desc *desc = r->desc;
	uint64_t address = desc->address;
	uint32_t length = desc->length;
	uint16_t flags = desc->flags;

	while (!stop) {
		desc->address = OUTSIDE;
		desc->length = ~0u;
		desc->flags = flags ^ DESC_INDIRECT;
		desc->next = 0x7fff;
		r->avail.ring[0] = 0xffff;
		desc->address = address;
		desc->length = length;
		desc->flags = flags;
		desc->next = 1;
		r->avail.ring[0] = 0;
	}
	desc->address = address;
	desc->length = length;
	desc->flags = flags;
}

static void race(struct subject *s)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		if (round % 10 == 0) {
			subject_start(s);
			subject_prepare(s);
			stop = false;
			smp_run(1, scribble, (void *)(uint64_t)&s->device.rings[s->queue]);
		}
		subject_submit(s);
		if (round % 10 == 9) {
			virtio_reset(&s->device);
			stop = true;
			smp_wait(1);
		}
	}
}

GUEST_TEST(races, "rings that change while they are read do no harm")
{
	smp_start();
	expect(cpus >= 2, "%u processors", cpus);
	if (cpus >= 2)
		trouble_each("racing rings", race);
}
