/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake virtio device, and the two questions that most tests end with.
 */
#include "fake.h"

#include <string.h>

struct zoo zoo;

struct fake fake;

static void fake_activate(void *ctx)
{
	assert_ptr_equal(ctx, &fake);
	fake.activations++;
}

static void fake_notify(void *ctx, unsigned queue)
{
	(void)ctx;
	fake.notifications++;
	while (virtio_take(&fake.dev, queue, &fake.chain))
		fake.taken++;
}

static bool fake_reset(void *ctx)
{
	(void)ctx;
	return !fake.async || !fake.taken;
}

static void fake_config_write(void *ctx, unsigned offset, unsigned width, uint64_t value)
{
	(void)ctx;
	assert_true(offset + width <= sizeof fake.config);
	memcpy(fake.config + offset, &value, width);
	fake.writes++;
}

static bool fake_accepts(void *ctx, uint64_t features)
{
	(void)ctx;
	return !(features & FEATURE_B) || features & FEATURE_A;
}

static const struct virtio_ops fake_ops = {
	.name = "fake",
	.type = 63,
	.class_code = 0xff0000,
	.activate = fake_activate,
	.notify = fake_notify,
	.reset = fake_reset,
	.config_write = fake_config_write,
	.accepts = fake_accepts,
};

static void report(void *ctx, const char *device, unsigned queue, const char *why)
{
	(void)ctx;
	(void)queue;
	assert_string_equal(device, "fake");
	zoo.faults++;
	zoo.why = why;
}

static void build(struct zoo *z)
{
	const struct virtio_wiring wiring = {
		.ram = { { z->ram, 0, ZOO_RAM_BYTES }, { z->high, ZOO_HIGH, ZOO_HIGH_BYTES } },
		.report = report,
	};
	const struct virtio_params params = {
		.features = FEATURE_A | FEATURE_B,
		.queues = 2,
		.entries = 16,
		.config = fake.config,
		.config_bytes = sizeof fake.config,
	};
	const struct virtio_place place = { ZOO_DEVFN, ZOO_BAR, ZOO_IO };

	memset(&fake, 0, sizeof fake);
	zoo_build_pci(z);
	virtio_init(&fake.dev, &fake_ops, &params, &wiring, &fake.s, &fake);
	assert_true(virtio_attach(&fake.dev, &z->pci, &place));
	z->virtio = &fake.dev;
}

static void nothing(void *dev)
{
	(void)dev;
}

int fake_setup(void **state)
{
	static const struct device_ops ops = { .name = "fake", .resume = nothing };
	static const struct zoo_class class = { .ops = &ops, .build = build };

	(void)state;
	zoo_open(&zoo, &class, ZOO_START_NS);
	return 0;
}

void assert_broken(const char *why)
{
	assert_int_equal(zoo_status(&zoo) & VIRTIO_NEEDS_RESET, VIRTIO_NEEDS_RESET);
	assert_string_equal(zoo.why, why);
	assert_false(virtio_live(&fake.dev));
}

void assert_works(void)
{
	unsigned before = fake.notifications;

	fake.taken = 0;
	zoo_start(&zoo, FEATURE_A);
	assert_int_equal(zoo_status(&zoo), DRIVER_OK);
	zoo_describe(&zoo, 0, 3, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, 0, 3);
	assert_true(fake.notifications > before);
	assert_int_equal(fake.taken, 1);
	virtio_give(&fake.dev, 0, 3, 0);
	assert_int_equal(zoo_used_index(&zoo, 0), 1);
	assert_int_equal(zoo_used(&zoo, 0, 0).id, 3);
	fake.taken = 0;
}
