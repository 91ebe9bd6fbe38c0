/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The virtio transport: identification, features, status, which register may be written when, and
 * where rings may lie.
 */
#include <string.h>

#include "fake.h"

static void is_found_by_its_ids(void **state)
{
	(void)state;
	assert_int_equal(zoo_config_get(&zoo, 0, 4), (0x1040u + 63) << 16 | 0x1af4);
	assert_int_equal(zoo_config_get(&zoo, 8, 4), 0xff000001);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUES, 2), 2);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2), 0);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2), 16);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_NOTIFY_OFF, 2), 0);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2, 1);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_NOTIFY_OFF, 2), 1);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_VECTOR, 2), VIRTIO_NO_VECTOR);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2, 2); /* there is none */
	for (unsigned reg = VIRTIO_REG_QUEUE_SIZE; reg < 0x38; reg += 2)
		assert_int_equal(zoo_reg(&zoo, reg, 2) & 0xffff,
				 reg >= VIRTIO_REG_QUEUE_DESC ? 0xffff : 0);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_DESC, 8), 0);
}

static void features_are_negotiated(void **state)
{
	(void)state;
	zoo_set_reg(&zoo, VIRTIO_REG_DEVICE_SELECT, 4, 0);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_DEVICE_FEATURE, 4), 1 | 3u << 28);
	zoo_set_reg(&zoo, VIRTIO_REG_DEVICE_SELECT, 4, 1);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_DEVICE_FEATURE, 4), 1 | 1 << 5);
	zoo_set_reg(&zoo, VIRTIO_REG_DEVICE_SELECT, 4, 2);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_DEVICE_FEATURE, 4), 0);
	zoo_negotiate(&zoo, FEATURE_A);
	assert_int_equal(zoo_status(&zoo), FEATURES_OK);
	assert_true(virtio_has(&fake.dev, FEATURE_A));
	zoo_negotiate(&zoo, UINT64_C(1) << 5); /* not offered */
	assert_int_equal(zoo_status(&zoo), DRIVER);
	zoo_negotiate(&zoo, UINT64_C(1) << 63);
	assert_int_equal(zoo_status(&zoo), DRIVER);
	zoo_negotiate(&zoo, FEATURE_B); /* not without A */
	assert_int_equal(zoo_status(&zoo), DRIVER);
	zoo_set_status(&zoo, 0);
	zoo_set_status(&zoo, FEATURES_OK); /* without VERSION_1 */
	assert_int_equal(zoo_status(&zoo), DRIVER);
}

static void status_bits_come_in_order(void **state)
{
	(void)state;
	zoo_set_status(&zoo, VIRTIO_DRIVER);
	assert_int_equal(zoo_status(&zoo), 0);
	zoo_set_status(&zoo, VIRTIO_DRIVER_OK | VIRTIO_ACKNOWLEDGE);
	assert_int_equal(zoo_status(&zoo), ACKNOWLEDGE);
	zoo_set_status(&zoo, VIRTIO_NEEDS_RESET); /* the device's */
	assert_int_equal(zoo_status(&zoo), ACKNOWLEDGE);
	zoo_set_status(&zoo, 16 | 32);
	assert_int_equal(zoo_status(&zoo), ACKNOWLEDGE);
	zoo_negotiate(&zoo, 0);
	zoo_set_status(&zoo, ACKNOWLEDGE); /* clears none */
	assert_int_equal(zoo_status(&zoo), FEATURES_OK);
	zoo_set_status(&zoo, DRIVER_OK);
	assert_int_equal(fake.activations, 1);
	zoo_set_status(&zoo, DRIVER_OK);
	assert_int_equal(fake.activations, 1);
	zoo_set_status(&zoo, DRIVER_OK | VIRTIO_FAILED);
	assert_false(virtio_live(&fake.dev));
	zoo_set_status(&zoo, 0);
	assert_int_equal(zoo_status(&zoo), 0);
	assert_works();
}

struct reg {
	unsigned offset, width;
	uint64_t value;	 /* differs from what is there */
	const char *may; /* phases in which it may be written: I N S L B */
};

static const struct reg registers[] = {
	{ VIRTIO_REG_DEVICE_SELECT, 4, 7, "INSLB" },
	{ VIRTIO_REG_DEVICE_FEATURE, 4, 7, "" },
	{ VIRTIO_REG_DRIVER_SELECT, 4, 1, "INSLB" },
	{ VIRTIO_REG_DRIVER_FEATURE, 4, 1, "IN" },
	{ VIRTIO_REG_CONFIG_VECTOR, 2, 2, "INSL" },
	{ VIRTIO_REG_QUEUES, 2, 7, "" },
	{ VIRTIO_REG_GENERATION, 1, 7, "" },
	{ VIRTIO_REG_QUEUE_SELECT, 2, 7, "INSLB" },
	{ VIRTIO_REG_QUEUE_SIZE, 2, 4, "S" },
	{ VIRTIO_REG_QUEUE_VECTOR, 2, 2, "INSL" },
	{ VIRTIO_REG_QUEUE_ENABLE, 2, 1, "S" },
	{ VIRTIO_REG_QUEUE_NOTIFY_OFF, 2, 7, "" },
	{ VIRTIO_REG_QUEUE_DESC, 4, 0x1110, "S" },
	{ VIRTIO_REG_QUEUE_DESC + 4, 4, 1, "S" },
	{ VIRTIO_REG_QUEUE_DESC, 8, 0x1110, "S" },
	{ VIRTIO_REG_QUEUE_AVAIL, 4, 0x1110, "S" },
	{ VIRTIO_REG_QUEUE_AVAIL + 4, 4, 1, "S" },
	{ VIRTIO_REG_QUEUE_AVAIL, 8, 0x1110, "S" },
	{ VIRTIO_REG_QUEUE_USED, 4, 0x1110, "S" },
	{ VIRTIO_REG_QUEUE_USED + 4, 4, 1, "S" },
	{ VIRTIO_REG_QUEUE_USED, 8, 0x1110, "S" },
	{ 0x38, 2, 7, "" },
	{ 0x3a, 2, 1, "" },
};

static void enter_phase(char phase)
{
	zoo_set_status(&zoo, 0);
	switch (phase) {
	case 'I':
		zoo_set_status(&zoo, ACKNOWLEDGE);
		break;
	case 'N':
		zoo_set_status(&zoo, DRIVER);
		break;
	case 'S':
		zoo_negotiate(&zoo, 0);
		break;
	default:
		zoo_negotiate(&zoo, 0);
		zoo_set_status(&zoo, DRIVER_OK);
		if (phase == 'B')
			virtio_fail(&fake.dev, 0, "by the test");
		break;
	}
	zoo_set_reg(&zoo, VIRTIO_REG_DRIVER_SELECT, 4, 0);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2, 1);
}

/* The table of docs/machine.md, register by register and phase by phase. */
static void registers_are_writable_in_their_phases(void **state)
{
	static const char phases[] = "INSLB";

	(void)state;
	for (unsigned i = 0; i < sizeof registers / sizeof registers[0]; i++) {
		const struct reg *reg = &registers[i];

		for (const char *phase = phases; *phase; phase++) {
			enter_phase(*phase);
			uint64_t before = zoo_reg(&zoo, reg->offset, reg->width);

			assert_int_not_equal(before, reg->value);
			zoo_set_reg(&zoo, reg->offset, reg->width, reg->value);
			assert_int_equal(zoo_reg(&zoo, reg->offset, reg->width),
					 strchr(reg->may, *phase) ? reg->value : before);
		}
	}
}

/* Whatever is written once a queue is enabled, its geometry stays. */
static void an_enabled_queue_is_immutable(void **state)
{
	(void)state;
	for (unsigned live = 0; live < 2; live++) {
		zoo_negotiate(&zoo, 0);
		zoo_setup_queue(&zoo, 0, ZOO_ENTRIES);
		if (live)
			zoo_set_status(&zoo, DRIVER_OK);
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2, 16);
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_DESC, 8, ZOO_DESC(3));
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_AVAIL, 4, ZOO_AVAIL(3));
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_USED + 4, 4, 1);
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_ENABLE, 2, 0);
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2), ZOO_ENTRIES);
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_DESC, 8), ZOO_DESC(0));
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_AVAIL, 8), ZOO_AVAIL(0));
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_USED, 8), ZOO_USED(0));
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_ENABLE, 2), 1);
		assert_int_equal(fake.dev.queue[0].ring.entries, ZOO_ENTRIES);
		assert_ptr_equal(fake.dev.queue[0].ring.desc, zoo.ram + ZOO_DESC(0));
	}
	assert_int_equal(zoo.faults, 0);
}

static void sizes_are_powers_of_two(void **state)
{
	(void)state;
	zoo_negotiate(&zoo, 0);
	for (unsigned size = 0; size < 0x10000; size++) {
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2, 8);
		zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2, size);
		assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2),
				 size && size <= 16 && !(size & (size - 1)) ? size : 8);
	}
}

static void enable_at(uint64_t desc, uint64_t avail, uint64_t used)
{
	zoo_negotiate(&zoo, 0);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_DESC, 8, desc);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_AVAIL, 8, avail);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_USED, 8, used);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
}

/* Registers, configuration space, nowhere: rings are in RAM or not at all. */
static void rings_must_lie_in_ram(void **state)
{
	static const uint64_t bad[] = {
		ZOO_BAR,	   ZOO_COMMON,	      ZOO_ECAM,
		0xfee00000,	   ZOO_RAM_BYTES,     ZOO_HIGH + ZOO_HIGH_BYTES,
		UINT64_MAX - 0xff, ZOO_HIGH - 0x1000, 0x1008,
	};

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		enable_at(bad[i], ZOO_AVAIL(0), ZOO_USED(0));
		assert_broken(vq_error_text(VQ_ERROR_GEOMETRY));
		/* Before DRIVER_OK nobody is interrupted. */
		assert_false(zoo.line.level);
		enable_at(ZOO_DESC(0), bad[i] | 1, ZOO_USED(0));
		assert_broken(vq_error_text(VQ_ERROR_GEOMETRY));
		enable_at(ZOO_DESC(0), ZOO_AVAIL(0), bad[i] | 2);
		assert_broken(vq_error_text(VQ_ERROR_GEOMETRY));
		zoo_set_status(&zoo, DRIVER_OK);
		zoo_doorbell(&zoo, 0);
		assert_int_equal(fake.notifications, 0);
	}
	assert_int_equal(zoo.faults, 1); /* reported once, counted always */
	assert_int_equal(fake.dev.faults, 3 * sizeof bad / sizeof bad[0]);
	assert_works();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(is_found_by_its_ids, fake_setup),
		cmocka_unit_test_setup(features_are_negotiated, fake_setup),
		cmocka_unit_test_setup(status_bits_come_in_order, fake_setup),
		cmocka_unit_test_setup(registers_are_writable_in_their_phases, fake_setup),
		cmocka_unit_test_setup(an_enabled_queue_is_immutable, fake_setup),
		cmocka_unit_test_setup(sizes_are_powers_of_two, fake_setup),
		cmocka_unit_test_setup(rings_must_lie_in_ram, fake_setup),
	};

	return cmocka_run_group_tests_name("virtio", tests, NULL, NULL);
}
