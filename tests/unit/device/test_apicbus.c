/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Routing of messages among four local APICs: physical, logical flat, logical cluster, x2APIC,
 * broadcast, shorthands, lowest priority, MSI.
 */
#include "test.h"

#include "device/lapic_regs.h"

static struct lapic lapic[ZOO_LAPICS];
static struct apicbus bus;

static uint64_t now(void *ctx)
{
	(void)ctx;
	return 0;
}

static const struct clock clock = { .now_ns = now };

static int setup(void **state)
{
	struct lapic_wiring wiring = { .ctx = &bus, .send = apicbus_send };

	(void)state;
	apicbus_init(&bus);
	for (unsigned i = 0; i < ZOO_LAPICS; i++) {
		struct lapic_config config = {
			.id = i * 2,
			.is_bsp = i == 0,
			.timer_hz = ZOO_TIMER_HZ,
			.tsc_khz = ZOO_TSC_KHZ,
			.address_bits = ZOO_ADDR_BITS,
		};

		lapic_init(&lapic[i], &clock, &config, &wiring);
		lapic_firmware_setup(&lapic[i]);
		lapic_mmio_ops.write(&lapic[i], LAPIC_LDR << 4, 4, UINT32_C(0x01000000) << i);
		assert_true(apicbus_add(&bus, &lapic[i]));
	}
	return 0;
}

/* Which of the APICs have the message's vector requested, as a bit per APIC; and forget it. */
static unsigned receivers(uint8_t vector)
{
	unsigned set = 0;

	for (unsigned i = 0; i < ZOO_LAPICS; i++)
		if (lapic_pending_vector(&lapic[i]) == vector) {
			set |= 1u << i;
			lapic_ack(&lapic[i], vector);
			lapic_mmio_ops.write(&lapic[i], LAPIC_EOI << 4, 4, 0);
		}
	return set;
}

static unsigned send(struct apic_message message)
{
	message.vector = 0x50;
	apicbus_send(&bus, &message);
	return receivers(0x50);
}

static void physical(void **state)
{
	(void)state;
	assert_int_equal(send((struct apic_message){ .dest = 0 }), 1);
	assert_int_equal(send((struct apic_message){ .dest = 4 }), 4);
	assert_int_equal(send((struct apic_message){ .dest = 3 }), 0);
	assert_int_equal(bus.undelivered, 1);
	assert_int_equal(send((struct apic_message){ .dest = APIC_BROADCAST }), 15);
}

static void logical_flat(void **state)
{
	(void)state;
	assert_int_equal(send((struct apic_message){ .dest = 5, .logical = true }), 5);
	assert_int_equal(send((struct apic_message){ .dest = 0xff, .logical = true }), 15);
	assert_int_equal(send((struct apic_message){ .dest = 0xf0, .logical = true }), 0);
}

static void logical_cluster(void **state)
{
	static const uint32_t ldr[ZOO_LAPICS] = { 0x11, 0x12, 0x21, 0x22 };

	(void)state;
	for (unsigned i = 0; i < ZOO_LAPICS; i++) {
		lapic_mmio_ops.write(&lapic[i], LAPIC_DFR << 4, 4, 0);
		lapic_mmio_ops.write(&lapic[i], LAPIC_LDR << 4, 4, ldr[i] << 24);
	}
	assert_int_equal(send((struct apic_message){ .dest = 0x13, .logical = true }), 3);
	assert_int_equal(send((struct apic_message){ .dest = 0x22, .logical = true }), 8);
	assert_int_equal(send((struct apic_message){ .dest = 0xf1, .logical = true }), 5);
}

static void x2apic(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ZOO_LAPICS; i++) {
		lapic[i].s.id = 14 + i; /* two in cluster 0, two in cluster 1 */
		lapic_write_msr(&lapic[i], LAPIC_MSR_BASE, LAPIC_DEFAULT_BASE | 0xc00);
	}
	assert_int_equal(send((struct apic_message){ .dest = 16 }), 4);
	assert_int_equal(send((struct apic_message){ .dest = 0xc000, .logical = true }), 3);
	assert_int_equal(send((struct apic_message){ .dest = 0x10002, .logical = true }), 8);
	assert_int_equal(send((struct apic_message){ .dest = APIC_BROADCAST, .logical = true }),
			 15);
}

static void shorthands(void **state)
{
	(void)state;
	assert_int_equal(send((struct apic_message){ .source = 2, .shorthand = APIC_ALL }), 15);
	assert_int_equal(send((struct apic_message){ .source = 2, .shorthand = APIC_OTHERS }), 13);
	assert_int_equal(send((struct apic_message){ .source = 2, .shorthand = APIC_SELF }), 2);
}

static void ipis_travel_from_icr_to_irr(void **state)
{
	(void)state;
	lapic_mmio_ops.write(&lapic[1], LAPIC_ICR_HIGH << 4, 4, 0x06000000);
	lapic_mmio_ops.write(&lapic[1], LAPIC_ICR_LOW << 4, 4, 0x4050);
	assert_int_equal(receivers(0x50), 8);
	lapic_mmio_ops.write(&lapic[1], LAPIC_ICR_LOW << 4, 4, 0xc4050);
	assert_int_equal(receivers(0x50), 13);
}

static void lowest_priority_goes_to_one_in_turn(void **state)
{
	struct apic_message message = { .dest = 0xff, .logical = true, .delivery = APIC_LOWEST };
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		unsigned one = send(message);

		assert_int_equal(__builtin_popcount(one), 1);
		seen |= one;
	}
	assert_int_equal(seen, 15);
	for (unsigned i = 0; i < 4; i++)
		lapic_set_cr8(&lapic[i], i == 2 ? 1 : 4);
	assert_int_equal(send(message), 4);
	assert_int_equal(send(message), 4);
	lapic_mmio_ops.write(&lapic[2], LAPIC_SVR << 4, 4, 0xff); /* disabled ones are passed by */
	assert_int_equal(__builtin_popcount(send(message)), 1);
	message.dest = 0;
	assert_int_equal(send(message), 0);
}

static void msi(void **state)
{
	(void)state;
	assert_true(apicbus_msi(&bus, 0xfee02000, 0x0050));
	assert_int_equal(receivers(0x50), 2);
	assert_true(apicbus_msi(&bus, 0xfee06004, 0x0050)); /* logical */
	assert_int_equal(receivers(0x50), 6);
	assert_true(apicbus_msi(&bus, 0xfee0600c, 0x0050)); /* with the hint: one of these */
	assert_int_equal(__builtin_popcount(receivers(0x50) & 6), 1);
	assert_true(apicbus_msi(&bus, 0xfee06008, 0x0150)); /* lowest priority, physical */
	assert_int_equal(receivers(0x50), 8);
	assert_true(apicbus_msi(&bus, 0xfeeff000, 0xc050)); /* broadcast, level */
	assert_int_equal(lapic[0].s.tmr[2], 1 << 16);
	assert_int_equal(receivers(0x50), 15);
	assert_false(apicbus_msi(&bus, 0xfed00000, 0x50));
	assert_false(apicbus_msi(&bus, 0x1fee02000, 0x50));
	assert_int_equal(bus.undelivered, 2);
}

static void an_empty_bus_delivers_nothing(void **state)
{
	struct apic_message message = { .delivery = APIC_LOWEST, .vector = 0x50 };

	(void)state;
	apicbus_init(&bus);
	assert_false(apicbus_send(&bus, &message));
	for (unsigned i = 0; i < APICBUS_CPUS; i++)
		assert_true(apicbus_add(&bus, &lapic[0]));
	assert_false(apicbus_add(&bus, &lapic[0]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(physical, setup),
		cmocka_unit_test_setup(logical_flat, setup),
		cmocka_unit_test_setup(logical_cluster, setup),
		cmocka_unit_test_setup(x2apic, setup),
		cmocka_unit_test_setup(shorthands, setup),
		cmocka_unit_test_setup(ipis_travel_from_icr_to_irr, setup),
		cmocka_unit_test_setup(lowest_priority_goes_to_one_in_turn, setup),
		cmocka_unit_test_setup(msi, setup),
		cmocka_unit_test_setup(an_empty_bus_delivers_nothing, setup),
	};

	return cmocka_run_group_tests_name("apicbus", tests, NULL, NULL);
}
