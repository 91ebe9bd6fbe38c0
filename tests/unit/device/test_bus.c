/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bus: claims, overlaps, widths, splitting, counters, and MMIO look-up.
 */
#include "test.h"

#include <string.h>

/* A device that remembers its last access and reads as its offset. */
struct probe {
	unsigned reads, writes, offset, width;
	uint64_t value;
};

static uint32_t probe_read(void *dev, unsigned offset, unsigned width)
{
	struct probe *probe = dev;

	probe->reads++;
	probe->offset = offset;
	probe->width = width;
	return 0x11 * (offset + 1);
}

static void probe_write(void *dev, unsigned offset, unsigned width, uint32_t value)
{
	struct probe *probe = dev;

	probe->writes++;
	probe->offset = offset;
	probe->width = width;
	probe->value = value;
}

static uint64_t probe_mmio_read(void *dev, uint64_t offset, unsigned width)
{
	return probe_read(dev, (unsigned)offset, width);
}

static void probe_mmio_write(void *dev, uint64_t offset, unsigned width, uint64_t value)
{
	probe_write(dev, (unsigned)offset, width, 0);
	((struct probe *)dev)->value = value;
}

static const uint8_t access[4] = {
	ACCESS_RW(1 | 2),
	ACCESS_R(1),
	ACCESS_W(1),
	ACCESS_RW(1),
};
static const uint8_t wide[4] = { ACCESS_RW(4 | 8), ACCESS_R(4), ACCESS_W(4), ACCESS_NONE };
static const struct pio_ops ops = { { access, 4, 0 }, probe_read, probe_write };
static const struct mmio_ops mmio = { { wide, 4, 4 }, probe_mmio_read, probe_mmio_write };

static struct bus bus;
static struct probe probe, other;

static int setup(void **state)
{
	(void)state;
	bus_init(&bus);
	memset(&probe, 0, sizeof probe);
	memset(&other, 0, sizeof other);
	return 0;
}

static void claims_are_exclusive(void **state)
{
	(void)state;
	assert_int_equal(bus_add_pio(&bus, 0x100, 4, &ops, &probe), BUS_OK);
	assert_int_equal(bus_add_pio(&bus, 0xfd, 4, &ops, &other), BUS_OVERLAP);
	assert_int_equal(bus_add_pio(&bus, 0x103, 1, &ops, &other), BUS_OVERLAP);
	assert_int_equal(bus_add_pio(&bus, 0xfc, 4, &ops, &other), BUS_OK);
	assert_int_equal(bus_add_pio(&bus, 0x104, 4, &ops, &other), BUS_OK);
	assert_int_equal(bus_add_pio(&bus, 0x200, 0, &ops, &other), BUS_EMPTY);
	assert_int_equal(bus_add_pio(&bus, 0xfffe, 4, &ops, &other), BUS_EMPTY);
	assert_int_equal(bus_add_pio(&bus, 0xfffc, 4, &ops, &other), BUS_OK);
}

static void a_refused_claim_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(bus_add_pio(&bus, 0x102, 1, &ops, &probe), BUS_OK);
	assert_int_equal(bus_add_pio(&bus, 0x100, 4, &ops, &other), BUS_OVERLAP);
	assert_int_equal(bus_pio_read(&bus, 0x100, 1), 0xff);
	assert_int_equal(other.reads, 0);
	assert_null(bus.pio[2].ops);
}

static void full_tables_are_reported(void **state)
{
	unsigned added = 0;

	(void)state;
	for (unsigned page = 0; page < 256; page++)
		added += bus_add_pio(&bus, (uint16_t)(page << 8), 1, &ops, &probe) == BUS_OK;
	assert_int_equal(added, BUS_PIO_PAGES);
	for (unsigned port = 1; port < 256; port++)
		added += bus_add_pio(&bus, (uint16_t)port, 1, &ops, &probe) == BUS_OK;
	assert_int_equal(added, BUS_PIO_REGIONS);
	assert_int_equal(bus_add_pio(&bus, 0xf0, 1, &ops, &probe), BUS_FULL);

	for (unsigned i = 0; i < BUS_MMIO_REGIONS; i++)
		assert_int_equal(bus_add_mmio(&bus, i * 0x1000, 0x1000, &mmio, &probe), BUS_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x100000, 0x1000, &mmio, &probe), BUS_FULL);
}

static void offsets_are_relative_and_values_cut(void **state)
{
	(void)state;
	bus_add_pio(&bus, 0x3f8, 4, &ops, &probe);
	assert_int_equal(bus_pio_read(&bus, 0x3fb, 1), 0x44);
	assert_int_equal(probe.offset, 3);
	bus_pio_write(&bus, 0x3f8, 2, 0xdeadbeef);
	assert_int_equal(probe.width, 2);
	assert_int_equal(probe.value, 0xbeef);
}

static void unclaimed_ports_read_as_ones(void **state)
{
	(void)state;
	assert_int_equal(bus_pio_read(&bus, 0x1234, 1), 0xff);
	assert_int_equal(bus_pio_read(&bus, 0x1234, 2), 0xffff);
	assert_int_equal(bus_pio_read(&bus, 0x1234, 4), 0xffffffff);
	assert_int_equal(bus.counters.pio_unclaimed, 7);
	bus_pio_write(&bus, 0x1234, 1, 0);
	assert_int_equal(bus.counters.pio_unclaimed, 8);
}

static void directions_are_checked(void **state)
{
	(void)state;
	bus_add_pio(&bus, 0x100, 4, &ops, &probe);
	bus_pio_write(&bus, 0x101, 1, 5);
	assert_int_equal(probe.writes, 0);
	assert_int_equal(bus_pio_read(&bus, 0x102, 1), 0xff);
	assert_int_equal(probe.reads, 0);
	assert_int_equal(bus.counters.pio_unclaimed, 2);
}

/* A 4-byte access to byte registers becomes four, in ascending order, also across devices. */
static void wide_accesses_are_split(void **state)
{
	(void)state;
	bus_add_pio(&bus, 0x100, 4, &ops, &probe);
	bus_add_pio(&bus, 0x104, 4, &ops, &other);
	assert_int_equal(bus_pio_read(&bus, 0x100, 4), 0x44ff2211);
	assert_int_equal(bus_pio_read(&bus, 0x103, 2), 0x1144);
	assert_int_equal(other.reads, 1);
	bus_pio_write(&bus, 0x102, 4, 0x04030201);
	assert_int_equal(probe.writes, 2);
	assert_int_equal(probe.value, 0x02);
	assert_int_equal(other.writes, 1);
	assert_int_equal(other.value, 0x03);
	assert_int_equal(bus.counters.pio_split, 3);
}

static void the_last_port_does_not_wrap(void **state)
{
	(void)state;
	bus_add_pio(&bus, 0, 4, &ops, &probe);
	bus_add_pio(&bus, 0xfffc, 4, &ops, &other);
	assert_int_equal(bus_pio_read(&bus, 0xffff, 4), 0xffffff44);
	bus_pio_write(&bus, 0xffff, 4, 0);
	assert_int_equal(probe.reads + probe.writes, 0);
	assert_int_equal(other.writes, 1);
}

static void mmio_is_found_by_range(void **state)
{
	(void)state;
	assert_int_equal(bus_add_mmio(&bus, 0x3000, 0x1000, &mmio, &other), BUS_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x1000, 0x1000, &mmio, &probe), BUS_OK);
	assert_int_equal(bus_add_mmio(&bus, 0x1fff, 2, &mmio, &probe), BUS_OVERLAP);
	assert_int_equal(bus_add_mmio(&bus, 0x2fff, 2, &mmio, &probe), BUS_OVERLAP);
	assert_int_equal(bus_add_mmio(&bus, 0, 0x10000, &mmio, &probe), BUS_OVERLAP);
	assert_int_equal(bus_add_mmio(&bus, UINT64_MAX, 2, &mmio, &probe), BUS_EMPTY);
	assert_int_equal(bus_add_mmio(&bus, 0x9000, 0, &mmio, &probe), BUS_EMPTY);
	assert_null(bus_mmio_find(&bus, 0xfff));
	assert_null(bus_mmio_find(&bus, 0x2000));
	assert_null(bus_mmio_find(&bus, 0x4000));
	assert_null(bus_mmio_find(&bus, UINT64_MAX));
	assert_ptr_equal(bus_mmio_find(&bus, 0x1fff)->dev, &probe);
	assert_ptr_equal(bus_mmio_find(&bus, 0x3000)->dev, &other);
	assert_ptr_equal(bus_mmio_find(&bus, 0x3fff)->dev, &other);
}

static void mmio_registers_are_checked(void **state)
{
	(void)state;
	bus_add_mmio(&bus, 0x1000, 0x1000, &mmio, &probe);
	assert_int_equal(bus_mmio_read(&bus, 0x1010, 4), 0x11 * 0x11);
	bus_mmio_write(&bus, 0x1000, 8, 0x1122334455667788);
	assert_true(probe.value == 0x1122334455667788);
	bus_mmio_write(&bus, 0x1000, 4, 0x1122334455667788);
	assert_int_equal(probe.value, 0x55667788);
	assert_int_equal(probe.reads + probe.writes, 3);

	assert_int_equal(bus_mmio_read(&bus, 0x1010, 1), 0xff);	      /* width */
	assert_int_equal(bus_mmio_read(&bus, 0x1014, 4), 0xffffffff); /* between registers */
	assert_int_equal(bus_mmio_read(&bus, 0x1020, 4), 0xffffffff); /* write-only */
	assert_true(bus_mmio_read(&bus, 0x1030, 8) == UINT64_MAX);    /* no register */
	assert_int_equal(bus_mmio_read(&bus, 0x1800, 4), 0xffffffff); /* past the table */
	bus_mmio_write(&bus, 0x1010, 4, 1);
	assert_int_equal(bus.counters.mmio_refused, 6);
	assert_int_equal(probe.reads + probe.writes, 3);

	assert_int_equal(bus_mmio_read(&bus, 0x5000, 2), 0xffff);
	bus_mmio_write(&bus, 0x5000, 2, 1);
	assert_int_equal(bus.counters.mmio_unclaimed, 2);
}

static void ticks_and_nanoseconds_agree(void **state)
{
	static const uint64_t rates[] = { 1, 32768, 1193182, 3579545, 1000000000, 4999999999u };

	(void)state;
	for (unsigned i = 0; i < sizeof rates / sizeof rates[0]; i++)
		for (uint64_t ticks = 1; ticks < UINT64_C(1) << 40; ticks = ticks * 3 + 1) {
			uint64_t ns = clock_ticks_to_ns(ticks, rates[i]);

			if (ns == DEADLINE_NONE)
				break;
			assert_true(clock_ticks(ns, rates[i]) >= ticks);
			assert_true(clock_ticks(ns - 1, rates[i]) < ticks);
		}
	assert_true(clock_ticks_to_ns(UINT64_MAX, 1) == DEADLINE_NONE);
	assert_true(deadline_add(DEADLINE_NONE - 1, 2) == DEADLINE_NONE);
	assert_int_equal(deadline_add(3, 4), 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(claims_are_exclusive, setup),
		cmocka_unit_test_setup(a_refused_claim_changes_nothing, setup),
		cmocka_unit_test_setup(full_tables_are_reported, setup),
		cmocka_unit_test_setup(offsets_are_relative_and_values_cut, setup),
		cmocka_unit_test_setup(unclaimed_ports_read_as_ones, setup),
		cmocka_unit_test_setup(directions_are_checked, setup),
		cmocka_unit_test_setup(wide_accesses_are_split, setup),
		cmocka_unit_test_setup(the_last_port_does_not_wrap, setup),
		cmocka_unit_test_setup(mmio_is_found_by_range, setup),
		cmocka_unit_test_setup(mmio_registers_are_checked, setup),
		cmocka_unit_test(ticks_and_nanoseconds_agree),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
