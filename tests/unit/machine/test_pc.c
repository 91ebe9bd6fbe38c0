/* SPDX-License-Identifier: Apache-2.0 */
/* Wiring of the PC: where devices answer, how interrupts travel, how a guest ends its machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <vela/state.h>

#include "machine/pc.h"

static struct pc pc;
static struct pc_cpu *const bsp = &pc.cpu[0];
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
		.cpus = 3,
		.epoch_s = 1700000000,
		.tsc_khz = 2000000,
		.physical_bits = 40,
		.debug_exit = true,
		.hpet = true,
	};

	(void)state;
	now = 0;
	outputs = 0;
	ended = -1;
	return pc_init(&pc, &config) ? 0 : -1;
}

static void ioapic_write(unsigned index, uint32_t value)
{
	pc_mmio_write(bsp, IOAPIC_DEFAULT_BASE, 4, index);
	pc_mmio_write(bsp, IOAPIC_DEFAULT_BASE + 0x10, 4, value);
}

static void enable_lapic(void)
{
	pc_mmio_write(bsp, LAPIC_DEFAULT_BASE + 0xf0, 4, 0x1ff);
}

static void pit_goes_to_pin_2(void **state)
{
	(void)state;
	enable_lapic();
	ioapic_write(0x10 + 2 * IOAPIC_PIT, 0x30);
	pc_port_write(bsp, 0x43, 1, 0x34); /* channel 0, mode 2 */
	pc_port_write(bsp, 0x40, 1, 0x9c);
	pc_port_write(bsp, 0x40, 1, 0x2e);
	assert_true(bsp->attention & ATTEND_TIMERS);
	uint64_t deadline = pc_device_deadline(&pc);

	assert_in_range(deadline, 9900000, 10100000);
	assert_false(pc_interrupt_waits(bsp));
	now = deadline;
	bsp->attention = 0;
	pc_advance(bsp);
	assert_true(bsp->attention & ATTEND_IRQ);
	assert_true(pc_interrupt_waits(bsp));
	assert_int_equal(pc_interrupt_class(bsp), 3);
	lapic_set_cr8(&bsp->lapic, 3); /* it waits still */
	assert_false(pc_interrupt_waits(bsp));
	assert_int_equal(pc_interrupt_class(bsp), 3);
	lapic_set_cr8(&bsp->lapic, 2);
	assert_int_equal(pc_interrupt_take(bsp), 0x30);
	assert_false(pc_interrupt_waits(bsp));
	assert_int_equal(pc_interrupt_class(bsp), 0);
}

static void pic_goes_through_lint0(void **state)
{
	static const uint8_t words[] = { 0x11, 0x20, 4, 1 };

	(void)state;
	pc_port_write(bsp, 0x20, 1, words[0]);
	for (unsigned i = 1; i < 4; i++)
		pc_port_write(bsp, 0x21, 1, words[i]);
	pc_port_write(bsp, 0x21, 1, (uint8_t)~(1 << IRQ_COM1));
	pc_port_write(bsp, UART_COM1_PORT + 4, 1, 8); /* OUT2 */
	bsp->attention = 0;
	pc_port_write(bsp, UART_COM1_PORT + 1, 1, 2); /* transmitter empty */
	assert_true(bsp->attention & ATTEND_IRQ);
	assert_true(pc_interrupt_waits(bsp));
	lapic_set_cr8(&bsp->lapic, 15); /* which is the local APIC's alone */
	assert_int_equal(pc_interrupt_class(bsp), VELA_WINDOW_ANY);
	lapic_set_cr8(&bsp->lapic, 0);
	assert_int_equal(pc_interrupt_take(bsp), 0x20 + IRQ_COM1);
	/* The guest masks LINT0, as with an IOAPIC in use. */
	pc_port_write(bsp, 0x20, 1, 0x20);
	enable_lapic();
	pc_mmio_write(bsp, LAPIC_DEFAULT_BASE + 0x350, 4, 0x10700);
	pc_port_write(bsp, UART_COM1_PORT + 1, 1, 0);
	pc_port_write(bsp, UART_COM1_PORT + 1, 1, 2);
	assert_false(pc_interrupt_waits(bsp));
}

static void serial_port_talks(void **state)
{
	(void)state;
	pc_port_write(bsp, UART_COM1_PORT, 1, 'h');
	pc_port_write(bsp, UART_COM1_PORT, 1, 'i');
	assert_int_equal(outputs, 2);
	assert_memory_equal(output, "hi", 2);
	assert_int_equal(ended, -1);
}

static void lapic_page_leaves_with_x2apic(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(pc_mmio_read(bsp, LAPIC_DEFAULT_BASE + 0x30, 4) & 0xff, 0x14);
	assert_true(pc_apic_msr_read(bsp, LAPIC_MSR_BASE, &value));
	assert_true(pc_apic_msr_write(bsp, LAPIC_MSR_BASE, value | LAPIC_BASE_X2APIC));
	assert_int_equal(pc_mmio_read(bsp, LAPIC_DEFAULT_BASE + 0x30, 4), 0xffffffff);
	assert_true(pc_apic_msr_read(bsp, 0x803, &value));
}

static void tsc_deadline_fires(void **state)
{
	(void)state;
	enable_lapic();
	pc_mmio_write(bsp, LAPIC_DEFAULT_BASE + 0x320, 4, 0x40000 | 0x40);
	lapic_set_tsc(&bsp->lapic, 0, 0);
	bsp->attention = 0;
	assert_true(pc_apic_msr_write(bsp, LAPIC_MSR_TSC_DEADLINE, 2000));
	assert_true(bsp->attention & ATTEND_LAPIC);
	assert_in_range(pc_lapic_deadline(bsp), 999, 1001);
	now = pc_lapic_deadline(bsp);
	pc_advance(bsp);
	assert_true(pc_interrupt_waits(bsp));
	assert_int_equal(pc_interrupt_take(bsp), 0x40);
}

/* As the run loop does: what was written has moved deadlines. */
static void run_to_now(void)
{
	pc_device_deadline(&pc);
	pc_advance(bsp);
}

/* The HPET has a deadline of its own, and takes the PIT's line from it. */
static void hpet_replaces_pit(void **state)
{
	(void)state;
	enable_lapic();
	ioapic_write(0x10 + 2 * IOAPIC_PIT, 0x41);
	ioapic_write(0x11 + 2 * IOAPIC_PIT, 0);
	pc_port_write(bsp, PIT_PORT + 3, 1, 0x34);
	pc_port_write(bsp, PIT_PORT, 1, 0xff);
	pc_port_write(bsp, PIT_PORT, 1, 0xff);
	pc_mmio_write(bsp, HPET_BASE + 0x100, 8, 0x4);
	pc_mmio_write(bsp, HPET_BASE + 0x108, 8, 1000000);
	bsp->attention = 0;
	pc_mmio_write(bsp, HPET_BASE + 0x10, 8, 3);
	assert_true(bsp->attention & ATTEND_TIMERS);
	now = pit_deadline(&pc.pit);
	assert_true(now > 5000000 && now < 60000000);
	now = 10000000 - 1;
	run_to_now();
	assert_false(pc_interrupt_waits(bsp));
	assert_true(pc_device_deadline(&pc) <= 10000000);
	now = 60000000; /* both are due, and one has a line */
	run_to_now();
	assert_true(pc_interrupt_waits(bsp));
	assert_int_equal(pc_interrupt_take(bsp), 0x41);
	pc_mmio_write(bsp, LAPIC_DEFAULT_BASE + 0xb0, 4, 0);
	now = 200000000;
	run_to_now();
	assert_false(pc_interrupt_waits(bsp));
	pc_mmio_write(bsp, HPET_BASE + 0x10, 8, 1);
	now = 400000000;
	run_to_now();
	assert_true(pc_interrupt_waits(bsp));
}

static void ends(void **state)
{
	(void)state;
	pc_port_write(bsp, ACPI_PM_PORT + 4, 2, 1 << 13 | 3 << 10);
	assert_int_equal(ended, -1); /* not S5 */
	pc_port_write(bsp, ACPI_PM_PORT + 4, 2, 1 << 13 | ACPI_S5_TYP << 10);
	assert_int_equal(ended, PC_POWEROFF);
	pc_port_write(bsp, 0xcf9, 1, 6);
	assert_int_equal(ended, PC_RESET);
	ended = -1;
	pc_port_write(bsp, I8042_COMMAND_PORT, 1, 0xfe);
	assert_int_equal(ended, PC_RESET);
	assert_int_equal(end_value, RESET_BY_KEYBOARD);
	pc_port_write(bsp, PVPANIC_PORT, 1, PVPANIC_CRASH_LOADED);
	assert_int_equal(ended, PC_RESET);
	pc_port_write(bsp, PVPANIC_PORT, 1, PVPANIC_PANICKED);
	assert_int_equal(ended, PC_PANIC);
	assert_int_equal(pc_port_read(bsp, PVPANIC_PORT, 1), 3);
	pc_port_write(bsp, DEBUGEXIT_PORT, 4, 42);
	assert_int_equal(ended, PC_DEBUG_EXIT);
	assert_int_equal(end_value, 42);
	assert_true(bsp->attention & ATTEND_END);
}

/* Makes a processor the one whose thread is in the machine. */
static struct pc_cpu *become(unsigned index)
{
	pc.current = index;
	pc.kicks = 0;
	for (unsigned i = 0; i < 3; i++)
		pc.cpu[i].attention = 0;
	return &pc.cpu[index];
}

static void use_x2apic(unsigned index)
{
	struct pc_cpu *cpu = become(index);
	uint64_t value;

	assert_true(pc_apic_msr_read(cpu, LAPIC_MSR_BASE, &value));
	assert_true(pc_apic_msr_write(cpu, LAPIC_MSR_BASE, value | LAPIC_BASE_X2APIC));
	assert_true(pc_apic_msr_write(cpu, 0x80f, 0x1ff));
}

/* Sends by the x2APIC's ICR. */
static void send(struct pc_cpu *cpu, uint32_t dest, uint32_t command)
{
	assert_true(pc_apic_msr_write(cpu, 0x830, (uint64_t)dest << 32 | command));
}

static void processors_start_by_init_and_startup(void **state)
{
	(void)state;
	use_x2apic(0);
	assert_false(bsp->waits);
	assert_true(pc.cpu[1].waits && pc.cpu[2].waits);
	become(0);
	send(bsp, 1, 0x4500);
	assert_true(pc.cpu[1].init && pc.cpu[1].waits);
	assert_int_equal(pc.kicks, 2);
	send(bsp, 1, 0x8500); /* INIT level de-assert does nothing */
	send(bsp, 1, 0x4612);
	assert_false(pc.cpu[1].waits);
	assert_int_equal(pc.cpu[1].startup, 0x12);
	send(bsp, 1, 0x4613); /* the second STARTUP comes too late */
	assert_int_equal(pc.cpu[1].startup, 0x12);
	assert_int_equal(pc.cpu[2].startup, -1);
	send(bsp, 1, 0x4500); /* and again */
	assert_true(pc.cpu[1].waits);
	assert_int_equal(pc.cpu[1].startup, -1);
	send(bsp, 1, 0x4400); /* an NMI is not for one that waits */
	assert_false(pc.cpu[1].nmi);
	send(bsp, 0, 0x4500);
	assert_int_equal(ended, PC_RESET);
	assert_int_equal(end_value, PC_RESET_BY_INIT);
	assert_true(pc.cpu[2].attention & ATTEND_END);
	assert_int_equal(pc.kicks, 6);
}

static void others_are_kicked_only_when_needed(void **state)
{
	struct pc_cpu *first;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		use_x2apic(i);
		pc.cpu[i].waits = false;
	}
	first = become(1);
	send(first, 0, 0x4040);
	assert_int_equal(pc.kicks, 1);
	pc.kicks = 0;
	send(first, 0, 0x4050); /* it has not looked yet */
	assert_int_equal(pc.kicks, 0);
	assert_int_equal(pc_interrupt_take(&pc.cpu[0]), 0x50);
	pc.cpu[0].attention = 0;
	send(first, 0, 0x4041); /* must wait for the end of what is in service */
	assert_int_equal(pc.kicks, 0);
	send(first, 0, 0x4061);
	assert_int_equal(pc.kicks, 1);
	first = become(1);
	send(first, 1, 0x4042); /* its own affair */
	assert_int_equal(pc.kicks, 0);
	assert_true(first->attention & ATTEND_IRQ);
	first = become(1);
	send(first, 0, 0xc4042); /* all others */
	assert_int_equal(pc.kicks, 5);
	first = become(1);
	send(first, 2, 0x4400);
	assert_true(pc.cpu[2].nmi);
	assert_int_equal(pc.kicks, 4);
}

static void devices_belong_to_the_first(void **state)
{
	struct pc_cpu *second;

	(void)state;
	enable_lapic();
	ioapic_write(0x10 + 2 * IRQ_COM1, 0x34);
	ioapic_write(0x11 + 2 * IRQ_COM1, 2u << 24);
	pc_mmio_write(become(2), LAPIC_DEFAULT_BASE + 0xf0, 4, 0x1ff);
	second = become(1);
	pc_port_write(second, 0x43, 1, 0x34);
	assert_int_equal(pc.kicks, 1); /* for the deadline */
	assert_true(pc.cpu[0].attention & ATTEND_TIMERS);
	second = become(1);
	pc_port_write(second, UART_COM1_PORT + 4, 1, 8);
	pc_port_write(second, UART_COM1_PORT + 1, 1, 2);
	assert_true(pc_interrupt_waits(&pc.cpu[2]));
	assert_int_equal(pc.kicks, 4);
	assert_false(pc_interrupt_waits(&pc.cpu[0]));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(pit_goes_to_pin_2),
		TEST(pic_goes_through_lint0),
		TEST(serial_port_talks),
		TEST(lapic_page_leaves_with_x2apic),
		TEST(tsc_deadline_fires),
		TEST(hpet_replaces_pit),
		TEST(ends),
		TEST(processors_start_by_init_and_startup),
		TEST(others_are_kicked_only_when_needed),
		TEST(devices_belong_to_the_first),
	};

	return cmocka_run_group_tests_name("pc", tests, NULL, NULL);
}
