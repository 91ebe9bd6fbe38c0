/* SPDX-License-Identifier: Apache-2.0 */
/* A disk behind a link whose service answers, lies, restarts and ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/disk_link.h"
#include "machine/disk_memory.h"

enum { SECTORS = 8192, IOS = 16, IO_BYTES = 1 << 20 };

static unsigned char *window;
static struct disk_link disk;
static struct rt_link service;
static struct vq_device queue;
static unsigned char stored[SECTORS * RT_BLOCK_SECTOR];
static unsigned char guest[IOS][IO_BYTES];
static struct block_io io[IOS];
static unsigned done[IOS];
static enum rt_block_status result[IOS];
static unsigned rings, served;
static char logged[200];
static struct rt_block_facts facts;

static void on_done(void *owner, struct block_io *which, enum rt_block_status status)
{
	unsigned n = (unsigned)(which - io);

	(void)owner;
	done[n]++;
	result[n] = status;
}

static void ring(void *ctx)
{
	assert_ptr_equal(ctx, &disk);
	rings++;
}

static void log_line(void *ctx, const char *line)
{
	(void)ctx;
	strncpy(logged, line, sizeof logged - 1);
}

static struct rt_link_header *header(void)
{
	return (struct rt_link_header *)(void *)window;
}

/* The service's end is new, and looks at the link. */
static void start_service(void)
{
	rt_link_open(&service, window);
	rt_link_service_offer(&service, &facts, sizeof facts);
	header()->state = RT_LINK_OPEN;
	header()->sequence++;
	assert_int_equal(rt_link_service_poll(&service), RT_LINK_STOP);
	rt_link_service_stopped(&service);
}

static void serve(void)
{
	struct vq_ring r = { .event_idx = true, .window = window, .window_size = RT_LINK_BYTES };

	assert_int_equal(rt_link_service_poll(&service), RT_LINK_SERVE);
	vq_ring_place(&r, window + RT_LINK_RINGS, RT_BLOCK_ENTRIES);
	vq_device_init(&queue, &r);
}

static int setup(void **state)
{
	(void)state;
	window = aligned_alloc(4096, RT_LINK_BYTES);
	assert_non_null(window);
	memset(window, 0, RT_LINK_BYTES);
	memset(&disk, 0, sizeof disk);
	memset(io, 0, sizeof io);
	memset(done, 0, sizeof done);
	memset(logged, 0, sizeof logged);
	memset(stored, 0, sizeof stored);
	rings = served = 0;
	facts = (struct rt_block_facts){ .sectors = SECTORS,
					 .block_bytes = 512,
					 .can_flush = 1,
					 .discard_sectors = 64,
					 .request_bytes = 65536,
					 .serial = "LINK" };
	disk.ring = ring;
	disk.log = log_line;
	disk.ctx = &disk;
	disk_link_open(&disk, window);
	disk.backend.done = on_done;
	start_service();
	assert_true(disk_link_ready(&disk));
	serve();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(window);
	return 0;
}

static void submit(unsigned n, enum rt_block_type type, uint64_t sector, uint32_t bytes)
{
	io[n] = (struct block_io){ .type = type, .sector = sector, .bytes = bytes };
	/* Data in two pieces of guest memory. */
	if (type == RT_BLOCK_READ || type == RT_BLOCK_WRITE) {
		io[n].segment[0] = (struct vq_segment){ guest[n], 100 };
		io[n].segment[1] = (struct vq_segment){ guest[n] + 100, bytes - 100 };
		io[n].segments = 2;
	}
	disk.backend.submit(&disk, &io[n]);
}

/* The service answers up to count chains. */
static unsigned answer(unsigned count)
{
	static struct vq_chain chain;
	struct rt_block_request request;
	unsigned n = 0;

	for (; n < count && vq_device_take(&queue, &chain) == VQ_OK; n++) {
		unsigned char *at;
		uint64_t bytes;

		assert_int_equal(vq_chain_read(&chain, 0, &request, sizeof request), 16);
		at = stored + request.sector * RT_BLOCK_SECTOR;
		bytes = chain.readable_bytes - 16;
		if (request.type == RT_BLOCK_WRITE)
			vq_chain_read(&chain, 16, at, bytes);
		if (request.type == RT_BLOCK_READ) {
			bytes = chain.writable_bytes - 1;
			vq_chain_write(&chain, 0, at, bytes);
		}
		if (request.type <= RT_BLOCK_WRITE)
			assert_in_range(bytes, 512, facts.request_bytes);
		vq_chain_write(&chain, chain.writable_bytes - 1, "", 1);
		vq_device_give(&queue, &chain, 1);
		served++;
	}
	vq_device_watch(&queue);
	return n;
}

static void finish(void)
{
	disk.backend.kick(&disk);
	while (answer(1000))
		disk.backend.poll(&disk);
	assert_null(disk.first);
	for (unsigned i = 0; i < DISK_PIECES; i++)
		assert_null(disk.piece[i].io);
}

static void fill(unsigned n, uint32_t bytes)
{
	for (uint32_t i = 0; i < bytes; i++)
		guest[n][i] = (unsigned char)(i * 7 + n + (i >> 9));
}

static void data_goes_both_ways(void **state)
{
	(void)state;
	assert_int_equal(disk.backend.facts.sectors, SECTORS);
	assert_string_equal(disk.backend.facts.serial, "LINK");
	fill(0, 8192);
	submit(0, RT_BLOCK_WRITE, 5, 8192);
	finish();
	assert_int_equal(done[0], 1);
	assert_int_equal(result[0], RT_BLOCK_OK);
	assert_memory_equal(stored + 5 * 512, guest[0], 8192);
	submit(1, RT_BLOCK_READ, 5, 8192);
	submit(2, RT_BLOCK_FLUSH, 0, 0);
	submit(3, RT_BLOCK_DISCARD, 0, 1024);
	finish();
	assert_memory_equal(guest[1], guest[0], 8192);
	assert_true(done[1] == 1 && done[2] == 1 && done[3] == 1);
}

/* Several requests that are each larger than a request to the service, together than the window. */
static void large_requests_are_cut(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++) {
		fill(n, IO_BYTES);
		submit(n, RT_BLOCK_WRITE, n * 2048, IO_BYTES);
	}
	finish();
	for (unsigned n = 0; n < 4; n++) {
		assert_int_equal(done[n], 1);
		assert_memory_equal(stored + n * IO_BYTES, guest[n], IO_BYTES);
	}
	assert_in_range(served, 4 * IO_BYTES / 65536, 80);
}

static void a_doorbell_rings_only_for_who_sleeps(void **state)
{
	unsigned before;

	(void)state;
	answer(0);
	before = rings;
	submit(0, RT_BLOCK_FLUSH, 0, 0);
	disk.backend.kick(&disk);
	assert_int_equal(rings, before + 1);
	submit(1, RT_BLOCK_FLUSH, 0, 0);
	disk.backend.kick(&disk);
	assert_int_equal(rings, before + 1);
}

static void a_restarted_service_gets_what_was_not_answered(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 8; n++) {
		fill(n, 262144);
		submit(n, RT_BLOCK_WRITE, n * 512, 262144);
	}
	disk.backend.kick(&disk);
	answer(9);
	disk.backend.poll(&disk);
	start_service();
	memset(window + RT_BLOCK_HEADERS, 0xee, RT_BLOCK_DATA - RT_BLOCK_HEADERS);
	disk.backend.poll(&disk);
	serve();
	finish();
	for (unsigned n = 0; n < 8; n++) {
		assert_int_equal(done[n], 1);
		assert_int_equal(result[n], RT_BLOCK_OK);
		assert_memory_equal(stored + n * 262144, guest[n], 262144);
	}
}

static void without_service_requests_wait(void **state)
{
	(void)state;
	header()->sequence++;
	disk.backend.poll(&disk);
	submit(0, RT_BLOCK_FLUSH, 0, 0);
	disk.backend.kick(&disk);
	disk.backend.poll(&disk);
	assert_int_equal(done[0], 0);
	assert_non_null(disk.first);
	start_service();
	disk.backend.poll(&disk);
	serve();
	finish();
	assert_int_equal(result[0], RT_BLOCK_OK);
}

static void all_failed(unsigned count)
{
	for (unsigned n = 0; n < count; n++) {
		assert_int_equal(done[n], 1);
		assert_int_equal(result[n], RT_BLOCK_ERROR);
	}
	done[0] = 0;
	submit(0, RT_BLOCK_FLUSH, 0, 0);
	assert_int_equal(done[0], 1);
	assert_int_equal(result[0], RT_BLOCK_ERROR);
}

static void a_service_that_ended_fails_requests(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++)
		submit(n, RT_BLOCK_READ, 0, IO_BYTES);
	disk.backend.kick(&disk);
	answer(3);
	header()->state = RT_LINK_FAILED;
	header()->sequence++;
	disk.backend.poll(&disk);
	all_failed(4);
	assert_string_equal(logged, "the block service is gone; requests fail");
}

static void a_service_that_lies_fails_requests(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 4; n++)
		submit(n, RT_BLOCK_READ, 0, IO_BYTES);
	disk.backend.kick(&disk);
	queue.ring.used->idx += 1000;
	disk.backend.poll(&disk);
	all_failed(4);
	assert_string_equal(logged, "the block service broke its link; requests fail");
}

static void another_disk_is_no_replacement(void **state)
{
	(void)state;
	submit(0, RT_BLOCK_READ, 0, 4096);
	disk.backend.kick(&disk);
	facts.sectors--;
	start_service();
	disk.backend.poll(&disk);
	all_failed(1);
	facts.sectors++;
	start_service();
	disk.backend.poll(&disk);
	serve();
	done[0] = 0;
	submit(0, RT_BLOCK_READ, 0, 4096);
	finish();
	assert_int_equal(result[0], RT_BLOCK_OK);
}

static void a_cancelled_read_leaves_memory_alone(void **state)
{
	(void)state;
	memset(stored, 0xaa, 4096);
	memset(guest[0], 0x11, 4096);
	submit(0, RT_BLOCK_READ, 0, 4096);
	disk.backend.kick(&disk);
	io[0].cancelled = true;
	finish();
	assert_int_equal(done[0], 1);
	assert_int_equal(guest[0][0], 0x11);
}

static void nonsense_facts_are_no_disk(void **state)
{
	static const struct rt_block_facts bad[] = {
		{ .sectors = 0, .block_bytes = 512, .request_bytes = 65536 },
		{ .sectors = UINT64_MAX, .block_bytes = 512, .request_bytes = 65536 },
		{ .sectors = 8, .block_bytes = 0, .request_bytes = 65536 },
		{ .sectors = 8, .block_bytes = 1000, .request_bytes = 65536 },
		{ .sectors = 8, .block_bytes = 8192, .request_bytes = 65536 },
		{ .sectors = 8, .block_bytes = 512, .request_bytes = 512 },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		memset(&disk, 0, sizeof disk);
		disk.ring = ring;
		disk.log = log_line;
		disk_link_open(&disk, window);
		facts = bad[i];
		start_service();
		assert_false(disk_link_ready(&disk));
	}
}

/* A read that base answers later sees what was written meanwhile. */
static void an_overlay_over_a_link_reads_later(void **state)
{
	unsigned char *scratch = aligned_alloc(4096, 65536);

	(void)state;
	memset(scratch, 0, 65536);
	memset(stored, 0x10, 4096);
	struct disk_overlay over = { 0 };

	assert_true(disk_overlay_open(&over, &disk.backend, scratch, 65536));
	over.backend.done = on_done;
	memset(guest[1], 0x20, 512);
	io[1] = (struct block_io){ .type = RT_BLOCK_WRITE, .sector = 1, .bytes = 512 };
	io[1].segments = 1;
	io[1].segment[0] = (struct vq_segment){ guest[1], 512 };
	over.backend.submit(&over, &io[1]);
	io[0] = (struct block_io){ .type = RT_BLOCK_READ, .bytes = 1536, .segments = 1 };
	io[0].segment[0] = (struct vq_segment){ guest[0], 1536 };
	over.backend.submit(&over, &io[0]);
	over.backend.kick(&over);
	assert_int_equal(done[0], 0);
	answer(10);
	over.backend.poll(&over);
	assert_int_equal(done[0], 1);
	assert_int_equal(guest[0][0], 0x10);
	assert_int_equal(guest[0][512], 0x20);
	assert_int_equal(guest[0][1024], 0x10);
	assert_int_equal(stored[512], 0x10);
	free(scratch);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(data_goes_both_ways),
		T(large_requests_are_cut),
		T(a_doorbell_rings_only_for_who_sleeps),
		T(a_restarted_service_gets_what_was_not_answered),
		T(without_service_requests_wait),
		T(a_service_that_ended_fails_requests),
		T(a_service_that_lies_fails_requests),
		T(another_disk_is_no_replacement),
		T(a_cancelled_read_leaves_memory_alone),
		T(nonsense_facts_are_no_disk),
		T(an_overlay_over_a_link_reads_later),
	};

	return cmocka_run_group_tests_name("disk_link", tests, NULL, NULL);
}
