/* SPDX-License-Identifier: Apache-2.0 */
/* The block device, by its registers and rings, with a small disk behind it. */
#include "test.h"

#include <string.h>

#include "zoo_virtio.h"

#define F_FLUSH	     (UINT64_C(1) << 9)
#define F_CONFIG_WCE (UINT64_C(1) << 11)
#define STATUS_BYTE  (ZOO_BUFFERS + 16)
#define DATA	     (ZOO_BUFFERS + 0x100)

static struct zoo zoo;

static int setup(void **state)
{
	(void)state;
	zoo_open_named(&zoo, "virtio-blk");
	zoo_start(&zoo, F_FLUSH);
	return 0;
}

/* Submits header, data and status as head 0 of queue; data has the direction of type. */
static void submit(unsigned queue, uint32_t type, uint64_t sector, uint32_t bytes)
{
	bool write =
		type == RT_BLOCK_WRITE || type == RT_BLOCK_DISCARD || type == RT_BLOCK_WRITE_ZEROES;

	zoo_blk_header(&zoo, type, sector);
	zoo_describe(&zoo, queue, 0, ZOO_BUFFERS, 16, VQ_DESC_NEXT, bytes ? 1 : 2);
	zoo_describe(&zoo, queue, 1, DATA, bytes, VQ_DESC_NEXT | (write ? 0 : VQ_DESC_WRITE), 2);
	zoo_describe(&zoo, queue, 2, STATUS_BYTE, 1, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, queue, 0);
}

static uint8_t status(void)
{
	return zoo.ram[STATUS_BYTE];
}

static uint32_t written(unsigned queue)
{
	return zoo_used(&zoo, queue, (zoo_used_index(&zoo, queue) - 1u) % ZOO_ENTRIES).length;
}

static void tells_its_disk(void **state)
{
	(void)state;
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG, 4), ZOO_SECTORS);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 12, 4), BLOCK_SEGMENTS - 2);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 20, 4), 512);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 34, 2), 2);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 36, 4), 16);
	assert_int_equal(zoo_reg(&zoo, VIRTIO_REG_QUEUES, 2), 2);
	assert_int_equal(zoo_config_get(&zoo, PCI_DEVICE, 2), 0x1042);
}

static void writes_and_reads(void **state)
{
	(void)state;
	memset(zoo.ram + DATA, 0x77, 1024);
	submit(0, RT_BLOCK_WRITE, 3, 1024);
	assert_int_equal(status(), RT_BLOCK_OK);
	assert_int_equal(written(0), 1);
	assert_int_equal(zoo.sectors[2][511], 0);
	assert_int_equal(zoo.sectors[3][0], 0x77);
	assert_int_equal(zoo.sectors[4][511], 0x77);
	assert_int_equal(zoo.sectors[5][0], 0);
	memset(zoo.ram + DATA, 0, 512);
	submit(1, RT_BLOCK_READ, 4, 512);
	assert_int_equal(status(), RT_BLOCK_OK);
	assert_int_equal(written(1), 513);
	assert_int_equal(zoo.ram[DATA + 511], 0x77);
}

/* Section 2.7.4.1: framing is the driver's choice. */
static void takes_any_framing(void **state)
{
	(void)state;
	zoo.sectors[1][0] = 0x11;
	zoo.sectors[1][511] = 0x22;
	zoo_blk_header(&zoo, RT_BLOCK_READ, 1);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 7, VQ_DESC_NEXT, 1);
	zoo_describe(&zoo, 0, 1, ZOO_BUFFERS + 7, 9, VQ_DESC_NEXT, 2);
	zoo_describe(&zoo, 0, 2, DATA, 100, VQ_DESC_NEXT | VQ_DESC_WRITE, 3);
	zoo_describe(&zoo, 0, 3, DATA + 100, 413, VQ_DESC_NEXT | VQ_DESC_WRITE, 4);
	zoo_describe(&zoo, 0, 4, DATA + 600, 0, VQ_DESC_WRITE, 0);
	zoo.ram[DATA + 512] = 0xff;
	zoo_submit(&zoo, 0, 0);
	assert_int_equal(zoo.ram[DATA], 0x11);
	assert_int_equal(zoo.ram[DATA + 511], 0x22);
	assert_int_equal(zoo.ram[DATA + 512], RT_BLOCK_OK);
}

static void gives_its_id(void **state)
{
	(void)state;
	submit(0, RT_BLOCK_GET_ID, 0, 20);
	assert_int_equal(status(), RT_BLOCK_OK);
	assert_string_equal((char *)zoo.ram + DATA, "ZOO");
	assert_int_equal(written(0), 21);
	submit(0, RT_BLOCK_GET_ID, 0, 2);
	assert_int_equal(written(0), 3);
	submit(0, RT_BLOCK_GET_ID, 0, 0);
	assert_int_equal(written(0), 1);
}

static void refuses_what_is_not_there(void **state)
{
	static const struct {
		uint32_t type;
		uint64_t sector;
		uint32_t bytes;
		uint8_t status;
	} bad[] = {
		{ RT_BLOCK_READ, ZOO_SECTORS, 512, RT_BLOCK_ERROR },
		{ RT_BLOCK_READ, ZOO_SECTORS - 1, 1024, RT_BLOCK_ERROR },
		{ RT_BLOCK_READ, UINT64_MAX, 512, RT_BLOCK_ERROR },
		{ RT_BLOCK_READ, 0, 100, RT_BLOCK_ERROR },
		{ RT_BLOCK_READ, 0, 0, RT_BLOCK_ERROR },
		{ RT_BLOCK_WRITE, ZOO_SECTORS, 512, RT_BLOCK_ERROR },
		{ RT_BLOCK_WRITE, 0, 513, RT_BLOCK_ERROR },
		{ 2, 0, 512, RT_BLOCK_UNSUPPORTED },
		{ UINT32_MAX, 0, 0, RT_BLOCK_UNSUPPORTED },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		submit(0, bad[i].type, bad[i].sector, bad[i].bytes);
		assert_int_equal(status(), bad[i].status);
		assert_int_equal(written(0), 1);
	}
	assert_int_equal(zoo.faults, 0);
}

static void a_read_only_disk_stays_as_it_is(void **state)
{
	(void)state;
	zoo.backend.facts.read_only = true;
	memset(zoo.ram + DATA, 1, 512);
	submit(0, RT_BLOCK_WRITE, 0, 512);
	assert_int_equal(status(), RT_BLOCK_ERROR);
	submit(0, RT_BLOCK_DISCARD, 0, 16);
	assert_int_equal(status(), RT_BLOCK_ERROR);
	assert_int_equal(zoo.sectors[0][0], 0);
}

static uint8_t range(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags)
{
	memcpy(zoo.ram + DATA, &sector, 8);
	memcpy(zoo.ram + DATA + 8, &sectors, 4);
	memcpy(zoo.ram + DATA + 12, &flags, 4);
	submit(0, type, 0, 16);
	return status();
}

static void discards_and_zeroes_ranges(void **state)
{
	(void)state;
	memset(zoo.sectors, 9, sizeof zoo.sectors);
	assert_int_equal(range(RT_BLOCK_WRITE_ZEROES, 2, 2, 1), RT_BLOCK_OK);
	assert_int_equal(zoo.sectors[1][511], 9);
	assert_int_equal(zoo.sectors[2][0], 0);
	assert_int_equal(zoo.sectors[3][511], 0);
	assert_int_equal(zoo.sectors[4][0], 9);
	assert_int_equal(range(RT_BLOCK_DISCARD, 2, 17, 0), RT_BLOCK_ERROR);
	assert_int_equal(range(RT_BLOCK_DISCARD, 2, 0, 0), RT_BLOCK_ERROR);
	assert_int_equal(range(RT_BLOCK_DISCARD, ZOO_SECTORS - 1, 2, 0), RT_BLOCK_ERROR);
	assert_int_equal(range(RT_BLOCK_DISCARD, UINT64_MAX, 2, 0), RT_BLOCK_ERROR);
	assert_int_equal(range(RT_BLOCK_DISCARD, 2, 1, 1), RT_BLOCK_UNSUPPORTED);
	assert_int_equal(range(RT_BLOCK_WRITE_ZEROES, 2, 1, 2), RT_BLOCK_UNSUPPORTED);
	zoo.backend.facts.discard_sectors = 0;
	assert_int_equal(range(RT_BLOCK_DISCARD, 2, 1, 0), RT_BLOCK_UNSUPPORTED);
	submit(0, RT_BLOCK_WRITE_ZEROES, 0, 32);
	assert_int_equal(status(), RT_BLOCK_ERROR);
}

static void a_chain_without_status_needs_a_reset(void **state)
{
	(void)state;
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 16, 0, 0);
	zoo_submit(&zoo, 0, 0);
	assert_true(zoo_status(&zoo) & VIRTIO_NEEDS_RESET);
	assert_string_equal(zoo.why, "request without header or status byte");
	setup(state);
	assert_int_equal(zoo.faults, 0);
	zoo_describe(&zoo, 0, 0, ZOO_BUFFERS, 15, VQ_DESC_NEXT, 1);
	zoo_describe(&zoo, 0, 1, STATUS_BYTE, 1, VQ_DESC_WRITE, 0);
	zoo_submit(&zoo, 0, 0);
	assert_true(zoo_status(&zoo) & VIRTIO_NEEDS_RESET);
}

static void an_error_of_the_disk_is_told(void **state)
{
	(void)state;
	zoo.hold = true;
	submit(0, RT_BLOCK_READ, 0, 512);
	assert_int_equal(status(), 0xff);
	assert_true(zoo_release_io(&zoo, RT_BLOCK_ERROR));
	assert_int_equal(status(), RT_BLOCK_ERROR);
	assert_int_equal(written(0), 1);
}

/* Without the flush feature, or with the cache off, a write is not answered before it is flushed.
 */
static void a_driver_without_flush_gets_stable_writes(void **state)
{
	(void)state;
	zoo_start(&zoo, 0);
	zoo.hold = true;
	submit(0, RT_BLOCK_WRITE, 0, 512);
	assert_int_equal(zoo.held->type, RT_BLOCK_WRITE);
	zoo_release_io(&zoo, RT_BLOCK_OK);
	assert_int_equal(status(), 0xff);
	assert_int_equal(zoo.held->type, RT_BLOCK_FLUSH);
	zoo_release_io(&zoo, RT_BLOCK_OK);
	assert_int_equal(status(), RT_BLOCK_OK);
	assert_null(zoo.held);
}

static void the_cache_can_be_turned_off(void **state)
{
	(void)state;
	zoo_start(&zoo, F_FLUSH | F_CONFIG_WCE);
	zoo.hold = true;
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 32, 1), 1);
	submit(0, RT_BLOCK_WRITE, 0, 512);
	zoo_release_io(&zoo, RT_BLOCK_OK);
	assert_null(zoo.held);
	bus_mmio_write(&zoo.bus, ZOO_CONFIG + 32, 1, 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 32, 1), 0);
	submit(0, RT_BLOCK_WRITE, 0, 512);
	zoo_release_io(&zoo, RT_BLOCK_OK);
	assert_int_equal(zoo.held->type, RT_BLOCK_FLUSH);
	zoo_release_io(&zoo, RT_BLOCK_OK);
	zoo_set_status(&zoo, 0);
	assert_int_equal(bus_mmio_read(&zoo.bus, ZOO_CONFIG + 32, 1), 1);
}

static void a_reset_waits_for_requests(void **state)
{
	(void)state;
	zoo.hold = true;
	zoo.sectors[0][0] = 0x33;
	submit(0, RT_BLOCK_READ, 0, 512);
	zoo_set_status(&zoo, 0);
	assert_int_not_equal(zoo_status(&zoo), 0);
	assert_true(zoo_release_io(&zoo, RT_BLOCK_OK));
	assert_int_equal(zoo_status(&zoo), 0);
	assert_int_equal(status(), 0xff);
	assert_int_not_equal(zoo.ram[DATA], 0x33);
	zoo_start(&zoo, F_FLUSH);
	zoo.hold = false;
	submit(0, RT_BLOCK_READ, 0, 512);
	assert_int_equal(status(), RT_BLOCK_OK);
}

/* The reset of the machine does not wait: what is in flight then reaches neither RAM nor rings. */
static void a_machine_reset_disowns_requests(void **state)
{
	(void)state;
	zoo.hold = true;
	zoo.sectors[0][0] = 0x33;
	submit(0, RT_BLOCK_READ, 0, 512);
	virtio_blk_device_ops.reset(&zoo.dev);
	assert_int_equal(zoo_status(&zoo), 0);
	zoo_start(&zoo, F_FLUSH);
	assert_true(zoo_release_io(&zoo, RT_BLOCK_OK));
	assert_int_equal(status(), 0xff);
	assert_int_equal(zoo_used_index(&zoo, 0), 0);
	assert_true(device_idle(&virtio_blk_device_ops, &zoo.dev));
}

/* More requests than the pool has: the rest waits in the ring, and comes when others are done. */
static void a_full_pool_leaves_chains_in_the_ring(void **state)
{
	uint16_t entries = VIRTIO_BLK_ENTRIES;

	(void)state;
	zoo_negotiate(&zoo, F_FLUSH);
	/* One long ring in one piece of RAM, descriptors of header and status for each flush. */
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SELECT, 2, 0);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_SIZE, 2, entries);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_DESC, 8, 0x1000);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_AVAIL, 8, 0x2000);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_USED, 8, 0x3000);
	memset(zoo.ram + 0x1000, 0, 0x3000);
	zoo_set_reg(&zoo, VIRTIO_REG_QUEUE_ENABLE, 2, 1);
	zoo_set_status(&zoo,
		       VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER | VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK);
	zoo.hold = true;
	zoo_blk_header(&zoo, RT_BLOCK_FLUSH, 0);
	struct vq_desc *desc = (void *)(zoo.ram + 0x1000);
	struct vq_avail *avail = (void *)(zoo.ram + 0x2000);
	const struct vq_used *used = (void *)(zoo.ram + 0x3000);
	for (uint16_t i = 0; i < 128; i++) {
		uint16_t head = i * 2;

		desc[head] = (struct vq_desc){ ZOO_BUFFERS, 16, VQ_DESC_NEXT, head + 1u };
		desc[head + 1] = (struct vq_desc){ STATUS_BYTE, 1, VQ_DESC_WRITE, 0 };
		avail->ring[i] = head;
	}
	avail->idx = 128;
	zoo_doorbell(&zoo, 0);
	assert_int_equal(zoo.dev.blk.in_flight, ZOO_IOS);
	for (unsigned i = 0; i < 128; i++) {
		assert_true(zoo_release_io(&zoo, RT_BLOCK_OK));
		virtio_blk_poll(&zoo.dev.blk);
	}
	assert_int_equal(used->idx, 128);
	assert_true(device_idle(&virtio_blk_device_ops, &zoo.dev));
}

/* Chains that found no free request are taken after a load, without another doorbell. */
static void what_waits_is_served_after_a_load(void **state)
{
	static struct zoo twin;
	static uint8_t record[sizeof(struct device_header) + DEVICE_STATE_MAX];
	struct virtio_blk_io *free = zoo.dev.blk.free;
	size_t size;

	(void)state;
	zoo.dev.blk.free = NULL;
	submit(1, RT_BLOCK_READ, 0, 512);
	assert_int_equal(zoo_used_index(&zoo, 1), 0);
	zoo.dev.blk.free = free;
	size = device_save(&virtio_blk_device_ops, &zoo.dev, record, sizeof record);
	zoo_open_named(&twin, "virtio-blk");
	zoo_share(&twin, &zoo);
	assert_true(device_load(&virtio_blk_device_ops, &twin.dev, record, size));
	virtio_blk_poll(&twin.dev.blk);
	assert_int_equal(zoo_used_index(&twin, 1), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(tells_its_disk, setup),
		cmocka_unit_test_setup(writes_and_reads, setup),
		cmocka_unit_test_setup(takes_any_framing, setup),
		cmocka_unit_test_setup(gives_its_id, setup),
		cmocka_unit_test_setup(refuses_what_is_not_there, setup),
		cmocka_unit_test_setup(a_read_only_disk_stays_as_it_is, setup),
		cmocka_unit_test_setup(discards_and_zeroes_ranges, setup),
		cmocka_unit_test_setup(a_chain_without_status_needs_a_reset, setup),
		cmocka_unit_test_setup(an_error_of_the_disk_is_told, setup),
		cmocka_unit_test_setup(a_driver_without_flush_gets_stable_writes, setup),
		cmocka_unit_test_setup(the_cache_can_be_turned_off, setup),
		cmocka_unit_test_setup(a_reset_waits_for_requests, setup),
		cmocka_unit_test_setup(a_machine_reset_disowns_requests, setup),
		cmocka_unit_test_setup(a_full_pool_leaves_chains_in_the_ring, setup),
		cmocka_unit_test_setup(what_waits_is_served_after_a_load, setup),
	};

	return cmocka_run_group_tests_name("virtio-blk", tests, NULL, NULL);
}
