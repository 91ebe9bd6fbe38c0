/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acpi_parse_iommu on hand-made DMAR and IVRS tables, whole, cut at every byte and with every byte
 * damaged. Each table lies in a buffer of its own length, so the sanitizer sees what is read
 * beyond.
 */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <x86/acpi.h>

static uint8_t table[1024];
static unsigned used;
static struct acpi_iommus out;

static void begin(const char *signature)
{
	memset(table, 0, sizeof table);
	memset(&out, 0, sizeof out);
	memcpy(table, signature, 4);
	used = 48;
}

/* Appends a number of so many bytes. */
static void append(unsigned size, uint64_t value)
{
	memcpy(table + used, &value, size);
	used += size;
}

/* Starts a DRHD or IVHD; end_block writes its length. */
static unsigned begin_drhd(uint16_t segment, uint64_t base)
{
	unsigned at = used;
	append(4, 0);
	append(2, 0);
	append(2, segment);
	append(8, base);
	return at;
}

static unsigned begin_ivhd(uint8_t type, uint16_t segment, uint64_t base)
{
	unsigned at = used;
	append(4, type);
	append(4, 0);
	append(8, base);
	append(2, segment);
	append(6, 0);
	if (type != 0x10)
		append(8, 0), append(8, 0);
	return at;
}

static void end_block(unsigned at)
{
	uint16_t size = (uint16_t)(used - at);
	memcpy(table + at + 2, &size, 2);
}

static void scope(uint8_t type, uint8_t id, uint8_t bus, uint8_t device, uint8_t function)
{
	append(2, 8u << 8 | type);
	append(2, 0);
	append(1, id);
	append(1, bus);
	append(1, device);
	append(1, function);
}

static void special(uint8_t handle, uint16_t rid, uint8_t variety)
{
	append(4, 0x48);
	append(1, handle);
	append(2, rid);
	append(1, variety);
}

/* Parses the first bytes of the table from a buffer that holds no more. */
static void parse(unsigned bytes)
{
	uint8_t *exact = malloc(bytes);
	assert_non_null(exact);
	memcpy(exact, table, bytes);
	logged[0] = 0;
	acpi_parse_iommu(exact, bytes, &out);
	free(exact);
}

static void make_dmar(void)
{
	begin("DMAR");
	table[36] = 38;
	table[37] = 1;
	unsigned at = begin_drhd(0, 0xfed90000);
	scope(1, 0, 0, 2, 0);
	end_block(at);
	at = used; /* a reserved memory region: passed over */
	append(4, 1);
	append(8, 0);
	append(8, 0x7a000000);
	append(8, 0x7a0fffff);
	end_block(at);
	at = begin_drhd(0, 0xfed91000);
	scope(3, 2, 0xf0, 0x1f, 7);
	append(2, 10u << 8 | 3); /* behind a bridge: not known */
	append(4, 0);
	append(4, 0x00020101);
	scope(4, 0, 0xf0, 0xf, 0);
	end_block(at);
	at = begin_drhd(1, 0xfed92000);
	scope(3, 9, 1, 0, 0); /* of another segment */
	end_block(at);
}

static void make_ivrs(void)
{
	begin("IVRS");
	for (unsigned i = 0; i < 3; i++) {
		static const uint8_t types[] = { 0x10, 0x11, 0x40 };
		unsigned at = begin_ivhd(types[i], 0, 0xfed80000);
		append(4, 0x0000ff01);
		special(4, 0x00a0, 1);
		special(0, 0x00a1, 2); /* a timer */
		if (types[i] == 0x40) {
			append(1, 0xf0);
			append(8, 0), append(8, 0), append(4, 0);
			append(1, 3); /* its name */
			append(3, 0);
		}
		end_block(at);
	}
	unsigned at = used; /* memory definition */
	append(4, 0x21);
	append(8, 0), append(8, 0), append(8, 0), append(4, 0);
	end_block(at);
	at = begin_ivhd(0x11, 0, 0xfed81000);
	special(5, 0x2000, 1);
	end_block(at);
}

static void test_dmar(void **state)
{
	(void)state;
	make_dmar();
	parse(used);
	assert_int_equal(out.kind, ACPI_IOMMU_VTD);
	assert_true(out.irq_remap);
	assert_int_equal(out.units, 3);
	assert_int_equal(out.unit[0].base, 0xfed90000);
	assert_int_equal(out.unit[1].base, 0xfed91000);
	assert_int_equal(out.unit[1].segment, 0);
	assert_int_equal(out.unit[2].segment, 1);
	assert_int_equal(out.sources, 1);
	assert_int_equal(out.source[0].id, 2);
	assert_int_equal(out.source[0].rid, 0xf0ff);
	assert_log_empty();
	make_ivrs(); /* not both: the first counts */
	struct acpi_iommus first = { .kind = ACPI_IOMMU_VTD, .units = 1 };
	out = first;
	parse(used);
	assert_memory_equal(&out, &first, sizeof out);
	make_dmar();
	table[37] = 0;
	parse(used);
	assert_false(out.irq_remap);
}

static void test_ivrs(void **state)
{
	(void)state;
	make_ivrs();
	parse(used);
	assert_int_equal(out.kind, ACPI_IOMMU_AMD);
	assert_true(out.irq_remap);
	assert_int_equal(out.units, 2);
	assert_int_equal(out.unit[0].base, 0xfed80000);
	assert_int_equal(out.unit[1].base, 0xfed81000);
	assert_int_equal(out.sources, 2);
	assert_int_equal(out.source[0].id, 4);
	assert_int_equal(out.source[0].rid, 0xa0);
	assert_int_equal(out.source[1].rid, 0x2000);
	assert_log_empty();
}

static void assert_refused(void)
{
	parse(used);
	assert_int_equal(out.kind, ACPI_IOMMU_NONE);
	assert_int_equal(out.units, 0);
	assert_logged("not used");
}

static void test_damaged(void **state)
{
	(void)state;
	static const uint64_t bases[] = { 0, 0xfed90800, 1ull << 52, UINT64_MAX };
	for (unsigned i = 0; i < 4; i++) {
		begin("DMAR");
		end_block(begin_drhd(0, bases[i]));
		assert_refused();
	}
	begin("DMAR");
	for (unsigned i = 0; i <= ACPI_IOMMUS_MAX; i++)
		end_block(begin_drhd(0, 0xfed90000 + i * 0x1000));
	assert_refused();
	begin("DMAR");
	unsigned at = begin_drhd(0, 0xfed90000);
	scope(3, 2, 0, 0, 0);
	table[used - 7] = 7; /* no whole step of a path */
	end_block(at);
	assert_refused();
	begin("DMAR");
	append(4, 0); /* a length of 0 never ends */
	assert_refused();
	begin("IVRS");
	at = begin_ivhd(0x10, 0, 0xfed80000);
	append(4, 0x48); /* half an entry */
	end_block(at);
	assert_refused();
	begin("DMAR");
	parse(used); /* without units: there is none, and nothing to say */
	assert_int_equal(out.kind, ACPI_IOMMU_NONE);
	assert_log_empty();
}

/* Cut anywhere, the table is whole blocks, or nothing at all. */
static void test_cut(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 2; which++) {
		unsigned whole = 400;
		for (unsigned bytes = 36; bytes <= whole; bytes++) {
			which ? make_ivrs() : make_dmar();
			whole = used;
			parse(bytes);
			assert_true(out.units <= 3);
			assert_int_equal(!out.units, out.kind == ACPI_IOMMU_NONE);
		}
		assert_int_equal(out.units, which ? 2 : 3);
	}
}

/* Every byte with every value: whatever comes out, it is within its bounds. */
static void test_every_byte(void **state)
{
	(void)state;
	for (unsigned which = 0; which < 2; which++) {
		which ? make_ivrs() : make_dmar();
		for (unsigned at = 36; at < used; at++) {
			uint8_t was = table[at];
			for (unsigned value = 0; value < 256; value++) {
				memset(&out, 0, sizeof out);
				table[at] = (uint8_t)value;
				parse(used);
				assert_true(out.units <= ACPI_IOMMUS_MAX);
				assert_true(out.sources <= ACPI_IOAPICS_MAX);
				for (unsigned i = 0; i < out.units; i++)
					assert_true(out.unit[i].base % 4096 == 0);
			}
			table[at] = was;
		}
	}
}

/* Blocks and entries of random lengths and contents. */
static void test_random(void **state)
{
	(void)state;
	uint64_t seed = 0x123456789abcdef;
	for (unsigned round = 0; round < 200000; round++) {
		begin(round & 1 ? "IVRS" : "DMAR");
		unsigned end = 48 + (unsigned)(seed >> 32) % 200;
		while (used < end) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			unsigned r = (unsigned)(seed >> 33);
			append(1, r & 4 ? r >> 8 : r >> 8 & 0x53);
			if (r % 5 == 0)
				append(2, r >> 16 & 0x3f);
		}
		parse(used);
		assert_true(out.units <= ACPI_IOMMUS_MAX && out.sources <= ACPI_IOAPICS_MAX);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, memory_new, memory_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dmar), TEST(test_ivrs),	TEST(test_damaged),
		TEST(test_cut),	 TEST(test_every_byte), TEST(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
