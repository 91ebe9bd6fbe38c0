/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring of the PC: where devices answer, how interrupts travel, how a guest ends its machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "machine/pc.h"

static struct pc pc;
static uint64_t now;
static char output[16];
static unsigned outputs;
static int ended;
static uint32_t end_value;

static uint64_t clock_ns(void *ctx)
{
	(void)ctx;
	return now;
}

static void put(void *ctx, uint8_t byte)
{
	(void)ctx;
	if (outputs < sizeof output)
		output[outputs++] = (char)byte;
}

static void drained(void *ctx)
{
	(void)ctx;
}

static void end(void *ctx, enum pc_end how, uint32_t value)
{
	(void)ctx;
	ended = (int)how;
	end_value = value;
}

static int setup(void **state)
{
	const struct pc_config config = {
		.now_ns = clock_ns,
		.console_put = put,
		.console_drained = drained,
		.end = end,
		.epoch_s = 1700000000,
		.tsc_khz = 2000000,
		.physical_bits = 40,
		.debug_exit = true,
	};

	(void)state;
	now = 0;
	outputs = 0;
	ended = -1;
	return pc_init(&pc, &config) ? 0 : -1;
}

static void ioapic_write(unsigned index, uint32_t value)
{
	pc_mmio_write(&pc, IOAPIC_DEFAULT_BASE, 4, index);
	pc_mmio_write(&pc, IOAPIC_DEFAULT_BASE + 0x10, 4, value);
}

static void enable_lapic(void)
{
	pc_mmio_write(&pc, LAPIC_DEFAULT_BASE + 0xf0, 4, 0x1ff);
}

static void pit_goes_to_pin_2(void **state)
{
	(void)state;
	enable_lapic();
	ioapic_write(0x10 + 2 * IOAPIC_PIT, 0x30);
	pc_port_write(&pc, 0x43, 1, 0x34); /* channel 0, mode 2 */
	pc_port_write(&pc, 0x40, 1, 0x9c);
	pc_port_write(&pc, 0x40, 1, 0x2e);
	assert_true(pc.attention & ATTEND_TIMERS);
	uint64_t deadline = pc_device_deadline(&pc);

	assert_in_range(deadline, 9900000, 10100000);
	assert_false(pc_interrupt_waits(&pc));
	now = deadline;
	pc.attention = 0;
	pc_advance(&pc);
	assert_true(pc.attention & ATTEND_IRQ);
	assert_true(pc_interrupt_waits(&pc));
	assert_int_equal(pc_interrupt_take(&pc), 0x30);
	assert_false(pc_interrupt_waits(&pc));
}

static void pic_goes_through_lint0(void **state)
{
	static const uint8_t words[] = { 0x11, 0x20, 4, 1 };

	(void)state;
	pc_port_write(&pc, 0x20, 1, words[0]);
	for (unsigned i = 1; i < 4; i++)
		pc_port_write(&pc, 0x21, 1, words[i]);
	pc_port_write(&pc, 0x21, 1, (uint8_t)~(1 << IRQ_COM1));
	pc_port_write(&pc, UART_COM1_PORT + 4, 1, 8); /* OUT2 */
	pc.attention = 0;
	pc_port_write(&pc, UART_COM1_PORT + 1, 1, 2); /* transmitter empty */
	assert_true(pc.attention & ATTEND_IRQ);
	assert_true(pc_interrupt_waits(&pc));
	assert_int_equal(pc_interrupt_take(&pc), 0x20 + IRQ_COM1);
	/* The guest masks LINT0, as with an IOAPIC in use. */
	pc_port_write(&pc, 0x20, 1, 0x20);
	enable_lapic();
	pc_mmio_write(&pc, LAPIC_DEFAULT_BASE + 0x350, 4, 0x10700);
	pc_port_write(&pc, UART_COM1_PORT + 1, 1, 0);
	pc_port_write(&pc, UART_COM1_PORT + 1, 1, 2);
	assert_false(pc_interrupt_waits(&pc));
}

static void serial_port_talks(void **state)
{
	(void)state;
	pc_port_write(&pc, UART_COM1_PORT, 1, 'h');
	pc_port_write(&pc, UART_COM1_PORT, 1, 'i');
	assert_int_equal(outputs, 2);
	assert_memory_equal(output, "hi", 2);
	assert_int_equal(ended, -1);
}

static void lapic_page_leaves_with_x2apic(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(pc_mmio_read(&pc, LAPIC_DEFAULT_BASE + 0x30, 4) & 0xff, 0x14);
	assert_true(pc_apic_msr_read(&pc, LAPIC_MSR_BASE, &value));
	assert_true(pc_apic_msr_write(&pc, LAPIC_MSR_BASE, value | LAPIC_BASE_X2APIC));
	assert_int_equal(pc_mmio_read(&pc, LAPIC_DEFAULT_BASE + 0x30, 4), 0xffffffff);
	assert_true(pc_apic_msr_read(&pc, 0x803, &value));
}

static void tsc_deadline_fires(void **state)
{
	(void)state;
	enable_lapic();
	pc_mmio_write(&pc, LAPIC_DEFAULT_BASE + 0x320, 4, 0x40000 | 0x40);
	lapic_set_tsc(&pc.lapic, 0, 0);
	pc.attention = 0;
	assert_true(pc_apic_msr_write(&pc, LAPIC_MSR_TSC_DEADLINE, 2000));
	assert_true(pc.attention & ATTEND_LAPIC);
	assert_in_range(pc_lapic_deadline(&pc), 999, 1001);
	now = pc_lapic_deadline(&pc);
	pc_advance(&pc);
	assert_true(pc_interrupt_waits(&pc));
	assert_int_equal(pc_interrupt_take(&pc), 0x40);
}

static void ends(void **state)
{
	(void)state;
	pc_port_write(&pc, ACPI_PM_PORT + 4, 2, 1 << 13 | 3 << 10);
	assert_int_equal(ended, -1); /* not S5 */
	pc_port_write(&pc, ACPI_PM_PORT + 4, 2, 1 << 13 | ACPI_S5_TYP << 10);
	assert_int_equal(ended, PC_POWEROFF);
	pc_port_write(&pc, 0xcf9, 1, 6);
	assert_int_equal(ended, PC_RESET);
	pc_port_write(&pc, PVPANIC_PORT, 1, PVPANIC_CRASH_LOADED);
	assert_int_equal(ended, PC_RESET);
	pc_port_write(&pc, PVPANIC_PORT, 1, PVPANIC_PANICKED);
	assert_int_equal(ended, PC_PANIC);
	assert_int_equal(pc_port_read(&pc, PVPANIC_PORT, 1), 3);
	pc_port_write(&pc, DEBUGEXIT_PORT, 4, 42);
	assert_int_equal(ended, PC_DEBUG_EXIT);
	assert_int_equal(end_value, 42);
	assert_true(pc.attention & ATTEND_END);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(pit_goes_to_pin_2),  TEST(pic_goes_through_lint0),
		TEST(serial_port_talks),  TEST(lapic_page_leaves_with_x2apic),
		TEST(tsc_deadline_fires), TEST(ends),
	};

	return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
