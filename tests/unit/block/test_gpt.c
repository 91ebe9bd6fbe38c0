/* SPDX-License-Identifier: Apache-2.0 */
/* GUID partition tables as tools make them, and as they are when something has gone wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gpt.h"

enum { BLOCK = 512, BLOCKS = 256, ENTRIES = 128, TABLE_BLOCKS = 32 };

static unsigned char image[BLOCKS * BLOCK];
static uint64_t unreadable;
static struct gpt_partition found;
static bool backup;

static bool read_blocks(void *ctx, uint64_t lba, uint32_t bytes, void *to)
{
	(void)ctx;
	assert_true(bytes && bytes % BLOCK == 0 && bytes <= GPT_READ_BYTES);
	assert_true(lba < BLOCKS && bytes / BLOCK <= BLOCKS - lba);
	if (unreadable && lba <= unreadable && unreadable < lba + bytes / BLOCK)
		return false;
	memcpy(to, image + lba * BLOCK, bytes);
	return true;
}

static const struct gpt_disk disk = { read_blocks, NULL, BLOCK, BLOCKS };

static void put32(unsigned char *at, uint32_t value)
{
	memcpy(at, &value, 4);
}

static void put64(unsigned char *at, uint64_t value)
{
	memcpy(at, &value, 8);
}

static unsigned char *entry(unsigned n)
{
	return image + 2 * BLOCK + n * 128;
}

static void add(unsigned n, const char *name, uint64_t first, uint64_t last)
{
	unsigned char *e = entry(n);

	memset(e, 0xaf, 16);
	for (unsigned i = 0; i < 16; i++)
		e[16 + i] = (unsigned char)(n << 4 | i);
	put64(e + 32, first);
	put64(e + 40, last);
	for (unsigned i = 0; name[i]; i++)
		e[56 + 2 * i] = (unsigned char)name[i];
}

/* Completes both headers and copies the entries to the backup. */
static void seal(uint64_t lba, uint64_t other, uint64_t table)
{
	unsigned char *h = image + lba * BLOCK;

	memset(h, 0, BLOCK);
	memcpy(h, "EFI PART\0\0\1\0", 12);
	put32(h + 12, 92);
	put64(h + 24, lba);
	put64(h + 32, other);
	put64(h + 40, 34);
	put64(h + 48, BLOCKS - 34);
	put64(h + 72, table);
	put32(h + 80, ENTRIES);
	put32(h + 84, 128);
	put32(h + 88, gpt_crc32(0, image + table * BLOCK, TABLE_BLOCKS * BLOCK));
	put32(h + 16, gpt_crc32(0, h, 92));
}

static void seal_both(void)
{
	memcpy(image + (BLOCKS - 33) * BLOCK, image + 2 * BLOCK, TABLE_BLOCKS * BLOCK);
	seal(1, BLOCKS - 1, 2);
	seal(BLOCKS - 1, 1, BLOCKS - 33);
}

static void reseal_header(void)
{
	put32(image + BLOCK + 16, 0);
	put32(image + BLOCK + 16, gpt_crc32(0, image + BLOCK, 92));
}

static int setup(void **state)
{
	(void)state;
	memset(image, 0, sizeof image);
	unreadable = 0;
	add(0, "boot", 40, 47);
	add(1, "debian", 48, 99);
	add(127, "last", 100, 222);
	seal_both();
	return 0;
}

static const char *find(const char *wanted)
{
	return gpt_find(&disk, wanted, &found, &backup);
}

static void the_checksum_is_the_known_one(void **state)
{
	(void)state;
	assert_int_equal(gpt_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(gpt_crc32(gpt_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void finds_by_name_and_uuid(void **state)
{
	(void)state;
	assert_null(find("debian"));
	assert_int_equal(found.first, 48);
	assert_int_equal(found.last, 99);
	assert_false(backup);
	assert_string_equal(found.uuid, "13121110-1514-1716-1819-1a1b1c1d1e1f");
	assert_null(find("13121110-1514-1716-1819-1A1B1C1D1E1F"));
	assert_string_equal(found.name, "debian");
	assert_null(find("last"));
	assert_int_equal(found.last, 222);
	assert_string_equal(find("debia"), "it has no partition of that name or UUID");
	assert_non_null(find("13121110-1514-1716-1819-1a1b1c1d1e1"));
	assert_non_null(find(""));
}

static void a_name_twice_is_none(void **state)
{
	(void)state;
	add(2, "debian", 200, 210);
	seal_both();
	assert_string_equal(find("debian"), "it has several partitions of that name; use the UUID");
	assert_null(find("23222120-2524-2726-2829-2a2b2c2d2e2f"));
}

static void names_are_utf16(void **state)
{
	static const unsigned char name[] = { 0xe4, 0,	  0xac, 0x20, 0x3d, 0xd8,
					      0x00, 0xde, 0x00, 0xd8, 'x',  0 };

	(void)state;
	add(3, "", 60, 61);
	memcpy(entry(3) + 56, name, sizeof name);
	seal_both();
	assert_null(find("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbdx"));
	for (unsigned i = 0; i < 36; i++)
		put32(entry(3) + 56 + 2 * i, 0x20ac);
	put64(entry(3) + 120, 0x20ac20ac20ac20acull);
	seal_both();
	assert_null(find("33323130-3534-3736-3839-3a3b3c3d3e3f"));
	assert_int_equal(strlen(found.name), 36 * 3);
}

static void the_backup_helps(void **state)
{
	(void)state;
	image[BLOCK + 40] ^= 1;
	assert_null(find("debian"));
	assert_true(backup);
	setup(state);
	image[2 * BLOCK + 128 + 33] ^= 1;
	assert_null(find("debian"));
	assert_true(backup);
	assert_int_equal(found.first, 48);
	setup(state);
	unreadable = 1;
	assert_null(find("debian"));
	assert_true(backup);
}

static void damage_to_both_is_told(void **state)
{
	(void)state;
	image[BLOCK + 16] ^= 1;
	image[(BLOCKS - 1) * BLOCK + 16] ^= 1;
	assert_string_equal(find("debian"), "its partition table's header is damaged");
	memset(image, 0, sizeof image);
	assert_string_equal(find("debian"), "it has no GUID partition table");
}

static void the_primary_alone(const char *error)
{
	memset(image + (BLOCKS - 1) * BLOCK, 0, BLOCK);
	reseal_header();
	assert_string_equal(find("debian"), error);
}

static void impossible_numbers_are_refused(void **state)
{
	static const struct {
		unsigned offset, width;
		uint64_t value;
		const char *error;
	} bad[] = {
		{ 12, 4, 91, "its partition table's header has an impossible size" },
		{ 12, 4, 513, "its partition table's header has an impossible size" },
		{ 24, 8, 2, "its partition table's header is damaged" },
		{ 48, 8, BLOCKS, "its partition table points beyond the disk" },
		{ 40, 8, BLOCKS - 1, "its partition table points beyond the disk" },
		{ 72, 8, BLOCKS, "its partition table points beyond the disk" },
		{ 72, 8, UINT64_MAX, "its partition table points beyond the disk" },
		{ 72, 8, BLOCKS - 1, "its partition table cannot be read" },
		{ 80, 4, 0, "its partition table has an impossible size" },
		{ 80, 4, UINT32_MAX, "its partition table has an impossible size" },
		{ 84, 4, 64, "its partition table has an impossible size" },
		{ 84, 4, 192, "its partition table has an impossible size" },
		{ 84, 4, 0x80000000, "its partition table has an impossible size" },
		{ 88, 4, 0, "its partition table is damaged" },
	};

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		setup(state);
		memcpy(image + BLOCK + bad[i].offset, &bad[i].value, bad[i].width);
		the_primary_alone(bad[i].error);
	}
}

static void a_partition_lies_in_the_disk(void **state)
{
	static const uint64_t bad[][2] = { { 33, 50 }, { 60, 59 },	   { 60, BLOCKS },
					   { 0, 10 },  { 60, UINT64_MAX }, { UINT64_MAX, 70 } };

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		setup(state);
		put64(entry(1) + 32, bad[i][0]);
		put64(entry(1) + 40, bad[i][1]);
		seal_both();
		assert_string_equal(find("debian"), "that partition lies outside the disk");
	}
}

static void a_tiny_disk_has_no_table(void **state)
{
	struct gpt_disk tiny = disk;

	(void)state;
	for (tiny.blocks = 0; tiny.blocks < 3; tiny.blocks++)
		assert_non_null(gpt_find(&tiny, "debian", &found, &backup));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_checksum_is_the_known_one, setup),
		cmocka_unit_test_setup(finds_by_name_and_uuid, setup),
		cmocka_unit_test_setup(a_name_twice_is_none, setup),
		cmocka_unit_test_setup(names_are_utf16, setup),
		cmocka_unit_test_setup(the_backup_helps, setup),
		cmocka_unit_test_setup(damage_to_both_is_told, setup),
		cmocka_unit_test_setup(impossible_numbers_are_refused, setup),
		cmocka_unit_test_setup(a_partition_lies_in_the_disk, setup),
		cmocka_unit_test_setup(a_tiny_disk_has_no_table, setup),
	};

	return cmocka_run_group_tests_name("gpt", tests, NULL, NULL);
}
