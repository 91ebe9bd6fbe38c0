/* SPDX-License-Identifier: Apache-2.0 */
/* Boot files as disks, and scratch memory over a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "machine/disk_memory.h"

static unsigned char stored[512 * 512];
static unsigned char guest[20 * 512];
static struct block_io io;
static unsigned done;
static enum rt_block_status result;

static void on_done(void *owner, struct block_io *which, enum rt_block_status status)
{
	(void)owner;
	assert_ptr_equal(which, &io);
	done++;
	result = status;
}

static void a_file_is_a_read_only_disk(void **state)
{
	struct disk_file file;

	(void)state;
	memset(stored, 0x42, 1000);
	disk_file_open(&file, "seed", stored, 1500);
	file.backend.done = on_done;
	assert_int_equal(file.backend.facts.sectors, 2);
	assert_true(file.backend.facts.read_only);
	assert_string_equal(file.backend.facts.serial, "seed");
	io = (struct block_io){ .type = RT_BLOCK_READ, .sector = 1, .bytes = 512, .segments = 1 };
	io.segment[0] = (struct vq_segment){ guest, 512 };
	file.backend.submit(&file, &io);
	assert_int_equal(result, RT_BLOCK_OK);
	assert_memory_equal(guest, stored + 512, 512);
	io.type = RT_BLOCK_WRITE;
	file.backend.submit(&file, &io);
	assert_int_equal(result, RT_BLOCK_ERROR);
}

static bool was_full;

static void full(void *ctx)
{
	(void)ctx;
	assert_false(was_full);
	was_full = true;
}

static struct disk_overlay over;

static void overlay_do(enum rt_block_type type, uint64_t sector, uint32_t sectors)
{
	done = 0;
	io = (struct block_io){
		.type = type, .sector = sector, .bytes = sectors * 512, .segments = 1
	};
	io.segment[0] = (struct vq_segment){ guest, sectors * 512 };
	over.backend.submit(&over, &io);
	assert_int_equal(done, 1);
}

/* Random writes and reads against a plain copy of the disk. */
static void an_overlay_is_the_disk_with_changes(void **state)
{
	static unsigned char model[512 * 512], before[512 * 512];
	unsigned char *scratch = aligned_alloc(4096, 1 << 20);
	struct disk_file file;

	(void)state;
	memset(scratch, 0, 1 << 20);
	srand(7);
	for (unsigned i = 0; i < sizeof model; i++)
		stored[i] = (unsigned char)rand();
	memcpy(model, stored, sizeof model);
	memcpy(before, stored, sizeof before);
	disk_file_open(&file, "", stored, sizeof model);
	over = (struct disk_overlay){ .full = full };
	assert_true(disk_overlay_open(&over, &file.backend, scratch, 1 << 20));
	over.backend.done = on_done;
	assert_false(over.backend.facts.read_only);
	for (unsigned i = 0; i < 3000; i++) {
		uint32_t sectors = 1 + (uint32_t)rand() % 20;
		uint64_t sector = (uint64_t)rand() % (512 - sectors);

		if (rand() % 3) {
			overlay_do(RT_BLOCK_READ, sector, sectors);
			assert_memory_equal(guest, model + sector * 512, sectors * 512);
		} else {
			memset(guest, rand(), sectors * 512);
			overlay_do(RT_BLOCK_WRITE, sector, sectors);
			memcpy(model + sector * 512, guest, sectors * 512);
		}
		assert_int_equal(result, RT_BLOCK_OK);
	}
	assert_memory_equal(stored, before, sizeof before);
	overlay_do(RT_BLOCK_FLUSH, 0, 0);
	assert_int_equal(result, RT_BLOCK_OK);
	overlay_do(RT_BLOCK_DISCARD, 0, 1);
	assert_int_equal(result, RT_BLOCK_UNSUPPORTED);
	free(scratch);
}

static void a_full_overlay_fails_writes(void **state)
{
	unsigned char *scratch = aligned_alloc(4096, 8 * 4096);
	struct disk_file file;
	unsigned good = 0;

	(void)state;
	memset(scratch, 0, 8 * 4096);
	memset(stored, 0, sizeof stored);
	disk_file_open(&file, "", stored, sizeof stored);
	over = (struct disk_overlay){ .full = full };
	was_full = false;
	assert_false(disk_overlay_open(&over, &file.backend, scratch, 4096));
	assert_true(disk_overlay_open(&over, &file.backend, scratch, 8 * 4096));
	over.backend.done = on_done;
	for (unsigned i = 0; i < 20; i++) {
		memset(guest, 1 + (int)i, 512);
		overlay_do(RT_BLOCK_WRITE, i * 8, 1);
		good += result == RT_BLOCK_OK;
	}
	assert_int_equal(good, 7);
	assert_true(was_full);
	for (unsigned i = 0; i < 20; i++) {
		overlay_do(RT_BLOCK_READ, i * 8, 1);
		assert_int_equal(guest[0], i < good ? 1 + i : 0);
	}
	overlay_do(RT_BLOCK_WRITE, 3, 1); /* in a page that is there */
	assert_int_equal(result, RT_BLOCK_OK);
	free(scratch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_a_read_only_disk),
		cmocka_unit_test(an_overlay_is_the_disk_with_changes),
		cmocka_unit_test(a_full_overlay_fails_writes),
	};

	return cmocka_run_group_tests_name("disk_memory", tests, NULL, NULL);
}
